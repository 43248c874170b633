"""What each way to redraw a digit takes from a network, and what it leaves the eye.

Legibility is a proxy for human reading: a LeNet trained only on originals seen through visual
integration (a Gaussian blur, contrast restored) reads the redrawn digits seen through the same
integration; as a viewer who steps back until it reads best, the best of a few blurs counts.
`strong` is chosen here: the criterion, written down before anything was measured, is that this
reader reads 95 % or more.  Everything is measured on validation digits.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import datasets, operating_points
from halftone_utils.digits.strong import random_dots
from halftone_utils.engine.files import CACHE, RESULTS, hash_of, read_json, write_json
from halftone_utils.networks import architectures, training
from halftone_utils.screens import perception, tone
from halftone_utils.studies.experiments import Cell, trained
from halftone_utils.studies.grid import cell_for

LEGIBLE = 95.0  # percent of validation digits that the integrating reader reads
BLURS = {32: (0.8, 1.1, 1.4, 1.7, 2.0), 256: (2.0, 4.0, 5.6, 8.0, 11.3)}  # sigma, pixels
RANGES = {  # of tones; a large picture breaks much earlier
    32: ((0.0, 1.0), (0.1, 0.9), (0.2, 0.9), (0.35, 0.85), (0.4, 0.8)),
    256: ((0.0, 1.0), (0.02, 0.98), (0.05, 0.95), (0.1, 0.9), (0.2, 0.9), (0.35, 0.85)),
}
MORE_SCREENS_AT = {32: ((0.2, 0.9), (0.35, 0.85)), 256: ((0.35, 0.85),)}
ROOT2 = 2**0.5
RULINGS = {32: (2.0, 2.5, 2 * ROOT2, 4.0), 256: (4.0, 8.0, 16.0)}
NOISE = {
    32: (0.1, 0.2, 0.3, 0.5, 0.8),
    256: (0.2, 0.5, 0.8),
}  # standard deviation, of a picture's range
ITERATIONS = {32: (4, 8, 15, 30, 50), 256: (5, 10)}
READER = training.Recipe(epochs=5, learning_rate=4e-3)
READER_DIGITS = 20_000
DIGITS = {32: 500, 256: 150}  # of the validation split that are redrawn
FROZEN_BY = {  # the one network that was trained at 256 when `strong` was frozen: it stays here
    ("resnet18", 256): Cell(architecture="resnet18", size=256, n_train=4_000, subset="first")
}


@dataclass(frozen=True)
class Redrawing:
    """One way to redraw digits: its family, its settings as JSON, and the function."""

    family: str
    settings: Mapping
    draw: Callable[[Tensor], Tensor]


def noise(images: Tensor, deviation: float) -> Tensor:
    """Gaussian noise on top, clipped to [0, 1]; the same for the same batch."""
    rng = np.random.default_rng(0)
    added = rng.normal(0, deviation, images.shape).astype(np.float32)
    return (images + torch.from_numpy(added)).clamp(0, 1)


def redrawings(size: int) -> list[Redrawing]:
    """All that is compared: screens, style transfer, and the controls."""
    found = [Redrawing("original", {}, lambda x: x)]
    for r in RANGES[size]:
        found += [
            Redrawing("no dots", {"tone_range": r}, partial(tone.map_tone, tone_range=r)),
            Redrawing("random dots", {"tone_range": r}, partial(random_dots, tone_range=r)),
        ]
        screened: list[tuple[str, dict]] = [
            ("am", {"ruling": ruling, "angle": 45.0, "dot": "round"}) for ruling in RULINGS[size]
        ]
        if r in MORE_SCREENS_AT[size]:
            screened += [("bayer", {"size": 8}), ("blue-noise", {}), ("floyd-steinberg", {})]
        if r == (0.35, 0.85):
            ruling = RULINGS[size][-2]
            screened += [
                ("am", {"ruling": ruling, "angle": angle, "dot": dot})
                for angle, dot in ((0.0, "round"), (22.5, "round"), (45.0, "line"))
            ]
            screened.append(
                ("am", {"ruling": ruling, "angle": 45.0, "dot": "round", "dot_gain": 0.15})
            )
        for kind, arguments in screened:
            draw = partial(screens.halftone, kind=kind, tone_range=r, **arguments)
            found.append(Redrawing(kind, {**arguments, "tone_range": r}, draw))
    found += [
        Redrawing("noise", {"deviation": d}, partial(noise, deviation=d)) for d in NOISE[size]
    ]
    point = operating_points.load("talk", size)
    for steps in ITERATIONS[size]:
        found.append(
            Redrawing(
                "style transfer",
                {"point": "talk", "iterations": steps},
                partial(_transferred, point=point, iterations=steps),
            )
        )
    return found


def _transferred(images: Tensor, point: operating_points.OperatingPoint, iterations: int) -> Tensor:
    return operating_points.halftone(point, images, iterations=iterations).image


def as_read(images: Tensor, sigma: float) -> Tensor:
    """Pictures as the integrating reader gets them: blurred, contrast restored, 32x32."""
    seen = perception.integrate(images, sigma, restore_contrast=True)
    return training.reduce(seen, 32)


def reader(size: int, sigma: float) -> torch.nn.Module:
    """LeNet, trained on the first originals of that size seen through the blur; kept on disk."""
    model = architectures.build("lenet", 32, seed=0)
    images, labels = datasets.load("train", 28, READER_DIGITS)
    seen = [
        (as_read(datasets.as_float(datasets.resize(x, size)), sigma) * 255).round().byte()
        for x in images.split(500)
    ]
    config = {"size": size, "sigma": sigma}
    path = CACHE / "checkpoints" / f"integrating-reader-{hash_of(config)}.safetensors"
    training.fit(
        model,
        torch.cat(seen),
        labels,
        READER,
        seed=0,
        checkpoint=path,
        config=config,
        progress=False,
    )
    return model


def measure(
    way: Redrawing,
    images: Tensor,
    labels: Tensor,
    networks: Mapping[str, torch.nn.Module],
    readers: Mapping[float, torch.nn.Module],
    known: dict | None = None,
) -> dict:
    """Right answers of each network as it is and from afar, and of the reader at each blur.

    images: (N, 1, H, W) in [0, 1].  known: what was returned for other networks, to be added to.
    """

    def right(model: torch.nn.Module, x: Tensor) -> int:
        return int((training.predict(model, x) == labels).sum())

    drawn = way.draw(images)
    row = known or {
        "family": way.family,
        "settings": dict(way.settings),
        "n": len(labels),
        "reader": {},
        "sigma": 0.0,
        "correct": {},
        "integrated": {},
    }
    if not row["reader"]:
        by_blur = {sigma: right(model, as_read(drawn, sigma)) for sigma, model in readers.items()}
        row["reader"] = {f"{sigma:g}": count for sigma, count in by_blur.items()}
        row["sigma"] = max(by_blur, key=by_blur.get)
    seen = perception.integrate(drawn, row["sigma"], restore_contrast=True)
    for architecture, model in networks.items():
        row["correct"][architecture] = right(model, drawn)
        row["integrated"][architecture] = right(model, seen)
    return row


def path_of(size: int) -> Path:
    """The result file for digits of that side."""
    return RESULTS / f"frontier-{size}.json"


def run(size: int, cells: Sequence[Cell], n: int) -> dict:
    """Measure every redrawing on the first n validation digits; a killed run goes on.

    cells: the networks, trained on originals, one an architecture; others that were measured
    before are kept.
    """
    asked = {
        "size": size,
        "split": "validation",
        "n": n,
        "legible": LEGIBLE,
        "reader": {"architecture": "lenet", "n_train": READER_DIGITS, **READER.config},
    }
    path = path_of(size)
    found = read_json(path) if path.exists() else {}
    if {k: found.get(k) for k in asked} != asked:
        found = {**asked, "cells": {}, "rows": []}
    rows = {hash_of([row["family"], row["settings"]]): row for row in found["rows"]}
    for cell in cells:
        config = {"seed": cell.seed, "n_train": cell.n_train, "config_hash": hash_of(cell.config)}
        if found["cells"].get(cell.architecture) != config:
            for row in rows.values():  # of another network
                row["correct"].pop(cell.architecture, None)
        found["cells"][cell.architecture] = config
    networks = {c.architecture: trained(c, progress=False)[0] for c in cells}
    ways = redrawings(size)
    new = {hash_of([way.family, dict(way.settings)]) for way in ways} - rows.keys()
    readers = {sigma: reader(size, sigma) for sigma in BLURS[size] if new}
    images, labels = datasets.load("validation", size, n)
    for way in tqdm(ways, desc=f"frontier {size}", unit="redrawing"):
        key = hash_of([way.family, dict(way.settings)])
        known = rows.get(key)
        missing = {a: m for a, m in networks.items() if not known or a not in known["correct"]}
        if missing:
            rows[key] = measure(way, datasets.as_float(images), labels, missing, readers, known)
            write_json(path, {**found, "rows": list(rows.values())})
    return {**found, "rows": list(rows.values())}


def load(size: int) -> dict:
    """The committed measurement; raises DataError where it is missing or damaged."""
    return read_json(path_of(size))


def shares(found: dict, architecture: str) -> list[dict]:
    """Each redrawing with its legibility and the network's accuracy, both in percent."""
    return [
        {
            **{k: row[k] for k in ("family", "settings", "sigma", "n")},
            "legibility": 100 * max(row["reader"].values()) / row["n"],
            "accuracy": 100 * row["correct"][architecture] / row["n"],
            "integrated": 100 * row["integrated"][architecture] / row["n"],
        }
        for row in found["rows"]
    ]


def least_accuracy(
    shares: Sequence[dict], families: Sequence[str], legibility: float
) -> float | None:
    """The least accuracy, in percent, among redrawings of these families that legible; or None."""
    fit = [
        p["accuracy"] for p in shares if p["family"] in families and p["legibility"] >= legibility
    ]
    return min(fit, default=None)


def digits_share(images: Tensor, ruling: float, tone_range: tuple[float, float]) -> float:
    """Mean percent of a halftone's variance that its tones, without the dots, account for."""
    drawn = screens.am_screen(images, ruling, tone_range=tone_range)
    flat = tone.map_tone(images, tone_range)
    return float(100 * (flat.var((1, 2, 3)) / drawn.var((1, 2, 3))).mean())


def choose(found: dict, architectures: Sequence[str]) -> dict:
    """The strongest clustered-dot screen that is still legible: what `strong` is frozen to.

    Of the screens that the integrating reader reads at LEGIBLE percent or more, and whose tone
    range alone leaves every network there too, the one of least accuracy over the networks.
    Among equals the narrowest tone range, which has the most dots, then the most legible.
    """

    def percents(row: dict) -> list[float]:
        return [100 * row["correct"][a] / row["n"] for a in architectures]

    harmless = [
        row["settings"]["tone_range"]
        for row in found["rows"]
        if row["family"] == "no dots" and min(percents(row)) >= LEGIBLE
    ]
    screens_that_serve = [
        row
        for row in found["rows"]
        if row["family"] == "am"
        and 100 * max(row["reader"].values()) / row["n"] >= LEGIBLE
        and row["settings"]["tone_range"] in harmless
    ]

    def rank(row: dict) -> tuple[float, float, float]:
        least, most = row["settings"]["tone_range"]
        return sum(percents(row)), most - least, -max(row["reader"].values())

    return min(screens_that_serve, key=rank)


def least_blur(row: dict) -> float:
    """The least sigma at which the reader comes within one standard error of its best.

    A viewer steps back as far as need be, and no further: what `strong`'s sigma is frozen to.
    """
    best, n = max(row["reader"].values()), row["n"]
    enough = best - (best * (n - best) / n) ** 0.5
    return min(float(sigma) for sigma, count in row["reader"].items() if count >= enough)


def lower_envelope(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The frontier: points for which no other is at least as legible and harms more.

    points: (legibility, accuracy).  Returns them by falling legibility, and so falling accuracy.
    """
    kept: list[tuple[float, float]] = []
    for legibility, accuracy in sorted(points, key=lambda p: (-p[0], p[1])):
        if not kept or accuracy < kept[-1][1]:
            kept.append((legibility, accuracy))
    return kept


def main() -> None:
    """`python -m halftone_utils.frontier --size 32 --architectures lenet alexnet`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=32, choices=architectures.SIZES)
    parser.add_argument("--architectures", nargs="+", default=architectures.ARCHITECTURES)
    parser.add_argument("--n", type=int, help="validation digits")
    asked = parser.parse_args()

    cells = [
        FROZEN_BY.get((a, asked.size)) or cell_for(a, asked.size, "original", 0)
        for a in asked.architectures
    ]
    run(asked.size, cells, asked.n or DIGITS[asked.size])


if __name__ == "__main__":
    main()

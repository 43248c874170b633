"""What a network trained on photographs makes of their halftones, near and from afar.

Twenty photographs of ImageNet's validation set, a network that never saw a halftone; nothing is
trained.  A halftone is of the grey photograph, drawn at SIDE pixels.  From afar it is reduced, as a
picture is that takes fewer receptors, or blurred at its own side.  Every answer is kept.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import points, stylizer
from halftone_utils.digits.photographs import labelled
from halftone_utils.networks import attacks, imagenet, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import perception, spectra
from halftone_utils.screens.spectra import BANDS
from halftone_utils.screens.transforms import luminance
from halftone_utils.screens.ways import Way
from halftone_utils.studies import batch_statistics, undoing

SIDE, OWN_SIDE = 512, 224  # px: of the photographs, and of those that the network was trained on
RULING = 4 * math.sqrt(2)  # px a cell: at 45 degrees its dots repeat every 8 px down and across
SIDES = (512, 362, 256, 181, 128, 91, 64)  # px, of pictures seen from afar
SIGMAS = (1.0, 2.0, 4.0, 8.0)  # px
RMS = (0.05, 0.1, 0.2, 0.4)  # of noise, black to white 1
STYLED = 256  # px, of what style transfer draws
ITERATIONS = (3, 10, 30)  # of style transfer at `talk`
EPSILONS = (0.0, 0.0035, 0.007, 0.014, 0.03, 0.06)
WAYS = (
    Way("grey", torch.clone),
    *(
        Way("am", screens.am_screen, {"ruling": ruling, "angle": 45.0, "dot": dot})
        for ruling, dot in (
            (RULING, "round"),
            (4.0, "round"),
            (8.0, "round"),
            (12.0, "round"),
            (6.0, "line"),
        )
    ),
    *(
        Way(kind, partial(screens.halftone, kind=kind))
        for kind in ("bayer", "floyd-steinberg", "blue-noise", "random")
    ),
)
GREY, MAIN, BLUE_NOISE = WAYS[0], WAYS[1], WAYS[-2]


def controls(drawn: Tensor, images: Tensor) -> dict[str, Tensor]:
    """A halftone's tones with another residual of the same power each; they may leave [0, 1]."""
    fit, rest = spectra.residual(drawn, images)
    n, side = len(images), images.shape[-1]
    phases, power = spectra.random_phases(rest, seed=0), spectra.rms(rest)
    high = spectra.in_band(side, (1 / (2 * RULING), 1.0))
    return {
        "random phases": fit + phases,
        "random phases, a quarter": fit + phases / 4,
        "high noise": fit + power * spectra.noise_in(n, side, high),
        "white noise": fit + power * spectra.noise_in(n, side, torch.ones(side, side).bool()),
    }


def from_afar(images: Tensor) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """Pictures from every distance: reduced to each of SIDES, blurred by each of SIGMAS."""
    for side in SIDES:
        if side <= images.shape[-1]:
            yield {"side": side}, training.reduce(images, side)
    channels = images.flatten(0, 1)[:, None]
    for sigma in SIGMAS:
        blurred = perception.integrate(channels, sigma).view_as(images)
        yield {"side": images.shape[-1], "sigma": sigma}, blurred


def shown(colour: Tensor) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """All that is shown of photographs (N, 3, SIDE, SIDE): what a row says, and pictures."""
    for seen, x in from_afar(colour):
        yield {"kind": "colour", **seen}, x
    images = luminance(colour)
    for way in WAYS:
        drawn = way(images)
        for seen, x in from_afar(drawn):
            yield {**way.config, **seen}, x
        small = training.reduce(images, OWN_SIDE)
        yield {**way.config, "drawn": OWN_SIDE, "side": OWN_SIDE}, way(small)
    for control, noisy in controls(MAIN(images), images).items():
        for seen, x in from_afar(noisy):
            yield {**MAIN.config, "control": control, **seen}, x
    for number, band in enumerate(BANDS):
        noise = spectra.noise_in(len(images), SIDE, spectra.in_band(SIDE, band), seed=number)
        for rms in RMS:
            yield {"kind": "noise", "band": [*band], "rms": rms, "side": SIDE}, images + rms * noise
    for way in undoing.FILTERS[1:]:
        for screen in (GREY, MAIN, BLUE_NOISE):
            of_way = {**screen.config, "filter": way.kind, "side": SIDE}
            yield of_way, way(screen(images))
    small = training.reduce(images, STYLED)
    drawn_at = {"drawn": STYLED, "side": STYLED}
    yield {"kind": "stylizer", **drawn_at}, stylizer.stylize(stylizer.load(), small)
    for i, x in points.steps(points.load_style("talk", STYLED), small, ITERATIONS).items():
        yield {"kind": "style transfer", "parameters": {"iterations": i}, **drawn_at}, x


def attacked(
    model: nn.Module, colour: Tensor, labels: Tensor
) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """FGSM in colour at the network's own side, and random signs beside it, by epsilon."""
    small = training.reduce(colour, OWN_SIDE)
    signs = {
        "fgsm": attacks.signed_gradient(model, small, labels),
        "random signs": attacks.random_signs(small),
    }
    for kind, sign in signs.items():
        for epsilon in EPSILONS:
            of_way = {"kind": kind, "epsilon": epsilon, "side": OWN_SIDE}
            yield of_way, (small + epsilon * sign).clamp(0, 1)


@torch.inference_mode()
def scores(model: nn.Module, images: Tensor) -> Tensor:
    """Scores of the classes, a picture at a time: (N, 1 or 3, H, W) -> (N, classes)."""
    return torch.cat([model(x[None]) for x in images])


def read(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Any]:
    """What a row says of answers: first answers, how many are right, how many in the first five."""
    best = scores(model, images).topk(5).indices
    right = best == labels[:, None]
    return {
        "n": len(labels),
        "n_correct": int(right[:, 0].sum()),
        "n_top5": int(right.any(1).sum()),
        "classes": best[:, 0].tolist(),
    }


def photographs(
    network: str = imagenet.OWN, *, file: Path | None = None, folder: Path | None = None
) -> Result:
    """What a network trained on ImageNet answers to photographs, their halftones and controls.

    Writes data/results/photographs-NETWORK.json; a killed run goes on.
    network, file: see `networks.imagenet.load`.  folder: see `digits.photographs.labelled`; its
    name is part of the result's.
    """
    model = imagenet.load(network, file)
    colour, labels = labelled(SIDE, folder, imagenet.classes())
    stem = "-".join(["photographs", network.replace("/", "-"), *([folder.name] if folder else [])])
    config = {"network": network, "classes": labels.tolist(), "side": SIDE}
    there = store.check(stem, config, [])
    known = {store.key_of(row) for row in there.rows} if there else set()

    def record(todo: Iterable[tuple[dict[str, Any], Tensor]], network: nn.Module = model) -> None:
        for of_way, images in tqdm(todo, desc=stem, unit="picture set"):
            if store.key_of(of_way) not in known:
                row = {**of_way, **read(network, images, labels)}
                store.record("photographs", stem, config, [row])

    record(shown(colour))
    record(attacked(model, colour, labels))
    if any(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()):
        halftones = MAIN(luminance(colour))
        own = batch_statistics.adapted(model, (255 * halftones).byte())
        record([({**MAIN.config, "statistics": "of these", "side": SIDE}, halftones)], own)
    return store.read(store.path_of(stem))


SAID = ("side", "drawn", "sigma", "band", "rms", "epsilon")


def answers(found: Result, **of_way: Any) -> list[int]:
    """The first answer to each photograph shown so, as a row says it; none if it was not shown."""
    known = {store.key_of(row): row["classes"] for row in found.rows}
    return known.get(store.key_of(of_way), [])


def readings(found: Result) -> pd.DataFrame:
    """What was answered to each picture set, a row each; of a result of this study.

    Columns, "" and NaN where a row says nothing: name (of the way, in words), control, filter,
    statistics, and those of SAID; n, n_correct, accuracy [%]; n_named, answers that are meshes or
    cloths; counted, photographs that are read right in grey from the same distance, and illusions,
    those of them that are read wrong near and right from this distance.
    """
    meant = torch.tensor(found.config["classes"])
    both = frozenset().union(*imagenet.groups().values())
    right = {store.key_of(row): torch.tensor(row["classes"]) == meant for row in found.rows}
    rows = []
    for row in found.rows:
        seen: dict[str, Any] = {key: row[key] for key in ("side", "sigma") if key in row}
        near = {**_way_of(row), "side": SIDE}
        original: dict[str, Any] = {**GREY.config, **seen}
        own, at_hand, counted = (right.get(store.key_of(of)) for of in (row, near, original))
        share: dict[str, float] = {"counted": math.nan, "illusions": math.nan}
        if own is not None and at_hand is not None and counted is not None:
            illusions = ~at_hand & own & counted
            share = {"counted": int(counted.sum()), "illusions": int(illusions.sum())}
        rows.append(
            {
                **{key: row.get(key, "") for key in ("control", "filter", "statistics")},
                **{key: row.get(key) for key in SAID},
                "name": in_words(row),
                "n": row["n"],
                "n_correct": row["n_correct"],
                "accuracy": 100 * row["n_correct"] / row["n"],
                "n_named": sum(answer in both for answer in row["classes"]),
                **share,
            }
        )
    return pd.DataFrame(rows)


def _way_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was drawn, of a row: not from where it is seen."""
    return {key: row[key] for key in ("kind", "parameters", "control", "filter") if key in row}


def in_words(row: Mapping[str, Any]) -> str:
    """A way of redrawing, as a figure calls it."""
    of = row.get("parameters", {})
    if row["kind"] == "style transfer":
        return f"style transfer, {of['iterations']} iterations"
    if row["kind"] == "am":
        shape = "lines" if of["dot"] == "line" else "dots"
        return f"{shape}, {of['ruling']:.3g} px"
    named = {"random": "random dots", "floyd-steinberg": "Floyd-Steinberg", "bayer": "Bayer"}
    named |= {"fgsm": "FGSM"}
    return named.get(row["kind"], row["kind"].replace("-", " "))

"""What each way to redraw a digit takes from a network, and what it leaves the eye.

Legibility is a proxy for human reading, by a model observer: a LeNet trained only on originals
seen through visual integration (a Gaussian blur, contrast restored) reads the redrawn digits seen
through the same integration; as a viewer who steps back until it reads best, the best of a few
blurs counts.
`strong` is chosen here: the criterion, written down before anything was measured, is that this
observer reads 95 % or more.  Everything is measured on validation digits.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, DATA, hash_of, read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import perception, tone
from halftone_utils.screens.ways import Way
from halftone_utils.studies import grid
from halftone_utils.studies.experiments import Experiment, trained

LEGIBLE = 95.0  # percent of validation digits that the observer reads
COMPARED = {int(size): row for size, row in read_toml(DATA / "redrawings.toml").items()}
OBSERVER = training.Recipe(epochs=5, learning_rate=4e-3)
OBSERVER_DIGITS = 20_000
FROZEN_BY = {  # the one network that was trained at 256 when `strong` was frozen: it stays here
    ("resnet18", 256): Experiment(architecture="resnet18", size=256, n_train=4_000)
}


def noise(images: Tensor, deviation: float) -> Tensor:
    """Gaussian noise on top, clipped to [0, 1]; the same for the same batch."""
    rng = np.random.default_rng(0)
    added = rng.normal(0, deviation, images.shape).astype(np.float32)
    return (images + torch.from_numpy(added)).clamp(0, 1)


def _transferred(images: Tensor, point: str, iterations: int) -> Tensor:
    frozen = points.load_style(point, images.shape[-1])
    return points.transfer(frozen, images, iterations=iterations).image


def redrawings(size: int) -> list[Way]:
    """All that is compared: screens, style transfer, and the controls (data/redrawings.toml)."""
    drawn_by: dict[str, Callable[..., Tensor]] = {
        "original": torch.clone,
        "no dots": tone.map_tone,
        "random dots": screens.independent_random_dots,
        "noise": noise,
        "style transfer": _transferred,
        **{kind: partial(screens.halftone, kind=kind) for kind in screens.KINDS},
    }
    ways = []
    for row in COMPARED[size]["ways"]:
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k != "kind"}
        ways.append(Way(row["kind"], drawn_by[row["kind"]], given))
    return ways


def as_seen(images: Tensor, sigma: float) -> Tensor:
    """Pictures as the observer gets them: blurred, contrast restored, 32x32."""
    return training.reduce(perception.integrate(images, sigma, restore_contrast=True), 32)


def observer(size: int, sigma: float, seed: int = 0) -> torch.nn.Module:
    """LeNet, trained on the first originals of that size seen through the blur; kept on disk."""
    model = architectures.build("lenet", 32, seed=seed)
    images, labels = datasets.load("train", 28, OBSERVER_DIGITS)
    seen = [as_bytes(as_seen(as_float(datasets.resize(x, size)), sigma)) for x in images.split(500)]
    config = {"size": size, "sigma": sigma, **({"seed": seed} if seed else {})}
    path = CACHE / "checkpoints" / f"integrating-reader-{hash_of(config)}.safetensors"
    kept: dict[str, Any] = {"checkpoint": path, "config": config, "progress": False}
    training.fit(model, torch.cat(seen), labels, OBSERVER, seed=seed, **kept)
    return model


def observe(
    way: Way, images: Tensor, labels: Tensor, observers: Mapping[float, torch.nn.Module]
) -> list[dict]:
    """A row a blur: how many of the redrawn digits (N, 1, H, W) the observer reads through it."""
    drawn, of_way = way(images), {**way.config, "observer": True}
    read = {s: training.count_right(m, as_seen(drawn, s), labels) for s, m in observers.items()}
    return [{**of_way, "sigma": s, "n": len(labels), "n_correct": k} for s, k in read.items()]


def measure(
    way: Way,
    images: Tensor,
    labels: Tensor,
    networks: Mapping[Experiment, torch.nn.Module],
    sigma: float,
) -> list[dict]:
    """Two rows a network: the redrawn digits as they are, and through a blur of sigma [px]."""
    drawn, rows = way(images), []
    seen = perception.integrate(drawn, sigma, restore_contrast=True)
    for x, model in networks.items():
        network = {"architecture": x.architecture, "seed": x.seed, "n_train": x.n_train}
        for pictures, blur in ((drawn, {}), (seen, {"sigma": sigma})):
            right = training.count_right(model, pictures, labels)
            read = {"n": len(labels), "n_correct": right, "experiment": hash_of(x.config)}
            rows.append({**way.config, **network, **blur, **read})
    return rows


def frontier(size: int = 32, *, networks: tuple[str, ...] = (), n: int = 0) -> Result:
    """What each redrawing of validation digits takes from networks and leaves a model observer.

    Writes data/results/frontier-SIZE.json; what it holds already is not measured again, and a
    killed run goes on.
    size: 32 or 256 pixels.  networks: architectures, trained on originals (default: all).
    n: validation digits (default: 500 at 32 pixels, 150 at 256).
    """
    names = networks or architectures.ARCHITECTURES
    chosen = [FROZEN_BY.get((a, size)) or grid.experiment_for(a, size) for a in names]
    n, stem = n or COMPARED[size]["digits"], f"frontier-{size}"
    learned = {"architecture": "lenet", "n_train": OBSERVER_DIGITS, **config_of(OBSERVER)}
    asked = {"size": size, "split": "validation", "n": n, "legible": LEGIBLE, "observer": learned}
    there = store.check(stem, asked, [])
    rows_there = there.rows if there else []
    models = {x: trained(x, progress=False)[0] for x in chosen}
    ways, known = redrawings(size), {_key(row) for row in rows_there if row.get("observer")}
    is_new = any(_key(way.config) not in known for way in ways)
    observers = {sigma: observer(size, sigma) for sigma in COMPARED[size]["blurs"] if is_new}
    pictures, labels = datasets.load("validation", size, n)
    images = as_float(pictures)
    for way in tqdm(ways, desc=stem, unit="redrawing"):
        key = _key(way.config)
        old = [row for row in rows_there if _key(row) == key]
        rows = [] if key in known else observe(way, images, labels, observers)
        of_observer = [row for row in (*rows, *old) if row.get("observer")]
        best = max(of_observer, key=lambda row: row["n_correct"])
        measured = {row.get("experiment") for row in old}
        missing = {x: m for x, m in models.items() if hash_of(x.config) not in measured}
        rows += measure(way, images, labels, missing, best["sigma"])
        if rows:
            store.record("frontier", stem, asked, rows)
    return store.read(store.path_of(stem))


def _key(row: Mapping) -> str:
    return hash_of([row["kind"], row["parameters"]])


def shares(found: Result, architecture: str) -> pd.DataFrame:
    """Each redrawing with its legibility and the network's accuracy near and from afar, in percent.

    Columns: kind, parameters, n, sigma (the observer's best blur), legibility, accuracy,
    integrated.
    """
    lines: dict[str, dict[str, Any]] = {}
    for row in found.rows:
        line = lines.setdefault(_key(row), {k: row[k] for k in ("kind", "parameters", "n")})
        percent = 100 * row["n_correct"] / row["n"]
        if row.get("observer"):
            line["legibility"] = max(percent, line.get("legibility", 0.0))
        elif row["architecture"] == architecture:
            line["integrated" if "sigma" in row else "accuracy"] = percent
            line |= {"sigma": row["sigma"]} if "sigma" in row else {}
    columns = ["kind", "parameters", "n", "sigma", "legibility", "accuracy", "integrated"]
    return pd.DataFrame([x for x in lines.values() if "accuracy" in x], columns=columns)


def least_accuracy(shares: pd.DataFrame, kinds: Sequence[str], legibility: float) -> float | None:
    """The least accuracy, in percent, among redrawings of these kinds that legible; or None."""
    fit = shares[shares["kind"].isin(kinds) & (shares["legibility"] >= legibility)]
    return None if fit.empty else float(fit["accuracy"].min())


def digits_share(images: Tensor, ruling: float, tone_range: tuple[float, float]) -> float:
    """Mean percent of a halftone's variance that its tones, without the dots, account for."""
    drawn = screens.am_screen(images, ruling, tone_range=tone_range)
    flat = tone.map_tone(images, tone_range)
    return float(100 * (flat.var((1, 2, 3)) / drawn.var((1, 2, 3))).mean())


def choose(found: Result, names: Sequence[str]) -> pd.Series:
    """The strongest clustered-dot screen that is still legible: what `strong` is frozen to.

    Of the screens that the observer reads at LEGIBLE percent or more, and whose tone range alone
    leaves every network there too, the one of least accuracy over the networks.
    Among equals the narrowest tone range, which has the most dots, then the most legible.
    names: the architectures.  Returns its line of `shares`.
    """
    lines = shares(found, names[0])
    accuracies = np.array([shares(found, name)["accuracy"] for name in names])
    ranges = lines["parameters"].map(lambda of_way: of_way.get("tone_range"))
    harmless = [*ranges[(lines["kind"] == "no dots") & (accuracies.min(0) >= LEGIBLE)]]
    in_harmless = ranges.map(lambda r: r in harmless)
    serve = (lines["kind"] == "am") & (lines["legibility"] >= LEGIBLE) & in_harmless
    width = ranges.map(lambda r: r[1] - r[0] if r else 1.0)
    rank = {"total": accuracies.sum(0), "width": width, "legible": -lines["legibility"]}
    return lines.loc[pd.DataFrame(rank)[serve].sort_values([*rank]).index[0]]


def least_blur(found: Result, way: Mapping) -> float:
    """The least sigma at which the observer comes within one standard error of its best.

    way: kind and parameters of the redrawing.
    A viewer steps back as far as need be, and no further: what `strong`'s sigma is frozen to.
    """
    rows = [r for r in found.rows if r.get("observer") and _key(r) == _key(way)]
    best, n = max(row["n_correct"] for row in rows), rows[0]["n"]
    enough = best - (best * (n - best) / n) ** 0.5
    return min(row["sigma"] for row in rows if row["n_correct"] >= enough)

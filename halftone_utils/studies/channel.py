"""A network's channel: how much noise it bears in each band, and what that tells of halftones.

Critical-band masking (Fletcher 1940; of networks, Subramanian et al., NeurIPS 2023): noise in a
narrow band at rising power, and the threshold at which a network reads half of what it could.  A
redrawing's residual has power in each band; the prediction is that it harms as noise of as many
thresholds would.  Nothing is fitted to a redrawing.  Everything is measured on validation digits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils import screens
from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import spectra
from halftone_utils.screens.spectra import BANDS, Band
from halftone_utils.screens.ways import Way
from halftone_utils.studies import frontier, grid
from halftone_utils.studies.experiments import Experiment, published, trained

RMS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.5)  # of the digit's black to white
CHANCE = 0.1
ITERATIONS = (4, 8, 15, 30, 50)  # of style transfer
WINDOW = 8  # px, of phases drawn anew in place
RANGES = ((0.0, 1.0), (0.25, 0.85), (0.4, 0.8))  # of tones
ERROR_DIFFUSION = ("jarvis-judice-ninke", "stucki", "atkinson", "sierra")


def test_screens() -> list[Way]:
    """Screens on which the prediction is tested: none of them is a redrawing of the frontier."""
    clustered = [
        {"ruling": ruling, "angle": angle, "dot": dot}
        for ruling, angle, dot in (
            (2.25, 30.0, "round"),
            (3.2, 15.0, "diamond"),
            (3.6, 75.0, "square"),
            (5.0, 45.0, "round"),
            (6.0, 30.0, "ellipse"),
            (8.0, 45.0, "round"),
            (3.0, 0.0, "line"),
            (5.0, 60.0, "line"),
        )
    ]
    ways: list[tuple[str, dict[str, Any]]] = [("am", x) for x in clustered]
    ways += [("bayer", {"size": 2}), ("bayer", {"size": 4})]
    ways += [("blue-noise", {"size": 32, "seed": 1})]
    ways += [(kind, {}) for kind in ERROR_DIFFUSION]
    ways += [("floyd-steinberg", {"serpentine": True})]
    return [
        Way(kind, partial(screens.halftone, kind=kind), {**arguments, "tone_range": tones})
        for kind, arguments in ways
        for tones in RANGES
    ]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A network's channel: the noise it bears in each band.

    thresholds: rms [of black to white] at which it reads half of what it could, a band each.
    slope: of the psychometric function, common to the bands.  top: its share of digits right
    without noise.
    """

    bands: tuple[Band, ...]
    thresholds: tuple[float, ...]
    slope: float
    top: float

    def accuracy(self, power: Tensor) -> Tensor:
        """The share read right of pictures with this noise power in each band: (N, bands) -> (N,).

        Powers add up in units of each band's threshold.
        """
        load = (power.double() / torch.tensor(self.thresholds).double().square()).sum(1)
        return CHANCE + (self.top - CHANCE) / (1 + load**self.slope)


def fit(rows: Sequence[Mapping[str, Any]], top: float) -> Channel:
    """The channel of most likelihood for rows with band, rms, n and n_correct.

    top: the share read right without noise.
    """
    bands = [*dict.fromkeys(tuple(row["band"]) for row in rows)]
    which = np.array([bands.index(tuple(row["band"])) for row in rows])
    log_rms = np.log([row["rms"] for row in rows])
    n, right = (np.array([row[key] for row in rows]) for key in ("n", "n_correct"))

    def deviance(x: np.ndarray) -> float:
        load = 2 * np.exp(x[-1]) * (log_rms - x[which])
        p = np.clip(CHANCE + (top - CHANCE) * expit(-load), 1e-6, 1 - 1e-6)
        return -float((right * np.log(p) + (n - right) * np.log(1 - p)).sum())

    start = np.append(np.full(len(bands), np.log(0.4)), 0.0)
    limits = [(np.log(0.01), np.log(10))] * len(bands) + [(-2, 3)]
    found = minimize(deviance, start, method="L-BFGS-B", bounds=limits).x
    thresholds = tuple(float(t) for t in np.exp(found[:-1]))
    return Channel(
        bands=tuple(bands), thresholds=thresholds, slope=float(np.exp(found[-1])), top=top
    )


def noise_rows(model: torch.nn.Module, images: Tensor, labels: Tensor) -> list[dict]:
    """A row a band and rms: how many digits (N, 1, H, W) are read right with that noise on top.

    The sum is not clipped to [0, 1], which would spread the noise over other bands.
    """
    rows = []
    for number, band in enumerate(BANDS):
        noise = spectra.band_noise(len(images), images.shape[-1], band, seed=number)
        for rms in RMS:
            right = training.count_right(model, images + rms * noise, labels)
            rows.append({"band": [*band], "rms": rms, "n": len(labels), "n_correct": right})
    return rows


def another(labels: Tensor) -> Tensor:
    """For each picture the place of the next one that shows another digit."""
    n = len(labels)
    after = (torch.arange(n)[:, None] + torch.arange(1, n)) % n
    return after.gather(1, (labels[after] != labels[:, None]).int().argmax(1, keepdim=True))[:, 0]


def controls(drawn: Tensor, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """A redrawing and what is put beside it: the same tones with another residual each.

    All but the redrawing leave [0, 1] where they must.
    """
    fit, rest = spectra.residual(drawn, images)
    return {
        "": drawn,
        "random phases": fit + spectra.random_phases(rest, seed=0),
        "random phases in windows": fit + spectra.random_phases(rest, seed=0, window=WINDOW),
        "of another digit": fit + rest[another(labels)],
        "sign turned": fit - rest,
        "pixels shuffled": fit + spectra.shuffled(rest),
    }


def power_of(drawn: Tensor, images: Tensor) -> Tensor:
    """A redrawing's power in each band, in units of its digit's own contrast: (N, bands)."""
    fit, rest = spectra.residual(drawn, images)
    gain = (fit.std((1, 2, 3)) / images.std((1, 2, 3)).clamp_min(1e-6)).clamp_min(1e-3)
    return spectra.power_in_bands(rest) / gain[:, None].square()


def ready(experiment: Experiment) -> torch.nn.Module:
    """Its network: from the committed weights where there are some, else trained."""
    if experiment.weights.exists() and experiment.on_all:
        x = experiment
        return published(x.architecture, x.train_on, x.seed, x.size)
    return trained(experiment)[0]


def redrawn(images: Tensor) -> list[tuple[dict, Tensor, bool]]:
    """What the channel is asked about: config, pictures, whether controls are put beside them."""
    point = points.load_style("talk", images.shape[-1])
    steps = points.transfer(point, images, iterations=max(ITERATIONS), keep=ITERATIONS)
    found = [
        ({"kind": "style transfer", "parameters": {"point": "talk", "iterations": i}}, x, True)
        for i, x in steps.images.items()
    ]
    strong = points.load("strong", images.shape[-1])
    found.append(({"kind": "strong", "parameters": {}}, strong.halftone(images), True))
    for way in test_screens():
        of_way: dict[str, Any] = {**way.config, "test": True}
        found.append((of_way, way(images), True))
    others = [
        way for way in frontier.redrawings(32) if way.kind not in ("style transfer", "original")
    ]
    return found + [(way.config, way(images), False) for way in others]


def channel(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """How much noise a network bears in each band, and how it reads redrawings, with controls.

    Writes data/results/channel-NETWORK-32-original-sSEED.json.  architecture: trained on originals.
    n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    model = ready(x)
    pictures, labels = datasets.load("validation", 32, n)
    images = as_float(pictures)
    config = {"network": config_of(x), "split": "validation", "n": n}
    top = training.count_right(model, images, labels)
    sigma = points.load("strong", 32).sigma
    seen = screens.perception.integrate(images, sigma, restore_contrast=True)
    afar = training.count_right(model, seen, labels)
    rows: list[dict] = [{"shown": "original", "n": n, "n_correct": top}]
    rows.append({"shown": "original", "sigma": sigma, "n": n, "n_correct": afar})
    noise = noise_rows(model, images, labels)
    measured = fit(noise, top / n)
    rows += [{"shown": "noise", **row} for row in noise]
    for of_way, drawn, controlled in tqdm(redrawn(images), desc=architecture, unit="redrawing"):
        beside = controls(drawn, images, labels) if controlled else {"": drawn}
        for control, shown in beside.items():
            predicted = float(measured.accuracy(power_of(shown, images)).mean())
            row = {"shown": "redrawing", **of_way, **({"control": control} if control else {})}
            right = training.count_right(model, shown, labels)
            rows.append({**row, "n": n, "n_correct": right, "predicted": round(predicted, 4)})
            if control and of_way["kind"] != "strong":
                continue
            seen = screens.perception.integrate(shown, sigma, restore_contrast=True)
            right = training.count_right(model, seen, labels)
            rows.append({**row, "sigma": sigma, "n": n, "n_correct": right})
    kept = {"thresholds": [round(t, 4) for t in measured.thresholds], "slope": measured.slope}
    return store.record("channel", f"channel-{x.stem}", config, rows, measured=kept)

"""A network's channel: how much noise it bears in each band, and what that tells of halftones.

Critical-band masking (Fletcher 1940; of networks, Subramanian et al., NeurIPS 2023): noise in a
narrow band at rising power, and the threshold at which a network reads half of what it could.  A
redrawing's residual has power in each band; the prediction is that it harms as noise of as many
thresholds would.  Nothing is fitted to a redrawing.  Everything is measured on validation digits.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
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
from halftone_utils.studies import experiments, frontier, grid

RMS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.5)  # of the digit's black to white
CHANCE = 0.1
ITERATIONS = (4, 8, 15, 30, 50)  # of style transfer
CONTROLS = (
    "random phases",
    "random phases in windows",
    "of another digit",
    "sign turned",
    "pixels shuffled",
)
WINDOW = 8  # px, of phases drawn anew in place
RANGES = ((0.0, 1.0), (0.25, 0.85), (0.4, 0.8))  # of tones
Cell = tuple[dict[str, Any], Tensor]  # of the spectrum: its name in a row, which coefficients
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
    """A network's channel: the noise it bears in each band, or in other cells of the spectrum.

    thresholds: rms [of black to white] at which it reads half of what it could, a band each.
    slope: of the psychometric function, common to the bands.  top: its share of digits right
    without noise.
    """

    bands: tuple[Hashable, ...]
    thresholds: tuple[float, ...]
    slope: float
    top: float

    def accuracy(self, power: Tensor) -> Tensor:
        """The share read right of pictures with this noise power in each band: (N, bands) -> (N,).

        Powers add up in units of each band's threshold.
        """
        load = (power.double() / torch.tensor(self.thresholds).double().square()).sum(1)
        return CHANCE + (self.top - CHANCE) / (1 + load**self.slope)


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """Where in frequency a channel lies.

    centre: [cycles/px].  width: [octaves].  at_least: it ends where the bands do, and may go on.
    """

    centre: float
    width: float
    at_least: bool


def tuning(found: Channel) -> Tuning:
    """Centre and width of a channel that was measured in bands which tile the spectrum in order.

    By its sensitivity, 1 / threshold² (noise powers add up), over log2 of frequency.  The centre is
    the mean, weighted by sensitivity.  The width is that at half of the greatest sensitivity,
    interpolated between the middles of bands; where sensitivity does not fall to half before the
    last band, the span ends at the band's edge.  For people it is one octave (Solomon & Pelli,
    Nature 369, 1994), for networks on ImageNet two to four (Subramanian et al. 2023).  These fit a
    Gaussian to log2 of sensitivity above that to their strongest noise: a width that depends on
    that noise, and an extrapolation where a channel is open at one end, as ours are.
    """
    edges = np.log2(np.clip(np.array(found.bands, float), 0, np.sqrt(0.5)))
    middles, sensitivity = edges.mean(1), np.array(found.thresholds) ** -2.0
    peak = int(sensitivity.argmax())
    share = sensitivity / sensitivity[peak]
    below, is_open_below = _reach(middles[peak::-1], share[peak::-1], edges[0, 0])
    above, is_open_above = _reach(middles[peak:], share[peak:], edges[-1, 1])
    return Tuning(
        centre=float(2 ** np.average(middles, weights=sensitivity)),
        width=above - below,
        at_least=is_open_below or is_open_above,
    )


def _reach(middles: np.ndarray, share: np.ndarray, edge: float) -> tuple[float, bool]:
    """How far from its first value a share falls to half; the edge and True where it does not."""
    low = np.flatnonzero(share < 0.5)
    if not len(low):
        return float(edge), True
    i = low[0]
    return float(np.interp(0.5, share[[i, i - 1]], middles[[i, i - 1]])), False


def band_of(row: Mapping[str, Any]) -> Band:
    """The band of a row of noise."""
    low, high = row["band"]
    return low, high


def fit(
    rows: Sequence[Mapping[str, Any]],
    top: float,
    of: Callable[[Mapping[str, Any]], Hashable] = band_of,
) -> Channel:
    """The channel of most likelihood for rows with band, rms, n and n_correct.

    top: the share read right without noise.  of: a row's cell of the spectrum, if not its band.
    """
    each = [of(row) for row in rows]
    bands = [*dict.fromkeys(each)]
    which = np.array([bands.index(cell) for cell in each])
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


def cells(side: int) -> list[Cell]:
    """BANDS as cells of the spectrum of pictures of that side [px]."""
    return [({"band": [*band]}, spectra.in_band(side, band)) for band in BANDS]


def noise_rows(
    model: torch.nn.Module, images: Tensor, labels: Tensor, within: Sequence[Cell] = ()
) -> list[dict]:
    """A row a cell and rms: how many digits (N, 1, H, W) are read right with that noise on top.

    The sum is not clipped to [0, 1], which would spread the noise over other cells.
    within: cells of the spectrum, if not BANDS.
    """
    side, rows = images.shape[-1], []
    for number, (name, kept) in enumerate(within or cells(side)):
        noise = spectra.noise_in(len(images), side, kept, seed=number)
        for rms in RMS:
            right = training.count_right(model, images + rms * noise, labels)
            rows.append({**name, "rms": rms, "n": len(labels), "n_correct": right})
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


def power_of(drawn: Tensor, images: Tensor, within: Sequence[Cell] = ()) -> Tensor:
    """A redrawing's power in each band, in units of its digit's own contrast: (N, bands).

    within: cells of the spectrum, if not BANDS.
    """
    fit, rest = spectra.residual(drawn, images)
    gain = (fit.std((1, 2, 3)) / images.std((1, 2, 3)).clamp_min(1e-6)).clamp_min(1e-3)
    kept = torch.stack([kept for _, kept in within or cells(images.shape[-1])])
    return spectra.power_in(rest, kept) / gain[:, None].square()


def transferred(images: Tensor) -> list[tuple[dict, Tensor]]:
    """Halftones by style transfer at `talk` after each of ITERATIONS: config and pictures."""
    point = points.load_style("talk", images.shape[-1])
    return [
        ({"kind": "style transfer", "parameters": {"point": "talk", "iterations": i}}, x)
        for i, x in sorted(points.steps(point, images, ITERATIONS).items())
    ]


def redrawn(images: Tensor) -> list[tuple[dict, Tensor, Sequence[str]]]:
    """What the channel is asked about: config, pictures, the controls that are put beside them.

    Beside a screen of the test the one that a claim asks for.
    """
    found: list[tuple[dict, Tensor, Sequence[str]]] = [
        (of_way, x, CONTROLS) for of_way, x in transferred(images)
    ]
    strong = points.load("strong", images.shape[-1])
    found.append(({"kind": "strong", "parameters": {}}, strong.halftone(images), CONTROLS))
    for way in test_screens():
        of_way: dict[str, Any] = {**way.config, "test": True}
        found.append((of_way, way(images), CONTROLS[:1]))
    others = [
        way for way in frontier.redrawings(32) if way.kind not in ("style transfer", "original")
    ]
    return found + [(way.config, way(images), ()) for way in others]


def channel(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """How much noise a network bears in each band, and how it reads redrawings, with controls.

    Writes data/results/channel-NETWORK-32-original-sSEED.json; a killed run goes on.
    architecture: trained on originals.  n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"channel-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    there = store.check(stem, config, [])
    pictures, labels = datasets.load("validation", 32, n)
    images, model = as_float(pictures), experiments.ready(x)
    record = partial(store.record, "channel", stem, config)
    if there is None:
        there = record(rows_of_noise(model, images, labels))
        found = channel_of(there)
        kept = {"thresholds": [round(t, 4) for t in found.thresholds], "slope": found.slope}
        there = record([], measured=kept)
    found, known = channel_of(there), {store.key_of(row) for row in there.rows}
    for of_way, drawn, asked in tqdm(redrawn(images), desc=architecture, unit="redrawing"):
        of_way = {"shown": "redrawing", **of_way}
        if store.key_of(of_way) not in known:
            of_all = controls(drawn, images, labels) if asked else {"": drawn}
            beside = {name: of_all[name] for name in ("", *asked)}
            rows = [
                row
                for control, shown in beside.items()
                for row in rows_of_redrawing(
                    model,
                    found,
                    {**of_way, **({"control": control} if control else {})},
                    shown,
                    images,
                    labels,
                )
            ]
            record(rows)
    return store.read(store.path_of(stem))


def from_afar(images: Tensor) -> tuple[Tensor, float]:
    """Pictures through the blur of `strong`, and its sigma [px]."""
    point = points.load("strong", 32)
    return point.from_afar(images), point.sigma


def rows_of_noise(model: torch.nn.Module, images: Tensor, labels: Tensor) -> list[dict]:
    """Originals near and from afar, and behind noise."""
    seen, sigma = from_afar(images)
    rows: list[dict] = [
        {"shown": "original", "n_correct": training.count_right(model, images, labels)},
        {
            "shown": "original",
            "sigma": sigma,
            "n_correct": training.count_right(model, seen, labels),
        },
        *({"shown": "noise", **row} for row in noise_rows(model, images, labels)),
    ]
    return [{**row, "n": len(labels)} for row in rows]


def channel_of(result: Result) -> Channel:
    """The channel that a result's noise says."""
    top = result.row(shown="original")
    return fit(result.where(shown="noise"), top["n_correct"] / top["n"])


def rows_of_redrawing(
    model: torch.nn.Module,
    found: Channel,
    of_way: dict,
    drawn: Tensor,
    images: Tensor,
    labels: Tensor,
) -> list[dict]:
    """What is read of a redrawing and what its channel predicts; then, from afar.

    Of controls only those of `strong` are looked at from afar.
    """
    n = len(labels)
    predicted = float(found.accuracy(power_of(drawn, images)).mean())
    right = training.count_right(model, drawn, labels)
    rows = [{**of_way, "n": n, "n_correct": right, "predicted": round(predicted, 4)}]
    if "control" not in of_way or of_way["kind"] == "strong":
        seen, sigma = from_afar(drawn)
        right = training.count_right(model, seen, labels)
        rows.append({**of_way, "sigma": sigma, "n": n, "n_correct": right})
    return rows


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """Redrawings as they are, a row each: what networks read of them and what channels predict.

    Columns: architecture, seed, kind, iterations (of style transfer, else NaN), control, test,
    accuracy and predicted [%].
    """
    rows = [
        {
            **{key: result.config["network"][key] for key in ("architecture", "seed")},
            "kind": row["kind"],
            "iterations": row["parameters"].get("iterations"),
            "control": row.get("control", ""),
            "test": row.get("test", False),
            "accuracy": 100 * row["n_correct"] / row["n"],
            "predicted": 100 * row["predicted"],
        }
        for result in found
        for row in result.rows
        if row["shown"] == "redrawing" and "sigma" not in row
    ]
    return pd.DataFrame(rows)

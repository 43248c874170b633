"""Would one number of a screen tell as much as a network's channel does?

One rival is the channel with the same threshold in every band, fitted to noise alone, as it is.
Each other is a power of the screen's noise, and the best falling function of it: one fitted by
isotonic regression to what the network reads behind the very screens that it is judged on, which is
more than any use of that number could tell.  The channel's prediction is fitted to none of them.
Everything is measured on validation digits at 32 pixels; no network is asked anything anew.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy.optimize import isotonic_regression
from torch import Tensor

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens.spectra import BANDS
from halftone_utils.studies import channel, divisions, grid, legibility

ALIKE = "one threshold for all bands"
TOTAL, PASSED, BAND = "all its power", "what passes the eye's blur", "the one band that tells most"


@cache
def powers_of_screens(n: int) -> tuple[Tensor, np.ndarray]:
    """Noise of the test's screens over n digits' contrast: in each of BANDS, and through the blur.

    (screens, n, bands), and float64 (screens,) of all digits together.
    """
    images, sigma = as_float(datasets.load("validation", 32, n)[0]), points.load("strong", 32).sigma
    drawn = [way(images) for way in channel.test_screens()]
    in_bands = torch.stack([channel.power_of(x, images) for x in drawn])
    return in_bands, np.array([legibility.noise_of(x, images, sigma) for x in drawn])


def one_threshold(found: Result) -> channel.Channel:
    """The channel that a result's noise says if all bands have the same threshold."""
    top = found.row(shown="original")
    return channel.fit(
        found.where(shown="noise"), top["n_correct"] / top["n"], lambda row: "every band"
    )


def best_falling(power: Sequence[float] | np.ndarray | Tensor, read: Sequence[float]) -> np.ndarray:
    """What the falling function of a power that lies nearest to some readings says of each."""
    order = np.argsort(power, kind="stable")
    found = np.empty(len(order))
    found[order] = isotonic_regression(np.asarray(read)[order], increasing=False).x
    return found


def rows_of(
    rival: Mapping[str, Any], said: Sequence[float] | np.ndarray, behind: Sequence[dict]
) -> list[dict]:
    """A row a screen: what was read of it, and what the rival says."""
    read = [{key: value for key, value in row.items() if key != "run"} for row in behind]
    return [
        {**row, **rival, "predicted": round(float(x), 4)} for row, x in zip(read, said, strict=True)
    ]


def agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """As `divisions.agreement` of what rows predict with what they read."""
    return divisions.agreement([row["predicted"] for row in rows], rows)


def within_ranges(rows: Sequence[Mapping[str, Any]]) -> float:
    """R2 of how screens of the same tone range differ: what tells ranges apart does not count."""
    off, spread = 0.0, 0.0
    for tones in {tuple(row["parameters"]["tone_range"]) for row in rows}:
        here = [row for row in rows if tuple(row["parameters"]["tone_range"]) == tones]
        read = np.array([row["n_correct"] / row["n"] for row in here])
        off += float(((read - [row["predicted"] for row in here]) ** 2).sum())
        spread += float(((read - read.mean()) ** 2).sum())
    return 1 - off / spread


def explained() -> dict[str, tuple[list[float], list[float]]]:
    """Of the channel and each rival, over all networks and seeds: R2, and that within ranges."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for result in store.load("rivals"):
        known = store.read(store.path_of(result.stem.replace("rivals", "channel")))
        for name, of in result.measured.items():
            if name == "channel":
                rows = divisions.read_behind(known)
            else:  # the last, where another band told most before
                rows = result.where(rival=name)[-len(channel.test_screens()) :]
            both = found.setdefault(name, ([], []))
            both[0].append(of["r2"])
            both[1].append(within_ranges(rows))
    return found


def rivals(architecture: str, *, seed: int = 0) -> Result:
    """What one number of each screen of the channel's test tells at best of how it is read.

    Writes data/results/rivals-NETWORK-32-original-sSEED.json.
    architecture: trained on originals, its channel measured already.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    known = store.read(store.path_of(f"channel-{x.stem}"))
    behind = divisions.read_behind(known)
    read = [row["n_correct"] / row["n"] for row in behind]
    in_bands, passed = powers_of_screens(known.config["n"])
    total, alike = in_bands.sum(2, keepdim=True), one_threshold(known)
    by_band = [
        rows_of({"rival": BAND, "band": [*band]}, best_falling(power, read), behind)
        for band, power in zip(BANDS, in_bands.mean(1).T.numpy(), strict=True)
    ]
    found = {
        ALIKE: rows_of({"rival": ALIKE}, [float(alike.accuracy(p).mean()) for p in total], behind),
        TOTAL: rows_of({"rival": TOTAL}, best_falling(total.mean((1, 2)), read), behind),
        PASSED: rows_of({"rival": PASSED}, best_falling(passed, read), behind),
        BAND: max(by_band, key=lambda rows: agreement(rows)["r2"]),
    }
    measured = {"channel": agreement(behind)} | {k: agreement(rows) for k, rows in found.items()}
    rows = [row for rows in found.values() for row in rows]
    return store.record("rivals", f"rivals-{x.stem}", known.config, rows, measured=measured)

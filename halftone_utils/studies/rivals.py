"""Would one number of a screen tell as much as a network's channel does?

Each rival is a power of the screen's noise, and the best falling function of it: one fitted by
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

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens.spectra import BANDS
from halftone_utils.studies import channel, divisions, grid, legibility

TOTAL, PASSED, BAND = "all its power", "what passes the eye's blur", "the one band that tells most"


@cache
def powers_of_screens(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of the test's screens over n digits' contrast: in each of BANDS, and through the blur.

    float64 (screens, bands) and (screens,), means over the digits.
    """
    images, sigma = as_float(datasets.load("validation", 32, n)[0]), points.load("strong", 32).sigma
    drawn = [way(images) for way in channel.test_screens()]
    in_bands = torch.stack([channel.power_of(x, images).double().mean(0) for x in drawn])
    return in_bands.numpy(), np.array([legibility.noise_of(x, images, sigma) for x in drawn])


def best_falling(power: Sequence[float] | np.ndarray, read: Sequence[float]) -> np.ndarray:
    """What the falling function of a power that lies nearest to some readings says of each."""
    order = np.argsort(power, kind="stable")
    found = np.empty(len(order))
    found[order] = isotonic_regression(np.asarray(read)[order], increasing=False).x
    return found


def rows_of(rival: Mapping[str, Any], power: np.ndarray, behind: Sequence[dict]) -> list[dict]:
    """A row a screen: what was read of it, and what the rival says."""
    said = best_falling(power, [row["n_correct"] / row["n"] for row in behind])
    return [
        {**row, **rival, "predicted": round(float(x), 4)}
        for row, x in zip(behind, said, strict=True)
    ]


def agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """As `divisions.agreement` of what rows predict with what they read."""
    return divisions.agreement([row["predicted"] for row in rows], rows)


def rivals(architecture: str, *, seed: int = 0) -> Result:
    """What one number of each screen of the channel's test tells at best of how it is read.

    Writes data/results/rivals-NETWORK-32-original-sSEED.json.
    architecture: trained on originals, its channel measured already.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    known = store.read(store.path_of(f"channel-{x.stem}"))
    behind, (in_bands, passed) = (
        divisions.read_behind(known),
        powers_of_screens(known.config["n"]),
    )
    by_band = [
        rows_of({"rival": BAND, "band": [*band]}, power, behind)
        for band, power in zip(BANDS, in_bands.T, strict=True)
    ]
    found = {
        TOTAL: rows_of({"rival": TOTAL}, in_bands.sum(1), behind),
        PASSED: rows_of({"rival": PASSED}, passed, behind),
        BAND: max(by_band, key=lambda rows: agreement(rows)["r2"]),
    }
    measured = {"channel": agreement(behind)} | {k: agreement(rows) for k, rows in found.items()}
    rows = [row for rows in found.values() for row in rows]
    return store.record("rivals", f"rivals-{x.stem}", known.config, rows, measured=measured)

"""Where halftones stand among the corruptions of MNIST-C, to networks trained with and without.

Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from torch import nn

from halftone_utils.digits import datasets
from halftone_utils.digits.corruptions import CORRUPTIONS, corrupted
from halftone_utils.networks import training
from halftone_utils.results.store import Result
from halftone_utils.results.table import tidy
from halftone_utils.studies import factors, grid, undoing


def of_sets(model: nn.Module, n: int) -> list[dict]:
    """How many of the first n validation digits a network reads as they are and as halftones."""
    rows = []
    for shown in factors.SHOWN:
        images, labels = undoing.pictures(shown, n)
        right = training.count_right(model, images, labels)
        rows.append({"shown": shown, "n": n, "n_correct": right})
    return rows


def of_corruptions(model: nn.Module, n: int) -> list[dict]:
    """The same, and behind each of MNIST-C's corruptions."""
    digits, labels = datasets.load("validation", datasets.SIDE, n)
    rows = of_sets(model, n)
    for name in CORRUPTIONS:
        images = datasets.resize(corrupted(digits, name), 32)
        right = training.count_right(model, images, labels)
        rows.append({"shown": name, "n": n, "n_correct": right})
    return rows


def corruptions(architecture: str, *, seed: int = 0, n: int = 1000) -> Result:
    """How many digits networks read behind MNIST-C's corruptions and behind halftones.

    Writes data/results/corruptions-NETWORK-sSEED.json; a killed run goes on.
    architecture: trained on originals, on each halftone and on both.  n: validation digits.
    """
    rows_of = partial(of_corruptions, n=n)
    return grid.of_every_training("corruptions", architecture, seed, {"n": n}, rows_of)


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """What each network reads: architecture, seed, trained_on, shown, n, accuracy [%]."""
    table = tidy(found)
    table["accuracy"] = 100 * table["n_correct"] / table["n"]
    return table[["architecture", "seed", "trained_on", "shown", "n", "accuracy"]]

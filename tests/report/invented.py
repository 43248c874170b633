"""Results that nobody measured, for tables and sentences whose numbers are known."""

from pathlib import Path

import pandas as pd

from halftone_utils.results import store, table
from halftone_utils.studies import batch_statistics

NOTHING = table.experiments(Path("nowhere"))


def made_up(
    train_on="original", n_train=55_000, n=10_000, *, seed=0, architecture="lenet", **right
):
    """The observations of one network at 256 pixels: right answers by test set."""
    stem = f"{architecture}-256-{train_on}-n{n_train}-s{seed}"
    row = {"stem": stem, "architecture": architecture, "size": 256, "train_on": train_on}
    row |= {"seed": seed, "n_train": n_train, "n": n}
    lines = [{**row, "shown": k.replace("_", "-"), "n_correct": v} for k, v in right.items()]
    return pd.DataFrame(lines)


def adapted(seed, right, n=100, n_train=55_000, shown=batch_statistics.SHOWN):
    """A result of ResNet18: 10 read with its own statistics, `right` with new ones."""
    counts = (("of training", 10), ("of what is shown", right))
    rows = [
        {"shown": name, "statistics": statistics, "n": n, "n_correct": k}
        for name in shown
        for statistics, k in counts
    ]
    config = {"architecture": "resnet18", "train_on": "original", "seed": seed, "size": 32}
    config |= {"n_train": n_train, "n_adapt": 50}
    return store.Result(study="batch statistics", stem=f"r-s{seed}", config=config, rows=rows)

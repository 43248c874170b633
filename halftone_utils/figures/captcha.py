"""The pictures of CAPTCHAs' results."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from halftone_utils.figures.basic import SERIES, WIDTH
from halftone_utils.results.intervals import summary
from halftone_utils.results.store import Result
from halftone_utils.results.table import tidy


def learning_curves(trained: Sequence[Result]) -> Figure:
    """Percent read whole against labelled samples, a line a scheme, with Wilson's intervals.

    trained: what `crnn.load` gives, one or more.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 3.4))
    table = tidy(trained)
    table = table[table["shown"] == table["scheme"]].sort_values("n_train", kind="stable")
    for k, (scheme, own) in enumerate(table.groupby("scheme", sort=False)):
        read = [summary([counts]) for counts in zip(own["n_correct"], own["n"], strict=True)]
        middle, low, high = np.array([(share.mean, share.low, share.high) for share in read]).T
        colour, marker, dash = SERIES[k % len(SERIES)]
        look: dict[str, Any] = {"color": colour, "marker": marker, "ls": dash, "ms": 7}
        around = np.maximum(0, (middle - low, high - middle))
        axes.errorbar(own["n_train"], middle, yerr=around, capsize=3, label=scheme, **look)
    axes.set(xlabel="labelled CAPTCHAs it was trained on", xscale="log", ylim=(-2, 102))
    axes.set_ylabel(f"read whole, % of {table['n'].max()} others")
    sizes = [*table["n_train"].unique()]
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    axes.legend(loc="best")
    return figure

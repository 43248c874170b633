"""The pictures of CAPTCHAs' results."""

from collections.abc import Sequence

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
        middle = np.array([share.mean for share in read])
        around = (middle - [share.low for share in read], [share.high for share in read] - middle)
        colour, marker, dash = SERIES[k % len(SERIES)]
        axes.errorbar(
            own["n_train"],
            middle,
            yerr=np.maximum(0, around),
            color=colour,
            marker=marker,
            ls=dash,
            capsize=3,
            ms=7,
            label=scheme,
        )
    axes.set(
        xscale="log",
        xlabel="labelled CAPTCHAs it was trained on",
        ylim=(-2, 102),
        ylabel=f"read whole, % of {table['n'].max()} others",
    )
    sizes = [*table["n_train"].unique()]
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    axes.legend(loc="best")
    return figure

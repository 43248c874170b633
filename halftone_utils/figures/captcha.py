"""The pictures of CAPTCHAs' results."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from halftone_utils.figures.basic import SERIES, WIDTH
from halftone_utils.report.captcha_tables import share


def learning_curves(trained: Sequence[Mapping]) -> Figure:
    """Percent read whole against labelled samples, a line a scheme, with Wilson's intervals.

    trained: what `crnn.load` gives.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 3.4))
    schemes = list(dict.fromkeys(result["scheme"] for result in trained))
    for k, scheme in enumerate(schemes):
        own = sorted((r for r in trained if r["scheme"] == scheme), key=lambda r: r["n"])
        middle, low, high = np.array([share(r["tests"][scheme]) for r in own]).T
        around = np.maximum(0, (middle - low, high - middle))
        colour, marker, dash = SERIES[k % len(SERIES)]
        axes.errorbar(
            [r["n"] for r in own],
            middle,
            yerr=around,
            color=colour,
            marker=marker,
            ls=dash,
            capsize=3,
            ms=7,
            label=scheme,
        )
    tested = trained[0]["tests"][trained[0]["scheme"]]["n"] if trained else 0
    axes.set(
        xscale="log",
        xlabel="labelled CAPTCHAs it was trained on",
        ylim=(-2, 102),
        ylabel=f"read whole, % of {tested} others",
    )
    sizes = sorted({result["n"] for result in trained})
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    if schemes:
        axes.legend(loc="best")
    return figure

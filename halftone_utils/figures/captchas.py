"""The pictures of what CAPTCHAs withstand: the ladder, and its price against ease of reading."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from halftone_utils.figures.basic import SERIES, WIDTH

KINDS = {  # families of schemes: what a legend calls them, and their place in SERIES
    "corner": ("no halftone", 2),
    "screen": ("screen", 0),
    "style": ("by style transfer", 1),
    "iso-tone": ("one tone, another texture", 3),
    "iso-dipole": ("one tone and power spectrum", 4),
}


def ladder(read: pd.DataFrame) -> Figure:
    """What the best machine reads, as numbers on greys: a row a scheme, a column an attack.

    read: in percent; NaN, a dash, where nothing was measured.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.3 * len(read) + 0.7))
    axes.imshow(read.to_numpy(float), cmap="Greys", vmin=0, vmax=130, aspect="auto")
    for (i, j), percent in np.ndenumerate(read.to_numpy(float)):
        said = "–" if np.isnan(percent) else f"{percent:.1f}"
        axes.text(j, i, said, ha="center", va="center", color="white" if percent > 70 else "black")
    names = [name.replace(" of ", " of\n").replace("d ", "d\n") for name in read.columns]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(read)), [*read.index])
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    return figure


def prices(found: pd.DataFrame, attacks: Sequence[str]) -> Figure:
    """The price of breaking a scheme against how much of it is read, a mark a scheme.

    found: of `captcha_tables.prices`, a row a scheme.  attacks: what its prices count, cheapest
    first.  Schemes of one price lie side by side in one band; from each a dotted line goes down
    into the band of the price at which it begins to be read.
    """
    steps = [*attacks, "nothing tried\nwas enough"]
    rows = found.sort_values(["broken", "reader"], ascending=[True, False])
    sizes = [max(1, int((rows["broken"] == k).sum())) for k in range(len(steps))]
    ends = np.concatenate([[0.0], np.cumsum(np.array(sizes) + 0.6)])
    figure, axes = plt.subplots(figsize=(WIDTH, 0.21 * ends[-1] + 1.1))
    for k, (low, high) in enumerate(pairwise(ends)):
        axes.axhspan(low, high, color="#f0f0f0" if k % 2 == 0 else "white", zorder=0)
    place = [0] * len(steps)
    for scheme, row in rows.iterrows():
        label, series = KINDS[row["kind"]]
        colour, marker, _ = SERIES[series]
        y = ends[row["broken"]] + 0.8 + place[row["broken"]]
        place[row["broken"]] += 1
        look: dict[str, Any] = {"color": colour, "zorder": 3}
        axes.plot([row["low"], row["high"]], [y, y], lw=1.2, **look)
        axes.plot(row["reader"], y, marker, ms=8, label=label, **look)
        axes.plot(row["people"], y, marker, ms=8, mfc="white", **look)
        if row["begun"] < row["broken"]:
            reach = [ends[row["begun"] + 1] - 0.2, y]
            axes.plot([row["reader"]] * 2, reach, lw=1.5, ls=":", **look)
        left = row["reader"] > 50
        at, ha = (row["low"] - 1.5, "right") if left else (row["high"] + 1.5, "left")
        axes.text(at, y, str(scheme), ha=ha, va="center", fontsize=9)
    axes.set_yticks((ends[:-1] + ends[1:]) / 2, steps)
    axes.set(xlim=(-3, 103), ylim=(0, ends[-1]))
    axes.set_xlabel(
        "read whole by one reader, a vision-language model, % of 50  (hollow: by people)"
    )
    axes.set_ylabel("what an attacker must have to read half of it")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    handles = {text: line for line, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend([*handles.values()], [*handles], loc="outside upper center", ncols=len(handles))
    return figure

"""The pictures of photographs: a halftone near and from afar, with what a network says."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils.figures.basic import (
    DPI,
    SERIES,
    WIDTH,
    dots_with_intervals,
    draw_image,
    exact_grid,
)
from halftone_utils.results.intervals import wilson


def near_and_afar(
    photograph: Tensor, halftone: Tensor, small: Tensor, said: Sequence[str]
) -> Figure:
    """A halftone, the same reduced, and the photograph, each over what is said of it.

    (C, H, W) in [0, 1]; each pixel is one dot.  said: of the halftone, of the small one, of the
    photograph, any number of lines.
    """
    gap, below = 28, 20 + 17 * max(text.count("\n") + 1 for text in said)
    wide = halftone.shape[-1] + gap + photograph.shape[-1]
    high = max(halftone.shape[-2], small.shape[-2] + below + photograph.shape[-2]) + below
    figure = plt.figure(figsize=(wide / DPI, high / DPI), layout="none")
    right = halftone.shape[-1] + gap
    for image, x, y, text in (
        (halftone, 0, 0, said[0]),
        (photograph, right, 0, said[2]),
        (small, right, photograph.shape[-2] + below, said[1]),
    ):
        height, width = image.shape[-2:]
        place = figure.add_axes((x / wide, (high - y - height) / high, width / wide, height / high))
        draw_image(place, image)
        figure.text(
            (x + width / 2 if width > 200 else x) / wide,
            (high - y - height - 6) / high,
            text,
            ha="center" if width > 200 else "left",
            va="top",
            fontsize=10,
        )
    return figure


def wall(pictures: Tensor, answers: Sequence[str], rows: Sequence[str], columns: int) -> Figure:
    """Many small pictures (N, C, H, W), each under what a network answers to it."""
    titles = ["\n".join(textwrap.wrap(answer, 10)[:2]) for answer in answers]
    return exact_grid(pictures, columns, titles=titles, row_labels=rows, gap=10)


def named(table: pd.DataFrame, chance: float) -> Figure:
    """Of the answers to each way, how many are meshes or cloths and how many are right.

    table: name, control, n, n_named, n_correct; a row a way.  chance: percent of the classes.
    """
    rows = (table["name"] + table["control"].map(lambda x: f": {x}" if x else "")).tolist()

    def shares(counted: str) -> list[tuple[float, float, float]]:
        both = zip(table[counted], table["n"], strict=True)
        return [(100 * k / n, *(100 * bound for bound in wilson(k, n))) for k, n in both]

    series = {"a mesh or a cloth": shares("n_named"), "right": shares("n_correct")}
    return dots_with_intervals(rows, series, xlabel="of the answers, %", chance=chance)


def from_afar(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Read right, of how many, against the side to which pictures are reduced; a panel a table.

    tables: title -> name, side [px], n, n_correct; a line a name, Wilson's interval a shade.
    """
    figure, places = plt.subplots(1, len(tables), figsize=(WIDTH, 3.8), sharey=True, squeeze=False)
    for place, (title, table) in zip(places[0], tables.items(), strict=True):
        for k, (name, rows) in enumerate(table.groupby("name", sort=False)):
            colour, marker, dash = SERIES[k % len(SERIES)]
            ordered = rows.sort_values("side")
            bounds = [wilson(k, n) for k, n in zip(ordered["n_correct"], ordered["n"], strict=True)]
            low, high = 100 * np.array(bounds).T
            x = ordered["side"].to_numpy()
            place.plot(x, ordered["accuracy"], dash, color=colour, marker=marker, ms=5, label=name)
            if k < 2:  # more shades than two hide each other
                place.fill_between(x, low, high, color=colour, alpha=0.12, lw=0)
        place.set(title=title, xscale="log", ylim=(-2, 102), xlabel="reduced to a side of, px")
        ticks = sorted({*table["side"]})[::2]
        place.set_xticks(ticks, [str(tick) for tick in ticks])
        place.minorticks_off()
        place.invert_xaxis()
        place.legend(fontsize=8)
    places[0, 0].set_ylabel("read right, %")
    return figure

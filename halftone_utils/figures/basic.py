"""Every picture of the report: takes data, returns a matplotlib Figure, changes nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

STYLE = Path(__file__).with_name("page.mplstyle")  # of all figures, for `plt.style.use`
DPI = 100  # dots per inch, as the style has it
WIDTH = 9.0  # inches: the width of a page
SERIES = (  # for lines that are no architecture: colour, marker, dash
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#333333", "^", ":"),
    ("#009e73", "D", "-."),
    ("#cc79a7", "P", "-"),
    ("#56b4e9", "v", "--"),
)


def draw_image(axes: Axes, image: Tensor, title: str = "", size: float = 9) -> None:
    """Draw one image (1, H, W) or (H, W) in [0, 1], black to white, or (3, H, W) in colour."""
    pixels = image.detach().cpu().numpy().squeeze()
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title, fontsize=size)


def label_left(axes: Axes, text: str, size: float, x: float) -> None:
    """Write what a row of pictures shows, left of its first one, at x widths of it."""
    axes.text(x, 0.5, text, transform=axes.transAxes, ha="right", va="center", fontsize=size)


def equation(
    images: Sequence[Tensor], signs: Sequence[str], captions: Sequence[str], side: float = 2.1
) -> Figure:
    """Pictures with signs between them, as on the talk's slides: x + pattern = x'.

    images: (C, H, W) each, in [0, 1].  signs: one fewer, drawn between them.
    captions: one below each, any number of lines.  side: of a picture, in inches.
    """
    gap, below = 0.46 * side, 0.25 + 0.19 * max(caption.count("\n") + 1 for caption in captions)
    width, height = len(images) * side + len(signs) * gap, side + below
    figure = plt.figure(figsize=(width, height), layout="none")
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        x = i * (side + gap)
        place = figure.add_axes((x / width, below / height, side / width, side / height))
        draw_image(place, image)
        figure.text((x + side / 2) / width, (below - 0.08) / height, caption, ha="center", va="top")
        if i:
            x, y = (x - gap / 2) / width, (below + side / 2) / height
            figure.text(x, y, signs[i - 1], ha="center", va="center", fontsize=13)
    return figure


def curves(
    x: Sequence[float],
    lines: Mapping[str, Sequence],
    *,
    xlabel: str,
    ylabel: str,
    chance: float | None = None,
) -> Figure:
    """Lines over a common x, by name: y, or (y, low, high) whose band is shaded."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    spacing = max(1, len(x) // 16)
    for (name, y), (colour, marker, dash) in zip(lines.items(), SERIES, strict=False):
        if isinstance(y, tuple):
            y, low, high = y
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(x, y, dash, color=colour, marker=marker, ms=5, markevery=spacing, label=name)
    if chance is not None:
        axes.axhline(chance, color="grey", lw=1, ls=":")
        axes.text(x[0], chance, "chance", ha="left", va="top", fontsize=9)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


def exact_grid(
    images: Tensor,
    columns: int,
    titles: Sequence[str] | None = None,
    scale: float = 1,
    row_labels: Sequence[str] | None = None,
    gap: int = 14,
) -> Figure:
    """Images (N, 1, H, W), each pixel drawn as scale x scale dots: resampling a halftone lies.

    titles: one an image, or one a column.  row_labels: one a row, left of it.
    gap: dots between two images.
    """
    rows = -(-len(images) // columns)
    titles = [*(titles or ()), *[""] * len(images)][: len(images)]
    high, wide = (side * scale for side in images.shape[2:])
    in_rows = [titles[r * columns : (r + 1) * columns] for r in range(rows)]
    tops = [max(10 + 16 * (t.count("\n") + 1) if t else 0 for t in row) for row in in_rows]
    longest = max(map(len, "\n".join(row_labels or ()).split("\n")))
    left = 28 + 7 * longest if row_labels else 0
    width, height = left + columns * (wide + gap), rows * (high + gap) + sum(tops)
    figure = plt.figure(figsize=(width / DPI, height / DPI), layout="none")
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        x = left + column * (wide + gap)
        y = height - row * (high + gap) - sum(tops[: row + 1]) - high
        place = figure.add_axes((x / width, y / height, wide / width, high / height))
        draw_image(place, image, titles[i])
        if row_labels and column == 0:
            x, y = (left - 10) / width, (y + high / 2) / height
            figure.text(x, y, row_labels[row], ha="right", va="center", fontsize=9)
    return figure


def dots_with_intervals(
    rows: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float, float]]],
    *,
    xlabel: str,
    chance: float | None = 10,
) -> Figure:
    """Measured shares as dots with intervals, a row a condition, a marker a series.

    series: name -> one (share, low, high) a row, in percent; NaN where nothing was measured.
    chance: percent, where a dotted line stands.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.36 * len(rows) + 1.0))
    for k, (name, values) in enumerate(series.items()):
        colour, marker, _ = SERIES[k]
        y = np.arange(len(rows)) + 0.24 * (k - (len(series) - 1) / 2)
        middle, low, high = np.array(values).T
        around = np.maximum(0, (middle - low, high - middle))  # rounding may take an end past it
        look: dict[str, Any] = {"fmt": marker, "color": colour, "ms": 7, "capsize": 3, "lw": 1.4}
        filled = colour if k == 0 else "white"
        axes.errorbar(middle, y, xerr=around, mfc=filled, label=name, **look)
    if chance is not None:
        axes.axvline(chance, color="grey", lw=1, ls=":")
    axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel, xlim=(-1, 101))
    axes.invert_yaxis()
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=len(series))
    return figure

"""Every picture of the report: takes data, returns a matplotlib Figure, changes nothing."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

STYLE = {  # one sheet for all: 8 pt and more at the size shown, no colour that grey print loses
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "image.interpolation": "nearest",
    "lines.linewidth": 1.8,
    "legend.frameon": False,
}
WIDTH = 9.0  # inches: the width of a page
SERIES = (  # for lines that are no architecture: colour, marker, dash
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#333333", "^", ":"),
    ("#009e73", "D", "-."),
    ("#cc79a7", "P", "-"),
    ("#56b4e9", "v", "--"),
)


def use_style() -> None:
    """Make the project's style the one of all figures that follow."""
    plt.rcParams.update(STYLE)


def draw_image(axes: Axes, image: Tensor, title: str = "", size: float = 9) -> None:
    """Draw one image (1, H, W) or (H, W) in [0, 1], black to white, or (3, H, W) in colour."""
    pixels = image.detach().cpu().numpy().squeeze()
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title, fontsize=size)


def image_grid(
    images: Tensor,
    columns: int,
    titles: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    cell: float | None = None,
) -> Figure:
    """A sheet of images (N, 1, H, W), row by row.

    titles: one an image, or one a column.  row_labels: one a row, left of it.
    cell: side of an image in inches (default: the page's width shared out).
    """
    rows = -(-len(images) // columns)
    cell = cell or WIDTH / columns
    height = rows * cell * (1.2 if titles else 1.0) + 0.1
    figure, axes = plt.subplots(rows, columns, figsize=(columns * cell, height), squeeze=False)
    for i, place in enumerate(axes.flat):
        place.set_axis_off()
        if i < len(images):
            per_image = titles is not None and len(titles) == len(images)
            title = titles[i] if titles and (per_image or i < columns) else ""
            draw_image(place, images[i], title)
    for row, label in enumerate(row_labels or ()):
        axes[row, 0].text(
            -0.08, 0.5, label, transform=axes[row, 0].transAxes, ha="right", va="center", fontsize=9
        )
    return figure


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
            sign = signs[i - 1]
            figure.text(
                (x - gap / 2) / width,
                (below + side / 2) / height,
                sign,
                ha="center",
                va="center",
                fontsize=13,
            )
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
    for (name, y), (colour, marker, dash) in zip(lines.items(), SERIES, strict=False):
        if isinstance(y, tuple):
            y, low, high = y
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        spacing = max(1, len(x) // 16)
        axes.plot(x, y, dash, color=colour, marker=marker, ms=5, markevery=spacing, label=name)
    if chance is not None:
        axes.axhline(chance, color="grey", lw=1, ls=":")
        axes.text(x[0], chance, "chance", ha="left", va="top", fontsize=9)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


def readings(counts: Sequence[int], right: int, *, xlabel: str, ylabel: str) -> Figure:
    """How often each of the ten digits is read, as bars with their counts; `right` in grey."""
    figure, axes = plt.subplots(figsize=(WIDTH, 2.7))
    colours = ["#bbbbbb" if k == right else SERIES[0][0] for k in range(len(counts))]
    bars = axes.bar(range(len(counts)), counts, color=colours, zorder=2)
    axes.bar_label(bars, fontsize=9)
    axes.set(xticks=range(len(counts)), xlabel=xlabel, ylabel=ylabel)
    axes.grid(axis="x", visible=False)
    return figure


def exact_grid(
    images: Tensor,
    columns: int,
    titles: Sequence[str] | None = None,
    scale: int = 1,
    row_labels: Sequence[str] | None = None,
) -> Figure:
    """Images (N, 1, H, W), each pixel drawn as scale x scale dots: resampling a halftone lies.

    titles: one an image, or one a column.  row_labels: one a row, left of it.
    """
    rows, dpi, gap = -(-len(images) // columns), STYLE["figure.dpi"], 14
    titles = [*(titles or ()), *[""] * len(images)][: len(images)]
    high, wide = (side * scale for side in images.shape[2:])
    lines = [
        max(t.count("\n") + 1 if t else 0 for t in titles[r * columns : (r + 1) * columns])
        for r in range(rows)
    ]
    tops = [10 + 16 * n if n else 0 for n in lines]
    left = 84 if row_labels else 0
    width, height = left + columns * (wide + gap), rows * (high + gap) + sum(tops)
    figure = plt.figure(figsize=(width / dpi, height / dpi), layout="none")
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        x = left + column * (wide + gap)
        y = height - row * (high + gap) - sum(tops[: row + 1]) - high
        place = figure.add_axes((x / width, y / height, wide / width, high / height))
        draw_image(place, image, titles[i])
        if row_labels and column == 0:
            figure.text(
                (left - 10) / width,
                (y + high / 2) / height,
                row_labels[row],
                ha="right",
                va="center",
                fontsize=9,
            )
    return figure


def spectra(powers: Mapping[str, Tensor], rulings: Mapping[str, float]) -> Figure:
    """Power spectra (H, W), zero frequency in the middle, each in decibels over its own mean.

    rulings: of screens, in pixels per cell, by the same names; the ring of each is drawn.
    """
    figure, axes = plt.subplots(1, len(powers), figsize=(WIDTH, 2.9), sharey=True)
    for place, (name, power) in zip(axes, powers.items(), strict=True):
        decibel = 10 * np.log10(np.maximum((power / power.mean()).numpy(), 1e-9))
        shown = place.imshow(decibel, cmap="gray", vmin=-20, vmax=20, extent=(-0.5, 0.5, -0.5, 0.5))
        if name in rulings:
            ring = 1 / rulings[name]
            place.add_patch(plt.Circle((0, 0), ring, fill=False, ec="#d55e00", ls="--"))
        ends = (-0.5, 0, 0.5)
        place.set(title=name, xlabel="cycles per pixel", xticks=ends, yticks=ends)
        place.grid(False)
    axes[0].set_ylabel("cycles per pixel")
    figure.colorbar(shown, ax=axes, label="power, dB over its mean", shrink=0.7)
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
        axes.errorbar(
            middle,
            y,
            xerr=around,
            fmt=marker,
            color=colour,
            ms=7,
            capsize=3,
            lw=1.4,
            mfc="white" if k else colour,
            label=name,
        )
    if chance is not None:
        axes.axvline(chance, color="grey", lw=1, ls=":")
    axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel, xlim=(-1, 101))
    axes.invert_yaxis()
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=len(series))
    return figure

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
COLOURS = {"lenet": "#0072b2", "alexnet": "#d55e00"}  # Okabe & Ito 2008
MARKERS = {"lenet": "o", "alexnet": "s"}
NAMES = {"lenet": "LeNet", "alexnet": "AlexNet"}
SERIES = (  # for lines that are no architecture: colour, marker, dash
    ("#0072b2", "o", "-"),
    ("#d55e00", "s", "--"),
    ("#333333", "^", ":"),
    ("#009e73", "D", "-."),
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
    widths = [1.0] + [0.36, 1.0] * len(signs)
    lines = 1 + max(caption.count("\n") for caption in captions)
    figure, axes = plt.subplots(
        1, len(widths), figsize=(side * sum(widths), side + 0.2 + 0.2 * lines), width_ratios=widths
    )
    for place in axes:
        place.set_axis_off()
    for place, image, caption in zip(axes[::2], images, captions, strict=True):
        draw_image(place, image)
        place.text(0.5, -0.04, caption, transform=place.transAxes, ha="center", va="top",
                   fontsize=10)  # fmt: skip
    for place, sign in zip(axes[1::2], signs, strict=True):
        place.text(0.5, 0.5, sign, ha="center", va="center", fontsize=13)
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
        axes.text(x[-1], chance, "chance", ha="right", va="bottom", fontsize=9)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
    return figure


def readings(counts: Sequence[int], right: int, *, xlabel: str, ylabel: str) -> Figure:
    """How often each of the ten digits is read, as bars with their counts; `right` in grey."""
    figure, axes = plt.subplots(figsize=(WIDTH, 2.7))
    colours = ["#bbbbbb" if k == right else SERIES[0][0] for k in range(len(counts))]
    axes.bar_label(axes.bar(range(len(counts)), counts, color=colours), fontsize=9)
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

    titles: one an image.  row_labels: one a row, left of it.
    """
    rows, gap, dpi = -(-len(images) // columns), 14, STYLE["figure.dpi"]
    high, wide = (side * scale for side in images.shape[2:])
    left, top = 84 if row_labels else 0, 36 if titles else 0
    width, height = left + columns * (wide + gap), rows * (high + top + gap)
    figure = plt.figure(figsize=(width / dpi, height / dpi), layout="none")
    for i, image in enumerate(images):
        x = left + i % columns * (wide + gap)
        y = height - (i // columns) * (high + top + gap) - top - high
        place = figure.add_axes((x / width, y / height, wide / width, high / height))
        draw_image(place, image, titles[i] if titles else "")
        if row_labels and i % columns == 0:
            place.text(-10, high / scale / 2, row_labels[i // columns] + " ", ha="right",
                       va="center", fontsize=9)  # fmt: skip
    return figure


def spectra(powers: Mapping[str, Tensor], ruling: float | None = None) -> Figure:
    """Power spectra (H, W), zero frequency in the middle, on one logarithmic scale of 40 dB.

    ruling: of the screen, in pixels per cell; the ring of its frequency is drawn.
    """
    figure, axes = plt.subplots(1, len(powers), figsize=(WIDTH, 2.9), sharey=True)
    top = max(float(p.max()) for p in powers.values())
    for place, (name, power) in zip(axes, powers.items(), strict=True):
        decibel = 10 * np.log10(np.maximum(power.numpy() / top, 1e-9))
        shown = place.imshow(decibel, cmap="gray", vmin=-40, vmax=0, extent=(-0.5, 0.5, -0.5, 0.5))
        if ruling:
            place.add_patch(plt.Circle((0, 0), 1 / ruling, fill=False, ec="#d55e00", ls="--"))
        place.set(title=name, xlabel="cycles per pixel", xticks=(-0.5, 0, 0.5), yticks=(-0.5, 0, 0.5))
        place.grid(False)
    axes[0].set_ylabel("cycles per pixel")
    figure.colorbar(shown, ax=axes, label="power, dB below the highest", shrink=0.8)
    return figure


def dots_with_intervals(
    rows: Sequence[str], series: Mapping[str, Sequence[tuple[float, float, float]]], *, xlabel: str
) -> Figure:
    """Measured shares as dots with intervals, a row a condition, a marker a series.

    series: name -> one (share, low, high) a row, in percent.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.36 * len(rows) + 1.0))
    for k, (name, values) in enumerate(series.items()):
        colour, marker, _ = SERIES[k]
        y = np.arange(len(rows)) + 0.24 * (k - (len(series) - 1) / 2)
        middle, low, high = np.array(values).T
        axes.errorbar(middle, y, xerr=(middle - low, high - middle), fmt=marker, color=colour,
                      mfc="white" if k else colour, ms=7, capsize=3, lw=1.4, label=name)  # fmt: skip
    axes.axvline(10, color="grey", lw=1, ls=":")
    axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel, xlim=(0, 101))
    axes.invert_yaxis()
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=len(series))
    return figure

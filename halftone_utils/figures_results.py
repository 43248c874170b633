"""The pictures of results: tables as dots, curves, confusions, the report's first picture."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils.figures import COLOURS, MARKERS, NAMES, WIDTH, draw_image


def strength_curve(curve: dict, chosen: int, target: float | None = None) -> Figure:
    """Accuracy against iterations, mean and range over seeds: as they are, and integrated."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.4), sharey=True)
    titles = ("read as they are", f"read after visual integration (σ = {curve['sigma']:g} px)")
    for place, part, title in zip(axes, ("correct", "integrated"), titles, strict=True):
        for architecture, runs in curve[part].items():
            accuracy = 100 * np.array(list(runs.values())) / curve["n"]
            steps = np.arange(accuracy.shape[1])
            colour = COLOURS[architecture]
            place.plot(steps, accuracy.mean(0), color=colour, marker=MARKERS[architecture],
                       markersize=4, markevery=max(1, len(steps) // 12),
                       label=f"{NAMES[architecture]}, {len(runs)} seeds")  # fmt: skip
            place.fill_between(steps, accuracy.min(0), accuracy.max(0), color=colour, alpha=0.2)
        place.axvline(chosen, color="black", lw=1, ls="--")
        place.text(chosen, 2, f" talk: {chosen}", fontsize=9)
        place.axhline(10, color="grey", lw=1, ls=":")
        place.set(xlabel="iterations of style transfer", title=title, ylim=(0, 101))
    if target is not None:
        axes[0].axhline(target, color="grey", lw=1)
        axes[0].text(steps[-1], target + 1, f"the talk's LeNet, {target} %", ha="right", fontsize=8)
    axes[0].set_ylabel(f"accuracy, % of {curve['n']:,} validation digits")
    axes[0].legend(loc="upper right" if target is None else "lower left")
    return figure


def confusion(axes: Axes, matrix: np.ndarray, title: str) -> None:
    """Rows: the digit; columns: what it is read as; counts (10, 10), the right ones in grey."""
    wrong = matrix.astype(float).copy()
    np.fill_diagonal(wrong, 0)
    axes.imshow(wrong, cmap="Oranges", vmin=0)
    for (i, j), count in np.ndenumerate(matrix):
        if count:
            colour = "grey" if i == j else ("white" if wrong[i, j] > wrong.max() / 2 else "black")
            axes.text(j, i, str(count), ha="center", va="center", fontsize=8, color=colour)
    axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="digit", title=title)
    axes.grid(False)


def confusions(matrices: Mapping[str, np.ndarray]) -> Figure:
    """Confusion matrices side by side, by title."""
    figure, axes = plt.subplots(1, len(matrices), figsize=(WIDTH, 4.6), squeeze=False)
    for place, (title, matrix) in zip(axes[0], matrices.items(), strict=True):
        confusion(place, matrix, title)
    return figure


def per_class(recalls: Mapping[str, np.ndarray]) -> Figure:
    """Share of each digit that is read right, in percent, a marker an architecture."""
    figure, axes = plt.subplots(figsize=(WIDTH, 2.9))
    for k, (architecture, recall) in enumerate(recalls.items()):
        x = np.arange(10) + 0.12 * (k - (len(recalls) - 1) / 2)
        axes.plot(x, recall, MARKERS[architecture], ms=8, color=COLOURS[architecture],
                  label=NAMES[architecture])  # fmt: skip
    axes.axhline(10, color="grey", lw=1, ls=":")
    axes.set(xticks=range(10), xlabel="digit", ylabel="read right, %", ylim=(0, 101))
    axes.legend(ncols=2, loc="lower right")
    return figure


def cells(rows: Sequence[dict]) -> Figure:
    """The table as dots: ours with its interval, the talk's beside it.

    rows: {"label", "architecture", "summary" (of `experiments.summarise`), "talk"}.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.42 * len(rows) + 0.9))
    for i, row in enumerate(rows):
        summary, y = row["summary"], len(rows) - 1 - i
        if summary:
            half = summary["sd"] or 0
            axes.errorbar(summary["mean"], y, xerr=half, fmt=MARKERS[row["architecture"]],
                          color=COLOURS[row["architecture"]], ms=8, capsize=4)  # fmt: skip
        if row["talk"] is not None:
            axes.plot(row["talk"], y, "|", ms=16, mew=3, color="black")
    axes.plot([], [], "|", ms=12, mew=3, color="black", label="the talk, 2018")
    axes.errorbar([], [], xerr=[], fmt="o", color="grey", label="here, mean ± sd over seeds")
    axes.axvline(10, color="grey", lw=1, ls=":")
    axes.set(yticks=range(len(rows)), yticklabels=[row["label"] for row in reversed(rows)],
             xlabel="accuracy on 10,000 test digits, %  (dotted: chance)", xlim=(0, 101),
             ylim=(-0.6, len(rows) - 0.4))  # fmt: skip
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.0))
    return figure


def hero(
    images: Tensor, halftones: Tensor, integrated: Tensor, readings: Sequence[str], caption: str
) -> Figure:
    """The first picture: digits, their halftones, the halftones from afar; and what is read.

    images, halftones, integrated: (N, 1, H, W).  readings: under each halftone.
    """
    n = len(images)
    figure, axes = plt.subplots(3, n, figsize=(WIDTH, 3 * WIDTH / n * 1.16 + 0.4))
    labels = ("digit", "halftone", "halftone\nfrom afar")
    for row, (batch, label) in enumerate(zip((images, halftones, integrated), labels, strict=True)):
        for place, image in zip(axes[row], batch, strict=True):
            draw_image(place, image)
        axes[row, 0].text(-0.12, 0.5, label, transform=axes[row, 0].transAxes, ha="right",
                          va="center", fontsize=10)  # fmt: skip
    for place, reading in zip(axes[1], readings, strict=True):
        place.text(0.5, -0.05, reading, transform=place.transAxes, ha="center", va="top",
                   fontsize=10)  # fmt: skip
    figure.suptitle(caption, fontsize=11)
    return figure

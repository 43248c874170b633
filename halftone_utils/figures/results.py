"""The pictures of results: tables as dots, curves, confusions, the report's first picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from halftone_utils.figures.basic import SERIES, WIDTH, draw_image, label_left
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results.intervals import Summary, summary
from halftone_utils.results.store import Result
from halftone_utils.results.table import curve, lower_envelope, tidy


def strength_curve(found: Result, chosen: float, target: float | None = None) -> Figure:
    """Accuracy against iterations or alpha/beta, mean and range over seeds, in two panels.

    In the left one the halftones are read as they are, in the right one from afar.
    found: of the study "strength" or "weights".  chosen: where the talk's value is marked.
    target: percent that the talk's LeNet reads.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.6), sharey=True)
    titles = ("read as they are", f"read from afar (σ = {found.config['sigma']:.3g} px)")
    for place, from_afar, title in zip(axes, (False, True), titles, strict=True):
        _lines_of_networks(place, curve(found, from_afar))
        place.axhline(10, color="grey", lw=1, ls=":")
        place.axvline(chosen, color="black", lw=1, ls="--")
        if found.study == "weights":
            place.set(xlabel="α/β  (left: more style)", xscale="log")
            place.text(chosen, 2, " talk", fontsize=9)
        else:
            place.set(xlabel="iterations of style transfer")
            place.text(chosen, 2, f" talk: {chosen}", fontsize=9)
        place.set(title=title, ylim=(0, 101))
    if target is not None:
        last = found.config["iterations"]
        axes[0].axhline(target, color="grey", lw=1)
        axes[0].text(last, target + 1, f"the talk's LeNet, {target} %", ha="right", fontsize=8)
    axes[0].set_ylabel(f"accuracy, % of {found.config['n']:,} validation digits")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=6)
    return figure


def _lines_of_networks(place: Axes, accuracies: pd.DataFrame) -> None:
    for architecture in accuracies.columns.unique("architecture"):
        of_seeds, row = pd.DataFrame(accuracies[architecture]), ARCHITECTURES[architecture]
        look: dict[str, Any] = {"color": row.colour, "marker": row.marker, "ms": 4}
        look["markevery"] = max(1, len(of_seeds) // 12)
        look["label"] = row.printed + f", {of_seeds.shape[1]} seeds" * (of_seeds.shape[1] > 1)
        place.plot(of_seeds.mean(axis=1), **look)
        low, high = of_seeds.min(axis=1), of_seeds.max(axis=1)
        place.fill_between(of_seeds.index, low, high, color=row.colour, alpha=0.2)


def confusions(matrices: Mapping[str, np.ndarray]) -> Figure:
    """Confusion matrices side by side, by title: counts (10, 10), digit by reading."""
    figure, axes = plt.subplots(1, len(matrices), figsize=(WIDTH, 4.6), squeeze=False)
    for place, (title, matrix) in zip(axes[0], matrices.items(), strict=True):
        wrong = np.where(np.eye(10), 0.0, matrix)
        place.imshow(wrong, cmap="Oranges", vmin=0)
        for (i, j), count in np.ndenumerate(matrix):
            colour = "grey" if i == j else ("white" if wrong[i, j] > wrong.max() / 2 else "black")
            place.text(j, i, str(count or ""), color=colour, ha="center", va="center", fontsize=8)
        place.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="digit", title=title)
        place.grid(False)
    return figure


def per_class(recalls: Mapping[str, np.ndarray]) -> Figure:
    """Share of each digit that is read right, in percent, a marker an architecture."""
    figure, axes = plt.subplots(figsize=(WIDTH, 2.9))
    for k, (architecture, recall) in enumerate(recalls.items()):
        x, row = np.arange(10) + 0.12 * (k - (len(recalls) - 1) / 2), ARCHITECTURES[architecture]
        axes.plot(x, recall, row.marker, ms=8, color=row.colour, label=row.printed)
    axes.axhline(10, color="grey", lw=1, ls=":")
    axes.set(xticks=range(10), xlabel="digit", ylabel="read right, %", ylim=(0, 101))
    axes.legend(ncols=2, loc="lower right")
    return figure


def protocols(
    rows: Mapping[str, Mapping[str, Mapping[str, Summary | None]]],
    talk: Mapping[str, Mapping[str, Mapping[str, float | None]]],
) -> Figure:
    """The table as dots: a panel a size, a row a protocol, a marker an architecture.

    rows: title of a panel -> label, the same of each panel -> architecture ->
    `results.table.summarise`.  talk: title -> label, in bold -> architecture -> percent, drawn
    beside.
    """
    labels = [*next(iter(rows.values()))]
    figure, axes = plt.subplots(
        1, len(rows), figsize=(WIDTH, 0.72 * len(labels) + 1.5), sharey=True, squeeze=False
    )
    for place, (title, of_size) in zip(axes[0], rows.items(), strict=True):
        for i, label in enumerate(labels[::-1]):
            _dots_of_a_row(place, i, of_size[label], talk.get(title, {}).get(label, {}))
            if i:
                place.axhline(i - 0.5, color="grey", lw=0.5)
        place.axvline(10, color="grey", lw=1, ls=":")
        place.set(xlim=(0, 101), title=title, xlabel="accuracy, %  (dotted: chance)")
        place.grid(axis="y", visible=False)
    axes[0, 0].set(yticks=range(len(labels)), yticklabels=labels[::-1])
    axes[0, 0].set(ylim=(-0.5, len(labels) - 0.5), ylabel="trained / tested")
    of_talk = {label for of_size in talk.values() for label in of_size}
    for text in axes[0, 0].get_yticklabels():
        text.set_fontweight("bold" if text.get_text() in of_talk else "normal")
    shown = {name for of_size in rows.values() for of_row in of_size.values() for name in of_row}
    for row in (x for name, x in ARCHITECTURES.items() if name in shown):
        axes[0, 0].plot([], [], row.marker, ms=7, color=row.colour, label=row.printed)
    if talk:
        axes[0, 0].plot([], [], "|", ms=11, mew=2.5, color="black", label="the talk, 2018")
    figure.legend(loc="outside upper center", ncols=7)
    return figure


def _dots_of_a_row(
    place: Axes,
    middle: float,
    found: Mapping[str, Summary | None],
    said: Mapping[str, float | None],
) -> None:
    """A mark and a bar an architecture, about a height; the talk's; or that there are none."""
    for k, name in enumerate(found):
        y, row = middle - 0.11 * (k - (len(found) - 1) / 2), ARCHITECTURES[name]
        if (of_talk := said.get(name)) is not None:
            place.plot(of_talk, y, "|", ms=11, mew=2.5, color="black")
        if summary := found[name]:
            place.plot(summary.interval, [y, y], color=row.colour, lw=1.5)
            place.plot(summary.mean, y, row.marker, ms=6.5, color=row.colour)
    if not any(found.values()):
        place.text(50, middle, "not measured", ha="center", va="center", color="grey", fontsize=8)


PRIORS = {0: "of these pictures", 16: "mixed: training counts as 16 pictures more"}  # N of a row


def batch_parts(found: Result) -> Figure:
    """What new batch statistics give back: of how many pictures, and in which layers.

    found: of the study "batch parts".  Left, accuracy against the number of pictures, mean and
    range over draws; right, behind `strong`, with the first k layers' statistics new, or the k-th
    layer's only.
    """
    table, n = tidy([found]), found.config["n"]
    table["accuracy"] = 100 * table["n_correct"] / table["n"]
    own = table[table["statistics"] == "of training"].set_index("shown")["accuracy"]
    whole = table[table["first"].isna() & table["only"].isna() & table["moments"].isna()]
    left, right = (figure := plt.figure(figsize=(WIDTH, 4.2))).subplots(1, 2, sharey=True)
    sets = (("halftone-talk", "talk", "#0072b2"), ("halftone-strong", "strong", "#d55e00"))
    for shown, printed, colour in sets:
        left.axhline(own[shown], color=colour, lw=1, ls=":")
        here = whole[(whole["shown"] == shown) & (whole["statistics"] == shown)]
        for (prior, mixed), dash in zip(PRIORS.items(), ("-", "--"), strict=True):
            draws = here[here["prior"] == prior].groupby("n_adapt")["accuracy"]
            label, look = f"{printed}, {mixed}", {"color": colour, "ls": dash}
            left.plot(draws.mean(), marker="o", ms=4, label=label, **look)
            left.fill_between(draws.min().index, draws.min(), draws.max(), color=colour, alpha=0.1)
    left.set(xscale="log", xlabel="pictures without a label", ylim=(0, 101))
    sizes = [int(size) for size in whole["n_adapt"].dropna().unique()]
    left.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)
    left.minorticks_off()
    left.set_ylabel(f"accuracy, % of {n:,} validation digits")
    for column, label, look in (
        ("first", "the first k layers", {"marker": "o"}),
        ("only", "only the k-th layer", {"marker": "s", "ls": "", "mfc": "none"}),
    ):
        layers = table.dropna(subset=[column]).set_index(column)["accuracy"]
        right.plot(layers, color=sets[1][2], ms=4, label=f"strong, {label}", **look)
    right.axhline(own["halftone-strong"], color=sets[1][2], lw=1, ls=":")
    depth = int(table["first"].max())
    right.set(xlabel=f"k, of {depth} batch normalizations")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    printed = ARCHITECTURES[found.config["network"]["architecture"]].printed
    figure.suptitle(f"{printed} with new batch statistics (dotted: those of training)", fontsize=10)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, handlelength=3.5)
    return figure


FAMILIES = {  # kinds of redrawings: label, colour, marker; a kind without a row is another screen
    "am": ("clustered-dot screens", "#0072b2", "o"),
    "other screens": ("Bayer, blue noise, Floyd-Steinberg", "#56b4e9", "s"),
    "style transfer": ("style transfer", "#d55e00", "^"),
    "no dots": ("same tone range, no dots", "#009e73", "D"),
    "random dots": ("random dots", "#333333", "x"),
    "noise": ("Gaussian noise", "#999999", "+"),
}
ENVELOPES = {  # families whose frontier is drawn as one line: colour
    ("am", "other screens", "style transfer"): "#0072b2",
    ("random dots", "noise"): "#333333",
}


def frontier(
    points: Mapping[str, pd.DataFrame], legible: float, chosen: Mapping[str, Any]
) -> Figure:
    """Network accuracy against legibility for the model observer, a panel an architecture.

    points: architecture -> `frontier.shares`.  chosen: parameters of `strong`, circled.
    The lines are the frontiers of halftones and of what is random.
    """
    rows = -(-len(points) // 3)
    figure, axes = plt.subplots(
        rows, 3, figsize=(WIDTH, 2.9 * rows + 0.5), sharex=True, sharey=True, squeeze=False
    )
    for place in axes.flat[len(points) :]:
        place.set_axis_off()
    for i, (architecture, shares) in enumerate(points.items()):
        place = axes.flat[i]
        place.tick_params(labelbottom=i + 3 >= len(points))  # the lowest panel of its column
        _frontier_panel(place, shares[shares["kind"] != "original"], chosen)
        place.axvline(legible, color="grey", lw=1, ls="--")
        place.axhline(10, color="grey", lw=1, ls=":")
        place.set(title=ARCHITECTURES[architecture].printed, ylim=(0, 101))
    read = f"legibility: % that the model observer reads (dashed: {legible:g})"
    figure.supxlabel(read, fontsize=10)
    figure.supylabel("network accuracy, %  (dotted: chance)", fontsize=10)
    handles = axes.flat[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3)
    return figure


def _frontier_panel(place: Axes, shares: pd.DataFrame, chosen: Mapping[str, Any]) -> None:
    family = shares["kind"].where(shares["kind"].isin([*FAMILIES]), "other screens")
    for name, (label, colour, marker) in FAMILIES.items():
        here = shares[family == name]
        place.plot(here["legibility"], here["accuracy"], marker, color=colour, ms=6, label=label)
    for group, colour in ENVELOPES.items():
        here = shares[family.isin(group)]
        line = lower_envelope([*zip(here["legibility"], here["accuracy"], strict=True)])
        if line:
            place.step(*zip(*line, strict=True), where="pre", color=colour, lw=1, alpha=0.7)
    circled = shares[[p == dict(chosen) for p in shares["parameters"]]]
    place.plot(circled["legibility"], circled["accuracy"], "o", ms=13, mfc="none", mec="black")


def agreement(both: np.ndarray, p: np.ndarray, architectures: Sequence[str]) -> Figure:
    """Shared mistakes in percent, and McNemar's p, for every pair of architectures: (k, k)."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 4.3))
    titles = ("of the digits either misreads, both do, %", "exact McNemar test, log10 p")
    for place, values, title in zip(axes, (both, p), titles, strict=True):
        shown = place.imshow(values, cmap="Blues" if place is axes[0] else "Blues_r")
        for (i, j), value in np.ndenumerate(values):
            if i != j:
                r, g, b, _ = shown.cmap(shown.norm(value))
                colour = "white" if 0.3 * r + 0.6 * g + 0.1 * b < 0.5 else "black"
                place.text(j, i, round(value), color=colour, ha="center", va="center", fontsize=9)
        names = [ARCHITECTURES[a].printed for a in architectures]
        place.set_xticks(range(len(names)), names, rotation=30, ha="right")
        place.set_yticks(range(len(names)), names)
        place.set(title=title)
        place.grid(False)
    return figure


def talk_pairs(
    found: Mapping[str, Sequence[tuple[float, float]]], talk: tuple[float, float]
) -> Figure:
    """What a LeNet and an AlexNet of one training read at one dose of style transfer, a dot a pair.

    found: kind of network or training -> (LeNet, AlexNet) [%].  talk: the pair that is looked for.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 5.4))
    for (label, both), (colour, marker, _) in zip(found.items(), SERIES, strict=False):
        look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 5, "alpha": 0.7}
        axes.plot(*np.reshape(both, (-1, 2)).T, ls="", label=label, **look)
    axes.plot([0, 100], [0, 100], color="grey", lw=1, ls=":")
    axes.plot(*talk, "*", ms=18, mfc="none", mec="black", mew=1.5, label="the talk, 2018")
    axes.set(xlabel="read by LeNet, %", ylabel="read by AlexNet, %", xlim=(0, 101), ylim=(0, 101))
    axes.set_aspect("equal")
    axes.legend(loc="upper left")
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
        label_left(axes[row, 0], label, 10, -0.12)
    for place, reading in zip(axes[1], readings, strict=True):
        place.text(0.5, -0.05, reading, transform=place.transAxes, ha="center", va="top")
    figure.suptitle(caption, fontsize=11)
    return figure


def learning_curves(trained: Sequence[Result]) -> Figure:
    """Percent of CAPTCHAs read whole over labelled samples, with Wilson's intervals.

    trained: what `crnn.load` gives, one or more; each scheme is a line.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.7, 3.4))
    table = tidy(trained)
    table = table[table["shown"] == table["scheme"]].sort_values("n_train", kind="stable")
    for k, (scheme, own) in enumerate(table.groupby("scheme", sort=False)):
        read = [summary([counts]) for counts in zip(own["n_correct"], own["n"], strict=True)]
        middle, low, high = np.array([(share.mean, share.low, share.high) for share in read]).T
        colour, marker, dash = SERIES[k % len(SERIES)]
        look: dict[str, Any] = {"color": colour, "marker": marker, "ls": dash, "ms": 7}
        around = np.maximum(0, (middle - low, high - middle))
        axes.errorbar(own["n_train"], middle, yerr=around, capsize=3, label=scheme, **look)
    axes.set(xlabel="labelled CAPTCHAs it was trained on", xscale="log", ylim=(-2, 102))
    axes.set_ylabel(f"read whole, % of {table['n'].max()} others")
    sizes = [*table["n_train"].unique()]
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    axes.legend(loc="best")
    return figure

"""The pictures of predictions: what noise tells of halftones, what it does not, and recipes."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from halftone_utils.digits.sets import TEST_SETS
from halftone_utils.figures.basic import WIDTH
from halftone_utils.networks.architectures import ARCHITECTURES


def prediction(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Accuracy behind redrawings over what the channel predicts, a panel an architecture.

    tables: architecture -> kind, control, test, predicted, accuracy [%], a row a redrawing.
    A thin line leads from style transfer to its change with random phases.
    """
    rows = -(-len(tables) // 3)
    figure, axes = plt.subplots(
        rows, 3, figsize=(WIDTH, 3.0 * rows + 0.5), sharex=True, sharey=True, squeeze=False
    )
    for place in axes.flat[len(tables) :]:
        place.set_axis_off()
    for place, (architecture, table) in zip(axes.flat, tables.items(), strict=False):
        place.plot([10, 100], [10, 100], color="grey", lw=1)
        itself, transfer = table["control"] == "", table["kind"] == "style transfer"
        screens = itself & ~transfer
        groups = {
            "screens of the frontier": (screens & ~table["test"], "#999999", "+"),
            "screens kept for the test": (screens & table["test"], "#0072b2", "o"),
            "style transfer": (itself & transfer, "#d55e00", "^"),
            "its change, random phases": (
                (table["control"] == "random phases") & transfer,
                "#d55e00",
                "v",
            ),
        }
        for k, (label, (which, colour, marker)) in enumerate(groups.items()):
            here, face = table[which], "white" if k == 3 else colour
            place.plot(
                here["predicted"],
                here["accuracy"],
                marker,
                color=colour,
                mfc=face,
                ms=5,
                label=label,
            )
        ends = (table[which] for which, *_ in [*groups.values()][2:])
        for (_, a), (_, b) in zip(*(end.iterrows() for end in ends), strict=True):
            place.plot(
                [a["predicted"], b["predicted"]],
                [a["accuracy"], b["accuracy"]],
                color="#d55e00",
                lw=0.7,
                zorder=0,
            )
        place.set(title=ARCHITECTURES[architecture].printed, xlim=(8, 101), ylim=(0, 101))
    figure.supxlabel(
        "accuracy that the channel, measured with noise alone, predicts, %", fontsize=10
    )
    figure.supylabel("accuracy measured, %", fontsize=10)
    figure.legend(
        *axes.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=9
    )
    return figure


CONTROLS = {  # what stands in for a halftone's change: label, colour, marker, dash
    "": ("the halftone itself", "#d55e00", "^", "-"),
    "of another digit": ("the change of another digit", "#0072b2", "o", "--"),
    "random phases in windows": ("random phases, window by window", "#009e73", "D", "-."),
    "random phases": ("random phases", "#333333", "s", ":"),
    "sign turned": ("sign turned", "#cc79a7", "P", "-"),
}


def excess(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Accuracy behind style transfer and behind its controls over iterations, a panel a network.

    tables: architecture -> control, iterations, accuracy [%], a row a seed; mean and range.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(WIDTH, 3.5), sharey=True, squeeze=False)
    for place, (architecture, table) in zip(axes[0], tables.items(), strict=True):
        for control, (label, colour, marker, dash) in CONTROLS.items():
            of_seeds = table[table["control"] == control].groupby("iterations")["accuracy"]
            place.plot(of_seeds.mean(), dash, color=colour, marker=marker, ms=5, label=label)
            low, high = of_seeds.min(), of_seeds.max()
            place.fill_between(low.index, low, high, color=colour, alpha=0.15)
        place.axhline(10, color="grey", lw=1, ls=":")
        place.set(title=ARCHITECTURES[architecture].printed, xlabel="iterations", ylim=(0, 101))
    axes[0, 0].set_ylabel("read right, % of validation digits")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def recipes(table: pd.DataFrame) -> Figure:
    """What networks read behind two halftones, by how they were trained; a dot a seed.

    table: architecture, change (of the recipe, in words), shown, accuracy [%].
    """
    table = table.sort_values(
        "architecture", key=lambda a: a.map([*ARCHITECTURES].index), kind="stable"
    )
    rows = [*dict.fromkeys(zip(table["architecture"], table["change"], strict=True))]
    figure, places = plt.subplots(1, 2, figsize=(WIDTH, 0.25 * len(rows) + 1.2), sharey=True)
    for place, (shown, of_set) in zip(places, table.groupby("shown", sort=False), strict=True):
        for i, (architecture, recipe) in enumerate(rows):
            row = ARCHITECTURES[architecture]
            here = of_set[(of_set["architecture"] == architecture) & (of_set["change"] == recipe)]
            look: dict[str, Any] = {"color": row.colour, "marker": row.marker, "ls": "", "ms": 5}
            place.plot(here["accuracy"], [i] * len(here), **look, alpha=0.6)
            place.plot(here["accuracy"].mean(), i, "|", color=row.colour, ms=13, mew=2)
        place.set(title=TEST_SETS[str(shown)].description, xlim=(0, 101), xlabel="read right, %")
        place.axvline(10, color="grey", lw=1, ls=":")
    places[0].set_yticks(range(len(rows)), [f"{ARCHITECTURES[a].printed}: {r}" for a, r in rows])
    places[0].invert_yaxis()
    return figure

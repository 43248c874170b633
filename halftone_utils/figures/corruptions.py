"""The picture of corruptions: where halftones stand among those of MNIST-C."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from halftone_utils.figures.basic import WIDTH
from halftone_utils.networks.architectures import ARCHITECTURES


def corruptions(table: pd.DataFrame, trained_on: str = "original") -> Figure:
    """Accuracy behind corruptions and halftones, the worst first; a panel a network.

    table: architecture, seed, trained_on, shown, n, accuracy [%].  The mark is the mean over seeds,
    with its number beside it, the line their range; halftones are filled, corruptions hollow.
    """
    table = table[table["trained_on"] == trained_on]
    by_network = table.groupby(["shown", "architecture"])["accuracy"]
    mean, low, high = (getattr(by_network, of)().unstack() for of in ("mean", "min", "max"))
    order = mean.mean(axis=1).sort_values().index
    names = [name for name in ARCHITECTURES if name in mean.columns]
    figure, places = plt.subplots(
        1, len(names), figsize=(WIDTH, 0.25 * len(order) + 1.1), sharey=True, squeeze=False
    )
    halftones = [str(shown).startswith("halftone-") for shown in order]
    for place, name in zip(places[0], names, strict=True):
        row = ARCHITECTURES[name]
        for y, (shown, is_halftone) in enumerate(zip(order, halftones, strict=True)):
            x = mean.loc[shown, name]
            place.plot([low.loc[shown, name], high.loc[shown, name]], [y, y], color=row.colour)
            filled = row.colour if is_halftone else "white"
            place.plot(x, y, row.marker, color=row.colour, mfc=filled, ms=6)
            left = x > 50
            offset, align = ((-7, 0), "right") if left else ((7, 0), "left")
            edge = low.loc[shown, name] if left else high.loc[shown, name]
            place.annotate(
                f"{x:.0f}",
                (edge, y),
                offset,
                textcoords="offset points",
                ha=align,
                va="center",
                fontsize=8,
                fontweight="bold" if is_halftone else "normal",
            )
        place.axvline(10, color="grey", lw=1, ls=":")
        place.set(title=row.printed, xlim=(-1, 103))
    places[0, 0].set_yticks(
        range(len(order)), [str(shown).removeprefix("halftone-") for shown in order]
    )
    for label, is_halftone in zip(places[0, 0].get_yticklabels(), halftones, strict=True):
        label.set_fontweight("bold" if is_halftone else "normal")
    places[0, 0].invert_yaxis()
    n = "/".join(f"{n:,}" for n in sorted({*table["n"]}))
    figure.supxlabel(f"read right, % of {n} validation digits (dotted: chance)", fontsize=10)
    return figure

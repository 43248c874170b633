"""The pictures of channels: what passes of a screen's noise, and what networks see from afar."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from halftone_utils.figures.basic import SERIES, WIDTH
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results.store import Result
from halftone_utils.results.table import tidy
from halftone_utils.screens.spectra import Band

EYE = "#999999"  # the observer's colour


def _middles(bands: Sequence[Band]) -> np.ndarray:
    return np.sqrt(np.prod(bands, axis=1))


def noise_spectra(
    spectra: Mapping[str, Sequence[float]],
    bands: Sequence[Band],
    channels: Mapping[str, Sequence[float]],
    of_channels: Sequence[Band],
    sigma: float,
) -> Figure:
    """Noise power of screens per octave, over the channels that it meets.

    spectra: name -> mean square per octave in each of `bands` [cycles/px].
    channels: architecture -> threshold [rms] in each of `of_channels`; drawn is the power that it
    lets pass, 1 / threshold^2, over its greatest.
    sigma: of the observer's blur [px], whose power transfer is drawn beside them.
    """
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(WIDTH, 6.2), sharex=True, height_ratios=(3, 2)
    )
    for (name, power), (colour, marker, dash) in zip(spectra.items(), SERIES, strict=False):
        shown = np.maximum(power, 1e-9)
        above.plot(_middles(bands), shown, dash, color=colour, marker=marker, ms=4, label=name)
    above.set(yscale="log", ylim=(1e-5, 1), ylabel="noise power per octave\n(black to white = 1)")
    above.legend(loc="upper left", ncols=2)
    f = np.geomspace(bands[0][0], of_channels[-1][1], 200)
    below.fill_between(f, np.exp(-((2 * np.pi * sigma * f) ** 2)), color=EYE, alpha=0.4, lw=0)
    below.plot([], [], color=EYE, lw=6, alpha=0.4, label=f"the observer's blur, σ = {sigma:g} px")
    edges = np.array([low for low, _ in of_channels] + [of_channels[-1][1]])
    for name, thresholds in sorted(channels.items(), key=lambda of: [*ARCHITECTURES].index(of[0])):
        row, passes = ARCHITECTURES[name], 1 / np.square(thresholds)
        below.stairs(passes / passes.max(), edges, baseline=None, color=row.colour, lw=1.8)
        look: dict[str, Any] = {
            "color": row.colour,
            "marker": row.marker,
            "ls": "",
            "ms": 6,
            "label": row.printed,
        }
        below.plot(_middles(of_channels), passes / passes.max(), **look)
    below.set(ylim=(0, 1.05), ylabel="power let through\n(share of greatest)")
    below.set_xlabel("cycles per pixel")
    below.set_xscale("log", base=2)
    ticks = [2.0**k for k in range(-5, 0)]
    below.set_xticks(ticks, [f"1/{round(1 / x)}" for x in ticks])
    below.set_xlim(bands[0][0], of_channels[-1][1])
    figure.legend(*below.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def places(
    table: pd.DataFrame, pictures: Tensor, legible: pd.DataFrame, bands: Sequence[Band]
) -> Figure:
    """Noise of one power in one band after another: what it looks like, and who reads through it.

    table: reader ("observer" or an architecture), seed, band (its place among bands [cycles/px]),
    accuracy [%]; a line a reader, mean and range of its seeds.
    pictures: (bands, 1, H, W) in [0, 1], one a band, small.
    legible: of two-tone redrawings family, passed (power over the digit's), and accuracy [%] of the
    observer; drawn at the right.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 4.4), sharey=True, width_ratios=(5, 3)
    )
    drawn = [("observer", "model observer", EYE, "s", 4.0)]
    drawn += [(a, row.printed, row.colour, row.marker, 1.4) for a, row in ARCHITECTURES.items()]
    for reader, printed, colour, marker, width in drawn:
        of_seeds = table[table["reader"] == reader].groupby("band")["accuracy"]
        if of_seeds.ngroups:
            look: dict[str, Any] = {"color": colour, "marker": marker, "ms": 5, "lw": width}
            left.plot(of_seeds.mean(), label=printed, **look)
            low, high = of_seeds.min(), of_seeds.max()
            left.fill_between(low.index, low, high, color=colour, alpha=0.15, lw=0)
    for k, picture in enumerate(pictures[:, 0, :, :, None].expand(-1, -1, -1, 3).numpy()):
        image = OffsetImage(picture, zoom=2, interpolation="nearest", dpi_cor=False)
        left.add_artist(AnnotationBbox(image, (k, 113), frameon=False, pad=0))
    left.set_xticks(range(len(bands)), [f"{1 / f:.3g}" for f in _middles(bands)])
    left.set(xlabel="period of the noise, px", ylabel="read right, %", ylim=(0, 125))
    left.set_yticks(range(0, 101, 20))
    for (family, of), (colour, marker, _) in zip(
        legible.groupby("family", sort=False), SERIES, strict=False
    ):
        right.plot(of["passed"], of["accuracy"], marker, color=colour, ms=5, label=family)
    right.set(xscale="log", xlabel="noise that passes the observer's blur,\nover the digit's power")
    right.legend(fontsize=8, title="read by the observer", title_fontsize=9, loc="lower left")
    for place in (left, right):
        place.axhline(10, color="grey", lw=1, ls=":")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=7)
    return figure


SETS_AFAR = {  # sets seen from afar: label, dash
    "original": ("originals", ":"),
    "halftone-talk": ("halftones at talk", "--"),
    "halftone-strong": ("halftones at strong", "-"),
}
READ_OUT = {  # what tones are read of: label, dash
    "continuous": ("continuous patches", ":"),
    "screens": ("their halftones", "-"),
    "random": ("random dots", "-."),
    "screens, untrained": ("halftones, random weights", "--"),
}


def distances(found: Sequence[Result]) -> Figure:
    """Accuracy against the eye's blur, and the illusion index beneath; a column a network.

    found: of the study "distance".  Lines are means over seeds, shades their range.
    """
    rows = _of_networks(found)
    rows["percent"] = 100 * rows["n_correct"] / rows["n"]
    rows["illusion"] = rows["illusion"].eq(True)
    networks = [name for name in ARCHITECTURES if name in {*rows["network"]}]
    figure, axes = _columns(networks, 2)
    for column, network in zip(axes.T, networks, strict=True):
        for place, illusion in zip(column, (False, True), strict=True):
            of = rows[(rows["network"] == network) & (rows["illusion"] == illusion)]
            for shown, (_, dash) in SETS_AFAR.items():
                _over_seeds(place, of[of["shown"] == shown], ("sigma", "percent"), network, dash)
        column[0].axhline(10, color="grey", lw=0.8)
        column[1].set_xlabel("σ of the blur, px")
    axes[0, 0].set_ylabel("read right, %  (grey: chance)")
    axes[1, 0].set_ylabel("illusions, %: wrong near,\nright from afar")
    for row in axes:
        row[0].set_ylim(-2, 102)
    _legend(figure, SETS_AFAR.values())
    return figure


def tones(found: Sequence[Result]) -> Figure:
    """Error of the tone read out of each layer, and how alike features are; a column a network.

    found: of the study "tones".  Lines are means over screens and seeds, shades the seeds' range.
    Grey: 0.1, and what always answering with the middle tone errs by.
    """
    rows = _of_networks(found)
    untrained = rows["untrained"].eq(True).map({True: ", untrained", False: ""})
    kinds = rows["kind"].where(rows["kind"].isna() | (rows["kind"] == "random"), "screens")
    rows["of"] = kinds.fillna("continuous") + untrained
    networks = [*dict.fromkeys(rows["network"])]
    networks.sort(key=lambda name: [*ARCHITECTURES, name].index(name))
    figure, axes = _columns(networks, 2)
    for column, network in zip(axes.T, networks, strict=True):
        means = rows[rows["network"] == network].groupby(["of", "seed", "layer"])
        means = means[["error", "cosine", "cosine_other"]].mean().reset_index()
        for name, (_, dash) in READ_OUT.items():
            _over_seeds(column[0], means[means["of"] == name], ("layer", "error"), network, dash)
        screens = means[(means["of"] == "screens") & (means["layer"] > 0)]
        for what, dash in (("cosine", "-"), ("cosine_other", ":")):
            _over_seeds(column[1], screens, ("layer", what), network, dash)
        for y in (0.1, 0.25):
            column[0].axhline(y, color="grey", lw=0.8)
        column[1].set_xlabel("layer (0: pixels)")
        column[1].xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set(yscale="log", ylim=(1e-3, 3), ylabel="mean error of the tone read")
    axes[1, 0].set(
        ylim=(0, 1.02), ylabel="cosine of halftones' features with\ntheir tone's (dotted: others')"
    )
    _legend(figure, READ_OUT.values())
    return figure


def _look(network: str) -> tuple[str, str]:
    """Printed name and colour; features of a VGG are drawn as the VGG is."""
    row = ARCHITECTURES[network.removesuffix("-features")]
    return row.printed + " (ImageNet)" * network.endswith("-features"), row.colour


def _of_networks(found: Sequence[Result]) -> pd.DataFrame:
    """Rows of results that are of one network each, with columns `network` and `seed`."""
    rows = tidy(found)
    of = rows["network"]
    said = {"network": [x["architecture"] for x in of], "seed": [x["seed"] for x in of]}
    return rows.assign(**said)


def _columns(networks: Sequence[str], rows: int) -> tuple[Figure, np.ndarray]:
    figure, axes = plt.subplots(
        rows,
        len(networks),
        figsize=(WIDTH, 2.6 * rows + 0.4),
        sharex="col",
        sharey="row",
        squeeze=False,
    )
    for place, network in zip(axes[0], networks, strict=True):
        place.set_title(_look(network)[0])
    return figure, axes


def _over_seeds(
    place: Axes, rows: pd.DataFrame, axes: tuple[str, str], network: str, dash: str
) -> None:
    """A line of the mean over seeds and a shade of their range, of two columns of rows."""
    x, y = axes
    of_seeds, colour = rows.groupby(x)[y], _look(network)[1]
    place.plot(of_seeds.mean(), dash, color=colour, marker=".", ms=5)
    low, high = of_seeds.min(), of_seeds.max()
    place.fill_between(low.index, low, high, color=colour, alpha=0.15, lw=0)


def _legend(figure: Figure, lines: Iterable[tuple[str, str]]) -> None:
    """What the dashes mean, whatever the colour."""
    handles = [Line2D([], [], color="black", ls=dash, label=label) for label, dash in lines]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))

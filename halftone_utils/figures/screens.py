"""Pictures of many screens side by side: takes data, returns a matplotlib Figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils.digits import datasets, photographs
from halftone_utils.engine.files import ROOT
from halftone_utils.figures.basic import SERIES, WIDTH, exact_grid
from halftone_utils.screens import KINDS, SPOTS, halftone, map_tone, ramp

How = tuple[str, Mapping[str, Any]]  # a kind of screen, and its arguments
FAMILIES: Mapping[str, Mapping[str, How]] = {  # a century of printing: family -> name -> how
    # cells wide enough for the shape of a dot to show
    "clustered dots": {f"AM {dot}": ("am", {"ruling": 6, "dot": dot}) for dot in SPOTS},
    "Bayer": {f"Bayer {n}×{n}": ("bayer", {"size": n}) for n in (2, 4, 8, 16)},
    "error diffusion": {
        "Floyd-Steinberg": ("floyd-steinberg", {}),
        "same, serpentine": ("floyd-steinberg", {"serpentine": True}),
        "Jarvis-Judice-Ninke": ("jarvis-judice-ninke", {}),
        "Stucki": ("stucki", {}),
        "Sierra": ("sierra", {}),
        "Atkinson": ("atkinson", {}),
    },
    "without a grid": {
        "blue noise": ("blue-noise", {}),
        "direct binary search": ("direct-binary-search", {}),
        "random dots": ("random", {}),
    },
}
GALLERY = {name: how for family in FAMILIES.values() for name, how in family.items()}


def gallery(printed: Mapping[str, How]) -> Figure:
    """A sheet of screens by name, three in a row: a ramp above a photograph and a digit.

    A pixel is drawn as 2 x 2.  The digit's tones are 0.2 to 0.9, so that its ground has dots.
    """
    photograph = photographs.load("camera", 128)[..., 12:76, 28:92]
    digit = datasets.as_float(datasets.load("validation", 32, 1)[0])
    large = map_tone(F.interpolate(digit, scale_factor=2, mode="bilinear"), (0.2, 0.9))
    sheets = []
    for kind, arguments in printed.values():
        pictures = (ramp(132)[:, :, :16], photograph, large)
        strip, left, right = (halftone(x, kind, **arguments) for x in pictures)
        below = torch.cat([F.pad(left, (0, 4), value=1), right], 3)
        sheets.append(torch.cat([F.pad(strip, (0, 0, 0, 4), value=1), below], 2))
    return exact_grid(torch.cat(sheets), 3, list(printed), scale=2)


def draw_kinds(*kinds: str) -> Path:
    """Draw a ramp, a photograph and a digit behind each kind of screen; returns the file.

    kinds: of `screens.KINDS`, each with its defaults (default: all).
    """
    path = ROOT / "report" / "screens.png"
    path.parent.mkdir(exist_ok=True)
    gallery({kind: (kind, {}) for kind in kinds or KINDS}).savefig(path)
    return path


def spectrum_sheet(
    powers: Mapping[str, Tensor], columns: int = 6, rulings: Mapping[str, float] | None = None
) -> Figure:
    """Power spectra (H, W) by name, zero frequency in the middle, in decibels over their mean.

    Axes run from -1/2 to 1/2 cycles per pixel.
    rulings: of screens, in pixels per cell, by the same names; the ring of each is drawn.
    """
    rows = -(-len(powers) // columns)
    size = (WIDTH, rows * WIDTH / columns * 1.05)
    figure, axes = plt.subplots(
        rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="compressed"
    )
    for place in axes.flat[len(powers) :]:
        place.set_axis_off()
    for place, (name, power) in zip(axes.flat, powers.items(), strict=False):
        decibel = 10 * np.log10(np.maximum((power / power.mean()).numpy(), 1e-9))
        shown = place.imshow(decibel, cmap="gray", vmin=-20, vmax=20, extent=(-0.5, 0.5, -0.5, 0.5))
        place.set_title(name, fontsize=8)
        place.set_xticks((-0.5, 0, 0.5), ("−½", "0", "½"))
        place.set_yticks((-0.5, 0, 0.5), ("−½", "0", "½"))
        place.grid(False)
        if rulings and name in rulings:
            ring = plt.Circle((0, 0), 1 / rulings[name], fill=False, ec="#d55e00", ls="--")
            place.add_patch(ring)
    figure.supxlabel("cycles per pixel", fontsize=10)
    figure.supylabel("cycles per pixel", fontsize=10)
    figure.colorbar(shown, ax=axes, label="power, dB over its mean", shrink=0.8)
    return figure


def tone_curves(
    asked: Sequence[float], panels: Mapping[str, Mapping[str, Sequence[float]]]
) -> Figure:
    """Tone printed over tone asked for, a panel a family of screens, at most six lines in each."""
    figure, axes = plt.subplots(
        2, 2, figsize=(WIDTH, 9.2), sharex=True, sharey=True, layout="compressed"
    )
    for place, (family, lines) in zip(axes.flat, panels.items(), strict=True):
        place.axline((0, 0), slope=1, color="grey", lw=0.8, zorder=0)
        for k, (name, printed) in enumerate(lines.items()):
            colour, marker, dash = SERIES[k]
            look: dict[str, Any] = {"color": colour, "marker": marker, "ls": dash, "lw": 1.4}
            # markers of lines that coincide stand beside each other
            place.plot(asked, printed, ms=5, markevery=(2 * k, 12), label=name, **look)
        place.set_title(family)
        place.set_aspect("equal")
        place.legend(fontsize=8.5, loc="lower right", handlelength=3)
        place.set(xlabel="tone asked for (0 black, 1 white)", ylabel="share of white printed")
        place.label_outer()
    return figure

"""Do finer cells of the spectrum than half octaves tell more of what a network reads?

A channel in BANDS holds that all waves of half an octave are alike.  Here noise is measured in
quarter octaves, and in bands divided by orientation; and what each division predicts of the
screens of the channel's test is compared.  The prediction failed most at Bayer's screens, whose
residual is a few waves: so these are a cell of their own in one division, and the place of
Bayer's matrix, which is one for all pictures, is moved.  Those two were looked into after the
prediction of BANDS was seen to fail there.  Everything is measured on validation digits.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.files import DataError
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import spectra
from halftone_utils.screens.spectra import Band
from halftone_utils.screens.ways import Way
from halftone_utils.studies import channel, experiments, grid
from halftone_utils.studies.channel import Cell

QUARTERS: tuple[Band, ...] = (
    *((2 ** (k / 4), 2 ** ((k + 1) / 4)) for k in range(-20, -3)),
    (2**-0.75, 0.75),  # with the corner, the wave of a chessboard
)
SPACINGS = (2, 4)  # px, of Bayer's matrices of the test


def quarter_octaves(side: int) -> list[Cell]:
    """Bands of a quarter octave; the lowest, where no frequency lies in some, are fewer."""
    every = [({"band": [*band]}, spectra.in_band(side, band)) for band in QUARTERS]
    return [(name, kept) for name, kept in every if kept.any()]


def sectors(side: int, period: int) -> list[Cell]:
    """BANDS by orientation of their waves, see `spectra.in_sector`."""
    every = [
        ({**name, "orientation": degrees}, kept & spectra.in_sector(side, degrees, period))
        for name, kept in channel.cells(side)
        for degrees in range(0, period, 45)
    ]
    return [(name, kept) for name, kept in every if kept.any()]


def lattices(side: int) -> list[Cell]:
    """BANDS without the waves of patterns that repeat after SPACINGS, and these by spacing."""
    found: list[Cell] = []
    taken = torch.zeros(side, side, dtype=torch.bool)
    for spacing in SPACINGS:
        kept = spectra.on_lattice(side, spacing) & ~taken
        found.append(({"spacing": spacing}, kept))
        taken |= kept
    return [(name, kept & ~taken) for name, kept in channel.cells(side)] + found


DIVISIONS: dict[str, Callable[[int], list[Cell]]] = {
    "quarter octaves": quarter_octaves,
    "axes and diagonals": partial(sectors, period=90),
    "four orientations": partial(sectors, period=180),
    "lattices": lattices,
}


def cell_of(row: Mapping[str, Any]) -> tuple:
    """Which cell of its division a row of noise is of."""
    return (*row.get("band", ()), row.get("orientation"), row.get("spacing"))


def read_behind(found: Result) -> list[dict[str, Any]]:
    """The rows of a channel's result of `channel.test_screens()`, in their order.

    Raises DataError that says what to run if one is missing.
    """
    rows = {store.key_of(row): row for row in found.rows}
    keys = [
        store.key_of({"shown": "redrawing", **way.config, "test": True})
        for way in channel.test_screens()
    ]
    if not rows.keys() >= {*keys}:
        network = found.config["network"]
        raise DataError(
            f"{found.stem} has not all screens of the test yet: run "
            f"`halftone channel {network['architecture']} --seed {network['seed']}`."
        )
    return [rows[key] for key in keys]


def agreement(predicted: Sequence[float], rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How well shares predicted of rows agree with what was read; nothing is fitted.

    median_error: absolute [percentage points].  r2: a bias counts as error.  bayer: predicted
    minus read, mean of Bayer's screens [percentage points], where there are some.
    """
    read = np.array([row["n_correct"] / row["n"] for row in rows])
    off, is_bayer = np.array(predicted) - read, np.array([row["kind"] == "bayer" for row in rows])
    found = {
        "median_error": round(float(100 * np.median(abs(off))), 2),
        "r2": round(float(1 - (off**2).mean() / read.var()), 3),
    }
    if is_bayer.any():
        found["bayer"] = round(float(100 * off[is_bayer].mean()), 2)
    return found


def at_offsets(way: Way, images: Tensor) -> dict[tuple[int, int], Tensor]:
    """Pictures by a screen of Bayer whose matrix starts at each place in turn, (down, across)."""
    places = [(y, x) for y in range(way.parameters["size"]) for x in range(way.parameters["size"])]
    return {(y, x): way(images.roll((-y, -x), (2, 3))).roll((y, x), (2, 3)) for y, x in places}


def offset_rows(model: torch.nn.Module, way: Way, images: Tensor, labels: Tensor) -> list[dict]:
    """How many digits are read behind Bayer's matrix at each offset, and at one a picture."""
    drawn = at_offsets(way, images)
    places = np.random.default_rng(0).integers(len(drawn), size=len(images))
    mixed = torch.stack([*drawn.values()])[places, torch.arange(len(images))]
    of_way = {"shown": "redrawing", **way.config}
    shown = [({"control": "offset", "offset": [*place]}, x) for place, x in drawn.items()]
    shown.append(({"control": "offset a picture"}, mixed))
    return [
        {**of_way, **control, "n": len(labels), "n_correct": training.count_right(model, x, labels)}
        for control, x in shown
    ]


def divisions(architecture: str, *, seed: int = 0) -> Result:
    """What noise in finer cells of the spectrum tells of screens; Bayer's, with its matrix moved.

    Writes data/results/divisions-NETWORK-32-original-sSEED.json; a killed run goes on.
    architecture: trained on originals, its channel measured already, on the same digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    known = store.read(store.path_of(f"channel-{x.stem}"))
    behind, own = read_behind(known), channel.channel_of(known)
    stem, config = f"divisions-{x.stem}", known.config
    there = store.check(stem, config, [])
    pictures, labels = datasets.load("validation", 32, config["n"])
    images, model = as_float(pictures), experiments.ready(x)
    ways = channel.test_screens()
    drawn = [way(images) for way in ways]
    if there is None:
        rows = [
            row
            for way in ways
            if way.kind == "bayer"
            for row in offset_rows(model, way, images, labels)
        ]
        by_bands = agreement([row["predicted"] for row in behind], behind)
        there = store.record("divisions", stem, config, rows, measured={"half octaves": by_bands})
    for name, division in DIVISIONS.items():
        if name not in there.measured:
            cells = division(32)
            rows = [
                {"shown": "noise", "division": name, **row}
                for row in channel.noise_rows(model, images, labels, cells)
            ]
            found = channel.fit(rows, own.top, cell_of)
            predicted = [
                float(found.accuracy(channel.power_of(x, images, cells)).mean()) for x in drawn
            ]
            measured = {name: agreement(predicted, behind)}
            there = store.record("divisions", stem, config, rows, measured=measured)
    return there

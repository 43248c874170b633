"""The settings of `iso-dipole`, chosen on validation CAPTCHAs before a test CAPTCHA was read.

The rule: of the settings at which no solver reads more than LEFT of the validation CAPTCHAs,
whatever filter or map of energy comes first, the one that leaves an eye most (`legibility`).
Parities take no part in the choice: that they read the scheme is what it is there to show.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path

import torch

from halftone_utils.captcha import challenge, ladder, solvers, splits
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.engine import hardware
from halftone_utils.engine.files import RESULTS, ROOT, DataError, hash_of, sha256
from halftone_utils.engine.types import Bytes
from halftone_utils.results import store
from halftone_utils.results.store import Result

SCHEME = "iso-dipole"
CELLS, FLIPPED, ROTATE = (2.0, 3.0), (0.01, 0.03), (0.0, 20.0)
SETTINGS = [
    dict(zip(("cell", "flipped", "rotate"), values, strict=True))
    for values in product(CELLS, FLIPPED, ROTATE)
]
LEFT = 0.1  # of the validation CAPTCHAs, to a solver after its best treatment
SWEPT = ("descreening", "texture")


def legibility(cell: float, flipped: float, rotate: float) -> tuple[float, bool]:
    """What orders settings: contrast of parity times cells a pixel; of equals, the upright grid.

    The mean parity of the blocks within a stroke, seen as a signal in the spread of chance, is
    (1 - 2 flipped)^4 times the root of their number, which goes with 1 / cell.
    """
    return (1 - 2 * flipped) ** 4 / cell, not rotate


def pictures(setting: dict[str, float], n: int) -> tuple[Bytes, list[str]]:
    """The first n validation CAPTCHAs of the scheme in this setting, uint8, and their texts."""
    first = splits.FIRST_SEED["validation"]
    texts = challenge.random_texts(n, first)
    scheme = replace(SCHEMES[SCHEME], parameters={**SCHEMES[SCHEME].parameters, **setting})
    drawn = hardware.on_each_core(
        lambda pair: scheme(*pair), zip(texts, range(first, first + n), strict=True)
    )
    return (torch.cat(drawn) * 255).round().byte(), texts


def measure(n: int = splits.SPLITS["validation"], directory: Path = RESULTS) -> Result:
    """What every installed solver reads in every setting, after every filter and map of energy.

    n: validation CAPTCHAs.  Written as it comes; a killed run goes on where it stopped.
    Raises ValueError where the file is of other pictures.
    """
    names = solvers.installed()
    drawn = [(setting, *pictures(setting, n)) for setting in SETTINGS]
    shown = b"".join(images.numpy().tobytes() for _, images, _ in drawn)
    treatments = hash_of({rung: list(ladder.RUNGS[rung]) for rung in SWEPT})
    config = {"scheme": SCHEME, "n": n, "pictures": sha256(shown)[:16], "treatments": treatments}
    runs = [store.provenance(None, **{name: solvers.version(name) for name in names})]
    new = Result(study="dipole", stem="dipole-settings", config=config, rows=[], runs=runs)
    there = store.check(new.stem, config, [], directory) or new
    for setting, images, texts in drawn:
        for rung in SWEPT:
            for rows in ladder.sweep(there, rung, names, images, texts, **setting):
                there = store.grow(replace(new, rows=rows), directory)
    return there


def most_read(result: Result, setting: dict[str, float]) -> float:
    """The share of CAPTCHAs in a setting that the best solver reads after the best treatment."""
    return max(row["n_correct"] / row["n"] for row in result.where(**setting))


def chosen(result: Result) -> dict[str, float]:
    """The setting by the rule of this module.

    Raises DataError where none holds, or where a more legible one is not measured yet.
    """
    for setting in sorted(SETTINGS, key=lambda setting: legibility(**setting), reverse=True):
        if not result.where(**setting):
            raise DataError(f"{result.stem}: {setting} is not measured yet.")
        if most_read(result, setting) <= LEFT:
            return setting
    raise DataError(f"{result.stem}: no setting leaves solvers {LEFT:.0%} or less.")


def dipole(*, trial: bool = False) -> Result:
    """Measure iso-dipole in each setting on validation CAPTCHAs; add to dipole-settings.

    trial: 2 CAPTCHAs, into report/trial.
    """
    return measure(2, ROOT / "report" / "trial") if trial else measure()

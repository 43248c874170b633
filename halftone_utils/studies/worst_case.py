"""What networks read behind every screen, and behind the one that an attacker picks for a digit.

A network that is trained on a halftone reads that halftone; this asks for the others.  Screens that
nobody could read prove nothing, so a second count is of those alone that the model observer of
`frontier` reads (LEGIBLE percent or more, at the best of its blurs), as `strong` was chosen.
Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import product
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from halftone_utils import screens
from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.files import hash_of
from halftone_utils.networks import training
from halftone_utils.results.store import Result
from halftone_utils.results.table import tidy
from halftone_utils.screens.ways import Way
from halftone_utils.studies import channel, corruptions, frontier, grid

RULINGS = tuple(2 ** (1 + k / 2) for k in range(4))  # px a cell: 2 to 4 sqrt(2)
KNOWN = {  # the halftone that a network was trained on
    "halftone-talk": "halftone-talk",
    "both-talk": "halftone-talk",
    "halftone-strong": "halftone-strong",
}
EVERY, LEGIBLE = "every screen", "every legible screen"


@cache
def ways() -> tuple[Way, ...]:
    """Every kind of screen over two tone ranges; of clustered dots every shape, ruling and angle.

    One of them is `strong`.
    """
    from halftone_utils.screens import (
        transforms,
    )  # here: who reads results waits for no torchvision

    cells = product(screens.SPOTS, RULINGS, transforms.ANGLES.values())
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("am", {"ruling": ruling, "angle": angle, "dot": dot}) for dot, ruling, angle in cells
    ]
    kinds += [("bayer", {"size": size}) for size in (2, 4, 8, 16)]
    kinds += [(kind, {}) for kind in screens.KINDS if kind not in ("am", "bayer")]
    ranges = (points.load("strong", 32).tone_range, channel.RANGES[1])
    return tuple(
        Way(kind, partial(screens.halftone, kind=kind), {**arguments, "tone_range": tones})
        for tones, (kind, arguments) in product(ranges, kinds)
    )


def drawn(n: int) -> Iterator[tuple[dict[str, Any], Tensor, bool]]:
    """The first n validation digits behind each screen: its row, pictures, whether it is legible.

    Drawn and observed once, then kept.
    """
    for way, (pictures, legible) in zip(ways(), _observed(n), strict=True):
        yield {"shown": "screen", **way.config, **legible}, as_float(pictures), bool(legible)


@cache
def _observed(n: int) -> list[tuple[Tensor, dict[str, bool]]]:
    """Halftones, uint8, and what their row says of how the model observer reads them."""
    pictures, labels = datasets.load("validation", 32, n)
    observers = {blur: frontier.observer(32, blur) for blur in frontier.COMPARED[32]["blurs"]}
    found = []
    for way in ways():
        rows = frontier.observe(way, as_float(pictures), labels, observers)
        legible = max(row["n_correct"] for row in rows) * 100 >= frontier.LEGIBLE * n
        halftones = datasets.as_bytes(way(as_float(pictures)))
        found.append((halftones, {"legible": True} if legible else {}))
    return found


def rows_of(model: nn.Module, n: int) -> list[dict]:
    """What a network reads of digits, of halftones it may know, of each screen, and of every one.

    The last two rows are of the digits that are read behind every screen, and behind every legible
    one: what is left where an attacker picks the screen for each digit.
    """
    labels = datasets.load("validation", 32, n)[1]
    rows = corruptions.of_sets(model, n)
    of_all = {name: torch.ones(n, dtype=torch.bool) for name in (EVERY, LEGIBLE)}
    for row, images, legible in drawn(n):
        right = training.predict(model, images) == labels
        rows.append({**row, "n": n, "n_correct": int(right.sum())})
        of_all[EVERY] &= right
        if legible:
            of_all[LEGIBLE] &= right
    return rows + [{"shown": k, "n": n, "n_correct": int(v.sum())} for k, v in of_all.items()]


def worst_case(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """How many digits networks read behind each of many screens, and behind every one.

    Writes data/results/worst-case-NETWORK-sSEED.json; a killed run goes on.
    architecture: trained on originals, on each halftone and on both.  n: validation digits.
    """
    config = {"screens": hash_of([way.config for way in ways()]), "n": n}
    return grid.of_every_training("worst case", architecture, seed, config, partial(rows_of, n=n))


def behind_screens(found: Sequence[Result]) -> pd.DataFrame:
    """What each network reads behind each screen, a row each.

    Columns: architecture, seed, trained_on, kind, parameters, legible, accuracy [%].
    """
    table = tidy(found)
    table = table[table["shown"] == "screen"]
    table = table.assign(accuracy=100 * table["n_correct"] / table["n"])
    table["legible"] = table["legible"].eq(True)
    columns = ["architecture", "seed", "trained_on", "kind", "parameters", "legible", "accuracy"]
    return table[columns]


def readings(found: Sequence[Result], legible: bool = False) -> pd.DataFrame:
    """What each network reads at best and at worst, a row each, in percent.

    legible: of those screens alone that the model observer reads.
    Columns: architecture, seed, trained_on; original; known, the halftone that it was trained on,
    NaN where there is none; mean and worst over screens; name, the worst one's; every, the share of
    digits that it reads behind every screen.
    """
    rows = []
    for result in found:
        table = behind_screens([result])
        table = table[table["legible"]] if legible else table
        of_sets = {(row["trained_on"], row["shown"]): row for row in result.rows}
        for trained_on, screened in table.groupby("trained_on", sort=False):
            said = {
                "original": "original",
                "known": KNOWN.get(str(trained_on)),
                "every": LEGIBLE if legible else EVERY,
            }
            read = {k: of_sets.get((trained_on, shown)) for k, shown in said.items()}
            worst = screened.sort_values("accuracy", kind="stable").iloc[0]
            rows.append(
                {
                    **{key: result.config[key] for key in ("architecture", "seed")},
                    "trained_on": trained_on,
                    **{k: 100 * x["n_correct"] / x["n"] if x else None for k, x in read.items()},
                    "mean": screened["accuracy"].mean(),
                    "worst": worst["accuracy"],
                    "name": Way(worst["kind"], torch.clone, worst["parameters"]).name,
                }
            )
    return pd.DataFrame(rows)

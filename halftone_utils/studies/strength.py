"""How accuracy falls with the iterations, and with alpha/beta: behind the choice of a halftone.

Everything here is measured on validation digits.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.digits.points import StylePoint
from halftone_utils.engine.hardware import can_compile, fastest_precision
from halftone_utils.networks import training
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.results.talk import TALK
from halftone_utils.studies import grid
from halftone_utils.studies.experiments import trained

CHUNK = 512  # digits whose whole trajectories are held at a time

Models = dict[tuple[str, int], torch.nn.Module]  # by architecture and seed


def curve_rows(
    models: Models, point: StylePoint, drawn: Tensor, labels: Tensor, **at: float
) -> list[dict]:
    """Two rows a network: drawn halftones (N, 1, H, W) as they are, and from afar.

    Large pictures are read in the precision of the experiments' test sets.
    """
    rows = []
    for afar, pictures in ((False, drawn), (True, point.from_afar(drawn))):
        for (architecture, seed), model in models.items():
            right = training.count_right(model, pictures, labels, fast=point.size == 256)
            shown = {"architecture": architecture, "seed": seed, "from_afar": afar, **at}
            rows.append({**shown, "n": len(labels), "n_correct": right})
    return rows


def iteration_rows(point: StylePoint, models: Models, iterations: int, n: int) -> list[dict]:
    """Right answers after each iteration 0, 1, ... of halftoning the first n validation digits."""
    images, labels = datasets.load("validation", point.size, n)
    found: list[dict] = []
    chunks = list(zip(images.split(CHUNK), labels.split(CHUNK), strict=True))
    how: dict[str, Any] = {"precision": fastest_precision(), "iterations": iterations}
    how |= {"keep": tuple(range(iterations + 1)), "compiled": can_compile() and n >= 2000}
    for u8, y in tqdm(chunks, desc="strength", unit=f"{CHUNK} digits"):
        run = points.transfer(point, as_float(u8), **how)
        for i, drawn in run.images.items():
            found += curve_rows(models, point, drawn, y, iteration=i)
    keys = ["architecture", "seed", "from_afar", "iteration"]
    summed = pd.DataFrame(found).groupby(keys, sort=False)[["n", "n_correct"]].sum()
    return json.loads(summed.reset_index().to_json(orient="records"))


def ratio_rows(point: StylePoint, models: Models, ratios: Sequence[float], n: int) -> list[dict]:
    """Right answers at each ratio alpha/beta: the point but for beta, which is alpha / ratio.

    Large pictures are drawn in the fastest precision, as their test sets are.
    """
    images, labels = datasets.load("validation", point.size, n)
    precision = fastest_precision() if point.size == 256 else torch.float32
    found = []
    for ratio in tqdm(ratios, desc="alpha/beta"):
        weighted = replace(point, beta=point.alpha / ratio)
        drawn = points.transfer(weighted, as_float(images), precision=precision).image
        found += curve_rows(models, point, drawn, labels, ratio=ratio)
    return found


def strength(
    save: str,
    *,
    point: str = "talk",
    size: int = 32,
    networks: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (0,),
    iterations: int = 50,
    ratios: tuple[float, ...] = (),
    n: int = 5000,
) -> Result:
    """How many halftones networks read at each iteration, or at each ratio alpha/beta.

    Adds rows to data/results/SAVE.json; networks trained on originals, validation digits.
    save: name of the file.  point: a frozen point by style transfer.  size: 32 or 256 pixels.
    networks: architectures (default: all).  iterations: of the longest run.
    ratios: of alpha/beta, instead of iterations.  n: validation digits.
    """
    frozen = points.load_style(point, size)
    by = "beta" if ratios else "iterations"
    config = {
        "point": {k: v for k, v in frozen.config.items() if k != by},
        "split": "validation",
        "n": n,
        "sigma": frozen.sigma,
    }
    if not ratios:
        config["iterations"] = iterations
    there = store.check(save, config, [])
    read_by = [(a, seed) for a in networks or ARCHITECTURES for seed in seeds]
    models = {(a, s): trained(grid.experiment_for(a, size, seed=s))[0] for a, s in read_by}
    if ratios:
        rows = ratio_rows(frozen, models, ratios, n)
        measured = {"frozen": frozen.alpha / frozen.beta}
        return store.record("weights", save, config, rows, measured=measured)
    rows, measured = iteration_rows(frozen, models, iterations, n), {}
    # by LeNet's fall the iterations of the small point were chosen, and of no other
    if size == 32 and "lenet" in dict(read_by):
        target = TALK["lenet", "original", "halftone-talk"]
        known = {store.key_of(row): row for row in [*(there.rows if there else ()), *rows]}
        chosen = choose_iterations([*known.values()], target)
        measured = {"target": target, "chosen_iterations": chosen}
    return store.record("strength", save, config, rows, measured=measured)


def choose_iterations(rows: Sequence[dict], target: float) -> int:
    """The iteration at which LeNet, averaged over seeds, is nearest to `target` percent."""
    read = pd.DataFrame(rows).query("architecture == 'lenet' and not from_afar")
    share = 100 * read["n_correct"] / read["n"]
    off = (share.groupby(read["iteration"]).mean() - target).abs()
    return int(off.index[int(off.argmin())])

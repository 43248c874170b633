"""Which part of new batch statistics gives halftones back: how many pictures, layers, moments.

The yardstick is Schneider, Rusak et al. (NeurIPS 2020): statistics of n pictures are mixed with
those of training, which count as N pictures.  Statistics are of training pictures, whose labels are
not looked at; what is read are validation digits.
"""

import copy
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, sets
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.engine import hardware
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import experiments, frontier, grid
from halftone_utils.studies.batch_statistics import layers_of

SHOWN = ("original", "halftone-talk", "halftone-strong", "random-dots", "noise")
CURVES = ("halftone-talk", "halftone-strong")
NUMBERS = (1, 2, 5, 10, 20, 50, 100, 200, 1000)  # of pictures that statistics are of
POOL = 1_000  # training pictures that all are drawn from
DRAWS = 5
PRIORS = (0, 16)  # N: how many pictures the statistics of training count as
N_ADAPT = 200  # pictures where their number is not the question
MOMENTS = ("means", "variances")
DEVIATION = 0.4  # of the noise


@torch.inference_mode()
def estimated(
    model: nn.Module,
    images: Tensor,
    *,
    layers: Collection[int] | None = None,
    moments: Collection[str] = MOMENTS,
    prior: int = 0,
) -> nn.Module:
    """A copy with batch statistics of some images, in some layers, mixed with those it has.

    images: uint8 (n, 1, H, W), one batch, no labels.  layers: places among the batch
    normalizations, in order (default: all); the others keep theirs.  moments: of MOMENTS, likewise.
    prior: N, as how many pictures its own statistics count; means and variances are N/(N + n) of
    its own and n/(N + n) of the images' (Schneider et al. 2020, eq. 3).  A layer's are of what
    comes in once all before it have theirs.
    Raises ValueError for a model without batch normalization.
    """
    model = copy.deepcopy(model).eval()
    own = prior / (prior + len(images))

    def estimate(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        x = given[0].float()
        for name, buffer, found in (
            ("means", "running_mean", x.mean((0, 2, 3))),
            ("variances", "running_var", x.var((0, 2, 3), unbiased=False)),
        ):
            if name in moments:
                layer.get_buffer(buffer).lerp_(found, 1 - own)

    hooks = [
        layer.register_forward_pre_hook(estimate)
        for place, layer in enumerate(layers_of(model))
        if layers is None or place in layers
    ]
    device = next(model.parameters()).device
    with hardware.autocast(device):
        model(as_float(images).to(device))
    for hook in hooks:
        hook.remove()
    return model


@cache
def pictures(shown: str, split: str, n: int) -> tuple[Tensor, Tensor]:
    """The first n digits of a split as one of SHOWN has them, uint8, with their labels."""
    if shown != "noise":
        return sets.load(shown, split, 32, n)
    images, labels = datasets.load(split, 32, n)
    return as_bytes(frontier.noise(as_float(images), DEVIATION)), labels


def parts(depth: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What is measured of a network with so many layers: what its row says, and how to estimate.

    Draw k of n pictures is those from k n on: draws share no picture.
    """
    for shown in SHOWN:
        yield {"shown": shown, "statistics": "of training"}, {}
    for shown in CURVES:
        for n_adapt in NUMBERS:
            for draw in range(min(DRAWS, POOL // n_adapt)):
                for prior in PRIORS:
                    yield _row(shown, shown, n_adapt, draw=draw, prior=prior), {"prior": prior}
    strong = _row("halftone-strong", "halftone-strong")
    for k in range(depth):
        yield strong | {"first": k + 1}, {"layers": range(k + 1)}
        yield strong | {"only": k + 1}, {"layers": [k]}
    for shown in CURVES:
        for moment in MOMENTS:
            yield _row(shown, shown) | {"moments": moment}, {"moments": [moment]}
    for shown in SHOWN:
        for statistics in SHOWN:
            yield _row(shown, statistics), {}


def _row(
    shown: str, statistics: str, n_adapt: int = N_ADAPT, draw: int = 0, prior: int = 0
) -> dict[str, Any]:
    return {
        "shown": shown,
        "statistics": statistics,
        "n_adapt": n_adapt,
        "draw": draw,
        "prior": prior,
    }


def batch_parts(architecture: str, *, seed: int = 0, n: int = 500) -> Result:
    """What a network reads with new batch statistics: of few pictures, few layers, one moment.

    Writes data/results/batch-parts-NETWORK-32-original-sSEED.json; a killed run goes on.
    architecture: one with batch normalization, trained on originals.  n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"batch-parts-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    there, model = store.check(stem, config, []), experiments.ready(x)
    known = {store.key_of(row) for row in there.rows} if there else set()
    wanted = {store.key_of(row): (row, how) for row, how in parts(len(layers_of(model)))}
    missing = [found for key, found in wanted.items() if key not in known]
    for row, how in tqdm(missing, desc=stem, unit="part"):
        network = model
        if "draw" in row:
            many, draw = row["n_adapt"], row["draw"]
            given, _ = pictures(row["statistics"], "train", POOL)
            network = estimated(model, given[draw * many : (draw + 1) * many], **how)
        images, labels = pictures(row["shown"], "validation", n)
        right = training.count_right(network, images, labels, fast=True)
        store.record("batch parts", stem, config, [{**row, "n": n, "n_correct": right}])
    return store.read(store.path_of(stem))

"""How much of a fall is the batch statistics' own: estimate them again, without a label.

A batch normalization keeps the means and variances of what it was trained on.  Behind a halftone
they are others, and every layer after it is off.  Estimating them anew on halftones (Li et al.,
Revisiting Batch Normalization, 2016; Schneider et al., NeurIPS 2020) changes no weight.
"""

import copy

import torch
from torch import Tensor, nn

from halftone_utils.digits import sets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import hardware
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import experiments, grid

SHOWN = ("original", "halftone-talk", "halftone-strong", "random-dots")
N_ADAPT = 1_000  # training pictures, whose labels are not looked at
BATCH = 200


def layers_of(model: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch normalizations of a model, in order; raises ValueError where it has none."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    if not layers:
        raise ValueError("The model has no batch normalization whose statistics could be adapted.")
    return layers


@torch.inference_mode()
def adapted(model: nn.Module, images: Tensor) -> nn.Module:
    """A copy whose batch statistics are those of some images; its weights are the model's.

    images: uint8 (N, 1, H, W), no labels.  The statistics are means over batches of BATCH, and
    stay as they are afterwards: what it reads does not depend on what else it reads.
    Raises ValueError for a model without batch normalization.
    """
    model = copy.deepcopy(model).eval()
    for layer in layers_of(model):
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over batches
        layer.train()
    device = next(model.parameters()).device
    for x in images.split(BATCH):
        with hardware.autocast(device):
            model(as_float(x).to(device))
    return model.eval()


def _check_network(model: nn.Module, there: Result, size: int, stay: list[dict]) -> None:
    """Raise ValueError unless a network reads as the one did to whose rows others are added.

    stay: rows of what was read with the statistics of training; asked is the set that was read
    least, where networks differ most.
    """
    row = min(stay, key=lambda row: row["n_correct"] / row["n"])
    images, labels = sets.load(row["shown"], "test", size, row["n"])
    right = training.count_right(model, images, labels, fast=True)
    if abs(right - row["n_correct"]) > experiments.ROUNDING * row["n"]:
        raise ValueError(
            f"these weights are not those that {there.stem} was measured with: of {row['n']} of "
            f"{row['shown']} they read {right}, not {row['n_correct']}. Name no sets, and all are "
            "measured anew."
        )


def batch_statistics(
    architecture: str,
    *,
    size: int = 32,
    train_on: str = "original",
    seed: int = 0,
    n_train: int = 0,
    n_test: int = 10_000,
    n_adapt: int = N_ADAPT,
    shown: tuple[str, ...] = SHOWN,
) -> Result:
    """What a network with batch normalization reads with its own statistics, and with new ones.

    The new ones are of the first n_adapt training pictures, drawn as each test set is.
    Writes data/results/batch-statistics-EXPERIMENT.json.
    architecture: one with batch normalization.  n_train: 0 for the grid's number.
    Raises ValueError where rows would be added to those of other weights.
    """
    experiment = grid.experiment_for(architecture, size, train_on, seed, n_train)
    names = ("architecture", "train_on", "seed", "size", "n_train")
    config = {**{name: getattr(experiment, name) for name in names}, "n_adapt": n_adapt}
    stem = f"batch-statistics-{experiment.stem}"
    as_it_is = {"statistics": "of training", "n": n_test}
    there = store.check(stem, config, [{"shown": name, **as_it_is} for name in shown])
    model, rows = experiments.ready(experiment), []
    stay = [
        row
        for row in (there.where(statistics="of training") if there else ())
        if row["shown"] not in shown and sets.same_everywhere(row["shown"])
    ]
    if there and stay:
        _check_network(model, there, size, stay)
    for name in shown:
        images, labels = sets.load(name, "test", size, n_test)
        own = adapted(model, sets.load(name, "train", size, n_adapt)[0])
        for statistics, network in (("of training", model), ("of what is shown", own)):
            right = training.count_right(network, images, labels, fast=True)
            row = {"shown": name, "statistics": statistics}
            rows.append({**row, "n": len(labels), "n_correct": right})
    return store.record("batch statistics", stem, config, rows)

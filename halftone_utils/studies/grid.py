"""The grid of experiments, in the order in which they are worth their time (data/grid.toml)."""

from collections.abc import Callable
from functools import cache
from typing import Any

from torch import nn

from halftone_utils.digits import datasets, points, sets
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import DATA, RESULTS, ROOT, read_toml
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies.experiments import Experiment, ready, run


@cache
def sizes() -> dict[int, dict[str, Any]]:
    """Side in pixels -> the rows of data/grid.toml: seeds, train_on, fewer."""
    return {int(size): row for size, row in read_toml(DATA / "grid.toml").items()}


def experiment_for(
    architecture: str,
    size: int = 32,
    train_on: str = "original",
    seed: int = 0,
    n_train: int = 0,
    epochs: int = 0,
    dataset: str = "mnist",
) -> Experiment:
    """An experiment of the grid; n_train, epochs: others than the grid's and the recipe's.

    Fewer digits than all are balanced over the classes.
    """
    asked: dict[str, Any] = {"architecture": architecture, "train_on": train_on, "size": size}
    for row in sizes().get(size, {}).get("fewer", ()):
        if (row["architecture"], row["train_on"], dataset) == (architecture, train_on, "mnist"):
            n_train = n_train or row["n_train"]
    asked |= {"seed": seed, "n_train": n_train, "epochs": epochs, "dataset": dataset}
    return Experiment(**asked, subset="balanced")


def experiments() -> list[Experiment]:
    """All of the grid: seed by seed, in a seed the small pictures first, in those the originals."""
    return [
        experiment_for(architecture, size, train_on, seed)
        for seed in sorted({seed for row in sizes().values() for seed in row["seeds"]})
        for size, row in sizes().items()
        if seed in row["seeds"]
        for train_on in row["train_on"]
        for architecture in ARCHITECTURES
    ]


def of_every_training(
    study: str,
    architecture: str,
    seed: int,
    config: dict[str, Any],
    rows_of: Callable[[nn.Module], list[dict]],
) -> Result:
    """What networks of 32 pixels read, one of each of `sets.TRAIN_SETS`; a killed run goes on.

    study: also the name of the file, with hyphens.  config: what decides the rows beside the
    networks.  rows_of: of a network; `trained_on` is added to each row.
    """
    trainings = {name: experiment_for(architecture, 32, name, seed) for name in sets.TRAIN_SETS}
    recipe = config_of(trainings["original"].recipe)
    frozen = {name: points.load(name).hash for name in ("talk", "strong")}
    config = {"architecture": architecture, "seed": seed, "recipe": recipe, **config}
    config |= {"operating_points": frozen, "split": "validation"}
    stem = f"{study.replace(' ', '-')}-{architecture}-s{seed}"
    there = store.check(stem, config, [])
    known = {row["trained_on"] for row in there.rows} if there else set()
    for name, training in trainings.items():
        if name not in known:
            rows = [{"trained_on": name, **row} for row in rows_of(ready(training))]
            store.record(study, stem, config, rows)
    return store.read(store.path_of(stem))


def experiment(
    architecture: str,
    *,
    size: int = 32,
    train_on: str = "original",
    seed: int = 0,
    tests: tuple[str, ...] = (),
    dataset: str = "mnist",
    n_train: int = 0,
    n_test: int = 0,
    epochs: int = 0,
    trial: bool = False,
) -> Result:
    """Train one network, show it test sets, and add what it reads to its result file.

    architecture: a row of data/architectures.toml.  size: 32 or 256 pixels.
    train_on: original, halftone-talk, halftone-strong or both-talk.
    tests: test sets (default: all; for networks trained on other pictures the short list).
    dataset: a row of data/datasets.toml.  n_train, n_test: digits; 0 for the grid's.
    epochs: at full size; 0 for the recipe's.
    trial: 2,000 digits, one epoch, 512 test digits unless said otherwise, into report/trial.
    """
    if trial:
        n_train, n_test, epochs = n_train or 2000, n_test or 512, epochs or 1
        n_train = min(n_train, datasets.count("train", dataset))
        n_test = min(n_test, datasets.count("test", dataset))
    chosen = experiment_for(architecture, size, train_on, seed, n_train, epochs, dataset)
    directory = ROOT / "report" / "trial" if trial else RESULTS
    return run(chosen, shown=tests, n_test=n_test, directory=directory)

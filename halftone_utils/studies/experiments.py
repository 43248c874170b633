"""An experiment: train one classifier, show it test sets, write one result file that only grows."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from halftone_utils.digits import datasets, points, sets
from halftone_utils.engine import checks, files, hardware
from halftone_utils.engine.checkpoints import load_weights
from halftone_utils.engine.configs import always, config_of
from halftone_utils.engine.files import CACHE, DATA, RESULTS, hash_of
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result

SUBSETS = ("first", "balanced")  # in the file's own order; over the classes
CHECKPOINTS = CACHE / "checkpoints"
AT_A_TIME = 1000  # pictures read between two writings: what a kill can lose
AGAIN = 500  # pictures of each set that are read once more before others are added
ROUNDING = 0.02  # share of answers that bfloat16 and float16 weights may change: so far under 0.01


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One classifier to train: what, at which size, on which set, from which seed.

    n_train: so many of the training pictures at full size, 0 for all; a recipe with progressive
    resizing may start on more.  subset: which, where they are not all: one of SUBSETS.
    epochs: 0 for the recipe's; else so many at full size, and none on small pictures.
    Raises ValueError that names what is not allowed.
    """

    architecture: str
    train_on: str = always("original")
    seed: int = always(0)
    size: int = always(32)
    n_train: int = always(0)
    epochs: int = always(0)
    subset: str = "first"
    dataset: str = "mnist"

    def __post_init__(self) -> None:
        """Check every field, and say how many digits all are."""
        checks.one_of("architecture", self.architecture, architectures.ARCHITECTURES)
        checks.one_of("train_on", self.train_on, sets.TRAIN_SETS)
        checks.one_of("size", self.size, architectures.SIZES)
        checks.one_of("subset", self.subset, SUBSETS)
        most = datasets.count("train", self.dataset)
        for field, highest in (("seed", 2**31), ("n_train", most), ("epochs", 1000)):
            checks.whole(field, getattr(self, field), 0, highest)
        if self.n_train in (0, most):
            object.__setattr__(self, "n_train", most)
            object.__setattr__(self, "subset", "first")

    @property
    def stem(self) -> str:
        """The name of its result file."""
        parts = [self.architecture, str(self.size), self.train_on]
        parts += [self.dataset] * (self.dataset != "mnist")
        parts += [f"n{self.n_train}"] * (self.n_train < datasets.count("train", self.dataset))
        return "-".join([*parts, f"s{self.seed}"])

    @property
    def recipe(self) -> training.Recipe:
        """How it is trained."""
        recipe = architectures.ARCHITECTURES[self.architecture].recipes[self.size]
        if not self.epochs:
            return recipe
        return replace(recipe, epochs=self.epochs, small=(), small_batch=0)

    @property
    def config(self) -> dict:
        """All that decides its weights, as JSON."""
        made_of = sets.config(self.train_on, self.size)
        return {**config_of(self), "recipe": config_of(self.recipe), **made_of}

    @property
    def weights(self) -> Path:
        """Where its weights are committed, if they are."""
        return DATA / "weights" / f"{self.stem}.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Where its training is kept."""
        name = f"{self.architecture}-{self.size}-{self.train_on}-s{self.seed}"
        return CHECKPOINTS / f"{name}-{hash_of(self.config)}.safetensors"


def _training_set(experiment: Experiment, n: int) -> tuple[Tensor, Tensor]:
    """Pictures and labels of n digits: the file's first, or balanced over the classes."""
    train_on, size, dataset = experiment.train_on, experiment.size, experiment.dataset
    if experiment.subset == "first":
        return sets.load(train_on, "train", size, n, dataset)
    order = datasets.balanced_order(datasets.load("train", 28, dataset=dataset)[1])[:n]
    first = int(order.max()) + 1
    found = sets.load(train_on, "train", size, first, dataset)
    # the pictures of a digit stand side by side
    images, labels = (x.unflatten(0, (first, -1))[order].flatten(0, 1) for x in found)
    return images, labels


def trained(experiment: Experiment, progress: bool = True) -> tuple[torch.nn.Module, float]:
    """The classifier: trained, gone on with, or read from its last checkpoint.

    Returns the model and the seconds that its training took in all.
    """
    x, dataset = experiment, datasets.get(experiment.dataset)
    most = max(x.n_train, *(min(n, dataset.splits["train"]) for _, n in x.recipe.small), 0)
    images, labels = _training_set(x, most)
    a_digit = len(labels) // most  # pictures of it: both-talk has two
    model = architectures.build(x.architecture, x.size, x.seed, dataset.classes)
    model = model.to(hardware.fastest_device())
    kept: dict[str, Any] = {"checkpoint": x.checkpoint, "config": x.config, "progress": progress}
    n = a_digit * x.n_train
    return model, training.fit(model, images, labels, x.recipe, n=n, seed=x.seed, **kept)


def publish(
    architecture: str,
    train_on: str = "original",
    *,
    seed: int = 0,
    size: int = 32,
    half: bool = False,
) -> Path:
    """Write the weights of a trained classifier to data/weights; returns the file.

    half: weights of convolutions and linear layers in float16, for a large file.
    """
    experiment = Experiment(architecture=architecture, train_on=train_on, seed=seed, size=size)
    model, _ = trained(experiment)
    weights = {
        name: value.to(torch.float16 if half and value.ndim > 1 else value.dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    files.write_atomically(experiment.weights, save(weights))
    return experiment.weights


def published(
    architecture: str, train_on: str = "original", seed: int = 0, size: int = 32
) -> torch.nn.Module:
    """The classifier whose weights `publish` wrote, in evaluation mode; nothing is trained.

    Raises ValueError for an experiment that cannot be, DataError that names a missing or damaged
    file.
    """
    experiment = Experiment(architecture=architecture, train_on=train_on, seed=seed, size=size)
    model = architectures.build(architecture, size, seed)
    load_weights(
        experiment.weights, model, f"`halftone publish {architecture} {train_on}` writes it"
    )
    return model.eval()


def ready(experiment: Experiment) -> torch.nn.Module:
    """Its classifier: from the committed weights where there are some, else trained."""
    if experiment.weights.exists():
        x = experiment
        return published(x.architecture, x.train_on, x.seed, x.size)
    return trained(experiment)[0]


def all_published() -> list[tuple[Experiment, torch.nn.Module]]:
    """Every classifier of 32 pixels in data/weights, in the table's order."""
    known = [
        Experiment(architecture=architecture, train_on=train_on)
        for train_on in sets.TRAIN_SETS
        for architecture in architectures.ARCHITECTURES
    ]
    return [(x, published(x.architecture, x.train_on)) for x in known if x.weights.exists()]


def _kept_readings(experiment: Experiment, weights: Path) -> Path:
    """Where predictions wait until all sets are read: a file for these weights and pictures."""
    path = experiment.checkpoint
    frozen = [points.load(name, experiment.size).hash for name in ("strong", "talk")]
    made_by = [files.sha256(weights.read_bytes()), *frozen]
    return path.with_name(f"{path.stem}-{hash_of(made_by)}.npz")


def _network(experiment: Experiment, there: Result | None) -> tuple[torch.nn.Module, float, Path]:
    """The classifier, the seconds of its training, and the file of its weights.

    there: the result to which readings are added, which stand beside others of the same weights:
    the committed ones, where there are some.
    """
    x = experiment
    if there and x.weights.exists() and not x.epochs:
        model = published(x.architecture, x.train_on, x.seed, x.size)
        return model.to(hardware.fastest_device()), there.runs[0]["seconds"], x.weights
    return *trained(x), x.checkpoint


def _check_reader(
    experiment: Experiment, model: torch.nn.Module, known: Mapping[str, np.ndarray]
) -> None:
    """Raise ValueError unless a network answers as the one did whose answers are known.

    known: predictions by test set; those by style transfer, of which float32 and bfloat16 make
    other pictures, are not asked for.
    """
    for name, answers in known.items():
        if not sets.same_everywhere(name):
            continue
        first = answers[:AGAIN]
        images, _ = sets.load(name, "test", experiment.size, len(first), experiment.dataset)
        differ = int((training.predict(model, images, fast=True).numpy() != first).sum())
        if differ > ROUNDING * len(first):
            raise ValueError(
                f"these weights are not those that {experiment.stem} was read with: of the first "
                f"{len(first)} of {name} they read {differ} otherwise. Name no test sets, and all "
                "are read anew."
            )


def _read(
    experiment: Experiment, model: torch.nn.Module, shown: Sequence[str], n_test: int, path: Path
) -> dict[str, np.ndarray]:
    """Predictions for the first n_test pictures of each test set: uint8 (n_test,) each.

    They are kept in `path` as they come: a reading that was killed goes on after the last
    AT_A_TIME.
    """
    kept: dict[str, np.ndarray] = {}
    if path.exists():
        try:
            kept = store.predictions(path.stem, path.parent)
        except files.DataError as error:
            print(f"{error} Its sets are read anew.", file=sys.stderr)
    for name in shown:
        done = kept.get(name, np.empty(0, np.uint8))
        images, _ = sets.load(name, "test", experiment.size, n_test, experiment.dataset)
        for start in range(len(done), n_test, AT_A_TIME):
            chunk = images[start : start + AT_A_TIME]
            done = np.append(done, training.predict(model, chunk, fast=True).numpy())
            kept[name] = done
            store.write_predictions(path, kept)
    return {name: kept[name][:n_test] for name in shown}


def run(
    experiment: Experiment,
    *,
    shown: Sequence[str] = (),
    n_test: int = 0,
    directory: Path = RESULTS,
) -> Result:
    """Train a classifier, read each test set once, add both to its result file.

    shown: names of `sets.TEST_SETS`; none for all of them, or the short list for a classifier
    that was trained on other pictures than originals.  n_test: test pictures; 0 for all.
    Writes <stem>.json and <stem>.npz (uint8 predictions in test order, one array a test set,
    under its name); sets that are there already and not asked for stay as they are.
    A run that is killed goes on where it stopped, training and reading alike.
    Readings that are added to others in the file are by the committed weights, where there are
    some, and by no weights that read those others otherwise.
    Raises ValueError, before it trains, for an unknown set, and where the file is of another
    configuration or holds readings of more pictures; after, for weights that are not the file's.
    """
    x, n_test = experiment, n_test or datasets.count("test", experiment.dataset)
    shown = shown or [*(sets.TEST_SETS if x.train_on == "original" else sets.SHORT_TEST_SETS)]
    for name in shown:
        checks.one_of("set", name, sets.TEST_SETS)
    asked: list[dict[str, Any]] = [{"shown": name, "n": n_test} for name in shown]
    there = store.check(x.stem, x.config, asked, directory)
    known = store.predictions(x.stem, directory) if there else {}
    stay = {name: answers for name, answers in known.items() if name not in shown}
    model, seconds, weights = _network(x, there if stay else None)
    _check_reader(x, model, stay)
    path = _kept_readings(x, weights)
    found = _read(x, model, shown, n_test, path)
    labels = datasets.load("test", 28, n_test, x.dataset)[1].numpy()
    rows = [{**row, "n_correct": int((found[row["shown"]] == labels).sum())} for row in asked]
    store.write_predictions(directory / f"{x.stem}.npz", known | found)
    of_run: dict[str, Any] = {"seconds": seconds, "directory": directory}
    result = store.record("experiment", x.stem, x.config, rows, **of_run)
    path.unlink(missing_ok=True)
    return result

"""A cell of the grid: train, test, one result file."""

import io
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save
from torch import Tensor

from halftone_utils.digits import datasets, operating_points, sets, strong
from halftone_utils.engine import hardware
from halftone_utils.engine.files import (
    CACHE,
    DATA,
    RESULTS,
    DataError,
    hash_of,
    read_json,
    sha256,
    write_atomically,
    write_json,
)
from halftone_utils.networks import architectures, training
from halftone_utils.results.accuracies import load_predictions

SUBSETS = ("balanced", "first")  # over the classes; in the file's own order
CHECKPOINTS = CACHE / "checkpoints"
AT_A_TIME = 1000  # pictures read between two writings: what a kill can lose


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One classifier to train: what, at which size, on which set, from which seed.

    n_train: so many of the 55,000 training digits at full size; a recipe with progressive
    resizing may start on more.  subset: which, where they are not all: one of SUBSETS.
    epochs: 0 for the recipe's; else so many at full size, and none on small pictures.
    Raises ValueError that names what is not allowed.
    """

    architecture: str
    train_on: str = "original"
    seed: int = 0
    size: int = 32
    n_train: int = datasets.SPLITS["train"]
    epochs: int = 0
    subset: str = "balanced"

    def __post_init__(self) -> None:
        """Check every field."""
        for field, allowed in (
            ("architecture", architectures.ARCHITECTURES),
            ("train_on", sets.TRAIN_SETS),
            ("size", architectures.SIZES),
            ("subset", SUBSETS),
        ):
            if getattr(self, field) not in allowed:
                raise ValueError(
                    f"{field} is {getattr(self, field)!r}; it is one of "
                    f"{', '.join(map(str, allowed))}."
                )
        for field, lowest, highest in (
            ("seed", 0, 2**31),
            ("n_train", 1, datasets.SPLITS["train"]),
            ("epochs", 0, 1000),
        ):
            value = getattr(self, field)
            if type(value) is not int or not lowest <= value <= highest:
                raise ValueError(
                    f"{field} is {value!r}; it is a whole number from {lowest} to {highest}."
                )

    @property
    def stem(self) -> str:
        """The name of its files."""
        return f"{self.architecture}-{self.size}-{self.train_on}-s{self.seed}"

    @property
    def recipe(self) -> training.Recipe:
        """How it is trained."""
        recipe = training.RECIPES[self.architecture, self.size]
        return replace(recipe, epochs=self.epochs, small=()) if self.epochs else recipe

    @property
    def config(self) -> dict:
        """All that decides its weights, as JSON."""
        fields = asdict(self)
        if self.n_train == datasets.SPLITS["train"] or self.subset == "first":
            del fields["subset"]
        return {**fields, "recipe": self.recipe.config, **sets.config(self.train_on, self.size)}

    @property
    def checkpoint(self) -> Path:
        """Where its training is kept."""
        return CHECKPOINTS / f"{self.stem}-{hash_of(self.config)}.safetensors"


def _training_set(cell: Cell, n: int) -> tuple[Tensor, Tensor]:
    """Pictures and labels of n digits: all in the file's order, or fewer, balanced over classes."""
    if cell.n_train == datasets.SPLITS["train"] or cell.subset == "first":
        return sets.load(cell.train_on, "train", cell.size, n)
    order = datasets.balanced_order(datasets.load("train", 28)[1])[:n]
    first = int(order.max()) + 1
    images, labels = sets.load(cell.train_on, "train", cell.size, first)
    a_digit = len(labels) // first  # its pictures stand side by side
    order = (a_digit * order[:, None] + torch.arange(a_digit)).flatten()
    return images[order], labels[order]


def trained(cell: Cell, progress: bool = True) -> tuple[torch.nn.Module, float]:
    """The cell's classifier: trained, gone on with, or read from its last checkpoint.

    Returns the model and the seconds that its training took in all.
    """
    most = max(cell.n_train, *(n for _, n in cell.recipe.small), 0)
    images, labels = _training_set(cell, most)
    a_digit = len(labels) // most  # pictures of it: both-talk has two
    model = architectures.build(cell.architecture, cell.size, cell.seed)
    seconds = training.fit(
        model.to(hardware.fastest_device()),
        images,
        labels,
        cell.recipe,
        n=a_digit * cell.n_train,
        seed=cell.seed,
        checkpoint=cell.checkpoint,
        config=cell.config,
        progress=progress,
    )
    return model, seconds


def publish(cell: Cell, dtype: torch.dtype = torch.float32) -> Path:
    """Write the weights of `trained(cell)` to data/weights; returns the file.

    dtype: of the weights of convolutions and linear layers; float16 halves a large file.
    """
    model, _ = trained(cell)
    weights = {
        name: value.to(dtype if value.ndim > 1 else value.dtype).contiguous()
        for name, value in model.state_dict().items()
    }
    path = DATA / "weights" / f"{cell.stem}.safetensors"
    write_atomically(path, save(weights))
    return path


def published(
    architecture: str, train_on: str = "original", seed: int = 0, size: int = 32
) -> torch.nn.Module:
    """The classifier whose weights `publish` wrote, in evaluation mode; nothing is trained.

    Raises ValueError for a cell that cannot be, DataError that names a missing or damaged file.
    """
    cell = Cell(architecture=architecture, train_on=train_on, seed=seed, size=size)
    path = DATA / "weights" / f"{cell.stem}.safetensors"
    model = architectures.build(architecture, size, seed)
    try:
        model.load_state_dict(load_safetensors(path.read_bytes()))
    except FileNotFoundError:
        raise DataError(f"{path} is missing: `experiments.publish` writes it.") from None
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path} is damaged ({reason}): `experiments.publish` writes it anew."
        ) from None
    return model.eval()


def all_published(size: int = 32) -> dict[str, torch.nn.Module]:
    """Every classifier of that size in data/weights, by its stem, in the table's order."""
    found = {}
    for train_on in sets.TRAIN_SETS:
        for architecture in architectures.ARCHITECTURES:
            cell = Cell(architecture=architecture, train_on=train_on, size=size)
            if (DATA / "weights" / f"{cell.stem}.safetensors").exists():
                found[cell.stem] = published(architecture, train_on, size=size)
    return found


def _kept_readings(cell: Cell) -> Path:
    """Where predictions wait until all sets are read: a file for these weights and pictures."""
    points = strong.load(cell.size), operating_points.load("talk", cell.size)
    made_by = [sha256(cell.checkpoint.read_bytes()), *(point.hash for point in points)]
    return cell.checkpoint.with_name(f"{cell.checkpoint.stem}-{hash_of(made_by)}.npz")


def _npz(predictions: dict[str, Tensor]) -> bytes:
    """Predictions by test set as the content of a file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **{name: p.numpy() for name, p in predictions.items()})
    return stream.getvalue()


def _read(
    cell: Cell, model: torch.nn.Module, tests: Sequence[str], n_test: int
) -> dict[str, Tensor]:
    """Predictions for the first n_test pictures of each test set: uint8 (n_test,) each.

    They are kept as they come: a reading that was killed goes on after the last AT_A_TIME.
    """
    path = _kept_readings(cell)
    kept: dict[str, Tensor] = {}
    if path.exists():
        try:
            known = load_predictions(path.stem, path.parent)
            kept = {name: torch.from_numpy(p) for name, p in known.items()}
        except DataError as error:
            print(f"{error} Its sets are read anew.", file=sys.stderr)
    for name in tests:
        done = kept.get(name, torch.empty(0, dtype=torch.uint8))
        images, _ = sets.load(name, "test", cell.size, n_test)
        for start in range(len(done), n_test, AT_A_TIME):
            chunk = images[start : start + AT_A_TIME]
            done = torch.cat([done, training.predict(model, chunk, fast=True)])
            kept[name] = done
            write_atomically(path, _npz(kept))
    return {name: kept[name][:n_test] for name in tests}


def run_cell(
    cell: Cell,
    *,
    tests: Sequence[str] = (),
    n_test: int = datasets.SPLITS["test"],
    directory: Path = RESULTS,
    progress: bool = True,
) -> dict:
    """Train a cell, read each test set once, write its result file and its predictions.

    tests: names of `sets`; none for all of them, or the short list for a retrained classifier.
    Writes <stem>.json and <stem>.npz (uint8 predictions in test order, one array a test set,
    under its name) into `directory`.  A run that is killed goes on where it stopped, training
    and reading alike.  Returns what the JSON file holds.
    Raises ValueError, before it trains, if a result of more digits would be overwritten.
    """
    path = directory / f"{cell.stem}.json"
    if path.exists():
        there = read_json(path)
        read = max(count["n"] for count in there["tests"].values())
        if there["n_train"] > cell.n_train or read > n_test:
            raise ValueError(
                f"{path} holds a result of {there['n_train']} training and {read} test digits; "
                f"one of {cell.n_train} and {n_test} would overwrite it: give another directory."
            )
    tests = tests or (sets.TEST_SETS if cell.train_on == "original" else sets.SHORT_TEST_SETS)
    model, seconds = trained(cell, progress)
    predictions = _read(cell, model, tests, n_test)
    labels = datasets.load("test", 28, n_test)[1]
    counts = {
        name: {"n": n_test, "n_correct": int((p == labels).sum())}
        for name, p in predictions.items()
    }
    result = {
        "architecture": cell.architecture,
        "size": cell.size,
        "train_on": cell.train_on,
        "seed": cell.seed,
        "n_train": cell.n_train,
        "epochs": cell.recipe.epochs,
        "seconds": round(seconds, 1),
        "device": _device(),
        "precision": str(hardware.fastest_precision()).removeprefix("torch."),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "config": cell.config,
        "config_hash": hash_of(cell.config),
        "tests": counts,
    }
    write_atomically(directory / f"{cell.stem}.npz", _npz(predictions))
    write_json(path, result)
    _kept_readings(cell).unlink(missing_ok=True)
    return result


def _device() -> str:
    device = hardware.fastest_device()
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    return f"cpu, {os.cpu_count()} cores, {platform.machine()}"

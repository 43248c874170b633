"""The grid of cells: train, test, one result file each; tables with intervals."""

import io
import math
import os
import platform
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save

from halftone_utils import classifiers, hardware, mnist, sets, training
from halftone_utils.files import (
    CACHE,
    DATA,
    RESULTS,
    DataError,
    hash_of,
    read_json,
    write_atomically,
    write_json,
)

TALK = {  # (train_on, tested on): the talk's cells at 32x32, in percent
    "lenet": {("original", "original"): 98.89, ("original", "halftone-talk"): 81.46,
              ("halftone-talk", "halftone-talk"): 96.88},
    "alexnet": {("original", "original"): 98.99, ("original", "halftone-talk"): 21.46,
                ("halftone-talk", "halftone-talk"): 97.94},
}  # fmt: skip
CHECKPOINTS = CACHE / "checkpoints"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One classifier to train: what, at which size, on which set, from which seed.

    n_train: the first so many of the 55,000 training digits, at full size; a recipe with
    progressive resizing may start on more.  epochs: 0 for the recipe's; else so many at full
    size, and none on small pictures.
    Raises ValueError that names what is not allowed.
    """

    architecture: str
    train_on: str = "original"
    seed: int = 0
    size: int = 32
    n_train: int = mnist.SPLITS["train"]
    epochs: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        for field, allowed in (
            ("architecture", classifiers.ARCHITECTURES),
            ("train_on", sets.TRAIN_SETS),
            ("size", classifiers.SIZES),
        ):
            if getattr(self, field) not in allowed:
                raise ValueError(
                    f"{field} is {getattr(self, field)!r}; it is one of "
                    f"{', '.join(map(str, allowed))}."
                )
        for field, lowest, highest in (
            ("seed", 0, 2**31), ("n_train", 1, mnist.SPLITS["train"]), ("epochs", 0, 1000),
        ):  # fmt: skip
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
        return {
            **asdict(self),
            "recipe": self.recipe.config,
            **sets.config(self.train_on, self.size),
        }

    @property
    def checkpoint(self) -> Path:
        """Where its training is kept."""
        return CHECKPOINTS / f"{self.stem}-{hash_of(self.config)}.safetensors"


def trained(cell: Cell, progress: bool = True) -> tuple[torch.nn.Module, float]:
    """The cell's classifier: trained, gone on with, or read from its last checkpoint.

    Returns the model and the seconds that its training took in all.
    """
    most = max(cell.n_train, *(n for _, n in cell.recipe.small), 0)
    images, labels = sets.load(cell.train_on, "train", cell.size, most)
    a_digit = len(labels) // most  # pictures of it: both-talk has two
    model = classifiers.build(cell.architecture, cell.size, cell.seed)
    seconds = training.fit(
        model.to(hardware.fastest_device()), images, labels, cell.recipe,
        n=a_digit * cell.n_train, seed=cell.seed,
        checkpoint=cell.checkpoint, config=cell.config, progress=progress,
    )  # fmt: skip
    return model, seconds


def publish(cell: Cell) -> Path:
    """Write the weights of `trained(cell)` to data/weights, float32; returns the file."""
    model, _ = trained(cell)
    path = DATA / "weights" / f"{cell.stem}.safetensors"
    write_atomically(path, save({k: v.contiguous() for k, v in model.state_dict().items()}))
    return path


def published(
    architecture: str, train_on: str = "original", seed: int = 0, size: int = 32
) -> torch.nn.Module:
    """The classifier whose weights `publish` wrote, in evaluation mode; nothing is trained.

    Raises ValueError for a cell that cannot be, DataError that names a missing or damaged file.
    """
    cell = Cell(architecture=architecture, train_on=train_on, seed=seed, size=size)
    path = DATA / "weights" / f"{cell.stem}.safetensors"
    model = classifiers.build(architecture, size, seed)
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


def run_cell(
    cell: Cell,
    *,
    tests: Sequence[str] = (),
    n_test: int = mnist.SPLITS["test"],
    directory: Path = RESULTS,
    progress: bool = True,
) -> dict:
    """Train a cell, read each test set once, write its result file and its predictions.

    tests: names of `sets`; none for all of them, or the short list for a retrained classifier.
    Writes <stem>.json and <stem>.npz (uint8 predictions in test order, one array a test set,
    under its name) into `directory`.  Returns what the JSON file holds.
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
    predictions, counts = {}, {}
    for name in tests:
        images, labels = sets.load(name, "test", cell.size, n_test)
        predictions[name] = training.predict(model, images)
        correct = int((predictions[name] == labels).sum())
        counts[name] = {"n": len(labels), "n_correct": correct}
    result = {
        "architecture": cell.architecture,
        "size": cell.size,
        "train_on": cell.train_on,
        "seed": cell.seed,
        "n_train": cell.n_train,
        "epochs": cell.recipe.epochs,
        "seconds": round(seconds, 1),
        "device": _device(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "config": cell.config,
        "config_hash": hash_of(cell.config),
        "tests": counts,
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, **{name: p.numpy() for name, p in predictions.items()})
    write_atomically(directory / f"{cell.stem}.npz", stream.getvalue())
    write_json(path, result)
    return result


def _device() -> str:
    device = hardware.fastest_device()
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    return f"cpu, {os.cpu_count()} cores, {platform.machine()}"


def load_results(directory: Path = RESULTS) -> list[dict]:
    """All result files of cells, in the order of their names.

    Raises DataError that names a file whose counts its own predictions do not give.
    """
    results = []
    for path in sorted(directory.glob("*-s[0-9]*.json")):
        result = read_json(path)
        if not isinstance(result, dict) or "tests" not in result:
            raise DataError(f"{path} is no result of a cell: it has no tests; run the cell again.")
        predictions = load_predictions(path.stem, directory)
        for name, count in result["tests"].items():
            if len(predictions.get(name, ())) != count["n"]:
                raise DataError(f"{path} says {count['n']} digits of {name} were read; "
                                f"{path.stem}.npz does not hold so many.")  # fmt: skip
            _, labels = mnist.load("test", 28, count["n"])
            correct = int((torch.from_numpy(predictions[name]) == labels).sum())
            if correct != count["n_correct"]:
                raise DataError(
                    f"{path} says {count['n_correct']} right on {name}; "
                    f"its predictions give {correct}."
                )
        results.append(result)
    return results


def load_predictions(stem: str, directory: Path = RESULTS) -> Mapping[str, np.ndarray]:
    """The predictions of one cell: test set -> uint8 (n,).  No pickle is read."""
    path = directory / f"{stem}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is missing or damaged ({error}): run the cell again.") from None


def wilson(n_correct: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927), as two shares in [0, 1]."""
    if not 0 <= n_correct <= n or n == 0:
        raise ValueError(f"n_correct is {n_correct} of n = {n}; it needs 0 <= n_correct <= n > 0.")
    share = n_correct / n
    middle = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def summarise(
    results: Sequence[dict], architecture: str, train_on: str, test_on: str, size: int = 32
) -> dict | None:
    """One cell of the table over its seeds, in percent; None if it was not measured.

    mean, sd: over seeds (sd None for one).  low, high: Wilson's 95 % interval of the first
    seed's model.  n: test digits of each.  seeds, n_train: as run.
    """
    rows = [
        r for r in results
        if (r["architecture"], r["train_on"], r["size"]) == (architecture, train_on, size)
        and test_on in r["tests"]
    ]  # fmt: skip
    if not rows:
        return None
    counts = [r["tests"][test_on] for r in rows]
    shares = np.array([100 * c["n_correct"] / c["n"] for c in counts])
    low, high = wilson(counts[0]["n_correct"], counts[0]["n"])
    return {
        "mean": float(shares.mean()),
        "sd": float(shares.std(ddof=1)) if len(shares) > 1 else None,
        "low": 100 * low,
        "high": 100 * high,
        "n": counts[0]["n"],
        "seeds": [r["seed"] for r in rows],
        "n_train": rows[0]["n_train"],
    }

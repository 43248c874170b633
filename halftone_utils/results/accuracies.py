"""The result files of cells, checked against their predictions; accuracies with intervals."""

import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from halftone_utils.digits import datasets
from halftone_utils.engine.files import RESULTS, DataError, read_json

TALK = {  # (train_on, tested on): the talk's cells at 32x32, in percent
    "lenet": {
        ("original", "original"): 98.89,
        ("original", "halftone-talk"): 81.46,
        ("halftone-talk", "halftone-talk"): 96.88,
    },
    "alexnet": {
        ("original", "original"): 98.99,
        ("original", "halftone-talk"): 21.46,
        ("halftone-talk", "halftone-talk"): 97.94,
    },
}


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
                raise DataError(
                    f"{path} says {count['n']} digits of {name} were read; "
                    f"{path.stem}.npz does not hold so many."
                )
            _, labels = datasets.load("test", 28, count["n"])
            correct = int((torch.from_numpy(predictions[name]) == labels).sum())
            if correct != count["n_correct"]:
                raise DataError(
                    f"{path} says {count['n_correct']} right on {name}; "
                    f"its predictions give {correct}."
                )
        results.append(result)
    return results


def of_fewer(directory: Path = RESULTS) -> dict[int, Path]:
    """Folders of what was trained on fewer digits than all (`grid.directory_of`), by n."""
    numbers = sorted(int(folder.name[1:]) for folder in directory.glob("n[0-9]*"))
    return {n: directory / f"n{n}" for n in numbers}


def load_fewer(directory: Path = RESULTS) -> list[dict]:
    """Results of cells that were trained on fewer digits than all, fewest first, each checked."""
    return [result for folder in of_fewer(directory).values() for result in load_results(folder)]


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


def over_networks(counts: Sequence[tuple[int, int]]) -> dict:
    """Networks that differ in their seed, each by (right answers, digits read), in percent.

    mean, sd: over the networks (sd None for one).  low, high: Wilson's 95 % interval of the first.
    """
    shares = np.array([100 * n_correct / n for n_correct, n in counts])
    low, high = wilson(*counts[0])
    return {
        "mean": float(shares.mean()),
        "sd": float(shares.std(ddof=1)) if len(shares) > 1 else None,
        "low": 100 * low,
        "high": 100 * high,
    }


def summarise(
    results: Sequence[dict], architecture: str, train_on: str, test_on: str, size: int = 32
) -> dict | None:
    """One cell of the table over its seeds, in percent; None if it was not measured.

    mean, sd, low, high: `over_networks`.  n: test digits of each.  seeds, n_train: as run.
    """
    rows = [
        r
        for r in results
        if (r["architecture"], r["train_on"], r["size"]) == (architecture, train_on, size)
        and test_on in r["tests"]
    ]
    if not rows:
        return None
    counts = [r["tests"][test_on] for r in rows]
    return {
        **over_networks([(c["n_correct"], c["n"]) for c in counts]),
        "n": counts[0]["n"],
        "seeds": [r["seed"] for r in rows],
        "n_train": rows[0]["n_train"],
    }

"""Does the stylizer do what the optimisation does?  Loss, time and one classifier's readings.

Both halftone the same validation digits at 256 pixels; a classifier trained on originals reads
both.  It resumes after a kill, a few pictures back.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, operating_points, stylizer
from halftone_utils.digits.operating_points import OperatingPoint
from halftone_utils.engine.files import CACHE, RESULTS, hash_of, read_json, write_json
from halftone_utils.networks import architectures, training
from halftone_utils.results.accuracies import wilson
from halftone_utils.screens import perception
from halftone_utils.style import gatys

CHUNK = 20  # pictures: what a kill can lose
KINDS = ("optimised", "stylized")
READER = training.Recipe(epochs=3, learning_rate=3e-4, batch=64, shift=8)


def reader(n_train: int, seed: int = 0) -> torch.nn.Module:
    """AlexNet at 256 pixels, trained on the first n_train originals, or what its checkpoint has."""
    model = architectures.build("alexnet", stylizer.SIZE, seed)
    images, labels = datasets.load("train", stylizer.SIZE, n_train)
    path = CACHE / "checkpoints" / f"reader-{stylizer.SIZE}-{n_train}-s{seed}.safetensors"
    training.fit(model, images, labels, READER, seed=seed, checkpoint=path)
    return model


def total_loss(point: OperatingPoint, p: Tensor, x: Tensor) -> Tensor:
    """L_total of each halftone x of the pictures p, both (N, 1, H, W): (N,)."""
    network, targets = operating_points.network_for(point)
    objective = gatys.Objective(network, p, targets, point.settings)
    with torch.no_grad():
        return gatys.total_loss(*objective.losses(x), point.alpha, point.beta)


def halftone_both(
    point: OperatingPoint, model: stylizer.Stylizer, p: Tensor
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """The same pictures (N, 1, 256, 256) by both ways, and the seconds that each took."""
    started = time.perf_counter()
    optimised = operating_points.halftone(point, p).image
    between = time.perf_counter()
    stylized = stylizer.stylize(model, p)
    seconds = {"optimised": between - started, "stylized": time.perf_counter() - between}
    return {"optimised": optimised, "stylized": stylized}, seconds


def _measure(
    point: OperatingPoint, model: stylizer.Stylizer, classifier: torch.nn.Module, p: Tensor
) -> dict:
    halftones, seconds = halftone_both(point, model, p)
    seen = {
        f"{kind}, integrated": perception.integrate(x, 0.7 * point.ruling, restore_contrast=True)
        for kind, x in halftones.items()
    }
    read = {"original": p, **halftones, **seen}
    return {
        "predictions": {k: training.predict(classifier, x).tolist() for k, x in read.items()},
        "total": {kind: total_loss(point, p, x).tolist() for kind, x in halftones.items()},
        "seconds": seconds,
    }


def compare(point: OperatingPoint, n: int, n_train: int, *, progress: bool = True) -> dict:
    """Halftone the first n validation digits by both ways and read them.

    Returns accuracies with counts and Wilson's intervals in percent, mean total losses and
    their ratio, seconds per picture and their ratio.
    """
    model, classifier = stylizer.load(point.name), reader(n_train)
    images, labels = datasets.load("validation", 28, n)
    name = hash_of([point.hash, stylizer.weights_sha256(point.name), n_train, CHUNK])
    folder = CACHE / "fidelity" / name
    parts = []
    for i, digits in enumerate(
        tqdm(images.split(CHUNK), desc="two ways", unit=f"{CHUNK} digits", disable=not progress)
    ):
        path = folder / f"{i}-{len(digits)}.json"
        if not path.exists():
            p = datasets.as_float(datasets.resize(digits, point.size))
            write_json(path, _measure(point, model, classifier, p))
        parts.append(read_json(path))
    return _summary(point, parts, labels, n_train)


def _summary(point: OperatingPoint, parts: list[dict], labels: Tensor, n_train: int) -> dict:
    n, tests = len(labels), {}
    for kind in parts[0]["predictions"]:
        predictions = torch.tensor([k for part in parts for k in part["predictions"][kind]])
        right = int((predictions == labels).sum())
        low, high = wilson(right, n)
        tests[kind] = {
            "n": n,
            "n_correct": right,
            "percent": 100 * right / n,
            "low": 100 * low,
            "high": 100 * high,
        }
    total = {k: sum(sum(part["total"][k]) for part in parts) / n for k in KINDS}
    # the median chunk: a first one also warms up
    seconds = {
        k: float(torch.tensor([part["seconds"][k] for part in parts]).median()) / CHUNK
        for k in KINDS
    }
    return {
        "operating_point": {"name": point.name, "size": point.size, "hash": point.hash},
        "stylizer_sha256": stylizer.weights_sha256(point.name),
        "reader": {"architecture": "alexnet", "size": point.size, "n_train": n_train, "seed": 0},
        "split": "validation",
        "tests": tests,
        "total_loss": {**total, "stylized / optimised": total["stylized"] / total["optimised"]},
        "seconds_per_picture": {
            **seconds,
            "optimised / stylized": seconds["optimised"] / seconds["stylized"],
        },
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def result_path(name: str) -> Path:
    """Where the comparison of an operating point is written."""
    return RESULTS / f"stylizer-{name}-{stylizer.SIZE}.json"


def main() -> None:
    """`python -m halftone_utils.fidelity talk`: measure, and write data/results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("point", help="operating point, as in data/operating_points.toml")
    parser.add_argument("--n", type=int, default=1000, help="validation digits, 1 to 5000")
    parser.add_argument(
        "--n-train", type=int, default=5000, help="originals the reader learns from"
    )
    asked = parser.parse_args()
    point = operating_points.load(asked.point, stylizer.SIZE)
    write_json(result_path(asked.point), compare(point, asked.n, asked.n_train))


if __name__ == "__main__":
    main()

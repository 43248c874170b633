"""How accuracy falls with the iterations, and with alpha/beta: behind the choice of a halftone.

Everything here is measured on validation digits.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, operating_points, sets
from halftone_utils.engine.files import RESULTS, read_json, write_json
from halftone_utils.engine.hardware import can_compile, fastest_precision
from halftone_utils.networks import training
from halftone_utils.screens import perception
from halftone_utils.studies import grid
from halftone_utils.studies.experiments import trained

TALK_LENET = 81.46  # percent, the talk's LeNet, original -> halftone
CHUNK = 512  # digits whose whole trajectories are held at a time


def strength_curve(
    point: operating_points.OperatingPoint,
    architectures: Sequence[str],
    *,
    iterations: int,
    n: int,
    seeds: Sequence[int] = (0, 1, 2),
    progress: bool = True,
) -> dict:
    """Right answers after each iteration 0, 1, ... of classifiers trained on originals.

    The first n validation digits are halftoned for `iterations` steps at `point`.
    Returns {"n", "iterations", "correct": {architecture: {seed: counts}}, "integrated": the
    same through visual integration of half a cell with contrast restored, ...}.
    """
    images, labels = datasets.load("validation", point.size, n)
    models = _models(architectures, point.size, seeds, progress)
    steps = range(iterations + 1)
    sigma = sets.sigma_at_talk(point.size)
    correct = {key: [0] * len(steps) for key in models}
    integrated = {key: [0] * len(steps) for key in models}
    chunks = list(zip(images.split(CHUNK), labels.split(CHUNK), strict=True))
    for u8, y in tqdm(chunks, desc="strength", unit=f"{CHUNK} digits", disable=not progress):
        run = operating_points.halftone(
            point,
            datasets.as_float(u8),
            keep=tuple(steps),
            iterations=iterations,
            precision=fastest_precision(),
            compiled=can_compile() and n >= 2000,
        )
        for i in steps:
            seen = perception.integrate(run.images[i], sigma, restore_contrast=True)
            for key, model in models.items():
                correct[key][i] += _right(model, run.images[i], y)
                integrated[key][i] += _right(model, seen, y)

    return {
        "operating_point": {k: v for k, v in point.config.items() if k != "iterations"},
        "split": "validation",
        "n": n,
        "iterations": iterations,
        "sigma": sigma,
        "correct": _nested(correct),
        "integrated": _nested(integrated),
    }


def weight_curve(
    point: operating_points.OperatingPoint,
    architectures: Sequence[str],
    *,
    ratios: Sequence[float],
    n: int,
    seeds: Sequence[int] = (0,),
    progress: bool = True,
) -> dict:
    """Right answers of classifiers trained on originals, at each ratio alpha/beta.

    The first n validation digits are halftoned at `point` but for beta, which is alpha / ratio.
    Large pictures are drawn in the fastest precision, as their test sets are.
    Returns {"n", "ratios", "correct": {architecture: {seed: counts}}, "integrated": ...}.
    """
    images, labels = datasets.load("validation", point.size, n)
    models = _models(architectures, point.size, seeds, progress)
    sigma = sets.sigma_at_talk(point.size)
    precision = fastest_precision() if point.size == 256 else torch.float32
    correct, integrated = ({key: [] for key in models} for _ in range(2))
    for ratio in tqdm(ratios, desc="alpha/beta", disable=not progress):
        weighted = replace(point, beta=point.alpha / ratio)
        drawn = operating_points.halftone(
            weighted, datasets.as_float(images), precision=precision
        ).image
        seen = perception.integrate(drawn, sigma, restore_contrast=True)
        for key, model in models.items():
            correct[key].append(_right(model, drawn, labels))
            integrated[key].append(_right(model, seen, labels))
    return {
        "operating_point": {k: v for k, v in point.config.items() if k != "beta"},
        "split": "validation",
        "n": n,
        "ratios": list(ratios),
        "frozen": point.alpha / point.beta,
        "sigma": sigma,
        "correct": _nested(correct),
        "integrated": _nested(integrated),
    }


def _right(model: torch.nn.Module, images: Tensor, labels: Tensor) -> int:
    """How many a classifier reads; large pictures in the precision of the cells' tests."""
    fast = images.shape[-1] == 256
    return int((training.predict(model, images, fast=fast) == labels).sum())


def _models(
    architectures: Sequence[str], size: int, seeds: Sequence[int], progress: bool
) -> dict[tuple[str, int], torch.nn.Module]:
    cells = [grid.cell_for(a, size, "original", s) for a in architectures for s in seeds]
    return {(c.architecture, c.seed): trained(c, progress)[0] for c in cells}


def _nested(counts: dict[tuple[str, int], list]) -> dict:
    nested: dict[str, dict] = {}
    for (architecture, seed), values in counts.items():
        nested.setdefault(architecture, {})[str(seed)] = values
    return nested


def choose_iterations(curve: dict, target: float = TALK_LENET) -> int:
    """The iteration at which LeNet, averaged over seeds, is nearest to `target` percent."""
    runs = list(curve["correct"]["lenet"].values())
    means = [100 * sum(counts) / len(runs) / curve["n"] for counts in zip(*runs, strict=True)]
    return min(range(len(means)), key=lambda i: abs(means[i] - target))


def merged(curve: dict, known: dict) -> dict:
    """A curve, and the networks that an earlier file holds of the very same halftones.

    A network that both have is the curve's; a file of other halftones gives nothing.
    """
    networks = ("correct", "integrated")
    if any(known.get(k) != v for k, v in curve.items() if k not in networks):
        return curve
    return {**known, **{part: {**known[part], **curve[part]} for part in networks}}


def load(name: str) -> dict:
    """A committed curve by the name of its file in data/results, such as "strength-talk"."""
    return read_json(RESULTS / f"{name}.json")


def main() -> None:
    """`python -m halftone_utils.strength talk --save selection-talk --architectures lenet`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("point", help="operating point, as in data/operating_points.toml")
    parser.add_argument("--save", required=True, help="stem of the file in data/results")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--architectures", nargs="+", default=["lenet", "alexnet"])
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--ratios", nargs="+", type=float, help="of alpha/beta, instead")
    parser.add_argument("--n", type=int, default=5000, help="validation digits, 1 to 5000")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    asked = parser.parse_args()
    point = operating_points.load(asked.point, asked.size)
    if asked.ratios:
        curve = weight_curve(
            point, asked.architectures, ratios=asked.ratios, n=asked.n, seeds=asked.seeds
        )
    else:
        curve = strength_curve(
            point, asked.architectures, iterations=asked.iterations, n=asked.n, seeds=asked.seeds
        )
    path = RESULTS / f"{asked.save}.json"
    curve = merged(curve, read_json(path) if path.exists() else {})
    # by LeNet's fall the iterations of the small point were chosen, and of no other
    if "lenet" in curve["correct"] and not asked.ratios and asked.size == 32:
        curve["target"] = TALK_LENET
        curve["chosen_iterations"] = choose_iterations(curve)
        print(f"LeNet is nearest to {TALK_LENET} % after {curve['chosen_iterations']} iterations.")
    write_json(path, curve)


if __name__ == "__main__":
    main()

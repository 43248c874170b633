"""How much of a fall is the batch statistics' own: estimate them again, without a label.

    python -m halftone_utils.normalization resnet18 --train-on original --size 32

A batch normalization keeps the means and variances of what it was trained on.  Behind a halftone
they are others, and every layer after it is off.  Estimating them anew on halftones (Li et al.,
Revisiting Batch Normalization, 2016; Schneider et al., NeurIPS 2020) changes no weight.
"""

import argparse
import copy
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from halftone_utils.digits import datasets, sets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import hardware
from halftone_utils.engine.files import DATA, RESULTS, DataError, read_json, write_json
from halftone_utils.networks import architectures, training
from halftone_utils.report.tables import percent
from halftone_utils.results.accuracies import of_fewer, over_networks
from halftone_utils.studies import experiments, grid
from halftone_utils.studies.experiments import Cell

SHOWN = ("original", "halftone-talk", "halftone-strong", "random-dots")
N_ADAPT = 1_000  # training pictures, whose labels are not looked at
BATCH = 200
TRAINED = {
    "original": "originals",
    "halftone-talk": "halftones at `talk`",
    "halftone-strong": "halftones at `strong`",
    "both-talk": "both",
}


@torch.inference_mode()
def adapted(model: nn.Module, images: Tensor) -> nn.Module:
    """A copy whose batch statistics are those of some images; its weights are the model's.

    images: uint8 (N, 1, H, W), no labels.  The statistics are means over batches of BATCH, and
    stay as they are afterwards: what it reads does not depend on what else it reads.
    Raises ValueError for a model without batch normalization.
    """
    model = copy.deepcopy(model).eval()
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    if not layers:
        raise ValueError("The model has no batch normalization whose statistics could be adapted.")
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over batches
        layer.train()
    device = next(model.parameters()).device
    for x in images.split(BATCH):
        with hardware.autocast(device):
            model(as_float(x).to(device))
    return model.eval()


def _model(cell: Cell) -> nn.Module:
    """The committed weights where there are some, else the trained cell."""
    all_digits = cell.n_train == datasets.SPLITS["train"]
    if all_digits and (DATA / "weights" / f"{cell.stem}.safetensors").exists():
        return experiments.published(cell.architecture, cell.train_on, cell.seed, cell.size)
    return experiments.trained(cell)[0]


def measure(
    cell: Cell,
    *,
    n_adapt: int = N_ADAPT,
    n_test: int = datasets.SPLITS["test"],
    shown: Sequence[str] = SHOWN,
    directory: Path | None = None,
) -> dict:
    """Read test sets with a classifier as it is and adapted to each; writes and returns the result.

    Statistics come from the first n_adapt training digits, drawn as the test set is.
    directory: where to (default: the cell's own).
    """
    model, tests = _model(cell), {}
    for name in shown:
        images, labels = sets.load(name, "test", cell.size, n_test)
        own = adapted(model, sets.load(name, "train", cell.size, n_adapt)[0])
        right = [
            int((training.predict(m, images, fast=True) == labels).sum()) for m in (model, own)
        ]
        tests[name] = {"n": len(labels), "n_correct": right[0], "n_correct_adapted": right[1]}
    result = {
        "stem": cell.stem,
        "n_train": cell.n_train,
        "n_adapt": n_adapt,
        "tests": tests,
        "precision": str(hardware.fastest_precision()).removeprefix("torch."),
        "torch": torch.__version__,
    }
    # not the stem, which is a cell's own
    name = f"normalization-{cell.architecture}-{cell.size}-{cell.train_on}-seed{cell.seed}.json"
    write_json((directory or grid.directory_of(cell)) / name, result)
    return result


def load(directory: Path = RESULTS) -> list[dict]:
    """Every result, by file name; one that does not say its "n_train" is of its folder's."""
    folders = {datasets.SPLITS["train"]: directory, **of_fewer(directory)}
    return [
        {"n_train": n, **read_json(path)}
        for n, folder in folders.items()
        for path in sorted(folder.glob("normalization-*.json"))
    ]


def _reading(results: Sequence[dict], test_on: str) -> tuple[str, str]:
    """A test set as the network read it, and with its statistics, in percent (`tables.percent`).

    Raises DataError for seeds that read different numbers of digits.
    """
    counts = [result["tests"][test_on] for result in results]
    n = [c["n"] for c in counts]
    if len(set(n)) > 1:
        stems = ", ".join(result["stem"] for result in results)
        raise DataError(
            f"{stems} read {n} of {test_on}; seeds of one network read the same number."
        )
    before, after = (
        percent(over_networks([(c[key], c["n"]) for c in counts]))
        for key in ("n_correct", "n_correct_adapted")
    )
    return before, after


def _numbers(results: Sequence[dict], test_on: str) -> str:
    """How many digits were read, and by which seeds where there are several."""
    n = f"{results[0]['tests'][test_on]['n']:,}"
    seeds = ", ".join(result["stem"].rpartition("-s")[2] for result in results)
    return f"{n} each of seeds {seeds}" if len(results) > 1 else n


def _networks(results: Sequence[dict]) -> dict[tuple[str, str, str], list[dict]]:
    """Results by architecture, size and what they were trained on, in this order, originals first.

    What they were trained on is in words, with the number of digits where it is not all.
    """
    networks: dict[tuple[str, int, bool, str], list[dict]] = {}
    for result in results:
        a, size, train_on = re.fullmatch(r"(\w+)-(\d+)-(.+)-s\d+", result["stem"]).groups()
        n = result["n_train"]
        trained_on = TRAINED[train_on] + f" ({n:,} digits)" * (n < datasets.SPLITS["train"])
        network = (a, int(size), train_on != "original", trained_on)
        networks.setdefault(network, []).append(result)
    return {
        (a, str(size), trained_on): networks[a, size, retrained, trained_on]
        for a, size, retrained, trained_on in sorted(networks)
    }


def sentences(results: Sequence[dict], shown: Sequence[str] = SHOWN) -> list[str]:
    """What was measured, a sentence a network and test set; `_reading` says with what error."""
    lines = []
    for (architecture, size, trained_on), of_seeds in _networks(results).items():
        name = f"{architectures.NAMES[architecture]} at {size} px, trained on {trained_on}"
        for test_on in (t for t in shown if t in of_seeds[0]["tests"]):
            before, after = _reading(of_seeds, test_on)
            lines.append(
                f"{name}, {sets.DESCRIPTIONS[test_on]}: {before} % as it is, {after} % with "
                f"statistics of {of_seeds[0]['n_adapt']:,} such training pictures "
                f"(n = {_numbers(of_seeds, test_on)})"
            )
    return lines


def table(results: Sequence[dict]) -> str:
    """The same in Markdown: a row a network, a column a test set, before → after in a cell."""
    head = ["network", "trained on", *(sets.DESCRIPTIONS[t] for t in SHOWN), "statistics of", "n"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for (architecture, size, trained_on), of_seeds in _networks(results).items():
        name = f"{architectures.NAMES[architecture]}, {size} px"
        readings = [_reading(of_seeds, test_on) for test_on in SHOWN]
        cells = [f"{before}<br>→ **{after}**" for before, after in readings]
        numbers = [f"{of_seeds[0]['n_adapt']:,}", _numbers(of_seeds, SHOWN[0])]
        lines.append(f"| {' | '.join([name, trained_on, *cells, *numbers])} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one classifier."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architecture", choices=architectures.ARCHITECTURES)
    parser.add_argument("--train-on", choices=sets.TRAIN_SETS, default="original")
    parser.add_argument("--size", type=int, choices=architectures.SIZES, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-train", type=int, default=0, help="another number than the grid's")
    parser.add_argument("--n-test", type=int, default=datasets.SPLITS["test"])
    options = parser.parse_args(arguments)
    try:
        cell = grid.cell_for(
            options.architecture, options.size, options.train_on, options.seed, options.n_train
        )
        result = measure(cell, n_test=options.n_test)
    except (DataError, ValueError) as error:
        sys.exit(str(error))
    print("\n".join(sentences([result])))


if __name__ == "__main__":
    main()

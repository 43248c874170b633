"""Result files as tables, counts and sentences; every number comes from the files."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import binomtest

from halftone_utils import mnist
from halftone_utils.experiments import TALK, load_predictions, summarise, wilson

COLUMNS = {  # of the talk's table
    "lenet": "LeNet",
    "alexnet": "AlexNet",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "resnet18": "ResNet18",
    "resnet50": "ResNet50",
}
ROWS = {  # (train_on, tested on)
    ("original", "original"): "original / original",
    ("original", "halftone-talk"): "original / halftone",
    ("halftone-talk", "halftone-talk"): "halftone / halftone",
}
ALSO = {("halftone-talk", "original"): "halftone / original"}  # the talk did not ask it


def percent(summary: dict | None) -> str:
    """A cell as text: mean ± sd over seeds, or Wilson's interval for one model; empty if None."""
    if summary is None:
        return ""
    if summary["sd"] is None:
        return f"{summary['mean']:.2f} [{summary['low']:.2f}, {summary['high']:.2f}]"
    return f"{summary['mean']:.2f} ± {summary['sd']:.2f}"


def talk_table(results: Sequence[dict]) -> str:
    """The talk's 36 cells in Markdown: ours in percent, the talk's in brackets, gaps empty."""
    lines = [
        "| size | trained / tested | " + " | ".join(COLUMNS.values()) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for size in (32, 256):
        rows = {**ROWS, **ALSO} if size == 32 else ROWS
        for (train_on, test_on), label in rows.items():
            cells = []
            for architecture in COLUMNS:
                ours = percent(summarise(results, architecture, train_on, test_on, size))
                talk = TALK.get(architecture, {}).get((train_on, test_on)) if size == 32 else None
                cells.append(f"**{ours}**" * bool(ours) + f" (talk: {talk})" * bool(talk))
            lines.append(f"| {size}×{size} | {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def caption(results: Sequence[dict]) -> str:
    """What stands behind the numbers of the table: n, training digits, seeds."""
    n_train = sorted({r["n_train"] for r in results})
    n_test = sorted({c["n"] for r in results for c in r["tests"].values()})
    seeds = sorted({r["seed"] for r in results})
    return (
        f"Accuracy in percent on {_several(n_test)} test digits after training on "
        f"{_several(n_train)}: mean ± standard deviation over seeds {_several(seeds)}; "
        "the talk's figures in brackets; empty cells are not measured yet."
    )


def _several(numbers: Sequence[int]) -> str:
    return " or ".join(f"{n:,}" for n in numbers) if len(numbers) < 3 else (
        ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
    )  # fmt: skip


def single_models(results: Sequence[dict]) -> str:
    """Every trained model by itself, in Markdown: counts, Wilson 95 % intervals, training time."""
    lines = [
        "| model | trained on (n) | tested on | right of n | % | 95 % interval | training |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in results:
        for name, count in r["tests"].items():
            low, high = wilson(count["n_correct"], count["n"])
            lines.append(
                f"| {COLUMNS[r['architecture']]}, seed {r['seed']} | {r['train_on']} "
                f"({r['n_train']:,}) | {name} | {count['n_correct']:,} of {count['n']:,} "
                f"| {100 * count['n_correct'] / count['n']:.2f} "
                f"| {100 * low:.2f}-{100 * high:.2f} | {r['seconds']:.0f} s |"
            )
    return "\n".join(lines)


def _stems(results: Sequence[dict], architecture: str, train_on: str) -> list[str]:
    return [
        f"{r['architecture']}-{r['size']}-{r['train_on']}-s{r['seed']}"
        for r in results
        if (r["architecture"], r["train_on"], r["size"]) == (architecture, train_on, 32)
    ]


def confusion_matrix(
    results: Sequence[dict], architecture: str, train_on: str, test_on: str
) -> np.ndarray:
    """Digit by reading, (10, 10) counts over all seeds of one architecture at 32x32."""
    matrix = np.zeros((10, 10), dtype=int)
    for stem in _stems(results, architecture, train_on):
        read = load_predictions(stem)[test_on]
        labels = mnist.load("test", 28, len(read))[1].numpy()
        np.add.at(matrix, (labels, read), 1)
    return matrix


def mcnemar(results: Sequence[dict], one: str, other: str, train_on: str, test_on: str) -> dict:
    """Two architectures, first seeds, on the same test digits: exact McNemar test.

    Returns how many digits only one of them reads, only the other, and the two-sided p.
    """
    right = []
    for architecture in (one, other):
        stem = _stems(results, architecture, train_on)[0]
        read = torch.from_numpy(load_predictions(stem)[test_on])
        right.append(read == mnist.load("test", 28, len(read))[1])
    only_one = int((right[0] & ~right[1]).sum())
    only_other = int((right[1] & ~right[0]).sum())
    p = binomtest(only_one, only_one + only_other).pvalue if only_one + only_other else 1.0
    return {"only_one": only_one, "only_other": only_other, "p": float(p)}


def conclusions(results: Sequence[dict]) -> list[str]:
    """What has been measured, in sentences: one a question, only for what has results."""
    sentences = []
    for a, name in COLUMNS.items():
        clean = summarise(results, a, "original", "original")
        fooled = summarise(results, a, "original", "halftone-talk")
        retrained = summarise(results, a, "halftone-talk", "halftone-talk")
        back = summarise(results, a, "halftone-talk", "original")
        if clean and fooled:
            talk = TALK.get(a, {}).get(("original", "halftone-talk"))
            versus = f"; the talk's read {talk:.2f} %" if talk else ""
            sentences.append(
                f"{name}, trained on originals, reads {percent(clean)} % of them and "
                f"{percent(fooled)} % of their halftones{versus}."
            )
        if retrained and back:
            sentences.append(
                f"{name}, trained on halftones, reads {percent(retrained)} % of halftones and "
                f"{percent(back)} % of originals."
            )
    missing = 36 - sum(
        summarise(results, a, train_on, test_on, size) is not None
        for a in COLUMNS for train_on, test_on in ROWS for size in (32, 256)
    )  # fmt: skip
    sentences.append(f"Of the talk's 36 cells {36 - missing} are measured here, {missing} are not.")
    return sentences

"""What networks answered, digit by digit: confusions, and whether two of them agree."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from halftone_utils.digits import datasets
from halftone_utils.networks.architectures import NAMES
from halftone_utils.results.accuracies import load_predictions


def stem_of(result: dict) -> str:
    """The name of a cell's files."""
    return "{architecture}-{size}-{train_on}-s{seed}".format_map(result)


def stems(
    results: Sequence[dict], architecture: str, train_on: str = "original", size: int = 32
) -> list[str]:
    """The names of the result files of one architecture, seed by seed."""
    return [
        stem_of(r)
        for r in results
        if (r["architecture"], r["train_on"], r["size"]) == (architecture, train_on, size)
    ]


def right_answers(stem: str, test_on: str) -> np.ndarray:
    """Which test digits a model reads: bool (n,)."""
    read = load_predictions(stem)[test_on]
    return read == datasets.load("test", 28, len(read))[1].numpy()


def agreement(
    results: Sequence[dict], architectures: Sequence[str], test_on: str, size: int = 32
) -> np.ndarray:
    """Of the digits that either misreads, the percent that both misread; first seeds, originals.

    (k, k) for k architectures: 100 where two fail on the same digits, 0 where on no common one.
    """
    wrong = [~right_answers(stems(results, a, "original", size)[0], test_on) for a in architectures]
    return np.array([[100 * (x & y).sum() / max(1, (x | y).sum()) for y in wrong] for x in wrong])


def confusion_matrix(
    results: Sequence[dict], architecture: str, train_on: str, test_on: str, size: int = 32
) -> np.ndarray:
    """Digit by reading, (10, 10) counts over all seeds of one architecture."""
    matrix = np.zeros((10, 10), dtype=int)
    for stem in stems(results, architecture, train_on, size):
        read = load_predictions(stem)[test_on]
        labels = datasets.load("test", 28, len(read))[1].numpy()
        np.add.at(matrix, (labels, read), 1)
    return matrix


def mcnemar(
    results: Sequence[dict], one: str, other: str, train_on: str, test_on: str, size: int = 32
) -> dict:
    """Two architectures, first seeds, on the same test digits: exact McNemar test.

    Returns how many digits only one of them reads, only the other, and the two-sided p.
    """
    right = [
        right_answers(stems(results, architecture, train_on, size)[0], test_on)
        for architecture in (one, other)
    ]
    only_one = int((right[0] & ~right[1]).sum())
    only_other = int((right[1] & ~right[0]).sum())
    p = binomtest(only_one, only_one + only_other).pvalue if only_one + only_other else 1.0
    return {"only_one": only_one, "only_other": only_other, "p": float(p)}


def log10_p(results: Sequence[dict], architectures: Sequence[str], test_on: str) -> np.ndarray:
    """log10 of McNemar's p, no less than -300, for each pair trained on originals: (k, k)."""
    p = [
        [mcnemar(results, a, b, "original", test_on)["p"] for b in architectures]
        for a in architectures
    ]
    return np.log10(np.maximum(p, 1e-300))


def favourites(results: Sequence[dict], architecture: str, test_on: str) -> str:
    """What a 1 becomes, the worst digit, the favourite answer; of those trained on originals."""
    counts = confusion_matrix(results, architecture, "original", test_on)
    ones, recall = 100 * counts[1] / counts[1].sum(), 100 * counts.diagonal() / counts.sum(1)
    becomes = ", ".join(f"{digit} ({ones[digit]:.0f} %)" for digit in np.argsort(-ones)[:3])
    answer = counts.sum(0).argmax()
    return (
        f"{NAMES[architecture]}: a 1 becomes {becomes}; worst digit {recall.argmin()} "
        f"({recall.min():.0f} %); favourite answer {answer} "
        f"({100 * counts[:, answer].sum() / counts.sum():.0f} % of all)"
    )


def fallbacks(results: Sequence[dict], test_on: str, size: int) -> list[str]:
    """The answer that each network trained on originals gives most often, and how often.

    Counted over all its seeds; where these do not have the same, with each seed's own.
    """
    sentences = []
    for a, name in NAMES.items():
        given = [load_predictions(stem).get(test_on) for stem in stems(results, a, size=size)]
        counts = [np.bincount(g, minlength=10) for g in given if g is not None]
        if counts:
            total, own = sum(counts), [int(of_seed.argmax()) for of_seed in counts]
            each = f" (seed by seed {', '.join(map(str, own))})" * (len(set(own)) > 1)
            sentences.append(
                f"{name}, {size} px: {total.argmax()} is its answer to "
                f"{100 * total.max() / total.sum():.1f} % of {total.sum():,} pictures{each}"
            )
    return sentences

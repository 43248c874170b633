"""The tidy table of all results, a line an observation, and what follows from it.

Columns of an experiment: stem, architecture, size, train_on, seed, n_train, shown, n, n_correct;
recipe and run are as the file has them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from halftone_utils.digits import datasets
from halftone_utils.engine.files import RESULTS, DataError
from halftone_utils.results.intervals import Summary, summary
from halftone_utils.results.store import Result, load, predictions

NETWORK = ["size", "architecture", "train_on"]  # what a mean over seeds is of


def tidy(results: Sequence[Result]) -> pd.DataFrame:
    """Rows of many results under one another, each with its study, stem, configuration and run."""
    lines = []
    for result in results:
        said = {"study": result.study, "stem": result.stem, **result.config}
        runs = result.runs or [{}]
        lines += [{**said, **row, "run": runs[row.get("run", 0)]} for row in result.rows]
    return pd.DataFrame(lines)


def experiments(directory: Path = RESULTS, dataset: str = "mnist") -> pd.DataFrame:
    """The observations of every experiment on a data set, each checked against its predictions.

    Raises DataError that names a file whose counts its own predictions do not give.
    """
    every = load("experiment", directory)
    found = [result for result in every if result.config.get("dataset", "mnist") == dataset]
    for result in found:
        _verify(result, directory)
    columns = ["stem", *NETWORK, "seed", "n_train", "shown", "n", "run"]
    return tidy(found) if found else pd.DataFrame(columns=columns)


def _verify(result: Result, directory: Path) -> None:
    answers = predictions(result.stem, directory)
    for row in result.rows:
        what = f"{directory / result.stem}.json says that {row['n']} of {row['shown']} were read"
        if len(answers.get(row["shown"], ())) != row["n"]:
            raise DataError(f"{what}; {result.stem}.npz does not hold so many.")
        labels = _labels(row["n"], result.config.get("dataset", "mnist"))
        right = int((answers[row["shown"]] == labels).sum())
        if right != row["n_correct"]:
            raise DataError(f"{what}, {row['n_correct']} right; its predictions give {right}.")


def _labels(n: int, dataset: str = "mnist") -> np.ndarray:
    return datasets.load("test", datasets.SIDE, n, dataset)[1].numpy()


def of_most_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Of each network that was trained on several numbers of digits, those of the most."""
    return table[table["n_train"] == table.groupby(NETWORK)["n_train"].transform("max")]


def runs_of(
    table: pd.DataFrame, architecture: str, train_on: str = "original", size: int = 32
) -> pd.DataFrame:
    """The observations of one network, of all its seeds, trained on the most digits."""
    of_network = (
        (table["architecture"] == architecture)
        & (table["train_on"] == train_on)
        & (table["size"] == size)
    )
    return of_most_digits(table[of_network])


def stems(
    table: pd.DataFrame,
    architecture: str,
    train_on: str = "original",
    shown: str = "original",
    size: int = 32,
) -> list[str]:
    """The result files of one network that read all test digits of a set, seed by seed."""
    found = runs_of(table, architecture, train_on, size)
    found = found[(found["shown"] == shown) & (found["n"] == datasets.count("test"))]
    return [*found.sort_values("seed", kind="stable")["stem"]]


def summarise(
    table: pd.DataFrame, architecture: str, train_on: str, shown: str, size: int = 32
) -> Summary | None:
    """One cell of the table over its seeds; None if it was not measured."""
    rows = runs_of(table, architecture, train_on, size)
    rows = rows[rows["shown"] == shown].sort_values("seed", kind="stable")
    if rows.empty:
        return None
    counts = [*zip(rows["n_correct"].astype(int), rows["n"].astype(int), strict=True)]
    return summary(counts, rows["seed"].tolist(), int(rows["n_train"].iloc[0]))


def misread(table: pd.DataFrame, architecture: str, shown: str) -> np.ndarray:
    """Which test digits the first seed that was trained on originals misreads: bool (n,)."""
    read = predictions(stems(table, architecture, shown=shown)[0])[shown]
    return read != _labels(len(read))


def agreement(table: pd.DataFrame, architectures: Sequence[str], shown: str) -> np.ndarray:
    """Of the digits that either misreads, the percent that both misread; first seeds, originals.

    (k, k) for k architectures: 100 where two fail on the same digits, 0 where on no common one.
    """
    wrong = [misread(table, a, shown) for a in architectures]
    return np.array([[100 * (x & y).sum() / max(1, (x | y).sum()) for y in wrong] for x in wrong])


def confusion_matrix(
    table: pd.DataFrame, architecture: str, train_on: str, shown: str, size: int = 32
) -> np.ndarray:
    """Digit by reading, (10, 10) counts over all seeds of one network, all test digits."""
    matrix = np.zeros((10, 10), dtype=int)
    for stem in stems(table, architecture, train_on, shown, size):
        read = predictions(stem)[shown]
        np.add.at(matrix, (_labels(len(read)), read), 1)
    return matrix


def misread_by_digit(confusions: np.ndarray) -> pd.DataFrame:
    """Of each digit the percent that is misread, and what it is then mostly taken for.

    confusions: counts (10, 10), of which every digit has some.  Columns: `misread`, `taken_for`,
    `share` of its mistakes [%].
    """
    wrong = np.where(np.eye(10), 0, confusions)
    mistakes, most = wrong.sum(1), wrong.argmax(1)
    return pd.DataFrame(
        {
            "misread": 100 * mistakes / confusions.sum(1),
            "taken_for": most,
            "share": 100 * wrong.max(1) / np.maximum(1, mistakes),
        }
    )


def log10_p(table: pd.DataFrame, architectures: Sequence[str], shown: str) -> np.ndarray:
    """log10 of the p of McNemar's exact test, no less than -300, for each pair: (k, k).

    Two-sided, first seeds, trained on originals: of the digits that just one of two misreads, is
    it as often the one as the other?
    """
    wrong = [misread(table, a, shown) for a in architectures]
    # none that just one misreads is no evidence: one of one has p = 1
    p = [[binomtest((x & ~y).sum(), (x ^ y).sum() or 1).pvalue for y in wrong] for x in wrong]
    return np.log10(np.maximum(p, 1e-300))


def curve(found: Result, from_afar: bool) -> pd.DataFrame:
    """Percent read, a column a network (architecture, seed), a line an iteration or a ratio.

    found: of the study "strength" or "weights".
    """
    rows = tidy([found]).query(f"from_afar == {from_afar}")
    by = "ratio" if found.study == "weights" else "iteration"
    share = rows.assign(percent=100 * rows["n_correct"] / rows["n"])
    return share.pivot(index=by, columns=["architecture", "seed"], values="percent")


def lower_envelope(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The frontier: points for which no other is at least as legible and harms more.

    points: (legibility, accuracy).  Returns them by falling legibility, and so falling accuracy.
    """
    kept: list[tuple[float, float]] = []
    for legibility, accuracy in sorted(points, key=lambda p: (-p[0], p[1])):
        if not kept or accuracy < kept[-1][1]:
            kept.append((legibility, accuracy))
    return kept

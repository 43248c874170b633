"""What people read: their answers to the quiz, and the shares that follow from them.

A file of answers has one JSON object a line.  Those of the widgets, with initials, stay on this
machine (HALFTONE_READINGS names another file); those of the quiz that was sent around, without a
name, are committed.  Nothing is sent anywhere.
"""

import json
import math
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from halftone_utils.engine.files import DATA
from halftone_utils.results.intervals import percent

FILE = Path(os.environ.get("HALFTONE_READINGS") or DATA / "human" / "readings.jsonl")  # git ignores
COMMITTED = DATA / "people.jsonl"  # what `halftone people add` has taken in
DIGITS = "digits-32"  # the quiz of page 5, as the file names it
CONDITIONS = (  # of its pictures
    "original",
    "halftone-talk",
    "halftone-strong",
    "random-dots",
    "strong-random-phases",
)
CAPTCHAS = "captchas"  # the quiz of page 10
NOT_MEASURED = "not measured"
DRAWS = 1_000  # of people, for an interval


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One answer of one participant to one picture.

    quiz: its name.  participant: initials, or a number drawn at random.  condition: how the picture
    was drawn (a test set, a scheme).  item: which question of the quiz.  truth, answer: what is
    shown and what was read; "" for "I cannot read it".  seconds: from the picture's appearance to
    the answer.  at: ISO time, or the day.  afar: whether it was shown at a quarter of its side.
    shown: its place in the test split; None where that was not kept.
    """

    quiz: str
    participant: str
    condition: str
    item: int
    truth: str
    answer: str
    seconds: float
    at: str
    afar: bool = False
    shown: int | None = None

    @property
    def right(self) -> bool:
        """Whether it was read; capitals do not matter."""
        return self.answer.strip().upper() == self.truth.strip().upper()


def append(readings: Iterable[Reading], path: Path = FILE) -> None:
    """Add answers to the file and flush it to disk; a cut line before them stays a line alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(reading), ensure_ascii=False) + "\n" for reading in readings]
    content = "".join(lines).encode()
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            content = b"\n" * (stream.read(1) != b"\n") + content
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _parse(line: bytes) -> Reading:
    """One line of the file; raises TypeError or ValueError for what is no answer."""
    row = json.loads(line)
    if "reader" in row:  # the name of the field in files of earlier versions
        row["participant"] = row.pop("reader")
    reading = Reading(**row)
    if not isinstance(reading.answer, str) or not reading.seconds >= 0:
        raise ValueError("an answer is a text, and takes no less than 0 seconds")
    return reading


def load(path: Path | None = None) -> list[Reading]:
    """All answers, committed and local, or those of one file; none if nobody was asked.

    A damaged line is named on stderr and left out.
    """
    if path is None:
        return [*load(COMMITTED), *load(FILE)]
    readings = []
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            readings.append(_parse(line))
        except (TypeError, ValueError) as error:
            said = f"{path}, line {number} is no answer of the quiz ({error}); it is left out."
            print(said, file=sys.stderr)
    return readings


def answered(readings: Sequence[Reading], quiz: str, participant: str) -> set[int]:
    """The questions of a quiz that a participant has answered already."""
    return {r.item for r in readings if (r.quiz, r.participant) == (quiz, participant)}


def _of(readings: Iterable[Reading], quiz: str, condition: str, afar: bool) -> list[Reading]:
    key = (quiz, condition, afar)
    return [r for r in readings if (r.quiz, r.condition, r.afar) == key]


def _by_participant(readings: Iterable[Reading]) -> list[list[Reading]]:
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        found.setdefault(reading.participant, []).append(reading)
    return [*found.values()]


def summarise(
    readings: Sequence[Reading], quiz: str, condition: str, afar: bool = False
) -> dict | None:
    """How many answers to the pictures of one condition were right; None if nobody was asked.

    n, n_correct: answers, and right ones.  seconds: the median.  participants: how many people.
    spread: standard deviation between people's own shares [points]; None for one person.
    """
    found = _of(readings, quiz, condition, afar)
    if not found:
        return None
    shares = [100 * statistics.fmean(r.right for r in own) for own in _by_participant(found)]
    return {
        "n": len(found),
        "n_correct": sum(r.right for r in found),
        "seconds": statistics.median(r.seconds for r in found),
        "participants": len(shares),
        "spread": statistics.stdev(shares) if len(shares) > 1 else None,
    }


def sentence(summary: dict | None) -> str:
    """A cell of the human column: percent, interval, answers, people; or "not measured".

    The interval is Wilson's: it takes answers for independent, though one person gives many; of
    two people or more their spread stands beside it.
    """
    if summary is None:
        return NOT_MEASURED
    n, participants, spread = summary["n"], summary["participants"], summary["spread"]
    who = "1 person" if spread is None else f"{participants} people (sd between them {spread:.1f})"
    return f"{percent(summary['n_correct'], n)}; n {n}, {who}, {summary['seconds']:.1f} s"


def error_consistency(one: np.ndarray, other: np.ndarray) -> float:
    """Cohen's kappa of two readers' right and wrong answers (Geirhos, Meding & Wichmann 2020).

    one, other: bool (n,), whether each reads the same n pictures.  1: they err on the same ones; 0:
    they agree as often as two that err independently; below: less often.  NaN where one of them
    reads all or none, as there are no errors to compare.
    """
    if one.all() or other.all() or not (one.any() and other.any()):
        return math.nan
    a, b = one.mean(), other.mean()
    chance = a * b + (1 - a) * (1 - b)
    return float(((one == other).mean() - chance) / (1 - chance))


def agreement(
    readings: Sequence[Reading],
    quiz: str,
    condition: str,
    right: np.ndarray,
    afar: bool = False,
) -> dict | None:
    """Whether people and a machine err on the same pictures; None if nobody was asked.

    right: bool, whether the machine reads each of the first pictures of the test split.
    n: answers compared.  kappa: `error_consistency` of all of them.  low, high: of 95 % of
    DRAWS samples of people with replacement; NaN for one person.
    """
    asked = _of(readings, quiz, condition, afar)
    found = [r for r in asked if r.shown is not None and r.shown < len(right)]
    if not found:
        return None
    each = [
        np.array([(r.right, right[r.shown]) for r in own], bool) for own in _by_participant(found)
    ]
    dice, drawn = np.random.default_rng(0), [math.nan]
    for chosen in dice.integers(len(each), size=(DRAWS, len(each))) if len(each) > 1 else ():
        drawn.append(error_consistency(*np.concatenate([each[i] for i in chosen]).T))
    drawn = [kappa for kappa in drawn if not math.isnan(kappa)] or [math.nan]
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    kappa = error_consistency(*np.concatenate(each).T)
    return {"n": len(found), "kappa": kappa, "low": low, "high": high}


def agreement_sentence(found: dict | None) -> str:
    """A cell of a table of agreement: kappa with its interval and n; a dash where undefined."""
    if found is None:
        return NOT_MEASURED
    interval = "" if math.isnan(found["low"]) else " [{low:.2f}, {high:.2f}]".format(**found)
    kappa = "–" if math.isnan(found["kappa"]) else f"{found['kappa']:.2f}{interval}"
    return f"{kappa}; n {found['n']}"

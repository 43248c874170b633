"""What people read: answers of the quiz in a local file, and the shares that follow from them.

The file has a line an answer; nothing is sent anywhere.  HALFTONE_READINGS names another file.
"""

import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from halftone_utils.captcha import challenge
from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import DATA
from halftone_utils.results.intervals import wilson

FILE = Path(os.environ.get("HALFTONE_READINGS") or DATA / "human" / "readings.jsonl")  # git ignores
DIGITS = "digits-32"  # the quiz of page 5, as the file names it
CONDITIONS = ("original", "halftone-talk", "halftone-strong", "random-dots")  # of its pictures
TOTAL = 100  # its questions
CAPTCHAS = "captchas"  # the quiz of page 7
CAPTCHA_TOTAL = 5 * len(challenge.SCHEMES)


@dataclass(frozen=True)
class Question:
    """A picture (1 or 3, H, W) in [0, 1], how it was drawn, and what it shows."""

    picture: Tensor
    condition: str
    truth: str


def digit_question(i: int) -> Question:
    """The i-th question of the digits' quiz: always the same test digit, which no other shows."""
    order = np.random.RandomState(5).permutation(datasets.count("test"))  # a frozen stream
    which, condition = int(order[i]), CONDITIONS[i % len(CONDITIONS)]
    picture = datasets.as_float(sets.pick(condition, "test", 32, [which]))[0]
    return Question(picture, condition, str(int(datasets.load("test", 28)[1][which])))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One answer of one person to one picture.

    quiz: its name.  condition: how the picture was drawn (a test set, a scheme).  item: which
    question of the quiz.  truth, answer: what is shown and what was read; "" for "I cannot read
    it".  seconds: from the picture's appearance to the answer.  at: ISO time.
    """

    quiz: str
    reader: str
    condition: str
    item: int
    truth: str
    answer: str
    seconds: float
    at: str

    @property
    def right(self) -> bool:
        """Whether it was read; capitals do not matter."""
        return self.answer.strip().upper() == self.truth.strip().upper()


def captcha_question(i: int) -> Question:
    """The i-th question of the CAPTCHAs' quiz: the schemes in turn, each time another text."""
    scheme = list(challenge.SCHEMES)[i % len(challenge.SCHEMES)]
    text = challenge.random_texts(CAPTCHA_TOTAL, seed=7)[i]
    image = np.asarray(challenge.make_captcha(text, scheme, seed=i))
    return Question(torch.from_numpy(image.copy())[None] / 255, scheme, text)


def append(reading: Reading, path: Path = FILE) -> None:
    """Add one answer to the file and see it safely there; a cut line before it stays alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(reading), ensure_ascii=False).encode() + b"\n"
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def load(path: Path = FILE) -> list[Reading]:
    """All answers; none if nobody was asked.  A damaged line is named on stderr and left out."""
    readings = []
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            reading = Reading(**json.loads(line))
            if not isinstance(reading.answer, str) or not reading.seconds >= 0:
                raise ValueError("an answer is a text, and takes no less than 0 seconds")
            readings.append(reading)
        except (TypeError, ValueError) as error:
            print(
                f"{path}, line {number} is no answer of the quiz ({error}); it is left out.",
                file=sys.stderr,
            )
    return readings


def answered(readings: Sequence[Reading], quiz: str, reader: str) -> set[int]:
    """The questions of a quiz that a person has answered already."""
    return {r.item for r in readings if (r.quiz, r.reader) == (quiz, reader)}


def summarise(readings: Sequence[Reading], quiz: str, condition: str) -> dict | None:
    """How many answers to the pictures of one condition were right; None if nobody was asked.

    n, n_correct; low, high: Wilson's 95 % interval in percent, which takes the answers for
    independent, though one person gives many; seconds: the median; readers: how many people.
    """
    found = [r for r in readings if (r.quiz, r.condition) == (quiz, condition)]
    if not found:
        return None
    right = sum(r.right for r in found)
    low, high = wilson(right, len(found))
    return {
        "n": len(found),
        "n_correct": right,
        "low": 100 * low,
        "high": 100 * high,
        "seconds": statistics.median(r.seconds for r in found),
        "readers": len({r.reader for r in found}),
    }


def sentence(summary: dict | None) -> str:
    """A cell of the human column: percent, interval, answers, people; or "not measured"."""
    if summary is None:
        return "not measured"
    share = 100 * summary["n_correct"] / summary["n"]
    people = "1 person" if summary["readers"] == 1 else f"{summary['readers']} people"
    return (
        f"{share:.1f} [{summary['low']:.1f}, {summary['high']:.1f}]; "
        f"n {summary['n']}, {people}, {summary['seconds']:.1f} s"
    )

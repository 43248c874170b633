"""What people read: answers of the quizzes in a local file, and the shares that follow from them.

The file has one JSON object a line; nothing is sent anywhere.  HALFTONE_READINGS names another
file.
"""

import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from halftone_utils.engine.files import DATA
from halftone_utils.results.intervals import percent

FILE = Path(os.environ.get("HALFTONE_READINGS") or DATA / "human" / "readings.jsonl")  # git ignores
DIGITS = "digits-32"  # the quiz of page 5, as the file names it
CONDITIONS = ("original", "halftone-talk", "halftone-strong", "random-dots")  # of its pictures
CAPTCHAS = "captchas"  # the quiz of page 9


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One answer of one participant to one picture.

    quiz: its name.  participant: initials.  condition: how the picture was drawn (a test set, a
    scheme).  item: which question of the quiz.  truth, answer: what is shown and what was read;
    "" for "I cannot read it".  seconds: from the picture's appearance to the answer.  at: ISO time.
    """

    quiz: str
    participant: str
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


def append(reading: Reading, path: Path = FILE) -> None:
    """Add one answer to the file and flush it to disk; a cut line before it stays a line alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(reading), ensure_ascii=False).encode() + b"\n"
    with path.open("ab+") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            line = b"\n" * (stream.read(1) != b"\n") + line
        stream.write(line)
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


def load(path: Path = FILE) -> list[Reading]:
    """All answers; none if nobody was asked.  A damaged line is named on stderr and left out."""
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


def summarise(readings: Sequence[Reading], quiz: str, condition: str) -> dict | None:
    """How many answers to the pictures of one condition were right; None if nobody was asked.

    n, n_correct: answers, and right ones.  seconds: the median.  participants: how many people.
    """
    found = [r for r in readings if (r.quiz, r.condition) == (quiz, condition)]
    if not found:
        return None
    return {
        "n": len(found),
        "n_correct": sum(r.right for r in found),
        "seconds": statistics.median(r.seconds for r in found),
        "participants": len({r.participant for r in found}),
    }


def sentence(summary: dict | None) -> str:
    """A cell of the human column: percent, interval, answers, people; or "not measured".

    The interval is Wilson's: it takes answers for independent, though one person gives many.
    """
    if summary is None:
        return "not measured"
    n, participants = summary["n"], summary["participants"]
    people = "1 person" if participants == 1 else f"{participants} people"
    return f"{percent(summary['n_correct'], n)}; n {n}, {people}, {summary['seconds']:.1f} s"

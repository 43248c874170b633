"""Files of the quiz that people sent back: checked, scored from the quiz's seed, and kept.

A file is what a stranger's browser wrote: JSON of a few kilobytes.  Nothing in it is run, and no
word in it says what is right: that is drawn again from its seed.  Its checksum (CRC-32) tells a
file that was damaged, or changed by hand; it is no signature.  Whoever reads the page's script can
make a file of invented answers, as with any quiz that asks in somebody else's browser.
"""

import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from halftone_utils.engine import checks
from halftone_utils.quiz import questions
from halftone_utils.quiz.questions import Question
from halftone_utils.results import people
from halftone_utils.results.people import Reading

LARGEST = 2**16  # bytes of a file
LONGEST = 3_600_000  # milliseconds an answer may take
KEYS = ("quiz", "seed", "person", "day", "answers")  # of a file, and what its checksum is over


def checksum(content: dict[str, Any]) -> str:
    """CRC-32 of the file's values as compact JSON, in hexadecimal; as the page's script has it."""
    values = json.dumps([content[key] for key in KEYS], separators=(",", ":"))
    return f"{zlib.crc32(values.encode()):08x}"


def parse(content: bytes) -> list[Reading]:
    """The answers in a file; raises ValueError, one sentence, for what is no file of the quiz.

    RecursionError for one that nests deeper than Python reads.
    """
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1024} KiB, so no file of the quiz.")
    try:
        found = json.loads(content)
    except ValueError:
        raise ValueError("it is cut short, damaged or no JSON: ask for it once more.") from None
    if not isinstance(found, dict) or {*found} != {*KEYS, "checksum"}:
        raise ValueError("it is no file of the quiz.")
    if found["checksum"] != checksum(found):
        raise ValueError("it was changed or damaged after it was saved: ask for it once more.")
    quiz, seed, person, day, answers = (found[key] for key in KEYS)
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise ValueError("its seed is not a whole number from 0 to 2^32 - 1.")
    if quiz != questions.fingerprint(seed):
        raise ValueError(f"its questions are not those that this quiz has at its seed {seed}.")
    if not (isinstance(person, str) and re.fullmatch("[0-9a-f]{16}", person)):
        raise ValueError("its person is not a number of 16 hexadecimal digits.")
    if not (isinstance(day, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII)):
        raise ValueError("its day is not of the form 2026-01-31.")
    asked = questions.in_file(seed)
    if not (isinstance(answers, list) and 1 <= len(answers) <= len(asked)):
        raise ValueError(f"it has not 1 to {len(asked)} answers.")
    return [_reading(asked[i], i, answer, person, day) for i, answer in enumerate(answers)]


def _reading(question: Question, place: int, given: object, person: str, day: str) -> Reading:
    """An answer in the file, [text, milliseconds], scored."""
    try:
        pair: list = given if isinstance(given, list) else []
        text, milliseconds = pair
        if not isinstance(text, str):
            raise TypeError
        answer = question.checked(text)
        checks.whole("its time", milliseconds, 0, LONGEST)
    except (TypeError, ValueError):
        raise ValueError(
            f"its answer {place + 1} is {ascii(given)[:40]}; it is what was read, and milliseconds."
        ) from None
    before = questions.IN_FILE[people.DIGITS] if question.quiz == people.CAPTCHAS else 0
    return question.reading(
        participant=person, item=place - before, answer=answer, seconds=milliseconds / 1000, at=day
    )


def _new(readings: Sequence[Reading], known: Sequence[Reading]) -> list[Reading]:
    """Those that are not known yet; none where another person gave just these, times included.

    Raises ValueError where the same person answered a question otherwise.
    """

    def content(r: Reading) -> tuple:
        return r.quiz, r.item, r.condition, r.shown, r.answer, r.seconds

    by_person: dict[str, dict[tuple, Reading]] = {}
    for r in known:
        by_person.setdefault(r.participant, {})[r.quiz, r.item] = r
    own = by_person.pop(readings[0].participant, {})
    for r in readings:
        if (before := own.get((r.quiz, r.item))) and content(before) != content(r):
            raise ValueError("its person's answers are here already, and others.")
    for others in by_person.values():
        if {*map(content, readings)} <= {*map(content, others.values())}:
            return []
    return [r for r in readings if (r.quiz, r.item) not in own]


def add(
    action: Literal["add"], files: tuple[Path, ...], *, into: Path = people.COMMITTED
) -> list[str]:
    """Check files that people sent back from the quiz, and add what is new in them.

    files: as the quiz saved them.  into: the file of all answers; they stand there without a name.
    Returns a sentence a file.  Raises ValueError, a line a file, where one is refused; then nothing
    is added.
    """
    if not files:
        raise ValueError("no file is named; name those that came back from the quiz.")
    known, said, refused = people.load(into), [], []
    taken: list[Reading] = []
    for path in files:
        try:
            with path.open("rb") as stream:
                readings = parse(stream.read(LARGEST + 1))
            new = _new(readings, [*known, *taken])
        except OSError as error:
            refused.append(f"{path}: it cannot be read ({error.strerror}).")
        except ValueError as error:
            refused.append(f"{path}: {error}")
        except RecursionError:
            refused.append(f"{path}: it is no file of the quiz.")
        else:
            taken += new
            said.append(f"{path}: {len(new)} answers added, {len(readings) - len(new)} known.")
    if refused:
        raise ValueError("\n".join(refused))
    people.append(taken, into)
    return said

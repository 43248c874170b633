"""Files that come back are scored from the seed, counted once, and refused in one sentence."""

import json

import pytest

from halftone_utils import __main__ as command_line
from halftone_utils.quiz import questions, returned
from halftone_utils.results import people

ASKED = questions.in_file(0)


def content(n=None, person="0123456789abcdef", **other):
    """What the page saves after n right answers; its script is held to this in a browser."""
    answers = [[question.truth, 1_000 + i] for i, question in enumerate(ASKED[:n])]
    found = {"quiz": questions.fingerprint(0), "seed": 0, "person": person, "day": "2026-01-31"}
    found |= {"answers": answers} | other
    return {**found, "checksum": returned.checksum(found)}


@pytest.fixture
def into(tmp_path):
    return tmp_path / "people.jsonl"


@pytest.fixture
def file(tmp_path):
    def write(found, name="a.json"):
        text = found if isinstance(found, bytes) else json.dumps(found).encode()
        (tmp_path / name).write_bytes(text)
        return tmp_path / name

    return write


def test_answers_are_scored_by_what_the_seed_says_is_shown(file, into):
    wrong = ["", *(a for a in "0123456789" if a != ASKED[1].truth)][:2]
    answers = [[wrong[0], 5], [wrong[1], 7], *([q.truth.lower(), 9] for q in ASKED[2:])]
    returned.add("add", (file(content(answers=answers)),), into=into)
    readings = people.load(into)
    assert [(r.quiz, r.condition, r.afar, r.shown, r.truth) for r in readings] == [
        (q.quiz, q.condition, q.afar, q.shown, q.truth) for q in ASKED
    ]
    assert [r.right for r in readings] == [False, False] + [True] * (len(ASKED) - 2)
    assert [r.seconds for r in readings[:3]] == [0.005, 0.007, 0.009]
    assert {r.participant for r in readings} == {"0123456789abcdef"}
    assert len({(r.quiz, r.item) for r in readings}) == len(ASKED)
    assert people.summarise(readings, people.CAPTCHAS, "plain")["n"] == 1


def test_what_came_twice_counts_once(file, into):
    n = len(ASKED)
    half, whole = file(content(n=10)), file(content(), "whole.json")
    other = file(content(person="f" * 16), "other.json")  # the same answers at the same times
    assert returned.add("add", (half, whole), into=into) == [
        f"{half}: 10 answers added, 0 known.",
        f"{whole}: {n - 10} answers added, 10 known.",
    ]
    before = into.read_bytes()
    for path in (half, whole, other):
        answered = n if path != half else 10
        assert returned.add("add", (path,), into=into) == [
            f"{path}: 0 answers added, {answered} known."
        ]
    assert into.read_bytes() == before


def test_another_person_is_another_person(file, into):
    late = [[q.truth, 2_000] for q in ASKED]
    files = file(content()), file(content(person="f" * 16, answers=late), "b.json")
    returned.add("add", files, into=into)
    assert people.summarise(people.load(into), people.CAPTCHAS, "plain")["participants"] == 2


WHOLE = json.dumps(content()).encode()
CUT, CHECKSUM, FOREIGN = (
    "it is cut short, damaged or no JSON",
    "it was changed or damaged",
    "no file of",
)
REFUSED = {
    "truncated": (WHOLE[:-20], CUT),
    "no text": (b"\xff\xfe\x00", CUT),
    "empty": (b"", CUT),
    "nested": (b"[" * 60_000, FOREIGN),
    "nested inside": (WHOLE.replace(b'"0123', b"[" * 900 + b"]" * 900 + b', "0123'), CUT),
    "nested in a value": (WHOLE.replace(b'"2026-01-31"', b"[" * 900 + b"]" * 900), CHECKSUM),
    "huge": (b"[" + b"1," * 40_000 + b"1]", "it is larger than 64 KiB"),
    "foreign": (b'{"name": "halftone-utils", "version": 2}', FOREIGN),
    "a list": (b"[1, 2]", FOREIGN),
    "more keys": ({**content(), "truth": "7"}, FOREIGN),
    "an answer changed": (WHOLE.replace(b", 1003]", b", 903]"), CHECKSUM),
    "another seed": (WHOLE.replace(b'"seed": 0', b'"seed": 1'), CHECKSUM),
    "another seed, signed": (content(seed=1), "not those that this quiz has at its seed 1"),
    "another version": (content(quiz="0" * 16), "not those that this quiz has at its seed 0"),
    "no seed": (content(seed="0"), "its seed is not a whole number"),
    "a name": (content(person="Ann"), "its person is not a number"),
    "no day": (content(day="yesterday"), "its day is not"),
    "no answers": (content(answers=[]), "it has not 1 to"),
    "too many": (content(answers=content()["answers"] * 2), "it has not 1 to"),
    "answers that are none": (content(answers="7"), "it has not 1 to"),
    "no pair": (content(answers=[["7"]]), "its answer 1 is"),
    "two digits": (content(answers=[["77", 5]]), "its answer 1 is"),
    "half a character": (content(answers=[["\ud800", 5]]), "its answer 1 is"),
    "markup": (content(answers=[[ASKED[0].truth, 5], ["<b>", 5]]), "its answer 2 is"),
    "no time": (content(answers=[["7", "5"]]), "its answer 1 is"),
    "a day long": (content(answers=[["7", 86_400_000]]), "its answer 1 is"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_said_in_one_sentence_and_nothing_is_added(what, file, into, capsys):
    found, said = REFUSED[what]
    path, good = file(found, "bad.json"), file(content(), "good.json")
    arguments = ["people", "add", str(good), str(path), "--into", str(into)]
    assert command_line.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: ")
    assert said in line
    assert len(line) < len(str(path)) + 120
    assert not into.exists()


def test_any_byte_that_is_lost_or_changed_is_noticed():
    for i in range(0, len(WHOLE), 7):
        for damaged in (WHOLE[:i] + WHOLE[i + 1 :], WHOLE[:i] + b"5" + WHOLE[i + 1 :]):
            try:
                found = returned.parse(damaged)
            except ValueError:
                continue
            assert found == returned.parse(WHOLE)  # a space, or the same byte


def test_other_answers_of_the_same_person_are_refused(file, into):
    returned.add("add", (file(content(n=3)),), into=into)
    answers = [["", 5], *content()["answers"][1:]]
    with pytest.raises(ValueError, match="its person's answers are here already, and others"):
        returned.add("add", (file(content(answers=answers)),), into=into)


def test_a_file_that_is_not_there_and_none_at_all_are_said(tmp_path, into):
    with pytest.raises(ValueError, match=r"none\.json: it cannot be read \(No such file"):
        returned.add("add", (tmp_path / "none.json",), into=into)
    with pytest.raises(ValueError, match="no file is named"):
        returned.add("add", (), into=into)

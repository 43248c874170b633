"""Answers of people are kept whole, counted once, and never made up."""

import json
from dataclasses import asdict

import pytest

from halftone_utils.digits import sets
from halftone_utils.results import people


def reading(item=0, answer="7", participant="ab", condition="original", truth="7"):
    return people.Reading(
        quiz="digits-32",
        participant=participant,
        condition=condition,
        item=item,
        truth=truth,
        answer=answer,
        seconds=1.5 + item,
        at="2026-01-01T00:00:00+00:00",
    )


def test_nobody_asked_is_not_measured(tmp_path):
    readings = people.load(tmp_path / "none.jsonl")
    assert readings == []
    assert people.sentence(people.summarise(readings, "digits-32", "original")) == "not measured"


def test_what_is_appended_is_read_back_and_counted(tmp_path):
    path = tmp_path / "human" / "readings.jsonl"
    given = [
        reading(0),
        reading(1, "1"),
        reading(2, ""),
        reading(3, participant="cd"),
        reading(4, condition="random-dots"),
    ]
    for each in given:
        people.append(each, path)
    assert people.load(path) == given
    found = people.summarise(people.load(path), "digits-32", "original")
    assert found == {"n": 4, "n_correct": 2, "seconds": 3.0, "participants": 2}
    assert people.sentence(found) == "50.0 [15.0, 85.0]; n 4, 2 people, 3.0 s"
    assert people.answered(given, "digits-32", "ab") == {0, 1, 2, 4}


def test_a_cut_or_altered_line_is_named_and_costs_only_itself(tmp_path, capsys):
    path = tmp_path / "readings.jsonl"
    people.append(reading(0), path)
    with path.open("ab") as stream:
        stream.write(b'{"quiz": "digits-32", "part')  # killed here
    people.append(reading(1), path)
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe\n[1]\n7\n")
    assert people.load(path) == [reading(0), reading(1)]
    said = capsys.readouterr().err
    assert all(f"line {n} is no answer of the quiz" in said for n in (2, 4, 5, 6))


def test_answers_of_the_time_when_a_participant_was_called_reader_are_read(tmp_path):
    row = asdict(reading(3))
    row["reader"] = row.pop("participant")
    path = tmp_path / "readings.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert people.load(path) == [reading(3)]


def test_capitals_do_not_matter():
    assert reading(truth="AB3", answer=" ab3").right


@pytest.mark.parametrize("condition", people.CONDITIONS)
def test_every_condition_is_a_test_set_that_networks_read_too(condition):
    assert condition in sets.TEST_SETS

"""Answers of people are kept whole, counted once, and never made up."""

import pytest

from halftone_utils.digits import datasets, sets
from halftone_utils.results import accuracies, people


def reading(item=0, answer="7", reader="ab", condition="original", **other):
    return people.Reading(
        quiz="digits-32",
        reader=reader,
        condition=condition,
        item=item,
        truth="7",
        answer=answer,
        seconds=1.5 + item,
        at="2026-01-01T00:00:00+00:00",
        **other,
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
        reading(3, reader="cd"),
        reading(4, condition="random-dots"),
    ]
    for each in given:
        people.append(each, path)
    assert people.load(path) == given
    found = people.summarise(people.load(path), "digits-32", "original")
    low, high = accuracies.wilson(2, 4)
    assert found == {
        "n": 4,
        "n_correct": 2,
        "low": 100 * low,
        "high": 100 * high,
        "seconds": 3.0,
        "readers": 2,
    }
    assert people.sentence(found).startswith("50.0 [15.0, 85.0]; n 4, 2 people")
    assert people.answered(given, "digits-32", "ab") == {0, 1, 2, 4}


def test_a_cut_or_altered_line_is_named_and_costs_only_itself(tmp_path, capsys):
    path = tmp_path / "readings.jsonl"
    people.append(reading(0), path)
    with path.open("ab") as stream:
        stream.write(b'{"quiz": "digits-32", "rea')  # killed here
    people.append(reading(1), path)
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe\n[1]\n")
    assert people.load(path) == [reading(0), reading(1)]
    said = capsys.readouterr().err
    assert all(f"line {n} is no answer of the quiz" in said for n in (2, 4, 5))


def test_capitals_do_not_matter():
    assert people.Reading(
        quiz="c", reader="a", condition="x", item=0, truth="AB3", answer=" ab3", seconds=0, at=""
    ).right


def test_the_questions_are_always_the_same_and_show_each_condition_alike():
    asked = [people.digit_question(i) for i in range(8)]
    again = people.digit_question(3)
    assert again.truth == asked[3].truth
    assert (again.picture == asked[3].picture).all()
    assert [q.condition for q in asked] == 2 * list(people.CONDITIONS)
    pixels = sets.load("original", "test", 32, 10_000)[0]
    (which,) = (datasets.as_float(pixels) == asked[4].picture).flatten(1).all(1).nonzero()
    assert asked[4].truth == str(int(datasets.load("test", 28)[1][which]))


@pytest.mark.parametrize("condition", people.CONDITIONS)
def test_every_condition_is_a_test_set_that_networks_read_too(condition):
    assert condition in sets.TEST_SETS

"""Answers of people are kept whole, counted once, and never made up."""

import pytest

from halftone_utils import accuracies, human, mnist, sets


def reading(item=0, answer="7", reader="ab", condition="original", **other):
    return human.Reading(
        quiz="digits-32", reader=reader, condition=condition, item=item, truth="7",
        answer=answer, seconds=1.5 + item, at="2026-01-01T00:00:00+00:00", **other,
    )  # fmt: skip


def test_nobody_asked_is_not_measured(tmp_path):
    readings = human.load(tmp_path / "none.jsonl")
    assert readings == []
    assert human.sentence(human.summarise(readings, "digits-32", "original")) == "not measured"


def test_what_is_appended_is_read_back_and_counted(tmp_path):
    path = tmp_path / "human" / "readings.jsonl"
    given = [reading(0), reading(1, "1"), reading(2, ""), reading(3, reader="cd"),
             reading(4, condition="random-dots")]  # fmt: skip
    for each in given:
        human.append(each, path)
    assert human.load(path) == given
    found = human.summarise(human.load(path), "digits-32", "original")
    low, high = accuracies.wilson(2, 4)
    assert found == {"n": 4, "n_correct": 2, "low": 100 * low, "high": 100 * high,
                     "seconds": 3.0, "readers": 2}  # fmt: skip
    assert human.sentence(found).startswith("50.0 [15.0, 85.0]; n 4, 2 people")
    assert human.answered(given, "digits-32", "ab") == {0, 1, 2, 4}


def test_a_cut_or_altered_line_is_named_and_costs_only_itself(tmp_path, capsys):
    path = tmp_path / "readings.jsonl"
    human.append(reading(0), path)
    with path.open("ab") as stream:
        stream.write(b'{"quiz": "digits-32", "rea')  # killed here
    human.append(reading(1), path)
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe\n[1]\n")
    assert human.load(path) == [reading(0), reading(1)]
    said = capsys.readouterr().err
    assert all(f"line {n} is no answer of the quiz" in said for n in (2, 4, 5))


def test_capitals_do_not_matter():
    assert human.Reading(quiz="c", reader="a", condition="x", item=0, truth="AB3", answer=" ab3",
                         seconds=0, at="").right  # fmt: skip


def test_the_questions_are_always_the_same_and_show_each_condition_alike():
    asked = [human.digit_question(i) for i in range(8)]
    again = human.digit_question(3)
    assert again.truth == asked[3].truth
    assert (again.picture == asked[3].picture).all()
    assert [q.condition for q in asked] == 2 * list(human.CONDITIONS)
    pixels = sets.load("original", "test", 32, 10_000)[0]
    (which,) = (mnist.as_float(pixels) == asked[4].picture).flatten(1).all(1).nonzero()
    assert asked[4].truth == str(int(mnist.load("test", 28)[1][which]))


@pytest.mark.parametrize("condition", human.CONDITIONS)
def test_every_condition_is_a_test_set_that_networks_read_too(condition):
    assert condition in sets.TEST_SETS

"""Answers of people are kept whole, counted once, and never made up."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
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
    people.append(given[:1], path)
    people.append(given[1:], path)
    assert people.load(path) == given
    found = people.summarise(people.load(path), "digits-32", "original")
    assert found == {"n": 4, "n_correct": 2, "seconds": 3.0, "participants": 2} | {
        "spread": pytest.approx(
            200 / 3 / math.sqrt(2)
        )  # a third of one's are right, all of another's
    }
    assert people.sentence(found) == (
        "50.0 [15.0, 85.0]; n 4, 2 people (sd between them 47.1), 3.0 s"
    )
    assert people.answered(given, "digits-32", "ab") == {0, 1, 2, 4}


def test_a_cut_or_altered_line_is_named_and_costs_only_itself(tmp_path, capsys):
    path = tmp_path / "readings.jsonl"
    people.append([reading(0)], path)
    with path.open("ab") as stream:
        stream.write(b'{"quiz": "digits-32", "part')  # killed here
    people.append([reading(1)], path)
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


def test_near_and_from_afar_are_counted_apart():
    given = [reading(0), replace(reading(1, "1"), afar=True)]
    near, afar = (people.summarise(given, "digits-32", "original", x) for x in (False, True))
    assert (near["n"], near["n_correct"], afar["n"], afar["n_correct"]) == (1, 1, 1, 0)
    assert near["spread"] is None  # one person's


def test_the_committed_and_the_local_answers_are_all_there_are(tmp_path, monkeypatch):
    for i, name in enumerate(("COMMITTED", "FILE")):
        monkeypatch.setattr(people, name, tmp_path / name)
        people.append([reading(i)], tmp_path / name)
    assert people.load() == [reading(0), reading(1)]


# --- do people and machines err on the same pictures? -----------------------------------------


def test_errors_are_consistent_where_they_are_the_same_and_by_chance_where_they_are_not():
    one = np.array([True, True, False, False] * 25)
    assert people.error_consistency(one, one) == 1
    assert people.error_consistency(one, ~one) == -1
    assert people.error_consistency(one, np.array([True, False] * 50)) == 0
    for constant in (np.ones(100, bool), np.zeros(100, bool)):
        assert math.isnan(people.error_consistency(one, constant))
    table = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [20, 5, 10, 15], 0).astype(bool)
    assert people.error_consistency(*table.T) == pytest.approx(0.4)  # Cohen's kappa by hand


def answers(participant, right):
    """Answers to the pictures 0, 1, ... of the test, right or not."""
    return [
        replace(reading(i, "7" if x else "1", participant), shown=i) for i, x in enumerate(right)
    ]


def test_agreement_is_of_all_people_with_an_interval_over_them():
    machine = np.array([True, False] * 10)
    like, unlike = answers("ab", machine), answers("cd", ~machine)
    key = ("digits-32", "original", machine)
    one = people.agreement(like, *key)
    assert (one["n"], one["kappa"]) == (20, 1)
    assert people.agreement_sentence(one) == "1.00; n 20"  # of one person no interval
    both = people.agreement([*like, *unlike], *key)
    assert people.agreement_sentence(both) == "0.00 [-1.00, 1.00]; n 40"
    every = people.agreement(answers("ab", [True] * 20), *key)
    assert people.agreement_sentence(every) == "–; n 20"
    fewer = people.agreement(like, *key[:2], machine[:12])  # a machine that read twelve
    assert fewer["n"] == 12


def test_without_people_agreement_is_not_measured():
    found = people.agreement([reading(0)], "digits-32", "original", np.array([True]))
    assert people.agreement_sentence(found) == "not measured"  # which picture is not known

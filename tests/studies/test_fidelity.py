"""The comparison of the stylizer with the optimisation counts and times both alike."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.studies import fidelity


@pytest.fixture
def halftoned(results, tmp_path, monkeypatch):
    """Both ways replaced by instant ones, and the classifier; how often they were asked."""
    asked = []

    def both(point, model, p):
        asked.append(len(p))
        return {"optimised": p, "stylized": 1 - p}, {"optimised": 40.0, "stylized": 2.0}

    monkeypatch.setattr(fidelity, "halftone_both", both)
    monkeypatch.setattr(fidelity, "classifier", lambda n_train: Constant(7))
    monkeypatch.setattr(
        fidelity, "total_loss", lambda point, p, x: torch.full((len(p),), 1 + x[0, 0, 0, 0])
    )
    monkeypatch.setattr(fidelity, "CACHE", tmp_path)
    return asked


def test_both_ways_are_read_weighed_and_timed_on_the_same_digits(halftoned):
    found = fidelity.fidelity("talk", n=40)
    sevens = int((datasets.load("validation", 28, 40)[1] == 7).sum())
    assert [row["shown"] for row in found.rows] == [
        "original",
        "optimised",
        "stylized",
        "optimised, integrated",
        "stylized, integrated",
    ]
    assert {(row["n"], row["n_correct"]) for row in found.rows} == {(40, sevens)}
    losses, seconds = found.measured["total_loss"], found.measured["seconds_per_picture"]
    assert losses == {"optimised": 1, "stylized": 2, "stylized / optimised": 2}
    assert seconds == {"optimised": 2, "stylized": 0.1, "optimised / stylized": 20}
    assert found.runs[0]["device"]


def test_what_was_done_before_a_kill_is_not_done_again(halftoned):
    fidelity.fidelity("talk", n=20)
    halftoned.clear()
    fidelity.fidelity("talk", n=60)
    assert halftoned == [20, 20]


def test_the_result_of_other_weights_is_kept_unless_it_is_to_be_replaced(halftoned, monkeypatch):
    first = fidelity.fidelity("talk", n=40)
    monkeypatch.setattr(fidelity.stylizer, "weights_sha256", lambda point: "0" * 64)
    with pytest.raises(ValueError, match="is of another configuration: stylizer_sha256"):
        fidelity.fidelity("talk", n=40)
    found = fidelity.fidelity("talk", n=20, replace=True)
    assert found.config == first.config | {"stylizer_sha256": "0" * 64}
    assert {row["n"] for row in found.rows} == {20}


def test_fewer_digits_or_another_point_are_refused_before_anything_is_drawn(halftoned):
    fidelity.fidelity("talk", n=40)
    halftoned.clear()
    with pytest.raises(ValueError, match="holds 40 pictures where 20 would overwrite"):
        fidelity.fidelity("talk", n=20)
    with pytest.raises(ValueError, match="strong-256 is drawn by a screen"):
        fidelity.fidelity("strong")
    assert halftoned == []

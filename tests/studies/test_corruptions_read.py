"""What networks of every training read behind corruptions and halftones."""

import json

import pytest
from constant import Constant
from jsonschema import Draft202012Validator

from halftone_utils.digits import datasets, sets
from halftone_utils.digits.corruptions import CORRUPTIONS
from halftone_utils.engine.files import RESULTS
from halftone_utils.results import store
from halftone_utils.studies import corruptions, factors, grid


def test_every_training_is_shown_every_corruption_once_and_a_killed_run_goes_on(
    results, monkeypatch
):
    asked = []

    def killed_at_the_third(experiment):
        asked.append(experiment.train_on)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return Constant(4)

    monkeypatch.setattr(grid, "ready", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        corruptions.corruptions("lenet", n=10)
    found = corruptions.corruptions("lenet", n=10)
    order = [*sets.TRAIN_SETS]
    assert asked == [*order[:3], *order[2:]]
    fours = int((datasets.load("validation", 32, 10)[1] == 4).sum())
    assert {row["n_correct"] for row in found.rows} == {fours}
    table = corruptions.readings([found])
    for _, rows in table.groupby("trained_on"):
        assert [*rows["shown"]] == [*factors.SHOWN, *CORRUPTIONS]
    assert {*table["accuracy"]} == {10.0 * fours}
    schema = json.loads((RESULTS / "schema.json").read_text())
    written = json.loads(store.path_of(found.stem).read_text())
    assert not [*Draft202012Validator(schema).iter_errors(written)]


def test_an_unknown_network_is_refused_before_any_work(results, monkeypatch):
    monkeypatch.setattr(grid, "ready", None)
    with pytest.raises(ValueError, match="architecture is 'lenett'; it is one of lenet"):
        corruptions.corruptions("lenett")

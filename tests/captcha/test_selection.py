"""A scheme's settings follow from validation CAPTCHAs by the rule that is written down."""

from dataclasses import replace

import pytest
import torch

from halftone_utils.captcha import challenge, ladder, selection, splits
from halftone_utils.engine.files import DataError
from halftone_utils.results import store
from halftone_utils.results.store import Result

FINE, COARSE, NOISY = (
    {"cell": cell, "flipped": flipped, "rotate": 0.0}
    for cell, flipped in ((2.0, 0.02), (3.0, 0.02), (2.0, 0.05))
)


def result(*read):
    rows = [
        {**setting, "treatment": treatment, "n": 20, "n_correct": k}
        for setting, k in zip((FINE, NOISY, COARSE), read, strict=True)
        for treatment, k in (("a", 0), ("b", k))
    ]
    return Result(study="dipole", stem="dipole-settings", config={}, rows=rows)


@pytest.mark.parametrize(
    ("read", "expected"), [((2, 0, 0), FINE), ((3, 2, 0), NOISY), ((20, 3, 2), COARSE)]
)
def test_the_most_legible_setting_that_holds_is_chosen(read, expected, monkeypatch):
    monkeypatch.setattr(selection, "SETTINGS", [NOISY, COARSE, FINE])
    assert selection.chosen(result(*read)) == expected
    with pytest.raises(DataError, match="no setting leaves"):
        selection.chosen(result(3, 3, 3))


def test_a_setting_that_was_not_measured_is_passed_over_only_by_a_more_legible_one(monkeypatch):
    monkeypatch.setattr(selection, "SETTINGS", [NOISY, COARSE, FINE])
    order = sorted(selection.SETTINGS, key=lambda x: selection.legibility(**x), reverse=True)
    full = result(0, 0, 0)
    first = replace(full, rows=full.where(**order[0]))
    assert selection.chosen(first) == order[0]
    last = replace(full, rows=full.where(**order[-1]))
    with pytest.raises(DataError, match="is not measured yet"):
        selection.chosen(last)


def test_an_upright_grid_is_more_legible_than_a_turned_one():
    order = [selection.legibility(2.0, 0.02, rotate) for rotate in (0.0, 20.0)]
    assert order[0] > order[1] > selection.legibility(2.0, 0.05, 0.0)


def test_the_scheme_is_in_the_setting_that_was_chosen():
    own = challenge.SCHEMES[selection.SCHEME].parameters
    for committed in store.load("dipole"):
        assert selection.chosen(committed).items() <= own.items()
    own_setting = {name: own[name] for name in selection.SETTINGS[0]}
    assert own_setting in selection.SETTINGS
    images, texts = selection.pictures(own_setting, 2)
    frozen, known = splits.load(selection.SCHEME, "validation", 2)
    assert torch.equal(images, frozen)
    assert texts == known


def test_settings_are_measured_once_each(tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "SETTINGS", [FINE, COARSE])
    few = {rung: dict([*ways.items()][:2]) for rung, ways in ladder.RUNGS.items()}
    monkeypatch.setattr(ladder, "RUNGS", few)
    monkeypatch.setattr(selection.solvers, "installed", lambda: ["ddddocr"])
    found = selection.measure(1, tmp_path)
    assert len(found.rows) == 2 * 4  # settings x filters and maps
    monkeypatch.setattr(ladder.stock, "solve", None)  # is asked nothing a second time
    monkeypatch.setattr(selection.solvers, "version", lambda solver: "1")
    assert selection.measure(1, tmp_path).rows == found.rows

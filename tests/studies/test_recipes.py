"""Trials of recipes: trained on one set, read on its validation digits, and kept as they were."""

import json

import pytest

from halftone_utils.networks import training
from halftone_utils.results import accuracies
from halftone_utils.studies import experiments, recipes


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "RESULTS", tmp_path)
    return tmp_path / "recipes.json"


def run(monkeypatch, *arguments):
    monkeypatch.setattr(
        "sys.argv", ["recipes", "lenet", "--n", "300", "--n-validation", "100", *arguments]
    )
    recipes.main()


def test_a_trial_is_kept_with_its_recipe_and_replaced_by_the_same_again(kept, monkeypatch):
    run(monkeypatch, "--rates", "4e-3")
    run(monkeypatch, "--rates", "4e-3")
    run(monkeypatch, "--rates", "4e-3", "--small", "32:200")
    run(monkeypatch, "--rates", "4e-3", "--shift", "0")
    plain, small, unmoved = json.loads(kept.read_text())
    assert (plain["n_train"], plain["n"]) == (300, 100)
    assert 0 <= plain["n_correct"] <= 100
    assert plain["recipe"] == training.Recipe(epochs=1, learning_rate=4e-3).config
    assert small["recipe"]["small"] == [[32, 200]]
    said = recipes.sentences()
    assert unmoved["recipe"]["shift"] == 0
    assert len(said) == 3
    low, high = (100 * bound for bound in accuracies.wilson(plain["n_correct"], 100))
    assert any(f"% [{low:.1f}, {high:.1f}] of 100 validation digits" in s for s in said)
    assert sum("shifted by up to 0 px" in sentence for sentence in said) == 1
    assert any("200 at 32 px, then one epoch of 300" in sentence for sentence in said)


def test_a_trial_that_is_a_cell_of_the_grid_trains_that_cell(kept, monkeypatch):
    monkeypatch.setattr(experiments, "CHECKPOINTS", kept.parent)
    cell = experiments.Cell(architecture="lenet", n_train=300, subset="first")
    epochs, rate = cell.recipe.epochs, cell.recipe.learning_rate
    run(monkeypatch, "--rates", f"{rate}", "--epochs", f"{epochs}")
    assert cell.checkpoint.exists()
    assert f"{epochs} epochs of 300 in batches of 128" in recipes.sentences()[0]


def test_what_is_no_epoch_on_small_pictures_is_refused(kept, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "--small", "64x3")
    assert "'64x3' is not side:number, such as 64:6000" in capsys.readouterr().err
    assert not kept.exists()


def test_a_recipe_that_is_not_allowed_is_named_before_anything_is_trained(kept, monkeypatch):
    with pytest.raises(SystemExit, match="shift is -1 px; it is 0 or more"):
        run(monkeypatch, "--rates", "4e-3", "--shift", "-1")
    assert not kept.exists()

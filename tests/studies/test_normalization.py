"""Batch statistics estimated anew are those of the new pictures, and nothing else changes."""

import json

import pytest
import torch
from torch import nn

from halftone_utils.digits import datasets, sets
from halftone_utils.engine.files import DataError
from halftone_utils.networks import architectures, training
from halftone_utils.studies import batch_statistics, experiments, grid
from halftone_utils.studies.experiments import Cell


@pytest.fixture(scope="module")
def resnet():
    return experiments.published("resnet18")


def test_statistics_are_the_pictures_own_and_weights_stay(resnet):
    images = datasets.load("train", 32, batch_statistics.BATCH)[0]
    model = batch_statistics.adapted(resnet, images)
    before, after = dict(resnet.named_parameters()), dict(model.named_parameters())
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not model.training
    inputs = []
    layer = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    layer.register_forward_hook(lambda _, given, __: inputs.append(given[0]))
    with torch.inference_mode():
        model(datasets.as_float(images))
    assert torch.allclose(layer.running_mean, inputs[0].mean((0, 2, 3)), atol=1e-2)
    assert torch.allclose(layer.running_var, inputs[0].var((0, 2, 3)), rtol=3e-2)


def test_on_what_it_was_trained_on_little_changes_and_behind_a_screen_much(resnet):
    x, labels = sets.load("halftone-strong", "validation", 32, 300)
    train = {name: sets.load(name, "train", 32, 400)[0] for name in ("original", "halftone-strong")}
    clean, _ = sets.load("original", "validation", 32, 300)

    def share(model, images):
        return float((training.predict(model, images) == labels).float().mean())

    assert share(batch_statistics.adapted(resnet, train["original"]), clean) > 0.97
    assert share(resnet, x) < 0.2
    assert share(batch_statistics.adapted(resnet, train["halftone-strong"]), x) > 0.6


def test_what_it_reads_does_not_depend_on_what_else_it_reads(resnet):
    model = batch_statistics.adapted(resnet, datasets.load("train", 32, 64)[0])
    images = datasets.load("validation", 32, 8)[0]
    together, alone = (
        training.probabilities(model, images),
        training.probabilities(model, images[3:4]),
    )
    assert torch.allclose(together[3:4], alone, atol=1e-5)


def test_a_result_holds_both_counts(tmp_path):
    shown = ["original", "halftone-strong"]
    cell = Cell(architecture="resnet18")
    result = batch_statistics.measure(cell, n_adapt=50, n_test=40, shown=shown, directory=tmp_path)
    path = tmp_path / "normalization-resnet18-32-original-seed0.json"
    assert json.loads(path.read_text()) == result
    assert result["n_train"] == 55_000
    assert batch_statistics.load(tmp_path) == [result]
    assert result["tests"]["original"]["n"] == 40
    assert result["tests"]["original"]["n_correct"] >= 38
    clean, screened = batch_statistics.sentences([result])
    assert clean.startswith("ResNet18 at 32 px, trained on originals, originals: ")
    right = result["tests"]["halftone-strong"]["n_correct_adapted"]
    assert f"{100 * right / 40:.2f} [" in screened


def made_up(seed, right, n=100, n_train=55_000):
    counts = {"n": n, "n_correct": 10, "n_correct_adapted": right}
    tests = dict.fromkeys(batch_statistics.SHOWN, counts)
    stem = f"resnet18-32-original-s{seed}"
    return {"stem": stem, "n_train": n_train, "n_adapt": 50, "tests": tests}


def test_networks_that_differ_in_their_seed_are_one_sentence_and_one_row():
    results = [made_up(0, 90), made_up(2, 94)]
    (sentence,) = batch_statistics.sentences(results, shown=["halftone-talk"])
    assert "10.00 ± 0.00 % as it is, 92.00 ± 2.83 % with" in sentence
    assert sentence.endswith("(n = 100 each of seeds 0, 2)")
    (row,) = batch_statistics.table(results).splitlines()[2:]
    assert row.startswith("| ResNet18, 32 px | originals | 10.00 ± 0.00<br>→ **92.00 ± 2.83** |")
    (row,) = batch_statistics.table(results[:1]).splitlines()[2:]
    assert "10.00 [5.52, 17.44]<br>→ **90.00 [82.56, 94.48]** |" in row
    assert row.endswith("| 50 | 100 |")


def test_a_network_of_fewer_training_digits_is_a_row_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path / "checkpoints")
    rows = batch_statistics.table([made_up(0, 90), made_up(0, 70, n_train=20_000)]).splitlines()[2:]
    assert sorted(row.split(" | ")[1] for row in rows) == ["originals", "originals (20,000 digits)"]
    few = Cell(architecture="resnet18", n_train=300, epochs=1)
    assert grid.directory_of(few).name == "n300"
    folder = tmp_path / grid.directory_of(few).name
    batch_statistics.measure(few, n_adapt=20, n_test=20, shown=["original"], directory=folder)
    assert [result["n_train"] for result in batch_statistics.load(tmp_path)] == [300]


def test_seeds_that_read_different_numbers_have_no_mean():
    with pytest.raises(DataError, match=r"read \[100, 200\] of original"):
        batch_statistics.sentences([made_up(0, 90), made_up(2, 94, n=200)])


def test_a_network_without_batch_normalization_is_refused():
    with pytest.raises(ValueError, match="has no batch normalization"):
        batch_statistics.adapted(
            architectures.build("lenet", 32, 0), datasets.load("train", 32, 2)[0]
        )

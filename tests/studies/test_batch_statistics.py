"""Batch statistics estimated anew are those of the new pictures, and nothing else changes."""

import pytest
import torch
from torch import nn

from halftone_utils.digits import datasets, sets
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.studies import batch_statistics, experiments
from halftone_utils.studies.batch_statistics import adapted


@pytest.fixture(scope="module")
def resnet():
    return experiments.published("resnet18")


def test_statistics_are_the_pictures_own_and_weights_stay(resnet):
    images = datasets.load("train", 32, batch_statistics.BATCH)[0]
    model = adapted(resnet, images)
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
    x, labels = sets.load("halftone-strong", "validation", 32, 200)
    train = {name: sets.load(name, "train", 32, 400)[0] for name in ("original", "halftone-strong")}
    clean, _ = sets.load("original", "validation", 32, 200)

    def share(model, images):
        return training.count_right(model, images, labels) / len(labels)

    assert share(adapted(resnet, train["original"]), clean) > 0.97
    assert share(resnet, x) < 0.2
    assert share(adapted(resnet, train["halftone-strong"]), x) > 0.6


def test_what_it_reads_does_not_depend_on_what_else_it_reads(resnet):
    model = adapted(resnet, datasets.load("train", 32, 64)[0])
    images = datasets.load("validation", 32, 8)[0]
    together, alone = (training.probabilities(model, x) for x in (images, images[3:4]))
    assert torch.allclose(together[3:4], alone, atol=1e-5)


def test_a_network_without_batch_normalization_is_refused():
    with pytest.raises(ValueError, match="has no batch normalization"):
        adapted(architectures.build("lenet", 32, 0), datasets.load("train", 32, 2)[0])


def test_a_result_holds_both_counts_and_gains_what_else_is_shown(results):
    few = {"n_test": 40, "n_adapt": 50}
    batch_statistics.batch_statistics("resnet18", shown=("original",), **few)
    found = batch_statistics.batch_statistics("resnet18", shown=("halftone-strong",), **few)
    assert found.stem == "batch-statistics-resnet18-32-original-s0"
    assert store.load("batch statistics", results) == [found]
    assert (found.config["n_train"], found.config["n_adapt"]) == (55_000, 50)
    assert {row["n"] for row in found.rows} == {40}
    counts = {(row["shown"], row["statistics"]): row["n_correct"] for row in found.rows}
    assert len(counts) == 4
    assert counts["original", "of training"] >= 38
    assert counts["halftone-strong", "of what is shown"] > counts["halftone-strong", "of training"]
    for changed, named in (
        ({"n_adapt": 60}, r"n_adapt \(50, not 60\)"),
        ({"n_test": 30}, "40 pict"),
    ):
        with pytest.raises(ValueError, match=named):
            batch_statistics.batch_statistics("resnet18", shown=("original",), **{**few, **changed})


def test_rows_are_not_added_to_those_of_another_network(results, monkeypatch):
    few = {"n_test": 40, "n_adapt": 50}
    first = batch_statistics.batch_statistics("resnet18", shown=("halftone-strong",), **few)
    other = architectures.build("resnet18", 32, 1).eval()
    with torch.no_grad():
        other.get_parameter([*dict(other.named_parameters())][-1])[7] += 100  # always answers 7
    read = training.count_right(other, *sets.load("halftone-strong", "test", 32, 40))
    assert abs(read - first.where(statistics="of training")[0]["n_correct"]) > 1
    monkeypatch.setattr(experiments, "ready", lambda experiment: other)
    with pytest.raises(ValueError, match=f"^these weights .* they read {read}, not"):
        batch_statistics.batch_statistics("resnet18", shown=("original",), **few)
    assert store.load("batch statistics", results) == [first]


def test_a_network_of_fewer_training_digits_is_a_file_of_its_own(results, tmp_path, monkeypatch):
    trained = []

    def train(experiment):
        trained.append(experiment.n_train)
        return experiments.published("resnet18"), 1.0

    monkeypatch.setattr(experiments, "trained", train)
    few = {"n_test": 20, "n_adapt": 20, "shown": ("original",)}
    found = batch_statistics.batch_statistics("resnet18", n_train=300, **few)
    assert trained == [300]  # the committed weights are of all digits
    assert found.stem == "batch-statistics-resnet18-32-original-n300-s0"
    assert found.config["n_train"] == 300

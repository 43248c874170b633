"""Parts of new batch statistics: those asked for change, the rest stays, and N weighs its own."""

import pytest
import torch

from halftone_utils.digits import sets
from halftone_utils.networks import architectures
from halftone_utils.studies import batch_parts, batch_statistics, experiments
from halftone_utils.studies.batch_parts import estimated
from halftone_utils.studies.batch_statistics import layers_of


@pytest.fixture(scope="module")
def resnet():
    return experiments.published("resnet18")


@pytest.fixture(scope="module")
def halftones():
    return sets.load("halftone-strong", "train", 32, 20)[0]


def test_all_parts_together_are_the_statistics_adapted(resnet, halftones):
    whole = layers_of(batch_statistics.adapted(resnet, halftones))
    parts = layers_of(estimated(resnet, halftones))
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one.running_mean, other.running_mean, atol=0.05)
        assert torch.allclose(one.running_var, other.running_var, rtol=0.1, atol=0.01)


def test_only_the_layers_and_moments_asked_for_are_new(resnet, halftones):
    before = layers_of(resnet)
    after = layers_of(estimated(resnet, halftones, layers=[3], moments=["variances"]))
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        assert torch.equal(one.running_mean, other.running_mean)
        assert torch.equal(one.running_var, other.running_var) == (place != 3)


def test_training_counts_as_so_many_pictures(resnet, halftones):
    own, new = (layers_of(m)[0] for m in (resnet, estimated(resnet, halftones, layers=[0])))
    mixed = layers_of(estimated(resnet, halftones, layers=[0], prior=60))[0]
    assert torch.allclose(mixed.running_var, 0.75 * own.running_var + 0.25 * new.running_var)
    assert torch.allclose(mixed.running_mean, 0.75 * own.running_mean + 0.25 * new.running_mean)


def test_draws_share_no_picture_and_no_part_is_asked_for_twice():
    rows = [row for row, _ in batch_parts.parts(20)]
    of_curves = [row for row in rows if "draw" in row and row["n_adapt"] != batch_parts.N_ADAPT]
    assert len({str(row) for row in of_curves}) == len(of_curves)
    assert all((row["draw"] + 1) * row["n_adapt"] <= batch_parts.POOL for row in of_curves)
    assert {row["first"] for row in rows if "first" in row} == {*range(1, 21)}


def test_a_killed_run_goes_on(results, monkeypatch):
    few = [({"shown": name, "statistics": "of training"}, {}) for name in ("original", "noise")]
    monkeypatch.setattr(batch_parts, "parts", lambda _: few[:1])
    batch_parts.batch_parts("resnet18", n=20)
    few.append((batch_parts._row("original", "noise", 5), {}))
    monkeypatch.setattr(batch_parts, "parts", lambda _: few)
    found = batch_parts.batch_parts("resnet18", n=20)
    assert len(found.rows) == 3
    assert found.row(statistics="of training")["n_correct"] > found.row(shown="noise")["n_correct"]


def test_a_network_without_batch_normalization_is_refused():
    with pytest.raises(ValueError, match="has no batch normalization"):
        estimated(architectures.build("lenet", 32, 0), torch.zeros(2, 1, 32, 32).byte())

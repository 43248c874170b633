"""Small pictures first or not: the same digits and compute, and none trained twice."""

import pytest
import torch
from constant import Constant

from halftone_utils.digits import datasets
from halftone_utils.networks import architectures, builders
from halftone_utils.results import store
from halftone_utils.studies import claims, curriculum


@pytest.fixture
def small(monkeypatch):
    """Digits and noise as few as a test can wait for."""
    monkeypatch.setattr(curriculum, "TRAINED", 64)
    monkeypatch.setattr(curriculum, "SMALL", ((32, 128),))
    monkeypatch.setattr(curriculum.channel, "RMS", (0.5,))
    monkeypatch.setattr(curriculum, "NOISED", 10)
    curriculum.digits.cache_clear()
    yield
    curriculum.digits.cache_clear()


def pixels(recipe):
    small = sum(n * side**2 for side, n in recipe.small)
    return small + recipe.epochs * curriculum.TRAINED * curriculum.SIDE**2


def test_trainings_differ_in_small_pictures_and_length_alone():
    first, full, longer = curriculum.trainings("vgg16").values()
    assert pixels(longer) == pytest.approx(pixels(first), rel=0.04)
    assert (full.epochs, full.small, longer.small) == (1, (), ())
    of_256 = architectures.ARCHITECTURES["vgg16"].recipes[256]
    for recipe in (first, full, longer):
        assert (recipe.learning_rate, recipe.batch) == (of_256.learning_rate, of_256.batch)
    assert len(first.small) == len(of_256.small)


def test_a_vgg_reads_every_side_it_is_trained_at():
    model = builders.vgg16(curriculum.SIDE, 10).eval()
    for side in (curriculum.SIDE, *(side for side, _ in curriculum.SMALL)):
        assert model(torch.zeros(1, 1, side, side)).shape == (1, 10)


def test_training_digits_are_balanced_and_large(small):
    images, labels = curriculum.digits()
    assert images.shape == (128, 1, 64, 64)
    assert images.dtype == torch.uint8
    assert set(torch.bincount(labels[:60]).tolist()) == {6}


def test_a_network_is_trained_once_and_kept(small, monkeypatch, tmp_path):
    monkeypatch.setattr(curriculum, "CACHE", tmp_path)
    recipe = curriculum.trainings("lenet")["full size"]
    one = curriculum.train("lenet", recipe, 0)
    (path,) = (tmp_path / "checkpoints").iterdir()
    written = path.read_bytes()
    again = curriculum.train("lenet", recipe, 0)
    assert path.read_bytes() == written
    for mine, other in zip(one.parameters(), again.parameters(), strict=True):
        assert mine.equal(other)


def test_a_killed_run_goes_on_and_says_what_the_claim_asks(small, results, monkeypatch):
    trained = []

    def train(architecture, recipe, seed):
        if len(trained) == 2 and seed == 0:
            trained.append(None)
            raise KeyboardInterrupt
        trained.append(recipe)
        return Constant(7 if recipe.small else 1)

    monkeypatch.setattr(curriculum, "train", train)
    with pytest.raises(KeyboardInterrupt):
        curriculum.curriculum(n=20)
    found = curriculum.curriculum(n=20)
    assert [r for r in trained if r] == [*curriculum.trainings("vgg16").values()]
    labels = datasets.load("validation", 28, 20)[1]
    rows = found.where(training="small pictures first", shown="strong")
    assert {row["n_correct"] for row in rows} == {int((labels == 7).sum())}
    assert len({row["ruling"] for row in rows}) == 2
    monkeypatch.setattr(store, "load", lambda study: [found])
    difference = 100 * float(((labels == 7).float() - (labels == 1).float()).mean())
    numbers = claims.NUMBERS["curriculum-opens-the-window"]()
    assert numbers == {"vgg16": [pytest.approx(difference, abs=1e-4)]}

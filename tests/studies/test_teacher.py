"""A random teacher is as loud as the trained one; filters undo what they say they undo."""

import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.networks import training
from halftone_utils.screens import spectra
from halftone_utils.studies import channel, experiments, teacher
from halftone_utils.style import vgg


@pytest.fixture(scope="module")
def images():
    return as_float(datasets.load("validation", 32, 8)[0])


@pytest.fixture(scope="module")
def drawn(images):
    """Digits of less contrast with a grating on top, as style transfer leaves them."""
    return 0.1 + 0.7 * images + 0.2 * spectra.band_noise(8, 32, spectra.BANDS[6], seed=1)


@pytest.fixture
def shallow(monkeypatch):
    """A VGG of the two layers that `talk` looks at."""
    monkeypatch.setattr(vgg, "LAYERS", vgg.LAYERS[:2])
    return vgg.load_vgg16()


def test_a_random_vgg_is_its_seeds_own_and_as_loud_as_the_trained_one(shallow, images):
    random = vgg.random_vgg(3, shallow, images)
    wanted, found = shallow(images, vgg.LAYERS), random(images, vgg.LAYERS)
    for layer in vgg.LAYERS:
        loud = (wanted[layer].square().mean(), found[layer].square().mean())
        assert torch.allclose(*loud, rtol=1e-3), layer
    again, other = (vgg.random_vgg(seed, shallow, images) for seed in (3, 4))
    assert torch.equal(random.conv1_2_weight, again.conv1_2_weight)
    assert not torch.allclose(random.conv1_2_weight, other.conv1_2_weight)


def test_a_gap_is_closed_and_a_dot_taken_away():
    stroke = torch.zeros(1, 1, 12, 12)
    stroke[..., 3:9, 3:9] = 1
    gap, dot = stroke.clone(), stroke.clone()
    gap[..., 5, 6], dot[..., 1, 1] = 0, 1
    assert torch.equal(teacher.closing(gap), stroke)
    assert torch.equal(teacher.opening(dot), stroke)


def test_a_plain_difference_gives_the_contrast_back_and_so_has_less_noise(images, drawn):
    labels = torch.arange(8)
    affine = channel.controls(drawn, images, labels)["random phases"]
    plain = teacher.plain_control(drawn, images)
    gain = [float(spectra.residual(x, images)[0].std()) for x in (drawn, affine, plain)]
    contrast = float(images.std())
    assert gain[1] == pytest.approx(gain[0], rel=0.05)
    assert gain[2] > gain[0] + 0.2 * contrast
    wanted = teacher.power(drawn, images)
    assert teacher.power(affine, images) == pytest.approx(wanted, rel=0.1)
    assert teacher.power(plain, images) < 0.8 * wanted


def test_the_iteration_nearest_in_power_is_found(images, drawn):
    steps = {i: images + share * (drawn - images) for i, share in ((2, 0.2), (4, 0.9), (6, 3.0))}
    assert teacher.nearest_in_power(steps, images, teacher.power(drawn, images)) == 4


def test_a_study_compares_both_teachers_and_is_not_done_twice(results, shallow, monkeypatch):
    asked = []

    def count(model, images, labels):
        asked.append(len(labels))
        return len(labels)

    monkeypatch.setattr(training, "count_right", count)
    monkeypatch.setattr(experiments, "ready", lambda _: experiments.published("lenet"))
    for module, name, value in (
        (teacher, "STEPS", (1, 2)),
        (teacher, "COMPARED", 2),
        (teacher, "FEW", 4),
        (channel, "ITERATIONS", (1, 2)),
    ):
        monkeypatch.setattr(module, name, value)
    found = teacher.teacher("lenet", n=6)
    assert {row["teacher"] for row in found.where(shown="style transfer")} == {"trained", "random"}
    assert {*found.measured} == {"power_trained", "power_random"}
    assert len(asked) == len(found.rows)
    assert teacher.teacher("lenet", n=6) == found
    assert len(asked) == len(found.rows)

"""FGSM by hand: Goodfellow, Shlens & Szegedy 2015, sec. 4, and foolbox's own as its oracle."""

import foolbox
import pytest
import torch

from halftone_utils.digits import datasets
from halftone_utils.networks import architectures, attacks, training


@pytest.fixture(scope="module")
def lenet():
    """A LeNet that has seen 2,000 digits twice: it reads about seven in ten."""
    model = architectures.build("lenet")
    recipe = training.Recipe(epochs=2, learning_rate=4e-3)
    training.fit(model, *datasets.load("train", 32, 2000), recipe, seed=0, progress=False)
    return model


@pytest.fixture(scope="module")
def digits():
    images, labels = datasets.load("validation", 32, 200)
    return datasets.as_float(images), labels


@pytest.mark.parametrize("epsilon", [0.01, 0.1, 0.5])
def test_each_pixel_moves_by_epsilon_or_to_the_border(epsilon, lenet, digits):
    x, y = digits
    sign = attacks.signed_gradient(lenet, x, y)
    adversarial = attacks.fgsm(lenet, x, y, epsilon)
    assert adversarial.min() >= 0
    assert adversarial.max() <= 1
    expected = x.double() + epsilon * sign.double()  # 0 where the gradient's sign is 0
    inside = (expected >= 0) & (expected <= 1)
    assert (adversarial - expected)[inside].abs().max() < 1e-7
    assert (adversarial[expected < 0] == 0).all()
    assert (adversarial[expected > 1] == 1).all()
    assert 0.1 < inside.float().mean() < 0.9  # both kinds of pixels were looked at


class OnePixel(torch.nn.Module):
    """Logits that hang on the upper left pixel alone: elsewhere the gradient is 0."""

    def forward(self, images):
        return images[:, 0, 0, 0, None] * torch.arange(10.0)


def test_a_pixel_without_gradient_does_not_move():
    x = torch.full((1, 1, 4, 4), 0.5)
    moved = attacks.fgsm(OnePixel(), x, torch.tensor([0]), 0.25) - x
    expected = torch.zeros(1, 1, 4, 4)
    expected[..., 0, 0] = 0.25  # class 0 is right, and a brighter pixel speaks for the others
    assert torch.equal(moved, expected)


def test_a_small_step_along_the_signs_raises_each_images_loss(lenet, digits):
    x, y = digits

    def loss(images):
        with torch.no_grad():
            return torch.nn.functional.cross_entropy(lenet(images), y, reduction="none")

    x = 0.1 + 0.8 * x  # away from the border
    assert (loss(attacks.fgsm(lenet, x, y, 1e-3)) > loss(x)).float().mean() > 0.99


def test_more_digits_are_misread_the_larger_epsilon(lenet, digits):
    x, y = digits
    right = [
        int((training.predict(lenet, attacks.fgsm(lenet, x, y, epsilon)) == y).sum())
        for epsilon in (0, 0.02, 0.05, 0.1)
    ]
    assert right[0] == int((training.predict(lenet, x) == y).sum())
    assert right[0] > right[1] > right[2] > right[3]


@pytest.mark.parametrize("epsilon", [0.02, 0.1, 0.3])
def test_fgsm_is_foolboxs(epsilon, lenet, digits):
    x, y = digits
    attack = foolbox.attacks.LinfFastGradientAttack(random_start=False)
    theirs, *_ = attack(foolbox.PyTorchModel(lenet, (0, 1), "cpu"), x, y, epsilons=epsilon)
    # Bit for bit: both take the sign of the same sum's gradient.  Foolbox then projects
    # x + epsilon sign back onto [x - epsilon, x + epsilon], which moves it no more: x + epsilon
    # rounded, less x, is epsilon to within the rounding that adding x again undoes.
    assert torch.equal(attacks.fgsm(lenet, x, y, epsilon), theirs)


def test_an_image_is_attacked_alone_as_in_company(lenet, digits):
    x, y = digits[0][:8], digits[1][:8]
    together = attacks.signed_gradient(lenet, x, y)
    for i in range(8):
        alone = attacks.signed_gradient(lenet, x[i : i + 1], y[i : i + 1])
        assert (alone[0] != together[i]).float().mean() < 0.01  # signs of gradients next to 0


def test_epsilon_0_changes_nothing(lenet, digits):
    assert torch.equal(attacks.fgsm(lenet, *digits, 0), digits[0])


def test_an_attack_leaves_images_and_network_as_they_were(lenet, digits):
    x, y = digits
    kept, weights = x.clone(), {k: v.clone() for k, v in lenet.state_dict().items()}
    lenet.zero_grad()
    attacks.fgsm(lenet, x, y, 0.3)
    assert torch.equal(x, kept)
    assert not x.requires_grad
    assert all(torch.equal(weights[k], v) for k, v in lenet.state_dict().items())
    assert all(p.grad is None for p in lenet.parameters())


def test_an_epsilon_outside_0_to_1_is_refused(lenet, digits):
    for epsilon in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=f"epsilon is {epsilon}; it is 0 to 1"):
            attacks.fgsm(lenet, *digits, epsilon)


def test_random_signs_are_signs_of_no_preference_and_the_same_every_time():
    x = torch.zeros(4, 1, 64, 64)
    signs = attacks.random_signs(x)
    assert set(signs.unique().tolist()) == {-1, 1}
    assert signs.mean().abs() < 0.05
    assert torch.equal(signs, attacks.random_signs(x))
    assert not torch.equal(signs, attacks.random_signs(x, seed=1))

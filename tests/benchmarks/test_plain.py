"""The rival that the benchmarks race against computes what our engine computes."""

import pytest
import torch

from benchmarks import plain
from halftone_utils import screens
from halftone_utils.style import Settings, gatys, transfer

LAYERS = {  # content layer, style layers: losses at the same layer, pooling between them
    "first block": ("conv1_2", ("conv1_1", "conv1_2")),
    "with pooling": ("conv2_2", ("conv1_1", "conv3_1")),
}


def both(vgg16, layers):
    content, styles = LAYERS[layers]
    settings = Settings(
        content_layer=content,
        style_weights=dict(zip(styles, (0.25, 0.75), strict=True)),
        alpha=3.0,
        beta=70.0,
        iterations=3,
    )
    style = screens.am_screen(screens.ramp(64), 4.0)
    rival = plain.PlainTransfer(style, settings, side=16)
    return settings, gatys.style_targets(vgg16, style, styles, 16), rival


@pytest.mark.parametrize("layers", LAYERS)
def test_its_loss_and_gradient_are_ours_on_random_pictures(layers, vgg16):
    settings, targets, rival = both(vgg16, layers)
    p, x = torch.rand(2, 1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    rival.watch(p)
    leaf = x.clone().requires_grad_()
    loss = rival.loss(leaf)
    loss.backward()
    gradient, content, style = gatys.Objective(vgg16, p, targets, settings).gradient(x)
    assert torch.allclose(loss, 3.0 * content + 70.0 * style, rtol=1e-4)
    assert (leaf.grad - gradient).norm() < 1e-4 * gradient.norm()


@pytest.mark.parametrize("layers", LAYERS)
def test_it_ends_at_our_loss(layers, vgg16, digits):
    settings, targets, rival = both(vgg16, layers)
    ours = transfer(vgg16, digits[:3], targets, settings)
    theirs = plain.one_after_the_other(rival.by_adam, digits[:3], digits[:3])
    objective = gatys.Objective(vgg16, digits[:3], targets, settings)
    loss = gatys.total_loss(*objective.losses(theirs), settings.alpha, settings.beta)
    assert torch.allclose(loss, ours.total[-1], rtol=0.02)


def test_its_lbfgs_says_how_long_it_took_to_a_loss_that_can_be_had(vgg16, digits):
    _, _, rival = both(vgg16, "first block")
    p = digits[:1]
    rival.watch(p)
    start = float(rival.loss(p))
    assert rival.by_lbfgs(p, p, until=0.9 * start, at_most=60) > 0
    assert rival.by_lbfgs(p, p, until=0.0, at_most=5) is None

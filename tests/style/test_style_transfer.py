"""The iteration starts at the content image, goes downhill, and takes every image its own way."""

from dataclasses import replace

import pytest
import torch
from skimage import data

from halftone_utils import screens
from halftone_utils.style import Settings, gatys, transfer

# --- the iteration ----------------------------------------------------------------------------

STEPS = {"gradient descent": 2e-9, "normalized gradient descent": 0.05, "adam": 0.05, "lbfgs": 0.05}
every_optimizer = pytest.mark.parametrize("optimizer", STEPS)


@pytest.fixture(scope="session")
def halftone(vgg16):
    """Style transfer of a screen of 2.5 px to pictures of 16x16, with any settings."""
    layers = ("conv1_1", "conv1_2")
    targets = gatys.style_targets(vgg16, screens.am_screen(screens.ramp(64), 2.5), layers, 16)

    def run(pictures, optimizer="adam", keep=(), final_loss=True, watch=None, **other):
        settings = Settings(optimizer=optimizer, step=STEPS[optimizer], **other)
        return transfer(
            vgg16, pictures, targets, settings, keep=keep, final_loss=final_loss, watch=watch
        )

    return run


@every_optimizer
def test_iteration_0_is_the_content_image_bit_for_bit(optimizer, halftone, digits):
    run = halftone(digits[:2], optimizer, iterations=1, keep=(0,))
    assert torch.equal(run.images[0], digits[:2])
    assert (run.content[0] == 0).all()
    assert not torch.equal(run.image, digits[:2])


@every_optimizer
def test_who_watches_sees_every_iterate_with_its_own_losses(optimizer, halftone, digits):
    seen = []

    def watch(i, x, content, style):
        seen.append((i, x.detach().reshape(1, 1, 16, 16).clone(), content, style))

    run = halftone(digits[:1], optimizer, iterations=3, keep=range(4), watch=watch)
    assert [i for i, *_ in seen] == [0, 1, 2, 3]
    for i, x, content, style in seen:
        assert torch.equal(x, run.images[i])
        assert torch.equal(content, run.content[i])
        assert torch.equal(style, run.style[i])


@every_optimizer
def test_who_watches_can_end_the_run(optimizer, halftone, digits):
    def stop(i, *_):
        if i == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        halftone(digits[:1], optimizer, iterations=50, watch=stop)


@every_optimizer
def test_no_iteration_at_all_is_the_content_image(optimizer, halftone, digits):
    run = halftone(digits, optimizer, iterations=0)
    assert torch.equal(run.image, digits)
    assert run.total.shape == (1, len(digits))
    assert halftone(digits, optimizer, iterations=0, final_loss=False).total.shape == (0, 6)


@every_optimizer
def test_the_last_loss_is_left_out_on_request(optimizer, halftone, digits):
    short, full = (
        halftone(digits[:2], optimizer, iterations=2, final_loss=final, keep=(2,))
        for final in (False, True)
    )
    assert torch.equal(short.image, full.image)
    assert torch.equal(short.images[2], full.images[2])
    assert torch.equal(short.total, full.total[:2])
    assert full.total.shape == (3, 2)


@every_optimizer
def test_the_total_loss_of_every_image_falls(optimizer, halftone, digits):
    total = halftone(digits[:2], optimizer, iterations=4).total
    assert total.shape == (5, 2)
    assert (total[-1] < 0.95 * total[0]).all()


@every_optimizer
def test_an_image_goes_the_same_way_alone_and_in_company(optimizer, halftone, digits):
    together = halftone(digits[:4], optimizer, iterations=4, keep=(2,))
    for i in (0, 3):
        alone = halftone(digits[i : i + 1], optimizer, iterations=4, keep=(2,))
        # Bit for bit where the batch does not change the order in which a convolution adds up.
        # Otherwise Adam turns the rounding of a gradient near 0 into a step: a few pixels.
        assert (alone.images[2][0] - together.images[2][i]).abs().mean() < 1e-4
        assert (alone.image[0] - together.image[i]).abs().mean() < 1e-4
        assert torch.allclose(alone.total[:, 0], together.total[:, i], rtol=1e-3)


@every_optimizer
def test_pixels_stay_in_0_to_1(optimizer, halftone, digits):
    steps = range(4)
    run = halftone(digits[:2], optimizer, iterations=3, beta=1e5, keep=steps)
    for i in steps:
        assert run.images[i].min() >= 0
        assert run.images[i].max() <= 1
    assert torch.equal(run.images[3], run.image)


@every_optimizer
def test_without_style_the_content_image_stays_where_it_is(optimizer, halftone, digits):
    run = halftone(digits[:2], optimizer, iterations=3, alpha=1.0, beta=0.0)
    assert torch.equal(run.image, digits[:2])
    assert (run.total == 0).all()


def test_stopping_earlier_gives_what_a_longer_run_had_by_then(halftone, digits):
    longer = halftone(digits, iterations=4, keep=(2, 4))
    assert torch.equal(halftone(digits, iterations=2).image, longer.images[2])
    assert torch.equal(longer.image, longer.images[4])


@every_optimizer
def test_the_recorded_losses_are_those_of_the_images_kept(optimizer, vgg16, digits):
    settings = Settings(iterations=2, beta=7.0, optimizer=optimizer, step=STEPS[optimizer])
    targets = gatys.style_targets(
        vgg16, screens.am_screen(screens.ramp(32), 4.0), settings.style_weights, 16
    )
    run = transfer(vgg16, digits, targets, settings, keep=(0, 1, 2))
    objective = gatys.Objective(vgg16, digits, targets, settings)
    for i in range(3):
        content, style = objective.losses(run.images[i])
        assert torch.allclose(run.content[i], content, rtol=1e-4)
        assert torch.allclose(run.style[i], style, rtol=1e-4)
        assert torch.allclose(run.total[i], content + 7.0 * style, rtol=1e-4)


def test_gradient_descent_steps_by_lambda_times_the_gradient(vgg16, digits):
    settings = Settings(optimizer="gradient descent", step=1e-9, iterations=1)
    targets = gatys.style_targets(
        vgg16, screens.am_screen(screens.ramp(32), 4.0), settings.style_weights, 16
    )
    gradient, *_ = gatys.Objective(vgg16, digits, targets, settings).gradient(digits)
    expected = (digits - 1e-9 * gradient).clamp(0, 1)
    run = transfer(vgg16, digits, targets, settings)
    assert torch.allclose(run.image, expected, atol=1e-6)
    assert (run.image - digits).abs().max() > 1e-3


def test_a_normalized_step_moves_pixels_by_lambda_which_decays(vgg16):
    grey = torch.full((2, 1, 16, 16), 0.5)
    grey[1, :, :, 8:] = 0.3  # another picture, another gradient
    settings = Settings(optimizer="normalized gradient descent", step=1e-3, decay=0.5, iterations=3)
    targets = gatys.style_targets(
        vgg16, screens.am_screen(screens.ramp(32), 4.0), settings.style_weights, 16
    )
    x = transfer(vgg16, grey, targets, settings, keep=range(4)).images
    for i in range(3):
        moved = (x[i + 1] - x[i]).abs().mean(dim=(1, 2, 3))
        assert torch.allclose(moved, torch.full((2,), 1e-3 * 0.5**i), rtol=1e-3)


def test_lbfgs_takes_a_photograph_lower_than_adam_with_as_many_gradients(vgg16, monkeypatch):
    p = torch.from_numpy(data.camera()[100:420:10, 100:420:10].copy()).float()[None, None] / 255
    layers = ("conv1_1", "conv2_1", "conv3_1")
    settings = Settings(
        content_layer="conv3_1",
        style_weights=dict.fromkeys(layers, 1 / 3),
        beta=1000.0,
        optimizer="lbfgs",
        iterations=15,
    )
    targets = gatys.style_targets(vgg16, screens.am_screen(screens.ramp(32), 6.0), layers, 32)
    gradient, gradients = gatys.Objective.gradient, []
    monkeypatch.setattr(
        gatys.Objective, "gradient", lambda *call: gradients.append(1) or gradient(*call)
    )
    lbfgs = transfer(vgg16, p, targets, settings)
    assert (lbfgs.total.diff(dim=0) <= 0).all()  # never uphill
    assert len(gradients) <= 1.5 * settings.iterations  # the first trial step nearly always serves
    at_bounds = (lbfgs.image == 0) | (lbfgs.image == 1)
    assert at_bounds.float().mean() > 0.1  # not a method that only works inside

    adam = replace(settings, optimizer="adam", iterations=len(gradients))
    assert lbfgs.total[-1] < 0.9 * transfer(vgg16, p, targets, adam).total.min()


def test_noise_is_the_same_start_for_each_image_and_fixed_by_its_seed(halftone, digits):
    start, again, other = (
        halftone(digits, iterations=1, noise=1.0, seed=s, keep=(0,)).images[0] for s in (1, 1, 2)
    )
    assert torch.equal(start, start[:1].expand_as(start))
    assert torch.equal(start, again)
    assert not torch.equal(start, other)
    assert start.min() >= 0
    assert start.max() <= 1
    assert 0.2 < start[0].std() < 0.4  # uniform: 0.289


def test_style_transfer_leaves_its_input_and_the_callers_random_state_alone(halftone, digits):
    kept = digits.clone()
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    halftone(digits, iterations=2, noise=1.0)
    halftone(digits, iterations=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(digits, kept)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"optimizer": "sgd"}, "optimizer is 'sgd'"),
        ({"iterations": -1}, "iterations is -1"),
        ({"noise": 1.1}, "noise is 1.1"),
        ({"alpha": -1.0}, "alpha is -1.0"),
        ({"beta": -1.0}, "beta is -1.0"),
        ({"alpha": 0.0, "beta": 0.0}, "alpha is 0 and beta is 0"),
        ({"step": 0.0}, "step is 0.0"),
        ({"step": float("nan")}, "step is nan"),
        ({"decay": 0.0}, "decay is 0.0"),
        ({"decay": 1.1}, "decay is 1.1"),
        ({"decay": 0.5, "optimizer": "lbfgs"}, "decay is 0.5"),
        ({"style_weights": {}}, "style_weights is empty"),
        ({"style_weights": {"conv1_1": -1.0}}, "weight of conv1_1 is -1.0"),
        ({"style_weights": {"conv9_1": 1.0}}, "layer is 'conv9_1'; it is one of conv1_1, conv1_2"),
        ({"content_layer": "conv9_1"}, "content_layer is 'conv9_1'; it is one of conv1_1"),
    ],
)
def test_a_setting_that_is_not_allowed_is_named_in_one_sentence(wrong, named):
    with pytest.raises(ValueError, match=named) as caught:
        Settings(**wrong)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(ValueError, match=named):
        replace(Settings(), **wrong)


@pytest.mark.parametrize("kept", [-1, 3])
def test_an_iteration_that_is_not_run_cannot_be_kept(kept, halftone, digits):
    with pytest.raises(
        ValueError, match=f"a kept iteration is {kept}; it is a whole number from 0"
    ):
        halftone(digits, iterations=2, keep=(0, kept))

"""A screen keeps the tone, prints only ink and paper, and has the grid that was asked for."""

import numpy as np
import pytest
import torch

from halftone_utils import screens

SCREENS = {
    "round 2.5 px at 45": lambda x, t: screens.am_screen(x, 2.5, 45, "round", tone_range=t),
    "round 4 px at 0": lambda x, t: screens.am_screen(x, 4, 0, "round", tone_range=t),
    "round 8 px at 15": lambda x, t: screens.am_screen(x, 8, 15, "round", tone_range=t),
    "line 3 px at 30": lambda x, t: screens.am_screen(x, 3, 30, "line", tone_range=t),
    "line 7.3 px at 75": lambda x, t: screens.am_screen(x, 7.3, 75, "line", tone_range=t),
    "round, shifted": lambda x, t: screens.am_screen(x, 5, 20, phase=(0.3, 0.6), tone_range=t),
    "error diffusion": lambda x, t: screens.floyd_steinberg(x, t),
    "random dots": lambda x, t: screens.random_dots(x, 0, t),
}
every_screen = pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)


@every_screen
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9), (0.35, 0.85)])
def test_a_ramp_keeps_its_mean_tone_within_one_percent(screen, tone_range):
    ramp = screens.ramp(256)
    low, high = tone_range
    tone = float((low + (high - low) * ramp).mean())
    assert abs(float(screen(ramp, tone_range).mean()) - tone) < 0.01


@every_screen
def test_a_halftone_is_ink_or_paper_and_nothing_between(screen):
    pictures = torch.rand(2, 1, 40, 24, generator=torch.Generator().manual_seed(0))
    printed = screen(pictures, (0.0, 1.0))
    assert printed.shape == pictures.shape
    assert printed.dtype == torch.float32
    assert set(printed.unique().tolist()) == {0.0, 1.0}


@every_screen
def test_a_black_picture_prints_no_dot_and_a_white_one_no_ink(screen):
    assert screen(torch.zeros(1, 1, 64, 64), (0.0, 1.0)).max() == 0
    assert screen(torch.ones(1, 1, 64, 64), (0.0, 1.0)).min() == 1


@every_screen
def test_a_black_picture_in_the_tone_range_02_to_09_is_20_percent_white(screen):
    printed = screen(torch.zeros(1, 1, 256, 256), (0.2, 0.9))
    assert abs(float(printed.mean()) - 0.2) < 0.015


@every_screen
def test_a_picture_prints_the_same_alone_and_in_company(screen):
    pictures = torch.rand(4, 1, 24, 32, generator=torch.Generator().manual_seed(1))
    together = screen(pictures, (0.1, 0.9))
    for i in range(4):
        assert torch.equal(screen(pictures[i : i + 1], (0.1, 0.9))[0], together[i])


@every_screen
def test_printing_leaves_the_picture_itself_alone(screen):
    picture = screens.ramp(32)
    kept = picture.clone()
    screen(picture, (0.0, 1.0))
    assert torch.equal(picture, kept)


def test_a_lighter_tone_only_adds_white():
    tones = torch.linspace(0, 1, 21).view(-1, 1, 1, 1).expand(-1, 1, 48, 48)
    printed = screens.am_screen(tones, 4.5, 30)
    assert (printed.diff(dim=0) >= 0).all()


def literal_error_diffusion(picture):
    """Floyd & Steinberg 1976, pixel by pixel in reading order, in float32."""
    work = picture.copy()
    height, width = work.shape
    for y in range(height):
        for x in range(width):
            new = np.float32(work[y, x] >= 0.5)
            error = work[y, x] - new
            work[y, x] = new
            for dy, dx, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
                if y + dy < height and 0 <= x + dx < width:
                    work[y + dy, x + dx] += error * np.float32(share / 16)
    return work


@pytest.mark.parametrize("shape", [(24, 24), (7, 31), (31, 7), (1, 9), (9, 1)])
def test_error_diffusion_is_the_double_loop_of_the_textbook_bit_for_bit(shape):
    pictures = np.random.RandomState(0).rand(4, 1, *shape).astype(np.float32)
    printed = screens.floyd_steinberg(torch.from_numpy(pictures)).numpy()
    for picture, ours in zip(pictures, printed, strict=True):
        assert np.array_equal(ours[0], literal_error_diffusion(picture[0]))


@pytest.mark.parametrize("dot", ["round", "line"])
@pytest.mark.parametrize(("ruling", "angle"), [(8, 0), (8, 30), (5, 45), (3.2, 15), (6.4, 75)])
def test_a_flat_tone_behind_a_screen_peaks_at_the_ruling_and_angle_asked_for(dot, ruling, angle):
    side = 256
    printed = screens.am_screen(torch.full((1, 1, side, side), 0.5), ruling, angle, dot)[0, 0]
    power = torch.fft.fft2(printed - printed.mean()).abs().square()
    fy, fx = divmod(int(power.argmax()), side)
    peak = torch.tensor([fx, fy]) / side
    peak = torch.where(peak > 0.5, peak - 1, peak)  # cycles per pixel
    turn = torch.deg2rad(torch.tensor(float(angle)))
    along, across = torch.stack([turn.cos(), turn.sin()]), torch.stack([-turn.sin(), turn.cos()])
    # lines run along the angle, so they repeat across it; round dots repeat both ways
    axes = [across] if dot == "line" else [across, along]
    distances = [(peak - sign * axis / ruling).norm() for axis in axes for sign in (-1, 1)]
    assert min(distances) < 1 / side  # the nearest frequency that 256 pixels can tell apart


def test_random_dots_have_no_grid_and_are_fixed_by_their_seed():
    flat = torch.full((1, 1, 128, 128), 0.5)
    dots = screens.random_dots(flat, 3)
    assert torch.equal(dots, screens.random_dots(flat, 3))
    assert not torch.equal(dots, screens.random_dots(flat, 4))

    def peak(printed):
        power = torch.fft.fft2(printed - printed.mean()).abs().square()
        return power.max() / power.mean()

    assert peak(dots) < 20  # white noise: about ln(128 * 128) = 10
    assert peak(screens.am_screen(flat, 4.0)) > 1000


def test_random_dots_leave_the_callers_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    screens.random_dots(screens.ramp(16), 1)
    assert torch.equal(torch.rand(3), expected)


def test_a_style_image_shows_every_tone_behind_the_screen():
    picture = screens.style_image(256, 2.5)
    columns = picture[0, 0].unfold(1, 32, 32).mean((0, 2))
    assert (columns - screens.ramp(256)[0, 0].unfold(1, 32, 32).mean((0, 2))).abs().max() < 0.05
    assert set(picture.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("ruling", [1.99, 0, -4, float("nan"), float("inf")])
def test_a_ruling_that_pixels_cannot_show_is_refused(ruling):
    with pytest.raises(ValueError, match="ruling is") as caught:
        screens.am_screen(screens.ramp(8), ruling)
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_dot_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="dot is 'star'; it is one of round, line"):
        screens.am_screen(screens.ramp(8), 4, dot="star")


@every_screen
@pytest.mark.parametrize("tone_range", [(0.5, 0.5), (0.9, 0.2), (-0.1, 0.5), (0.2, 1.1)])
def test_a_tone_range_outside_0_to_1_or_upside_down_is_refused(screen, tone_range):
    with pytest.raises(ValueError, match="tone_range is"):
        screen(screens.ramp(8), tone_range)

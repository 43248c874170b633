"""A screen keeps the tone, prints only ink and paper, and has the grid that was asked for."""

import hashlib

import pytest
import torch

from halftone_utils import screens
from halftone_utils.screens import thresholds


def kind(name, **arguments):
    return lambda pictures, tone_range: screens.halftone(
        pictures, name, tone_range=tone_range, **arguments
    )


SCREENS = {
    "round 2.5 px at 45": kind("am", ruling=2.5),
    "round 4 px at 0": kind("am", ruling=4, angle=0),
    "round 8 px at 15": kind("am", ruling=8, angle=15),
    "line 3 px at 30": kind("am", ruling=3, angle=30, dot="line"),
    "line 7.3 px at 75": kind("am", ruling=7.3, angle=75, dot="line"),
    "ellipse 5 px at 60": kind("am", ruling=5, angle=60, dot="ellipse"),
    "diamond 6 px at -20": kind("am", ruling=6, angle=-20, dot="diamond"),
    "square 4.4 px at 10": kind("am", ruling=4.4, angle=10, dot="square"),
    "round, shifted": kind("am", ruling=5, angle=20, phase=(0.3, 0.6)),
    "Bayer 4": kind("bayer", size=4),
    "Bayer 8": kind("bayer", size=8),
    "Bayer 16": kind("bayer", size=16),
    "blue noise": kind("blue-noise"),
    "random dots": kind("random"),
    "Floyd-Steinberg": kind("floyd-steinberg"),
    "Floyd-Steinberg, serpentine": kind("floyd-steinberg", serpentine=True),
    "Jarvis-Judice-Ninke": kind("jarvis-judice-ninke"),
    "Stucki, serpentine": kind("stucki", serpentine=True),
    "Sierra": kind("sierra"),
    "direct binary search": kind("direct-binary-search"),
}
FEW_TONES = ("round 4 px at 0", "Bayer 4", "Bayer 8")  # 16 or 64 pixels a period
OF_MANY_TONES = {name: screen for name, screen in SCREENS.items() if name not in FEW_TONES}
# Atkinson's drops a quarter of every error, so tones are not among its promises.
PRINTS_TWO_TONES = {**SCREENS, "Bayer 2": kind("bayer", size=2), "Atkinson": kind("atkinson")}
keeps_tones = pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
every_screen = pytest.mark.parametrize("screen", PRINTS_TWO_TONES.values(), ids=PRINTS_TWO_TONES)


@keeps_tones
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9), (0.35, 0.85)])
def test_a_ramp_keeps_its_mean_tone_within_one_percent(screen, tone_range):
    ramp = screens.ramp(256)
    low, high = tone_range
    tone = float((low + (high - low) * ramp).mean())
    assert abs(float(screen(ramp, tone_range).mean()) - tone) < 0.01


@pytest.mark.parametrize("screen", OF_MANY_TONES.values(), ids=OF_MANY_TONES)
def test_each_flat_tone_is_kept_within_one_percent(screen):
    for tone in torch.linspace(0.05, 0.95, 7).tolist():
        printed = screen(torch.full((1, 1, 192, 192), tone), (0.0, 1.0))
        assert abs(float(printed.mean()) - tone) < 0.01


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_bayer_prints_the_nearest_of_its_tones(size):
    tones = torch.linspace(0, 1, 97)
    printed = screens.bayer(tones.view(-1, 1, 1, 1).expand(-1, 1, 16, 16), size).mean((1, 2, 3))
    assert len(set(printed.tolist())) == min(size**2 + 1, 97)
    assert float((printed - tones).abs().max()) <= 0.5 / size**2 + 1e-6


def test_bayer_4_is_the_published_matrix():
    tones = torch.arange(16).view(-1, 1, 1, 1).expand(-1, 1, 4, 4) / 16 + 1 / 32 + 1e-4
    first_white = (screens.bayer(tones, 4) == 0).sum((0, 1)).tolist()
    assert first_white == [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]


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


@keeps_tones
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


def all_levels(side):
    return torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, side, side)


@every_screen
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9)])
def test_uint8_pictures_print_as_the_same_ones_in_0_to_1_bit_for_bit(screen, tone_range):
    levels = all_levels(16).contiguous()
    printed = screen(levels, tone_range)
    assert printed.dtype == torch.bool
    assert torch.equal(printed.float(), screen(levels.float() / 255, tone_range))
    assert torch.equal(screen(levels[:, 0], tone_range), printed[:, 0])


@pytest.mark.parametrize("name", screens.KINDS)
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8])
def test_a_ready_buffer_is_filled_and_returned(name, dtype):
    arguments = {"ruling": 4} if name == "am" else {}
    levels = torch.randint(0, 256, (3, 1, 20, 28), dtype=torch.uint8)
    buffer = torch.full(levels.shape, 1, dtype=dtype)
    filled = screens.halftone(levels, name, tone_range=(0.1, 0.9), out=buffer, **arguments)
    assert filled is buffer
    expected = screens.halftone(levels, name, tone_range=(0.1, 0.9), **arguments)
    assert torch.equal(buffer, expected.to(dtype))


@pytest.mark.parametrize("dot", thresholds.SPOTS)
def test_a_lighter_tone_only_adds_white(dot):
    tones = torch.linspace(0, 1, 21).view(-1, 1, 1, 1).expand(-1, 1, 48, 48)
    printed = screens.am_screen(tones, 4.5, 30, dot)
    assert (printed.diff(dim=0) >= 0).all()


@pytest.mark.parametrize("gain", [0.05, 0.2, 0.25])
def test_dot_gain_is_what_a_50_percent_dot_grows_by_and_spares_paper_and_solid_ink(gain):
    def ink(tone, gain):
        picture = torch.full((1, 1, 256, 256), tone)
        return 1 - float(screens.am_screen(picture, 5.3, 20, dot_gain=gain).mean())

    assert ink(0.5, gain) == pytest.approx(0.5 + gain, abs=0.005)
    assert ink(0.75, gain) == pytest.approx(0.25 + 0.75 * gain, abs=0.005)
    assert (ink(1.0, gain), ink(0.0, gain)) == (0, 1)


def test_a_grown_dot_holds_the_dot_it_grew_from_and_no_gain_changes_nothing():
    picture = screens.ramp(96)
    plain = screens.am_screen(picture, 6, 30, "ellipse")
    assert torch.equal(screens.am_screen(picture, 6, 30, "ellipse", dot_gain=0.0), plain)
    grown = screens.am_screen(picture, 6, 30, "ellipse", dot_gain=0.2)
    assert (grown <= plain).all()  # ink is 0
    assert (grown < plain).any()


@pytest.mark.parametrize("gain", [-0.01, 0.26, float("nan")])
def test_a_dot_gain_outside_0_to_a_quarter_is_refused(gain):
    with pytest.raises(ValueError, match="dot_gain is"):
        screens.am_screen(screens.ramp(8), 4, dot_gain=gain)


def test_soft_dots_tend_to_hard_ones_as_the_temperature_tends_to_0():
    picture = screens.ramp(64)
    hard = screens.am_screen(picture, 4.3, 20)
    far = [
        float((screens.am_screen(picture, 4.3, 20, temperature=t) - hard).abs().mean())
        for t in (0.1, 0.01, 0.001, 0.00001)
    ]
    assert far == sorted(far, reverse=True)
    assert far[-1] < 1e-3


def test_a_gradient_flows_through_soft_dots():
    picture = torch.full((1, 1, 6, 6), 0.4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: screens.am_screen(x, 4.3, 20, tone_range=(0.1, 0.9), temperature=0.1), picture
    )


@pytest.mark.parametrize("temperature", [-0.1, float("nan")])
def test_a_temperature_below_0_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature is"):
        screens.am_screen(screens.ramp(8), 4, temperature=temperature)


@pytest.mark.parametrize("dot", thresholds.SPOTS)
@pytest.mark.parametrize(
    ("ruling", "angle"), [(8, 0), (8, 30), (5, 45), (3.2, 15), (6.4, -75), (6.4, 150)]
)
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


def test_the_style_image_behind_the_frozen_operating_point_is_the_one_it_was_chosen_with():
    dots = screens.style_image(256, 2.5, 45, "round").to(torch.uint8).numpy()
    assert hashlib.sha256(dots.tobytes()).hexdigest() == (
        "76a0441fa0e84111caf9b04af177eeeb4ec8d830471d16bc5e01cd05273895ff"
    )


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="kind is 'stipple'; it is one of am, bayer, blue-noise"):
        screens.halftone(screens.ramp(8), "stipple")


def test_an_argument_that_a_kind_does_not_take_is_refused_with_those_it_takes():
    with pytest.raises(ValueError, match="'bayer' takes no 'ruling'; it takes size, tone_range"):
        screens.halftone(screens.ramp(8), "bayer", ruling=4)
    with pytest.raises(ValueError, match="'sierra' takes no 'kernel'"):
        screens.halftone(screens.ramp(8), "sierra", kernel="stucki")
    with pytest.raises(ValueError, match="'am' needs 'ruling'"):
        screens.halftone(screens.ramp(8), "am")


@every_screen
@pytest.mark.parametrize(
    "pictures",
    [torch.zeros(8, 8), torch.zeros(2, 3, 8, 8), torch.zeros(2, 1, 8, 8, dtype=torch.int64)],
)
def test_pictures_of_another_shape_or_type_are_refused(screen, pictures):
    with pytest.raises(ValueError, match="pictures are"):
        screen(pictures, (0.0, 1.0))


@pytest.mark.parametrize("name", [name for name in screens.KINDS if name != "am"])
def test_a_buffer_that_does_not_fit_is_refused(name):
    levels = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    for buffer in (
        torch.zeros(2, 1, 8, 9, dtype=torch.uint8),
        torch.zeros(2, 1, 8, 8),
        torch.zeros(2, 1, 8, 16, dtype=torch.uint8)[..., ::2],
    ):
        with pytest.raises(ValueError, match="out is"):
            screens.halftone(levels, name, out=buffer)
    with pytest.raises(ValueError, match="out is for uint8 pictures"):
        screens.halftone(levels.float(), name, out=levels)


@pytest.mark.parametrize("size", [0, 3, 32])
def test_a_size_bayer_has_not_is_refused(size):
    with pytest.raises(ValueError, match="size is"):
        screens.bayer(screens.ramp(8), size)


@pytest.mark.parametrize(("angle", "phase"), [(float("nan"), (0, 0)), (0, (float("inf"), 0))])
def test_an_angle_or_a_phase_that_is_no_number_is_refused(angle, phase):
    with pytest.raises(ValueError, match="finite numbers"):
        screens.am_screen(screens.ramp(8), 4, angle, phase=phase)

"""A screen keeps the tone, prints only ink and paper, and has the grid that was asked for."""

import hashlib
import math
import re

import pytest
import torch
from peaks import off_the_grid

from halftone_utils import screens

SCREENS = {kind: (kind, {}) for kind in screens.KINDS} | {
    "round 2.5 px": ("am", {"ruling": 2.5}),
    "line 7.3 px at 75": ("am", {"ruling": 7.3, "angle": 75, "dot": "line"}),
    "ellipse 5 px at 60": ("am", {"ruling": 5, "angle": 60, "dot": "ellipse"}),
    "diamond 6 px at -20": ("am", {"ruling": 6, "angle": -20, "dot": "diamond"}),
    "square 4.4 px at 10": ("am", {"ruling": 4.4, "angle": 10, "dot": "square"}),
    "round, shifted": ("am", {"ruling": 5, "angle": 20, "phase": (0.3, 0.6)}),
    "Bayer 16": ("bayer", {"size": 16}),
    "Floyd-Steinberg, serpentine": ("floyd-steinberg", {"serpentine": True}),
}
DROPS_TONE = {"atkinson"}  # a quarter of every error
FEW_TONES = {"bayer"}  # 64 pixels a period
every_screen = pytest.mark.parametrize("screen", SCREENS)
every_kind = pytest.mark.parametrize("kind", screens.KINDS)


def printed_by(screen, pictures, **arguments):
    kind, own = SCREENS[screen]
    return screens.halftone(pictures, kind, **own, **arguments)


def random_pictures(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("screen", [name for name in SCREENS if name not in DROPS_TONE])
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.35, 0.85)])
def test_a_ramp_keeps_its_mean_tone_within_one_percent(screen, tone_range):
    side = 128 if screen == "direct-binary-search" else 256
    ramp, (low, high) = screens.ramp(side), tone_range
    tone = float((low + (high - low) * ramp).mean())
    assert abs(float(printed_by(screen, ramp, tone_range=tone_range).mean()) - tone) < 0.01


@pytest.mark.parametrize("screen", [name for name in SCREENS if name not in DROPS_TONE | FEW_TONES])
def test_each_flat_tone_is_kept_within_one_percent(screen):
    for tone in (0.05, 0.35, 0.5, 0.8, 0.95):
        printed = printed_by(screen, torch.full((1, 1, 128, 128), tone))
        assert abs(float(printed.mean()) - tone) < 0.01


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_bayer_prints_the_nearest_of_its_tones(size):
    tones = torch.linspace(0, 1, 97)
    printed = screens.bayer(tones.view(-1, 1, 1, 1).expand(-1, 1, 16, 16), size).mean((1, 2, 3))
    assert len(set(printed.tolist())) == min(size**2 + 1, 97)
    assert float((printed - tones).abs().max()) <= 0.5 / size**2 + 1e-6


@every_screen
def test_only_ink_and_paper_are_printed_the_same_alone_and_in_company(screen):
    pictures = random_pictures(4, 1, 24, 32)
    kept = pictures.clone()
    together = printed_by(screen, pictures, tone_range=(0.1, 0.9))
    assert together.shape == pictures.shape
    assert together.dtype == torch.float32
    assert set(together.unique().tolist()) == {0.0, 1.0}
    for i in range(4):
        alone = printed_by(screen, pictures[i : i + 1], tone_range=(0.1, 0.9))
        assert torch.equal(alone[0], together[i])
    assert torch.equal(pictures, kept)


@every_screen
def test_black_prints_no_dot_white_no_ink_and_black_in_02_to_09_one_pixel_in_five(screen):
    black = torch.zeros(1, 1, 128, 128)
    assert printed_by(screen, black).max() == 0
    assert printed_by(screen, black + 1).min() == 1
    if screen not in DROPS_TONE:
        lifted = printed_by(screen, black, tone_range=(0.2, 0.9))
        assert abs(float(lifted.mean()) - 0.2) < 0.015


@every_screen
@pytest.mark.parametrize("tone_range", [(0.0, 1.0), (0.2, 0.9)])
def test_uint8_pictures_print_as_the_same_ones_in_0_to_1_bit_for_bit(screen, tone_range):
    levels = torch.arange(256, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 1, 8, 8)
    printed = printed_by(screen, levels, tone_range=tone_range)
    assert printed.dtype == torch.bool
    same = printed_by(screen, levels.float() / 255, tone_range=tone_range)
    assert torch.equal(printed.float(), same)
    assert torch.equal(printed_by(screen, levels[:, 0], tone_range=tone_range), printed[:, 0])


@every_kind
def test_a_kind_names_itself_prints_without_further_arguments_and_says_which_it_takes(kind):
    row, picture = screens.KINDS[kind], screens.ramp(16)
    assert row.kind == kind
    assert torch.equal(row(picture), screens.halftone(picture, kind))
    known = screens.parameters(kind)
    assert "tone_range" in known
    assert torch.equal(screens.halftone(picture, kind, **known), row(picture))


@pytest.mark.parametrize("dot", screens.SPOTS)
def test_a_lighter_tone_only_adds_white(dot):
    tones = torch.linspace(0, 1, 21).view(-1, 1, 1, 1).expand(-1, 1, 48, 48)
    printed = screens.am_screen(tones, 4.5, 30, dot)
    assert (printed.diff(dim=0) >= 0).all()


@pytest.mark.parametrize("gain", [0.05, 0.25])
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


@pytest.mark.parametrize(
    ("dot", "ruling", "angle"),
    [
        ("round", 5, 45),
        ("round", 3.2, 15),
        ("round", 8, 0),
        ("line", 5, 45),
        ("line", 6.4, 150),
        ("ellipse", 6.4, -75),
        ("diamond", 6.4, 150),
        ("square", 3.2, 15),
    ],
)
def test_a_flat_tone_behind_a_screen_peaks_at_the_ruling_and_angle_asked_for(dot, ruling, angle):
    side = 256
    printed = screens.am_screen(torch.full((1, 1, side, side), 0.5), ruling, angle, dot)[0, 0]
    # lines run along the angle, so they repeat across it; round dots repeat both ways
    off = off_the_grid(printed, ruling, angle, both_ways=dot != "line")
    assert off < 1 / side  # the nearest frequency that 256 pixels can tell apart


def test_random_dots_have_no_grid_are_fixed_by_their_seed_and_spare_the_callers_random_state():
    flat = torch.full((1, 1, 128, 128), 0.5)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    dots = screens.random_dots(flat, 3)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(dots, screens.random_dots(flat, 3))
    assert not torch.equal(dots, screens.random_dots(flat, 4))

    def peak(printed):
        power = torch.fft.fft2(printed - printed.mean()).abs().square()
        return power.max() / power.mean()

    assert peak(dots) < 20  # white noise: about ln(128 * 128) = 10
    assert peak(screens.am_screen(flat)) > 1000


def test_independent_random_dots_are_each_pictures_own_and_keep_its_tones():
    flat = torch.full((2, 1, 128, 128), 0.0)
    dots = screens.independent_random_dots(flat, (0.3, 0.9), seed=1)
    assert not torch.equal(dots[0], dots[1])
    assert abs(float(dots.mean()) - 0.3) < 0.015
    assert torch.equal(dots, screens.independent_random_dots(flat, (0.3, 0.9), seed=1))
    assert not torch.equal(dots, screens.independent_random_dots(flat, (0.3, 0.9), seed=2))


def test_a_style_image_shows_every_tone_behind_the_screen_and_is_the_frozen_points():
    picture = screens.am_screen(screens.ramp(256), 2.5, 45, "round")
    columns = picture[0, 0].unfold(1, 32, 32).mean((0, 2))
    assert (columns - screens.ramp(256)[0, 0].unfold(1, 32, 32).mean((0, 2))).abs().max() < 0.05
    assert hashlib.sha256(picture.to(torch.uint8).numpy().tobytes()).hexdigest() == (
        "76a0441fa0e84111caf9b04af177eeeb4ec8d830471d16bc5e01cd05273895ff"
    )


NAN, RAMP = math.nan, screens.ramp(8)
REFUSED = [
    *((lambda r=r: screens.am_screen(RAMP, r), "ruling is") for r in (1.99, -4, NAN, math.inf)),
    (lambda: screens.am_screen(RAMP, dot="star"), "dot is 'star'; it is one of round, line"),
    (lambda: screens.am_screen(RAMP, angle=NAN), "angle is nan; it is a finite number."),
    (lambda: screens.am_screen(RAMP, phase=(0, math.inf)), "phase is inf; it is a finite number."),
    *((lambda g=g: screens.am_screen(RAMP, dot_gain=g), "dot_gain is") for g in (-0.01, 0.26, NAN)),
    *((lambda s=s: screens.bayer(RAMP, s), "size is") for s in (0, 3, 32)),
    *((lambda s=s: screens.blue_noise(RAMP, s), "size is") for s in (7, 129, 16.5)),
    *((lambda s=s: screens.blue_noise(RAMP, 64, s), "seed is") for s in (-1, 0.5)),
    (lambda: screens.halftone(RAMP, "stipple"), "kind is 'stipple'; it is one of am, bayer, blue-"),
    (
        lambda: screens.halftone(RAMP, "bayer", ruling=4),
        "an argument of 'bayer' is 'ruling'; it is one of size, tone_range.",
    ),
    (lambda: screens.halftone(RAMP, "sierra", kernel="stucki"), "an argument of 'sierra' is 'kern"),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_an_argument_that_is_not_allowed_is_refused_in_one_sentence(call, sentence, unchecked):
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1


@every_kind
def test_pictures_and_tone_ranges_that_do_not_fit_are_refused(kind, unchecked):
    levels = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    wrong = [torch.zeros(8, 8), torch.zeros(2, 3, 8, 8), levels.long()]
    for pictures in wrong:
        with pytest.raises(ValueError, match="pictures are"):
            screens.halftone(pictures, kind)
    for tone_range in ((0.5, 0.5), (0.9, 0.2), (-0.1, 0.5), (0.2, 1.1)):
        with pytest.raises(ValueError, match="tone_range is"):
            screens.halftone(RAMP, kind, tone_range=tone_range)

"""How a CAPTCHA is drawn: letters from the package `captcha`, and the schemes that print them.

Every scheme takes the same letters, so schemes differ in how letters are printed and not in where
they stand; only `distorted` asks for other ones.
"""

import importlib.util
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from halftone_utils import screens
from halftone_utils.captcha import iso_tone
from halftone_utils.digits import points, stylizer
from halftone_utils.screens import perception, tone
from halftone_utils.style import style_transfer

HEIGHT = 176  # pixels


def width_of(letters: int) -> int:
    """How wide a CAPTCHA of so many letters is, in pixels."""
    return 104 * letters + 24


@dataclass(frozen=True)
class Letters:
    """A text as a shape.

    ink: coverage (1, 1, H, W) in [0, 1].  letter: which letter each column belongs to, (W,).
    """

    ink: Tensor
    letter: Tensor


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A way to draw a CAPTCHA.

    group: "corner", "screen", "style" or "iso-tone".
    draw: (letters, dice, **parameters) -> tones (1, 1, H, W) in [0, 1]; 1 is paper.
    lettering: how its letters differ from the others', see `draw_letters`.
    """

    description: str
    group: str
    draw: Callable[..., Tensor]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lettering: Mapping[str, Any] = field(default_factory=dict)


class Dice(random.Random):
    """A seeded stand-in for the module `secrets`: the functions that the package uses of it."""

    def randbelow(self, limit: int) -> int:
        """A number from 0 to limit - 1."""
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        """A number of that many bits."""
        return self.getrandbits(bits)

    def generator(self) -> torch.Generator:
        """A stream of PyTorch's that starts where these dice stand."""
        return torch.Generator().manual_seed(self.getrandbits(63))


def package_of(dice: Dice) -> ModuleType:
    """A copy of the package's module that draws with these dice.

    A copy of our own, since `secrets` in the package's own module stays what it is: another
    thread that draws a CAPTCHA meanwhile must not get one that can be foreseen.
    """
    spec = importlib.util.find_spec("captcha.image")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.secrets = dice
    return module


def draw_letters(
    text: str, seed: int, *, bold: float = 7.5, rotate: int = 14, gap: int = 12, overlap: float = 0
) -> Letters:
    """The text as the package turns, warps and lines up its glyphs, (1, 1, 176, 104 n + 24).

    bold: pixels the strokes grow by on each side, so that a texture has room in them.
    rotate: degrees a letter may turn.  gap: pixels left and right of each letter.
    overlap: share of a letter's width by which the next may cover it.
    """
    package, widths = package_of(Dice(f"letters {seed}")), []

    class Glyphs(package.ImageCaptcha):
        character_rotate = (-rotate, rotate)
        character_warp_dx = character_warp_dy = (0.02, 0.1)
        word_space_probability, word_offset_dx = 1.0, overlap  # 1: never a space

        def _draw_character(self, *arguments: Any) -> Image.Image:
            glyph = super()._draw_character(*arguments)
            wider = Image.new("RGBA", (glyph.width + 2 * gap, glyph.height))
            wider.paste(glyph, (gap, 0))
            widths.append(wider.width)
            return wider

    drawing = Glyphs(width_of(len(text)), HEIGHT, font_sizes=(120, 126, 132))
    # White on black: the package's mask of a glyph is its colour, so black would leave nothing.
    drawn = drawing.create_captcha_image(text, (255, 255, 255), (0, 0, 0)).convert("L")
    glyphs = np.asarray(drawn) > 127
    shift = (glyphs.shape[1] - np.flatnonzero(glyphs.any(0))[[0, -1]].sum()) // 2  # to the middle
    distance = torch.from_numpy(distance_transform_edt(~np.roll(glyphs, shift, axis=1))).float()
    ends = torch.tensor(widths).cumsum(0)[:-1] + int(sum(widths) / len(text) * 0.1) + shift
    letter = torch.searchsorted(ends, torch.arange(drawn.width), right=True)
    return Letters((bold + 0.5 - distance).clamp(0, 1)[None, None], letter)


def _plain(letters: Letters, dice: Dice) -> Tensor:
    return 1 - letters.ink


def _distorted(letters: Letters, dice: Dice, *, bend: float, curves: int, dots: int) -> Tensor:
    """Letters bent like wet paper, and struck through and speckled by the package's own noise."""
    generator, (height, width) = dice.generator(), letters.ink.shape[2:]
    bent = iso_tone.shake(letters.ink[0, 0], bend, 24, generator)
    canvas = Image.fromarray((255 * (1 - bent)).byte().numpy())
    draw = package_of(dice).ImageCaptcha
    for colour in (0, 255):  # ink over the ground, and paper through the letters
        for _ in range(curves):
            draw.create_noise_curve(canvas, colour)
        draw.create_noise_dots(canvas, colour, width=5, number=dots)
    tones = torch.from_numpy(np.array(canvas)).float()[None, None] / 255
    noise = 0.25 * torch.randn((1, 1, height, width), generator=generator)
    return (perception.integrate(tones, 1.5) * 0.6 + 0.2 + noise).clamp(0, 1)


def _screen(letters: Letters, dice: Dice, *, kind: str, pixel: int = 1, **arguments: Any) -> Tensor:
    """Behind one of `screens.KINDS`, whose dots are `pixel` pixels wide at the least."""
    printed = screens.halftone(F.avg_pool2d(1 - letters.ink, pixel), kind, **arguments)
    return F.interpolate(printed, scale_factor=pixel)


def _varying(
    letters: Letters, dice: Dice, *, ruling: float, drift: float, tone_range: tuple[float, float]
) -> Tensor:
    """Behind a line screen whose angle and ruling drift over the picture."""
    generator, size = dice.generator(), letters.ink.shape[2:]
    angle = 3 * iso_tone.smooth_field(*size, 90, generator)
    lines = ruling * torch.exp(drift * iso_tone.smooth_field(*size, 60, generator))
    thresholds = iso_tone.stripe_thresholds(angle, lines, 1.5 * ruling, generator)
    return (tone.map_tone(1 - letters.ink, tone_range) > thresholds).float()


def _style_transfer(letters: Letters, dice: Dice, *, point: str, pixel: int) -> Tensor:
    """By style transfer at an operating point for digits of 32 pixels, each pixel then `pixel`².

    The point's Gram matrices are sums over a digit's positions (`gatys.style_targets`), so they
    are scaled to this picture's number of them.
    """
    at = points.load(point)
    network, targets = points.network_for(at)
    content = F.avg_pool2d(letters.ink, pixel)  # white on black, as the point's digits are
    share = content[0, 0].numel() / at.size**2
    targets = {layer: A * share for layer, A in targets.items()}
    x = style_transfer.transfer(network, content, targets, at.settings, final_loss=False).image
    return F.interpolate(x, scale_factor=pixel)


_stylizer = cache(stylizer.load)


def _stylized(letters: Letters, dice: Dice, *, point: str) -> Tensor:
    """By the stylizer of an operating point, whose 8x8 blocks fit the picture."""
    return stylizer.stylize(_stylizer(point), letters.ink)


def _iso_tone(letters: Letters, dice: Dice, *, cell: float, **two: Mapping[str, Any]) -> Tensor:
    """Two screens of one tone; both phases are the dice's, or a filter could be kept ready."""
    phased = {
        name: {**screen, "phase": (dice.random(), dice.random())} for name, screen in two.items()
    }
    return iso_tone.print_evenly(iso_tone.two_screens(letters.ink[0, 0] > 0.5, **phased), cell)


def _iso_tone_mixed(letters: Letters, dice: Dice, *, ruling: float, **arguments: float) -> Tensor:
    thresholds = iso_tone.mixed_thresholds(
        letters.ink[0, 0] > 0.5, letters.letter, dice.generator(), ruling=ruling, **arguments
    )
    return iso_tone.print_evenly(thresholds, ruling)


def varied(scheme: Scheme, ruling: float | None = None, angle: float | None = None) -> Scheme:
    """The scheme with another ruling (pixels per cell) and turned to another angle (degrees).

    Of an iso-tone scheme these are the ground's; the figure's keep their ratio and their turn.
    None leaves what it has.  Raises ValueError where the scheme has no such dial, or not so far.
    """
    given = dict(scheme.parameters)
    for name, value, lowest, highest in (("ruling", ruling, 3, 20), ("angle", angle, 0, 180)):
        if value is None:
            continue
        if name not in dials(scheme):
            raise ValueError(f"{scheme.description!r} has no {name} to set.")
        if not lowest <= value <= highest:
            raise ValueError(f"{name} is {value:g}; it is {lowest} to {highest}.")
        if name in given:
            given[name] = value
            continue
        ground = given["of_ground"][name]
        for part in ("of_figure", "of_ground"):
            screen = given[part]
            turned = (screen[name] + value - ground) % 180
            given[part] = {
                **screen,
                name: turned if name == "angle" else screen[name] * value / ground,
            }
        if name == "ruling":
            given["cell"] = given["cell"] * value / ground
    return replace(scheme, parameters=given)


def dials(scheme: Scheme) -> dict[str, float]:
    """Where a scheme's dials stand, if it has them: ruling in pixels per cell, angle in degrees.

    Error diffusion and blue noise have a dot of whole pixels, which is no dial here.
    """
    given = {**scheme.parameters.get("of_ground", {}), **scheme.parameters}
    return {name: float(given[name]) for name in ("ruling", "angle") if name in given}


def _scheme(group: str, draw: Callable[..., Tensor], description: str, **parameters: Any) -> Scheme:
    return Scheme(description=description, group=group, draw=draw, parameters=parameters)


_LINES = {"angle": 20.0, "dot": "line"}
SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "plain": _scheme("corner", _plain, "black letters on white"),
        "distorted": Scheme(
            description="bent, overlapping letters, struck through and speckled, "
            "until people fail too",
            group="corner",
            draw=_distorted,
            parameters={"bend": 16.0, "curves": 6, "dots": 60},
            lettering={"bold": 2.0, "rotate": 45, "gap": 0, "overlap": 0.4},
        ),
        "round-dots": _scheme(
            "screen",
            _screen,
            "a screen of round dots at 45 degrees",
            kind="am",
            ruling=9.0,
            angle=45.0,
            tone_range=(0.25, 0.75),
        ),
        "lines": _scheme(
            "screen",
            _screen,
            "a line screen at 20 degrees",
            kind="am",
            ruling=8.0,
            tone_range=(0.3, 0.7),
            **_LINES,
        ),
        "diffused": _scheme(
            "screen",
            _screen,
            "error diffusion (Floyd & Steinberg), dots of 4x4 pixels",
            kind="floyd-steinberg",
            pixel=4,
            serpentine=True,
            tone_range=(0.3, 0.7),
        ),
        "blue-noise": _scheme(
            "screen",
            _screen,
            "a void-and-cluster mask, dots of 4x4 pixels",
            kind="blue-noise",
            pixel=4,
            tone_range=(0.3, 0.7),
        ),
        "varying": _scheme(
            "screen",
            _varying,
            "a line screen whose angle and ruling drift over the picture",
            ruling=8.0,
            drift=0.3,
            tone_range=(0.25, 0.75),
        ),
        "style-transfer": _scheme(
            "style",
            _style_transfer,
            "style transfer (Gatys et al.) at the operating point `talk`",
            point="talk",
            pixel=4,
        ),
        "stylizer": _scheme(
            "style",
            _stylized,
            "the network that does in one pass what style transfer does",
            point="talk",
        ),
        "iso-tone-angle": _scheme(
            "iso-tone",
            _iso_tone,
            "one tone, one line screen, turned by 90 degrees in the letters",
            cell=6.0,
            of_figure={"ruling": 6.0, "angle": 110.0, "dot": "line"},
            of_ground={"ruling": 6.0, **_LINES},
        ),
        "iso-tone-ruling": _scheme(
            "iso-tone",
            _iso_tone,
            "one tone, one line screen, of twice the ruling in the letters",
            cell=9.0,
            of_figure={"ruling": 9.0, **_LINES},
            of_ground={"ruling": 4.5, **_LINES},
        ),
        "iso-tone-kind": _scheme(
            "iso-tone",
            _iso_tone,
            "one tone and ruling, round dots in the letters, lines around them",
            cell=7.0,
            of_figure={"ruling": 7.0, "angle": 20.0, "dot": "round"},
            of_ground={"ruling": 7.0, **_LINES},
        ),
        "iso-tone-mixed": _scheme(
            "iso-tone",
            _iso_tone_mixed,
            "one tone, lines that turn from patch to patch; each letter coarser, finer or of dots",
            ruling=6.0,
        ),
    }
)

"""How a CAPTCHA is drawn: letters from the package `captcha`, and functions that print them.

Every function that a row of data/schemes.toml names takes (letters, dice, **parameters) and returns
tones (1, 1, H, W) in [0, 1]; 1 is paper.
"""

import importlib.util
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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
from halftone_utils.screens.thresholds import am_thresholds
from halftone_utils.style import style_transfer

HEIGHT = 176  # pixels


@dataclass(frozen=True)
class Letters:
    """A text as a shape.

    ink: coverage (1, 1, H, W) in [0, 1].  letter: which letter each column belongs to, (W,).
    """

    ink: Tensor
    letter: Tensor


class Dice(random.Random):
    """A seeded stand-in for the module `secrets`: the functions that the package uses of it."""

    randbelow = random.Random.randrange
    randbits = random.Random.getrandbits

    def generator(self) -> torch.Generator:
        """A generator of PyTorch, seeded from the next number."""
        return torch.Generator().manual_seed(self.getrandbits(63))


def package_of(dice: Dice) -> Any:
    """A copy of the module `captcha.image` that draws with these dice instead of `secrets`.

    A copy, since what other threads draw with the module itself must not be foreseeable.
    """
    spec: Any = importlib.util.find_spec("captcha.image")
    module: Any = importlib.util.module_from_spec(spec)
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
    base: Any = package_of(Dice(f"letters {seed}")).ImageCaptcha
    widths: list[int] = []

    class Glyphs(base):
        character_rotate = (-rotate, rotate)
        character_warp_dx = character_warp_dy = (0.02, 0.1)
        word_space_probability, word_offset_dx = 1.0, overlap  # 1: never a space

        def _draw_character(self, *arguments: Any) -> Image.Image:
            glyph = super()._draw_character(*arguments)
            wider = Image.new("RGBA", (glyph.width + 2 * gap, glyph.height))
            wider.paste(glyph, (gap, 0))
            widths.append(wider.width)
            return wider

    drawing = Glyphs(104 * len(text) + 24, HEIGHT, font_sizes=(120, 126, 132))
    # White on black: the package's mask of a glyph is its colour, so black would leave nothing.
    drawn = drawing.create_captcha_image(text, (255, 255, 255), (0, 0, 0)).convert("L")
    glyphs = np.asarray(drawn) > 127
    shift = (glyphs.shape[1] - np.flatnonzero(glyphs.any(0))[[0, -1]].sum()) // 2  # to the middle
    distance = torch.from_numpy(distance_transform_edt(~np.roll(glyphs, shift, axis=1))).float()
    ends = torch.tensor(widths).cumsum(0)[:-1] + int(sum(widths) / len(text) * 0.1) + shift
    letter = torch.searchsorted(ends, torch.arange(drawn.width), right=True)
    return Letters((bold + 0.5 - distance).clamp(0, 1)[None, None], letter)


def plain(letters: Letters, dice: Dice) -> Tensor:
    """Black letters on white."""
    return 1 - letters.ink


def distorted(letters: Letters, dice: Dice, *, bend: float, curves: int, dots: int) -> Tensor:
    """Letters bent, struck through and speckled by the noise of the package."""
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


def screen(letters: Letters, dice: Dice, *, kind: str, pixel: int = 1, **arguments: Any) -> Tensor:
    """Behind one of `screens.KINDS`, whose dots are `pixel` pixels wide at the least."""
    printed = screens.halftone(F.avg_pool2d(1 - letters.ink, pixel), kind, **arguments)
    return F.interpolate(printed, scale_factor=pixel)


def varying(
    letters: Letters, dice: Dice, *, ruling: float, drift: float, tone_range: tuple[float, float]
) -> Tensor:
    """Behind a line screen whose angle and ruling drift over the picture."""
    generator, (height, width) = dice.generator(), letters.ink.shape[2:]
    angle = 3 * iso_tone.smooth_field(height, width, 90, generator)
    lines = ruling * torch.exp(drift * iso_tone.smooth_field(height, width, 60, generator))
    thresholds = iso_tone.stripe_thresholds(angle, lines, 1.5 * ruling, generator)
    return (tone.map_tone(1 - letters.ink, tone_range) > thresholds).float()


def by_style_transfer(letters: Letters, dice: Dice, *, point: str, pixel: int) -> Tensor:
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


def by_stylizer(letters: Letters, dice: Dice, *, point: str) -> Tensor:
    """By the stylizer of an operating point, whose 8x8 blocks fit the picture."""
    return stylizer.stylize(_stylizer(point), letters.ink)


def two_screens(
    letters: Letters, dice: Dice, *, cell: float, of_figure: Mapping, of_ground: Mapping
) -> Tensor:
    """Two screens of one tone, of random phases: a fixed phase would allow a ready-made filter."""
    inner, outer = (
        am_thresholds(*letters.ink.shape[2:], **screen, phase=(dice.random(), dice.random()))
        for screen in (of_figure, of_ground)
    )
    return iso_tone.print_evenly(torch.where(letters.ink > 0.5, inner, outer), cell)


def dipole(
    letters: Letters, dice: Dice, *, cell: float, flipped: float, jitter: float, rotate: float
) -> Tensor:
    """Even texture on odd ground: in a block of 2x2 cells an even or an odd number is black.

    See `iso_tone.of_parity`.  cell: side of a cell [px].  flipped: share of cells that are then
    turned over, which leaves (1 - 2 flipped)^4 of the difference.  jitter: share of a cell, below
    1, over which a line of the grid is moved.  rotate: degrees that the grid may turn.
    """
    generator, (height, width) = dice.generator(), letters.ink.shape[2:]
    angle = math.radians(dice.uniform(-rotate, rotate))
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = torch.tensor([width / 2, height / 2])
    reach = math.ceil(math.hypot(height, width) / 2 / cell) + 1
    moved = torch.rand((2, 1), generator=generator) + jitter * torch.rand(
        (2, 2 * reach + 1), generator=generator
    )
    lines = cell * (torch.arange(-reach, reach + 1) - moved)  # across the grid's x, and its y
    # where lines cross, four cells meet: that decides which parity they have
    at = torch.stack(torch.meshgrid(*lines, indexing="xy"), 2) @ turn.T + middle
    x, y = at.round().long().unbind(2)
    figure = letters.ink[0, 0, y.clamp(0, height - 1), x.clamp(0, width - 1)] > 0.5
    cells = iso_tone.of_parity(~figure, generator)
    cells ^= torch.rand(cells.shape, generator=generator) < flipped
    pixels = torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")
    places = (torch.stack(pixels, 2) - middle) @ turn
    column, row = (
        torch.searchsorted(of_axis, place.contiguous(), right=True)
        for of_axis, place in zip(lines, places.unbind(2), strict=True)
    )
    return cells[row, column].float()[None, None]


def mixed(letters: Letters, dice: Dice, *, ruling: float) -> Tensor:
    """Lines in patches, under which no one filter finds every letter.

    The ground is a line screen that turns from patch to patch, so that edges of texture are
    everywhere, and whose ruling drifts.  The letters' lines cross the ground's, and each letter
    has one of three cues, all of them among any three neighbours: coarser lines (0), finer ones
    (1), round dots (2).  A map of local ruling, angle or coherence shows only one cue's letters.
    """
    generator, (height, width) = dice.generator(), letters.ink.shape[2:]
    figure = iso_tone.shake(letters.ink[0, 0] > 0.5, 0.8, 6, generator)
    lines = ruling * torch.exp(0.05 * iso_tone.smooth_field(height, width, 50, generator))
    angle = math.pi * iso_tone.mosaic(height, width, 32, generator)
    angle = angle + 0.25 * iso_tone.smooth_field(height, width, 40, generator)
    cue = torch.randperm(3, generator=generator)[letters.letter % 3].expand(height, width)
    own = torch.where(cue == 0, lines * 1.75, lines / 1.75)
    ground = iso_tone.stripe_thresholds(angle, lines, 6.5, generator)
    inner = iso_tone.stripe_thresholds(angle + math.pi / 2, own, 6.5, generator)
    dots = am_thresholds(height, width, 7.5, 90 * float(torch.rand(1, generator=generator)))
    inner = torch.where(cue == 2, dots, inner)
    return iso_tone.print_evenly(torch.where(figure, inner, ground), ruling)

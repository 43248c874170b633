"""Threshold fields of ordered screens: a pixel prints white where its tone is above its threshold.

All are equalised: over a period a flat tone t turns white the share t of the pixels, as nearly
as the period has levels.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.types import Thresholds
from halftone_utils.screens import void_and_cluster


def _around(x: Tensor) -> Tensor:
    return (x - x.round()).abs()


# Spot functions: height of the spot over one cell, u and v in cells from its centre.  Round and
# line are sums of cosines; the ellipse's dots meet along u first, then along v.  Diamond and
# square are the PostScript Language Reference's (1999, section 7.4) of these names, repeated:
# diamonds meet as a chessboard at half tone, squares of paper lie in a net of ink at all tones.
SPOTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "round": lambda u, v: torch.cos(2 * torch.pi * u) + torch.cos(2 * torch.pi * v),
    "line": lambda u, v: torch.cos(2 * torch.pi * v),
    "ellipse": lambda u, v: 0.7 * torch.cos(2 * torch.pi * u) + torch.cos(2 * torch.pi * v),
    "diamond": lambda u, v: -(_around(u) + _around(v)),
    "square": lambda u, v: -torch.maximum(_around(u), _around(v)),
}
MOST_GAIN = 0.25  # with more, the parabola of `undo_gain` would rise above 1 before solid ink


def undo_gain(ink: Tensor, gain: float) -> Tensor:
    """The ink coverage that prints as `ink` once the dots have grown; any shape, in [0, 1].

    gain: growth of the coverage at a coverage of 50 %, the figure printers state as dot gain or
    tone value increase (0.2 prints 50 % as 70 %); 0 to 0.25.  Between, growth follows the usual
    parabola a' = a + 4 gain a (1 - a), which leaves bare paper and solid ink as they are.  It is
    the mechanical gain, of the dot itself: light scattered in the paper (Yule & Nielsen 1951)
    changes no dot, and is not in it.
    Raises ValueError for a gain outside its range.
    """
    checks.within("dot_gain", gain, 0, MOST_GAIN)
    slope = 1 + 4 * gain
    return 2 * ink / (slope + (slope**2 - 16 * gain * ink).sqrt())


@lru_cache(maxsize=64)
def am_thresholds(
    height: int,
    width: int,
    ruling: float,
    angle: float = 45.0,
    dot: str = "round",
    phase: tuple[float, float] = (0.0, 0.0),
    dot_gain: float = 0.0,
) -> Thresholds:
    """Threshold of each pixel in a clustered-dot (amplitude-modulated) screen.

    ruling: [px a cell], at least 2.  angle: [degrees].  dot: one of SPOTS.
    phase: offset [cells].  dot_gain: of the ink, see `undo_gain`: a dot grows along its own spot.
    Returns float32 (1, 1, height, width) in (0, 1).

    A threshold is the mid-rank of the pixel's spot height among a 512x512 field of the same
    screen, so a flat tone t turns white the share t of the pixels: the screen is equalised
    on the pixel grid itself, whatever the dot's shape (Ulichney, Digital Halftoning, 1987, ch. 5).
    Raises ValueError for an argument that is not allowed.
    """
    checks.one_of("dot", dot, SPOTS)
    checks.within("ruling", ruling, 2, math.inf, "pixels a cell")  # finer cells have no shape
    for name, value in (("angle", angle), ("phase", phase[0]), ("phase", phase[1])):
        checks.within(name, value, -math.inf, math.inf)

    def spot(h: int, w: int) -> Tensor:
        y, x = torch.arange(h).double()[:, None], torch.arange(w).double()
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        u = (c * x + s * y) / ruling + phase[0]
        v = (-s * x + c * y) / ruling + phase[1]
        # A cell of few pixels has many equal heights; a trace of tilt gives each its own rank.
        tilt = torch.cos(2 * torch.pi * u + 1) + 0.5 * torch.cos(2 * torch.pi * v + 2)
        # Rounded, so that what is equal from cell to cell stays equal in floating point.
        return ((SPOTS[dot](u, v) + 1e-6 * tilt) * 1e9).round()

    field = torch.from_numpy(np.sort(spot(512, 512).numpy(), axis=None))  # 7 times torch's speed
    height_here = spot(height, width)
    below = torch.searchsorted(field, height_here)
    up_to = torch.searchsorted(field, height_here, right=True)
    # The highest spot prints white first: it is the last that ink covers.
    ink = (below + up_to) / (2 * field.numel())
    return (1 - undo_gain(ink, dot_gain)).float()[None, None]


def _tile(pattern: Tensor, height: int, width: int) -> Tensor:
    """Repeat a square pattern over (1, 1, height, width)."""
    side = len(pattern)
    repeated = pattern.repeat(-(-height // side), -(-width // side))
    return repeated[None, None, :height, :width].contiguous()


@lru_cache(maxsize=16)
def bayer_thresholds(height: int, width: int, size: int = 8) -> Thresholds:
    """Thresholds (k + 1/2) / size² of Bayer's ordered dither (Bayer 1973): (1, 1, height, width).

    size: 2, 4, 8 or 16; ValueError for any other.
    """
    checks.one_of("size", size, (2, 4, 8, 16))
    order = torch.zeros(1, 1)
    while len(order) < size:
        four = 4 * order
        order = torch.cat([torch.cat([four, four + 2], 1), torch.cat([four + 3, four + 1], 1)])
    return _tile((order + 0.5) / size**2, height, width)


@lru_cache(maxsize=16)
def blue_noise_thresholds(height: int, width: int, size: int = 64, seed: int = 0) -> Thresholds:
    """Thresholds of a void-and-cluster mask, repeated: float32 (1, 1, height, width)."""
    ranks = torch.from_numpy(void_and_cluster.mask(size, seed).astype("float32"))
    return _tile((ranks + 0.5) / size**2, height, width)


@lru_cache(maxsize=16)
def random_thresholds(height: int, width: int, seed: int = 0) -> Thresholds:
    """Uniform thresholds, each pixel's its own: float32 (1, 1, height, width)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, 1, height, width), generator=generator)

"""Classical halftoning of batches: clustered-dot screens, error diffusion, random dots.

1 is white, 0 is ink.  A halftone is bilevel; locally its mean is the tone of the picture.
Every function takes a tone range (lo, hi) into which the picture is mapped first: MNIST's
ground is pure black, where no screen prints a dot.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

FULL_RANGE = (0.0, 1.0)


def map_tone(images: Tensor, tone_range: tuple[float, float] = FULL_RANGE) -> Tensor:
    """Map tones in [0, 1] linearly onto [lo, hi]; any shape.

    Raises ValueError unless 0 <= lo < hi <= 1.
    """
    lo, hi = tone_range
    if not 0 <= lo < hi <= 1:
        raise ValueError(f"tone_range is {tone_range}; it needs 0 <= lo < hi <= 1.")
    return lo + (hi - lo) * images


# Spot functions: height of the spot over one cell, u and v in cells from its centre.
SPOTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "round": lambda u, v: torch.cos(2 * torch.pi * u) + torch.cos(2 * torch.pi * v),
    "line": lambda u, v: torch.cos(2 * torch.pi * v),
}


def _check_screen(ruling: float, dot: str) -> None:
    if dot not in SPOTS:
        raise ValueError(f"dot is {dot!r}; it is one of {', '.join(SPOTS)}.")
    if not (math.isfinite(ruling) and ruling >= 2):
        raise ValueError(
            f"ruling is {ruling} pixels per cell; it is 2 or more (finer cells cannot be sampled)."
        )


@lru_cache(maxsize=64)
def am_thresholds(
    height: int,
    width: int,
    ruling: float,
    angle: float = 45.0,
    dot: str = "round",
    phase: tuple[float, float] = (0.0, 0.0),
) -> Tensor:
    """Threshold of each pixel in a clustered-dot (amplitude-modulated) screen.

    ruling: pixels per cell, at least 2.  angle: degrees.  dot: "round" or "line".
    phase: offset in cells.  Returns float32 (1, 1, height, width) in (0, 1).

    A threshold is the mid-rank of the pixel's spot height among a 512x512 field of the same
    screen, so a flat tone t turns white the share t of the pixels: the screen is equalised
    on the pixel grid itself, whatever the dot's shape (Ulichney, Digital Halftoning, 1987, ch. 5).
    Raises ValueError for a ruling or a dot that is not allowed.
    """
    _check_screen(ruling, dot)

    def spot(h: int, w: int) -> Tensor:
        y, x = torch.meshgrid(
            torch.arange(h, dtype=torch.float64),
            torch.arange(w, dtype=torch.float64),
            indexing="ij",
        )
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        u = (c * x + s * y) / ruling + phase[0]
        v = (-s * x + c * y) / ruling + phase[1]
        # A cell of few pixels has many equal heights; a trace of tilt gives each its own rank.
        tilt = torch.cos(2 * torch.pi * u + 1) + 0.5 * torch.cos(2 * torch.pi * v + 2)
        # Rounded, so that what is equal from cell to cell stays equal in floating point.
        return ((SPOTS[dot](u, v) + 1e-6 * tilt) * 1e9).round()

    field = spot(512, 512).flatten().sort().values
    height_here = spot(height, width)
    below = torch.searchsorted(field, height_here)
    up_to = torch.searchsorted(field, height_here, right=True)
    # The highest spot prints white first: its threshold is the lowest.
    return (1 - (below + up_to) / (2 * field.numel())).float()[None, None]


def am_screen(
    images: Tensor,
    ruling: float,
    angle: float = 45.0,
    dot: str = "round",
    phase: tuple[float, float] = (0.0, 0.0),
    tone_range: tuple[float, float] = FULL_RANGE,
) -> Tensor:
    """Halftone by a clustered-dot screen: dots on a grid, their size follows the tone.

    images: (N, 1, H, W) in [0, 1].  Other arguments as in `am_thresholds` and `map_tone`.
    Returns 0.0 or 1.0, (N, 1, H, W).
    """
    thresholds = am_thresholds(*images.shape[2:], ruling, angle, dot, tuple(phase))
    return (map_tone(images, tone_range) > thresholds).float()


def random_dots(
    images: Tensor, seed: int = 0, tone_range: tuple[float, float] = FULL_RANGE
) -> Tensor:
    """The same tones as dots without a grid: one field of uniform thresholds for all images.

    The control beside every screen.  (N, 1, H, W) in [0, 1] -> 0.0 or 1.0.
    """
    generator = torch.Generator().manual_seed(seed)
    thresholds = torch.rand((1, 1, *images.shape[2:]), generator=generator)
    return (map_tone(images, tone_range) > thresholds).float()


def floyd_steinberg(images: Tensor, tone_range: tuple[float, float] = FULL_RANGE) -> Tensor:
    """Halftone by error diffusion (Floyd & Steinberg 1976): equal dots, spaced by the tone.

    Left to right, weights 7/16 to the right, 3, 5 and 1/16 below; errors that leave the
    picture are dropped.  (N, 1, H, W) in [0, 1] -> 0.0 or 1.0.

    Pixels with the same x + 2y need nothing of each other, so W + 2H - 2 steps do the batch.
    """
    work = map_tone(images, tone_range).float().clone()[:, 0]
    _, height, width = work.shape
    rows = torch.arange(height)
    for front in range(width + 2 * height - 2):
        x = front - 2 * rows
        inside = (x >= 0) & (x < width)
        y, x = rows[inside], x[inside]
        old = work[:, y, x]
        new = (old >= 0.5).float()
        work[:, y, x] = new
        for dy, dx, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
            ok = (y + dy < height) & (x + dx >= 0) & (x + dx < width)
            work[:, y[ok] + dy, x[ok] + dx] += (old - new)[:, ok] * share / 16
    return work[:, None]


def ramp(side: int) -> Tensor:
    """A ramp through all tones, black left to white right: (1, 1, side, side)."""
    return torch.linspace(0, 1, side).expand(1, 1, side, side).contiguous()


def style_image(side: int, ruling: float, angle: float = 45.0, dot: str = "round") -> Tensor:
    """A halftoned ramp, all tones behind one screen: (1, 1, side, side), 0.0 or 1.0."""
    return am_screen(ramp(side), ruling, angle, dot)

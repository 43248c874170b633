"""Classical halftoning of batches: every kind of screen, by its own name or by `halftone`.

1 is white, 0 is ink.  A halftone is bilevel; locally its mean is the tone of the picture.
Every function takes a tone range (lo, hi) into which the picture is mapped first: MNIST's
ground is pure black, where no screen prints a dot.

Pictures are floating (N, 1, H, W) in [0, 1], and the halftone is float32, 0.0 or 1.0; or they
are uint8 (N, 1, H, W) or (N, H, W), and it is bool, or `out` filled (a contiguous bool or uint8
tensor of their shape, 0 or 1): the same dots at the speed of memory.
Every function raises ValueError for pictures or arguments that are not allowed.
"""

import inspect
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from halftone_utils.screens import error_diffusion, tone
from halftone_utils.screens.direct_binary_search import direct_binary_search
from halftone_utils.screens.thresholds import (
    am_thresholds,
    bayer_thresholds,
    blue_noise_thresholds,
    of_uint8,
    random_thresholds,
)
from halftone_utils.screens.tone import FULL_RANGE, map_tone, ramp


@lru_cache(maxsize=64)
def _levels(
    thresholds: Callable[..., Tensor], arguments: tuple, tone_range: tuple[float, float]
) -> tuple[Tensor, Tensor | None]:
    level, always = of_uint8(thresholds(*arguments), tone_range)
    return level[0, 0], None if always is None else always[0, 0]


def _print(
    images: Tensor,
    thresholds: Callable[..., Tensor],
    arguments: tuple,
    tone_range: tuple[float, float],
    out: Tensor | None,
) -> Tensor:
    """White where the tone is above the threshold."""
    tone.check_pictures(images, out)
    arguments = (*images.shape[-2:], *arguments)
    if images.dtype != torch.uint8:
        fields = thresholds(*arguments).to(images.device)
        return (map_tone(images, tone_range) > fields).float()
    level, always = _levels(thresholds, arguments, tuple(tone_range))
    printed = torch.empty_like(images, dtype=torch.bool) if out is None else out.view(torch.bool)
    torch.gt(images, level.to(images.device), out=printed)
    if always is not None:
        printed |= always.to(images.device)
    return printed if out is None else out


def am_screen(
    images: Tensor,
    ruling: float,
    angle: float = 45.0,
    dot: str = "round",
    phase: tuple[float, float] = (0.0, 0.0),
    tone_range: tuple[float, float] = FULL_RANGE,
    dot_gain: float = 0.0,
    temperature: float = 0.0,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by a clustered-dot screen: dots on a grid, their size follows the tone.

    ruling, angle, dot, phase, dot_gain: see `thresholds.am_thresholds`.
    temperature: 0 prints dots; above it, in units of tone, dots have soft edges,
    sigmoid((tone - threshold) / temperature), through which a gradient reaches floating
    pictures, and which tend to the hard ones as the temperature tends to 0.
    """
    arguments = (ruling, angle, dot, tuple(phase), dot_gain)
    if temperature == 0:
        return _print(images, am_thresholds, arguments, tone_range, out)
    tone.check_pictures(images)
    if not (temperature > 0 and images.dtype.is_floating_point and out is None):
        raise ValueError(
            f"temperature is {temperature}; it is 0, or above 0 for floating pictures."
        )
    fields = am_thresholds(*images.shape[2:], *arguments).to(images.device)
    return torch.sigmoid((map_tone(images, tone_range) - fields) / temperature)


def bayer(
    images: Tensor,
    size: int = 8,
    tone_range: tuple[float, float] = FULL_RANGE,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by Bayer's ordered dither (1973): size² + 1 tones from size 2, 4, 8 or 16."""
    return _print(images, bayer_thresholds, (size,), tone_range, out)


def blue_noise(
    images: Tensor,
    size: int = 64,
    seed: int = 0,
    tone_range: tuple[float, float] = FULL_RANGE,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by a void-and-cluster mask (Ulichney 1993): even dots without a grid.

    size: side of the mask, 8 to 128, which repeats.  seed: of the mask.
    """
    return _print(images, blue_noise_thresholds, (size, seed), tone_range, out)


def random_dots(
    images: Tensor,
    seed: int = 0,
    tone_range: tuple[float, float] = FULL_RANGE,
    out: Tensor | None = None,
) -> Tensor:
    """The same tones as dots without a grid: one field of uniform thresholds for all images.

    The control beside every screen.
    """
    return _print(images, random_thresholds, (seed,), tone_range, out)


def independent_random_dots(
    images: Tensor, tone_range: tuple[float, float] = FULL_RANGE, seed: int = 0
) -> Tensor:
    """Each pixel white with its tone's probability: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0.

    Unlike `random_dots`, each picture has dots of its own, which depend on its place in the batch
    and on the seed: whoever wants the same dots again gives the same batch.
    """
    thresholds = np.random.default_rng(seed).random(images.shape, dtype=np.float32)
    return (map_tone(images, tone_range) > torch.from_numpy(thresholds)).float()


def floyd_steinberg(
    images: Tensor,
    tone_range: tuple[float, float] = FULL_RANGE,
    serpentine: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by error diffusion (Floyd & Steinberg 1976): equal dots, spaced by the tone."""
    return error_diffusion.diffuse(images, "floyd-steinberg", serpentine, tone_range, out)


# kind -> function of pictures and of the arguments that `parameters` lists
KINDS: dict[str, Callable[..., Tensor]] = {
    "am": am_screen,
    "bayer": bayer,
    "blue-noise": blue_noise,
    "random": random_dots,
    **{name: partial(error_diffusion.diffuse, kernel=name) for name in error_diffusion.KERNELS},
    "direct-binary-search": direct_binary_search,
}


def parameters(kind: str) -> dict[str, Any]:
    """The arguments a kind of screen takes and their defaults; `inspect.Parameter.empty` is none.

    Raises ValueError for a kind that is not in KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; it is one of {', '.join(KINDS)}.")
    known = inspect.signature(KINDS[kind]).parameters.values()
    return {p.name: p.default for p in known if p.name not in ("images", "kernel")}


def halftone(images: Tensor, kind: str, **arguments: Any) -> Tensor:
    """Halftone by any kind of screen: `halftone(images, "bayer", size=4, tone_range=(0.2, 0.9))`.

    kind: one of KINDS.  arguments: those that `parameters(kind)` lists.
    Raises ValueError for a kind, or an argument, that is not known or is missing.
    """
    known = parameters(kind)
    for name in arguments:
        if name not in known:
            raise ValueError(f"{kind!r} takes no {name!r}; it takes {', '.join(known)}.")
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in arguments:
            raise ValueError(f"{kind!r} needs {name!r}.")
    return KINDS[kind](images, **arguments)


def style_image(side: int, ruling: float, angle: float = 45.0, dot: str = "round") -> Tensor:
    """A halftoned ramp, all tones behind one screen: (1, 1, side, side), 0.0 or 1.0."""
    return am_screen(ramp(side), ruling, angle, dot)

"""Classical halftoning of batches: every kind of screen, by its own name or by `halftone`.

1 is white, 0 is ink.  A halftone is bilevel; locally its mean is the tone of the picture.
Every function takes a tone range (lo, hi) into which the picture is mapped first: MNIST's
ground is pure black, where no screen prints a dot.

Pictures are floating (N, 1, H, W) in [0, 1], and the halftone is float32, 0.0 or 1.0; or they
are uint8 (N, 1, H, W) or (N, H, W), and it is bool: the same dots at the speed of memory.
Every function raises ValueError for pictures or arguments that are not allowed.
A kind of screen is a function here and its row in KINDS.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.hardware import on_each_core
from halftone_utils.engine.types import Halftones, Images, Pictures, Thresholds, ToneRange
from halftone_utils.screens import perception, thresholds, tone
from halftone_utils.screens.error_diffusion import KERNELS, diffuse, planes
from halftone_utils.screens.tone import FULL_RANGE, map_tone
from halftone_utils.screens.ways import Way

SWEEPS = 50  # of direct binary search: far more than a picture takes, which is about ten


@lru_cache(maxsize=64)
def _levels(
    thresholds_of: Callable[..., Thresholds], arguments: tuple, tone_range: ToneRange
) -> tuple[Tensor, Tensor | None]:
    """The same screen for uint8 pictures, (H, W): a pixel is white above its uint8 level.

    Or where the second says so (None where it never does, as in the full tone range): exactly
    where its mapped tone, in float32, is above its threshold.
    """
    fields = thresholds_of(*arguments)[0, 0]
    darker = torch.searchsorted(tone.of_levels(tone_range), fields, right=True)
    always = darker == 0  # a level below 0 would be needed
    return (darker - 1).clamp_min(0).to(torch.uint8), always if always.any() else None


def _print(
    images: Pictures,
    thresholds_of: Callable[..., Thresholds],
    arguments: tuple,
    tone_range: ToneRange,
) -> Halftones:
    """White where the tone is above the threshold."""
    tone.check_pictures(images)
    arguments = (*images.shape[-2:], *arguments)
    if images.dtype != torch.uint8:
        return (map_tone(images, tone_range) > thresholds_of(*arguments).to(images.device)).float()
    level, always = _levels(thresholds_of, arguments, tuple(tone_range))
    printed = images > level.to(images.device)
    return printed if always is None else printed | always.to(images.device)


def am_screen(
    images: Pictures,
    ruling: float = 4.0,
    angle: float = 45.0,
    dot: str = "round",
    phase: tuple[float, float] = (0.0, 0.0),
    tone_range: ToneRange = FULL_RANGE,
    dot_gain: float = 0.0,
) -> Halftones:
    """Halftone by a clustered-dot screen: dots on a grid, their size follows the tone.

    ruling, angle, dot, phase, dot_gain: see `thresholds.am_thresholds`.
    """
    arguments = (ruling, angle, dot, tuple(phase), dot_gain)
    return _print(images, thresholds.am_thresholds, arguments, tone_range)


def bayer(images: Pictures, size: int = 8, tone_range: ToneRange = FULL_RANGE) -> Halftones:
    """Halftone by Bayer's ordered dither (1973): size² + 1 tones from size 2, 4, 8 or 16."""
    return _print(images, thresholds.bayer_thresholds, (size,), tone_range)


def blue_noise(
    images: Pictures,
    size: int = 64,
    seed: int = 0,
    tone_range: ToneRange = FULL_RANGE,
) -> Halftones:
    """Halftone by a void-and-cluster mask (Ulichney 1993): even dots without a grid.

    size: side of the mask [px], 8 to 128, which repeats.  seed: of the mask.
    """
    return _print(images, thresholds.blue_noise_thresholds, (size, seed), tone_range)


def random_dots(images: Pictures, seed: int = 0, tone_range: ToneRange = FULL_RANGE) -> Halftones:
    """The same tones as dots without a grid: one field of uniform thresholds for all images.

    The control beside every screen.
    """
    return _print(images, thresholds.random_thresholds, (seed,), tone_range)


def independent_random_dots(
    images: Images, tone_range: ToneRange = FULL_RANGE, seed: int = 0
) -> Images:
    """Random dots that no two images share: each pixel white with its tone's probability.

    images: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0.  The dots of an image depend on the seed and,
    unlike any other halftone, on the image's place in the batch: a network that is trained on one
    field for all (`random_dots`) could learn that field.
    """
    fields = np.random.default_rng(seed).random(images.shape, dtype=np.float32)
    return (map_tone(images, tone_range) > torch.from_numpy(fields)).float()


def direct_binary_search(
    images: Pictures,
    distance: float = 3500,
    seed: int = 0,
    tone_range: ToneRange = FULL_RANGE,
) -> Halftones:
    """Halftone by direct binary search: from random dots, until no toggle and no swap helps.

    Analoui & Allebach, Model-based halftoning using direct binary search, SPIE 1666 (1992).  The
    best there is at a given grain, and a thousand times the work of a screen: for small pictures.
    distance: from the eye [px], see `perception.eye_autocorrelation`.  seed: of the first pattern,
    the same for all pictures.
    """
    from halftone_utils.screens import kernels  # here: who reads results waits for no compiler

    tone.check_pictures(images)
    eye = perception.eye_autocorrelation(distance)
    narrow = images.dtype == torch.uint8
    tones = map_tone(images.float() / 255 if narrow else images.float(), tone_range)
    first = thresholds.random_thresholds(*images.shape[-2:], seed)[0, 0]
    pictures = planes(tones).astype(np.float64)
    printed = (pictures > first.numpy()).astype(np.float64)
    on_each_core(
        lambda i: kernels.search(printed[i], pictures[i], eye, SWEEPS), range(len(printed))
    )
    result = torch.from_numpy(printed).view(images.shape).to(images.device)
    return result.bool() if narrow else result.float()


KINDS: Mapping[str, Way] = MappingProxyType(
    {
        row.kind: row
        for row in (
            Way("am", am_screen),
            Way("bayer", bayer),
            Way("blue-noise", blue_noise),
            Way("random", random_dots),
            *(Way(name, diffuse, {"kernel": name}) for name in KERNELS),
            Way("direct-binary-search", direct_binary_search),
        )
    }
)


def parameters(kind: str) -> dict[str, Any]:
    """The arguments that a kind of screen takes besides the images, and their defaults.

    Raises ValueError for a kind that is not in KINDS.
    """
    checks.one_of("kind", kind, KINDS)
    row = KINDS[kind]
    known = inspect.signature(row.function).parameters.values()
    return {p.name: p.default for p in known if p.name not in ("images", *row.parameters)}


def halftone(images: Pictures, kind: str, **arguments: Any) -> Halftones:
    """Halftone by any kind of screen: `halftone(images, "bayer", size=4, tone_range=(0.2, 0.9))`.

    kind: one of KINDS.  arguments: of those that `parameters(kind)` lists.
    Raises ValueError for a kind or an argument that is not known.
    """
    known = parameters(kind)
    for name in arguments:
        checks.one_of(f"an argument of {kind!r}", name, known)
    row = KINDS[kind]
    return row.function(images, **row.parameters, **arguments)

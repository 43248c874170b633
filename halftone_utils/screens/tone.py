"""What every halftone starts from: pictures that are checked, and tones mapped into a range."""

import torch
from torch import Tensor

from halftone_utils.engine.types import Images, Pictures, ToneRange

FULL_RANGE: ToneRange = (0.0, 1.0)


def map_tone(images: Tensor, tone_range: ToneRange = FULL_RANGE) -> Tensor:
    """Map tones in [0, 1] linearly onto [lo, hi]; any shape.

    Raises ValueError unless 0 <= lo < hi <= 1.
    """
    try:
        lo, hi = tone_range
        allowed = 0 <= lo < hi <= 1
    except (TypeError, ValueError):  # no pair, or not of numbers
        allowed = False
    if not allowed:
        raise ValueError(f"tone_range is {tone_range}; it needs 0 <= lo < hi <= 1.")
    return lo + (hi - lo) * images


def of_levels(tone_range: ToneRange = FULL_RANGE) -> Tensor:
    """The mapped tone of each of the 256 levels of a uint8 picture: float32 (256,)."""
    return map_tone(torch.arange(256).float() / 255, tone_range)


def ramp(side: int) -> Images:
    """A ramp through all tones, black left to white right: (1, 1, side, side)."""
    return torch.linspace(0, 1, side).expand(1, 1, side, side).contiguous()


def check_pictures(images: Tensor) -> None:
    """Raise ValueError unless a batch is what a screen takes.

    images: floating (N, 1, H, W), or uint8 (N, 1, H, W) or (N, H, W).
    """
    if not isinstance(images, Pictures):
        raise ValueError(
            f"pictures are {images.dtype} {tuple(images.shape)}; they are floating (N, 1, H, W) in "
            "[0, 1], or uint8 (N, 1, H, W) or (N, H, W)."
        )

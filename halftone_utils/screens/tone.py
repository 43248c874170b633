"""What every halftone starts from: pictures that are checked, and tones mapped into a range."""

import torch
from torch import Tensor

from halftone_utils.engine.types import Images, Pictures, ToneRange

FULL_RANGE: ToneRange = (0.0, 1.0)


def map_tone(images: Tensor, tone_range: ToneRange = FULL_RANGE) -> Tensor:
    """Map tones in [0, 1] linearly onto [lo, hi]; any shape.

    Raises ValueError unless 0 <= lo < hi <= 1.
    """
    lo, hi = tone_range
    if not 0 <= lo < hi <= 1:
        raise ValueError(f"tone_range is {tone_range}; it needs 0 <= lo < hi <= 1.")
    return lo + (hi - lo) * images


def of_levels(tone_range: ToneRange = FULL_RANGE) -> Tensor:
    """The mapped tone of each of the 256 levels of a uint8 picture: float32 (256,)."""
    return map_tone(torch.arange(256).float() / 255, tone_range)


def ramp(side: int) -> Images:
    """A ramp through all tones, black left to white right: (1, 1, side, side)."""
    return torch.linspace(0, 1, side).expand(1, 1, side, side).contiguous()


def check_pictures(images: Tensor, out: Tensor | None = None) -> None:
    """Raise ValueError unless a batch, and the buffer for its halftone, are what a screen takes.

    images: floating (N, 1, H, W), or uint8 (N, 1, H, W) or (N, H, W).
    out: contiguous bool or uint8 of the same shape, and only beside uint8 pictures.
    """
    shape, dtype = tuple(images.shape), images.dtype
    if not isinstance(images, Pictures):
        raise ValueError(
            f"pictures are {dtype} {shape}; they are floating (N, 1, H, W) in [0, 1], or uint8 "
            "(N, 1, H, W) or (N, H, W)."
        )
    if out is None:
        return
    if dtype != torch.uint8:
        raise ValueError(f"out is for uint8 pictures, and these are {dtype}.")
    ready = out.dtype in (torch.bool, torch.uint8) and out.is_contiguous()
    if out.shape != images.shape or not ready:
        raise ValueError(
            f"out is {out.dtype} {tuple(out.shape)}; it is a contiguous bool or uint8 tensor of "
            f"the pictures' shape {shape}."
        )

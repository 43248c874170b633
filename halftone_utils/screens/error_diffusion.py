"""Halftoning by error diffusion: each pixel is rounded, its error handed on to neighbours.

A recursion over the pixels of a picture, so it is the pictures of a batch that stand side by
side in the lanes of a vector register, and groups of them that share out the cores.  Where they
are few or wide, so do rows of a picture, each some columns behind the one above it: a wavefront,
which a serpentine does not have, as each of its rows starts below the end of the last.  A pixel
gathers its errors in one order whatever the lanes: a halftone has the same bits alone and in any
batch.
"""

import math

import numpy as np
import torch
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.hardware import on_each_core
from halftone_utils.engine.types import Halftones, Pictures, ToneRange
from halftone_utils.screens import tone
from halftone_utils.screens.tone import FULL_RANGE

# name -> divisor and shares of the error, row by row from the pixel's own, which is the third of
# five.  Floyd & Steinberg 1976; Jarvis, Judice & Ninke 1976; Stucki 1981; Atkinson's as in
# HyperScan, which hands on 6/8 of the error and drops the rest; Sierra 1989 (three rows).
KERNELS = {
    "floyd-steinberg": (16, ((0, 0, 0, 7, 0), (0, 3, 5, 1, 0))),
    "jarvis-judice-ninke": (48, ((0, 0, 0, 7, 5), (3, 5, 7, 5, 3), (1, 3, 5, 3, 1))),
    "stucki": (42, ((0, 0, 0, 8, 4), (2, 4, 8, 4, 2), (1, 2, 4, 2, 1))),
    "atkinson": (8, ((0, 0, 0, 1, 1), (0, 1, 1, 1, 0), (0, 0, 1, 0, 0))),
    "sierra": (32, ((0, 0, 0, 5, 3), (2, 4, 5, 4, 2), (0, 2, 3, 2, 0))),
}


def planes(images: Tensor) -> np.ndarray:
    """The same pictures as an array (N, H, W), their own memory where it is in order."""
    return images.detach().cpu().reshape(-1, *images.shape[-2:]).contiguous().numpy()


def _mirror(pictures: np.ndarray) -> np.ndarray:
    """Every second row of pictures (N, H, W) from right to left, in place."""
    rows = torch.from_numpy(pictures)[:, 1::2]
    rows.copy_(rows.flip(2))  # in vectors, as NumPy's own copy is not
    return pictures


def diffuse(
    images: Pictures,
    kernel: str = "floyd-steinberg",
    serpentine: bool = False,
    tone_range: ToneRange = FULL_RANGE,
) -> Halftones:
    """Halftone by error diffusion in float32: dots of one size, spaced by the tone.

    images: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0; or uint8 (N, 1, H, W) or (N, H, W) -> bool,
    with the bits of the same picture in [0, 1].
    kernel: one of KERNELS.  serpentine: every second row runs right to left, its shares mirrored.
    Errors that leave the picture are dropped.
    Raises ValueError for pictures, a kernel or a tone range that are not allowed.
    """
    from halftone_utils.screens import kernels  # here: who reads results waits for no compiler

    tone.check_pictures(images)
    checks.one_of("kernel", kernel, KERNELS)
    divisor, shown = KERNELS[kernel]
    table = np.array(shown)
    taps = np.argwhere(table)[::-1] - [0, 2]
    shares = (table[table > 0][::-1] / divisor).astype(np.float32)
    narrow = images.dtype == torch.uint8
    levels = tone.of_levels(tone_range).numpy() if narrow else None
    pixels = planes(images if narrow else tone.map_tone(images, tone_range).float())
    buffer = torch.empty(images.shape, dtype=torch.bool)
    printed = planes(buffer.view(torch.uint8))
    each = math.ceil(len(pixels) / torch.get_num_threads())
    # a row waits for those above it: of narrow pictures, fewer rows beside more of them
    some = min(each, math.ceil(32 * kernels.LANES / max(1, pixels.shape[2])))
    pictures = kernels.LANES if serpentine else min(kernels.LANES, 1 << (some - 1).bit_length())
    rows = kernels.LANES // pictures
    if serpentine:  # every second row is mirrored instead of run through from its end
        pixels = _mirror(pixels.copy())
        taps[taps[:, 0] % 2 == 1, 1] *= -1

    def work(first: int) -> None:
        group = slice(first, first + pictures)
        kernels.diffuse(
            pixels[group], levels, taps, shares, serpentine, printed[group], kernels.LANES, rows
        )

    on_each_core(work, range(0, len(pixels), pictures))
    if serpentine:
        _mirror(printed)
    return (buffer if narrow else buffer.float()).to(images.device)

"""Floyd & Steinberg's error diffusion in Pillow's 16-bit arithmetic: a fair race against it."""

import numpy as np
import torch
from numba import njit
from torch import Tensor

from halftone_utils.engine.hardware import on_each_core
from halftone_utils.screens.error_diffusion import planes
from halftone_utils.screens.kernels import LANES


@njit(nogil=True, cache=True)
def _row(state, below, tile, width):  # noqa: ANN001, ANN202
    """One row in 16-bit integers: Convert.c of Pillow, `tobilevel`, a picture a lane.

    state: 7 e of the pixel to the left; the sum so far for the one below it; its e.
    """
    i16, lanes = np.int16, LANES
    state[:] = i16(0)
    for x in range(width):
        sums = below[x * lanes : (x + 2) * lanes]
        dots = tile[x * lanes : (x + 1) * lanes]
        for k in range(lanes):
            # Each step is cast back: numba would widen it to 64 bits, and a lane with it.
            carried = i16(state[k] + sums[lanes + k])
            towards_zero = i16(i16(carried >> i16(15)) & i16(15))  # C rounds a quotient so
            value = i16(i16(dots[k]) + i16(i16(carried + towards_zero) >> i16(4)))
            value = i16(0) if value < i16(0) else value
            value = i16(255) if value > i16(255) else value
            paper = value > i16(128)
            dots[k] = np.uint8(1) if paper else np.uint8(0)
            error = i16(value - (i16(255) if paper else i16(0)))
            sums[k] = i16(i16(error * i16(3)) + state[lanes + k])
            state[lanes + k] = i16(i16(error * i16(5)) + state[2 * lanes + k])
            state[2 * lanes + k] = error
            state[k] = i16(error * i16(7))
    below[width * lanes :] = state[lanes : 2 * lanes]


@njit(nogil=True, cache=True)
def _group(pixels, out):  # noqa: ANN001, ANN202
    here, height, width = pixels.shape
    below = np.zeros((width + 1) * LANES, np.int16)
    tile = np.zeros(width * LANES, np.uint8)
    state = np.zeros(3 * LANES, np.int16)
    for y in range(height):
        for k in range(here):
            row = pixels[k, y]
            for x in range(width):
                tile[x * LANES + k] = row[x]
        _row(state, below, tile, width)
        for k in range(here):
            row = out[k, y]
            for x in range(width):
                row[x] = tile[x * LANES + k]


def floyd_steinberg(pixels: Tensor, out: Tensor) -> None:
    """Halftone uint8 pictures into `out` as Pillow's `Image.convert("1")` does, to the bit.

    It differs from the textbook's (`error_diffusion.diffuse`): sums of sixteenths are truncated
    to whole levels towards zero, clipped to 0..255 before the error is taken, and white begins
    above 128.  pixels, out: uint8 (N, 1, H, W) or (N, H, W); out is 0 or 1, contiguous.
    """
    levels, printed = planes(pixels), planes(out.view(torch.uint8))

    def work(first: int) -> None:
        _group(levels[first : first + LANES], printed[first : first + LANES])

    on_each_core(work, range(0, len(levels), LANES))

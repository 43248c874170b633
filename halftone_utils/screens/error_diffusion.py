"""Halftoning by error diffusion: each pixel is rounded, its error handed on to neighbours.

A recursion over the pixels of a picture, so it is the pictures of a batch that stand side by
side in the lanes of a vector register, and groups of them that share out the cores.  A lane
never looks at another: a halftone has the same bits alone and in any batch.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from torch import Tensor

from halftone_utils.screens import tone
from halftone_utils.screens.tone import FULL_RANGE

# name -> divisor and shares (rows down, columns on, share).  Floyd & Steinberg 1976; Jarvis,
# Judice & Ninke 1976; Stucki 1981; Atkinson's as in HyperScan, which hands on 6/8 of the error
# and drops the rest; Sierra 1989 (three rows).
KERNELS: dict[str, tuple[int, tuple[tuple[int, int, int], ...]]] = {
    "floyd-steinberg": (16, ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1))),
    "jarvis-judice-ninke": (
        48,
        (
            (0, 1, 7),
            (0, 2, 5),
            (1, -2, 3),
            (1, -1, 5),
            (1, 0, 7),
            (1, 1, 5),
            (1, 2, 3),
            (2, -2, 1),
            (2, -1, 3),
            (2, 0, 5),
            (2, 1, 3),
            (2, 2, 1),
        ),
    ),
    "stucki": (
        42,
        (
            (0, 1, 8),
            (0, 2, 4),
            (1, -2, 2),
            (1, -1, 4),
            (1, 0, 8),
            (1, 1, 4),
            (1, 2, 2),
            (2, -2, 1),
            (2, -1, 2),
            (2, 0, 4),
            (2, 1, 2),
            (2, 2, 1),
        ),
    ),
    "atkinson": (8, ((0, 1, 1), (0, 2, 1), (1, -1, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1))),
    "sierra": (
        32,
        (
            (0, 1, 5),
            (0, 2, 3),
            (1, -2, 2),
            (1, -1, 4),
            (1, 0, 5),
            (1, 1, 4),
            (1, 2, 2),
            (2, -1, 2),
            (2, 0, 3),
            (2, 1, 2),
        ),
    ),
}
REACH = 2  # no kernel reaches further, in rows or in columns
LANES = 32  # pictures side by side: their rows of 256 pixels stay in the L2 cache


@njit(nogil=True, cache=True)
def _load_row(pixels, levels, row):  # noqa: ANN001, ANN202
    """Tones of one row of each picture, (n, W) -> (W, LANES) flat, pictures innermost."""
    for k in range(len(pixels)):
        for x in range(pixels.shape[1]):
            if levels is None:
                row[x * LANES + k] = pixels[k, x]
            else:
                row[x * LANES + k] = levels[pixels[k, x]]


@njit(nogil=True, cache=True)
def _diffuse_group(pixels, levels, taps, shares, serpentine, out, lanes):  # noqa: ANN001, ANN202
    """Halftone up to LANES pictures (n, H, W) into `out`; float tones, or uint8 with `levels`.

    lanes: LANES.  As an argument, since the compiler unrolls loops over a constant before it
    could vectorise them.
    """
    here, height, width = pixels.shape
    margin = REACH * LANES  # errors that leave the picture sideways end here
    rows = np.zeros((REACH + 1, width * LANES + 2 * margin), np.float32)
    printed = np.zeros(width * LANES, np.uint8)
    error = np.zeros(LANES, np.float32)
    for y in range(min(REACH, height)):
        _load_row(pixels[:, y], levels, rows[y, margin:])
    for y in range(height):
        if y + REACH < height:
            _load_row(pixels[:, y + REACH], levels, rows[(y + REACH) % (REACH + 1), margin:])
        back = serpentine and y % 2 == 1
        for step in range(width):
            x = width - 1 - step if back else step
            start = x * LANES + margin
            work = rows[y % (REACH + 1), start : start + lanes]
            dots = printed[x * lanes : (x + 1) * lanes]
            for k in range(lanes):
                paper = work[k] >= np.float32(0.5)
                dots[k] = paper
                error[k] = work[k] - (np.float32(1) if paper else np.float32(0))
            for t in range(len(shares)):
                there = start + (-taps[t, 1] if back else taps[t, 1]) * LANES
                to = rows[(y + taps[t, 0]) % (REACH + 1), there : there + lanes]
                share = shares[t]
                for k in range(lanes):
                    to[k] += error[k] * share
        for k in range(here):
            for x in range(width):
                out[k, y, x] = printed[x * LANES + k]


@njit(nogil=True, cache=True)
def _narrow_row(state, below, tile, width):  # noqa: ANN001, ANN202
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
def _narrow_group(pixels, out):  # noqa: ANN001, ANN202
    here, height, width = pixels.shape
    below = np.zeros((width + 1) * LANES, np.int16)
    tile = np.zeros(width * LANES, np.uint8)
    state = np.zeros(3 * LANES, np.int16)
    for y in range(height):
        for k in range(here):
            row = pixels[k, y]
            for x in range(width):
                tile[x * LANES + k] = row[x]
        _narrow_row(state, below, tile, width)
        for k in range(here):
            row = out[k, y]
            for x in range(width):
                row[x] = tile[x * LANES + k]


def each_group(work: Callable[[slice], None], count: int, size: int) -> None:
    """Call `work` for `size` pictures at a time, on as many threads as PyTorch uses."""
    groups = [slice(first, first + size) for first in range(0, count, size)]
    threads = min(torch.get_num_threads(), len(groups))
    if threads < 2:
        for group in groups:
            work(group)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, groups))


def planes(images: Tensor) -> np.ndarray:
    """The same pictures as an array (N, H, W), their own memory where it is in order."""
    return images.detach().cpu().reshape(-1, *images.shape[-2:]).contiguous().numpy()


def diffuse(
    images: Tensor,
    kernel: str = "floyd-steinberg",
    serpentine: bool = False,
    tone_range: tuple[float, float] = FULL_RANGE,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by error diffusion in float32: dots of one size, spaced by the tone.

    images: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0; or uint8 (N, 1, H, W) or (N, H, W) -> bool, or
    `out` (bool or uint8, 0 or 1) filled, with the bits of the same picture in [0, 1].
    kernel: one of KERNELS.  serpentine: every second row runs right to left, its shares mirrored.
    Errors that leave the picture are dropped.
    Raises ValueError for pictures, a kernel or a tone range that are not allowed.
    """
    tone.check_pictures(images, out)
    if kernel not in KERNELS:
        raise ValueError(f"kernel is {kernel!r}; it is one of {', '.join(KERNELS)}.")
    divisor, shares = KERNELS[kernel]
    taps = np.array([share[:2] for share in shares])
    weights = np.array([share[2] / divisor for share in shares], np.float32)
    narrow = images.dtype == torch.uint8
    levels = tone.of_levels(tone_range).numpy() if narrow else None
    pixels = planes(images if narrow else tone.map_tone(images, tone_range).float())
    buffer = torch.empty(images.shape, dtype=torch.bool) if out is None else out
    printed = planes(buffer.view(torch.uint8))

    def work(group: slice) -> None:
        _diffuse_group(
            pixels[group], levels, taps, weights, bool(serpentine), printed[group], LANES
        )

    each_group(work, len(pixels), LANES)
    return (buffer if narrow else buffer.float()).to(images.device)


def floyd_steinberg_as_pillow(pixels: Tensor, out: Tensor | None = None) -> Tensor:
    """Halftone uint8 pictures as Pillow's `Image.convert("1")` does, to the bit, in 16-bit lanes.

    Its Floyd & Steinberg differs from the textbook's (`diffuse`): sums of sixteenths are
    truncated to whole levels towards zero, clipped to 0..255 before the error is taken, and
    white begins above 128.  pixels: uint8 (N, 1, H, W) or (N, H, W) -> bool, or `out` filled.
    """
    tone.check_pictures(pixels, out)
    if pixels.dtype != torch.uint8:
        raise ValueError(f"pictures are {pixels.dtype}; Pillow's arithmetic is for uint8.")
    buffer = torch.empty(pixels.shape, dtype=torch.bool) if out is None else out
    levels, printed = planes(pixels), planes(buffer.view(torch.uint8))

    def work(group: slice) -> None:
        _narrow_group(levels[group], printed[group])

    each_group(work, len(levels), LANES)
    return buffer.to(pixels.device)

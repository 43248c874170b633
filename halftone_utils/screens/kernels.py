"""The recursions over pixels behind error diffusion and direct binary search, compiled by numba."""

import numpy as np
from numba import njit

REACH = 2  # no kernel of error diffusion reaches further, in rows or in columns
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
def diffuse(pixels, levels, taps, shares, serpentine, out, lanes) -> None:  # noqa: ANN001
    """Halftone up to LANES pictures (n, H, W) into `out`; float tones, or uint8 with `levels`.

    taps: rows down and columns on of each neighbour, (T, 2); shares: of the error, (T,).
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
def _spread(seen, eye, y, x, change, radius):  # noqa: ANN001, ANN202
    """Add a change of pixel (y, x), as the eye spreads it, to what is seen."""
    height, width = seen.shape
    for i in range(max(0, y - radius), min(height, y + radius + 1)):
        for j in range(max(0, x - radius), min(width, x + radius + 1)):
            seen[i, j] += change * eye[i - y + radius, j - x + radius]


@njit(nogil=True, cache=True)
def search(dots, picture, eye, sweeps) -> None:  # noqa: ANN001
    """Toggle a dot, or swap it with a neighbour, wherever that lowers the error seen; in place.

    dots, picture: float64 (H, W); outside of it there is no error.  eye: its autocorrelation.
    """
    height, width = dots.shape
    radius = len(eye) // 2
    seen = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            _spread(seen, eye, y, x, dots[y, x] - picture[y, x], radius)
    for _ in range(sweeps):
        changed = False
        for y in range(height):
            for x in range(width):
                turn = 1.0 - 2.0 * dots[y, x]
                # a toggle: sum of squares seen changes by a² c(0) + 2 a (c * error)(y, x)
                least, other_y, other_x = eye[radius, radius] + 2 * turn * seen[y, x], y, x
                for i in range(max(0, y - 1), min(height, y + 2)):
                    for j in range(max(0, x - 1), min(width, x + 2)):
                        if dots[i, j] == dots[y, x]:
                            continue
                        apart = eye[radius, radius] - eye[radius + i - y, radius + j - x]
                        change = 2 * apart + 2 * turn * (seen[y, x] - seen[i, j])
                        if change < least:
                            least, other_y, other_x = change, i, j
                if least >= -1e-9:  # rounding must not keep two patterns changing places
                    continue
                changed = True
                dots[y, x] += turn
                _spread(seen, eye, y, x, turn, radius)
                if other_y != y or other_x != x:
                    dots[other_y, other_x] -= turn
                    _spread(seen, eye, other_y, other_x, -turn, radius)
        if not changed:
            return

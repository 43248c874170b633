"""Winograd's transforms of tiles, compiled by numba: see `winograd` for what they are.

In each, the inner loop runs over channels, which lie side by side and become vectors.  What one
inner loop writes to several places must not interleave as the loop around it goes on: the places
are told apart by the first index, or by the row.  Else LLVM, which checks this outside of both
loops, cannot tell that they are apart, and computes one channel at a time.

x, y, out: float32 pictures (N, H, W, C) or tiles (36, tiles, C).  space: (6, 6, C) to work in.
first, last: strips, each a row of tiles, counted through all pictures.
"""

import numpy as np
from numba import njit

_0, _1, _2, _4, _5, _8 = (np.float32(value) for value in (0, 1, 2, 4, 5, 8))
_FLOOR = np.float32(-3e38)


@njit(inline="always")
def _down(a, i, step, j, k):  # noqa: ANN001, ANN202
    """The six values a[i, j, k], a[i + step, j, k], ..."""
    return (
        a[i, j, k],
        a[i + step, j, k],
        a[i + 2 * step, j, k],
        a[i + 3 * step, j, k],
        a[i + 4 * step, j, k],
        a[i + 5 * step, j, k],
    )


@njit(inline="always")
def _across(a, i, k):  # noqa: ANN001, ANN202
    """The six values a[i, 0, k] to a[i, 5, k]."""
    return a[i, 0, k], a[i, 1, k], a[i, 2, k], a[i, 3, k], a[i, 4, k], a[i, 5, k]


@njit(inline="always")
def _put_down(a, i, step, j, k, six):  # noqa: ANN001, ANN202
    """Write six values to the places that `_down` reads."""
    (
        a[i, j, k],
        a[i + step, j, k],
        a[i + 2 * step, j, k],
        a[i + 3 * step, j, k],
        a[i + 4 * step, j, k],
        a[i + 5 * step, j, k],
    ) = six


@njit(inline="always")
def _times_b(d):  # noqa: ANN001, ANN202
    """B^T d for the six values along one side of a tile."""
    d0, d1, d2, d3, d4, d5 = d
    a, b, c, e = d4 - _4 * d2, d3 - _4 * d1, d4 - d2, _2 * (d3 - d1)
    return _4 * d0 - _5 * d2 + d4, a + b, a - b, c + e, c - e, _4 * d1 - _5 * d3 + d5


@njit(inline="always")
def _times_a(m):  # noqa: ANN001, ANN202
    """A^T m: the four outputs along one side of a tile."""
    m0, m1, m2, m3, m4, m5 = m
    a, b, c, d = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return m0 + a + c, b + _2 * d, a + _4 * c, b + _8 * d + m5


@njit(inline="always")
def _times_a_transposed(y):  # noqa: ANN001, ANN202
    """A y: four gradients along one side of a tile, spread over six taps."""
    y0, y1, y2, y3 = y
    a, b, c, d = y0 + y2, y1 + y3, y0 + _4 * y2, _2 * y1 + _8 * y3
    return y0, a + b, a - b, c + d, c - d, y3


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def transform_tiles(x, out, space, first, last) -> None:  # noqa: ANN001
    """B^T d B of the tiles: x (N, H, W, C) -> out (36, tiles, C)."""
    _, height, width, channels = x.shape
    for strip in range(first, last):
        n, y = strip // (height // 4), strip % (height // 4) * 4
        above, below = _1 if y > 0 else _0, _1 if y + 4 < height else _0
        y_above, y_below = y - 1 if y > 0 else 0, y + 4 if y + 4 < height else 0
        for tile in range(width // 4):
            for j in range(6):
                column = 4 * tile + j  # counted from the zeros left of the picture
                if column == 0 or column > width:
                    for i in range(6):
                        for k in range(channels):
                            space[i, j, k] = _0
                    continue
                column -= 1
                for k in range(channels):
                    six = (
                        above * x[n, y_above, column, k],
                        x[n, y, column, k],
                        x[n, y + 1, column, k],
                        x[n, y + 2, column, k],
                        x[n, y + 3, column, k],
                        below * x[n, y_below, column, k],
                    )
                    _put_down(space, 0, 1, j, k, _times_b(six))
            t = (strip - first) * (width // 4) + tile
            for i in range(6):
                for k in range(channels):
                    _put_down(out, i, 6, t, k, _times_b(_across(space, i, k)))


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def transform_back(m, out, space, bias, relu, first, last) -> None:  # noqa: ANN001
    """A^T m A of the same tiles, bias, ReLU: m (36, tiles, K) -> out (N, H, W, K)."""
    _, height, width, kernels = out.shape
    floor = _0 if relu else _FLOOR
    for strip in range(first, last):
        n, y = strip // (height // 4), strip % (height // 4) * 4
        for tile in range(width // 4):
            t, x = (strip - first) * (width // 4) + tile, 4 * tile
            for i in range(6):
                for k in range(kernels):
                    four = _times_a(_down(m, i, 6, t, k))
                    space[0, i, k], space[1, i, k], space[2, i, k], space[3, i, k] = four
            for j in range(4):
                for k in range(kernels):
                    y0, y1, y2, y3 = _times_a(_across(space, j, k))
                    out[n, y, x + j, k] = max(y0 + bias[k], floor)
                    out[n, y + 1, x + j, k] = max(y1 + bias[k], floor)
                    out[n, y + 2, x + j, k] = max(y2 + bias[k], floor)
                    out[n, y + 3, x + j, k] = max(y3 + bias[k], floor)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def spread_tiles(y, out, space, first, last) -> None:  # noqa: ANN001
    """A y A^T of the tiles: y (N, H, W, K) -> out (36, tiles, K)."""
    _, height, width, kernels = y.shape
    for strip in range(first, last):
        n, row = strip // (height // 4), strip % (height // 4) * 4
        for tile in range(width // 4):
            t, x = (strip - first) * (width // 4) + tile, 4 * tile
            for j in range(4):
                for k in range(kernels):
                    four = (
                        y[n, row, x + j, k],
                        y[n, row + 1, x + j, k],
                        y[n, row + 2, x + j, k],
                        y[n, row + 3, x + j, k],
                    )
                    _put_down(space, 0, 1, j, k, _times_a_transposed(four))
            for i in range(6):
                for k in range(kernels):
                    four = space[i, 0, k], space[i, 1, k], space[i, 2, k], space[i, 3, k]
                    _put_down(out, i, 6, t, k, _times_a_transposed(four))


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def spread_taps(x, taps, out) -> None:  # noqa: ANN001
    """Add each pixel's nine sums over channels to its neighbours: out (N, H + 2, W + 2)."""
    pictures, height, width, channels = x.shape
    for n in range(pictures):
        for y in range(height):
            for c in range(width):
                s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = _0
                for k in range(channels):
                    v = x[n, y, c, k]
                    s0, s1, s2 = s0 + v * taps[0, k], s1 + v * taps[1, k], s2 + v * taps[2, k]
                    s3, s4, s5 = s3 + v * taps[3, k], s4 + v * taps[4, k], s5 + v * taps[5, k]
                    s6, s7, s8 = s6 + v * taps[6, k], s7 + v * taps[7, k], s8 + v * taps[8, k]
                for i, sums in enumerate(((s0, s1, s2), (s3, s4, s5), (s6, s7, s8))):
                    for j in range(3):
                        out[n, y + i, c + j] += sums[j]

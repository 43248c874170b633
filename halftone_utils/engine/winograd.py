"""3x3 convolution by Winograd's F(4x4, 3x3): a quarter of the multiplications, in float32.

Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", sec. 4: the picture is cut
into tiles of 4x4 outputs, each of which sees 6x6 inputs d.  With g the kernel,
Y = A^T [(G g G^T) . (B^T d B)] A, where "." is a product of matrices over the channels: 36
multiplications a tile and pair of channels instead of 144.  PyTorch's own convolution does
without it, and on a processor that has no bfloat16 it is what style transfer waits for.
Its rounding errors are larger than the plain sum's: below 5e-5 of the features' spread (tests).
"""

import numpy as np
import torch
from numba import njit
from torch import Tensor

TILE = 4  # outputs a side
TILES = 128  # at a time: enough for the product of matrices, and still in the cache

G = (
    torch.tensor(
        [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]],
        dtype=torch.float64,
    )
    / 24
)
_0, _1, _2, _4, _5, _8 = (np.float32(value) for value in (0, 1, 2, 4, 5, 8))


def serves(x: Tensor, weight: Tensor) -> bool:
    """Whether `convolve` or `to_one_channel` takes x (N, C, H, W) and weights (K, C, 3, 3).

    They do for float32 and no autograd, on the processor, for enough channels to fill its
    vectors; `convolve` for sides that are whole tiles.
    """
    kernels, channels = weight.shape[:2]
    return (
        x.dtype == weight.dtype == torch.float32
        and x.device.type == "cpu"
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
        and not torch.compiler.is_compiling()
        and channels >= 16
        and (kernels == 1 or (kernels >= 16 and x.shape[2] % TILE == x.shape[3] % TILE == 0))
    )


def transform(weight: Tensor) -> Tensor:
    """G g G^T of every kernel: (K, C, 3, 3) -> (36, C, K), rounded once, from float64."""
    by_tap = torch.einsum("bj,kcij,ai->back", G, weight.detach().double().cpu(), G)
    return by_tap.flatten(0, 1).float().contiguous()


def convolve(x: Tensor, transformed: Tensor, bias: Tensor | None = None) -> Tensor:
    """Correlate x with 3x3 kernels, zeros around it; with a bias, add it and apply the ReLU.

    x: float32 (N, C, H, W), sides multiples of 4.  transformed: (36, C, K) from `transform`.
    bias: (K,).  Returns (N, K, H, W) in channels_last.
    """
    taps, channels, kernels = transformed.shape
    n, _, height, width = x.shape
    pixels = x.detach().permute(0, 2, 3, 1).contiguous().numpy()  # no copy in channels_last
    y = torch.empty(n, height, width, kernels)
    per_strip, strips = width // TILE, n * height // TILE
    at_once = max(1, min(strips, TILES // per_strip))
    # one tile more than is used: 36 rows that start a power of two apart evict each other
    tiles = at_once * per_strip + 1
    seen, products = torch.empty(taps, tiles, channels), torch.empty(taps, tiles, kernels)
    seen[:, -1] = 0
    space = np.empty((6, 6, max(channels, kernels)), np.float32)
    added = np.zeros(kernels, np.float32) if bias is None else bias.detach().numpy()
    for first in range(0, strips, at_once):
        last = min(first + at_once, strips)
        transform_tiles(pixels, seen.numpy(), space, first, last)
        torch.bmm(seen, transformed, out=products)
        transform_back(products.numpy(), y.numpy(), space, added, bias is not None, first, last)
    return y.permute(0, 3, 1, 2)


def to_one_channel(x: Tensor, weight: Tensor) -> Tensor:
    """Correlate with the kernels of one output: (N, C, H, W), (1, C, 3, 3) -> (N, 1, H, W).

    The last step back to a grey picture, where a product of matrices has but one column.
    """
    n, _, height, width = x.shape
    pixels = x.detach().permute(0, 2, 3, 1).contiguous().numpy()
    taps = weight.detach()[0].flip(1, 2).flatten(1).t().contiguous().numpy()  # (9, C)
    spread = torch.zeros(n, height + 2, width + 2)
    _spread_taps(pixels, taps, spread.numpy())
    return spread[:, None, 1:-1, 1:-1]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _spread_taps(x, taps, out):  # noqa: ANN001, ANN202
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


@njit(inline="always")
def _times_b(d0, d1, d2, d3, d4, d5):  # noqa: ANN001, ANN202
    """B^T d for the six values along one side of a tile."""
    a, b, c, e = d4 - _4 * d2, d3 - _4 * d1, d4 - d2, _2 * (d3 - d1)
    return _4 * d0 - _5 * d2 + d4, a + b, a - b, c + e, c - e, _4 * d1 - _5 * d3 + d5


@njit(inline="always")
def _times_a(m0, m1, m2, m3, m4, m5):  # noqa: ANN001, ANN202
    """A^T m: the four outputs along one side of a tile."""
    a, b, c, d = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return m0 + a + c, b + _2 * d, a + _4 * c, b + _8 * d + m5


# In both, the inner loop runs over channels, which lie side by side and become vectors.  What one
# inner loop writes to several places must not interleave as the loop around it goes on: the places
# are told apart by the first index, or by the row.  Else LLVM, which checks this outside of both
# loops, cannot tell that they are apart, and computes one channel at a time.
@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def transform_tiles(x, out, space, first, last) -> None:  # noqa: ANN001
    """B^T d B of the tiles in strips first to last: x (N, H, W, C) -> out (36, tiles, C)."""
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
                    (
                        space[0, j, k],
                        space[1, j, k],
                        space[2, j, k],
                        space[3, j, k],
                        space[4, j, k],
                        space[5, j, k],
                    ) = _times_b(
                        above * x[n, y_above, column, k],
                        x[n, y, column, k],
                        x[n, y + 1, column, k],
                        x[n, y + 2, column, k],
                        x[n, y + 3, column, k],
                        below * x[n, y_below, column, k],
                    )
            t = (strip - first) * (width // 4) + tile
            for i in range(6):
                for k in range(channels):
                    (
                        out[i, t, k],
                        out[6 + i, t, k],
                        out[12 + i, t, k],
                        out[18 + i, t, k],
                        out[24 + i, t, k],
                        out[30 + i, t, k],
                    ) = _times_b(
                        space[i, 0, k],
                        space[i, 1, k],
                        space[i, 2, k],
                        space[i, 3, k],
                        space[i, 4, k],
                        space[i, 5, k],
                    )


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def transform_back(m, out, space, bias, relu, first, last) -> None:  # noqa: ANN001
    """A^T m A of the same tiles, bias, ReLU: m (36, tiles, K) -> out (N, H, W, K)."""
    _, height, width, kernels = out.shape
    floor = _0 if relu else np.float32(-3e38)
    for strip in range(first, last):
        n, y = strip // (height // 4), strip % (height // 4) * 4
        for tile in range(width // 4):
            t, x = (strip - first) * (width // 4) + tile, 4 * tile
            for i in range(6):
                for k in range(kernels):
                    space[0, i, k], space[1, i, k], space[2, i, k], space[3, i, k] = _times_a(
                        m[i, t, k],
                        m[6 + i, t, k],
                        m[12 + i, t, k],
                        m[18 + i, t, k],
                        m[24 + i, t, k],
                        m[30 + i, t, k],
                    )
            for j in range(4):
                for k in range(kernels):
                    y0, y1, y2, y3 = _times_a(
                        space[j, 0, k],
                        space[j, 1, k],
                        space[j, 2, k],
                        space[j, 3, k],
                        space[j, 4, k],
                        space[j, 5, k],
                    )
                    out[n, y, x + j, k] = max(y0 + bias[k], floor)
                    out[n, y + 1, x + j, k] = max(y1 + bias[k], floor)
                    out[n, y + 2, x + j, k] = max(y2 + bias[k], floor)
                    out[n, y + 3, x + j, k] = max(y3 + bias[k], floor)

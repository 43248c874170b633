"""Training's 3x3 convolution by Winograd's F(4x4, 3x3), forwards and backwards, in float32.

On a processor without bfloat16, PyTorch's own backward pass through a 3x3 convolution is what a
training waits for (`make bench` races the two).  Here all three passes are the 36 products of
matrices that `winograd` describes: of the output and of the gradient towards the input directly,
and of the gradient towards the weights by its transpose (Lavin & Gray 2016, sec. 4; with
V = B^T d B and M = A dY A^T, dL/dg = G^T (sum over tiles of V^T M) G).
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from torch import Tensor, nn

from halftone_utils.engine.winograd import TILE, TILES, G, transform_back, transform_tiles

CORES = 2  # transforms at a time; fixed, so that sums are the same on every machine
FEWEST = 192  # tiles for which transforming the weights is worth it
_TAPS = torch.kron(G, G).float()  # (36, 9)
_0, _2, _4, _8 = (np.float32(value) for value in (0, 2, 4, 8))


class Conv2d(nn.Conv2d):
    """PyTorch's layer; where `applies`, its three passes are Winograd's.

    One of 1x1 is a product of matrices, whose backward pass is faster than the convolution's.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, K, H', W')."""
        fast = torch.is_autocast_enabled("cpu")  # in bfloat16 the convolution itself is the faster
        if self.kernel_size == (1, 1) and x.device.type == "cpu" and not fast:
            rows, columns = self.stride
            pixels = x[:, :, ::rows, ::columns].permute(0, 2, 3, 1)
            return F.linear(pixels, self.weight[:, :, 0, 0], self.bias).permute(0, 3, 1, 2)
        if not self.applies(x):
            return super().forward(x)
        y = _Winograd.apply(x, self.weight)
        return y if self.bias is None else y + self.bias[:, None, None]

    def applies(self, x: Tensor) -> bool:
        """Whether the layer is 3x3 at stride 1 and x float32 on the processor, in whole tiles."""
        return (
            (self.kernel_size, self.stride, self.padding) == ((3, 3), (1, 1), (1, 1))
            and (self.dilation, self.groups) == ((1, 1), 1)
            and min(self.in_channels, self.out_channels) >= 16
            and x.shape[2] % TILE == x.shape[3] % TILE == 0
            and len(x) * x.shape[2] * x.shape[3] >= FEWEST * TILE**2
            and x.dtype == torch.float32
            and x.device.type == "cpu"
            and not torch.is_autocast_enabled("cpu")
        )


def accelerate(network: nn.Module) -> nn.Module:
    """Make every nn.Conv2d of the network, in place, one of this module's; weights unchanged."""
    for module in network.modules():
        if type(module) is nn.Conv2d:
            module.__class__ = Conv2d
    return network


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:  # noqa: ANN001
        ctx.save_for_backward(x, weight)
        return _correlate(x, weight)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # noqa: ANN001
        x, weight = ctx.saved_tensors
        towards_x, towards_weight = ctx.needs_input_grad
        return (
            _correlate(gradient, weight.transpose(0, 1).flip(2, 3)) if towards_x else None,
            _towards_weight(x, gradient) if towards_weight else None,
        )


def _correlate(x: Tensor, weight: Tensor) -> Tensor:
    """x (N, C, H, W) with kernels (K, C, 3, 3), zeros around it -> (N, K, H, W)."""
    kernels, channels = weight.shape[:2]
    transformed = _TAPS @ weight.permute(3, 2, 1, 0).reshape(9, -1)  # taps by column, then row
    transformed = transformed.view(36, channels, kernels)
    n, _, height, width = x.shape
    pixels = _pixels(x)
    y = torch.empty(n, height, width, kernels)
    out = y.numpy()
    seen, products = _buffers(channels, width), _buffers(kernels, width)
    space = np.empty((CORES, 6, 6, max(channels, kernels)), np.float32)
    no_bias = np.zeros(kernels, np.float32)

    def forwards(core: int, strips: range) -> None:
        transform_tiles(pixels, seen[core].numpy(), space[core], strips.start, strips.stop)

    def back(core: int, strips: range) -> None:
        transform_back(
            products[core].numpy(), out, space[core], no_bias, False, strips.start, strips.stop
        )

    for parts in _chunks(n * height // TILE, width):
        _on_cores(forwards, parts)
        for core in range(len(parts)):
            torch.bmm(seen[core], transformed, out=products[core])
        _on_cores(back, parts)
    return y.permute(0, 3, 1, 2)


def _towards_weight(x: Tensor, gradient: Tensor) -> Tensor:
    """dL/dweight (K, C, 3, 3) from the layer's input and dL/doutput."""
    n, channels, height, width = x.shape
    kernels = gradient.shape[1]
    pixels, arriving = _pixels(x), _pixels(gradient)
    seen, spread = _buffers(channels, width), _buffers(kernels, width)
    space = np.empty((CORES, 6, 6, max(channels, kernels)), np.float32)
    total = torch.zeros(36, channels, kernels)

    def both(core: int, strips: range) -> None:
        used = len(strips) * width // TILE
        seen[core][:, used:], spread[core][:, used:] = 0, 0
        transform_tiles(pixels, seen[core].numpy(), space[core], strips.start, strips.stop)
        spread_tiles(arriving, spread[core].numpy(), space[core], strips.start, strips.stop)

    for parts in _chunks(n * height // TILE, width):
        _on_cores(both, parts)
        for core in range(len(parts)):
            torch.baddbmm(total, seen[core].transpose(1, 2), spread[core], out=total)
    of_taps = _TAPS.t() @ total.view(36, -1)
    return of_taps.view(3, 3, channels, kernels).permute(3, 2, 1, 0)


def _pixels(x: Tensor) -> np.ndarray:
    return x.detach().permute(0, 2, 3, 1).contiguous().numpy()


def _strips_at_once(width: int) -> int:
    return max(1, TILES // (width // TILE))


def _buffers(channels: int, width: int) -> list[Tensor]:
    """For each core (36, tiles, channels): one tile more than is used, as in `winograd`."""
    tiles = _strips_at_once(width) * (width // TILE) + 1
    return [torch.zeros(36, tiles, channels) for _ in range(CORES)]


def _chunks(strips: int, width: int) -> list[list[range]]:
    """The strips in pieces that fit a buffer, CORES pieces at a time."""
    step = _strips_at_once(width)
    pieces = [range(i, min(i + step, strips)) for i in range(0, strips, step)]
    return [pieces[i : i + CORES] for i in range(0, len(pieces), CORES)]


@cache
def _others(process: int) -> ThreadPoolExecutor:  # threads do not outlive a fork
    return ThreadPoolExecutor(CORES - 1)


def _on_cores(function: Callable[[int, range], None], parts: Sequence[range]) -> None:
    """Call function(i, parts[i]) for each i, the last here and the others on other threads."""
    last = len(parts) - 1
    waiting = [_others(os.getpid()).submit(function, i, parts[i]) for i in range(last)]
    function(last, parts[last])
    for done in waiting:
        done.result()


@njit(inline="always")
def _times_a_transposed(y0, y1, y2, y3):  # noqa: ANN001, ANN202
    """A y: four gradients along one side of a tile, spread over six taps."""
    a, b, c, d = y0 + y2, y1 + y3, y0 + _4 * y2, _2 * y1 + _8 * y3
    return y0, a + b, a - b, c + d, c - d, y3


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def spread_tiles(y, out, space, first, last) -> None:  # noqa: ANN001
    """A y A^T of the tiles in strips first to last: y (N, H, W, K) -> out (36, tiles, K)."""
    _, height, width, kernels = y.shape
    for strip in range(first, last):
        n, row = strip // (height // 4), strip % (height // 4) * 4
        for tile in range(width // 4):
            t, x = (strip - first) * (width // 4) + tile, 4 * tile
            for j in range(4):
                for k in range(kernels):
                    (
                        space[0, j, k],
                        space[1, j, k],
                        space[2, j, k],
                        space[3, j, k],
                        space[4, j, k],
                        space[5, j, k],
                    ) = _times_a_transposed(
                        y[n, row, x + j, k],
                        y[n, row + 1, x + j, k],
                        y[n, row + 2, x + j, k],
                        y[n, row + 3, x + j, k],
                    )
            for i in range(6):
                for k in range(kernels):
                    (
                        out[i, t, k],
                        out[6 + i, t, k],
                        out[12 + i, t, k],
                        out[18 + i, t, k],
                        out[24 + i, t, k],
                        out[30 + i, t, k],
                    ) = _times_a_transposed(
                        space[i, 0, k], space[i, 1, k], space[i, 2, k], space[i, 3, k]
                    )

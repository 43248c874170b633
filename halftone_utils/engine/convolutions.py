"""Training's 3x3 convolution by Winograd's F(4x4, 3x3), forwards and backwards, in float32.

On a processor without bfloat16, PyTorch's own backward pass through 3x3 convolutions takes most
of a training's time (`make bench` races the two).  Here all three passes are the 36 products of
matrices that `winograd` describes: of the output and of the gradient towards the input directly,
and of the gradient towards the weights by its transpose (Lavin & Gray 2016, sec. 4; with
V = B^T d B and M = A dY A^T, dL/dg = G^T (sum over tiles of V^T M) G).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from halftone_utils.engine import kernels, winograd
from halftone_utils.engine.hardware import on_each_core
from halftone_utils.engine.types import Convolved, FeatureMaps

CORES = 2  # transforms at a time; fixed, so that sums are the same on every machine
FEWEST = 192  # tiles for which transforming the weights is worth it
_TAPS = torch.kron(winograd.G, winograd.G).float()  # (36, 9)


class Conv2d(nn.Conv2d):
    """PyTorch's layer; where `applies`, its three passes are Winograd's.

    One of 1x1 is a product of matrices, whose backward pass is faster than the convolution's.
    """

    def forward(self, x: FeatureMaps) -> Convolved:
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
            and x.shape[2] % winograd.TILE == x.shape[3] % winograd.TILE == 0
            and len(x) * x.shape[2] * x.shape[3] >= FEWEST * winograd.TILE**2
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
    transformed = _TAPS @ weight.permute(3, 2, 1, 0).reshape(9, -1)  # taps by column, then row
    return winograd.convolve(x, transformed.view(36, *weight.shape[1::-1]), cores=CORES)


def _towards_weight(x: Tensor, gradient: Tensor) -> Tensor:
    """dL/dweight (K, C, 3, 3) from the layer's input and dL/doutput."""
    channels, n_kernels = x.shape[1], gradient.shape[1]
    pixels, arriving = winograd.channels_innermost(x), winograd.channels_innermost(gradient)
    seen, spread = (winograd.tile_buffers(x, count, CORES) for count in (channels, n_kernels))
    space = np.empty((CORES, 6, 6, max(channels, n_kernels)), np.float32)
    total = torch.zeros(36, channels, n_kernels)

    def both(part: tuple[int, range]) -> None:
        core, strips = part
        used = len(strips) * x.shape[3] // winograd.TILE
        seen[core][:, used:], spread[core][:, used:] = 0, 0
        ends = strips.start, strips.stop
        kernels.transform_tiles(pixels, seen[core].numpy(), space[core], *ends)
        kernels.spread_tiles(arriving, spread[core].numpy(), space[core], *ends)

    for parts in winograd.parts_of(x, CORES):
        on_each_core(both, parts)
        for core, _ in parts:
            torch.baddbmm(total, seen[core].transpose(1, 2), spread[core], out=total)
    of_taps = _TAPS.t() @ total.view(36, -1)
    return of_taps.view(3, 3, channels, n_kernels).permute(3, 2, 1, 0)

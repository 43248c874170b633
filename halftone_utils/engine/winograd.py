"""3x3 convolution by Winograd's F(4x4, 3x3): a quarter of the multiplications, in float32.

Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", sec. 4: the picture is cut
into tiles of 4x4 outputs, each of which sees 6x6 inputs d.  With g the kernel,
Y = A^T [(G g G^T) . (B^T d B)] A, where "." is a product of matrices over the channels: 36
multiplications a tile and pair of channels instead of 144.  PyTorch's own convolution does not
use it, and on a processor without bfloat16 convolutions take most of style transfer's time.
Its rounding errors are larger than the plain sum's: below 5e-5 of the features' spread (tests).
"""

import numpy as np
import torch
from torch import Tensor

from halftone_utils.engine.hardware import on_each_core
from halftone_utils.engine.types import Convolved, FeatureMaps

TILE = 4  # outputs a side
TILES = 128  # at a time: enough for the product of matrices, and still in the cache

G = (
    torch.tensor(
        [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]],
        dtype=torch.float64,
    )
    / 24
)


def serves(x: Tensor, weight: Tensor) -> bool:
    """Whether `convolve` or `to_one_channel` takes x (N, C, H, W) and weights (K, C, 3, 3).

    They do for float32 and no autograd, on the processor, for enough channels to fill its
    vectors; `convolve` for sides that are whole tiles.
    """
    n_kernels, channels = weight.shape[:2]
    return (
        x.dtype == weight.dtype == torch.float32
        and x.device.type == "cpu"
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
        and not torch.compiler.is_compiling()
        and channels >= 16
        and (n_kernels == 1 or (n_kernels >= 16 and x.shape[2] % TILE == x.shape[3] % TILE == 0))
    )


def transform(weight: Tensor) -> Tensor:
    """G g G^T of every kernel: (K, C, 3, 3) -> (36, C, K), rounded once, from float64."""
    by_tap = torch.einsum("bj,kcij,ai->back", G, weight.detach().double().cpu(), G)
    return by_tap.flatten(0, 1).float().contiguous()


def convolve(
    x: FeatureMaps, transformed: Tensor, bias: Tensor | None = None, cores: int = 1
) -> Convolved:
    """Correlate x with 3x3 kernels, zeros around it; with a bias, add it and apply the ReLU.

    x: float32 (N, C, H, W), sides multiples of 4.  transformed: (36, C, K) from `transform`.
    bias: (K,).  cores: tiles are transformed on so many.  Returns (N, K, H, W) in channels_last.
    """
    from halftone_utils.engine import kernels  # here: who reads results waits for no compiler

    _, channels, n_kernels = transformed.shape
    n, _, height, width = x.shape
    pixels = channels_innermost(x)
    y = torch.empty(n, height, width, n_kernels)
    seen, products = (tile_buffers(x, count, cores) for count in (channels, n_kernels))
    space = np.empty((cores, 6, 6, max(channels, n_kernels)), np.float32)
    added = np.zeros(n_kernels, np.float32) if bias is None else bias.detach().numpy()

    def forwards(part: tuple[int, range]) -> None:
        core, strips = part
        kernels.transform_tiles(pixels, seen[core].numpy(), space[core], strips.start, strips.stop)

    def back(part: tuple[int, range]) -> None:
        core, strips = part
        ends = strips.start, strips.stop
        relu = bias is not None
        kernels.transform_back(products[core].numpy(), y.numpy(), space[core], added, relu, *ends)

    for parts in parts_of(x, cores):
        on_each_core(forwards, parts)
        for core, _ in parts:
            torch.bmm(seen[core], transformed, out=products[core])
        on_each_core(back, parts)
    return y.permute(0, 3, 1, 2)


def channels_innermost(x: Tensor) -> np.ndarray:
    """(N, C, H, W) -> (N, H, W, C); no copy in channels_last."""
    return x.detach().permute(0, 2, 3, 1).contiguous().numpy()


def tile_buffers(x: Tensor, channels: int, cores: int) -> list[Tensor]:
    """Memory for the transformed tiles of the strips of x at hand, (36, tiles, channels) a core.

    One tile more than is used: 36 rows that start a power of two apart evict each other.
    """
    tiles = _strips_at_once(x) * (x.shape[3] // TILE) + 1
    return [torch.zeros(36, tiles, channels) for _ in range(cores)]


def parts_of(x: Tensor, cores: int) -> list[list[tuple[int, range]]]:
    """The strips of x (rows of tiles) that fit a buffer, by core, `cores` of them at a time."""
    strips, step = len(x) * x.shape[2] // TILE, _strips_at_once(x)
    pieces = [range(i, min(i + step, strips)) for i in range(0, strips, step)]
    return [[*enumerate(pieces[i : i + cores])] for i in range(0, len(pieces), cores)]


def _strips_at_once(x: Tensor) -> int:
    return max(1, min(len(x) * x.shape[2] // TILE, TILES // (x.shape[3] // TILE)))


def to_one_channel(x: FeatureMaps, weight: Tensor) -> Convolved:
    """Correlate with the kernels of one output: (N, C, H, W), (1, C, 3, 3) -> (N, 1, H, W).

    The last step back to a grey picture, where a product of matrices has but one column.
    """
    from halftone_utils.engine import kernels

    n, _, height, width = x.shape
    taps = weight.detach()[0].flip(1, 2).flatten(1).t().contiguous().numpy()  # (9, C)
    spread = torch.zeros(n, height + 2, width + 2)
    kernels.spread_taps(channels_innermost(x), taps, spread.numpy())
    return spread[:, None, 1:-1, 1:-1]

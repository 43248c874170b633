"""Textures of one mean tone: a blur makes a figure and its ground the same grey, an eye does not.

Most are threshold fields as in `screens.thresholds`, equalised: at tone t the share t of the pixels
prints white, whatever the screen's kind, angle or ruling.  Those of `of_parity` are cells, black or
white, and have one power spectrum, too.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from torch import Tensor

from halftone_utils.screens import perception


def of_parity(odd: Tensor, generator: torch.Generator) -> Tensor:
    """Random cells of which each block of 2x2 has the parity asked for: bool (H, W) -> (H+1, W+1).

    Iso-dipole textures (Julesz, Gilbert & Victor, Biological Cybernetics 31, 1978): whatever is
    asked for, any three cells are independent and fair over the draws, so mean, autocorrelation and
    third-order statistics are those of white noise; what differs is of fourth order.
    """
    steps = torch.randint(2, (odd.shape[0] + 1, odd.shape[1] + 1), generator=generator)
    steps[1:, 1:] = odd.long()
    return steps.cumsum(0).cumsum(1) % 2 == 1


def smooth_field(height: int, width: int, scale: int, generator: torch.Generator) -> Tensor:
    """Random numbers that change over about `scale` pixels: (H, W), mean 0, deviation about 0.6."""
    rows, columns = -(-height // scale) + 3, -(-width // scale) + 3
    knots = torch.randn((1, 1, rows, columns), generator=generator)
    field = F.interpolate(knots, scale_factor=scale, mode="bicubic", align_corners=False)[0, 0]
    return field[scale : scale + height, scale : scale + width]


def mosaic(height: int, width: int, side: float, generator: torch.Generator) -> Tensor:
    """Patches of about `side` pixels (Voronoi cells), each of one number in [0, 1): (H, W)."""
    count = max(1, round(height * width / side**2))
    places = torch.rand((count, 2), generator=generator) * torch.tensor([height, width])
    values = torch.rand(count, generator=generator)
    down = (torch.arange(height)[:, None] - places[:, 0]).square()
    across = (torch.arange(width)[:, None] - places[:, 1]).square()
    # In float32, not by a k-d tree in float64: near-ties would go to other patches than they did.
    return values[(down[:, None] + across).argmin(2)]


def shake(mask: Tensor, reach: float, scale: int, generator: torch.Generator) -> Tensor:
    """The mask (H, W) with its contours broken: each pixel looks up to about `reach` px aside."""
    height, width = mask.shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    y = y + reach * smooth_field(height, width, scale, generator)
    x = x + reach * smooth_field(height, width, scale, generator)
    return mask[y.round().long().clamp(0, height - 1), x.round().long().clamp(0, width - 1)]


@njit(nogil=True, cache=True)
def _add_kernels(total, middle, offset, angle, ruling, phase, spread):  # noqa: ANN001, ANN202
    """Add a Gabor kernel an impulse to `total`, a complex image with a margin for all of them.

    middle: pixel of each impulse (n, 2) in `total`; offset: how far it lies from that (n, 2).
    """
    reach = math.ceil(3 * spread)
    down = np.zeros(2 * reach + 1, np.complex128)
    across = np.zeros(2 * reach + 1, np.complex128)
    for i in range(len(middle)):
        frequency = 2 * math.pi / ruling[i]
        fy, fx = frequency * math.sin(angle[i]), frequency * math.cos(angle[i])
        for k in range(2 * reach + 1):
            y, x = k - reach - offset[i, 0], k - reach - offset[i, 1]
            down[k] = math.exp(-0.5 * (y / spread) ** 2) * np.exp(1j * (fy * y + phase[i]))
            across[k] = math.exp(-0.5 * (x / spread) ** 2) * np.exp(1j * fx * x)
        for k in range(2 * reach + 1):
            row = total[middle[i, 0] - reach + k]
            for j in range(2 * reach + 1):
                row[middle[i, 1] - reach + j] += down[k] * across[j]


def stripe_thresholds(
    angle: Tensor, ruling: Tensor, spread: float, generator: torch.Generator
) -> Tensor:
    """A line screen whose angle and ruling vary from pixel to pixel: (1, 1, H, W) in [0, 1].

    angle: of the normal of the lines [radians], (H, W).  ruling: [pixels per cell], (H, W).
    spread: standard deviation of the kernels [px]: over how far lines keep their phase.
    Phasor noise (Tricard et al., Procedural Phasor Noise, ACM TOG 38(4), 2019, eq. 4-6): a sum of
    complex Gabor kernels at jittered places, of the angle and ruling there and random phases.
    A threshold is |argument| / pi, which is uniform in [0, 1].
    """
    height, width = angle.shape
    step, reach = max(1, round(0.65 * spread)), math.ceil(3 * spread)
    rows, columns = (torch.arange(-reach, side + reach, step) for side in (height, width))
    places = torch.cartesian_prod(rows, columns)
    draws = torch.rand((len(places), 3), generator=generator).double()
    exact = places + step * draws[:, :2]
    nearest = exact.round().long()
    inside = nearest.minimum(torch.tensor([height - 1, width - 1])).clamp_min(0)
    margin = 2 * reach + step
    total = np.zeros((height + 2 * margin, width + 2 * margin), np.complex128)
    _add_kernels(
        total,
        (nearest + margin).numpy(),
        (exact - nearest).numpy(),
        angle[inside[:, 0], inside[:, 1]].double().numpy(),
        ruling[inside[:, 0], inside[:, 1]].double().numpy(),
        (2 * math.pi * draws[:, 2]).numpy(),
        spread,
    )
    seen = total[margin : margin + height, margin : margin + width]
    return torch.from_numpy(np.abs(np.angle(seen)) / math.pi).float()[None, None]


def print_evenly(thresholds: Tensor, cell: float) -> Tensor:
    """Print half tone so that it is flat through a Gaussian of one cell: 0.0 or 1.0.

    thresholds: (1, 1, H, W); where two screens meet, dots are cut, which would show as a contour
    after a blur.  So the tone is corrected eight times by what a blur leaves.
    """
    corrected = torch.full_like(thresholds, 0.5)
    for _ in range(8):
        printed = (corrected > thresholds).float()
        corrected = corrected + 0.7 * (0.5 - perception.integrate(printed, cell))
    return (corrected > thresholds).float()

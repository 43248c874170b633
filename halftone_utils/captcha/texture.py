"""Maps of texture, in which a solver reads what a blur cannot show (rung 3 of the ladder).

Where figure and ground have one tone, they still differ by the angle, the ruling or the kind of
their dots, which can be measured around each pixel (TEXTURES); and where these have one spectrum,
by statistics of fourth order (PARITIES).  Every map takes and returns (N, 1, H, W) in
[0, 1], each picture by itself, without a label: figures dark on a light ground.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.vq import kmeans2
from skimage.filters import threshold_otsu
from torch import Tensor

from halftone_utils.captcha.descreening import stretch
from halftone_utils.engine.types import Convolved, FeatureMaps, Images
from halftone_utils.screens.perception import gaussian
from halftone_utils.screens.ways import Way, by_name, sweep

RULINGS = (3.5, 4.7, 6.2, 8.2, 11.0)  # pixels per cell that the Gabor bank is tuned to
ANGLES = 8  # over 180 degrees
BANDWIDTH = 0.5  # a Gabor kernel's deviation in cells
GRID = 4  # pixels from one place to the next where energies and parities are taken
FARTHEST = 7  # pixels that a cell may measure where parities are sought
# Sides of a block of 2x2 cells as (right, down), the other side a quarter turn on: every size and,
# to what whole pixels allow, every turn, once each.
SIDES = [
    (x, y)
    for x in range(1, FARTHEST + 1)
    for y in range(1 - x, x + 1)
    if x * x + y * y <= FARTHEST**2
]


def _derivatives(images: Tensor) -> tuple[Tensor, Tensor]:
    """Along y and along x, of the picture blurred by one pixel."""
    soft = gaussian(images, 1.0)
    padded = F.pad(soft, (1,) * 4, mode="replicate")
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    return down, across


def structure(images: Images, sigma: float) -> FeatureMaps:
    """Local energy, orientation and coherence around each pixel: (N, 1, H, W) -> (N, 4, H, W).

    The structure tensor (Bigun & Granlund 1987) over sigma [px].  Channels: logarithm of the
    energy of the slopes; cos and sin of twice the angle of the steepest direction, times the
    coherence; the coherence, 0 where no direction prevails, 1 where lines are parallel.
    """
    down, across = _derivatives(images)
    parts = [across.square() + down.square(), across.square() - down.square(), 2 * across * down]
    energy, c, s = gaussian(torch.cat(parts, 1), sigma).split(1, 1)
    energy = energy.clamp_min(1e-8)
    c, s = c / energy, s / energy
    return torch.cat([energy.log(), c, s, (c.square() + s.square()).sqrt()], 1)


def local_frequency(images: Images, sigma: float) -> Images:
    """How fine the dots are around each pixel: (N, 1, H, W), same shape back, unbounded.

    Half the logarithm of the energy of the slopes by the variance, over sigma [px].  For a wave
    of f cycles a pixel that is log |sin(2 pi f)|, since slopes are differences of neighbours.
    """
    down, across = _derivatives(images)
    soft = gaussian(images, 1.0)
    variance = gaussian((soft - gaussian(soft, sigma)).square(), sigma).clamp_min(1e-6)
    return (gaussian(down.square() + across.square(), sigma) / variance).clamp_min(1e-8).log() / 2


@cache
def _gabor_bank(height: int, width: int) -> Tensor:
    """Transfer functions (filters, H, W) of one-sided Gabor filters, of peak 1."""
    fy = torch.fft.fftfreq(height)[:, None]
    fx = torch.fft.fftfreq(width)[None]
    bank = []
    for ruling in RULINGS:
        spread = 1 / (2 * math.pi * BANDWIDTH * ruling)  # of the filter, in cycles per pixel
        for k in range(ANGLES):
            angle = math.pi * k / ANGLES
            y, x = math.sin(angle) / ruling, math.cos(angle) / ruling
            bank.append(torch.exp(-((fy - y).square() + (fx - x).square()) / (2 * spread**2)))
    return torch.stack(bank)


def gabor_energies(images: Images, sigma: float) -> Convolved:
    """Energy in each band of ruling and angle: (N, 1, H, W) -> (N, 40, H / 4, W / 4).

    Square root of the squared magnitude of Gabor filters (Jain & Farrokhnia 1991), averaged over
    sigma [px]; so wide a mean needs no finer grid.
    """
    spectra = torch.fft.fft2(images - images.mean((2, 3), keepdim=True))
    bank = _gabor_bank(*images.shape[2:])
    energies = [
        F.avg_pool2d(torch.fft.ifft2(spectrum * bank).abs().square(), GRID) for spectrum in spectra
    ]
    return gaussian(torch.stack(energies), sigma / GRID).clamp_min(1e-10).sqrt()


def dark_on_light(maps: Images) -> Images:
    """Stretched to [0, 1], and inverted where the border, which has no letter, is dark."""
    x = stretch(maps)
    border = torch.cat([x[:, :, :6].flatten(1), x[:, :, -6:].flatten(1)], 1).median(1).values
    light = (border >= x.flatten(1).mean(1))[:, None, None, None]
    return torch.where(light, x, 1 - x)


def principal(features: FeatureMaps, component: int = 0) -> Images:
    """A principal component of each picture's own features: (N, C, H, W) -> (N, 1, H, W)."""
    x = features.flatten(2).double()
    x = x - x.mean(2, keepdim=True)
    x = x / x.std(2, keepdim=True).clamp_min(1e-9)
    _, vectors = torch.linalg.eigh(x @ x.mT / x.shape[2])
    axis = vectors[:, None, :, -1 - component]
    return (axis @ x).view(len(features), 1, *features.shape[2:]).float()


def two_regions(features: FeatureMaps) -> Images:
    """Pixels in two clusters by k-means: (N, C, H, W) -> (N, 1, H, W) of 0 and 1.

    Each channel of unit deviation; clusters start at the ends of the principal component.
    """
    regions = []
    for x, axis in zip(features, principal(features), strict=True):
        points = x.flatten(1).T.double().numpy()
        points = (points - points.mean(0)) / np.maximum(points.std(0), 1e-9)
        along = axis.flatten().numpy()
        low, high = np.quantile(along, [0.15, 0.85])
        start = np.stack([points[along <= low].mean(0), points[along >= high].mean(0)])
        _, label = kmeans2(points, start, iter=20, minit="matrix")
        regions.append(torch.from_numpy(label).float().view(1, *x.shape[1:]))
    return torch.stack(regions)


def unlike_the_ground(features: FeatureMaps) -> Images:
    """How far each pixel's features are from the border's, where no letter is: (N, 1, H, W).

    Mahalanobis distance to the mean and covariance of the rows at top and bottom, a fifteenth each.
    """
    found, rows = [], max(2, features.shape[2] // 15)
    for x in features.double():
        ground = torch.cat([x[:, :rows].flatten(1), x[:, -rows:].flatten(1)], 1)
        mean = ground.mean(1, keepdim=True)
        spread = torch.cov(ground) + 1e-6 * torch.eye(len(x)).double()
        off = x.flatten(1) - mean
        distance = (off * torch.linalg.solve(spread, off)).sum(0).clamp_min(0).sqrt()
        found.append(distance.view(1, *x.shape[1:]).float())
    return torch.stack(found)


def _ruling_and_kind(images: Images, *, sigma: float) -> Images:
    """What differs from the ground by ruling or kind of dots; angles do not count."""
    features = torch.cat([local_frequency(images, sigma), structure(images, sigma)[:, 3:]], 1)
    return gaussian(unlike_the_ground(features), sigma / 2)


def _bands(images: Images, *, sigma: float) -> Tensor:
    """What differs from the ground by its energy in bands of ruling, over all angles."""
    energies = gabor_energies(images, sigma).unflatten(1, (len(RULINGS), ANGLES))
    bands = torch.cat([energies.square().sum(2).sqrt(), energies.amax(2)], 1)
    return gaussian(unlike_the_ground(bands.log()), sigma / 2 / GRID)


def _bands_in_two_tones(images: Images, *, sigma: float) -> Tensor:
    """As `_bands` in two tones (Otsu 1979): a letter that differs more is no darker."""
    distance = _bands(images, sigma=sigma).clamp_min(1e-6).log()
    regions = [(x > threshold_otsu(x.numpy())).float() for x in distance]
    return gaussian(torch.stack(regions), 0.5)


def separability(values: Tensor) -> float:
    """How far values are from one class and near to two: 0 to 1 (Otsu 1979, eq. 12).

    The share of the variance that lies between the classes, parted at Otsu's threshold: 2 / pi for
    a Gaussian, 1 for two numbers, 0 where all are equal.
    """
    x = values.double().flatten().numpy()
    if np.ptp(x) == 0:
        return 0.0
    above = x > threshold_otsu(x)
    share = above.mean()
    apart = x[above].mean() - x[~above].mean() if 0 < share < 1 else 0.0
    return float(share * (1 - share) * apart**2 / x.var())


def block_products(image: Images, side: tuple[int, int]) -> Images:
    """The product of four pixels at the corners of a square, each pixel 1 or -1: (1, 1, H, W).

    side: one of SIDES.  A pixel is 1 where it is lighter than the mean.  Where cells are as large
    as the square, the corners lie in four cells of a 2x2 block wherever the grid begins, and the
    product is 1 for an even and -1 for an odd number of black ones.
    """
    (x, y), (height, width), reach = side, image.shape[2:], 2 * FARTHEST
    signs = 2 * (image > image.mean()).float() - 1
    padded = F.pad(signs, (reach,) * 4, mode="reflect")
    corners = [
        padded[..., reach + down : reach + down + height, reach + right : reach + right + width]
        for right, down in ((0, 0), (x, y), (-y, x), (x - y, x + y))
    ]
    return torch.stack(corners).prod(0)


def parity(images: Images, *, sigma: float) -> Tensor:
    """How many blocks of 2x2 cells are even around each pixel: (N, 1, H / 4, W / 4) in [-1, 1].

    Averaged over sigma [px].  Neither the cells' size nor where their grid begins nor how it is
    turned is known: of all SIDES each picture gets the one whose map is nearest to two values.
    """
    found = []
    for image in images.split(1):
        maps = [
            gaussian(F.avg_pool2d(block_products(image, side), GRID), sigma / GRID)
            for side in SIDES
        ]
        found.append(max(maps, key=separability))
    return torch.cat(found)


def _drawn(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same map at the pixels of the images, dark on light, contrast stretched."""

    def draw(images: Images, **parameters: Any) -> Images:
        maps = function(images, **parameters)
        return stretch(dark_on_light(F.interpolate(maps, images.shape[2:], mode="bilinear")))

    return draw


_SIGMAS = [{"sigma": s} for s in (4.0, 6.0, 8.0, 11.0)]
_MAPS: list[tuple[str, Callable[..., Tensor], list[dict[str, float]]]] = [
    # where lines run, and whether there are lines or dots
    ("orientation", lambda x, sigma: principal(structure(x, sigma)[:, 1:3]), _SIGMAS),
    ("coherence", lambda x, sigma: structure(x, sigma)[:, 3:], _SIGMAS),
    ("local frequency", local_frequency, _SIGMAS),
    ("ruling and kind", _ruling_and_kind, _SIGMAS),
    ("bands", _bands, _SIGMAS[:3]),
    ("bands, two tones", _bands_in_two_tones, _SIGMAS[:3]),
    (
        "Gabor",
        lambda x, sigma, component=0: principal(gabor_energies(x, sigma), component),
        [*_SIGMAS[:3], {"sigma": 6.0, "component": 1}],
    ),
    (
        "Gabor regions",
        lambda x, sigma: gaussian(two_regions(gabor_energies(x, sigma)), 0.5),
        _SIGMAS[:3],
    ),
]
TEXTURES: Mapping[str, Way] = by_name(
    way for kind, function, settings in _MAPS for way in sweep(kind, _drawn(function), *settings)
)
PARITIES: Mapping[str, Way] = by_name(
    sweep("parity", _drawn(parity), *({"sigma": s} for s in (3.0, 4.0, 6.0, 8.0)))
)

"""What an attacker does who looks for texture: maps of what the dots do (rung 3 of the ladder).

A halftone whose figure and ground have one tone shows nothing to a blur.  It still tells them apart
by the angle, the ruling or the kind of its dots, and so can whoever measures these around each
pixel.  Every attack is (N, 1, H, W) in [0, 1] -> (N, 1, H, W) in [0, 1], each picture by itself,
without a label: figures dark on a light ground.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.vq import kmeans2
from skimage.filters import threshold_otsu
from torch import Tensor

from halftone_utils.captcha.descreening import Treatment, stretch

RULINGS = (3.5, 4.7, 6.2, 8.2, 11.0)  # pixels per cell that the Gabor bank is tuned to
ANGLES = 8  # over 180 degrees
BANDWIDTH = 0.5  # a Gabor kernel's deviation in cells
GRID = 4  # pixels from one place to the next where Gabor energies are taken


def smooth(maps: Tensor, sigma: float) -> Tensor:
    """A Gaussian mean over `sigma` pixels of maps (N, C, H, W) of any range, borders reflected."""
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    n, channels, height, width = maps.shape
    one = F.pad(maps.reshape(n * channels, 1, height, width), (radius,) * 4, mode="reflect")
    one = F.conv2d(F.conv2d(one, kernel[None, None, None]), kernel[None, None, :, None])
    return one.view(n, channels, height, width)


def _derivatives(images: Tensor) -> tuple[Tensor, Tensor]:
    """Along y and along x, of the picture blurred by one pixel."""
    soft = smooth(images, 1.0)
    padded = F.pad(soft, (1,) * 4, mode="replicate")
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    return down, across


def structure(images: Tensor, sigma: float) -> Tensor:
    """Local energy, orientation and coherence around each pixel: (N, 1, H, W) -> (N, 4, H, W).

    The structure tensor (Bigun & Granlund 1987) over `sigma` pixels.  Channels: logarithm of the
    energy of the slopes; cos and sin of twice the angle of the steepest direction, times the
    coherence; the coherence, 0 where no direction prevails, 1 where lines are parallel.
    """
    down, across = _derivatives(images)
    parts = [across.square() + down.square(), across.square() - down.square(), 2 * across * down]
    energy, c, s = smooth(torch.cat(parts, 1), sigma).split(1, 1)
    energy = energy.clamp_min(1e-8)
    c, s = c / energy, s / energy
    return torch.cat([energy.log(), c, s, (c.square() + s.square()).sqrt()], 1)


def local_frequency(images: Tensor, sigma: float) -> Tensor:
    """How fine the dots are around each pixel: (N, 1, H, W), same shape back, unbounded.

    The energy of the slopes by the variance, over `sigma` pixels.  For a wave of f cycles a pixel
    it is sin(2 pi f) squared, since slopes are differences of neighbours; half its logarithm.
    """
    down, across = _derivatives(images)
    soft = smooth(images, 1.0)
    variance = smooth((soft - smooth(soft, sigma)).square(), sigma).clamp_min(1e-6)
    return (smooth(down.square() + across.square(), sigma) / variance).clamp_min(1e-8).log() / 2


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


def gabor_energies(images: Tensor, sigma: float) -> Tensor:
    """Energy in each band of ruling and angle: (N, 1, H, W) -> (N, 40, H / 4, W / 4).

    Gabor filters (Jain & Farrokhnia 1991), whose squared magnitude is averaged over `sigma`
    pixels; square root.  What is averaged so widely needs no finer grid.
    """
    spectra = torch.fft.fft2(images - images.mean((2, 3), keepdim=True))
    bank = _gabor_bank(*images.shape[2:])
    energies = [
        F.avg_pool2d(torch.fft.ifft2(spectrum * bank).abs().square(), GRID) for spectrum in spectra
    ]
    return smooth(torch.stack(energies), sigma / GRID).clamp_min(1e-10).sqrt()


def _enlarged(maps: Tensor, images: Tensor) -> Tensor:
    """Maps on the grid of the energies, at the pixels of the images again."""
    return F.interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)


def dark_on_light(maps: Tensor) -> Tensor:
    """Stretched to [0, 1], and turned so that the border, where no letter is, is the light side."""
    x = stretch(maps)
    border = torch.cat([x[:, :, :6].flatten(1), x[:, :, -6:].flatten(1)], 1).median(1).values
    light = (border >= x.flatten(1).mean(1))[:, None, None, None]
    return torch.where(light, x, 1 - x)


def principal(features: Tensor, component: int = 0) -> Tensor:
    """Each picture's own principal component of its features: (N, C, H, W) -> (N, 1, H, W)."""
    found = []
    for x in features.flatten(2).double():
        x = x - x.mean(1, keepdim=True)
        x = x / x.std(1, keepdim=True).clamp_min(1e-9)
        _, vectors = torch.linalg.eigh(x @ x.T / x.shape[1])
        found.append(vectors[:, -1 - component] @ x)
    return torch.stack(found).view(len(features), 1, *features.shape[2:]).float()


def two_regions(features: Tensor) -> Tensor:
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


def unlike_the_ground(features: Tensor) -> Tensor:
    """How far each pixel's features are from the border's, where no letter is: (N, 1, H, W).

    Mahalanobis distance to the mean and covariance of the rows at top and bottom, a fifteenth each.
    """
    found, rows = [], max(2, features.shape[2] // 15)
    for x in features.double():
        ground = torch.cat([x[:, :rows].flatten(1), x[:, -rows:].flatten(1)], 1)
        mean = ground.mean(1, keepdim=True)
        spread = torch.cov(ground).reshape(len(x), len(x)) + 1e-6 * torch.eye(len(x)).double()
        off = x.flatten(1) - mean
        distance = (off * torch.linalg.solve(spread, off)).sum(0).clamp_min(0).sqrt()
        found.append(distance.view(1, *x.shape[1:]).float())
    return torch.stack(found)


def by_orientation(images: Tensor, *, sigma: float) -> Tensor:
    """A map of where the lines run."""
    return dark_on_light(principal(structure(images, sigma)[:, 1:3]))


def by_coherence(images: Tensor, *, sigma: float) -> Tensor:
    """A map of whether there are lines or dots."""
    return dark_on_light(structure(images, sigma)[:, 3:])


def by_frequency(images: Tensor, *, sigma: float) -> Tensor:
    """A map of how fine the dots are."""
    return dark_on_light(local_frequency(images, sigma))


def by_gabor(images: Tensor, *, sigma: float, component: int = 0) -> Tensor:
    """The principal component of Gabor energies."""
    energies = gabor_energies(images, sigma)
    return dark_on_light(_enlarged(principal(energies, component), images))


def by_gabor_regions(images: Tensor, *, sigma: float) -> Tensor:
    """Two regions of Gabor energies, their contour smoothed."""
    regions = two_regions(gabor_energies(images, sigma))
    return dark_on_light(_enlarged(smooth(regions, 0.5), images))


def by_ruling_and_kind(images: Tensor, *, sigma: float) -> Tensor:
    """What differs from the ground by ruling or kind, wherever its lines may run.

    Angles are left out, so a ground whose lines turn from patch to patch hides nothing by them.
    """
    features = torch.cat([local_frequency(images, sigma), structure(images, sigma)[:, 3:]], 1)
    return dark_on_light(smooth(unlike_the_ground(features), sigma / 2))


def _unlike_in_bands(images: Tensor, sigma: float) -> Tensor:
    energies = gabor_energies(images, sigma).unflatten(1, (len(RULINGS), ANGLES))
    bands = torch.cat([energies.square().sum(2).sqrt(), energies.amax(2)], 1)
    return smooth(unlike_the_ground(bands.log()), sigma / 2 / GRID)


def by_bands(images: Tensor, *, sigma: float) -> Tensor:
    """What differs from the ground by its energy in bands of ruling, over all angles."""
    return dark_on_light(_enlarged(_unlike_in_bands(images, sigma), images))


def by_bands_regions(images: Tensor, *, sigma: float) -> Tensor:
    """The same in two tones (Otsu 1979, of the distance's logarithm).

    So a letter that differs much is no darker than one that differs by less.
    """
    distance = _unlike_in_bands(images, sigma).clamp_min(1e-6).log()
    regions = [(x > threshold_otsu(x.numpy())).float() for x in distance]
    return dark_on_light(_enlarged(smooth(torch.stack(regions), 0.5), images))


def _swept(kind: str, function: Callable[..., Tensor], *settings: dict) -> list[Treatment]:
    return [Treatment(kind, function, parameters) for parameters in settings]


_SIGMAS = [{"sigma": s} for s in (4.0, 6.0, 8.0, 11.0)]
TEXTURES: Mapping[str, Treatment] = MappingProxyType(
    {
        treatment.name: treatment
        for treatment in (
            *_swept("orientation", by_orientation, *_SIGMAS),
            *_swept("coherence", by_coherence, *_SIGMAS),
            *_swept("local frequency", by_frequency, *_SIGMAS),
            *_swept("ruling and kind", by_ruling_and_kind, *_SIGMAS),
            *_swept("bands", by_bands, *_SIGMAS[:3]),
            *_swept("bands, two tones", by_bands_regions, *_SIGMAS[:3]),
            *_swept("Gabor", by_gabor, *_SIGMAS[:3], {"sigma": 6.0, "component": 1}),
            *_swept("Gabor regions", by_gabor_regions, *_SIGMAS[:3]),
        )
    }
)

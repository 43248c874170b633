"""A proxy for the eye: what is left of a picture when its finest detail is integrated away."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.types import FeatureMaps, Images

# Autocorrelation of the eye's point spread, two Gaussians (weight, sigma in degrees of visual
# angle): Kim & Allebach, Impact of HVS models on model-based halftoning, IEEE Trans. Image
# Processing 11 (2002).
EYE = ((43.2, 0.0219), (38.7, 0.0598))


def eye_autocorrelation(distance: float) -> np.ndarray:
    """The eye's autocorrelation on pixels, 1 at its centre: float64 (2 r + 1, 2 r + 1).

    distance: from the eye to the picture [px], 1000 to 10000; ValueError for any other.
    3500 is 0.9 m from pixels of 0.25 mm.
    """
    checks.within("distance", distance, 1000, 10000, "pixels")
    degrees = math.degrees(1 / distance)  # that one pixel subtends
    radius = math.ceil(3 * EYE[1][1] / degrees)
    x = np.arange(-radius, radius + 1) * degrees
    squared = x[:, None] ** 2 + x**2
    near, wide = (weight * np.exp(-squared / (2 * sigma**2)) for weight, sigma in EYE)
    return (near + wide) / (near + wide).max()


def blur_of_distance(distance: float, pixel: float = 0.25, acuity: float = 1.0) -> float:
    """Standard deviation [px] of the eye's blur for a screen seen from afar.

    distance: [m].  pixel: its side [mm].  acuity: the angle that the eye still resolves [arc
    minutes] (1 is 20/20 vision), taken as the full width at half maximum of a Gaussian.
    Raises ValueError unless all three are greater than 0.
    """
    for name, value in (("distance", distance), ("pixel", pixel), ("acuity", acuity)):
        checks.above(name, value)
    width = 1000 * distance * math.tan(math.radians(acuity / 60))  # millimetres on the screen
    return width / pixel / (2 * math.sqrt(2 * math.log(2)))


def power_spectrum(field: Images, tile: int = 64) -> Tensor:
    """The share of a pattern's power at each frequency, its mean tone taken out.

    field: (1, 1, H, W), H and W multiples of `tile`.  Returns (tile, tile), summing to 1 unless
    the field is even; the middle is frequency 0, the ends -1/2 and 1/2 cycles per pixel.
    Mean over tiles behind a Hann window (Welch 1967, without overlap).
    """
    window = torch.hann_window(tile)
    tiles = (field - field.mean())[0, 0].unfold(0, tile, tile).unfold(1, tile, tile)
    tiles = tiles * window[:, None] * window
    power = torch.fft.fft2(tiles).abs().pow(2).mean((0, 1))
    return torch.fft.fftshift(power / power.sum().clamp_min(1e-12))


def gaussian(maps: FeatureMaps, sigma: float) -> FeatureMaps:
    """Gaussian low-pass of `sigma` pixels, borders reflected: (N, C, H, W), same shape back.

    Cut at 3 sigma, so height and width are greater than that.
    """
    radius = math.ceil(3 * sigma)
    if not radius:
        return maps
    x = torch.arange(-radius, radius + 1, dtype=maps.dtype, device=maps.device)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    planes = F.pad(maps.flatten(0, 1)[:, None], (radius,) * 4, mode="reflect")
    planes = F.conv2d(F.conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None])
    return planes.view_as(maps)


def integrate(images: Images, sigma: float, restore_contrast: bool = False) -> Images:
    """Visual integration: a Gaussian low-pass of `sigma` pixels, borders reflected.

    A proxy for a human eye, not a measurement of one.  (N, 1, H, W) in [0, 1], same shape
    back.  restore_contrast: stretch each image to the full range [0, 1] afterwards.
    Raises ValueError for a sigma below 0, or one so wide that reflection has no pixels left.
    """
    checks.within("sigma", sigma, 0, (min(images.shape[2:]) - 1) / 3, "pixels")
    images = gaussian(images, sigma)
    if restore_contrast:
        low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
        images = (images - low) / (high - low).clamp_min(1 / 255)
    return images.clamp(0, 1)

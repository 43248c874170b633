"""A proxy for the eye: what is left of a picture when its finest detail is integrated away."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def blur_of_distance(distance: float, pixel: float = 0.25, acuity: float = 1.0) -> float:
    """Standard deviation, in pixels, of the eye's blur for a screen seen from afar.

    distance: metres.  pixel: its side in millimetres.  acuity: arc minutes the eye still
    resolves (1 is 20/20 vision), taken as the full width at half maximum of a Gaussian.
    Raises ValueError unless all three are greater than 0.
    """
    if min(distance, pixel, acuity) <= 0:
        raise ValueError(
            f"distance is {distance} m, pixel {pixel} mm, acuity {acuity}'; all are above 0."
        )
    width = 1000 * distance * math.tan(math.radians(acuity / 60))  # millimetres on the screen
    return width / pixel / (2 * math.sqrt(2 * math.log(2)))


def power_spectrum(field: Tensor, tile: int = 64) -> Tensor:
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


def gaussian(maps: Tensor, sigma: float) -> Tensor:
    """Gaussian low-pass of `sigma` pixels, borders reflected: (N, C, H, W), same shape back.

    Cut at 3 sigma, so height and width are greater than that.
    """
    radius = math.ceil(3 * sigma)
    if not radius:
        return maps
    x = torch.arange(-radius, radius + 1, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = kernel / kernel.sum()
    planes = F.pad(maps.flatten(0, 1)[:, None], (radius,) * 4, mode="reflect")
    planes = F.conv2d(F.conv2d(planes, kernel[None, None, None]), kernel[None, None, :, None])
    return planes.view_as(maps)


def integrate(images: Tensor, sigma: float, restore_contrast: bool = False) -> Tensor:
    """Visual integration: a Gaussian low-pass of `sigma` pixels, borders reflected.

    A proxy for a human eye, not a measurement of one.  (N, 1, H, W) in [0, 1], same shape
    back.  restore_contrast: stretch each image to the full range [0, 1] afterwards.
    Raises ValueError for a sigma below 0, or one so wide that reflection has no pixels left.
    """
    if not 0 <= 3 * sigma <= min(images.shape[2:]) - 1:
        raise ValueError(f"sigma is {sigma} px; it is 0 to a third of the picture's side.")
    images = gaussian(images, sigma)
    if restore_contrast:
        low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
        images = (images - low) / (high - low).clamp_min(1 / 255)
    return images.clamp(0, 1)

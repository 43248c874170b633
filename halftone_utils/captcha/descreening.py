"""Filters that undo the screen before a solver reads (rung 2 of the ladder).

Every filter takes and returns (N, 1, H, W) in [0, 1], each picture by itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from halftone_utils.engine.types import Images
from halftone_utils.screens.perception import integrate
from halftone_utils.screens.ways import Way, by_name


def stretch(images: Images) -> Images:
    """Each picture from its 2nd to its 98th percentile, as (N, 1, H, W) in [0, 1]."""
    ends = torch.quantile(images.flatten(1), torch.tensor([0.02, 0.98]), dim=1)
    low, high = ends[:, :, None, None, None]
    return ((images - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def stretched(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same function, with `stretch` applied to what it returns."""

    def treat(images: Images, **parameters: Any) -> Images:
        return stretch(function(images, **parameters))

    return treat


def _each(images: Tensor, function: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """A function of an array (H, W) over each picture."""
    return torch.stack([torch.from_numpy(function(x[0].numpy()))[None] for x in images])


def median(images: Images, *, side: int) -> Images:
    """Median of side x side pixels (odd), in 256 levels."""
    levels = (255 * images).round().byte()
    return _each(levels, lambda image: cv2.medianBlur(image, side)) / 255


def bilateral(images: Images, *, sigma: float, tones: float) -> Images:
    """Bilateral filter (Tomasi & Manduchi 1998): Gaussian in place (sigma [px]) and in tone.

    tones: standard deviation in tone, which is 0 to 1.
    """
    # A slight blur first: between black and white dots no tone is near another.
    soft = integrate(images, 1.5)
    return _each(soft, lambda image: cv2.bilateralFilter(image, -1, tones, sigma))


def notch(images: Images, *, peaks: int) -> Images:
    """Take the strongest peaks out of the spectrum, so many, each with its mirror image."""
    height, width = images.shape[2:]
    fy = torch.fft.fftfreq(height)[:, None].expand(height, width)
    fx = torch.fft.fftfreq(width)[None].expand(height, width)
    distance = (fy.square() + fx.square()).sqrt()
    means = images.mean((2, 3), keepdim=True)
    spectra = torch.fft.fft2(images - means)
    strength = spectra.abs() * (distance >= 0.06)  # cycles per pixel: below lie the letters
    for _ in range(peaks):
        at = strength.flatten(1).argmax(1)
        for sign in (1, -1):
            y, x = (sign * f.flatten()[at].view(-1, 1, 1, 1) for f in (fy, fx))
            # frequencies repeat after 1 cycle per pixel
            dy, dx = ((f - f0 + 0.5) % 1 - 0.5 for f, f0 in ((fy, y), (fx, x)))
            kept = dy.square() + dx.square() > 0.02**2
            spectra, strength = spectra * kept, strength * kept
    return (torch.fft.ifft2(spectra).real + means).clamp(0, 1)


def down_and_up(images: Images, *, factor: int) -> Images:
    """Reduced `factor` times by area averaging, enlarged again by bicubic interpolation."""
    small = F.interpolate(images, [side // factor for side in images.shape[2:]], mode="area")
    return F.interpolate(small, images.shape[2:], mode="bicubic", antialias=True).clamp(0, 1)


def closing(images: Images, *, side: int) -> Images:
    """Morphological closing of white by a square of side x side pixels: removes black dots."""
    reach = side // 2
    wider = F.max_pool2d(images, side, stride=1, padding=reach)
    return -F.max_pool2d(-wider, side, stride=1, padding=reach)


AS_IT_IS = Way("as it is", stretch)

# Cells are 4 to 10 pixels wide, strokes about 25: what blurs less leaves dots, more loses letters.
_SETTINGS: dict[str, tuple[Callable[..., Tensor], dict[str, tuple[float, ...]]]] = {
    "Gaussian": (integrate, {"sigma": (1.5, 2.5, 3.5, 5.0, 7.0)}),
    "median": (median, {"side": (5, 9, 13, 19)}),
    "bilateral": (bilateral, {"sigma": (4, 4, 7), "tones": (0.3, 0.7, 0.5)}),
    "notch": (notch, {"peaks": (2, 6, 15)}),
    "down and up": (down_and_up, {"factor": (4, 6, 8, 11)}),
    "closing": (closing, {"side": (5, 9, 13)}),
    # of black: removes white dots
    "closing of black": (lambda x, side: 1 - closing(1 - x, side=side), {"side": (5, 9, 13)}),
}
FILTERS: Mapping[str, Way] = by_name(
    Way(kind, stretched(function), dict(zip(columns, values, strict=True)))
    for kind, (function, columns) in _SETTINGS.items()
    for values in zip(*columns.values(), strict=True)
)

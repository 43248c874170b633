"""What an attacker does before the solver: undo the screen (rung 2 of the ladder).

Every filter is (N, 1, H, W) in [0, 1] -> (N, 1, H, W) in [0, 1], each picture by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from halftone_utils.screens import perception


@dataclass(frozen=True)
class Treatment:
    """One setting of one filter.  name: as a table shows it."""

    kind: str
    function: Callable[..., Tensor]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The kind and its parameters."""
        return " ".join([self.kind, *(f"{k}={v:g}" for k, v in self.parameters.items())])

    def __call__(self, images: Tensor) -> Tensor:
        """Treat (N, 1, H, W); contrast is stretched afterwards, as any attacker would."""
        return stretch(self.function(images, **self.parameters))


def stretch(images: Tensor) -> Tensor:
    """Each picture from its 2nd to its 98th percentile, as (N, 1, H, W) in [0, 1]."""
    ends = torch.quantile(images.flatten(1), torch.tensor([0.02, 0.98]), dim=1)
    low, high = ends[:, :, None, None, None]
    return ((images - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)


def _each(images: Tensor, function: Callable[[np.ndarray], np.ndarray]) -> Tensor:
    """A function of an array (H, W) over each picture."""
    return torch.stack([torch.from_numpy(function(x[0].numpy()))[None] for x in images])


def gaussian(images: Tensor, *, sigma: float) -> Tensor:
    """Low-pass of so many pixels."""
    return perception.integrate(images, sigma)


def median(images: Tensor, *, side: int) -> Tensor:
    """Median of side x side pixels, in 256 levels."""

    def of(image: np.ndarray) -> np.ndarray:
        return cv2.medianBlur((255 * image).round().astype(np.uint8), side) / np.float32(255)

    return _each(images, of)


def bilateral(images: Tensor, *, sigma: float, tones: float) -> Tensor:
    """A mean of neighbours that are near in place (sigma, pixels) and in tone (0 to 1)."""
    # first a little blur: between black and white dots no tone is near another
    soft = perception.integrate(images, 1.5)
    return _each(soft, lambda image: cv2.bilateralFilter(image, -1, tones, sigma))


def notch(images: Tensor, *, peaks: int, lowest: float = 0.06, radius: float = 0.02) -> Tensor:
    """Take the strongest peaks out of the spectrum.

    peaks: how many, each with its mirror image.  lowest: cycles per pixel under which the letters
    themselves lie.  radius: of the disc around each peak that is set to zero, cycles per pixel.
    """
    height, width = images.shape[2:]
    fy = torch.fft.fftfreq(height)[:, None].expand(height, width)
    fx = torch.fft.fftfreq(width)[None].expand(height, width)
    distance = (fy.square() + fx.square()).sqrt()
    means = images.mean((2, 3), keepdim=True)
    spectra = torch.fft.fft2(images - means)
    strength = spectra.abs() * (distance >= lowest)
    for _ in range(peaks):
        at = strength.flatten(1).argmax(1)
        for sign in (1, -1):
            y, x = (sign * f.flatten()[at].view(-1, 1, 1, 1) for f in (fy, fx))
            # frequencies repeat after 1 cycle per pixel
            dy, dx = ((f - f0 + 0.5) % 1 - 0.5 for f, f0 in ((fy, y), (fx, x)))
            kept = dy.square() + dx.square() > radius**2
            spectra, strength = spectra * kept, strength * kept
    return (torch.fft.ifft2(spectra).real + means).clamp(0, 1)


def down_and_up(images: Tensor, *, factor: int) -> Tensor:
    """Reduced by means over areas, enlarged again by bicubic interpolation."""
    small = F.interpolate(images, [side // factor for side in images.shape[2:]], mode="area")
    return F.interpolate(small, images.shape[2:], mode="bicubic", antialias=True).clamp(0, 1)


def closing(images: Tensor, *, side: int) -> Tensor:
    """Morphological closing of white by a square of side x side pixels: black dots go."""
    reach = side // 2
    wider = F.max_pool2d(images, side, stride=1, padding=reach)
    return -F.max_pool2d(-wider, side, stride=1, padding=reach)


def closing_of_black(images: Tensor, *, side: int) -> Tensor:
    """Morphological closing of black by a square of side x side pixels: white dots go."""
    return 1 - closing(1 - images, side=side)


AS_IT_IS = Treatment("as it is", torch.clone)


def _swept(kind: str, function: Callable[..., Tensor], *settings: dict) -> list[Treatment]:
    return [Treatment(kind, function, parameters) for parameters in settings]


# Cells are 4 to 10 pixels wide, strokes about 25: what blurs less leaves dots, more loses letters.
FILTERS: Mapping[str, Treatment] = MappingProxyType(
    {
        treatment.name: treatment
        for treatment in (
            *_swept("Gaussian", gaussian, *({"sigma": s} for s in (1.5, 2.5, 3.5, 5.0, 7.0))),
            *_swept("median", median, *({"side": s} for s in (5, 9, 13, 19))),
            *_swept(
                "bilateral",
                bilateral,
                {"sigma": 4, "tones": 0.3},
                {"sigma": 4, "tones": 0.7},
                {"sigma": 7, "tones": 0.5},
            ),
            *_swept("notch", notch, {"peaks": 2}, {"peaks": 6}, {"peaks": 15}),
            *_swept("down and up", down_and_up, *({"factor": f} for f in (4, 6, 8, 11))),
            *_swept("closing", closing, *({"side": s} for s in (5, 9, 13))),
            *_swept("closing of black", closing_of_black, *({"side": s} for s in (5, 9, 13))),
        )
    }
)

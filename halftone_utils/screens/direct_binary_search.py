"""Halftoning by direct binary search: change dots until no change brings it closer for the eye.

Analoui & Allebach, Model-based halftoning using direct binary search, SPIE 1666 (1992).  The
best there is at a given grain, and a thousand times the work of a screen: for small pictures.
"""

import math

import numpy as np
import torch
from numba import njit
from torch import Tensor

from halftone_utils.screens import tone
from halftone_utils.screens.error_diffusion import each_group, planes
from halftone_utils.screens.thresholds import random_thresholds
from halftone_utils.screens.tone import FULL_RANGE

# Autocorrelation of the eye's point spread, two Gaussians (weight, sigma in degrees of visual
# angle): Kim & Allebach, Impact of HVS models on model-based halftoning, IEEE Trans. Image
# Processing 11 (2002).
EYE = ((43.2, 0.0219), (38.7, 0.0598))
NEAREST, FARTHEST = 1000, 10000  # viewing distances, in pixels
SWEEPS = 50  # far more than a picture takes: about ten


def eye_autocorrelation(distance: float) -> np.ndarray:
    """The eye's autocorrelation on pixels, 1 at its centre: float64 (2 r + 1, 2 r + 1).

    distance: from the eye to the picture, in pixels, 1000 to 10000; ValueError for any other.
    3500 is 0.9 m from pixels of 0.25 mm.
    """
    if not NEAREST <= distance <= FARTHEST:
        raise ValueError(f"distance is {distance} pixels; it is {NEAREST} to {FARTHEST}.")
    degrees = math.degrees(1 / distance)  # that one pixel subtends
    radius = math.ceil(3 * EYE[1][1] / degrees)
    x = np.arange(-radius, radius + 1) * degrees
    squared = x[:, None] ** 2 + x**2
    spread = sum(weight * np.exp(-squared / (2 * sigma**2)) for weight, sigma in EYE)
    return spread / spread.max()


@njit(nogil=True, cache=True)
def _correlate(error, eye):  # noqa: ANN001, ANN202
    """The error as the eye's autocorrelation spreads it; nothing lies outside the picture."""
    height, width = error.shape
    radius = len(eye) // 2
    seen = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            _spread(seen, eye, y, x, error[y, x], radius)
    return seen


@njit(nogil=True, cache=True)
def _spread(seen, eye, y, x, change, radius):  # noqa: ANN001, ANN202
    height, width = seen.shape
    for i in range(max(0, y - radius), min(height, y + radius + 1)):
        for j in range(max(0, x - radius), min(width, x + radius + 1)):
            seen[i, j] += change * eye[i - y + radius, j - x + radius]


@njit(nogil=True, cache=True)
def _search(dots, picture, eye, sweeps):  # noqa: ANN001, ANN202
    """Toggle a dot, or swap it with a neighbour, wherever that lowers the error seen; in place."""
    height, width = dots.shape
    radius = len(eye) // 2
    seen = _correlate(dots - picture, eye)
    for _ in range(sweeps):
        changed = False
        for y in range(height):
            for x in range(width):
                turn = 1.0 - 2.0 * dots[y, x]
                # a toggle: sum of squares seen changes by a² c(0) + 2 a (c * error)(y, x)
                least, other_y, other_x = eye[radius, radius] + 2 * turn * seen[y, x], y, x
                for i in range(max(0, y - 1), min(height, y + 2)):
                    for j in range(max(0, x - 1), min(width, x + 2)):
                        if dots[i, j] == dots[y, x]:
                            continue
                        apart = eye[radius, radius] - eye[radius + i - y, radius + j - x]
                        change = 2 * apart + 2 * turn * (seen[y, x] - seen[i, j])
                        if change < least:
                            least, other_y, other_x = change, i, j
                if least >= -1e-9:  # rounding must not keep two patterns changing places
                    continue
                changed = True
                dots[y, x] += turn
                _spread(seen, eye, y, x, turn, radius)
                if other_y != y or other_x != x:
                    dots[other_y, other_x] -= turn
                    _spread(seen, eye, other_y, other_x, -turn, radius)
        if not changed:
            return


def direct_binary_search(
    images: Tensor,
    distance: float = 3500,
    seed: int = 0,
    tone_range: tuple[float, float] = FULL_RANGE,
    out: Tensor | None = None,
) -> Tensor:
    """Halftone by direct binary search from random dots, until no toggle and no swap helps.

    images: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0; or uint8 (N, 1, H, W) or (N, H, W) -> bool, or
    `out` (bool or uint8, 0 or 1) filled.  distance: from the eye, in pixels (see
    `eye_autocorrelation`).  seed: of the first pattern, the same for all pictures.
    Raises ValueError for pictures, a distance or a tone range that are not allowed.
    """
    tone.check_pictures(images, out)
    eye = eye_autocorrelation(distance)
    narrow = images.dtype == torch.uint8
    tones = tone.map_tone(images.float() / 255 if narrow else images.float(), tone_range)
    first = random_thresholds(*images.shape[-2:], seed)[0, 0]
    pictures = planes(tones).astype(np.float64)
    printed = (pictures > first.numpy()).astype(np.float64)

    def work(group: slice) -> None:
        for dots, picture in zip(printed[group], pictures[group], strict=True):
            _search(dots, picture, eye, SWEEPS)

    each_group(work, len(pictures), 1)
    result = torch.from_numpy(printed).view(images.shape).to(images.device)
    if not narrow:
        return result.float()
    return result.bool() if out is None else out.copy_(result)

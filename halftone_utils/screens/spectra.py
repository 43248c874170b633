"""Where in frequency a change of a picture lies: power in bands, noise in a band, phases anew.

Frequencies are radial, in cycles per pixel; the highest of a square grid is 1/sqrt(2).
"""

import math

import numpy as np
import torch
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.types import Images

Band = tuple[float, float]  # least and greatest frequency [cycles/px], the second one left out

# half octaves from the lowest frequency of 32 pixels, then what only diagonal waves have
BANDS: tuple[Band, ...] = (
    *((2 ** (k / 2), 2 ** ((k + 1) / 2)) for k in range(-10, -2)),
    (0.5, 0.75),
)


def frequencies(side: int) -> Tensor:
    """The radial frequency of each coefficient of `torch.fft.fft2`: (side, side)."""
    each = torch.fft.fftfreq(side, dtype=torch.float64)
    return torch.hypot(each[:, None], each)


def in_band(side: int, band: Band) -> Tensor:
    """Which coefficients of `torch.fft.fft2` a band holds: bool (side, side)."""
    f, hair = frequencies(side), 1e-9  # 1/32 sqrt(2) is an edge and a frequency
    return (f >= band[0] - hair) & (f < band[1] - hair)


def in_sector(side: int, orientation: int, period: int) -> Tensor:
    """Which coefficients of `torch.fft.fft2` are of waves that run one way: bool (side, side).

    orientation: [degrees] from across to down, a multiple of 45; waves within 22.5 of it.
    period: [degrees] after which orientations count as the same: 180, or 90 for axes (0) and
    diagonals (45).
    """
    each = torch.fft.fftfreq(side, dtype=torch.float64)
    eighths = (torch.atan2(each[:, None], each) / (torch.pi / 4)).round().long()
    return 45 * eighths % period == orientation


def on_lattice(side: int, spacing: int) -> Tensor:
    """Which coefficients of `torch.fft.fft2` a pattern that repeats can have: bool (side, side).

    spacing: [px] after which it repeats down and across; it divides the side.
    """
    each = torch.arange(side) % (side // spacing) == 0
    kept = each[:, None] & each
    kept[0, 0] = False
    return kept


def white_noise(n: int, side: int, seed: int = 0) -> Images:
    """Gaussian noise of deviation 1: (n, 1, side, side); picture i is the same for every n > i."""
    drawn = np.random.default_rng(seed).normal(size=(n, 1, side, side))
    return torch.from_numpy(drawn.astype(np.float32))


def band_noise(n: int, side: int, band: Band, seed: int = 0) -> Images:
    """Gaussian noise whose frequencies lie in a band, each picture's rms 1: (n, 1, side, side).

    Raises ValueError for a band that holds no frequency of such pictures.
    """
    kept = in_band(side, band)
    if not kept.any():
        raise ValueError(f"band is {band} [cycles/px]; pictures of {side} px have none there.")
    return noise_in(n, side, kept, seed)


def noise_in(n: int, side: int, kept: Tensor, seed: int = 0) -> Images:
    """Gaussian noise of some frequencies, each picture's rms 1: (n, 1, side, side).

    kept: which coefficients of `torch.fft.fft2`, bool (side, side), at least one.
    """
    noise = torch.fft.ifft2(torch.fft.fft2(white_noise(n, side, seed)) * kept).real
    return noise / rms(noise)


def grating(n: int, side: int, frequency: tuple[float, float], seed: int = 0) -> Images:
    """A sine wave of random phase, its rms 1: (n, 1, side, side).

    frequency: down and across [cycles/px].  Picture i is the same for every n > i.
    """
    phases = torch.from_numpy(np.random.default_rng(seed).random((n, 1, 1, 1), dtype=np.float32))
    x = torch.arange(side, dtype=torch.float32)
    cycles = frequency[0] * x[:, None] + frequency[1] * x + phases
    return math.sqrt(2) * torch.cos(2 * torch.pi * cycles)


def power_in_bands(images: Images, bands: tuple[Band, ...] = BANDS) -> Tensor:
    """Mean square of each picture in each band: (N, 1, H, H) -> (N, bands).

    Over bands that tile the spectrum they add up to the mean square of what is not constant.
    """
    return power_in(images, torch.stack([in_band(images.shape[-1], band) for band in bands]))


def power_in(images: Images, kept: Tensor) -> Tensor:
    """Mean square of each picture in each cell of the spectrum: (N, 1, H, H) -> (N, cells).

    kept: which coefficients of `torch.fft.fft2` a cell holds, bool (cells, H, H).
    """
    power = torch.fft.fft2(images[:, 0].double()).abs().square() / images.shape[-1] ** 4
    return torch.einsum("nhw,bhw->nb", power, kept.double()).float()


def residual(drawn: Images, originals: Images) -> tuple[Images, Images]:
    """What a redrawing adds to a gain and an offset of its original, by least squares a picture.

    drawn = fit + rest.  Returns fit and rest, (N, 1, H, W) each; where an original is even, the
    fit is the mean.
    """
    mean_x, mean_y = (x.mean((1, 2, 3), keepdim=True) for x in (originals, drawn))
    x, y = originals - mean_x, drawn - mean_y
    variance = x.square().mean((1, 2, 3), keepdim=True)
    gain = (x * y).mean((1, 2, 3), keepdim=True) / variance.clamp_min(1e-12)
    fit = mean_y + gain * x
    return fit, drawn - fit


def random_phases(images: Images, seed: int = 0, window: int = 0) -> Images:
    """Pictures with the amplitudes of these at every frequency, and phases of white noise.

    window: side [px] of the squares that are done each by itself, so that power stays where it
    lies; 0 for the whole picture.  A picture's mean, or each window's, is kept.
    """
    checks.whole("window", window, 0, images.shape[-1])
    n, _, height, width = images.shape
    side = window or height
    if height % side or width % side:
        raise ValueError(f"window is {window} px; it divides {height} and {width}.")
    tiles = images.unfold(2, side, side).unfold(3, side, side)
    noise = white_noise(n, height, seed).unfold(2, side, side).unfold(3, side, side)
    phases = torch.fft.fft2(noise)
    phases = phases / phases.abs().clamp_min(1e-12)
    phases[..., 0, 0] = 1
    spectrum = torch.fft.fft2(tiles)
    amplitude = spectrum.abs().to(phases.dtype)
    amplitude[..., 0, 0] = spectrum[..., 0, 0]  # the mean with its sign
    drawn = torch.fft.ifft2(amplitude * phases).real
    return drawn.permute(0, 1, 2, 4, 3, 5).reshape(n, 1, height, width)


def shuffled(images: Images, seed: int = 0) -> Images:
    """Each picture's pixels in an order of its own, the same for every batch size."""
    order = white_noise(len(images), images.shape[-1], seed).flatten(1).argsort(1)
    return images.flatten(1).gather(1, order).view_as(images)


def rms(images: Images) -> Tensor:
    """The root mean square of each picture: (N, 1, 1, 1)."""
    return images.square().mean((1, 2, 3), keepdim=True).sqrt()


def in_range(images: Images) -> Images:
    """Pictures with so much less contrast about half tone, each its own, that they fit in [0, 1].

    All that is linear in a picture, up to its contrast, stays as it is, as clipping would not let
    it: a clipped residual has power at frequencies where it had none.
    """
    beyond = 2 * (images - 0.5).abs().amax((1, 2, 3), keepdim=True)
    return 0.5 + (images - 0.5) / beyond.clamp_min(1)

"""The operating point `strong`: a classical screen over a tone range, and its controls.

Frozen in data/strong.toml, on validation digits, before any test label was read; `frontier`
measures what it was chosen from.
"""

import tomllib
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from halftone_utils import screens
from halftone_utils.engine.files import DATA, DataError, hash_of
from halftone_utils.screens import perception, tone

FILE = DATA / "strong.toml"


@dataclass(frozen=True, kw_only=True)
class Strong:
    """A clustered-dot screen, the range that tones are mapped into first, and the eye's blur.

    size: side of the digits in pixels.  ruling: pixels a cell.  angle: degrees.  dot: as in
    `thresholds.am_thresholds`.  tone_range: least and greatest tone.  sigma: standard
    deviation, in pixels, of the Gaussian that stands for the eye.
    """

    size: int
    ruling: float
    angle: float
    dot: str
    tone_range: tuple[float, float]
    sigma: float

    @property
    def hash(self) -> str:
        """Short name of all that decides the pictures."""
        return hash_of(asdict(self))

    def halftone(self, images: Tensor) -> Tensor:
        """The halftone of each picture: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0."""
        return screens.am_screen(
            images, self.ruling, self.angle, self.dot, tone_range=self.tone_range
        )

    def no_dots(self, images: Tensor) -> Tensor:
        """The control without a dot: the same tones, continuous."""
        return tone.map_tone(images, self.tone_range)

    def random_dots(self, images: Tensor, seed: int = 0) -> Tensor:
        """The control without a screen: `random_dots` of the same tones."""
        return random_dots(images, self.tone_range, seed)

    def from_afar(self, images: Tensor) -> Tensor:
        """What visual integration leaves, contrast restored: a proxy for the eye."""
        return perception.integrate(images, self.sigma, restore_contrast=True)


def random_dots(images: Tensor, tone_range: tuple[float, float], seed: int = 0) -> Tensor:
    """Each pixel white with its tone's probability: (N, 1, H, W) in [0, 1] -> 0.0 or 1.0.

    Each picture has dots of its own, which depend on its place in the batch and the seed.
    """
    thresholds = np.random.default_rng(seed).random(images.shape, dtype=np.float32)
    return (tone.map_tone(images, tone_range) > torch.from_numpy(thresholds)).float()


@cache
def load(size: int) -> Strong:
    """The frozen point for digits of that side.

    Raises ValueError for a size that is not in the file, DataError for a file that is missing
    or not as it should be.
    """
    try:
        points = tomllib.loads(FILE.read_text())
    except FileNotFoundError:
        raise DataError(f"{FILE} is missing: restore it with `git checkout data`.") from None
    except ValueError as error:
        raise DataError(f"{FILE} is not valid TOML ({error}).") from None
    key = f"strong-{size}"
    if key not in points:
        raise ValueError(f"size is {size!r}; {FILE.name} has {', '.join(points)}.")
    try:
        point = Strong(**{**points[key], "tone_range": tuple(points[key]["tone_range"])})
        blank = torch.zeros(1, 1, size, size)
        point.from_afar(point.halftone(blank))  # checks the values
        if point.size != size:
            raise ValueError(f"size is {point.size}; under this heading it is {size}.")
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(f"{FILE}, [{key}]: {error}") from None
    return point

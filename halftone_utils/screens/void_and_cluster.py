"""Blue-noise masks by void and cluster (Ulichney 1993), made once and kept in the cache."""

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np

from halftone_utils.engine import checks
from halftone_utils.engine.files import CACHE, hash_of, sha256, write_atomically

SIGMA = 1.5  # of the Gaussian that finds voids and clusters [px], Ulichney's choice
FIRST_DOTS = 0.1  # share of the pixels that are white in the first, random pattern


def _gaussian(size: int) -> np.ndarray:
    """The Gaussian around pixel (0, 0) of a torus, (size, size).

    In integers: sums of them are exact, so a mask has the same bits on every machine.
    """
    way = np.minimum(np.arange(size), size - np.arange(size)).astype(float)
    weights = np.exp(-(way[:, None] ** 2 + way**2) / (2 * SIGMA**2))
    return np.round(weights * 2**30).astype(np.int64)


class _Pattern:
    """A binary pattern on a torus and, at each pixel, how crowded it is with white ones."""

    def __init__(self, white: np.ndarray) -> None:
        self.white, self._gaussian = white, _gaussian(len(white))
        self._twice = np.tile(self._gaussian, (2, 2))
        self.crowding = np.zeros_like(self._gaussian)
        for place in np.flatnonzero(white):
            self._add(int(place), 1)

    def _add(self, place: int, sign: int) -> None:
        size = len(self.white)
        y, x = divmod(place, size)
        around = self._twice[size - y : 2 * size - y, size - x : 2 * size - x]
        self.crowding += sign * around

    def flip(self, place: int) -> None:
        self.white.flat[place] ^= True
        self._add(place, 1 if self.white.flat[place] else -1)

    def tightest_cluster(self) -> int:
        """The white pixel with most white around it."""
        return int(np.where(self.white, self.crowding, -1).argmax())

    def largest_void(self) -> int:
        """The black pixel with least white around it."""
        return int(np.where(self.white, np.iinfo(np.int64).max, self.crowding).argmin())

    def copy(self) -> "_Pattern":
        return _Pattern(self.white.copy())


def make_mask(size: int, seed: int) -> np.ndarray:
    """Rank of each pixel, 0 to size² - 1, in the order in which they turn white: (size, size)."""
    count = size * size
    white = np.zeros(count, bool)
    first = np.random.default_rng(seed).permutation(count)[: round(FIRST_DOTS * count)]
    white[first] = True
    pattern = _Pattern(white.reshape(size, size))
    while True:  # move the most crowded white pixel to the emptiest place, until that is no gain
        cluster = pattern.tightest_cluster()
        pattern.flip(cluster)
        void = pattern.largest_void()
        if pattern.crowding.flat[void] == pattern.crowding.flat[cluster]:
            pattern.flip(cluster)
            break
        pattern.flip(void)
    ranks = np.empty(count, np.uint16)
    thinner = pattern.copy()
    for rank in reversed(range(len(first))):
        place = thinner.tightest_cluster()
        thinner.flip(place)
        ranks[place] = rank
    # Ulichney's third phase looks for clusters of black; since black and white together are
    # everywhere alike, the tightest of these lies where white is scarcest: at the largest void.
    for rank in range(len(first), count):
        place = pattern.largest_void()
        pattern.flip(place)
        ranks[place] = rank
    return ranks.reshape(size, size)


def _path(size: int, seed: int) -> Path:
    made_by = {"size": size, "seed": seed, "sigma": SIGMA, "first": FIRST_DOTS}
    return CACHE / "blue-noise" / f"{size}-{seed}-{hash_of(made_by)}.ranks"


@lru_cache(maxsize=8)
def mask(size: int = 64, seed: int = 0) -> np.ndarray:
    """`make_mask`, from the cache where it is there: uint16 (size, size), not to be written to.

    size: 8 to 128.  seed: 0 or more.  The file is the ranks, little-endian, and their SHA-256;
    one that is damaged is made again, and one sentence on stderr says so.
    Raises ValueError for a size or a seed that is not allowed.
    """
    checks.whole("size", size, 8, 128)
    checks.whole("seed", seed, 0)
    path = _path(size, seed)
    if path.exists():
        found = path.read_bytes()
        content, digest = found[:-64], found[-64:]
        if len(content) == 2 * size**2 and digest == sha256(content).encode():
            return np.frombuffer(content, "<u2").reshape(size, size)
        print(f"Blue-noise mask {path} is damaged; it is made again.", file=sys.stderr)
    content = make_mask(size, seed).astype("<u2").tobytes()
    write_atomically(path, content + sha256(content).encode())
    return np.frombuffer(content, "<u2").reshape(size, size)

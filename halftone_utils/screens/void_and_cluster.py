"""Blue-noise masks by void and cluster (Ulichney, The void-and-cluster method, SPIE 1913, 1993)."""

from functools import lru_cache

import numpy as np

from halftone_utils.engine import checks

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

    def __init__(self, size: int, white: np.ndarray) -> None:
        self.white = np.zeros((size, size), bool)
        self.crowding = np.zeros((size, size), np.int64)
        self._twice = np.tile(_gaussian(size), (2, 2))
        for place in white.tolist():
            self.flip(place)

    def flip(self, place: int) -> None:
        """Turn the pixel of that index, row by row, from black to white or back."""
        size = len(self.white)
        y, x = divmod(place, size)
        self.white[y, x] ^= True
        around = self._twice[size - y : 2 * size - y, size - x : 2 * size - x]
        self.crowding += around if self.white[y, x] else -around

    def tightest_cluster(self) -> int:
        """The white pixel with most white around it."""
        return int(np.where(self.white, self.crowding, -1).argmax())

    def largest_void(self) -> int:
        """The black pixel with least white around it."""
        return int(np.where(self.white, np.iinfo(np.int64).max, self.crowding).argmin())


@lru_cache(maxsize=8)
def mask(size: int = 64, seed: int = 0) -> np.ndarray:
    """Rank of each pixel, 0 to size² - 1, in the order in which they turn white: (size, size).

    uint16, not to be written to.  size: side [px], 8 to 128.  seed: 0 or more, of the first dots.
    Raises ValueError for a size or a seed that is not allowed.
    """
    checks.whole("size", size, 8, 128)
    checks.whole("seed", seed, 0)
    count = size * size
    first = np.random.default_rng(seed).permutation(count)[: round(FIRST_DOTS * count)]
    pattern = _Pattern(size, first)
    while True:  # move the most crowded white pixel to the emptiest place, until that is no gain
        cluster = pattern.tightest_cluster()
        pattern.flip(cluster)
        void = pattern.largest_void()
        if pattern.crowding.flat[void] == pattern.crowding.flat[cluster]:
            pattern.flip(cluster)
            break
        pattern.flip(void)
    ranks = np.empty(count, np.uint16)
    thinner = _Pattern(size, np.flatnonzero(pattern.white))
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

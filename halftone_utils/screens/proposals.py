"""Thresholds that a halftone attack asks a model about: screens at random, and steps from them.

Every one keeps its picture's tone, and no model is called here.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from torch import Tensor

from halftone_utils.engine.types import FeatureMaps
from halftone_utils.screens.halftoning import halftone, parameters
from halftone_utils.screens.perception import gaussian
from halftone_utils.screens.thresholds import SPOTS

# Chosen on 40 validation digits read by LeNet and 14 photographs; lengths are in units of tone.
DISTANCE = 0.15  # of each threshold from its tone, for a screen
STEP = 0.3  # down the gradient, where it is largest
STEPS = 16  # of a descent, before the next one starts from the next screen
FEEDBACK = 0.5  # share of the local tone error that is added to the thresholds, a round,
SLACK = 0.6  # but for as much of it as this share of what is allowed
ROUNDS = 80  # of feedback, before thresholds are given up
TRIES = 100  # screens, of which one at least has to be brought to a picture's tone


@dataclass(frozen=True)
class Proposals:
    """Where thresholds come from; seed, kinds, rulings and tone_error as in `HalftoneAttack`."""

    seed: int
    kinds: tuple[str, ...]
    rulings: tuple[float, float]
    tone_error: float

    @property
    def sigma(self) -> float:
        """Of the Gaussian through which tone is kept [px]: half the coarsest ruling."""
        return self.rulings[1] / 2

    def of(self, tone: FeatureMaps) -> Generator[Tensor, Tensor | None, None]:
        """Thresholds (1, C, H, W) to ask the model about; it is sent their gradient, or None.

        Where there is no gradient, or it leads nowhere, the next screen follows.
        """
        for start in self._screens(tone):
            thresholds = start
            for _ in range(STEPS):
                slope = yield thresholds.detach()
                if slope is None or not slope.any():
                    break
                step = STEP * self._direction(slope)
                kept = self._keep_tone(thresholds - step, start, tone)
                if kept is None:
                    break
                thresholds = kept

    def _screens(self, tone: FeatureMaps) -> Iterator[Tensor]:
        """Thresholds of one random screen after the other, where need be moved to keep the tone.

        Each threshold is equally far from its tone, as only what is printed is known of a screen.
        """
        found = False
        for number in count():
            start = tone + 2 * DISTANCE * (0.5 - self._printed(number, tone))
            kept = self._keep_tone(start, start, tone)
            if kept is not None:
                found = True
                yield kept
            elif number + 1 >= TRIES and not found:
                raise ValueError(
                    f"tone_error is {self.tone_error:g}; none of {TRIES} screens keeps the tone of "
                    "a picture here so closely."
                )

    def _printed(self, number: int, tone: FeatureMaps) -> Tensor:
        """The halftone by one random screen, which the seed and its number alone decide."""
        rng = np.random.default_rng([self.seed, number])
        kind = self.kinds[rng.integers(len(self.kinds))]
        drawn = {
            "ruling": float(rng.uniform(*self.rulings)),
            "angle": float(rng.uniform(0, 180)),
            "dot": list(SPOTS)[rng.integers(len(SPOTS))],
            "phase": tuple(rng.random(2).tolist()),
            "serpentine": bool(rng.integers(2)),
        }
        by_side = rng.random(2) * tone.shape[2:]
        known = {name: value for name, value in drawn.items() if name in parameters(kind)}
        # a screen without a phase of its own is moved by moving the picture, round the edges
        shift = (0, 0) if "phase" in known else (int(by_side[0]), int(by_side[1]))
        moved = tone.roll(shift, (2, 3)).transpose(0, 1)  # channels are pictures to a screen
        printed = halftone(moved, kind, **known).transpose(0, 1)
        return printed.roll((-shift[0], -shift[1]), (2, 3)).to(tone.dtype)

    def _direction(self, slope: FeatureMaps) -> Tensor:
        """A gradient without what would change local tone, and without its few largest values.

        In (-1, 1): at the root mean square it is 1/2.
        """
        fine = slope - gaussian(slope, self.sigma)
        return fine / (fine.abs() + fine.square().mean().sqrt().clamp_min(1e-12))

    def _keep_tone(
        self, thresholds: FeatureMaps, start: FeatureMaps, tone: FeatureMaps
    ) -> Tensor | None:
        """Thresholds, higher where their halftone is locally too light; None if that is no use.

        Where a picture is black or white they stay those of `start`.
        """
        grey, let = (tone > 0) & (tone < 1), SLACK * self.tone_error
        for _ in range(ROUNDS):
            thresholds = thresholds.clamp(-1, 2).where(grey, start)  # none out of a step's reach
            error = gaussian((tone > thresholds).to(tone.dtype) - tone, self.sigma)
            if error.abs().max() <= self.tone_error:
                return thresholds
            thresholds = thresholds + FEEDBACK * (error - error.clamp(-let, let))
        return None

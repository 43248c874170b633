"""Which picture is asked when, drawn from a seed: one quiz, for the widgets and for the file.

People read digits near and from afar.  From afar a digit is shown at a quarter of its side, which
is the angle under which the near one is seen from four times as far.  No filter stands for the
eye; but how far from the screen somebody sits is not known, and a picture's angle with it.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from torch import Tensor

from halftone_utils.captcha import challenge, solvers, splits
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.digits import datasets, points, sets
from halftone_utils.engine import checks
from halftone_utils.engine.files import hash_of
from halftone_utils.results import people
from halftone_utils.results.people import Reading

SIDE = 32  # of a digit, in its own pixels, and in pixels of the page from afar
NEAR = 4  # times as wide it is near by
KINDS = [(name, afar) for name in people.CONDITIONS for afar in (False, True)]
# How many questions there are, and how many of them the file asks: about five minutes.
TOTAL = {people.DIGITS: 10 * len(KINDS), people.CAPTCHAS: 5 * len(SCHEMES)}
IN_FILE = {people.DIGITS: 4 * len(KINDS), people.CAPTCHAS: len(SCHEMES)}


@dataclass(frozen=True, kw_only=True)
class Question:
    """One picture and what it shows.

    quiz, condition, afar, shown, truth: as in `people.Reading`.
    """

    quiz: str
    condition: str
    afar: bool = False
    shown: int
    truth: str

    @property
    def picture(self) -> Tensor:
        """What is shown, in its own pixels: (1, H, W) in [0, 1]."""
        if self.quiz == people.DIGITS:
            return datasets.as_float(sets.pick(self.condition, "test", SIDE, [self.shown]))[0]
        seed = splits.FIRST_SEED["test"] + self.shown
        return solvers.as_tensor([challenge.make_captcha(self.truth, self.condition, seed)])[0]

    def checked(self, text: str) -> str:
        """An answer as it is kept; "" is "I cannot read it".  Raises ValueError for no answer."""
        answer = unicodedata.normalize("NFKC", text).strip().upper()
        is_digit = self.quiz == people.DIGITS
        of_kind = answer.isascii() and (answer.isdigit() if is_digit else answer.isalnum())
        if answer and not (of_kind and len(answer) == len(self.truth)):
            what = "1 digit" if is_digit else f"{len(self.truth)} characters"
            raise ValueError(f"“{text}” is not {what}: type what you read.")
        return answer

    def reading(
        self, *, participant: str, item: int, answer: str, seconds: float, at: str
    ) -> Reading:
        """The answer of a participant, the quiz's item-th, with all that this question says."""
        return Reading(
            **asdict(self),
            participant=participant,
            item=item,
            answer=answer,
            seconds=seconds,
            at=at,
        )


def _rounds(dice: np.random.RandomState, values: Sequence, n: int) -> list:
    """n values in rounds: every value once, in an order of its own."""
    order = [dice.permutation(len(values)) for _ in range(math.ceil(n / len(values)))]
    return [values[i] for i in np.concatenate(order)[:n]]


@cache
def digits(seed: int = 0) -> tuple[Question, ...]:
    """Test digits, each shown once; every round has each of KINDS and each digit's class alike.

    Raises ValueError for a seed that is none.
    """
    checks.whole("seed", seed, 0, 2**32 - 1)
    dice = np.random.RandomState([5, seed])  # a frozen stream
    n, labels = TOTAL[people.DIGITS], datasets.load("test", 28)[1].numpy()
    kinds, classes = _rounds(dice, KINDS, n), _rounds(dice, [*range(10)], n)
    order = dice.permutation(len(labels))
    left = [iter(order[labels[order] == c].tolist()) for c in range(10)]
    return tuple(
        Question(quiz=people.DIGITS, condition=name, afar=afar, shown=next(left[c]), truth=str(c))
        for (name, afar), c in zip(kinds, classes, strict=True)
    )


@cache
def captchas(seed: int = 0) -> tuple[Question, ...]:
    """CAPTCHAs that solvers read too, those of the test; every round has each scheme.

    No text is asked twice.  Raises ValueError for a seed that is none.
    """
    checks.whole("seed", seed, 0, 2**32 - 1)
    dice = np.random.RandomState([7, seed])  # a frozen stream
    schemes = _rounds(dice, [*SCHEMES], TOTAL[people.CAPTCHAS])
    texts = challenge.random_texts(splits.SPLITS["test"], splits.FIRST_SEED["test"])
    places = dice.permutation(len(texts))[: len(schemes)].tolist()
    return tuple(
        Question(quiz=people.CAPTCHAS, condition=scheme, shown=i, truth=texts[i])
        for scheme, i in zip(schemes, places, strict=True)
    )


def in_file(seed: int = 0) -> list[Question]:
    """What the file asks: the first rounds of digits, then of CAPTCHAs."""
    return [
        *digits(seed)[: IN_FILE[people.DIGITS]],
        *captchas(seed)[: IN_FILE[people.CAPTCHAS]],
    ]


@cache
def fingerprint(seed: int) -> str:
    """Short name of all that the file of this seed asks: questions, and what draws them."""
    drawn_by = [points.load(name, SIDE).hash for name in ("talk", "strong")]
    made_of = {name: scheme.made_of for name, scheme in SCHEMES.items()}
    return hash_of([seed, [asdict(question) for question in in_file(seed)], drawn_by, made_of])

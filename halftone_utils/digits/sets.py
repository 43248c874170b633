"""The sets of pictures by name: what classifiers are trained on, and what they are shown.

Some controls of `strong` are its tones (a gain and an offset of the original, by least squares) and
another residual in place of its own.  These leave [0, 1]: of 1,000 test digits at 32 px at 9
(shuffled) to 48 % (another digit's) of the pixels, and clipping would take 0.07 to 0.19 off, rms,
of 0.48, and make another control of each (high noise from afar: LeNet would read 77 %, not 95).  So
each picture's contrast is cut until it fits (`spectra.in_range`), to a third or a half; networks
that standardise each picture, and the blur that stretches contrast, undo that.  Eight bits then
change up to 1 % of what LeNet and AlexNet answer, less than one point of any accuracy.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from halftone_utils import screens
from halftone_utils.digits import datasets, halftone_sets, points
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.digits.halftone_sets import HalftoneSet
from halftone_utils.digits.points import ScreenPoint
from halftone_utils.engine import checks
from halftone_utils.screens import spectra

CHUNK = 500  # pictures made at a time


@dataclass(frozen=True)
class TestSet:
    """A row of TEST_SETS: what networks are shown.

    description: as a table says it.  point: the frozen point it belongs to; "" for none.
    draw: (point, images (N, 1, H, W) in [0, 1], number of the chunk) -> images; None for
    originals, and for halftones that a set on disk holds.
    by_place: whether a picture depends on its place in its chunk.
    seen_from_afar: the set that is shown through the point's blur; "" for none.
    short: whether networks that were trained on other pictures are shown it too.
    """

    description: str
    point: str = ""
    draw: Callable[[Any, Tensor, int], Tensor] | None = None
    by_place: bool = False
    seen_from_afar: str = ""
    short: bool = False


def _with_residual(
    draw: Callable[[ScreenPoint, Tensor, int], Tensor],
) -> Callable[[ScreenPoint, Tensor, int], Tensor]:
    """A control of a screen: its tones, and in place of its residual what is drawn for that.

    draw: (point, residual (N, 1, H, W), number of the chunk) -> another of the same shape.
    """

    def control(point: ScreenPoint, images: Tensor, chunk: int) -> Tensor:
        tones, rest = spectra.residual(point.halftone(images), images)
        return spectra.in_range(tones + draw(point, rest, chunk))

    return control


def _of_another_digit(point: ScreenPoint, rest: Tensor, chunk: int) -> Tensor:
    """The residuals of other digits, by place: of MNIST's training digits from the second on.

    The second, so that no training digit gets its own.  One in ten shows the same number.
    """
    digits, _ = datasets.load("train", datasets.SIDE)
    places = (torch.arange(len(rest)) + chunk * CHUNK + 1) % len(digits)
    others = as_float(datasets.resize(digits[places], rest.shape[-1]))
    return spectra.residual(point.halftone(others), others)[1]


def _grating(point: ScreenPoint, rest: Tensor, chunk: int) -> Tensor:
    """One wave of the screen's own frequency and angle; at 32 px (1/4, 1/4) cycles/px."""
    angle = math.radians(point.angle)
    wave = (math.sin(angle) / point.ruling, math.cos(angle) / point.ruling)
    return spectra.rms(rest) * spectra.grating(len(rest), rest.shape[-1], wave, chunk)


def _high_noise(point: ScreenPoint, rest: Tensor, chunk: int) -> Tensor:
    """Gaussian noise from half an octave below the screen's frequency; at 32 px 1/4 cycles/px."""
    band = (1 / point.ruling / math.sqrt(2), 1.0)
    return spectra.rms(rest) * spectra.band_noise(len(rest), rest.shape[-1], band, chunk)


def _blue_noise(point: ScreenPoint, images: Tensor, _: int) -> Tensor:
    return screens.halftone(images, "blue-noise", tone_range=point.tone_range)


def _pair(
    name: str, description: str, draw: Callable[[ScreenPoint, Tensor, int], Tensor], by_place: bool
) -> dict[str, TestSet]:
    """A control of `strong` as it is, and from afar."""
    return {
        name: TestSet(description, "strong", draw, by_place=by_place),
        f"{name}-integrated": TestSet(f"{description}, from afar", "strong", seen_from_afar=name),
    }


# A control is one row here; `halftone experiment ... --tests NAME` adds it to what was measured.
TEST_SETS: dict[str, TestSet] = {
    "original": TestSet("originals", short=True),
    "halftone-talk": TestSet("halftones at talk", "talk", short=True),
    "halftone-talk-integrated": TestSet(
        "halftones at talk, from afar", "talk", seen_from_afar="halftone-talk"
    ),
    "halftone-strong": TestSet(
        "halftones at strong", "strong", lambda point, x, _: point.halftone(x), short=True
    ),
    "halftone-strong-integrated": TestSet(
        "halftones at strong, from afar", "strong", seen_from_afar="halftone-strong"
    ),
    "no-dots": TestSet(
        "same tone range as strong, no dots", "strong", lambda point, x, _: point.no_dots(x)
    ),
    "random-dots": TestSet(
        "same tones as strong, random dots", "strong", ScreenPoint.random_dots, by_place=True
    ),
    "random-dots-integrated": TestSet(
        "random dots, from afar", "strong", seen_from_afar="random-dots"
    ),
    "original-integrated": TestSet("originals, from afar", "strong", seen_from_afar="original"),
    **_pair(
        "strong-random-phases",
        "tones of strong, its residual with random phases",
        _with_residual(lambda _, rest, chunk: spectra.random_phases(rest, chunk)),
        by_place=True,
    ),
    **_pair(
        "strong-shuffled",
        "tones of strong, its residual with shuffled pixels",
        _with_residual(lambda _, rest, chunk: spectra.shuffled(rest, chunk)),
        by_place=True,
    ),
    **_pair(
        "strong-of-another-digit",
        "tones of strong, the residual of another digit",
        _with_residual(_of_another_digit),
        by_place=True,
    ),
    **_pair(
        "grating",
        "tones of strong, a grating of as much power",
        _with_residual(_grating),
        by_place=True,
    ),
    **_pair(
        "high-noise",
        "tones of strong, high noise of as much power",
        _with_residual(_high_noise),
        by_place=True,
    ),
    **_pair("blue-noise", "same tones as strong, blue-noise dots", _blue_noise, by_place=False),
}
SHORT_TEST_SETS = tuple(name for name, row in TEST_SETS.items() if row.short)
TRAIN_SETS = {  # as a sentence says it
    "original": "originals",
    "halftone-talk": "halftones at `talk`",
    "halftone-strong": "halftones at `strong`",
    "both-talk": "both",
}


def same_everywhere(name: str) -> bool:
    """Whether a test set has the same pictures on every machine, as style transfer has not."""
    row = TEST_SETS[TEST_SETS[name].seen_from_afar or name]
    return not row.point or row.draw is not None


def config(name: str, size: int) -> dict[str, str]:
    """What decides the pictures of a training set, as JSON; nothing for originals."""
    if name == "original":
        return {}
    return {"operating_point": points.load(name.rpartition("-")[2], size).hash}


def load(
    name: str, split: str, size: int, n: int | None = None, dataset: str = "mnist"
) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (n, 1, size, size) and labels (n,) of a set, the first n of a split.

    name: one of TRAIN_SETS or TEST_SETS.  "both-talk" holds each of the first n originals and,
    next to it, its halftone: 2 n pictures.  Raises ValueError for another name.
    """
    checks.one_of("set", name, {**TRAIN_SETS, **TEST_SETS})
    if name == "halftone-talk":
        return HalftoneSet(points.load("talk", size), split, dataset).load(n)
    if name in TEST_SETS and (base := TEST_SETS[name].seen_from_afar):
        pictures, labels = load(base, split, size, n, dataset)
        return torch.cat([_from_afar(name, x) for x in pictures.split(CHUNK)]), labels
    originals, labels = datasets.load(split, size, n, dataset)
    if name == "original":
        return originals, labels
    if name == "both-talk":
        halftones, _ = load("halftone-talk", split, size, n, dataset)
        pairs = torch.stack([originals, halftones], dim=1).flatten(0, 1)
        return pairs, labels.repeat_interleave(2)
    chunks = enumerate(originals.split(CHUNK))
    return torch.cat([redrawn(name, x, chunk) for chunk, x in chunks]), labels


def _from_afar(name: str, pictures: Tensor) -> Tensor:
    """Pictures, uint8, as the blur of the set's point leaves them."""
    point = points.load(TEST_SETS[name].point, pictures.shape[-1])
    return as_bytes(point.from_afar(as_float(pictures)))


def redrawn(name: str, originals: Tensor, chunk: int = 0) -> Tensor:
    """Any digits as the set of that name has them; of a set by place, as its chunk of that number.

    originals: uint8 (N, 1, size, size).  Returns the same shape.
    """
    row = TEST_SETS[name]
    if row.seen_from_afar:
        return _from_afar(name, redrawn(row.seen_from_afar, originals, chunk))
    if name == "original":
        return originals
    point = points.load(row.point, originals.shape[-1])
    if row.draw is None:
        return as_bytes(halftone_sets.redraw(point, as_float(originals)))
    return as_bytes(row.draw(point, as_float(originals), chunk))


def pick(name: str, split: str, size: int, indices: Sequence[int]) -> Tensor:
    """The pictures that `load` would give of some digits, made here and now; no set is built.

    indices: places in the split.  Returns uint8 (k, 1, size, size).
    Raises ValueError for an unknown name and for an index that the split does not have.
    """
    checks.one_of("set", name, TEST_SETS)
    digits, _ = datasets.load(split, 28)
    for i in indices:
        checks.within("index", i, 0, len(digits) - 1)
    if not TEST_SETS[TEST_SETS[name].seen_from_afar or name].by_place:
        return redrawn(name, datasets.resize(digits[list(indices)], size))
    before = [datasets.resize(digits[i // CHUNK * CHUNK : i + 1], size) for i in indices]
    chunks = zip(before, indices, strict=True)
    return torch.cat([redrawn(name, x, i // CHUNK)[-1:] for x, i in chunks])

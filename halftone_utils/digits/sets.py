"""The sets of pictures by name: what classifiers are trained on, and what they are tested on."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from halftone_utils.digits import datasets, halftone_sets, operating_points, strong
from halftone_utils.digits.strong import Strong
from halftone_utils.screens import perception

TRAIN_SETS = ("original", "halftone-talk", "halftone-strong", "both-talk")
CHUNK = 500  # pictures made at a time

_FROM_STRONG: dict[str, Callable[[Strong, Tensor], Tensor]] = {
    "halftone-strong": Strong.halftone,
    "no-dots": Strong.no_dots,
}
DESCRIPTIONS = {  # every test set
    "original": "originals",
    "halftone-talk": "halftones at talk",
    "halftone-talk-integrated": "halftones at talk, from afar",
    "halftone-strong": "halftones at strong",
    "halftone-strong-integrated": "halftones at strong, from afar",
    "no-dots": "same tone range as strong, no dots",
    "random-dots": "same tones as strong, random dots",
    "random-dots-integrated": "random dots, from afar",
}
TEST_SETS = tuple(DESCRIPTIONS)
SHORT_TEST_SETS = ("original", "halftone-talk", "halftone-strong")  # of retrained classifiers


def config(name: str, size: int) -> dict:
    """What decides the pictures of a training set, as JSON; nothing for originals."""
    if name == "original":
        return {}
    point = strong.load(size) if name == "halftone-strong" else operating_points.load("talk", size)
    return {"operating_point": point.hash}


def sigma_at_talk(size: int) -> float:
    """The eye's blur for halftones at `talk`, in pixels: half a cell at 32, 0.7 of one at 256."""
    return operating_points.load("talk", size).ruling * (0.5 if size == 32 else 0.7)


def load(name: str, split: str, size: int, n: int | None = None) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (n, 1, size, size) and labels (n,) of a set, the first n of a split.

    name: one of TRAIN_SETS or TEST_SETS.  "both-talk" holds each of the first n originals and,
    next to it, its halftone: 2 n pictures.  Raises ValueError for another name.
    """
    known = dict.fromkeys((*TRAIN_SETS, *TEST_SETS))
    if name not in known:
        raise ValueError(f"set is {name!r}; it is one of {', '.join(known)}.")
    if name == "original":
        return datasets.load(split, size, n)
    if name == "halftone-talk":
        return halftone_sets.load("talk", split, n, size)
    if name == "both-talk":
        originals, labels = load("original", split, size, n)
        halftones, _ = load("halftone-talk", split, size, n)
        pairs = torch.stack([originals, halftones], dim=1).flatten(0, 1)
        return pairs, labels.repeat_interleave(2)
    made = [*_made(name, split, size, n)]
    return torch.cat(made), datasets.load(split, 28, n)[1]


def pick(name: str, split: str, size: int, indices: Sequence[int]) -> Tensor:
    """The pictures that `load` would give of some digits, made here and now; no set is built.

    indices: places in the split.  Returns uint8 (k, 1, size, size).
    Raises ValueError for an unknown name and for an index that the split does not have.
    """
    if name not in TEST_SETS:
        raise ValueError(f"set is {name!r}; it is one of {', '.join(TEST_SETS)}.")
    digits, _ = datasets.load(split, 28)
    if not all(0 <= i < len(digits) for i in indices):
        raise ValueError(f"indices are {[*indices]}; the {split} split has 0 to {len(digits) - 1}.")
    if not name.startswith("random-dots"):
        return redrawn(name, datasets.resize(digits[list(indices)], size))
    pictures = torch.cat([_random_dots_of(digits, i, size) for i in indices])
    return pictures if name == "random-dots" else _from_afar("random-dots", size, pictures)


def redrawn(name: str, originals: Tensor) -> Tensor:
    """Any digits as the set of that name has them; not random dots, which depend on the place.

    originals: uint8 (N, 1, size, size).  Returns the same shape.
    """
    size, images = originals.shape[-1], datasets.as_float(originals)
    base = name.removesuffix("-integrated")
    if base != name:
        return _from_afar(base, size, redrawn(base, originals))
    if name == "original":
        return originals
    if name == "halftone-talk":
        return _as_bytes(halftone_sets.redraw(operating_points.load("talk", size), images))
    return _as_bytes(_FROM_STRONG[name](strong.load(size), images))


def _random_dots_of(digits: Tensor, i: int, size: int) -> Tensor:
    """The i-th digit in random dots: they depend on its place in its chunk."""
    chunk = i // CHUNK
    images = datasets.as_float(datasets.resize(digits[chunk * CHUNK : i + 1], size))
    return _as_bytes(strong.load(size).random_dots(images, seed=chunk)[-1:])


def _from_afar(base: str, size: int, pictures: Tensor) -> Tensor:
    """Pictures, uint8, of the set `base` as the eye's blur leaves them."""
    sigma = sigma_at_talk(size) if base == "halftone-talk" else strong.load(size).sigma
    return _as_bytes(
        perception.integrate(datasets.as_float(pictures), sigma, restore_contrast=True)
    )


def _made(name: str, split: str, size: int, n: int | None) -> Iterator[Tensor]:
    """A set that is computed from another one, in chunks."""
    base = name.removesuffix("-integrated")
    if base != name:
        pictures, _ = load(base, split, size, n)
        yield from (_from_afar(base, size, x) for x in pictures.split(CHUNK))
        return
    for i, x in enumerate(datasets.load(split, size, n)[0].split(CHUNK)):
        if name == "random-dots":
            yield _as_bytes(strong.load(size).random_dots(datasets.as_float(x), seed=i))
        else:
            yield redrawn(name, x)


def _as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().byte()

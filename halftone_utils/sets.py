"""The sets of pictures by name: what classifiers are trained on, and what they are tested on."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from halftone_utils import halftone_mnist, mnist, operating_points, perception, strong
from halftone_utils.strong import Strong

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
        return mnist.load(split, size, n)
    if name == "halftone-talk":
        return halftone_mnist.load("talk", split, n, size)
    if name == "both-talk":
        originals, labels = load("original", split, size, n)
        halftones, _ = load("halftone-talk", split, size, n)
        pairs = torch.stack([originals, halftones], dim=1).flatten(0, 1)
        return pairs, labels.repeat_interleave(2)
    made = [*_made(name, split, size, n)]
    return torch.cat(made), mnist.load(split, 28, n)[1]


def _made(name: str, split: str, size: int, n: int | None) -> Iterator[Tensor]:
    """A set that is computed from another one, in chunks."""
    base = name.removesuffix("-integrated")
    if base != name:
        point = strong.load(size)
        sigma = sigma_at_talk(size) if base == "halftone-talk" else point.sigma
        pictures, _ = load(base, split, size, n)
        for x in pictures.split(CHUNK):
            seen = perception.integrate(mnist.as_float(x), sigma, restore_contrast=True)
            yield _as_bytes(seen)
        return
    for i, x in enumerate(mnist.load(split, size, n)[0].split(CHUNK)):
        images = mnist.as_float(x)
        if name == "random-dots":
            yield _as_bytes(strong.load(size).random_dots(images, seed=i))
        else:
            yield _as_bytes(_FROM_STRONG[name](strong.load(size), images))


def _as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().byte()

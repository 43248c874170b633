"""Data sets as tensors: checked byte for byte, split once and for all, at the sides in use."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from halftone_utils.engine import checks
from halftone_utils.engine.files import CACHE, DATA, DataError, read_rows, write_as_it_comes

SIDE = 28  # pixels of a picture as it is on disk
SIZES = (28, 32, 256)
MAPPED = 2_000  # pictures of 256 pixels from which on they are kept on disk: 131 MB


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A row of data/datasets.toml.

    files: MD5 of each unzipped IDX file, by name: training images and labels, then test ones.
    splits: number of pictures of "train", "validation" (cut from the training file) and "test".
    """

    name: str
    printed: str
    classes: int
    splits: Mapping[str, int]
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse a row from which nothing could be read."""
        if [*self.splits] != ["train", "validation", "test"] or len(self.files) != 4:
            raise ValueError(
                f"data set {self.name!r} has splits {[*self.splits]} and {len(self.files)} files; "
                "it needs train, validation and test, and four files."
            )


@cache
def rows() -> dict[str, Dataset]:
    """Every data set by name; raises DataError for a row of the file that is not one."""
    return read_rows(DATA / "datasets.toml", Dataset)


def get(name: str = "mnist") -> Dataset:
    """The data set of that name; raises ValueError that lists the names there are."""
    checks.one_of("dataset", name, rows())
    return rows()[name]


def count(split: str, dataset: str = "mnist") -> int:
    """How many pictures a split holds; raises ValueError for another split or data set."""
    splits = get(dataset).splits
    checks.one_of("split", split, splits)
    return splits[split]


def read_idx(name: str, dataset: str = "mnist") -> Tensor:
    """Read one gzipped IDX file of a data set, checked against its MD5.

    Returns a uint8 tensor of the shape in the file's header.
    Raises DataError that names the file if it is missing, cut short or altered.
    """
    path = DATA / dataset / f"{name}.gz"
    remedy = f"restore it with `git checkout {path.parent.relative_to(DATA.parent)}`"
    remedy += " or `python data/rebuild.py`" * (dataset == "mnist")
    try:
        raw = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing: {remedy}.") from None
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): {remedy}.") from None
    found, expected = hashlib.md5(raw, usedforsecurity=False).hexdigest(), get(dataset).files[name]
    if found != expected:
        raise DataError(f"{path} has MD5 {found} unzipped, not {expected}: {remedy}.")
    shape = np.frombuffer(raw, dtype=">u4", count=raw[3], offset=4).tolist()
    values = np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * len(shape))
    return torch.from_numpy(values.reshape(shape).copy())


def split_indices(labels: Tensor, n_validation: int = 5_000) -> dict[str, Tensor]:
    """Split the training labels into train and validation, stratified, always the same way.

    labels: (N,).  Each class gives its share of `n_validation`, rounded by largest
    remainder; numpy's legacy generator, whose stream is frozen, picks which.
    Returns sorted int64 indices under "train" and "validation".
    """
    counts = torch.bincount(labels.long()).numpy()
    quota = counts * n_validation / counts.sum()
    take = np.floor(quota).astype(int)
    take[np.argsort(take - quota)[: n_validation - take.sum()]] += 1
    generator = np.random.RandomState(0)
    members = [np.flatnonzero(labels.numpy() == label) for label in range(len(take))]
    chosen = [generator.permutation(m)[:n] for m, n in zip(members, take, strict=True)]
    validation = np.sort(np.concatenate(chosen))
    train = np.setdiff1d(np.arange(len(labels)), validation)
    return {"train": torch.from_numpy(train), "validation": torch.from_numpy(validation)}


def resize(images: Tensor, size: int) -> Tensor:
    """Bring uint8 pictures (N, 1, 28, 28) to a side: 28 as is, 32 zero-padded, 256 antialiased.

    Returns uint8 (N, 1, size, size).  256 is bicubic with antialiasing, rounded to 8 bits.
    Raises ValueError for another size.
    """
    checks.one_of("size", size, SIZES)
    if size == SIDE:
        return images
    return F.pad(images, (2, 2, 2, 2)) if size == 32 else enlarge(images, size)


def enlarge(images: Tensor, size: int) -> Tensor:
    """Bring uint8 pictures (N, 1, H, H) to any side [px]: bicubic, antialiased, in 8 bits."""
    enlarged = partial(F.interpolate, size=(size, size), mode="bicubic", antialias=True)
    chunks = (enlarged(c.float()).round().clamp(0, 255).byte() for c in images.split(500))
    return torch.cat([*chunks])


@cache
def _raw(split: str, dataset: str) -> tuple[Tensor, Tensor]:
    row, is_test = get(dataset), split == "test"
    images_file, labels_file = [*row.files][2:] if is_test else [*row.files][:2]
    images = read_idx(images_file, dataset).unsqueeze(1)
    labels = read_idx(labels_file, dataset).long()
    held = row.splits["test"] if is_test else row.splits["train"] + row.splits["validation"]
    if images.shape[1:] != (1, SIDE, SIDE) or len(images) != held or len(labels) != held:
        raise DataError(
            f"{images_file} and {labels_file} of {dataset} hold {len(images)} pictures of "
            f"{tuple(images.shape[2:])} pixels and {len(labels)} labels; data/datasets.toml asks "
            f"for {held} of {SIDE}x{SIDE}."
        )
    if is_test:
        return images, labels
    chosen = split_indices(labels, row.splits["validation"])[split]
    return images[chosen], labels[chosen]


def load(
    split: str, size: int = 32, n: int | None = None, dataset: str = "mnist"
) -> tuple[Tensor, Tensor]:
    """The pictures of one split, in the file's own order.

    split: "train" (MNIST: 55,000), "validation" (5,000; cut from the 60,000) or "test" (10,000).
    size: 28, 32 or 256 pixels.  n: only the first n (the files are shuffled already).
    Returns images uint8 (n, 1, size, size) and labels int64 (n,); many large images are mapped
    from disk.
    Raises ValueError for another split or size or n, DataError for a damaged file.
    """
    held = count(split, dataset)
    if n is not None:
        checks.whole("n", n, 1, held)
    images, labels = _raw(split, dataset)
    labels = labels[:n].clone()
    if size == 256 and len(labels) > MAPPED:
        return _mapped(split, size, dataset)[:n], labels
    return resize(images[:n], size), labels


def _mapped(split: str, size: int, dataset: str) -> Tensor:
    """The pictures of a split, resized, mapped from a file in the cache that is written once.

    A file that was cut short, or whose first, middle or last picture is another, is written again.
    """
    images, _ = _raw(split, dataset)
    path = CACHE / f"{dataset}-{size}" / f"{split}.u8"
    shape = (len(images), 1, size, size)
    few = [0, len(images) // 2, len(images) - 1]
    if path.exists() and path.stat().st_size == np.prod(shape):
        pixels = np.memmap(path, np.uint8, mode="c", shape=shape)
        if np.array_equal(pixels[few], resize(images[few], size)):
            return torch.from_numpy(pixels)
    write_as_it_comes(path, (resize(c, size).numpy().tobytes() for c in images.split(500)))
    return torch.from_numpy(np.memmap(path, np.uint8, mode="c", shape=shape))


def balanced_order(labels: Tensor) -> Tensor:
    """An order of whose first n, for every n, each class has as near an equal part as can be.

    labels: (N,).  Every class's first picture comes first, then every class's second, and so on.
    Returns int64 indices (N,).
    """
    rank = F.one_hot(labels).cumsum(0).gather(1, labels[:, None])[:, 0]  # in its own class
    return rank.argsort(stable=True)


def as_float(images: Tensor) -> Tensor:
    """Map uint8 images in 0..255 to float32 in [0, 1]."""
    return images.float() / 255


def as_bytes(images: Tensor) -> Tensor:
    """Map images in [0, 1] to the nearest of 256 levels, uint8."""
    return (images * 255).round().byte()

"""MNIST as tensors: checked byte for byte, split once and for all, at the sides in use."""

import gzip
import hashlib
import zlib
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from halftone_utils.engine.files import CACHE, DATA, DataError, write_as_it_comes

MD5 = {  # of the unzipped IDX files, as torchvision and LeCun's page give them
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
SPLITS = {"train": 55_000, "validation": 5_000, "test": 10_000}
SIZES = (28, 32, 256)
MAPPED = 2_000  # digits of 256 pixels from which on they are kept on disk: 131 MB


def read_idx(name: str) -> Tensor:
    """Read one gzipped IDX file of `data/mnist`, checked against its published MD5.

    Returns a uint8 tensor of the shape in the file's header.
    Raises DataError that names the file if it is missing, cut short or altered.
    """
    path = DATA / "mnist" / f"{name}.gz"
    remedy = "restore it with `git checkout data/mnist` or `python data/rebuild.py`"
    try:
        raw = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing: {remedy}.") from None
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): {remedy}.") from None
    found = hashlib.md5(raw).hexdigest()
    if found != MD5[name]:
        raise DataError(f"{path} has MD5 {found} unzipped, not {MD5[name]}: {remedy}.")
    dimensions = raw[3]
    shape = np.frombuffer(raw, dtype=">u4", count=dimensions, offset=4)
    values = np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * dimensions)
    return torch.from_numpy(values.reshape(tuple(int(n) for n in shape)).copy())


def split_indices(labels: Tensor, n_validation: int = SPLITS["validation"]) -> dict[str, Tensor]:
    """Split the training labels into train and validation, stratified, always the same way.

    labels: (60000,).  Each class gives its share of `n_validation`, rounded by largest
    remainder; numpy's legacy generator, whose stream is frozen, picks which.
    Returns sorted int64 indices under "train" and "validation".
    """
    counts = torch.bincount(labels.long(), minlength=10).numpy()
    quota = counts * n_validation / counts.sum()
    take = np.floor(quota).astype(int)
    take[np.argsort(take - quota)[: n_validation - take.sum()]] += 1
    generator = np.random.RandomState(0)
    chosen = []
    for digit, n in enumerate(take):
        members = np.flatnonzero(labels.numpy() == digit)
        chosen.append(generator.permutation(members)[:n])
    validation = np.sort(np.concatenate(chosen))
    train = np.setdiff1d(np.arange(len(labels)), validation)
    return {"train": torch.from_numpy(train), "validation": torch.from_numpy(validation)}


def resize(images: Tensor, size: int) -> Tensor:
    """Bring uint8 digits (N, 1, 28, 28) to side `size`: 28 as is, 32 zero-padded, 256 antialiased.

    Returns uint8 (N, 1, size, size).  256 is bicubic with antialiasing, rounded to 8 bits.
    Raises ValueError for another size.
    """
    if size == 28:
        return images
    if size == 32:
        return F.pad(images, (2, 2, 2, 2))
    if size == 256:
        chunks = [
            F.interpolate(c.float(), size=(256, 256), mode="bicubic", antialias=True)
            .round()
            .clamp(0, 255)
            .byte()
            for c in images.split(500)
        ]
        return torch.cat(chunks)
    raise ValueError(f"size is {size!r}; MNIST is offered at {', '.join(map(str, SIZES))} pixels.")


@cache
def _raw(split: str) -> tuple[Tensor, Tensor]:
    part = "t10k" if split == "test" else "train"
    images = read_idx(f"{part}-images-idx3-ubyte").unsqueeze(1)
    labels = read_idx(f"{part}-labels-idx1-ubyte").long()
    if split == "test":
        return images, labels
    chosen = split_indices(labels)[split]
    return images[chosen], labels[chosen]


def load(split: str, size: int = 32, n: int | None = None) -> tuple[Tensor, Tensor]:
    """The digits of one split, in the file's own order.

    split: "train" (55,000), "validation" (5,000; cut from the 60,000) or "test" (10,000).
    size: 28, 32 or 256 pixels.  n: only the first n (the files are shuffled already).
    Returns images uint8 (n, 1, size, size) and labels int64 (n,); many large images are mapped
    from disk.
    Raises ValueError for another split or size or n, DataError for a damaged file.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it is one of {', '.join(SPLITS)}.")
    if n is not None and not 1 <= n <= SPLITS[split]:
        raise ValueError(f"n is {n}; the {split} split holds 1 to {SPLITS[split]} digits.")
    images, labels = _raw(split)
    labels = labels[:n].clone()
    if size == 256 and len(labels) > MAPPED:
        return _mapped(split, size)[:n], labels
    return resize(images[:n], size), labels


def _mapped(split: str, size: int) -> Tensor:
    """The digits of a split, resized, mapped from a file in the cache that is written once.

    A file that was cut short, or whose first, middle or last digit is another, is written again.
    """
    digits, _ = _raw(split)
    path = CACHE / f"mnist-{size}" / f"{split}.u8"
    shape = (len(digits), 1, size, size)
    few = [0, len(digits) // 2, len(digits) - 1]
    if path.exists() and path.stat().st_size == np.prod(shape):
        pixels = np.memmap(path, np.uint8, mode="c", shape=shape)
        if np.array_equal(pixels[few], resize(digits[few], size)):
            return torch.from_numpy(pixels)
    write_as_it_comes(path, (resize(c, size).numpy().tobytes() for c in digits.split(500)))
    return torch.from_numpy(np.memmap(path, np.uint8, mode="c", shape=shape))


def balanced_order(labels: Tensor) -> Tensor:
    """An order of whose first n, for every n, each class has as near an equal part as can be.

    labels: (N,).  Every class's first digit comes first, then every class's second, and so on.
    Returns int64 indices (N,).
    """
    rank = torch.empty(len(labels), dtype=torch.long)
    for digit in labels.unique():
        members = labels == digit
        rank[members] = torch.arange(int(members.sum()))
    return rank.argsort(stable=True)


def as_float(images: Tensor) -> Tensor:
    """Map uint8 images in 0..255 to float32 in [0, 1]."""
    return images.float() / 255

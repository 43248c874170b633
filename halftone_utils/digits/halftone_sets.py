"""Halftone-MNIST on disk: built in chunks, verified, resumed after a kill, opened as a map.

One directory a config (its hash is the name): a flat uint8 file a split, and a manifest with
the SHA-256 of each finished chunk.  A chunk counts only once it is in the manifest.
At 32 pixels the pictures are optimised; at 256 a stylizer, trained on the same loss, draws them.
"""

import argparse
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, operating_points, stylizer
from halftone_utils.digits.operating_points import OperatingPoint
from halftone_utils.engine.files import CACHE, DataError, read_json, sha256, write_json
from halftone_utils.engine.hardware import can_compile, fastest_device, fastest_precision
from halftone_utils.style import vgg

CHUNK = 512  # digits: what a kill can lose
BATCH = 16  # digits: their features stay in a core's cache


def directory(point: OperatingPoint) -> Path:
    """Where the sets of an operating point lie."""
    return CACHE / "halftone-mnist" / f"{point.name}-{point.size}-{point.hash}"


def manifest_path(point: OperatingPoint, split: str) -> Path:
    """The manifest of one split of a set."""
    return directory(point) / f"{split}.json"


def drawn_by_stylizer(point: OperatingPoint) -> bool:
    """Whether a stylizer draws the set: optimising 70,000 of 256 pixels takes most of a day."""
    return point.size == stylizer.SIZE


def weights_sha256(point: OperatingPoint) -> str:
    """SHA-256 of the weights that draw the set: the stylizer's, or the VGG's."""
    return stylizer.weights_sha256(point.name) if drawn_by_stylizer(point) else vgg.SHA256


def _read_manifest(point: OperatingPoint, split: str) -> dict:
    fresh = {
        "operating_point": point.name,
        "config_hash": point.hash,
        "weights_sha256": weights_sha256(point),
        "split": split,
        "n": datasets.SPLITS[split],
        "shape": [1, point.size, point.size],
        "chunk": CHUNK,
        "chunks": {},
    }
    path = manifest_path(point, split)
    if not path.exists():
        return fresh
    try:
        found = read_json(path)
        same = isinstance(found.get("chunks"), dict) and all(
            found.get(k) == v for k, v in fresh.items() if k != "chunks"
        )
    except (DataError, AttributeError):
        same = False
    if not same:
        print(
            f"Manifest {path} is damaged or of another config; the set is built anew.",
            file=sys.stderr,
        )
        return fresh
    return found


def _open_map(point: OperatingPoint, split: str) -> np.memmap:
    """The split's file at its full length; a file of another length is lengthened or cut."""
    path = directory(point) / f"{split}.u8"
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (datasets.SPLITS[split], 1, point.size, point.size)
    path.touch()
    with path.open("r+b") as stream:
        stream.truncate(int(np.prod(shape)))
    return np.memmap(path, dtype=np.uint8, mode="r+", shape=shape)


def verify(point: OperatingPoint, split: str, n: int | None = None) -> list[int]:
    """Chunks among the first n digits that are absent, or whose bytes are not as built."""
    return _bad_chunks(_read_manifest(point, split), _open_map(point, split), n)


def _bad_chunks(manifest: dict, pixels: np.memmap, n: int | None) -> list[int]:
    n = len(pixels) if n is None else n
    return [
        chunk
        for chunk in range(-(-n // CHUNK))
        if manifest["chunks"].get(str(chunk))
        != sha256(pixels[chunk * CHUNK : (chunk + 1) * CHUNK].tobytes())
    ]


def build(
    point: OperatingPoint, split: str, n: int | None = None, *, progress: bool = True
) -> list[int]:
    """Build, or repair, the chunks that hold the first n digits of a split (default: all).

    Goes on where a killed build stopped; a chunk that was cut short or tampered with is
    named on stderr and built again.  Returns the chunks that it built.
    """
    manifest, pixels = _read_manifest(point, split), _open_map(point, split)
    bad = _bad_chunks(manifest, pixels, n)
    if not bad:
        return []
    damaged = [chunk for chunk in bad if str(chunk) in manifest["chunks"]]
    if damaged:
        print(
            f"{directory(point) / split}.u8: chunks {damaged} are damaged and built again.",
            file=sys.stderr,
        )
    _check_space(point, len(bad) * CHUNK)
    # a set that was begun in one precision is finished in it
    begun = manifest.get("precision")
    precision = {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(begun, _precision(point))
    halftone = _halftoner(point, precision, len(bad) * CHUNK)
    manifest |= {
        "precision": str(precision).removeprefix("torch."),
        "torch": torch.__version__,
        "processor": platform.machine(),
    }
    digits, _ = datasets.load(split, 28)
    for chunk in tqdm(
        bad, desc=f"halftone-{point.name} {split}", unit=f"{CHUNK} digits", disable=not progress
    ):
        rows = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        images = datasets.as_float(datasets.resize(digits[rows], point.size))
        pixels[rows] = (halftone(images) * 255).round().byte().numpy()
        pixels.flush()
        manifest["chunks"][str(chunk)] = sha256(pixels[rows].tobytes())
        write_json(manifest_path(point, split), manifest)
    return bad


def _check_space(point: OperatingPoint, digits: int) -> None:
    """Raise DataError if the disk has no room for that many more pictures."""
    needed = digits * point.size**2
    free = shutil.disk_usage(directory(point)).free
    if needed > free:
        raise DataError(
            f"{directory(point)} needs {needed / 1e6:,.1f} MB more for {digits:,} pictures; "
            f"its disk has {free / 1e6:,.1f} MB free. Free some, or set HALFTONE_CACHE to a "
            "folder on another disk."
        )


def _precision(point: OperatingPoint) -> torch.dtype:
    """The precision in which a set that is begun on this machine is drawn."""
    return torch.float32 if drawn_by_stylizer(point) else fastest_precision()


def _halftoner(
    point: OperatingPoint, precision: torch.dtype, digits: int
) -> Callable[[Tensor], Tensor]:
    """What turns digits (N, 1, size, size) into halftones, by the stylizer or by optimisation."""
    if drawn_by_stylizer(point):
        device = fastest_device()
        model = stylizer.load(point.name).to(device, precision)
        return lambda images: stylizer.stylize(model, images.to(device, precision)).float().cpu()
    # in float32 a compiled gradient gains nothing, and compiling it takes its time
    compiled = precision == torch.bfloat16 and can_compile() and digits >= 10_000
    return lambda images: (
        operating_points.halftone(
            point, images, batch=BATCH, precision=precision, compiled=compiled
        ).image
    )


def redraw(point: OperatingPoint, images: Tensor) -> Tensor:
    """The halftones that the set holds of these digits, drawn here and now; no set is built.

    (N, 1, size, size) float in [0, 1] -> the same, of whole 8-bit steps.
    """
    halftone = _halftoner(point, _precision(point), len(images))
    return (halftone(images) * 255).round() / 255


def load(
    name: str, split: str, n: int | None = None, size: int = 32, *, progress: bool = True
) -> tuple[Tensor, Tensor]:
    """The first n digits of a halftone set, built if they are not there yet.

    name: an operating point ("talk").  size: 32 or 256 pixels.
    Returns images uint8 (n, 1, size, size), mapped from disk, and labels int64 (n,), in the
    order of `mnist.load`.
    """
    point = operating_points.load(name, size)
    _, labels = datasets.load(split, 28, n)  # checks split and n
    build(point, split, n, progress=progress)
    path = directory(point) / f"{split}.u8"
    shape = (datasets.SPLITS[split], 1, point.size, point.size)
    pixels = np.memmap(path, dtype=np.uint8, mode="c", shape=shape)
    return torch.from_numpy(pixels[: len(labels)]), labels


def main() -> None:
    """`python -m halftone_utils.halftone_mnist talk --size 256`: builds the three splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("point", help="operating point, as in data/operating_points.toml")
    parser.add_argument("--size", type=int, default=32)
    asked = parser.parse_args()
    point = operating_points.load(asked.point, asked.size)
    for split in datasets.SPLITS:
        build(point, split)


if __name__ == "__main__":
    main()

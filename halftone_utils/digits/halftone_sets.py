"""Halftones of a data set on disk: built in chunks, verified, resumed after a kill, mapped.

One directory a config (its hash is the name): a flat uint8 file a split, and a manifest with
the SHA-256 of each finished chunk.  A chunk counts only once it is in the manifest.
At a point by style transfer, pictures of 32 pixels are optimised; those of 256 are drawn by a
stylizer, trained on the same loss.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.digits import datasets, points, stylizer
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.digits.points import ScreenPoint, StylePoint
from halftone_utils.engine.files import CACHE, DataError, hash_of, read_json, sha256, write_json
from halftone_utils.engine.hardware import can_compile, fastest_device, fastest_precision
from halftone_utils.style import vgg

CHUNK = 512  # pictures: what a kill can lose


@dataclass(frozen=True)
class Originals:
    """In the place of a point: pictures of a side [px] as they are."""

    size: int
    name: ClassVar[str] = "original"

    @property
    def hash(self) -> str:
        """Short name of all that decides the pictures."""
        return hash_of({"size": self.size})

    def halftone(self, images: Tensor) -> Tensor:
        """The pictures themselves."""
        return images


AnyPoint = StylePoint | ScreenPoint | Originals


@dataclass(frozen=True)
class HalftoneSet:
    """The halftones of one split of a data set, at a frozen point.

    root: the folder it lies in; None for the cache.
    repairs: whether what is damaged is built again; else it raises DataError that names the file.
    """

    point: AnyPoint
    split: str
    dataset: str = "mnist"
    root: Path | None = None
    repairs: bool = True

    @property
    def directory(self) -> Path:
        """Where the sets of the point lie."""
        name = f"{self.point.name}-{self.point.size}-{self.point.hash}"
        return (self.root or CACHE) / f"halftone-{self.dataset}" / name

    @property
    def manifest_path(self) -> Path:
        """The manifest, with the checksum of each chunk."""
        return self.directory / f"{self.split}.json"

    @property
    def path(self) -> Path:
        """The pictures."""
        return self.directory / f"{self.split}.u8"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the whole split: (n, 1, size, size)."""
        n = datasets.count(self.split, self.dataset)
        return n, 1, self.point.size, self.point.size

    def _read_manifest(self) -> dict:
        point = self.point
        fresh: dict[str, Any] = {
            "operating_point": point.name,
            "config_hash": point.hash,
            "weights_sha256": _weights(point),
            "split": self.split,
            "n": self.shape[0],
            "shape": [*self.shape[1:]],
            "chunk": CHUNK,
            "chunks": {},
        }
        path = self.manifest_path
        if not path.exists():
            return fresh
        with suppress(DataError, AttributeError):
            found = read_json(path)
            chunks = found.get("chunks")
            if isinstance(chunks, dict) and found | fresh | {"chunks": chunks} == found:
                return found
        self._report(f"Manifest {path} is damaged or of another config", "the set is built anew")
        return fresh

    def _report(self, damage: str, repair: str) -> None:
        if not self.repairs:
            raise DataError(
                f"{damage}: delete {self.manifest_path}, and {self.split} is built anew."
            )
        print(f"{damage}; {repair}.", file=sys.stderr)

    def _open_map(self) -> np.memmap:
        """The file at its full length; a file of another length is lengthened or cut."""
        length = int(np.prod(self.shape))
        if not self.path.exists() or self.path.stat().st_size != length:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            with self.path.open("r+b") as stream:
                stream.truncate(length)
        # a set that is complete may lie where nothing can be written
        mode: Literal["r", "r+"] = "r+" if os.access(self.path, os.W_OK) else "r"
        return np.memmap(self.path, dtype=np.uint8, mode=mode, shape=self.shape)

    def build(self, n: int | None = None, *, progress: bool = True) -> list[int]:
        """Build, or repair, the chunks that hold the first n pictures (default: all).

        Goes on where a killed build stopped; a chunk that was cut short or tampered with is
        named on stderr and built again.  Returns the chunks that it built.
        """
        manifest, pixels = self._read_manifest(), self._open_map()
        built, wanted = manifest["chunks"], len(pixels) if n is None else n
        rows_of = {i: slice(i * CHUNK, (i + 1) * CHUNK) for i in range(-(-wanted // CHUNK))}
        sums = {i: sha256(pixels[rows].tobytes()) for i, rows in rows_of.items()}
        bad = [chunk for chunk in sums if built.get(str(chunk)) != sums[chunk]]
        if not bad:
            return []
        damaged = [chunk for chunk in bad if str(chunk) in built]
        if damaged:
            self._report(f"{self.path}: chunks {damaged} are damaged", "they are built again")
        _check_space(self.directory, len(bad) * CHUNK, self.point.size)
        # a set that was begun in one precision is finished in it
        known = {"float32": torch.float32, "bfloat16": torch.bfloat16}
        precision = known.get(str(manifest.get("precision")), _precision(self.point))
        halftone = _halftoner(self.point, precision, len(bad) * CHUNK)
        manifest |= {"torch": torch.__version__, "processor": platform.machine()}
        manifest["precision"] = str(precision).removeprefix("torch.")
        pictures, _ = datasets.load(self.split, 28, dataset=self.dataset)
        description = f"halftone-{self.point.name} {self.split}"
        for chunk in tqdm(bad, desc=description, unit=f"{CHUNK} digits", disable=not progress):
            rows = rows_of[chunk]
            images = as_float(datasets.resize(pictures[rows], self.point.size))
            pixels[rows] = as_bytes(halftone(images)).numpy()
            pixels.flush()
            built[str(chunk)] = sha256(pixels[rows].tobytes())
            write_json(self.manifest_path, manifest)
        return bad

    def load(self, n: int | None = None, *, progress: bool = True) -> tuple[Tensor, Tensor]:
        """The first n pictures, built if they are not there yet, and their labels.

        Returns images uint8 (n, 1, size, size), mapped from disk, and labels int64 (n,), in the
        order of `datasets.load`.
        """
        _, labels = datasets.load(self.split, 28, n, self.dataset)  # checks split and n
        self.build(n, progress=progress)
        pixels = np.memmap(self.path, dtype=np.uint8, mode="c", shape=self.shape)
        return torch.from_numpy(pixels[: len(labels)]), labels


def drawn_by_stylizer(point: AnyPoint) -> bool:
    """Whether a stylizer draws the set: optimising 70,000 of 256 pixels takes most of a day."""
    return isinstance(point, StylePoint) and point.size == stylizer.SIZE


def _weights(point: AnyPoint) -> str | None:
    """Checksum of the network that draws the set; None where none does."""
    if not isinstance(point, StylePoint):
        return None
    return stylizer.weights_sha256(point.name) if drawn_by_stylizer(point) else vgg.SHA256


def _check_space(directory: Path, pictures: int, size: int) -> None:
    """Raise DataError if the disk has no room for that many more pictures."""
    needed, free = pictures * size**2, shutil.disk_usage(directory).free
    if needed > free:
        raise DataError(
            f"{directory} needs {needed / 1e6:,.1f} MB more for {pictures:,} pictures; "
            f"its disk has {free / 1e6:,.1f} MB free. Free some, or set HALFTONE_CACHE, or the "
            "root of your own set, to a folder on another disk."
        )


def _precision(point: AnyPoint) -> torch.dtype:
    """The precision in which a set that is begun on this machine is drawn."""
    optimised = isinstance(point, StylePoint) and not drawn_by_stylizer(point)
    return fastest_precision() if optimised else torch.float32


def _halftoner(
    point: AnyPoint, precision: torch.dtype, pictures: int
) -> Callable[[Tensor], Tensor]:
    """What turns pictures (N, 1, size, size) into halftones: screen, stylizer or optimisation."""
    if not isinstance(point, StylePoint):
        return point.halftone
    if drawn_by_stylizer(point):
        device = fastest_device()
        model = stylizer.load(point.name).to(device, precision)
        return lambda images: stylizer.stylize(model, images.to(device, precision)).float().cpu()
    # in float32 a compiled gradient gains nothing, and compiling it takes its time
    compiled = precision == torch.bfloat16 and can_compile() and pictures >= 10_000
    return lambda images: (
        points.transfer(point, images, precision=precision, compiled=compiled).image
    )


def redraw(point: StylePoint, images: Tensor) -> Tensor:
    """The halftones that the set holds of these pictures, drawn here and now; no set is built.

    (N, 1, size, size) float in [0, 1] -> the same.
    """
    return _halftoner(point, _precision(point), len(images))(images)


def build(name: str, *, size: int = 32, dataset: str = "mnist") -> None:
    """Build the three splits of a halftone set in the cache, resumable.

    name: a frozen point by style transfer ("talk").  size: 32 or 256 pixels.
    """
    point = points.load_style(name, size)
    for split in datasets.get(dataset).splits:
        HalftoneSet(point, split, dataset).build()

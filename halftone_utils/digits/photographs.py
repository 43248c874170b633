"""Photographs that come inside wheels: scikit-image's, and 20 of ImageNet's with their classes."""

import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import resize
from skimage.util import img_as_float
from torch import Tensor

from halftone_utils.engine import checks, pictures

# Only what the wheel holds: scikit-image fetches its other pictures from the network.
NAMES = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "immunohistochemistry",
    "moon",
    "rocket",
)


def decode(content: bytes, side: int, colour: bool = False) -> Tensor:
    """The middle square of a picture file in grey: (1, 1, side, side) in [0, 1], antialiased.

    content: see `pictures.read`.  colour: (1, 3, side, side), red to blue.
    Raises ValueError in one sentence for what is no picture, or one of under 16 pixels.
    """
    upright = pictures.read(content, "RGB" if colour else "L")
    if min(upright.size) < 16:
        width, height = upright.size
        raise ValueError(f"The picture has {width} by {height} pixels; 16 are needed.")
    square = ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(square)).float() / 255
    return pixels.movedim(-1, 0)[None] if colour else pixels[None, None]


def labelled(
    side: int, folder: Path | None = None, classes: Sequence[str] = ()
) -> tuple[Tensor, Tensor]:
    """Photographs in colour, (N, 3, side, side) in [0, 1], and the number of each one's class.

    Without a folder the 20 of ImageNet's validation set inside foolbox's wheel, 512 x 512 pixels.
    folder: a folder a class in it, named as in classes or by the number, with pictures.
    Raises ValueError in one sentence for a folder without any, a class that is none, a picture that
    cannot be read.
    """
    checks.within("side", side, 16, math.inf, "pixels")
    if folder is None:
        inside = (Path(str(files("foolbox"))) / "data").glob("imagenet_*.jpg")
        found = [(path, int(path.stem.split("_")[2])) for path in sorted(inside)]
    else:
        found = _in_folders(folder, classes)
    decoded = []
    for path, _ in found:
        try:
            decoded.append(decode(path.read_bytes(), side, colour=True))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return torch.cat(decoded), torch.tensor([number for _, number in found])


def _in_folders(folder: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    """Each file in the folders of a folder, with the number of the class that its folder names."""
    found = []
    for inner in sorted(path for path in folder.glob("*") if path.is_dir()):
        if inner.name in classes:
            number = classes.index(inner.name)
        elif inner.name.isdigit() and int(inner.name) < len(classes):
            number = int(inner.name)
        else:
            raise ValueError(
                f"{inner} is named after no class: a name, or a number below {len(classes)}."
            )
        inside = (x for x in sorted(inner.iterdir()) if x.is_file() and x.name[0] != ".")
        found += [(path, number) for path in inside]
    if not found:
        raise ValueError(f"{folder} holds no pictures: a folder a class, with pictures in it.")
    return found


def load(name: str, side: int) -> Tensor:
    """The middle square of a photograph, resized with antialiasing to `side` pixels.

    Returns float32 (1, 1, side, side) in [0, 1], in grey by luminance.
    Raises ValueError for another name or a side below 16.
    """
    checks.one_of("photograph", name, NAMES)
    checks.within("side", side, 16, math.inf, "pixels")
    pixels = img_as_float(getattr(data, name)())
    height, width = pixels.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    pixels = pixels[top : top + square, left : left + square]
    if pixels.ndim == 3:
        pixels = rgb2gray(pixels)
    pixels = resize(pixels, (side, side), anti_aliasing=True).clip(0, 1)
    return torch.from_numpy(pixels).float()[None, None]

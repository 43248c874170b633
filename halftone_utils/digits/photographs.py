"""Photographs that come inside scikit-image's wheel, as pictures for style transfer."""

import io
import math

import numpy as np
import torch
from PIL import Image, ImageOps
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import resize
from skimage.util import img_as_float
from torch import Tensor

from halftone_utils.engine import checks

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


def decode(content: bytes, side: int) -> Tensor:
    """The middle square of a picture file in grey: (1, 1, side, side) in [0, 1], antialiased.

    content: the bytes of any format that Pillow reads.
    Raises ValueError in one sentence for what is no picture, or one of under 16 pixels.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            grey = ImageOps.exif_transpose(picture).convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "it is empty" if not content else type(error).__name__
        raise ValueError(
            f"The file is no picture that can be read ({reason}); PNG, JPEG and GIF are."
        ) from None
    if min(grey.size) < 16:
        raise ValueError(f"The picture has {grey.size[0]} by {grey.size[1]} pixels; 16 are needed.")
    square = ImageOps.fit(grey, (side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(square)).float()[None, None] / 255


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

"""Photographs that come inside scikit-image's wheel, as pictures for style transfer."""

import torch
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import resize
from skimage.util import img_as_float
from torch import Tensor

# Only what the wheel holds: scikit-image fetches its other pictures from the network.
NAMES = ("astronaut", "brick", "camera", "cat", "coffee", "coins", "grass", "gravel",
         "immunohistochemistry", "moon", "rocket")  # fmt: skip


def load(name: str, side: int, colour: bool = False) -> Tensor:
    """The middle square of a photograph, resized with antialiasing to `side` pixels.

    Returns float32 in [0, 1]: (1, 1, side, side) in grey by luminance, or (1, 3, side, side)
    in colour (three equal channels if the photograph is grey).
    Raises ValueError for another name or a side below 16.
    """
    if name not in NAMES:
        raise ValueError(f"photograph is {name!r}; it is one of {', '.join(NAMES)}.")
    if side < 16:
        raise ValueError(f"side is {side} pixels; it is 16 or more.")
    pixels = img_as_float(getattr(data, name)())
    height, width = pixels.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    pixels = pixels[top : top + square, left : left + square]
    if pixels.ndim == 3 and not colour:
        pixels = rgb2gray(pixels)
    pixels = resize(pixels, (side, side), anti_aliasing=True).clip(0, 1)
    image = torch.from_numpy(pixels).float()
    if image.ndim == 2:
        return image.expand(1, 3 if colour else 1, side, side).contiguous()
    return image.movedim(-1, 0)[None].contiguous()

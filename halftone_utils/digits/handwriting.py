"""A drawing made of strokes, brought to the form of an MNIST digit."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

Point = tuple[float, float]  # x to the right, y down, in pixels of the pad
BOX, SIDE = 20, 28  # MNIST's digits fill 20x20 pixels of 28x28


def ink(strokes: Sequence[Sequence[Point]], side: int, width: int) -> Tensor:
    """The strokes drawn white on black with a round pen: (1, 1, side, side) in {0, 1}.

    side: of the pad, in pixels.  width: of the pen, in pixels of the pad.
    """
    canvas = Image.new("L", (side, side))
    draw, r = ImageDraw.Draw(canvas), width / 2
    for stroke in strokes:
        if len(stroke) > 1:
            draw.line(stroke, fill=255, width=width)
        for x, y in stroke:  # round ends and joints
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return torch.from_numpy(np.array(canvas))[None, None] / 255


def as_mnist(drawing: Tensor) -> Tensor:
    """A drawing in MNIST's form: fitted into 20x20 pixels, its centre of mass in the middle.

    drawing: (1, 1, H, W) in [0, 1], white on black.  Returns uint8 (1, 1, 28, 28), as LeCun et
    al. 1998 normalised the digits of NIST.  Raises ValueError if nothing is drawn.
    """
    rows, columns = (drawing[0, 0] > 0).nonzero(as_tuple=True)
    if len(rows) == 0:
        raise ValueError("Nothing is drawn yet: draw a digit with the mouse or a finger.")
    shape = drawing[0, 0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = BOX / max(shape.shape)
    height, width = (max(1, round(n * scale)) for n in shape.shape)
    fitted = torch.nn.functional.interpolate(
        shape[None, None], (height, width), mode="bilinear", antialias=True, align_corners=False
    )[0, 0]
    top, left = (_offset(fitted.sum(axis)) for axis in (1, 0))
    digit = torch.zeros(1, 1, SIDE, SIDE)
    digit[0, 0, top : top + height, left : left + width] = fitted
    return (255 * digit).round().byte()


def _offset(mass: Tensor) -> int:
    """Where a profile of mass (n,) begins, so that its centre lies in the middle of SIDE."""
    n = len(mass)
    centre = float((mass * (torch.arange(n) + 0.5)).sum() / mass.sum())
    return min(max(round(SIDE / 2 - centre), 0), SIDE - n)

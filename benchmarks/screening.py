"""Classical screens: ours against PyPI's `dithering` (Rust) and Pillow (C), on digits of 256 px."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks import pillow_arithmetic
from benchmarks.timing import Record, race
from halftone_utils import screens
from halftone_utils.digits import datasets, photographs
from halftone_utils.engine import hardware
from halftone_utils.screens import error_diffusion


def _pictures(images: int) -> tuple[Tensor, np.ndarray]:
    pixels = datasets.load("validation", 256, images)[0]
    return pixels, pixels[:, 0].numpy()


def _finished(record: Record, ours: Tensor, rival: np.ndarray) -> Record:
    """Add megapixels a second, and the share of pixels that both made the same."""
    area = ours[0].numel()
    same = float((ours[:, 0].numpy().astype(bool) == rival.astype(bool)).mean())
    rates = record["images_per_second"].items()
    return {
        **record,
        "megapixels_per_second": {name: rate * area / 1e6 for name, rate in rates},
        "equal_pixels": same,
    }


def bayer(images: int, repeats: int) -> Record:
    """Ordered dithering, 8x8; `dithering` gets all images as one tall one.

    One call on a tall picture, and one a core on a share of it: the quicker is the rival.
    """
    from dithering import ordered_dither

    pixels, array = _pictures(images)
    shares = np.array_split(array.reshape(-1, 256), torch.get_num_threads())
    shares = [np.ascontiguousarray(share) for share in shares]
    done: dict[str, np.ndarray] = {}
    printed: dict[str, Tensor] = {}

    def together() -> None:
        done["tall"] = ordered_dither(array.reshape(-1, 256), "bayer8x8")

    ways: dict[str, Callable] = {
        "screens.bayer": lambda: printed.update(ours=screens.bayer(pixels, 8)),
        "dithering": together,
        "dithering, a core each": lambda: hardware.on_each_core(
            lambda share: ordered_dither(share, "bayer8x8"), shares
        ),
    }
    record = race("screens.bayer", ways, images=images, repeats=repeats)
    return _finished(record, printed["ours"], done["tall"].reshape(array.shape))


def floyd_steinberg(images: int, repeats: int) -> Record:
    """Error diffusion equal to Pillow's bit for bit, and the textbook's; Pillow on one core or all.

    `dithering` runs too, for comparison: an image at a time, since errors flow down a tall one.
    """
    from dithering import error_diffusion as diffused

    pixels, array = _pictures(images)
    pictures, out = [Image.fromarray(one) for one in array], torch.empty_like(pixels)

    def as_pillow() -> None:
        pillow_arithmetic.floyd_steinberg(pixels, out)

    ways: dict[str, Callable] = {
        "floyd_steinberg_as_pillow": as_pillow,
        "pillow": lambda: [one.convert("1") for one in pictures],
        "pillow, a core each": lambda: hardware.on_each_core(
            lambda one: one.convert("1"), pictures
        ),
        "dithering, a core each": lambda: hardware.on_each_core(diffused, array),
    }
    record = race("floyd_steinberg_as_pillow", ways, images=images, repeats=repeats)
    theirs = np.stack([np.asarray(one.convert("1")) for one in pictures])
    textbook = race(
        "diffuse",
        {
            "diffuse": lambda: error_diffusion.diffuse(pixels, "floyd-steinberg"),
            "as pillow": as_pillow,
        },
        images=images,
        repeats=repeats,
    )
    record["images_per_second"]["diffuse (float32)"] = textbook["images_per_second"]["diffuse"]
    return _finished(record, out, theirs)


def floyd_steinberg_single(side: int, repeats: int) -> Record:
    """One photograph, side x side: the textbook's error diffusion, and Pillow's on its one core.

    Pillow rounds the errors to whole levels: dots differ, tones do not.
    """
    pixels = (photographs.load("camera", side) * 255).round().to(torch.uint8)
    picture = Image.fromarray(pixels[0, 0].numpy())
    printed: dict[str, Tensor] = {}
    ways: dict[str, Callable] = {
        "screens.halftone": lambda: printed.update(
            ours=screens.halftone(pixels, "floyd-steinberg")
        ),
        "pillow": lambda: picture.convert("1"),
    }
    record = race("screens.halftone", ways, images=1, repeats=repeats)
    return _finished(record, printed["ours"], np.asarray(picture.convert("1"))[None])

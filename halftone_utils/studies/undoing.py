"""What a filter before the network gives back of the digits behind halftones.

Everything is measured on validation digits at 32 pixels.
"""

import io
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import ndimage
from torch import Tensor

from halftone_utils import screens
from halftone_utils.digits import sets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import perception
from halftone_utils.screens.ways import Way
from halftone_utils.studies import experiments, grid

SHOWN = ("original", "halftone-talk", "halftone-strong", "blue-noise")


def threshold(images: Tensor) -> Tensor:
    """White above half tone, black below."""
    return (images > 0.5).float()


def median(images: Tensor, side: int) -> Tensor:
    """The median of the square of so many pixels about each, borders mirrored."""
    found = ndimage.median_filter(images.numpy(), size=(1, 1, side, side), mode="mirror")
    return torch.from_numpy(found)


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Each picture as JPEG of this quality, 1 to 95, and back."""
    read = []
    for pixels in (images[:, 0] * 255).round().byte().numpy():
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, format="jpeg", quality=quality)
        read.append(np.asarray(Image.open(stream)))
    return torch.from_numpy(np.stack(read))[:, None].float() / 255


def down_and_up(images: Tensor, side: int) -> Tensor:
    """Reduced to so many pixels by averaging over areas, and enlarged linearly."""
    small = training.reduce(images, side)
    return F.interpolate(small, images.shape[-1], mode="bilinear", align_corners=False)


def quantized(images: Tensor, bits: int) -> Tensor:
    """Rounded to 2^bits even levels."""
    most = 2**bits - 1
    return (images * most).round() / most


FILTERS = (
    Way("none", torch.clone),
    Way("threshold", threshold),
    *(Way(f"{bits} bits", partial(quantized, bits=bits)) for bits in (2, 3)),
    *(Way(f"median {k}x{k}", partial(median, side=k)) for k in (3, 5)),
    *(Way(f"blur {s} px", partial(perception.integrate, sigma=s)) for s in (0.7, 1.0, 1.4)),
    *(Way(f"JPEG {q}", partial(jpeg, quality=q)) for q in (75, 25)),
    *(Way(f"{k} px and up", partial(down_and_up, side=k)) for k in (16, 11)),
    Way("halftoned again", partial(screens.halftone, kind="floyd-steinberg")),
)


def pictures(shown: str, n: int) -> tuple[Tensor, Tensor]:
    """The first n validation digits of one of SHOWN, float, with their labels."""
    images, labels = sets.load(shown, "validation", 32, n)
    return as_float(images), labels


def undoing(architecture: str, *, seed: int = 0, n: int = 1000) -> Result:
    """How many digits behind halftones a network reads through each of FILTERS.

    Writes data/results/undoing-NETWORK-32-original-sSEED.json.  architecture: trained on originals.
    n: validation digits.
    """
    x = grid.experiment_for(architecture, 32, seed=seed)
    stem, config = f"undoing-{x.stem}", {"network": config_of(x), "split": "validation", "n": n}
    store.check(stem, config, [])
    model, rows = experiments.ready(x), []
    for shown in SHOWN:
        images, labels = pictures(shown, n)
        for way in FILTERS:
            right = training.count_right(model, way(images), labels)
            rows.append({"shown": shown, "kind": way.kind, "n": n, "n_correct": right})
    return store.record("undoing", stem, config, rows)

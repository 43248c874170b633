"""The illusion index of any network: what it reads wrong near and right from afar.

As in the study of distance, for a module and pictures of one's own.  Blur costs originals, too:
only pictures whose original is read right through the same blur are counted.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from halftone_utils import screens
from halftone_utils.digits import datasets
from halftone_utils.digits.datasets import as_float
from halftone_utils.digits.photographs import labelled
from halftone_utils.engine import checks
from halftone_utils.networks import architectures, imagenet
from halftone_utils.results.intervals import wilson
from halftone_utils.screens.transforms import luminance
from halftone_utils.screens.ways import Way
from halftone_utils.studies import distance, experiments

SCREEN = Way("am", screens.am_screen, {"ruling": 4 * math.sqrt(2), "angle": 45.0, "dot": "round"})


def illusion_index(
    model: nn.Module,
    pictures: Tensor,
    labels: Tensor,
    halftone: Callable[[Tensor], Tensor] = SCREEN,
    *,
    sigmas: Sequence[float] = distance.SIGMAS,
    batch: int = 32,
) -> pd.DataFrame:
    """What a network reads of pictures and their halftones from each distance, a row each.

    model: pictures (N, C, H, W) in [0, 1] -> scores (N, classes); what it was trained to be given
    is made inside it.  pictures: C is 1 or 3.  labels: the classes' numbers (N,).
    halftone: of grey pictures (N, 1, H, W); colour is screened by its luminance.
    sigmas: standard deviations of the blur [px]; 0 is near.
    Columns: sigma; n; original and halftone, read right [%]; counted, pictures whose original is
    read right through this blur; index, the share of these whose halftone is read wrong near and
    right through it, with low and high (Wilson's 95 %) [%].
    Raises ValueError for pictures or labels of another shape or range.
    """
    _check(pictures, labels, sigmas)
    drawn = halftone(luminance(pictures)).expand_as(pictures)
    read = partial(_read, model.eval(), labels=labels, batch=batch)
    near, rows = read(drawn, sigma=0.0), []
    for sigma in sigmas:
        original, right = read(pictures, sigma=sigma), read(drawn, sigma=sigma)
        counted, found = int(original.sum()), int((~near & right & original).sum())
        low, high = wilson(found, counted) if counted else (math.nan, math.nan)
        rows.append(
            {
                "sigma": sigma,
                "n": len(labels),
                "original": 100 * counted / len(labels),
                "halftone": 100 * float(right.float().mean()),
                "counted": counted,
                "index": 100 * found / counted if counted else math.nan,
                "low": 100 * low,
                "high": 100 * high,
            }
        )
    return pd.DataFrame(rows)


@torch.inference_mode()
def _read(
    model: nn.Module, pictures: Tensor, *, labels: Tensor, sigma: float, batch: int
) -> Tensor:
    """Which pictures are read right through a blur: bool (N,)."""
    seen = distance.seen(pictures.flatten(0, 1)[:, None], sigma).view_as(pictures)
    answers = torch.cat([model(x).argmax(1) for x in seen.split(batch)])
    return answers == labels


def _check(pictures: Tensor, labels: Tensor, sigmas: Sequence[float]) -> None:
    """Raise ValueError, in one sentence, for what cannot be taken."""
    shape = tuple(pictures.shape)
    if len(shape) != 4 or shape[1] not in (1, 3) or not pictures.is_floating_point():
        raise ValueError(f"pictures are {pictures.dtype} {shape}; floats (N, 1 or 3, H, W) are.")
    if labels.shape != pictures.shape[:1] or not len(labels):
        raise ValueError(f"labels are {tuple(labels.shape)}; one for each of {shape[0]} pictures.")
    if not pictures.isfinite().all() or pictures.min() < 0 or pictures.max() > 1:
        raise ValueError("pictures leave [0, 1]; what a network normalizes is made inside it.")
    for sigma in sigmas:
        checks.within("sigma", sigma, 0, math.inf, "pixels")


def index(
    network: str,
    *,
    file: Path | None = None,
    folder: Path | None = None,
    side: int = 512,
    kind: str = "am",
    ruling: float = 4.0,
    angle: float = 45.0,
    dot: str = "round",
    tone_range: tuple[float, float] = (0.0, 1.0),
    n: int = 1000,
) -> pd.DataFrame:
    """The illusion index of a network, near and from each distance; nothing is written.

    network: one of the report's, which reads n validation digits of 32 pixels; else one trained on
    ImageNet, see `networks.imagenet.load`, with its file: it reads 20 photographs of a side [px],
    or those in a folder, see `digits.photographs.labelled`.
    kind, ruling, angle, dot: of the screen.  tone_range: into which tones are mapped first.
    """
    checks.one_of("kind", kind, screens.KINDS)
    arguments: dict[str, Any] = {"ruling": ruling, "angle": angle, "dot": dot}
    arguments = {"tone_range": tone_range} | (arguments if kind == "am" else {})
    way = Way(kind, partial(screens.halftone, kind=kind), arguments)
    if network in architectures.ARCHITECTURES:
        digits, labels = datasets.load("validation", 32, n)
        return illusion_index(experiments.published(network), as_float(digits), labels, way)
    model = imagenet.load(network, file)
    pictures, labels = labelled(side, folder, imagenet.classes())
    return illusion_index(model, pictures, labels, way, batch=1)

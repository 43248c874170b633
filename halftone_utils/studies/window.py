"""What opens the window that the model observer has and LeNet has not.

The observer differs from LeNet in three things: a blur comes first, what is blurred is brought to
one contrast, and it was trained behind both.  So LeNet is trained in all eight ways of three
factors, a blur as its first layer, how its input is brought into range, white noise on its
training pictures.  Each reads dithers by noise of one band after another (see `places`), and
halftones, which none was shown.  A channel that noise in training moves was open only because
nothing had been there.
Everything is measured on validation digits at 32 pixels.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from halftone_utils.digits import points, sets
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, hash_of
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens import perception
from halftone_utils.studies import factors, places, undoing

MOST = 0.75  # greatest deviation of white noise in training
SCALES = ("per image", "fixed")


class Blurred(nn.Module):
    """A classifier that sees pictures through a Gaussian blur of sigma pixels."""

    def __init__(self, model: nn.Module, sigma: float) -> None:
        """model: logits of images (N, 1, H, W)."""
        super().__init__()
        self.model, self.sigma = model, sigma

    def forward(self, images: Tensor) -> Tensor:
        """Its logits (N, classes)."""
        return self.model(perception.gaussian(images, self.sigma))


def ways() -> list[dict[str, Any]]:
    """The eight ways to train: a blur or none, a name of `builders.INPUTS`, noise or none."""
    each = product((False, True), SCALES, (False, True))
    return [{"blurred": blurred, "scale": scale, "noisy": noisy} for blurred, scale, noisy in each]


def with_noise(images: Tensor, seed: int = 0) -> Tensor:
    """White noise on uint8 pictures (N, 1, H, W), clipped: of a deviation of its own in each.

    The deviation is uniform from 0 to MOST.  Picture i is the same for every N > i.
    """
    found = torch.empty_like(images)
    for i, picture in enumerate(images):
        rng = np.random.default_rng((seed, i))
        added = rng.uniform(0, MOST) * rng.standard_normal(picture.shape, np.float32)
        found[i] = as_bytes((as_float(picture) + torch.from_numpy(added)).clamp(0, 1))
    return found


def train(way: dict[str, Any], seed: int) -> nn.Module:
    """LeNet, trained on originals by its recipe in one of these ways; kept."""
    scale, recipe = way["scale"], architectures.ARCHITECTURES["lenet"].recipes[32]
    if not way["blurred"] and not way["noisy"]:
        return factors.train("lenet", {} if scale == SCALES[0] else {"scale": scale}, seed)
    model: nn.Module = architectures.build("lenet", 32, seed, scale=scale)
    if way["blurred"]:
        model = Blurred(model, points.load("strong", 32).sigma)
    config = {"architecture": "lenet", **way, "most": MOST}
    name = hash_of({**config, "recipe": config_of(recipe), "seed": seed})
    path = CACHE / "checkpoints" / f"window-lenet-s{seed}-{name}.safetensors"
    images, labels = sets.load("original", "train", 32)
    images = with_noise(images) if way["noisy"] else images
    training.fit(model, images, labels, recipe, seed=seed, checkpoint=path, config=config)
    return model


def shown(n: int) -> Iterator[tuple[dict[str, Any], Tensor, Tensor]]:
    """What is shown of n digits: what a row says, pictures, labels: halftones, and dithers."""
    for name in factors.SHOWN:
        yield {"shown": name}, *undoing.pictures(name, n)
    images, labels = undoing.pictures("original", n)
    for of_way, drawn in places.dithers(images):
        yield {"shown": "dither", **of_way}, drawn, labels


def window(*, seed: int = 0, n: int = 500) -> Result:
    """Train LeNet in eight ways, then read halftones, and dithers by noise of one band each.

    Writes data/results/window-lenet-sSEED.json; a killed run goes on.  n: validation digits.
    """
    stem = f"window-lenet-s{seed}"
    config = {"architecture": "lenet", "seed": seed, "split": "validation", "n": n}
    there = store.check(stem, config, [])
    known = {store.key_of(row) for row in there.rows} if there else set()
    for way in ways():
        todo = [of for of in shown(n) if store.key_of({**way, **of[0]}) not in known]
        if todo:
            model = train(way, seed)
            rows = [
                {**way, **of_way, "n": n, "n_correct": training.count_right(model, images, labels)}
                for of_way, images, labels in todo
            ]
            store.record("window", stem, config, rows)
    return store.read(store.path_of(stem))

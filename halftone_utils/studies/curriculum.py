"""Whether it is small pictures first, which VGGs alone had at 256 px, that open their window.

Tried at 64 px, where two cores can: the recipe of 256 px with smaller sides and shifts.
Everything is measured on validation digits.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from halftone_utils.digits import datasets, points
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import hardware
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, hash_of
from halftone_utils.networks import architectures, training
from halftone_utils.networks.training import Recipe
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import channel

SIDE = 64
SMALL = ((32, 20_000), (48, 10_000))  # a VGG's five poolings leave nothing of less than 32 px
TRAINED = 10_000  # digits at full size
NOISED = 200  # digits that the channel is measured on
SCREENS = (32, 256)  # of the frozen points `strong`, whose dots have as many px here


def trainings(architecture: str) -> dict[str, Recipe]:
    """How the network is trained; the last takes within 3 % the pixels that the first takes."""
    of_256 = architectures.ARCHITECTURES[architecture].recipes[256]
    first = replace(of_256, epochs=1, shift=of_256.shift * SIDE // 256, small=SMALL)
    full = replace(first, small=(), small_batch=0)
    return {
        "small pictures first": first,
        "full size": full,
        "full size, as much compute": replace(full, epochs=2),
    }


@cache
def digits() -> tuple[Tensor, Tensor]:
    """The training digits, uint8 at SIDE pixels, and labels: every first n are balanced."""
    images, labels = datasets.load("train", datasets.SIDE)
    most = max(TRAINED, *(n for _, n in SMALL))
    order = datasets.balanced_order(labels)[:most]
    return datasets.enlarge(images[order], SIDE), labels[order]


def train(architecture: str, recipe: Recipe, seed: int) -> torch.nn.Module:
    """The network at SIDE pixels, trained on originals; kept."""
    builder = architectures.ARCHITECTURES[architecture].builder
    model = architectures.assemble(builder, SIDE, seed).to(hardware.fastest_device())
    config = {"architecture": architecture, "size": SIDE}
    name = hash_of({**config, "recipe": config_of(recipe), "n": TRAINED, "seed": seed})
    path = CACHE / "checkpoints" / f"curriculum-{architecture}-s{seed}-{name}.safetensors"
    images, labels = digits()
    kept: dict[str, Any] = {"checkpoint": path, "config": config}
    training.fit(model, images, labels, recipe, n=TRAINED, seed=seed, **kept)
    return model


def rows_of(model: torch.nn.Module, n: int) -> list[dict]:
    """What a network reads of n originals, behind two screens, and behind noise in each band."""
    pictures, labels = datasets.load("validation", datasets.SIDE, n)
    images = as_float(datasets.enlarge(pictures, SIDE))
    shown = [({"shown": "original"}, images)]
    for size in SCREENS:
        point = points.load("strong", size)
        of = {"shown": "strong", "ruling": round(point.ruling, 4)}
        shown.append((of, point.halftone(images)))
    rows = [{**of, "n": n, "n_correct": training.count_right(model, x, labels)} for of, x in shown]
    few = min(n, NOISED)
    noisy = channel.noise_rows(model, images[:few], labels[:few])
    return rows + [{"shown": "noise", **row} for row in noisy]


def curriculum(architecture: str = "vgg16", *, seed: int = 0, n: int = 500) -> Result:
    """Train with small pictures first and without, then read originals, screens and noise.

    Writes data/results/curriculum-NETWORK-sSEED.json; a killed run goes on.  All at 64 pixels.
    n: validation digits.
    """
    stem = f"curriculum-{architecture}-s{seed}"
    config = {"architecture": architecture, "seed": seed, "size": SIDE, "n_train": TRAINED}
    config |= {"split": "validation", "n": n}
    there = store.check(stem, config, [])
    known = {row["training"] for row in there.rows} if there else set()
    for name, recipe in trainings(architecture).items():
        if name not in known:
            of = {"training": name, "recipe": config_of(recipe)}
            rows = rows_of(train(architecture, recipe, seed), n)
            store.record("curriculum", stem, config, [{**of, **row} for row in rows])
    return store.read(store.path_of(stem))

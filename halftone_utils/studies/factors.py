"""How much of a network's fall is its recipe's: trainings that differ in one thing or two.

Which things: data/factors.toml.  Everything is measured on validation digits, and of each
network its channel too.
"""

from dataclasses import replace
from typing import Any

import torch

from halftone_utils.digits import datasets, sets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, DATA, hash_of, read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import channel, grid

SHOWN = ("original", "halftone-talk", "halftone-strong")
NOISED = 500  # digits that the channel is measured on


def changes_of(architecture: str) -> list[dict[str, Any]]:
    """What is changed in the recipe of an architecture, a training each."""
    rows = read_toml(DATA / "factors.toml")
    checks.one_of("architecture", architecture, rows)
    return rows[architecture]


def train(architecture: str, change: dict[str, Any], seed: int) -> torch.nn.Module:
    """The network at 32 pixels, trained on originals by its recipe but for the change; kept.

    Without a change it is the table's own network.
    """
    if not change:
        return channel.ready(grid.experiment_for(architecture, 32, seed=seed))
    fields = dict(change)
    scale = fields.pop("scale", "per image")
    recipe = replace(architectures.ARCHITECTURES[architecture].recipes[32], **fields)
    model = architectures.build(architecture, 32, seed, scale=scale)
    config = {"architecture": architecture, "scale": scale}
    name = hash_of({**config, "recipe": config_of(recipe), "seed": seed})
    path = CACHE / "checkpoints" / f"factors-{architecture}-s{seed}-{name}.safetensors"
    images, labels = sets.load("original", "train", 32)
    training.fit(model, images, labels, recipe, seed=seed, checkpoint=path, config=config)
    return model


def rows_of(model: torch.nn.Module, change: dict[str, Any], n: int) -> list[dict]:
    """What one network reads of each set, and of originals behind noise in each band."""
    rows = []
    for name in SHOWN:
        images, labels = sets.load(name, "validation", 32, n)
        right = training.count_right(model, images, labels)
        rows.append({"shown": name, "n": n, "n_correct": right})
    images, labels = datasets.load("validation", 32, min(n, NOISED))
    rows += [
        {"shown": "noise", **row} for row in channel.noise_rows(model, as_float(images), labels)
    ]
    return [{"change": change, **row} for row in rows]


def factors(architecture: str, *, seed: int = 0, n: int = 5000) -> Result:
    """Train with each change of the recipe that data/factors.toml lists, read validation digits.

    Writes data/results/factors-NETWORK-sSEED.json; changes that it holds are not trained again.
    n: validation digits.
    """
    changes, stem = changes_of(architecture), f"factors-{architecture}-s{seed}"
    recipe = architectures.ARCHITECTURES[architecture].recipes[32]
    config = {"architecture": architecture, "seed": seed, "recipe": config_of(recipe)}
    config |= {"split": "validation", "n": n}
    there = store.check(stem, config, [])
    known = [row["change"] for row in there.rows] if there else []
    for change in changes:
        if change not in known:
            rows = rows_of(train(architecture, change, seed), change, n)
            store.record("factors", stem, config, rows)
    return store.read(store.path_of(stem))

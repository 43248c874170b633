"""How much of a network's fall is its recipe's: trainings that differ in one thing or two.

Which things: data/factors.toml.  Everything is measured on validation digits, and of each
network its channel too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import torch

from halftone_utils.digits import datasets, sets
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, DATA, hash_of, read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies import channel, experiments, grid

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
        return experiments.ready(grid.experiment_for(architecture, 32, seed=seed))
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


def factors(architecture: str, *, seed: int = 0, n: int = 5000, first: int = 0) -> Result:
    """Train with each change of the recipe that data/factors.toml lists, read validation digits.

    Writes data/results/factors-NETWORK-sSEED.json; changes that it holds are not trained again.
    n: validation digits.  first: only the first so many changes, 0 for all.
    """
    changes, stem = changes_of(architecture)[: first or None], f"factors-{architecture}-s{seed}"
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


def readings(found: Sequence[Result]) -> pd.DataFrame:
    """What each training reads: architecture, seed, change (as text), shown, accuracy [%]."""
    rows = [
        {
            "architecture": result.config["architecture"],
            "seed": result.config["seed"],
            "change": in_words(row["change"]),
            "shown": row["shown"],
            "accuracy": 100 * row["n_correct"] / row["n"],
        }
        for result in found
        for row in result.rows
        if row["shown"] in SHOWN
    ]
    return pd.DataFrame(rows)


def in_words(change: Mapping[str, Any]) -> str:
    """A change of the recipe, as a table calls it."""
    left, said = dict(change), []
    if "shift" in left:
        most = left.pop("shift")
        said.append(f"shifts of {most} px" if most else "no shifts")
    if "scale" in left:
        said.append(
            {"fixed": "a fixed mean and deviation", "as it is": "pixels as they are"}[
                left.pop("scale")
            ]
        )
    if {"epochs", "learning_rate"} <= {*left}:
        said.append("half as long")
        del left["epochs"], left["learning_rate"]
    named = {"batch": "batches of {}", "wrap": "shifts filled with black"}
    named |= {"weight_decay": "weight decay {:g}"}
    return ", ".join([*said, *(named[k].format(v) for k, v in left.items())]) or "as the table's"


def shares_of_spread(table: pd.DataFrame) -> dict[str, float]:
    """How much of the variance of accuracy goes with what: shares that add up to 1.

    table: `readings` of one set; seeds and changes that not every architecture has are left out.
    Sums of squares of a balanced two-way analysis of variance (Fisher 1925), seeds its replicates;
    with one seed left there is no share of it.
    """
    of_all = (
        table.groupby("seed")["architecture"]
        .transform("nunique")
        .eq(table["architecture"].nunique())
    )
    wide = table[of_all].pivot(index="change", columns=["architecture", "seed"], values="accuracy")
    wide = wide.dropna()
    mean, cells = float(wide.to_numpy().mean()), wide.T.groupby(level=0).mean().T
    total = float(((wide - mean) ** 2).to_numpy().mean())
    between = float(((cells - mean) ** 2).to_numpy().mean())
    architecture = float(((cells.mean(axis=0) - mean) ** 2).mean())
    recipe = float(((cells.mean(axis=1) - mean) ** 2).mean())
    parts = {"architecture": architecture, "recipe": recipe}
    parts |= {"both together": between - architecture - recipe}
    if wide.columns.get_level_values("seed").nunique() > 1:
        parts |= {"seed": total - between}
    return {name: part / total for name, part in parts.items()}

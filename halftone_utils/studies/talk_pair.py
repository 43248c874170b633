"""The talk's pair, 81.46 and 21.46 %: is it among what a script of 2018 would have had?

LeNets and AlexNets of many trainings read halftones at many doses of style transfer.  Which:
data/talk_pair.toml, and the trainings that the study `factors` has measured.  The search is on the
first validation digits; the nearest pair is read again on others.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from halftone_utils.digits import datasets, points, sets
from halftone_utils.digits.datasets import as_bytes, as_float
from halftone_utils.engine.configs import config_of
from halftone_utils.engine.files import CACHE, DATA, hash_of, read_toml
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.results.talk import TALK
from halftone_utils.studies import factors

FILE = DATA / "talk_pair.toml"
WANTED = tuple(TALK[name, "original", "halftone-talk"] for name in ("lenet", "alexnet"))
TRAINED = 97  # percent of originals that both of a pair read; the talk's read 98.9

Network = tuple[dict[str, Any], Callable[[], torch.nn.Module]]  # what a row says of it; loads it


def train(architecture: str, change: dict[str, Any], seed: int) -> torch.nn.Module:
    """A network as a script of 2018 would have trained it, a row of `trainings`; kept."""
    of_2018 = read_toml(FILE)
    fields = {**of_2018["common"], **change}
    scale, builder = fields.pop("scale"), of_2018["builders"][architecture]
    recipe = training.Recipe(**fields)
    model = architectures.assemble(builder, 32, seed, scale=scale, he=False)
    config = {"builder": builder, "scale": scale}
    name = hash_of({**config, "recipe": config_of(recipe), "seed": seed})
    path = CACHE / "checkpoints" / f"talk-pair-{architecture}-s{seed}-{name}.safetensors"
    images, labels = sets.load("original", "train", 32)
    training.fit(model, images, labels, recipe, seed=seed, checkpoint=path, config=config)
    return model.eval()


def networks(seed: int, trainings: int = 0) -> Iterator[Network]:
    """First what `factors` has measured of this seed, then what is trained here.

    trainings: the first so many rows of them; 0 for all.
    """
    for result in store.load("factors"):
        architecture = result.config["architecture"]
        if result.config["seed"] == seed and architecture in ("lenet", "alexnet"):
            for change in factors.changes_of(architecture):
                if result.where(change=change):
                    of = {"architecture": architecture, "change": change}
                    yield of, partial(factors.train, architecture, change, seed)
    of_2018 = read_toml(FILE)
    for change in of_2018["trainings"][: trainings or None]:
        for architecture in of_2018["builders"]:
            of = {"architecture": architecture, "training": change}
            yield of, partial(train, architecture, change, seed)


def drawn(dose: dict[str, Any], images: Tensor) -> dict[int, Tensor]:
    """Digits at a row of doses: iterations -> uint8 (N, 1, 32, 32).

    dose: fields of `talk`, of which `iterations` are one or several.
    images: (N, 1, 32, 32) in [0, 1].
    """
    change = {**dose}
    keep = tuple(np.atleast_1d(change.pop("iterations")).tolist())
    point = replace(points.load_style("talk"), **change, iterations=max(keep))
    return {i: as_bytes(x) for i, x in points.steps(point, images, keep).items()}


def doses(images: Tensor) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """What is shown: originals, uint8, then the halftones of every dose, with what a row says."""
    yield {"shown": "original"}, as_bytes(images)
    for dose in read_toml(FILE)["doses"]:
        for i, pictures in sorted(drawn(dose, images).items()):
            yield {"shown": "halftone", "dose": {**dose, "iterations": i}}, pictures


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What a LeNet and an AlexNet of one training read at one dose [%].

    network: what a row says of the AlexNet.  dose: what is changed of `talk`.
    """

    network: dict[str, Any]
    dose: dict[str, Any]
    lenet: float
    alexnet: float

    @property
    def off(self) -> float:
        """The greater of its two distances from the talk's pair [points]."""
        return max(abs(self.lenet - WANTED[0]), abs(self.alexnet - WANTED[1]))


def pairs(result: Result, further: bool = False) -> list[Pair]:
    """Every pair of which both read TRAINED % of originals.

    further: those that were read again, on other digits than the search's.
    """
    read = {store.key_of(row): 100 * row["n_correct"] / row["n"] for row in result.rows}
    found = []
    for row in result.where(shown="halftone", **({"further": True} if further else {})):
        lenet = {**row, "architecture": "lenet"}
        both = [{**_network(x), "shown": "original"} for x in (row, lenet)]
        if (
            row["architecture"] != "lenet"
            and row.get("further", False) == further
            and store.key_of(lenet) in read
            and min(read.get(store.key_of(x), 0) for x in both) >= TRAINED
        ):
            of = {"network": _network(row), "dose": row["dose"]}
            two = {"lenet": read[store.key_of(lenet)], "alexnet": read[store.key_of(row)]}
            found.append(Pair(**of, **two))
    return found


def by_kind(results: Iterable[Result]) -> dict[str, list[tuple[float, float]]]:
    """What LeNet and AlexNet read in every pair of the search, by how they were trained."""
    found: dict[str, list[tuple[float, float]]] = {}
    for pair in (pair for result in results for pair in pairs(result)):
        kind = "small AlexNet" if pair.network["architecture"] == "small-alexnet" else "AlexNet"
        how = "the report's recipe, changed" if "change" in pair.network else "a script of 2018"
        found.setdefault(f"{kind}, {how}", []).append((pair.lenet, pair.alexnet))
    return found


def nearest(result: Result) -> Pair | None:
    """The pair of the search that is nearest to the talk's; None without any."""
    return min(pairs(result), key=lambda pair: pair.off, default=None)


def confirmed(result: Result) -> Pair | None:
    """What the nearest pair reads of digits that it was not chosen on; None before that is read."""
    chosen = nearest(result)
    for pair in pairs(result, further=True):
        if chosen and (pair.network, pair.dose) == (chosen.network, chosen.dose):
            return pair
    return None


def _network(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("architecture", "change", "training") if key in row}


def talk_pair(*, seed: int = 0, trainings: int = 0, n: int = 300, further: int = 2000) -> Result:
    """Look for a LeNet and an AlexNet that read what the talk's two read at one dose.

    Writes data/results/talk-pair-sSEED.json; networks and doses that it holds are not read again.
    trainings: the first so many rows of data/talk_pair.toml; 0 for all.
    n: validation digits of the search.  further: those after them that the nearest pair reads.
    """
    stem, config = f"talk-pair-s{seed}", {"seed": seed, "split": "validation", "n": n}
    config |= {"further": further}
    there = store.check(stem, config, [])
    known = {store.key_of(row) for row in there.rows} if there else set()
    pictures, labels = datasets.load("validation", 32, n + further)
    shown = [*doses(as_float(pictures[:n]))]
    for of, load in networks(seed, trainings):
        missing = [(on, x) for on, x in shown if store.key_of({**of, **on}) not in known]
        if missing:
            model = load()
            rows = [
                {**of, **on, "n": n, "n_correct": training.count_right(model, x, labels[:n])}
                for on, x in missing
            ]
            there = store.record("talk pair", stem, config, rows)
    chosen = nearest(store.read(store.path_of(stem)))
    if chosen:
        on = {"shown": "halftone", "dose": chosen.dose, "further": True}
        both = (chosen.network, {**chosen.network, "architecture": "lenet"})
        for of, load in networks(seed, trainings):
            if of in both and store.key_of({**of, **on}) not in known:
                again = drawn(chosen.dose, as_float(pictures[n:]))
                right = training.count_right(load(), again[chosen.dose["iterations"]], labels[n:])
                row = {**of, **on, "n": further, "n_correct": right}
                store.record("talk pair", stem, config, [row])
    return store.read(store.path_of(stem))

"""How recipes were chosen: trainings, read on validation digits."""

from dataclasses import replace
from typing import Any

from halftone_utils.digits import sets
from halftone_utils.engine import checks
from halftone_utils.engine.configs import config_of
from halftone_utils.networks import architectures, training
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.studies.experiments import Experiment, trained

RATES = (1e-4, 3e-4, 1e-3, 3e-3)


def trial(
    recipe: training.Recipe,
    architecture: str,
    size: int,
    n: int,
    n_validation: int,
    train_on: str = "original",
) -> int:
    """Right answers among the first n_validation pictures of a set, trained on its first n.

    The recipe's epochs on small pictures come first, each on as many as it says.  A trial that
    is an experiment of the grid trains that one, which is kept.
    """
    experiment = Experiment(architecture=architecture, size=size, train_on=train_on, n_train=n)
    if experiment.recipe == recipe:
        model, _ = trained(experiment)
    else:
        model = architectures.build(architecture, size, seed=0)
        most = max(n, *(many for _, many in recipe.small), 0)
        images, labels = sets.load(train_on, "train", size, most)
        training.fit(model, images, labels, recipe, seed=0, n=n)
    images, labels = sets.load(train_on, "validation", size, n_validation)
    return training.count_right(model, images, labels, fast=True)


def recipes(
    architecture: str,
    *,
    size: int = 32,
    rates: tuple[float, ...] = RATES,
    epochs: int = 1,
    batch: int | None = None,
    shift: int | None = None,
    small: tuple[tuple[int, int], ...] = (),
    train_on: str = "original",
    n: int = 6000,
    n_validation: int = 2000,
) -> Result:
    """Train with each learning rate, read validation digits, add to data/results/recipes.json.

    epochs: at full size.  batch, shift: without them, the recipe's.  n: training digits.
    small: epochs on small pictures that come first, side and number of each.
    """
    checks.one_of("architecture", architecture, architectures.ARCHITECTURES)
    checks.one_of("size", size, architectures.SIZES)
    chosen = architectures.ARCHITECTURES[architecture].recipes[size]
    changed: dict[str, Any] = {"epochs": epochs, "small": small}
    changed |= {"small_batch": chosen.small_batch if small else 0}
    changed |= {"batch": batch} if batch is not None else {}
    changed |= {"shift": shift} if shift is not None else {}
    for rate in rates:
        recipe = replace(chosen, learning_rate=rate, **changed)
        row = {"architecture": architecture, "size": size, "n_train": n}
        row |= {} if train_on == "original" else {"train_on": train_on}
        right = trial(recipe, architecture, size, n, n_validation, train_on)
        row |= {"recipe": config_of(recipe), "n": n_validation, "n_correct": right}
        found = store.record("recipes", "recipes", {"split": "validation"}, [row])
    return found

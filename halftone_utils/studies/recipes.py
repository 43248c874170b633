"""How recipes were chosen: trainings, read on validation digits.

    python -m halftone_utils.recipes vgg16 --rates 1e-4 3e-4
    python -m halftone_utils.recipes vgg16 --rates 3e-4 --epochs 2 --batch 64 --n 55000
    python -m halftone_utils.recipes alexnet --rates 1e-3 --epochs 16 --shift 2 --n 55000
    python -m halftone_utils.recipes vgg16 --size 256 --train-on halftone-talk --rates 1e-4 \\
        --n 1000 --n-validation 500 --small 64:6000 128:3000
"""

import argparse
import sys
from dataclasses import replace

from halftone_utils.digits import sets
from halftone_utils.engine.files import RESULTS, read_json, write_json
from halftone_utils.networks import architectures, training
from halftone_utils.results.accuracies import wilson
from halftone_utils.studies.experiments import Cell, trained

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
    is a cell of the grid trains that cell, which is kept.
    """
    cell = Cell(architecture=architecture, size=size, train_on=train_on, n_train=n, subset="first")
    if cell.recipe == recipe:
        model, _ = trained(cell)
    else:
        model = architectures.build(architecture, size, seed=0)
        most = max(n, *(many for _, many in recipe.small), 0)
        images, labels = sets.load(train_on, "train", size, most)
        training.fit(model, images, labels, recipe, seed=0, n=n)
    images, labels = sets.load(train_on, "validation", size, n_validation)
    return int((training.predict(model, images, fast=True) == labels).sum())


def _small(text: str) -> tuple[int, int]:
    """An epoch on small pictures as a command line has it, "64:6000": side and number."""
    side, _, many = text.partition(":")
    if not (side.isdecimal() and many.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not side:number, such as 64:6000")
    return int(side), int(many)


def _sentence(row: dict) -> str:
    recipe, train_on = row["recipe"], row.get("train_on", "original")
    first = "".join(f"{many:,} at {side} px, then " for side, many in recipe.get("small", []))
    epochs = "one epoch" if recipe["epochs"] == 1 else f"{recipe['epochs']} epochs"
    low, high = wilson(row["n_correct"], row["n"])
    usual = training.RECIPES[row["architecture"], row["size"]].shift
    shift = "" if recipe["shift"] == usual else f", shifted by up to {recipe['shift']} px"
    read = "" if train_on == "original" else f"{sets.DESCRIPTIONS[train_on]}, "
    return (
        f"{architectures.NAMES[row['architecture']]}, {row['size']} px, rate "
        f"{recipe['learning_rate']:g}, {first}{epochs} of {row['n_train']:,} "
        f"in batches of {recipe['batch']}{shift}: "
        f"{100 * row['n_correct'] / row['n']:.1f} % [{100 * low:.1f}, {100 * high:.1f}] "
        f"of {row['n']:,} {read}validation digits"
    )


def sentences() -> list[str]:
    """The committed trials, a line each."""
    known = read_json(RESULTS / "recipes.json")
    known.sort(
        key=lambda r: (
            r["architecture"],
            r["size"],
            r["recipe"]["learning_rate"],
            r["recipe"]["epochs"],
            r["recipe"]["shift"],
        )
    )
    return [_sentence(row) for row in known]


def main() -> None:
    """`python -m halftone_utils.recipes vgg16`: adds to data/results/recipes.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", choices=architectures.ARCHITECTURES)
    parser.add_argument("--size", type=int, default=32, choices=architectures.SIZES)
    parser.add_argument("--n", type=int, default=6000, help="training digits")
    parser.add_argument("--n-validation", type=int, default=2000)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--epochs", type=int, default=1, help="at full size")
    parser.add_argument("--batch", type=int, help="images a batch; without it, the recipe's")
    parser.add_argument("--shift", type=int, help="pixels at most; without it, the recipe's")
    parser.add_argument("--train-on", choices=("original", "halftone-talk"), default="original")
    parser.add_argument(
        "--small",
        type=_small,
        nargs="*",
        default=(),
        metavar="side:number",
        help="epochs on so many pictures of that side that come first",
    )
    asked = parser.parse_args()
    path = RESULTS / "recipes.json"
    known = read_json(path) if path.exists() else []
    chosen = training.RECIPES[asked.architecture, asked.size]
    try:
        tried = [
            replace(
                chosen,
                learning_rate=rate,
                epochs=asked.epochs,
                small=tuple(asked.small),
                batch=chosen.batch if asked.batch is None else asked.batch,
                shift=chosen.shift if asked.shift is None else asked.shift,
            )
            for rate in asked.rates
        ]
    except ValueError as error:
        sys.exit(str(error))
    for recipe in tried:
        correct = trial(
            recipe, asked.architecture, asked.size, asked.n, asked.n_validation, asked.train_on
        )
        row = {
            "architecture": asked.architecture,
            "size": asked.size,
            "n_train": asked.n,
            "recipe": recipe.config,
            "n": asked.n_validation,
            "n_correct": correct,
        }
        if asked.train_on != "original":
            row["train_on"] = asked.train_on
        print(_sentence(row))
        known = [r for r in known if {**r, "n_correct": 0} != {**row, "n_correct": 0}] + [row]
        write_json(path, known)


if __name__ == "__main__":
    main()

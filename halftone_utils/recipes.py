"""How each recipe's learning rate was chosen: short trainings, read on validation digits."""

import argparse
from dataclasses import replace

from halftone_utils import classifiers, mnist, training
from halftone_utils.files import RESULTS, read_json, write_json

RATES = (1e-4, 3e-4, 1e-3, 3e-3)


def trial(recipe: training.Recipe, architecture: str, size: int, n: int, n_validation: int) -> int:
    """Right answers among the first n_validation digits after one epoch on n originals."""
    model = classifiers.build(architecture, size, seed=0)
    images, labels = mnist.load("train", size, n)
    training.fit(model, images, labels, recipe, seed=0)
    images, labels = mnist.load("validation", size, n_validation)
    return int((training.predict(model, images) == labels).sum())


def sentences() -> list[str]:
    """The committed trials, a line each."""
    known = read_json(RESULTS / "recipes.json")
    known.sort(key=lambda r: (r["architecture"], r["recipe"]["learning_rate"]))
    return [
        f"{classifiers.NAMES[r['architecture']]}, {r['size']} px, rate "
        f"{r['recipe']['learning_rate']:g}, one epoch of {r['n_train']:,}: "
        f"{100 * r['n_correct'] / r['n']:.1f} % of {r['n']:,} validation digits"
        for r in known
    ]


def main() -> None:
    """`python -m halftone_utils.recipes vgg16`: adds to data/results/recipes.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", choices=classifiers.ARCHITECTURES)
    parser.add_argument("--size", type=int, default=32, choices=classifiers.SIZES)
    parser.add_argument("--n", type=int, default=6000, help="training digits")
    parser.add_argument("--n-validation", type=int, default=2000)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    asked = parser.parse_args()
    path = RESULTS / "recipes.json"
    known = read_json(path) if path.exists() else []
    chosen = training.RECIPES[asked.architecture, asked.size]
    for rate in asked.rates:
        recipe = replace(chosen, learning_rate=rate, epochs=1, small=())
        correct = trial(recipe, asked.architecture, asked.size, asked.n, asked.n_validation)
        row = {
            "architecture": asked.architecture, "size": asked.size, "n_train": asked.n,
            "recipe": recipe.config, "n": asked.n_validation, "n_correct": correct,
        }  # fmt: skip
        print(f"{asked.architecture} {asked.size}, {rate:g}: {correct} of {asked.n_validation}")
        known = [r for r in known if {**r, "n_correct": 0} != {**row, "n_correct": 0}] + [row]
        write_json(path, known)


if __name__ == "__main__":
    main()

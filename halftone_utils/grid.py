"""Every cell of the table and every curve, in one command that resumes: `make results`."""

import argparse

from halftone_utils import halftone_mnist, mnist, operating_points, strength
from halftone_utils.classifiers import ARCHITECTURES
from halftone_utils.experiments import TRAIN_SETS, Cell, run_cell
from halftone_utils.files import RESULTS, write_json

SEEDS = (0, 1, 2)


def cells() -> list[Cell]:
    """The cells of the table at 32x32: the whole table from one seed, then from the next."""
    return [
        Cell(architecture=architecture, train_on=train_on, seed=seed)
        for seed in SEEDS
        for train_on in TRAIN_SETS
        for architecture in ARCHITECTURES
    ]


def main() -> None:
    """Build the sets, run the cells that have no result yet, measure the curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="also cells that have a result")
    again = parser.parse_args().again
    point = operating_points.load("talk")
    for split in mnist.SPLITS:
        halftone_mnist.build(point, split)
    for cell in cells():
        if again or not (RESULTS / f"{cell.stem}.json").exists():
            result = run_cell(cell)
            print(f"{cell.stem}: {result['seconds']:.0f} s, {result['tests']}", flush=True)
    curve = RESULTS / "strength-talk.json"
    if again or not curve.exists():
        measured = strength.strength_curve(point, ARCHITECTURES, iterations=50, n=1000)
        write_json(curve, measured)


if __name__ == "__main__":
    main()

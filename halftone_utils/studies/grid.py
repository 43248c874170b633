"""The cells of the grid, in the order in which they are worth their time."""

from pathlib import Path

from halftone_utils.digits import datasets
from halftone_utils.engine.files import RESULTS
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.studies.experiments import Cell

SEEDS = {32: (0, 1, 2), 256: (0,)}
N_TRAIN_256 = {  # (architecture, train_on): training digits at full size, where not all so far
    ("vgg19", "both-talk"): 10_000
}
TRAIN_SETS = {
    32: ("original", "halftone-talk", "both-talk", "halftone-strong"),
    256: ("original", "halftone-talk", "both-talk"),
}


def cell_for(
    architecture: str,
    size: int,
    train_on: str = "original",
    seed: int = 0,
    n_train: int = 0,
    epochs: int = 0,
) -> Cell:
    """A cell of the grid; n_train, epochs: others than the grid's number and the recipe's."""
    fewer = N_TRAIN_256.get((architecture, train_on)) if size == 256 else None
    return Cell(
        architecture=architecture,
        size=size,
        train_on=train_on,
        seed=seed,
        n_train=n_train or fewer or datasets.SPLITS["train"],
        epochs=epochs,
    )


def directory_of(cell: Cell) -> Path:
    """Where its result belongs: data/results, or n10000 in it for 10,000 digits, not the grid's."""
    of_grid = cell_for(cell.architecture, cell.size, cell.train_on)
    return RESULTS if cell.n_train == of_grid.n_train else RESULTS / f"n{cell.n_train}"


def cells() -> list[Cell]:
    """Every cell: seed by seed, in a seed the small pictures first, in those the originals."""
    return [
        cell_for(architecture, size, train_on, seed)
        for seed in range(max(map(len, SEEDS.values())))
        for size in SEEDS
        if seed in SEEDS[size]
        for train_on in TRAIN_SETS[size]
        for architecture in ARCHITECTURES
    ]

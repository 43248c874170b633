"""The cells of the grid, in the order in which they are worth their time."""

from halftone_utils import mnist
from halftone_utils.classifiers import ARCHITECTURES
from halftone_utils.experiments import Cell

SEEDS = {32: (0, 1, 2), 256: (0,)}
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
    """A cell of the grid; n_train, epochs: others than all training digits and the recipe's."""
    return Cell(
        architecture=architecture, size=size, train_on=train_on, seed=seed,
        n_train=n_train or mnist.SPLITS["train"], epochs=epochs,
    )  # fmt: skip


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

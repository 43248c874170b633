"""The cells of the grid, in the order in which they are worth their time."""

from halftone_utils import mnist
from halftone_utils.classifiers import ARCHITECTURES
from halftone_utils.experiments import Cell

SEEDS = {32: (0, 1, 2), 256: (0,)}
N_TRAIN_256 = {  # training digits at full size; fewer than all where these would take hours
    "vgg16": 10_000,
    "vgg19": 10_000,
    "resnet50": 20_000,
}
N_TEST_256 = {  # (architecture, train_on): test digits, where not all are read so far
    ("vgg19", "original"): 1_000,
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
    all_digits = mnist.SPLITS["train"]
    n_train = n_train or (N_TRAIN_256.get(architecture, all_digits) if size == 256 else all_digits)
    return Cell(
        architecture=architecture, size=size, train_on=train_on, seed=seed,
        n_train=n_train, epochs=epochs,
    )  # fmt: skip


def n_test_of(cell: Cell) -> int:
    """The test digits that the grid reads."""
    all_digits = mnist.SPLITS["test"]
    if cell.size != 256:
        return all_digits
    return N_TEST_256.get((cell.architecture, cell.train_on), all_digits)


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

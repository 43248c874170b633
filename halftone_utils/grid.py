"""The cells of the grid, in the order in which they are worth their time."""

from halftone_utils import mnist
from halftone_utils.classifiers import ARCHITECTURES
from halftone_utils.experiments import Cell

SEEDS = {32: (0, 1, 2), 256: (0,)}
N_TRAIN_256 = {  # digits at full size; less than all where the training would take hours
    "lenet": mnist.SPLITS["train"],
    "alexnet": 10_000,
    "vgg16": 1_500,
    "vgg19": 1_500,
    "resnet18": 4_000,
    "resnet50": 3_000,
}
FIRST_256 = ("resnet18",)  # by this one `strong` was frozen at 256: it keeps the digits it had
N_TEST_256 = {"vgg16": 500, "vgg19": 500, "resnet18": 1_000, "resnet50": 1_000}  # else all
TRAIN_SETS = {
    32: ("original", "halftone-talk", "both-talk", "halftone-strong"),
    256: ("original", "halftone-talk"),
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
    known = N_TRAIN_256 if size == 256 else {}
    kept = size == 256 and architecture in FIRST_256 and not n_train and not epochs
    n_train = n_train or known.get(architecture, mnist.SPLITS["train"])
    return Cell(
        architecture=architecture, size=size, train_on=train_on, seed=seed,
        n_train=n_train, epochs=epochs, subset="first" if kept else "balanced",
    )  # fmt: skip


def n_test_of(cell: Cell) -> int:
    """The test digits that the grid reads."""
    known = N_TEST_256 if cell.size == 256 else {}
    return known.get(cell.architecture, mnist.SPLITS["test"])


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

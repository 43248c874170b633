"""The cells of the grid, in the order in which they are worth their time."""

from halftone_utils import mnist
from halftone_utils.classifiers import ARCHITECTURES
from halftone_utils.experiments import Cell

SEEDS = {32: (0, 1, 2), 256: (0,)}
ALL = mnist.SPLITS["train"], mnist.SPLITS["test"]
NUMBERS_256 = {  # training digits at full size and test digits; fewer where all would take hours
    "vgg16": (10_000, mnist.SPLITS["test"]),
    "vgg19": (10_000, 1_000),
    "resnet50": (20_000, mnist.SPLITS["test"]),
}
ON_HALFTONES_256 = {  # other numbers than on originals, so far
    "vgg16": (10_000, 1_000),
    "vgg19": (10_000, mnist.SPLITS["test"]),
}
TRAIN_SETS = {
    32: ("original", "halftone-talk", "both-talk", "halftone-strong"),
    256: ("original", "halftone-talk", "both-talk"),
}


def _numbers(architecture: str, size: int, train_on: str) -> tuple[int, int]:
    """The training digits and the test digits that the grid takes for a cell."""
    known = NUMBERS_256 if size == 256 else {}
    if size == 256 and train_on != "original":
        known = {**known, **ON_HALFTONES_256}
    return known.get(architecture, ALL)


def cell_for(
    architecture: str,
    size: int,
    train_on: str = "original",
    seed: int = 0,
    n_train: int = 0,
    epochs: int = 0,
) -> Cell:
    """A cell of the grid; n_train, epochs: others than the grid's number and the recipe's."""
    n_train = n_train or _numbers(architecture, size, train_on)[0]
    return Cell(
        architecture=architecture, size=size, train_on=train_on, seed=seed,
        n_train=n_train, epochs=epochs,
    )  # fmt: skip


def n_test_of(cell: Cell) -> int:
    """The test digits that the grid reads."""
    return _numbers(cell.architecture, cell.size, cell.train_on)[1]


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

"""Halftone-MNIST as a data set of torchvision, for networks of one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from torchvision.datasets import MNIST, VisionDataset

from halftone_utils.digits import datasets, points
from halftone_utils.digits.halftone_sets import HalftoneSet, Originals
from halftone_utils.engine import checks

POINTS = ("talk", "strong", "original")
SIZES = (32, 256)


class HalftoneMNIST(VisionDataset):
    """MNIST behind one of the report's halftones: (PIL image of mode "L", label) by index.

    root: folder that the set lies in, or is built in; the project's own cache is one (".cache").
    Nothing is downloaded: MNIST comes with this project.
    split: "train" (55,000 digits), "validation" (5,000, cut from MNIST's training file) or "test"
    (MNIST's 10,000), in the order of `datasets.load`.
    point: "talk" (by style transfer), "strong" (by a screen) or "original" (none).
    size: side of the pictures, 32 or 256 pixels.
    transform, target_transform: of the picture and of its label, as in every such data set.
    n: only the first n digits; no chunk beyond them is built.  None for all.
    progress: whether a bar shows how far building is.

    What is not there is built, in chunks of 512 digits that are kept if it is stopped.  A screen
    prints "train" in seconds at 32 pixels, in minutes at 256; style transfer takes up to half an
    hour on two cores.  At 256 pixels it has 3.6 GB.  Each construction compares every chunk that it
    asks for with its SHA-256.
    data: all pictures, uint8 (n, size, size), mapped from disk.  targets: labels, int64 (n,).

    Raises ValueError for an argument that is not allowed, and DataError, a RuntimeError, that names
    a damaged file.
    """

    classes = MNIST.classes

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        point: str = "strong",
        size: int = 32,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        *,
        n: int | None = None,
        progress: bool = True,
    ) -> None:
        """Find or build the set, and verify it."""
        checks.one_of("split", split, datasets.get().splits)
        checks.one_of("point", point, POINTS)
        checks.one_of("size", size, SIZES)
        super().__init__(_folder(root), transform=transform, target_transform=target_transform)
        self.split, self.point, self.size = split, point, size
        drawn = Originals(size) if point == "original" else points.load(point, size)
        files = HalftoneSet(drawn, split, root=self.root, repairs=False)
        pictures, self.targets = files.load(n, progress=progress)
        self.data = pictures[:, 0]

    def __len__(self) -> int:
        """How many digits there are."""
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """A picture, PIL of mode "L", and its label, or what the transforms make of them."""
        picture: Any = Image.fromarray(self.data[index].numpy())
        label: Any = int(self.targets[index])
        if self.transform is not None:
            picture = self.transform(picture)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return picture, label

    def extra_repr(self) -> str:
        """Which digits these are."""
        return f"Split: {self.split}\nPoint: {self.point}\nSize: {self.size}"


def _folder(root: str | Path) -> Path:
    """The folder, made if it is not there; raises ValueError where none can be."""
    try:
        folder = Path(root).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError, TypeError) as error:
        reason = f"({type(error).__name__})"
        raise ValueError(
            f"root is {root!r}; it is a folder, or can be made one {reason}."
        ) from None
    return folder

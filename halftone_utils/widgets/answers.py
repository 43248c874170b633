"""The results explorer: the very pictures that one network reads and another does not."""

import base64
from collections.abc import Sequence

import numpy as np
from ipywidgets import HTML, HBox, IntSlider, VBox
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures
from halftone_utils.digits import datasets, sets
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.results import store
from halftone_utils.widgets import parts

SHOWN = 24  # pictures on a page
WHICH = {  # (A reads it, B reads it)
    "A reads it, B does not": (True, False),
    "B reads it, A does not": (False, True),
    "neither reads it": (False, False),
    "both read it": (True, True),
}


def figure_html(image: Tensor, caption: str) -> str:
    """A picture (1, H, W) with its caption, in HTML."""
    data = base64.b64encode(parts.png(image, 96)).decode()
    return (
        "<figure style='display:inline-block;margin:4px 6px;text-align:center;font-size:12px'>"
        f"<img alt='{caption}' width='96' src='data:image/png;base64,{data}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


class ResultsExplorer(parts.Instrument):
    """Choose two networks and what each was shown; see the digits that only one of them reads.

    results: of experiments, as `store.load("experiment")` gives them.
    """

    def __init__(self, results: Sequence[store.Result]) -> None:
        """Show the first page."""
        super().__init__()
        self.results = {result.stem: result for result in results}
        self.labels = datasets.load("test", 28)[1].numpy()
        sides = (("A", "lenet-32-original-s0"), ("B", "resnet18-32-original-s0"))
        self.networks = [parts.choice(f"network {s}", self.results, stem) for s, stem in sides]
        self.shown = [
            parts.choice(f"{s} is shown", self._shown_to(stem), "halftone-talk")
            for s, stem in sides
        ]
        self.which = parts.choice("digits that", WHICH)
        self.page = parts.labelled(IntSlider, "page", value=1, min=1, max=1)
        self.numbers, self.pictures = HTML(), HTML()
        self._draw()
        left = [control for side in zip(self.networks, self.shown, strict=True) for control in side]
        for control in (*left, self.which, self.page):
            control.layout.width = "34em"
        self.watch(self._choose, *left, self.which)
        self.watch(self._draw, self.page)
        right = [self.which, self.page, self.numbers, self.message]
        self.children = [HBox([VBox(left), VBox(right)]), self.pictures]

    def _shown_to(self, stem: str) -> tuple[str, ...]:
        """The test sets that a network was shown."""
        return tuple(row["shown"] for row in self.results[stem].rows)

    def _choose(self) -> None:
        """Offer only what a network was shown, and show the first page."""
        for network, shown in zip(self.networks, self.shown, strict=True):
            kept, known = shown.value, self._shown_to(network.value)
            if known != shown.options:
                shown.options = known
                shown.value = kept if kept in known else known[0]
        self.page.value = 1
        self._draw()

    def _answers(self) -> list[np.ndarray]:
        """What A and B answered to the test digits that both were shown: uint8 (n,) each."""
        both = [
            store.predictions(network.value)[shown.value]
            for network, shown in zip(self.networks, self.shown, strict=True)
        ]
        return [answers[: min(map(len, both))] for answers in both]

    def _found(self, which: str) -> list[int]:
        """The places of the test digits that A, B or both read, as WHICH says."""
        a, b = (answers == self.labels[: len(answers)] for answers in self._answers())
        a_reads, b_reads = WHICH[which]
        return np.flatnonzero((a == a_reads) & (b == b_reads)).tolist()

    def _images(self, indices: Sequence[int]) -> Tensor:
        """Some test digits as A was shown them: (k, 1, size, size) in [0, 1]."""
        size = self.results[self.networks[0].value].config["size"]
        return datasets.as_float(sets.pick(self.shown[0].value, "test", size, indices))

    def _draw(self) -> None:
        """Show a page."""
        (a, b), found, page = self._answers(), self._found(self.which.value), self.page
        page.max = max(1, -(-len(found) // SHOWN))
        here = found[SHOWN * (page.value - 1) : SHOWN * page.value]
        self.pictures.value = "".join(
            figure_html(image, f"a {self.labels[i]}; A: {a[i]}, B: {b[i]}")
            for i, image in zip(here, self._images(here), strict=True)
        )
        self.numbers.value = (
            f"{len(found):,} of {len(a):,} test digits; {page.value} of {page.max} pages"
        )

    def twin(self) -> Figure:
        """Eight digits that each of the two networks reads alone."""
        a, b = self._answers()
        picked = [i for which in [*WHICH][:2] for i in self._found(which)[:8]]
        images = self._images(picked)
        titles = [f"a {self.labels[i]}: {a[i]} / {b[i]}" for i in picked]
        of = [self.results[network.value].config["architecture"] for network in self.networks]
        names = [f"{ARCHITECTURES[architecture].printed}\nalone" for architecture in of]
        return figures.exact_grid(images, 8, titles, max(1, 96 // images.shape[-1]), names)

"""The results explorer: the very pictures that one network reads and another does not."""

import base64
from collections.abc import Sequence

import numpy as np
from ipywidgets import HTML, Dropdown, HBox, IntSlider, VBox
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures
from halftone_utils.digits import datasets, sets
from halftone_utils.report import tables
from halftone_utils.results import accuracies
from halftone_utils.widgets.parts import WIDE, Instrument, guarded, message, png

SHOWN = 24  # pictures on a page
WHICH = {  # (A reads it, B reads it)
    "A reads it, B does not": (True, False),
    "B reads it, A does not": (False, True),
    "neither reads it": (False, False),
    "both read it": (True, True),
}


def stem_of(result: dict) -> str:
    """The name of a result's files."""
    return f"{result['architecture']}-{result['size']}-{result['train_on']}-s{result['seed']}"


def answers_of(stem: str, test_on: str) -> np.ndarray:
    """What a network answered to the test digits: uint8 (n,)."""
    return accuracies.load_predictions(stem)[test_on]


def chosen(a: np.ndarray, b: np.ndarray, which: str) -> np.ndarray:
    """The places of the digits that A, B or both read, as WHICH says; as far as both were asked."""
    n = min(len(a), len(b))
    labels = datasets.load("test", 28, n)[1].numpy()
    a_reads, b_reads = WHICH[which]
    return np.flatnonzero(((a[:n] == labels) == a_reads) & ((b[:n] == labels) == b_reads))


def figure_html(image: Tensor, caption: str) -> str:
    """A picture (1, H, W) with its caption, in HTML."""
    data = base64.b64encode(png(image, 96)).decode()
    return (
        "<figure style='display:inline-block;margin:4px 6px;text-align:center;font-size:12px'>"
        f"<img alt='{caption}' width='96' src='data:image/png;base64,{data}'>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def results_explorer(
    results: Sequence[dict],
    *,
    one: str = "lenet-32-original-s0",
    other: str = "resnet18-32-original-s0",
    test_on: str = "halftone-talk",
) -> Instrument:
    """Choose two networks and what each was shown; see the digits that only one of them reads.

    results: as `accuracies.load_results` gives them.  one, other: stems of the first two
    networks.  test_on: the test set that both are shown at first.
    """
    tests = {stem_of(r): list(r["tests"]) for r in results}

    def choice(options: Sequence[str], value: str, label: str) -> Dropdown:
        return Dropdown(
            options=options, value=value, description=label, style=WIDE, layout={"width": "34em"}
        )

    a, b = choice([*tests], one, "network A"), choice([*tests], other, "network B")
    a_on, b_on = (
        choice(tests[s.value], test_on, f"{name} is shown") for s, name in ((a, "A"), (b, "B"))
    )
    which = choice([*WHICH], next(iter(WHICH)), "digits that")
    page = IntSlider(1, min=1, max=1, description="page", style=WIDE, layout={"width": "34em"})
    line, numbers, pictures = message(), HTML(), HTML()
    drawing: list[bool] = []  # while it draws, what it changes itself draws nothing

    def offer() -> None:
        """Only what a network was shown can be chosen for it."""
        for network, shown in ((a, a_on), (b, b_on)):
            kept, known = shown.value, tests[network.value]
            if tuple(known) != tuple(shown.options):
                shown.options = known
                shown.value = kept if kept in known else known[0]

    def draw() -> None:
        read_a, read_b = answers_of(a.value, a_on.value), answers_of(b.value, b_on.value)
        found = chosen(read_a, read_b, which.value)
        page.max = max(1, -(-len(found) // SHOWN))
        here = found[SHOWN * (page.value - 1) : SHOWN * page.value]
        labels = datasets.load("test", 28)[1]
        size = int(a.value.split("-")[1])
        images = datasets.as_float(sets.pick(a_on.value, "test", size, here.tolist()))
        pictures.value = "".join(
            figure_html(image, f"a {labels[i]}; A: {read_a[i]}, B: {read_b[i]}")
            for i, image in zip(here, images, strict=True)
        )
        n = min(len(read_a), len(read_b))
        numbers.value = f"{len(found):,} of {n:,} test digits; {page.value} of {page.max} pages"

    @guarded(line)
    def changed(change: dict) -> None:
        if drawing:
            return
        drawing.append(True)
        try:
            offer()
            if change["owner"] is not page:
                page.value = 1
            draw()
        finally:
            drawing.clear()

    for control in (a, b, a_on, b_on, which, page):
        control.observe(changed, names="value")
    draw()
    left, right = VBox([a, a_on, b, b_on]), VBox([which, page, numbers, line])
    return Instrument([HBox([left, right]), pictures], twin(one, other, test_on))


def twin(one: str, other: str, test_on: str) -> Figure:
    """Eight digits that each of two networks reads alone."""
    reads = [answers_of(stem, test_on) for stem in (one, other)]
    rows = [chosen(*reads, which)[:8].tolist() for which in [*WHICH][:2]]
    picked = [i for row in rows for i in row]
    labels, size = datasets.load("test", 28)[1], int(one.split("-")[1])
    images = datasets.as_float(sets.pick(test_on, "test", size, picked))
    titles = [f"a {labels[i]}: {reads[0][i]} / {reads[1][i]}" for i in picked]
    names = [tables.COLUMNS[stem.split("-")[0]] for stem in (one, other)]
    row_labels = [f"{name}\nalone" for name in names]
    return figures.exact_grid(images, 8, titles, max(1, 96 // size), row_labels)

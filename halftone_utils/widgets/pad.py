"""The drawing pad: draw a digit, and see what each network makes of it, halftoned too."""

import html
from collections.abc import Mapping, Sequence

import torch
from ipycanvas import Canvas, hold_canvas
from ipywidgets import HTML, BoundedIntText, Button, HBox, VBox
from matplotlib.figure import Figure
from torch import Tensor, nn

from halftone_utils import figures
from halftone_utils.digits import datasets, handwriting, sets
from halftone_utils.networks import architectures, training
from halftone_utils.widgets.parts import ROW, WIDE, Instrument, guarded, message, picture, png

SIDE, PEN = 224, 18  # of the pad and the pen, in pixels
VIEWS = {  # test sets that the drawing is shown as, and what stands above
    "original": "your digit",
    "halftone-talk": "halftone talk",
    "halftone-strong": "halftone strong",
    "halftone-strong-integrated": "strong, from afar",
}


def title_of(stem: str) -> str:
    """A network's name and what it was trained on, from the name of its files."""
    architecture, _, trained_on = stem.rsplit("-s", 1)[0].split("-", 2)
    known = {**sets.DESCRIPTIONS, "both-talk": "originals and their halftones at talk"}
    return f"{architectures.NAMES[architecture]}, trained on {known[trained_on]}"


def views_of(digit: Tensor) -> Tensor:
    """A digit uint8 (1, 1, 28, 28) as each of VIEWS: uint8 (4, 1, 32, 32)."""
    return torch.cat([sets.redrawn(name, datasets.resize(digit, 32)) for name in VIEWS])


def readings_of(models: Mapping[str, nn.Module], views: Tensor) -> dict[str, list[tuple]]:
    """What each network reads in each view, and how sure it is: (digit, share in [0, 1])."""
    found = {}
    for name, model in models.items():
        shares, digits = training.probabilities(model, views).max(1)
        found[name] = [*zip(digits.tolist(), shares.tolist(), strict=True)]
    return found


def table(readings: Mapping[str, Sequence[tuple]]) -> str:
    """The readings in HTML: a row a network, a column a view."""
    head = "".join(f"<th style='padding:2px 12px'>{title}</th>" for title in VIEWS.values())
    rows = [
        f"<tr><td style='padding:2px 12px'>{html.escape(title_of(stem))}</td>"
        + "".join(
            f"<td style='text-align:center'><b>{digit}</b> {100 * share:.0f} %</td>"
            for digit, share in row
        )
        + "</tr>"
        for stem, row in readings.items()
    ]
    return (
        "<table style='font-size:13px;line-height:20px'><tr>"
        f"<th style='padding:2px 12px;text-align:left'>network, how sure</th>{head}</tr>"
        f"{''.join(rows)}</table>"
    )


def drawing_pad(models: Mapping[str, nn.Module], *, index: int = 0) -> Instrument:
    """Draw a digit with mouse or finger; every network reads it before and after halftoning.

    models: by stem (`experiments.all_published`).  index: the validation digit of the twin, and
    the first that the keyboard can put in place of a drawing.
    """
    pad = Canvas(width=SIDE, height=SIDE, layout={"width": f"{SIDE}px", "height": f"{SIDE}px"})
    clear = Button(description="Clear", tooltip="wipe the pad")
    read = Button(description="Read", button_style="primary", tooltip="read what is drawn")
    number = BoundedIntText(
        index,
        0,
        datasets.SPLITS["validation"] - 1,
        description="or digit number",
        style=WIDE,
        layout=ROW,
    )
    put = Button(description="Put it", tooltip="show this validation digit instead of a drawing")
    line, numbers = message(), HTML()
    pictures, boxes = zip(*[picture(title, 128) for title in VIEWS.values()], strict=True)
    strokes: list[list[handwriting.Point]] = []
    pen_is_down: list[bool] = []

    def show(digit: Tensor) -> None:
        views = views_of(digit)
        for place, view in zip(pictures, datasets.as_float(views), strict=True):
            place.value = png(view, 128)
        numbers.value = table(readings_of(models, views))

    @guarded(line)
    def press_read(_: Button | None = None) -> None:
        show(handwriting.as_mnist(handwriting.ink(strokes, SIDE, PEN)))

    def wipe(_: Button | None = None) -> None:
        strokes.clear()
        with hold_canvas(pad):
            pad.fill_style, pad.stroke_style = "black", "white"
            pad.line_width, pad.line_cap = PEN, "round"
            pad.fill_rect(0, 0, SIDE, SIDE)

    def press_clear(_: Button | None = None) -> None:
        wipe()
        for place in pictures:
            place.value = png(torch.zeros(1, 32, 32), 128)
        numbers.value = line.value = ""

    def down(x: float, y: float) -> None:
        strokes.append([])
        pen_is_down[:] = [True]
        move(x, y)

    def move(x: float, y: float) -> None:
        if not pen_is_down:
            return
        strokes[-1].append((x, y))
        pad.stroke_line(*strokes[-1][-2:][0], x, y)

    def up(x: float, y: float) -> None:
        if pen_is_down:
            pen_is_down.clear()
            press_read()

    @guarded(line)
    def press_put(_: Button) -> None:
        wipe()
        show(datasets.load("validation", 28, number.value + 1)[0][-1:])

    pad.on_mouse_down(down)
    pad.on_mouse_move(move)
    pad.on_mouse_up(up)
    pad.on_mouse_out(up)
    pad.on_touch_start(lambda touches: down(*touches[0]))
    pad.on_touch_move(lambda touches: move(*touches[0]))
    pad.on_touch_end(lambda _: up(0, 0))
    clear.on_click(press_clear)
    read.on_click(press_read)
    put.on_click(press_put)
    press_clear()
    controls = VBox([pad, HBox([clear, read]), number, put, line])
    first = datasets.load("validation", 28, index + 1)[0][-1:]
    return Instrument([HBox([controls, VBox([HBox(boxes), numbers])])], twin(models, first))


def twin(models: Mapping[str, nn.Module], digit: Tensor) -> Figure:
    """One digit in all views, and below each what the networks read."""
    views = views_of(digit)
    read = readings_of(models, views)
    names = [title_of(stem).replace(", trained on originals", "") for stem in read]
    names = [name.replace(", trained on halftones", " trained") for name in names]
    titles = [
        "\n".join(
            [view, *(f"{n}: {row[i][0]}" for n, row in zip(names, read.values(), strict=True))]
        )
        for i, view in enumerate(VIEWS.values())
    ]
    return figures.exact_grid(datasets.as_float(views), len(VIEWS), titles, 5)

"""The drawing pad: draw a digit, and see what each network makes of it, halftoned too."""

from collections.abc import Mapping, Sequence

import torch
from ipycanvas import Canvas, hold_canvas
from ipywidgets import HTML, HBox, VBox
from matplotlib.figure import Figure
from torch import Tensor, nn

from halftone_utils import figures
from halftone_utils.digits import datasets, handwriting, sets
from halftone_utils.networks import training
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.studies.experiments import Experiment
from halftone_utils.widgets import parts

SIDE, PEN = 224, 18  # of the pad and the pen, in pixels
SHOWN = 128  # pixels of a view on the page
VIEWS = {  # test sets that the drawing is shown as, and what stands above
    "original": "your digit",
    "halftone-talk": "halftone talk",
    "halftone-strong": "halftone strong",
    "halftone-strong-integrated": "strong, from afar",
}
Readings = Mapping[str, Sequence[tuple[int, float]]]  # by network, view by view: digit and share


def title_of(experiment: Experiment) -> str:
    """A network's name and what it was trained on."""
    known = sets.TEST_SETS.get(experiment.train_on)
    pictures = known.description if known else sets.TRAIN_SETS[experiment.train_on]
    return f"{ARCHITECTURES[experiment.architecture].printed}, trained on {pictures}"


def views_of(digit: Tensor) -> Tensor:
    """A digit uint8 (1, 1, 28, 28) as each of VIEWS: uint8 (4, 1, 32, 32)."""
    return torch.cat([sets.redrawn(name, datasets.resize(digit, 32)) for name in VIEWS])


def table(readings: Readings) -> str:
    """The readings in HTML: a row a network, a column a view."""
    head = "".join(f"<th style='padding:2px 12px'>{title}</th>" for title in VIEWS.values())
    rows = []
    for title, row in readings.items():
        cells = "".join(
            f"<td style='text-align:center'><b>{digit}</b> {100 * share:.0f} %</td>"
            for digit, share in row
        )
        rows.append(f"<tr><td style='padding:2px 12px'>{title}</td>{cells}</tr>")
    return (
        "<table style='font-size:13px;line-height:20px'><tr>"
        f"<th style='padding:2px 12px;text-align:left'>network, how sure</th>{head}</tr>"
        f"{''.join(rows)}</table>"
    )


class DrawingPad(parts.Instrument):
    """Draw a digit with mouse or finger; every network reads it before and after halftoning.

    networks: as `experiments.all_published` gives them.
    """

    def __init__(self, networks: Sequence[tuple[Experiment, nn.Module]]) -> None:
        """Show an empty pad."""
        super().__init__()
        self.models = {title_of(experiment): model for experiment, model in networks}
        self.strokes: list[list[handwriting.Point]] = []
        self.pen_is_down = False
        self.pad = Canvas(width=SIDE, height=SIDE)
        self.pad.layout.width = self.pad.layout.height = f"{SIDE}px"
        clear = parts.button("Clear", "wipe the pad")
        read = parts.button("Read", "read what is drawn", button_style="primary")
        self.number = parts.number("or digit number", 0, datasets.count("validation") - 1)
        put = parts.button("Put it", "show this validation digit instead of a drawing")
        self.pictures = [parts.Picture(title, SHOWN) for title in VIEWS.values()]
        self.readings = HTML()
        self.pad.on_mouse_down(self._pen_down)
        self.pad.on_mouse_move(self._pen_move)
        self.pad.on_mouse_up(self._pen_up)
        self.pad.on_mouse_out(self._pen_up)
        self.pad.on_touch_start(lambda touches: self._pen_down(*touches[0]))
        self.pad.on_touch_move(lambda touches: self._pen_move(*touches[0]))
        self.pad.on_touch_end(self._pen_up)
        self.watch(self._clear, clear)
        self.watch(self._read, read)
        self.watch(self._put, put)
        self._clear()
        controls = VBox([self.pad, HBox([clear, read]), self.number, put, self.message])
        self.children = [HBox([controls, VBox([HBox(self.pictures), self.readings])])]

    def _readings(self, views: Tensor) -> Readings:
        """What each network reads in each view, and how sure it is: (digit, share in [0, 1])."""
        found = {}
        for title, model in self.models.items():
            shares, digits = training.probabilities(model, views).max(1)
            found[title] = [*zip(digits.tolist(), shares.tolist(), strict=True)]
        return found

    def _show(self, digit: Tensor) -> None:
        """Show a digit uint8 (1, 1, 28, 28) in all views, and what every network reads."""
        views = views_of(digit)
        for place, view in zip(self.pictures, datasets.as_float(views).split(1), strict=True):
            place.show(view)
        self.readings.value = table(self._readings(views))

    def _read(self) -> None:
        self._show(handwriting.as_mnist(handwriting.ink(self.strokes, SIDE, PEN)))

    def _wipe(self) -> None:
        self.strokes.clear()
        with hold_canvas(self.pad):
            self.pad.fill_style, self.pad.stroke_style = "black", "white"
            self.pad.line_width, self.pad.line_cap = PEN, "round"
            self.pad.fill_rect(0, 0, SIDE, SIDE)

    def _clear(self) -> None:
        self._wipe()
        for place in self.pictures:
            place.show(torch.zeros(1, 1, 32, 32))
        self.readings.value = ""

    def _digit(self) -> Tensor:
        """The validation digit of the number: uint8 (1, 1, 28, 28)."""
        return datasets.load("validation", 28, self.number.value + 1)[0][-1:]

    def _put(self) -> None:
        self._wipe()
        self._show(self._digit())

    def _pen_down(self, x: float, y: float) -> None:
        self.strokes.append([])
        self.pen_is_down = True
        self._pen_move(x, y)

    def _pen_move(self, x: float, y: float) -> None:
        if self.pen_is_down:
            stroke = self.strokes[-1]
            stroke.append((x, y))
            self.pad.stroke_line(*stroke[-2:][0], x, y)

    def _pen_up(self, *_: object) -> None:
        if self.pen_is_down:
            self.pen_is_down = False
            self.handle(self._read)

    def twin(self) -> Figure:
        """One digit in all views, and below each what the networks read."""
        views = views_of(self._digit())
        titles = [*VIEWS.values()]
        for title, row in self._readings(views).items():
            short = title.replace(", trained on originals", "")
            short = short.replace(", trained on halftones", " trained")
            titles = [f"{t}\n{short}: {digit}" for t, (digit, _) in zip(titles, row, strict=True)]
        return figures.exact_grid(datasets.as_float(views), len(VIEWS), titles, 5)

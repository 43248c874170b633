"""What the instruments share: pictures, bars, a sentence for what went wrong, a static twin."""

import base64
import functools
import html
import io
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

WIDE = {"description_width": "9.5em"}
ROW = ipywidgets.Layout(width="30em")
BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"  # Okabe & Ito 2008; grey prints apart


class Instrument(ipywidgets.VBox):
    """Controls and pictures in one frame; where no kernel runs, its twin, a plain figure.

    A notebook keeps both: JupyterLab shows the controls, GitHub, HTML and papermill's page show
    the figure.
    """

    def __init__(self, children: Sequence[ipywidgets.Widget], twin: Figure) -> None:
        """Frame the children; the figure is drawn to PNG here and closed."""
        super().__init__(children)
        self._twin = png_of(twin)

    def _repr_mimebundle_(self, **arguments: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**arguments)
        bundle["image/png"] = base64.b64encode(self._twin).decode()
        return bundle

    def show(self) -> None:
        """Display it, from the middle of a cell too."""
        display(self)


def png_of(figure: Figure, dpi: int = 100) -> bytes:
    """A figure as PNG; it is closed, so that no notebook shows it again."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    plt.close(figure)
    return stream.getvalue()


def png(image: Tensor, side: int = 192) -> bytes:
    """One picture (1, H, W), (H, W) or (3, H, W) in [0, 1] as PNG, about `side` pixels wide.

    Every pixel becomes the same whole number of dots each way: resampling a halftone lies.
    """
    pixels = (image.detach().cpu().clamp(0, 1) * 255).round().byte().numpy().squeeze()
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    scale = max(1, round(side / pixels.shape[1]))
    pixels = pixels.repeat(scale, 0).repeat(scale, 1)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="png", compress_level=1)
    return stream.getvalue()


def picture(caption: str, side: int = 192) -> tuple[ipywidgets.Image, ipywidgets.VBox]:
    """An empty picture, and the box that holds it under its caption."""
    image = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width=f"{side}px"))
    title = ipywidgets.HTML(f"<b style='white-space:nowrap'>{html.escape(caption)}</b>")
    return image, ipywidgets.VBox([title, image], layout=ipywidgets.Layout(margin="0 12px 0 0"))


def bars(shares: Sequence[float], right: int | None = None) -> str:
    """Ten probabilities as bars with their numbers, in HTML; the right digit's is marked."""
    most = max(range(len(shares)), key=shares.__getitem__)
    number = "padding:0 6px;white-space:nowrap;font-variant-numeric:tabular-nums"
    rows = []
    for digit, share in enumerate(shares):
        colour = GREY if digit == right else (ORANGE if digit == most else BLUE)
        mark = " ← its label" if digit == right else ""
        rows.append(
            f"<tr><td style='padding:0 6px'>{digit}</td><td style='width:150px'>"
            f"<div style='background:{colour};height:11px;width:{150 * share:.1f}px'></div></td>"
            f"<td style='{number}'>{100 * share:5.1f} %"
            f"{mark}</td></tr>"
        )
    return f"<table style='font-size:13px;line-height:15px'>{''.join(rows)}</table>"


def message() -> ipywidgets.HTML:
    """The line in which an instrument says what is wrong, or nothing."""
    return ipywidgets.HTML(layout=ipywidgets.Layout(min_height="1.6em"))


def say(line: ipywidgets.HTML, sentence: str = "") -> None:
    """Show one sentence, or with none take it away."""
    line.value = f"<span role='alert'>⚠ {html.escape(sentence)}</span>" if sentence else ""


def guarded(line: ipywidgets.HTML) -> Callable[[Callable], Callable]:
    """Decorate a handler: what it raises becomes a sentence in `line`, and the widget goes on."""

    def decorate(handler: Callable) -> Callable:
        @functools.wraps(handler)
        def handled(*arguments: Any) -> None:
            try:
                handler(*arguments)
            except Exception as error:
                say(line, " ".join(str(error).split()) or type(error).__name__)
            else:
                say(line)

        return handled

    return decorate


def watch(handler: Callable[[], None], *controls: ipywidgets.Widget) -> None:
    """Call `handler` now, and whenever the value of a control changes."""
    for control in controls:
        control.observe(lambda _: handler(), names="value")
    handler()

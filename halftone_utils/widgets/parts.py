"""What the instruments share: handlers that survive an error, controls, pictures, a static twin."""

import base64
import html
import io
from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from ipywidgets import HTML, Layout, VBox, Widget
from matplotlib.figure import Figure
from PIL import Image, ImageOps
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

ON_RELEASE: Any = {"continuous_update": False}  # a control counts when it is let go


class Instrument(VBox):
    """Controls and pictures in one frame; where no kernel runs, its twin, a plain figure.

    A notebook keeps both: JupyterLab shows the controls, GitHub, HTML and papermill's page show
    the figure.  A subclass makes controls, names their handlers by `watch`, sets `children`.
    """

    twin: Callable[[], Figure]  # shows what the instrument shows as it is set now

    def __init__(self) -> None:
        """An empty frame, and the line in which it says what is wrong."""
        super().__init__()
        self.message = HTML(layout=Layout(min_height="1.6em"))
        self._handling = False

    def _repr_mimebundle_(self, **arguments: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**arguments)
        bundle["image/png"] = base64.b64encode(png_of(self.twin())).decode()
        return bundle

    def watch(self, handler: Callable[[], None], *controls: Widget) -> None:
        """Have `handler` called when a control's value changes, or a button is pressed.

        What it raises is shown as one sentence, and the instrument goes on.  While it runs, the
        controls that it sets call no handler.
        """
        for control in controls:
            if isinstance(control, ipywidgets.Button):
                control.on_click(lambda _: self.handle(handler))
            else:
                control.observe(lambda _: self.handle(handler), names="value")

    def handle(self, handler: Callable[[], None]) -> None:
        """Call a handler as `watch` does."""
        if self._handling:
            return
        self._handling = True
        try:
            handler()
        except Exception as error:
            self.say(str(error) or type(error).__name__)
        else:
            self.say("")
        finally:
            self._handling = False

    def say(self, sentence: str) -> None:
        """Show a sentence about what is wrong; with an empty one, nothing."""
        sentence = html.escape(" ".join(sentence.split()))
        self.message.value = f"<span role='alert'>⚠ {sentence}</span>" if sentence else ""


def labelled(kind: type[Widget], label: str, **options: Any) -> Widget:
    """A control in a row of its own, its label left of it.  options: those of its kind."""
    style = {"description_width": "9.5em"}
    return kind(description=label, style=style, layout=Layout(width="30em"), **options)


def choice(label: str, options: Collection, value: object = None) -> ipywidgets.Dropdown:
    """A list to choose from; it stands at its first option unless a value is given."""
    options = [*options]
    return labelled(ipywidgets.Dropdown, label, options=options, value=value or options[0])


def number(label: str, value: int, highest: int) -> ipywidgets.BoundedIntText:
    """A field for a whole number from 0 to `highest`."""
    return labelled(ipywidgets.BoundedIntText, label, value=value, min=0, max=highest)


def slider(
    label: str,
    value: float,
    low: float,
    high: float,
    step: float,
    form: str = ".2f",
    log: bool = False,
    **options: Any,
) -> Widget:
    """A slider.  form: of its number.  log: low, high and step are exponents of 10."""
    options |= {"value": value, "min": low, "max": high, "step": step, "readout_format": form}
    return labelled(ipywidgets.FloatLogSlider if log else ipywidgets.FloatSlider, label, **options)


def button(label: str, tooltip: str | None = None, **options: Any) -> ipywidgets.Button:
    """A button.  options: others of its kind."""
    return ipywidgets.Button(description=label, tooltip=tooltip, **options)


def use_known(dials: Mapping[str, Widget], known: Collection[str]) -> dict[str, Any]:
    """The values of the dials whose names are known, by name; the others are disabled."""
    for name, dial in dials.items():
        dial.disabled = name not in known
    return {name: dial.value for name, dial in dials.items() if name in known}


def png_of(figure: Figure, dpi: int = 100) -> bytes:
    """A figure as PNG; it is closed, so that no notebook shows it again."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    plt.close(figure)
    return stream.getvalue()


def png(image: Tensor, side: int = 192) -> bytes:
    """One picture (1, H, W), (H, W) or (3, H, W) in [0, 1] as PNG, about `side` pixels wide.

    Every pixel becomes the same whole number of dots each way, since resampling changes a halftone.
    """
    picture = to_pil_image((image.detach().clamp(0, 1) * 255).round().byte())
    scale = max(1, round(side / picture.width))
    stream = io.BytesIO()
    enlarged = ImageOps.scale(picture, scale, Image.Resampling.NEAREST)
    enlarged.save(stream, format="png", compress_level=1)
    return stream.getvalue()


class Picture(VBox):
    """A picture under its caption, about `side` pixels wide; empty at first."""

    def __init__(self, caption: str, side: int = 192) -> None:
        """Make both."""
        self.image = ipywidgets.Image(format="png", layout=Layout(width=f"{side}px"))
        title = HTML(f"<b style='white-space:nowrap'>{html.escape(caption)}</b>")
        super().__init__([title, self.image], layout=Layout(margin="0 12px 0 0"))
        self.side = side

    def show(self, image: Tensor) -> None:
        """Show the one image of a batch (1, 1, H, W)."""
        self.image.value = png(image[0], self.side)

"""The style explorer: set the dials, run style transfer, and scrub through what it did."""

import threading
import time
from typing import Any

import torch
from ipywidgets import (
    HTML,
    BoundedIntText,
    Button,
    Dropdown,
    FileUpload,
    FloatLogSlider,
    FloatSlider,
    HBox,
    IntProgress,
    IntSlider,
    Play,
    VBox,
    jslink,
)
from ipywidgets import Image as Picture
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures, screens
from halftone_utils.digits import datasets, photographs
from halftone_utils.figures import style_transfer as style_figures
from halftone_utils.screens import thresholds
from halftone_utils.style import gatys, style_transfer, vgg
from halftone_utils.widgets.parts import (
    ROW,
    WIDE,
    Instrument,
    guarded,
    message,
    picture,
    png,
    png_of,
    say,
)

STYLE_LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
SOURCES = ("digit", "photograph", "upload")
RAMP = 256  # pixels of the style image, a halftoned ramp
EVERY = 0.2  # seconds between two looks at a run that is going on
SHOWN = 256  # pixels of the picture on the page


class StoppedError(Exception):
    """Raised inside a run to end it."""


class Run:
    """One style transfer on a thread of its own: its images and losses as they come."""

    def __init__(self, content: Tensor, style: Tensor, settings: style_transfer.Settings) -> None:
        """Take all it needs; `start` starts it."""
        self.content, self.style, self.settings = content, style, settings
        self.images: list[Tensor] = []
        self.losses: list[tuple[float, float, float]] = []  # content, style, total
        self.error = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)

    def start(self) -> None:
        """Start, and return at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the iteration at hand."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Return when it has ended, or after so many seconds."""
        self._thread.join(seconds)

    @property
    def going_on(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _go(self) -> None:
        try:
            network = vgg.load_vgg16()
            layers = self.settings.style_weights
            targets = gatys.style_targets(network, self.style, layers, self.content.shape[-1])
            style_transfer.transfer(
                network, self.content, targets, self.settings, watch=self._watch
            )
        except StoppedError:
            pass
        except Exception as error:
            self.error = " ".join(str(error).split())

    def _watch(self, i: int, x: Tensor, content: Tensor, style: Tensor) -> None:
        total = gatys.total_loss(content, style, self.settings.alpha, self.settings.beta)
        self.images.append(x.detach().reshape(self.content.shape)[0].clone())
        # after the image: who counts the losses, on another thread, finds an image for each
        self.losses.append((float(content), float(style), float(total)))
        if self._stop.is_set():
            raise StoppedError


def style_explorer(
    *,
    source: str = "digit",
    photograph: str = "camera",
    side: int = 96,
    ruling: float = 2.5,
    alpha_over_beta: float = 0.01,
    iterations: int = 50,
    optimizer: str = "adam",
    content_layer: str = "conv1_2",
    style_layers: tuple[str, ...] = ("conv1_1", "conv1_2"),
) -> Instrument:
    """Choose content, screen, weights and layers; run; then drag the iteration back and forth.

    source: one of SOURCES.  side: of photographs and uploads, in pixels.  ruling: pixels per cell
    of the style image's screen.  The arguments are where the dials stand at first.
    The run goes on beside the notebook; Stop ends it.  The twin shows what these dials give.
    """

    def choice(options: tuple, value: object, label: str) -> Dropdown:
        return Dropdown(options=options, value=value, description=label, style=WIDE, layout=ROW)

    def slider(value: float, low: float, high: float, step: float, label: str) -> FloatSlider:
        return FloatSlider(
            value,
            min=low,
            max=high,
            step=step,
            description=label,
            style=WIDE,
            layout=ROW,
            continuous_update=False,
        )

    what = choice(SOURCES, source, "content")
    number = BoundedIntText(
        0, 0, datasets.SPLITS["validation"] - 1, description="digit number", style=WIDE, layout=ROW
    )
    photo = choice(photographs.NAMES, photograph, "photograph")
    upload = FileUpload(
        accept="image/*", multiple=False, description="Upload a picture", layout={"width": "15em"}
    )
    sides = choice((64, 96, 128, 192, 256), side, "side (px)")
    kind = choice(tuple(screens.KINDS), "am", "style: screen")
    dot = choice(tuple(thresholds.SPOTS), "round", "style: dot")
    cell = slider(ruling, 2, 16, 0.1, "ruling (px a cell)")
    angle = slider(45, 0, 90, 1, "angle (degrees)")
    ratio = FloatLogSlider(
        alpha_over_beta,
        base=10,
        min=-4,
        max=3,
        step=0.1,
        style=WIDE,
        layout=ROW,
        description="α/β",
        continuous_update=False,
        readout_format=".2g",
    )
    many = IntSlider(
        iterations,
        min=1,
        max=300,
        description="iterations to run",
        style=WIDE,
        layout=ROW,
        continuous_update=False,
    )
    how = choice(("adam", "lbfgs"), optimizer, "optimizer")
    content_at = choice(vgg.LAYERS["vgg16"], content_layer, "content layer")
    share = 1 / len(style_layers)
    weights = [
        slider(share if name in style_layers else 0, 0, 1, 0.05, f"w of {name}")
        for name in STYLE_LAYERS
    ]
    start = Button(description="Run", button_style="primary", tooltip="run style transfer")
    stop = Button(description="Stop", disabled=True, tooltip="end the run after this iteration")
    progress = IntProgress(0, 0, iterations, description="", layout=ROW)
    scrub = IntSlider(
        0, min=0, max=1, description="iteration", style=WIDE, layout=ROW, disabled=True
    )
    play = Play(0, min=0, max=1, interval=80, disabled=True)
    jslink((play, "value"), (scrub, "value"))
    line, numbers, plot = message(), HTML(), Picture(format="png")
    shown, shown_box = picture("x", SHOWN)
    texture, texture_box = picture("style: a ramp behind the screen", SHOWN)
    at_hand: dict[
        str, Any
    ] = {}  # the run, the thread that follows it, where that one put the scrub
    settings_of_run = (
        what,
        number,
        photo,
        upload,
        sides,
        kind,
        dot,
        cell,
        angle,
        ratio,
        many,
        how,
        content_at,
        *weights,
    )

    def content() -> Tensor:
        if what.value == "digit":
            images, _ = datasets.load("validation", 32, number.value + 1)
            return datasets.as_float(images[-1:])
        if what.value == "photograph":
            return photographs.load(photo.value, sides.value)
        if not upload.value:
            raise ValueError("No picture is uploaded yet: press “Upload a picture” first.")
        return photographs.decode(bytes(upload.value[0]["content"]), sides.value)

    def style() -> Tensor:
        dials = {"ruling": cell.value, "angle": angle.value, "dot": dot.value}
        known = screens.parameters(kind.value)
        dials = {name: value for name, value in dials.items() if name in known}
        return screens.halftone(screens.ramp(RAMP), kind.value, **dials)

    def settings() -> style_transfer.Settings:
        layers = {name: w.value for name, w in zip(STYLE_LAYERS, weights, strict=True) if w.value}
        return style_transfer.Settings(
            content_layer=content_at.value,
            style_weights=layers,
            alpha=1.0,
            beta=1 / ratio.value,
            iterations=many.value,
            optimizer=how.value,
        )

    def show(i: int) -> None:
        run = at_hand["run"]
        shown.value = png(run.images[i], SHOWN)
        of_content, of_style, total = run.losses[i]
        numbers.value = (
            f"iteration {i}: L_content {of_content:.4g}, L_style {of_style:.4g}, "
            f"L_total {total:.4g}"
        )

    def look(run: Run) -> None:
        """Bring the page up to what the run has done so far."""
        done = len(run.losses) - 1
        if done < 0:
            return
        follows = scrub.value in (at_hand["followed"], scrub.max)  # not where a hand moved it
        progress.value, scrub.disabled, play.disabled = done, False, False
        scrub.max = play.max = max(done, 1)
        if follows:
            scrub.value = at_hand["followed"] = done
            show(done)
        plot.value = png_of(style_figures.losses_so_far(run.losses[: done + 1]), dpi=80)

    def follow(run: Run) -> None:
        """Look again and again until it has ended."""
        while run.going_on:
            look(run)
            run.wait(EVERY)
        look(run)
        if run.error:
            say(line, run.error)
        start.disabled, stop.disabled = False, True

    @guarded(line)
    def press_start(_: Button) -> None:
        run = Run(content(), style(), settings())
        at_hand["run"] = run
        shown.value, texture.value = png(run.content[0], SHOWN), png(run.style[0], SHOWN)
        start.disabled, stop.disabled = True, False
        scrub.disabled = play.disabled = True
        play.value = scrub.value = at_hand["followed"] = 0
        scrub.max = play.max = 1
        progress.max, progress.value = run.settings.iterations, 0
        run.start()
        at_hand["following"] = threading.Thread(target=follow, args=(run,), daemon=True)
        at_hand["following"].start()

    def press_stop(_: Button) -> None:
        at_hand["run"].stop()

    @guarded(line)
    def preview(_: dict | None = None) -> None:
        if at_hand.get("run") and at_hand["run"].going_on:
            raise ValueError(
                "The run goes on with what was set when it started: "
                "press Stop, then Run, for the new setting."
            )
        photographic = what.value != "digit"
        number.disabled, sides.disabled = photographic, not photographic
        photo.disabled, upload.disabled = what.value != "photograph", what.value != "upload"
        known = screens.parameters(kind.value)
        cell.disabled, angle.disabled = "ruling" not in known, "angle" not in known
        dot.disabled = "dot" not in known
        texture.value = png(style()[0], SHOWN)
        shown.value = png(content()[0], SHOWN)

    def scrubbed(change: dict) -> None:
        if at_hand.get("run") and change["new"] < len(at_hand["run"].losses):
            show(change["new"])

    start.on_click(press_start)
    stop.on_click(press_stop)
    for control in settings_of_run:
        control.observe(preview, names="value")
    scrub.observe(scrubbed, names="value")
    preview()
    first = twin(content(), style(), settings())
    panels = [
        VBox([what, number, photo, upload, sides]),
        VBox([kind, dot, cell, angle, ratio, many, how]),
        VBox([content_at, *weights]),
    ]
    return Instrument(
        [
            HBox(panels),
            HBox([start, stop, progress]),
            line,
            HBox([play, scrub]),
            numbers,
            HBox([shown_box, texture_box, plot]),
        ],
        first,
    )


def twin(content: Tensor, style: Tensor, settings: style_transfer.Settings) -> Figure:
    """What the explorer gives with its first dials, as a figure: some of the iterations."""
    shown = sorted({0, 1, 5, 10, settings.iterations})
    shown = [i for i in shown if i <= settings.iterations]
    network = vgg.load_vgg16()
    targets = gatys.style_targets(network, style, settings.style_weights, content.shape[-1])
    run = style_transfer.transfer(network, content, targets, settings, keep=shown)
    titles = [f"iteration {i}" for i in shown]
    scale = max(1, round(160 / content.shape[-1]))
    return figures.exact_grid(torch.cat([run.images[i] for i in shown]), len(shown), titles, scale)


def wait_for(explorer: Instrument, seconds: float) -> None:
    """Wait until the Run button can be pressed again: the run, if any, has ended.

    Raises TimeoutError after so many seconds.
    """
    button, ends = explorer.children[1].children[0], time.monotonic() + seconds
    while button.disabled:
        if time.monotonic() > ends:
            raise TimeoutError(f"The run has not ended within {seconds} s.")
        time.sleep(0.01)

"""The style explorer: set the dials, run style transfer, and scrub through what it did."""

import threading
import time
from collections.abc import Collection
from typing import Any

import torch
from ipywidgets import HTML, FileUpload, HBox, Image, IntProgress, IntSlider, Play, VBox, jslink
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures, screens
from halftone_utils.digits import datasets, photographs
from halftone_utils.figures import style_transfer as style_figures
from halftone_utils.style import gatys, style_transfer, vgg
from halftone_utils.widgets import parts

STYLE_LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
SOURCES = ("digit", "photograph", "upload")
SIDES = (64, 96, 128, 192, 256)  # of photographs and uploads, in pixels
RAMP = 256  # pixels of the style image, a halftoned ramp
EVERY = 0.2  # seconds between two updates of the page while a run goes on
SHOWN = 256  # pixels of the picture on the page


def transfer(
    content: Tensor, style: Tensor, settings: gatys.Settings, **options: Any
) -> style_transfer.Trajectory:
    """Style transfer with the embedded network.  options: others of `style_transfer.transfer`."""
    network = vgg.load_vgg16()
    targets = gatys.style_targets(network, style, settings.style_weights, content.shape[-1])
    return style_transfer.transfer(network, content, targets, settings, **options)


class StoppedError(Exception):
    """Raised inside a run to end it."""


class StyleExplorer(parts.Instrument):
    """Choose content, screen, weights and layers; run; then drag the iteration back and forth.

    source: one of SOURCES.  side: one of SIDES.  ruling: of the style image's screen, in pixels
    per cell.  All arguments are where the controls stand at first.
    A run goes on beside the notebook; Stop ends it.
    """

    def __init__(
        self,
        *,
        source: str = "digit",
        photograph: str = "camera",
        side: int = 96,
        ruling: float = 2.5,
        iterations: int = 50,
        optimizer: str = "adam",
        content_layer: str = "conv1_2",
        style_layers: Collection[str] = ("conv1_1", "conv1_2"),
    ) -> None:
        """Show content and style; nothing is run yet."""
        super().__init__()
        later = parts.ON_RELEASE
        self.source = parts.choice("content", SOURCES, source)
        self.number = parts.number("digit number", 0, datasets.count("validation") - 1)
        self.photograph = parts.choice("photograph", photographs.NAMES, photograph)
        self.upload = FileUpload(accept="image/*", description="Upload a picture")
        self.upload.layout.width = "15em"
        self.side = parts.choice("side (px)", SIDES, side)
        self.kind = parts.choice("style: screen", screens.KINDS, "am")
        self.dials = {
            "dot": parts.choice("style: dot", screens.SPOTS),
            "ruling": parts.slider("ruling (px a cell)", ruling, 2, 16, 0.1, **later),
            "angle": parts.slider("angle (degrees)", 45, 0, 90, 1, **later),
        }
        self.ratio = parts.slider("α/β", 0.01, -4, 3, 0.1, ".2g", log=True, **later)
        self.iterations = parts.labelled(
            IntSlider, "iterations to run", value=iterations, min=1, max=300, **later
        )
        self.optimizer = parts.choice("optimizer", ("adam", "lbfgs"), optimizer)
        self.content_layer = parts.choice("content layer", vgg.LAYERS, content_layer)
        share = 1 / len(style_layers)
        self.weights = {
            name: parts.slider(f"w of {name}", share * (name in style_layers), 0, 1, 0.05, **later)
            for name in STYLE_LAYERS
        }
        panels = [
            [self.source, self.number, self.photograph, self.upload, self.side],
            [self.kind, *self.dials.values(), self.ratio, self.iterations, self.optimizer],
            [self.content_layer, *self.weights.values()],
        ]
        self.children = [HBox([*map(VBox, panels)]), *self._rows_of_the_run()]
        self.images: list[Tensor] = []  # of the run, by iteration: (1, 1, H, W)
        self.losses: list[tuple[float, float, float]] = []  # content, style, total
        self.stopping = threading.Event()  # once set, the iteration at hand is the last
        self.watch(self._preview, *(control for panel in panels for control in panel))
        self.handle(self._preview)

    def _rows_of_the_run(self) -> list:
        """What starts and stops a run, and what shows it."""
        self.start = parts.button("Run", "run style transfer", button_style="primary")
        self.stop = parts.button("Stop", "end the run after this iteration", disabled=True)
        self.progress = IntProgress(max=self.iterations.value)
        self.progress.layout.width = "30em"
        self.scrub = parts.labelled(IntSlider, "iteration", max=1, disabled=True)
        self.play = Play(max=1, interval=80, disabled=True)
        jslink((self.play, "value"), (self.scrub, "value"))
        self.numbers, self.plot = HTML(), Image(format="png")
        self.shown = parts.Picture("x", SHOWN)
        self.texture = parts.Picture("style: a ramp behind the screen", SHOWN)
        self.watch(self._start, self.start)
        self.stop.on_click(lambda _: self.stopping.set())
        self.scrub.observe(lambda _: self._show_iteration(), names="value")
        buttons, scrubbing = [self.start, self.stop, self.progress], [self.play, self.scrub]
        pictures = [self.shown, self.texture, self.plot]
        return [HBox(buttons), self.message, HBox(scrubbing), self.numbers, HBox(pictures)]

    def _content(self) -> Tensor:
        """The content that is chosen: (1, 1, H, W) in [0, 1]."""
        if self.source.value == "digit":
            images, _ = datasets.load("validation", 32, self.number.value + 1)
            return datasets.as_float(images[-1:])
        if self.source.value == "photograph":
            return photographs.load(self.photograph.value, self.side.value)
        if not self.upload.value:
            raise ValueError("No picture is uploaded yet: press “Upload a picture” first.")
        return photographs.decode(bytes(self.upload.value[0]["content"]), self.side.value)

    def _style(self) -> Tensor:
        """The ramp behind the screen that is chosen: (1, 1, RAMP, RAMP)."""
        arguments = parts.use_known(self.dials, screens.parameters(self.kind.value))
        return screens.halftone(screens.ramp(RAMP), self.kind.value, **arguments)

    def _settings(self) -> gatys.Settings:
        return gatys.Settings(
            content_layer=self.content_layer.value,
            style_weights={name: w.value for name, w in self.weights.items() if w.value},
            alpha=1.0,
            beta=1 / self.ratio.value,
            iterations=self.iterations.value,
            optimizer=self.optimizer.value,
        )

    def _preview(self) -> None:
        """Show content and style as they are set."""
        if not self.stop.disabled:
            raise ValueError(
                "The run goes on with what was set when it started: "
                "press Stop, then Run, for the new setting."
            )
        source = self.source.value
        self.number.disabled, self.side.disabled = source != "digit", source == "digit"
        self.photograph.disabled, self.upload.disabled = source != "photograph", source != "upload"
        self.texture.show(self._style())
        self.shown.show(self._content())

    def _start(self) -> None:
        """Start a run with what is set, on a thread of its own."""
        content, style, settings = self._content(), self._style(), self._settings()
        for kept in (self.images, self.losses, self.stopping):
            kept.clear()
        self.shown.show(content)
        self.start.disabled, self.stop.disabled = True, False
        self.scrub.disabled = self.play.disabled = True
        self.play.value = self.scrub.value = self._followed = 0
        self.scrub.max = self.play.max = 1
        self.progress.max, self.progress.value, self._updated = settings.iterations, 0, 0.0
        arguments = (content, style, settings)
        self.thread = threading.Thread(target=self._run, args=arguments, daemon=True)
        self.thread.start()

    def _run(self, content: Tensor, style: Tensor, settings: gatys.Settings) -> None:
        """Run style transfer, and update the page once in EVERY seconds and at the end."""

        def watch(_: int, x: Tensor, of_content: Tensor, of_style: Tensor) -> None:
            total = gatys.total_loss(of_content, of_style, settings.alpha, settings.beta)
            self.images.append(x.detach().reshape(content.shape).clone())
            # after the image: another thread that counts the losses finds an image for each
            self.losses.append((float(of_content), float(of_style), float(total)))
            if time.monotonic() - self._updated > EVERY:
                self._update()
            if self.stopping.is_set():
                raise StoppedError

        try:
            transfer(content, style, settings, watch=watch)
        except StoppedError:
            pass
        except Exception as error:
            self.say(str(error))
        self._update()
        self.start.disabled, self.stop.disabled = False, True

    def _update(self) -> None:
        """Show what the run has done so far; where a user has moved the slider, it stays."""
        done = len(self.losses) - 1
        if done < 0:
            return
        follows = self.scrub.value in (self._followed, self.scrub.max)
        self.progress.value, self.scrub.disabled, self.play.disabled = done, False, False
        self.scrub.max = self.play.max = max(done, 1)
        if follows:
            self.scrub.value = self._followed = done
            self._show_iteration()
        self.plot.value = parts.png_of(style_figures.losses_so_far(self.losses), dpi=80)
        self._updated = time.monotonic()

    def _show_iteration(self) -> None:
        """Show picture and losses of the iteration that the slider stands at."""
        i = self.scrub.value
        if i >= len(self.losses):
            return
        self.shown.show(self.images[i])
        of_content, of_style, total = self.losses[i]
        self.numbers.value = (
            f"iteration {i}: L_content {of_content:.4g}, L_style {of_style:.4g}, "
            f"L_total {total:.4g}"
        )

    def twin(self) -> Figure:
        """Some iterations of the run that the settings give."""
        content, settings = self._content(), self._settings()
        kept = sorted({i for i in (0, 1, 5, 10, settings.iterations) if i <= settings.iterations})
        run = transfer(content, self._style(), settings, keep=kept)
        images = torch.cat([run.images[i] for i in kept])
        titles = [f"iteration {i}" for i in kept]
        scale = max(1, round(160 / content.shape[-1]))
        return figures.exact_grid(images, len(kept), titles, scale)

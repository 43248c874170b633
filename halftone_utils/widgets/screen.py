"""The screen explorer: turn a screen's dials and step back from it."""

import matplotlib.pyplot as plt
import torch
from ipywidgets import HTML, HBox, Image, VBox
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures, screens
from halftone_utils.digits import datasets, photographs
from halftone_utils.screens import perception
from halftone_utils.widgets import parts

SIDE = 128  # pixels of the picture that is shown; each is drawn as two dots each way
ASKED = torch.linspace(0, 1, 17)
PICTURES = ("even tone", "ramp", "digit", "photograph")


def content(name: str, tone: float) -> Tensor:
    """The picture before the screen: (1, 1, SIDE, SIDE) in [0, 1]."""
    if name == "even tone":
        return torch.full((1, 1, SIDE, SIDE), tone)
    if name == "ramp":
        return screens.ramp(SIDE)
    if name == "digit":
        digit = datasets.as_float(datasets.load("validation", 28, 1)[0])
        return torch.nn.functional.interpolate(digit, SIDE, mode="bicubic").clamp(0, 1)
    return photographs.load("camera", SIDE)


def spectrum_and_tones(halftone: Tensor, kind: str, arguments: dict) -> Figure:
    """The spectrum of what is shown, and the tone printed over the tone asked for."""
    slow = kind == "direct-binary-search"
    side, asked = (32, ASKED[::4]) if slow else (96, ASKED)
    flat = asked.view(-1, 1, 1, 1).expand(-1, 1, side, side).contiguous()
    printed = screens.halftone(flat, kind, **arguments).mean((1, 2, 3))
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.0), layout="constrained")
    power = perception.power_spectrum(halftone)
    decibel = 10 * torch.log10((power / power.mean().clamp_min(1e-12)).clamp_min(1e-3))
    left.imshow(decibel, cmap="gray", vmin=-20, vmax=20, extent=(-0.5, 0.5, -0.5, 0.5))
    left.set(title="power spectrum, −20 to 20 dB", xlabel="cycles per pixel")
    left.grid(False)
    right.axline((0, 0), slope=1, color="grey", lw=0.8)
    right.plot(asked, printed, marker="o", ms=4, color=figures.SERIES[0][0])
    right.set(title="tone printed / asked for", xlabel="tone asked for", xlim=(0, 1), ylim=(0, 1))
    return figure


class ScreenExplorer(parts.Instrument):
    """Choose a screen and a tone; see the dots, their spectrum, their tones and what is left afar.

    ruling: of the screen that comes first, in pixels per cell.
    """

    def __init__(self, *, ruling: float = 4.0) -> None:
        """Show a photograph behind the screen."""
        super().__init__()
        self.content = parts.choice("picture", PICTURES, "photograph")
        self.kind = parts.choice("kind of screen", screens.KINDS, "am")
        self.tone = parts.slider("tone (0 black)", 0.7, 0, 1, 0.01)
        self.dials = {
            "dot": parts.choice("shape of dot", screens.SPOTS),
            "ruling": parts.slider("ruling (px a cell)", ruling, 2, 16, 0.1),
            "angle": parts.slider("angle (degrees)", 45.0, 0, 90, 1),
            "dot_gain": parts.slider("dot gain (of 1)", 0, 0, 0.3, 0.01),
        }
        self.distance = parts.slider("distance (m)", 2.0, -1, 1.3, 0.05, log=True)
        self.numbers, self.plot = HTML(), Image(format="png")
        self.dots = parts.Picture("the screen, each pixel as 2×2", 2 * SIDE)
        self.seen = parts.Picture("seen from the distance (a proxy)", 2 * SIDE)
        self._draw()
        self.watch(self._draw, self.content, self.kind, self.tone, *self.dials.values())
        self.watch(self._step_back, self.distance)
        dot, *others = self.dials.values()
        left = VBox([self.content, self.kind, dot, self.tone])
        right = VBox([*others, self.distance])
        pictures = HBox([self.dots, self.seen, self.plot])
        self.children = [HBox([left, right]), self.numbers, self.message, pictures]

    def _draw(self) -> None:
        """Halftone the picture anew."""
        kind = self.kind.value
        arguments = parts.use_known(self.dials, screens.parameters(kind))
        self.tone.disabled = self.content.value != "even tone"
        self.tones = content(self.content.value, self.tone.value)
        self.halftone = screens.halftone(self.tones, kind, **arguments)
        self.dots.show(self.halftone)
        figure = spectrum_and_tones(self.halftone, kind, arguments)
        self.plot.value = parts.png_of(figure, dpi=90)
        self._step_back()

    def _step_back(self) -> None:
        """Show what the eye sees of the same halftone from the distance."""
        sigma = min(perception.blur_of_distance(self.distance.value), SIDE / 3 - 1)
        self.from_afar = perception.integrate(self.halftone, sigma)
        self.seen.show(self.from_afar)
        self.numbers.value = (
            f"mean tone {float(self.tones.mean()):.3f}, printed {float(self.halftone.mean()):.3f}; "
            f"from {self.distance.value:.2f} m the eye's blur is {sigma:.2f} px "
            "(pixels of 0.25 mm)"
        )

    def twin(self) -> Figure:
        """Tones, dots, dots from afar."""
        ruling, angle = self.dials["ruling"].value, self.dials["angle"].value
        screen = f"{self.kind.value}, {ruling:g} px, {angle:g}°"
        titles = ["tones", screen, f"from {self.distance.value:g} m"]
        images = torch.cat([self.tones, self.halftone, self.from_afar])
        return figures.exact_grid(images, 3, titles, 2)

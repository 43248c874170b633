"""The screen explorer: turn a screen's dials and step back from it."""

import matplotlib.pyplot as plt
import torch
from ipywidgets import HTML, Dropdown, FloatLogSlider, FloatSlider, HBox, VBox
from ipywidgets import Image as Picture
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures, screens
from halftone_utils.digits import datasets, photographs
from halftone_utils.screens import perception, thresholds
from halftone_utils.widgets.parts import (
    ROW,
    WIDE,
    Instrument,
    guarded,
    message,
    picture,
    png,
    png_of,
    watch,
)

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


def arguments_of(kind: str, dials: dict) -> dict:
    """Those of the dials that this kind of screen has."""
    return {name: value for name, value in dials.items() if name in screens.parameters(kind)}


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
    right.plot(asked, printed, marker="o", ms=4, color="#0072b2")
    right.set(title="tone printed / asked for", xlabel="tone asked for", xlim=(0, 1), ylim=(0, 1))
    return figure


def screen_explorer(
    *, kind: str = "am", ruling: float = 4.0, angle: float = 45.0, distance: float = 2.0
) -> Instrument:
    """Choose a screen and a tone; see the dots, their spectrum, their tones and what is left afar.

    kind: one of `screens.KINDS`.  ruling: pixels per cell.  angle: degrees.  distance: metres,
    for pixels of 0.25 mm.  The twin shows the first state of a ramp.
    """
    what = Dropdown(
        options=PICTURES, value="photograph", description="picture", style=WIDE, layout=ROW
    )
    kinds = Dropdown(
        options=[*screens.KINDS], value=kind, description="kind of screen", style=WIDE, layout=ROW
    )
    dot = Dropdown(options=[*thresholds.SPOTS], description="shape of dot", style=WIDE, layout=ROW)

    def slider(value: float, low: float, high: float, step: float, label: str) -> FloatSlider:
        return FloatSlider(
            value, min=low, max=high, step=step, description=label, style=WIDE, layout=ROW
        )

    tone = slider(0.7, 0, 1, 0.01, "tone (0 black)")
    cell = slider(ruling, 2, 16, 0.1, "ruling (px a cell)")
    turn = slider(angle, 0, 90, 1, "angle (degrees)")
    gain = slider(0, 0, 0.3, 0.01, "dot gain (of 1)")
    afar = FloatLogSlider(
        distance,
        base=10,
        min=-1,
        max=1.3,
        step=0.05,
        readout_format=".2f",
        description="distance (m)",
        style=WIDE,
        layout=ROW,
    )
    line, numbers, plot = message(), HTML(), Picture(format="png")
    dots, dots_box = picture("the screen, each pixel as 2×2", 2 * SIDE)
    seen, seen_box = picture("seen from the distance (a proxy)", 2 * SIDE)
    shown: dict[str, Tensor] = {}

    @guarded(line)
    def step_back() -> None:
        sigma = min(perception.blur_of_distance(afar.value), SIDE / 3 - 1)
        seen.value = png(perception.integrate(shown["dots"], sigma)[0], 2 * SIDE)
        numbers.value = (
            f"mean tone {float(shown['tones'].mean()):.3f}, printed "
            f"{float(shown['dots'].mean()):.3f}; from {afar.value:.2f} m the eye's blur is "
            f"{sigma:.2f} px (pixels of 0.25 mm)"
        )

    @guarded(line)
    def draw() -> None:
        dials = {
            "ruling": cell.value,
            "angle": turn.value,
            "dot": dot.value,
            "dot_gain": gain.value,
        }
        arguments = arguments_of(screens.value, dials)
        for control, name in ((cell, "ruling"), (turn, "angle"), (dot, "dot"), (gain, "dot_gain")):
            control.disabled = name not in arguments
        tone.disabled = what.value != "even tone"
        shown["tones"] = content(what.value, tone.value)
        shown["dots"] = screens.halftone(shown["tones"], screens.value, **arguments)
        dots.value = png(shown["dots"][0], 2 * SIDE)
        plot.value = png_of(spectrum_and_tones(shown["dots"], screens.value, arguments), dpi=90)
        step_back()

    watch(draw, what, kinds, dot, tone, cell, turn, gain)
    afar.observe(lambda _: step_back(), names="value")
    controls = HBox([VBox([what, kinds, dot, tone]), VBox([cell, turn, gain, afar])])
    return Instrument(
        [controls, numbers, line, HBox([dots_box, seen_box, plot])],
        twin(kind, {"ruling": ruling, "angle": angle}, distance),
    )


def twin(kind: str, dials: dict, distance: float) -> Figure:
    """The explorer's first state as a figure: tones, dots, dots from afar."""
    tones = content("photograph", 0)
    halftone = screens.halftone(tones, kind, **arguments_of(kind, dials))
    seen = perception.integrate(halftone, perception.blur_of_distance(distance))
    titles = [
        "tones",
        f"{kind}, {dials['ruling']:g} px, {dials['angle']:g}°",
        f"from {distance:g} m",
    ]
    return figures.exact_grid(torch.cat([tones, halftone, seen]), 3, titles, 2)

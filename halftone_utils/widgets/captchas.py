"""The CAPTCHA explorer: a text, a scheme and its dials, an attack, and what each solver answers."""

import html
from collections.abc import Sequence

import ipywidgets
import torch
from ipywidgets import HTML, BoundedIntText, Dropdown, FloatSlider, Text
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures
from halftone_utils.captcha import challenge, solvers
from halftone_utils.captcha.descreening import AS_IT_IS, FILTERS, Treatment
from halftone_utils.captcha.schemes import dials
from halftone_utils.captcha.texture import TEXTURES
from halftone_utils.screens import tone
from halftone_utils.widgets.parts import ROW, WIDE, Instrument, guarded, message, png, watch

ATTACKS = {AS_IT_IS.name: AS_IT_IS} | {
    f"{group}: {name}": treatment
    for group, found in (("undo", FILTERS), ("texture", TEXTURES))
    for name, treatment in found.items()
}
SIDE = 544  # pixels: a CAPTCHA of five letters, a dot a pixel


def draw(
    text: str, scheme: str, seed: int, ruling: float | None, angle: float | None, contrast: float
) -> Tensor:
    """The CAPTCHA in (1, 1, H, W), its ink and paper that far apart."""
    image = challenge.make_captcha(text, scheme, seed, ruling=ruling, angle=angle)
    return tone.map_tone(solvers.as_tensor([image]), (0.5 - contrast / 2, 0.5 + contrast / 2))


def answers_of(names: Sequence[str], image: Tensor, text: str) -> dict[str, str]:
    """What each solver answers, in HTML, a right answer marked."""
    found = {}
    for name in names:
        (answer,) = solvers.solve(image, name)
        read = html.escape(answer) or "nothing"
        found[name] = f"<b>{read}</b> ✓" if answer == text.upper() else read
    return found


def captcha_explorer(
    text: str = "HALF7", scheme: str = "iso-tone-angle", *, seed: int = 3
) -> Instrument:
    """Write a text, turn a scheme's dials, choose an attack; see both pictures and the answers.

    Raises ValueError for a text, scheme or seed that `captcha.make_captcha` refuses.
    """
    challenge.letters_of(text, scheme, seed)
    names = solvers.installed()
    letters = Text(
        text, description="text (1 to 8)", continuous_update=False, style=WIDE, layout=ROW
    )
    kind = Dropdown(
        options=[*challenge.SCHEMES], value=scheme, description="scheme", style=WIDE, layout=ROW
    )
    dice = BoundedIntText(seed, 0, 9999, description="seed", style=WIDE, layout=ROW)
    ruling, angle, contrast = (
        FloatSlider(
            value,
            min=low,
            max=high,
            step=step,
            description=label,
            style=WIDE,
            layout=ROW,
            continuous_update=False,
            readout_format=form,
        )
        for label, value, low, high, step, form in (
            ("ruling (px a cell)", 6, 3, 20, 0.5, ".1f"),
            ("angle (degrees)", 20, 0, 180, 5, ".0f"),
            ("contrast (of 1)", 1, 0.1, 1, 0.05, ".2f"),
        )
    )
    attack = Dropdown(options=[*ATTACKS], description="attack first", style=WIDE, layout=ROW)
    shown, treated = (
        ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="max-content"))
        for _ in range(2)
    )
    verdict, line = HTML(), message()
    state = {"turning": False}

    @guarded(line)
    def redraw() -> None:
        if state["turning"]:  # the dials are being set: once is enough
            return
        has = dials(challenge.SCHEMES[kind.value])
        image = draw(
            letters.value,
            kind.value,
            dice.value,
            ruling.value if "ruling" in has else None,
            angle.value if "angle" in has else None,
            contrast.value,
        )
        after = ATTACKS[attack.value](image) if attack.index else image
        shown.value, treated.value = png(image[0], SIDE), png(after[0], SIDE)
        read = answers_of(names, after, letters.value)
        verdict.value = "; ".join(f"{name} reads {answer}" for name, answer in read.items())

    def choose(*_: object) -> None:
        has = dials(challenge.SCHEMES[kind.value])
        state["turning"] = True
        for name, dial in (("ruling", ruling), ("angle", angle)):
            dial.disabled = name not in has
            dial.value = has.get(name, dial.value)
        state["turning"] = False
        redraw()

    kind.observe(choose, names="value")
    watch(redraw, letters, dice, ruling, angle, contrast, attack)
    choose()
    absent = [name for name in solvers.SOLVERS if name not in names]
    note = HTML(f"Not installed here: {', '.join(absent)}." if absent else "")
    controls = [letters, kind, dice, ruling, angle, contrast, attack]
    pictures = [HTML("<b>what is shown</b>"), shown, HTML("<b>what the solvers get</b>"), treated]
    return Instrument(
        [*controls, *pictures, verdict, note, line], twin(text, scheme, seed, "Gabor sigma=4")
    )


def twin(text: str, scheme: str, seed: int, attack: str) -> Figure:
    """The CAPTCHA and what an attack by texture makes of it, with the solvers' answers."""
    image = draw(text, scheme, seed, None, None, 1.0)
    treatment: Treatment = TEXTURES[attack]
    captions, both = [], [image, treatment(image)]
    for title, x in (("what is shown", both[0]), (f"after {attack}", both[1])):
        read = [f"{name}: {solvers.solve(x, name)[0] or 'nothing'}" for name in solvers.installed()]
        captions.append(f"{title}\n{', '.join(read)}")
    return figures.exact_grid(torch.cat(both), 1, captions)

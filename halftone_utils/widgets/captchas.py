"""The CAPTCHA explorer: a text, a scheme and its dials, an attack, and what each solver answers."""

import html

import torch
from ipywidgets import HTML, Image, Text
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures
from halftone_utils.captcha import challenge, solvers
from halftone_utils.captcha.descreening import AS_IT_IS, FILTERS
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.captcha.texture import PARITIES, TEXTURES
from halftone_utils.screens import tone
from halftone_utils.widgets import parts

ATTACKS = {AS_IT_IS.name: AS_IT_IS} | {
    f"{group}: {name}": way
    for group, ways in (("undo", FILTERS), ("texture", {**TEXTURES, **PARITIES}))
    for name, way in ways.items()
}
SIDE = 544  # pixels: a CAPTCHA of five letters, a dot a pixel
OF_TWIN = "Gabor sigma=4"  # the attack that the figure shows


class CaptchaExplorer(parts.Instrument):
    """Write a text, turn a scheme's dials, choose an attack; see both pictures and the answers.

    Raises ValueError for a text, scheme or seed that `challenge.make_captcha` refuses.
    """

    def __init__(
        self, text: str = "HALF7", scheme: str = "iso-tone-angle", *, seed: int = 3
    ) -> None:
        """Show the CAPTCHA, and let every solver that is installed read it."""
        challenge.letters_of(text, scheme, seed)
        super().__init__()
        later = parts.ON_RELEASE
        self.solvers = solvers.installed()
        self.text = parts.labelled(Text, "text (1 to 8)", value=text, **later)
        self.scheme = parts.choice("scheme", SCHEMES, scheme)
        self.seed = parts.number("seed", seed, 9999)
        self.dials = {
            "ruling": parts.slider("ruling (px a cell)", 6, 3, 20, 0.5, ".1f", **later),
            "angle": parts.slider("angle (degrees)", 20, 0, 180, 5, ".0f", **later),
        }
        self.contrast = parts.slider("contrast (of 1)", 1, 0.1, 1, 0.05, **later)
        self.attack = parts.choice("attack first", ATTACKS)
        self.shown, self.treated, self.verdict = Image(format="png"), Image(format="png"), HTML()
        for picture in (self.shown, self.treated):
            picture.layout.width = "max-content"
        self._use_scheme()
        others = [self.seed, *self.dials.values(), self.contrast, self.attack]
        self.watch(self._use_scheme, self.scheme)
        self.watch(self._draw, self.text, *others)
        titles = HTML("<b>what is shown</b>"), HTML("<b>what the solvers get</b>")
        pictures = [titles[0], self.shown, titles[1], self.treated]
        absent = ", ".join(name for name in solvers.SOLVERS if name not in self.solvers)
        note = HTML(f"Not installed here: {absent}." if absent else "")
        controls = [self.text, self.scheme, *others]
        self.children = [*controls, *pictures, self.verdict, note, self.message]

    def _image(self) -> Tensor:
        """The CAPTCHA as it is set, its ink and paper that far apart: (1, 1, H, W)."""
        text, scheme, half = self.text.value, self.scheme.value, self.contrast.value / 2
        arguments = parts.use_known(self.dials, SCHEMES[scheme].dials)
        image = challenge.make_captcha(text, scheme, self.seed.value, **arguments)
        return tone.map_tone(solvers.as_tensor([image]), (0.5 - half, 0.5 + half))

    def _use_scheme(self) -> None:
        """Set the dials as the scheme has them, and draw."""
        for name, value in SCHEMES[self.scheme.value].dials.items():
            self.dials[name].value = value
        self._draw()

    def _draw(self) -> None:
        """Show the CAPTCHA before and after the attack, and what each solver reads."""
        image = self._image()
        treated = ATTACKS[self.attack.value](image) if self.attack.index else image
        self.shown.value, self.treated.value = (parts.png(x[0], SIDE) for x in (image, treated))
        read = []
        for name in self.solvers:
            (answer,) = solvers.solve(treated, name)
            said = html.escape(answer) or "nothing"
            right = answer == self.text.value.upper()
            read.append(f"{name} reads " + (f"<b>{said}</b> ✓" if right else said))
        self.verdict.value = "; ".join(read)

    def twin(self) -> Figure:
        """The CAPTCHA and what an attack by texture makes of it, with the solvers' answers."""
        image = self._image()
        shown = {"what is shown": image, f"after {OF_TWIN}": TEXTURES[OF_TWIN](image)}
        captions = []
        for title, x in shown.items():
            read = [f"{name}: {solvers.solve(x, name)[0] or 'nothing'}" for name in self.solvers]
            captions.append(f"{title}\n{', '.join(read)}")
        return figures.exact_grid(torch.cat([*shown.values()]), 1, captions)

"""The FGSM explorer: one slider for epsilon, and what the network makes of the digit."""

from collections.abc import Sequence

from ipywidgets import HTML, Checkbox, HBox
from matplotlib.figure import Figure
from torch import Tensor, nn

from halftone_utils import figures
from halftone_utils.networks import attacks, training
from halftone_utils.widgets import parts

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"  # Okabe & Ito 2008; grey prints apart


def bars(shares: Sequence[float], label: int) -> str:
    """Ten probabilities as bars with their numbers, in HTML; the label's is marked."""
    most = max(range(len(shares)), key=shares.__getitem__)
    number = "padding:0 6px;white-space:nowrap;font-variant-numeric:tabular-nums"
    rows = []
    for digit, share in enumerate(shares):
        colour = GREY if digit == label else (ORANGE if digit == most else BLUE)
        mark = " ← its label" if digit == label else ""
        rows.append(
            f"<tr><td style='padding:0 6px'>{digit}</td><td style='width:150px'>"
            f"<div style='background:{colour};height:11px;width:{150 * share:.1f}px'></div></td>"
            f"<td style='{number}'>{100 * share:5.1f} %{mark}</td></tr>"
        )
    return f"<table style='font-size:13px;line-height:15px'>{''.join(rows)}</table>"


class FgsmExplorer(parts.Instrument):
    """Choose a digit and an epsilon; see the pattern, the sum and the class probabilities.

    images: (N, 1, H, W) in [0, 1].  labels: (N,).  epsilon: where it starts.
    """

    def __init__(
        self, model: nn.Module, images: Tensor, labels: Tensor, *, epsilon: float = 0.1
    ) -> None:
        """Show the first digit, attacked."""
        super().__init__()
        self.model, self.images, self.labels = model, images, labels
        self.number = parts.number("digit number", 0, len(images) - 1)
        self.epsilon = parts.slider("ε (of 0 to 1)", epsilon, 0, 0.5, 0.005, ".3f")
        self.random = parts.labelled(Checkbox, "random signs instead", value=False)
        self.verdict, self.before, self.after = HTML(), HTML(), HTML()
        captions = ("x", "signs: white +, black −", "x′ = x + ε signs")
        self.pictures = clean, signs, harmed = [*map(parts.Picture, captions)]
        self._draw()
        controls = [self.number, self.epsilon, self.random]
        self.watch(self._draw, *controls)
        panels = HBox([clean, self.before, signs, harmed, self.after])
        self.children = [*controls, self.verdict, self.message, panels]

    def _attacked(self) -> tuple[Tensor, Tensor, Tensor]:
        """The digit, the signs as tones from 0 to 1, and their sum: (1, 1, H, W) each."""
        i = self.number.value
        x, y = self.images[i : i + 1], self.labels[i : i + 1]
        if self.random.value:
            pattern = attacks.random_signs(x)
        else:
            pattern = attacks.signed_gradient(self.model, x, y)
        return x, (pattern + 1) / 2, (x + self.epsilon.value * pattern).clamp(0, 1)

    def _draw(self) -> None:
        """Show the three pictures, and what the network reads in the first and the last."""
        label = int(self.labels[self.number.value])
        x, signs, x_prime = self._attacked()
        for place, image in zip(self.pictures, (x, signs, x_prime), strict=True):
            place.show(image)
        p, q = (training.probabilities(self.model, each)[0].tolist() for each in (x, x_prime))
        self.before.value, self.after.value = bars(p, label), bars(q, label)
        read = max(range(len(q)), key=q.__getitem__)
        self.verdict.value = (
            f"label {label}; at ε = {self.epsilon.value:.3f} the network reads <b>{read}</b>, "
            f"{100 * q[read]:.1f} % sure"
        )

    def twin(self) -> Figure:
        """The three pictures."""
        x, signs, x_prime = self._attacked()
        read = [int(training.predict(self.model, each)[0]) for each in (x, x_prime)]
        captions = [f"x, read as {read[0]}", "signs", f"x′, read as {read[1]}"]
        between = [f"+ {self.epsilon.value:g} ×", "="]
        return figures.equation([x[0], signs[0], x_prime[0]], between, captions)

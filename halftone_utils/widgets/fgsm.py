"""The FGSM explorer: one slider for epsilon, and what the network makes of the digit."""

from ipywidgets import HTML, BoundedIntText, Checkbox, FloatSlider, HBox
from matplotlib.figure import Figure
from torch import Tensor, nn

from halftone_utils import figures
from halftone_utils.networks import attacks, training
from halftone_utils.widgets.parts import (
    ROW,
    WIDE,
    Instrument,
    bars,
    guarded,
    message,
    picture,
    png,
    watch,
)


def fgsm_explorer(
    model: nn.Module, images: Tensor, labels: Tensor, *, index: int = 0, epsilon: float = 0.1
) -> Instrument:
    """Choose a digit and an epsilon; see the pattern, the sum and the class probabilities.

    images: (N, 1, H, W) in [0, 1].  labels: (N,).  index, epsilon: where it starts.
    The twin shows the three pictures there.
    """
    digit = BoundedIntText(
        index, 0, len(images) - 1, description="digit number", style=WIDE, layout=ROW
    )
    size = FloatSlider(
        epsilon,
        min=0,
        max=0.5,
        step=0.005,
        readout_format=".3f",
        style=WIDE,
        description="ε (of 0 to 1)",
        layout=ROW,
    )
    random = Checkbox(False, description="random signs instead", style=WIDE, layout=ROW)
    line = message()
    (clean, clean_box), (signs, signs_box), (harmed, harmed_box) = map(
        picture, ("x", "signs: white +, black −", "x′ = x + ε signs")
    )
    before, after, verdict = HTML(), HTML(), HTML()

    @guarded(line)
    def draw() -> None:
        x, y = images[digit.value][None], labels[digit.value][None]
        pattern = attacks.random_signs(x) if random.value else attacks.signed_gradient(model, x, y)
        x_prime = (x + size.value * pattern).clamp(0, 1)
        p, q = (training.probabilities(model, each)[0].tolist() for each in (x, x_prime))
        for place, image in ((clean, x), (signs, (pattern + 1) / 2), (harmed, x_prime)):
            place.value = png(image[0])
        before.value, after.value = bars(p, int(y)), bars(q, int(y))
        read = max(range(10), key=q.__getitem__)
        verdict.value = (
            f"label {int(y)}; at ε = {size.value:.3f} the network reads <b>{read}</b>, "
            f"{100 * q[read]:.1f} % sure"
        )

    watch(draw, digit, size, random)
    pictures = [clean_box, before, signs_box, harmed_box, after]
    controls = [digit, size, random, verdict, line]
    return Instrument(
        [*controls, HBox(pictures)], twin(model, images[index], labels[index], epsilon)
    )


def twin(model: nn.Module, x: Tensor, y: Tensor, epsilon: float) -> Figure:
    """The three pictures of the explorer's first state as a figure."""
    pattern = attacks.signed_gradient(model, x[None], y[None])[0]
    x_prime = (x + epsilon * pattern).clamp(0, 1)
    read = [int(training.predict(model, each[None])[0]) for each in (x, x_prime)]
    captions = [f"x, read as {read[0]}", "signs", f"x′, read as {read[1]}"]
    return figures.equation([x, (pattern + 1) / 2, x_prime], [f"+ {epsilon:g} ×", "="], captions)

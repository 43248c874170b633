"""The instruments show what the functions behind them give, and go on after a mistake."""

import base64
import io

import numpy as np
import pytest
import torch
from finding import control, pictures, text
from PIL import Image

from halftone_utils import screens, widgets
from halftone_utils.digits import datasets
from halftone_utils.networks import attacks, training
from halftone_utils.results import store
from halftone_utils.screens import perception
from halftone_utils.studies import experiments
from halftone_utils.widgets import parts


def pixels(picture, side):
    """What a PNG shows, its enlarged pixels made single again."""
    shown = np.array(Image.open(io.BytesIO(picture)).convert("L"))
    step = shown.shape[0] // side
    assert (shown == shown[::step, ::step].repeat(step, 0).repeat(step, 1)).all()
    return torch.from_numpy(shown[::step, ::step].copy())


def as_bytes(image):
    return (image.squeeze().clamp(0, 1) * 255).round().byte()


@pytest.fixture(scope="module")
def lenet():
    return experiments.published("lenet")


@pytest.fixture(scope="module")
def digits():
    images, labels = datasets.load("validation", n=20)
    return datasets.as_float(images), labels


# --- all of them -------------------------------------------------------------------------------


def test_what_a_handler_raises_is_a_sentence_and_what_it_sets_calls_no_handler():
    instrument, calls = parts.Instrument(), []
    one, other = (parts.slider(label, 0, 0, 9, 1) for label in "ab")

    def handler():
        calls.append(one.value)
        other.value = one.value
        if one.value == 2:
            raise ValueError("It is <two>,\nwhich is wrong.")

    instrument.watch(handler, one, other)
    one.value = 2
    assert calls == [2]
    assert instrument.message.value.endswith("⚠ It is &lt;two&gt;, which is wrong.</span>")
    other.value = 3
    assert calls == [2, 2]
    one.value = 4
    assert (calls, instrument.message.value) == ([2, 2, 4], "")


@pytest.mark.parametrize(
    "make",
    [
        lambda: widgets.FgsmExplorer(
            experiments.published("lenet"), torch.zeros(1, 1, 32, 32), torch.tensor([0])
        ),
        widgets.ScreenExplorer,
        lambda: widgets.StyleExplorer(iterations=2),
        lambda: widgets.DrawingPad(experiments.all_published()),
        lambda: widgets.ResultsExplorer(store.load("experiment")),
        widgets.DigitQuiz,
        widgets.CaptchaQuiz,
        widgets.CaptchaExplorer,
    ],
)
def test_every_instrument_is_a_figure_where_no_kernel_runs(make):
    bundle = make()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    figure = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert min(figure.size) > 100
    assert len(bundle["image/png"]) < 300_000


# --- FGSM --------------------------------------------------------------------------------------


def test_the_fgsm_explorer_shows_what_fgsm_gives(lenet, digits):
    images, labels = digits
    explorer = widgets.FgsmExplorer(lenet, images, labels)
    control(explorer, "digit number").value = 7
    control(explorer, "ε (of 0 to 1)").value = 0.25
    x_prime = attacks.fgsm(lenet, images[7:8], labels[7:8], 0.25)
    clean, _, harmed = pictures(explorer)
    assert torch.equal(pixels(clean, 32), as_bytes(images[7]))
    assert torch.equal(pixels(harmed, 32), as_bytes(x_prime))
    p = training.probabilities(lenet, x_prime)[0]
    assert f"reads <b>{int(p.argmax())}</b>, {100 * p.max():.1f} % sure" in text(explorer)


def test_at_epsilon_zero_nothing_changes_and_random_signs_are_another_pattern(lenet, digits):
    explorer = widgets.FgsmExplorer(lenet, *digits)
    signed = pictures(explorer)[1]
    control(explorer, "random signs instead").value = True
    assert pictures(explorer)[1] != signed
    control(explorer, "ε (of 0 to 1)").value = 0
    clean, _, harmed = pictures(explorer)
    assert clean == harmed


# --- screens -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_even_tone():
    explorer = widgets.ScreenExplorer()
    control(explorer, "picture").value = "even tone"
    control(explorer, "tone (0 black)").value = 0.4
    return explorer


@pytest.mark.parametrize("kind", screens.KINDS)
def test_the_screen_explorer_shows_every_kind_and_offers_the_dials_it_has(of_even_tone, kind):
    explorer = of_even_tone
    control(explorer, "kind of screen").value = kind
    known = screens.parameters(kind)
    dials = {"ruling": 4.0, "angle": 45.0} if kind == "am" else {}
    expected = screens.halftone(torch.full((1, 1, 128, 128), 0.4), kind, **dials)
    assert torch.equal(pixels(pictures(explorer)[0], 128), as_bytes(expected))
    assert control(explorer, "ruling (px a cell)").disabled == ("ruling" not in known)
    assert f"printed {float(expected.mean()):.3f}" in text(explorer)
    assert "alert" not in text(explorer)


def test_stepping_back_blends_the_dots_and_leaves_the_screen_alone():
    explorer = widgets.ScreenExplorer()
    control(explorer, "distance (m)").value = 0.5
    dots, near, plot = pictures(explorer)
    control(explorer, "distance (m)").value = 8.0
    dots_then, far, plot_then = pictures(explorer)
    assert (dots, plot) == (dots_then, plot_then)
    assert pixels(far, 128).float().std() < pixels(near, 128).float().std()
    assert f"{perception.blur_of_distance(8.0):.2f} px" in text(explorer)


def test_the_spectrum_of_a_screen_peaks_at_its_ruling():
    fitted = 4 * 2**0.5  # two cells every 8 pixels each way
    power = perception.power_spectrum(screens.am_screen(torch.full((1, 1, 256, 256), 0.5), fitted))
    assert power.sum() == pytest.approx(1)
    row, column = divmod(int(power.argmax()), 64)
    frequency = ((row - 32) ** 2 + (column - 32) ** 2) ** 0.5 / 64
    assert frequency == pytest.approx(1 / fitted, abs=1 / 64)

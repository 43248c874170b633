"""The instruments show what the functions behind them give, and go on after a mistake."""

import base64
import io
import time
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from finding import control, pictures, text
from PIL import Image

from halftone_utils import screens, widgets
from halftone_utils.digits import datasets, operating_points
from halftone_utils.networks import attacks, training
from halftone_utils.screens import perception
from halftone_utils.studies import experiments
from halftone_utils.style import gatys, style_transfer
from halftone_utils.widgets.parts import png
from halftone_utils.widgets.style import wait_for

LONG = 120  # seconds that a run on a busy machine may take


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


@pytest.fixture(scope="module")
def style():
    return widgets.style_explorer(iterations=5)


# --- all of them -------------------------------------------------------------------------------


def test_every_instrument_is_a_figure_where_no_kernel_runs(lenet, digits, style):
    for instrument in (widgets.fgsm_explorer(lenet, *digits), widgets.screen_explorer(), style):
        bundle = instrument._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in bundle
        figure = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
        assert min(figure.size) > 100
        assert len(bundle["image/png"]) < 300_000


# --- FGSM --------------------------------------------------------------------------------------


def test_the_fgsm_explorer_shows_what_fgsm_gives(lenet, digits):
    images, labels = digits
    explorer = widgets.fgsm_explorer(lenet, images, labels)
    control(explorer, "digit number").value = 7
    control(explorer, "ε (of 0 to 1)").value = 0.25
    x_prime = attacks.fgsm(lenet, images[7:8], labels[7:8], 0.25)
    clean, _, harmed = pictures(explorer)
    assert torch.equal(pixels(clean, 32), as_bytes(images[7]))
    assert torch.equal(pixels(harmed, 32), as_bytes(x_prime))
    p = training.probabilities(lenet, x_prime)[0]
    assert f"reads <b>{int(p.argmax())}</b>, {100 * p.max():.1f} % sure" in text(explorer)


def test_at_epsilon_zero_nothing_changes_and_random_signs_are_another_pattern(lenet, digits):
    explorer = widgets.fgsm_explorer(lenet, *digits)
    signed = pictures(explorer)[1]
    control(explorer, "random signs instead").value = True
    assert pictures(explorer)[1] != signed
    control(explorer, "ε (of 0 to 1)").value = 0
    clean, _, harmed = pictures(explorer)
    assert clean == harmed


# --- screens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", screens.KINDS)
def test_the_screen_explorer_shows_every_kind_and_offers_the_dials_it_has(kind):
    explorer = widgets.screen_explorer()
    control(explorer, "picture").value = "even tone"
    control(explorer, "tone (0 black)").value = 0.4
    control(explorer, "kind of screen").value = kind
    known = screens.parameters(kind)
    dials = {"ruling": 4.0, "angle": 45.0} if kind == "am" else {}
    expected = screens.halftone(torch.full((1, 1, 128, 128), 0.4), kind, **dials)
    assert torch.equal(pixels(pictures(explorer)[0], 128), as_bytes(expected))
    assert control(explorer, "ruling (px a cell)").disabled == ("ruling" not in known)
    assert f"printed {float(expected.mean()):.3f}" in text(explorer)
    assert "alert" not in text(explorer)


def test_stepping_back_blends_the_dots_and_leaves_the_screen_alone():
    explorer = widgets.screen_explorer(distance=0.5)
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


# --- style -------------------------------------------------------------------------------------


def test_a_run_shows_what_style_transfer_gives_at_every_iteration(style):
    control(style, "α/β").value = 0.01
    control(style, "Run").click()
    wait_for(style, LONG)
    talk = operating_points.load("talk")
    network, _ = operating_points.network_for(talk)
    p = datasets.as_float(datasets.load("validation", n=1)[0])
    beta = 1 / control(style, "α/β").value
    settings = style_transfer.Settings(alpha=1.0, beta=beta, iterations=5)
    targets = gatys.style_targets(
        network, screens.style_image(256, 2.5), settings.style_weights, 32
    )
    run = style_transfer.transfer(network, p, targets, settings, keep=range(6))
    for i in (5, 0, 3):
        control(style, "iteration").value = i
        assert pictures(style)[0] == png(run.images[i][0], 256)
        assert f"iteration {i}: L_content {float(run.content[i, 0]):.4g}" in text(style)
        assert f"L_total {float(run.total[i, 0]):.4g}" in text(style)


def test_the_page_follows_every_run_to_its_end(style, monkeypatch):
    monkeypatch.setattr(widgets.style, "EVERY", 0.001)  # looks before the first iteration too
    for _ in range(2):
        control(style, "Run").click()
        wait_for(style, LONG)
        assert control(style, "iteration").value == control(style, "iteration").max == 5
        assert "iteration 5:" in text(style)
    control(style, "iteration").value = 2


def test_who_counts_the_losses_of_a_run_finds_an_image_for_each():
    class Counted(list):
        def append(self, losses):
            super().append(losses)
            assert len(run.images) == len(self)

    digit = datasets.as_float(datasets.load("validation", n=1)[0])
    settings = style_transfer.Settings(alpha=1.0, beta=100.0, iterations=3)
    run = widgets.style.Run(digit, screens.style_image(64, 2.5), settings)
    run.losses = Counted()
    run.start()
    run.wait(LONG)
    assert (run.error, len(run.losses)) == ("", 4)


def test_a_run_can_be_stopped_and_dials_moved_meanwhile_are_for_the_next_one(style):
    control(style, "iterations to run").value = 300
    control(style, "Run").click()
    started = time.monotonic()
    while "iteration" not in text(style) and time.monotonic() - started < LONG:
        time.sleep(0.01)
    assert control(style, "Run").disabled
    control(style, "ruling (px a cell)").value = 5.0
    assert "goes on with what was set when it started" in text(style)
    control(style, "Stop").click()
    wait_for(style, LONG)
    assert 0 < control(style, "iteration").max < 300
    control(style, "ruling (px a cell)").value = 2.5
    assert "alert" not in text(style)
    control(style, "iterations to run").value = 5


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "it is empty"),
        (b"no picture", "no picture that can be read"),
        (png(torch.zeros(1, 8, 8), 8), "8 by 8 pixels; 16 are needed"),
    ],
    ids=["empty", "text", "tiny"],
)
def test_a_broken_upload_is_one_sentence_and_the_next_works(style, content, named):
    control(style, "content").value = "upload"
    upload = control(style, "Upload a picture")

    def choose(content):
        about = {"name": "p.png", "type": "image/png", "size": len(content)}
        upload.value = (
            {**about, "content": memoryview(content), "last_modified": datetime.now(UTC)},
        )

    choose(content)
    control(style, "Run").click()
    assert named in text(style)
    assert "Traceback" not in text(style)
    choose(png(torch.rand(1, 96, 96), 96))
    assert "alert" not in text(style)
    upload.value = ()
    control(style, "Run").click()
    assert "No picture is uploaded yet" in text(style)
    control(style, "content").value = "digit"
    assert "alert" not in text(style)


def test_no_style_layer_at_all_is_said(style):
    one, other = (control(style, f"w of {name}") for name in ("conv1_1", "conv1_2"))
    one.value = other.value = 0
    control(style, "Run").click()
    assert "style_weights names at least one layer" in text(style)
    one.value = other.value = 0.5
    assert not control(style, "Run").disabled

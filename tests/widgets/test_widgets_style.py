"""The style explorer runs what style transfer gives, beside the page, and can be stopped."""

import time
from datetime import UTC, datetime

import pytest
import torch
from finding import control, pictures, text

from halftone_utils import screens, widgets
from halftone_utils.digits import datasets, points
from halftone_utils.style import gatys, style_transfer
from halftone_utils.widgets.parts import png

LONG = 120  # seconds that a run on a busy machine may take


@pytest.fixture(scope="module")
def explorer():
    return widgets.StyleExplorer(iterations=5)


def run(explorer):
    control(explorer, "Run").click()
    explorer.thread.join(LONG)
    assert not control(explorer, "Run").disabled


def test_a_run_shows_what_style_transfer_gives_at_every_iteration(explorer):
    control(explorer, "α/β").value = 0.01
    run(explorer)
    network, _ = points.network_for(points.load("talk"))
    p = datasets.as_float(datasets.load("validation", n=1)[0])
    beta = 1 / control(explorer, "α/β").value
    settings = gatys.Settings(alpha=1.0, beta=beta, iterations=5)
    style = screens.am_screen(screens.ramp(256), 2.5)
    targets = gatys.style_targets(network, style, settings.style_weights, 32)
    expected = style_transfer.transfer(network, p, targets, settings, keep=range(6))
    for i in (5, 0, 3):
        control(explorer, "iteration").value = i
        assert pictures(explorer)[0] == png(expected.images[i][0], 256)
        assert f"iteration {i}: L_content {float(expected.content[i, 0]):.4g}" in text(explorer)
        assert f"L_total {float(expected.total[i, 0]):.4g}" in text(explorer)


def test_the_page_follows_every_run_to_its_end(explorer, monkeypatch):
    for every in (0.0, 0.2):
        monkeypatch.setattr(widgets.style, "EVERY", every)
        run(explorer)
        assert control(explorer, "iteration").value == control(explorer, "iteration").max == 5
        assert "iteration 5:" in text(explorer)
    control(explorer, "iteration").value = 2


def test_who_counts_the_losses_of_a_run_finds_an_image_for_each(explorer, monkeypatch):
    class Counted(list):
        def append(self, losses):
            super().append(losses)
            assert len(explorer.images) == len(self)

    monkeypatch.setattr(explorer, "losses", Counted())
    run(explorer)
    assert len(explorer.losses) == 6
    assert "alert" not in text(explorer)


def test_a_run_can_be_stopped_and_dials_moved_meanwhile_are_for_the_next_one(explorer):
    control(explorer, "iterations to run").value = 300
    control(explorer, "Run").click()
    started = time.monotonic()
    while "iteration" not in text(explorer) and time.monotonic() - started < LONG:
        time.sleep(0.01)
    assert control(explorer, "Run").disabled
    control(explorer, "ruling (px a cell)").value = 5.0
    assert "goes on with what was set when it started" in text(explorer)
    control(explorer, "Stop").click()
    explorer.thread.join(LONG)
    assert 0 < control(explorer, "iteration").max < 300
    control(explorer, "ruling (px a cell)").value = 2.5
    assert "alert" not in text(explorer)
    control(explorer, "iterations to run").value = 5


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "it is empty"),
        (b"no picture", "no picture that can be read"),
        (png(torch.zeros(1, 8, 8), 8), "8 by 8 pixels; 16 are needed"),
    ],
    ids=["empty", "text", "tiny"],
)
def test_a_broken_upload_is_one_sentence_and_the_next_works(explorer, content, named):
    control(explorer, "content").value = "upload"
    upload = control(explorer, "Upload a picture")

    def choose(content):
        about = {"name": "p.png", "type": "image/png", "size": len(content)}
        upload.value = (
            {**about, "content": memoryview(content), "last_modified": datetime.now(UTC)},
        )

    choose(content)
    control(explorer, "Run").click()
    assert named in text(explorer)
    assert "Traceback" not in text(explorer)
    choose(png(torch.rand(1, 96, 96), 96))
    assert "alert" not in text(explorer)
    upload.value = ()
    control(explorer, "Run").click()
    assert "No picture is uploaded yet" in text(explorer)
    control(explorer, "content").value = "digit"
    assert "alert" not in text(explorer)


def test_no_style_layer_at_all_is_said(explorer):
    one, other = (control(explorer, f"w of {name}") for name in ("conv1_1", "conv1_2"))
    one.value = other.value = 0
    control(explorer, "Run").click()
    assert "names at least one layer" in text(explorer)
    one.value = other.value = 0.5
    assert not control(explorer, "Run").disabled

"""The CAPTCHA explorer shows the picture that `make_captcha` draws, and what solvers answer."""

import pytest
import torch
from finding import control, pictures, text

from halftone_utils import widgets
from halftone_utils.captcha import challenge, solvers
from halftone_utils.captcha.texture import TEXTURES
from halftone_utils.screens import tone
from halftone_utils.widgets import captchas
from halftone_utils.widgets.parts import png


@pytest.fixture
def explorer():
    return widgets.CaptchaExplorer()


def drawn(*arguments, contrast=1.0, **dials):
    image = solvers.as_tensor([challenge.make_captcha(*arguments, **dials)])
    return tone.map_tone(image, (0.5 - contrast / 2, 0.5 + contrast / 2))


def shown(image):
    return png(image[0], captchas.SIDE)


def test_an_attack_by_texture_reads_what_no_solver_reads_as_it_is(explorer):
    image = drawn("HALF7", "iso-tone-angle", 3)
    assert pictures(explorer) == [shown(image)] * 2
    assert "✓" not in text(explorer)
    control(explorer, "attack first").value = "texture: Gabor sigma=4"
    treated = TEXTURES["Gabor sigma=4"](image)
    assert pictures(explorer) == [shown(image), shown(treated)]
    assert "ddddocr reads <b>HALF7</b> ✓" in text(explorer)
    assert solvers.solve(treated, "ddddocr") == ["HALF7"]


def test_every_dial_is_the_functions_argument(explorer):
    for label, value in (
        ("text (1 to 8)", "AC9"),
        ("seed", 5),
        ("ruling (px a cell)", 8.0),
        ("angle (degrees)", 60.0),
        ("contrast (of 1)", 0.5),
    ):
        control(explorer, label).value = value
    image = drawn("AC9", "iso-tone-angle", 5, ruling=8.0, angle=60.0, contrast=0.5)
    assert pictures(explorer)[0] == shown(image)
    assert not torch.equal(image, drawn("AC9", "iso-tone-angle", 5, contrast=0.5))


def test_a_scheme_brings_its_dials_or_none(explorer):
    control(explorer, "scheme").value = "round-dots"
    assert control(explorer, "ruling (px a cell)").value == 9
    assert control(explorer, "angle (degrees)").value == 45
    assert pictures(explorer)[0] == shown(drawn("HALF7", "round-dots", 3))
    control(explorer, "scheme").value = "plain"
    assert control(explorer, "ruling (px a cell)").disabled
    assert control(explorer, "angle (degrees)").disabled
    assert text(explorer).count("✓") >= 2
    assert "alert" not in text(explorer)


def test_a_bad_text_is_one_sentence_and_the_explorer_goes_on(explorer):
    before = pictures(explorer)
    control(explorer, "text (1 to 8)").value = ""
    assert "text is &#x27;&#x27;; it is a string of 1 to 8 letters" in text(explorer)
    assert pictures(explorer) == before
    control(explorer, "text (1 to 8)").value = "\u2603"
    assert "the font cannot draw" in text(explorer)
    control(explorer, "text (1 to 8)").value = "NEXT4"
    assert "alert" not in text(explorer)
    assert pictures(explorer)[0] == shown(drawn("NEXT4", "iso-tone-angle", 3))


def test_a_missing_solver_is_named_and_the_others_answer(monkeypatch):
    monkeypatch.setattr(solvers.shutil, "which", lambda name: None)
    explorer = widgets.CaptchaExplorer(scheme="plain")
    assert "Not installed here: tesseract" in text(explorer)
    assert "rapidocr reads" in text(explorer)

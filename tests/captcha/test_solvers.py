"""Real solvers read real pictures; what is missing is said in one sentence."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from halftone_utils.captcha import challenge, solvers

TEXTS = challenge.random_texts(4, seed=1)


@pytest.fixture(scope="module")
def plain():
    return solvers.as_tensor(challenge.make_captchas("plain", range(1, 5)))


@pytest.mark.parametrize("solver", solvers.SOLVERS)
def test_a_solver_reads_plain_letters_and_nothing_in_an_iso_tone_halftone(solver, plain):
    if solver not in solvers.installed():
        pytest.skip(f"{solver} is not installed here.")
    answers = solvers.solve(plain, solver)
    right = sum(answer == text for answer, text in zip(answers, TEXTS, strict=True))
    assert right >= 3
    hidden = solvers.as_tensor(challenge.make_captchas("iso-tone-angle", range(1, 5)))
    assert not set(solvers.solve(hidden, solver)) & set(TEXTS)
    # the answer to one does not depend on which others are asked with it
    assert solvers.solve(plain[2:3], solver) == answers[2:3]
    assert solvers.version(solver)


def test_the_networks_come_with_the_project():
    assert {"ddddocr", "rapidocr"} <= set(solvers.installed())


def test_tensors_become_pictures_and_back():
    images = torch.arange(256).view(1, 1, 16, 16) / 255
    assert torch.equal(solvers.as_tensor(solvers.as_pictures(images)), images)


def test_pictures_of_any_mode_are_laid_on_white_paper():
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    deep = Image.fromarray(np.full((1, 2), 65535, np.uint16))
    assert torch.equal(solvers.as_tensor([clear, deep]), torch.ones(2, 1, 1, 2))


@pytest.mark.parametrize("size", [(2, 3_000), (3_000, 2), (1_001, 1_000), (0, 5)])
def test_a_picture_that_would_take_a_solver_long_is_refused_before_any_work(size):
    with pytest.raises(ValueError, match=f"have {size[1]} by {size[0]} pixels; solvers read up to"):
        solvers.solve(torch.ones(1, 1, *size), "ddddocr")


def test_a_picture_that_cannot_be_read_is_named_and_the_rest_is_read(plain, monkeypatch):
    read = solvers.SOLVERS["ddddocr"].reader()

    def refuses_blank_paper(pictures):
        if any(picture.getextrema() == (255, 255) for picture in pictures):
            raise RuntimeError("there is nothing on it")
        return read(pictures)

    picky = replace(solvers.SOLVERS["ddddocr"], reader=lambda: refuses_blank_paper)
    expected = solvers.solve(plain, "ddddocr")
    monkeypatch.setitem(solvers.SOLVERS, "ddddocr", picky)
    damaged = plain.clone()
    damaged[1], damaged[2, 0, 5, 5] = 1, torch.nan
    with pytest.warns(UserWarning) as warned:
        answers = solvers.solve(damaged, "ddddocr")
    assert answers == [expected[0], "", "", expected[3]]
    assert [str(warning.message) for warning in warned] == [
        "ddddocr cannot read picture 1: there is nothing on it",
        "ddddocr cannot read picture 2: its values are not finite",
    ]


def test_answers_are_in_the_alphabet():
    assert solvers.in_alphabet(" a8 b-0s\n") == "A885"


def test_an_unknown_solver_is_told_which_there_are(plain):
    with pytest.raises(ValueError, match="'abbyy'; it is one of ddddocr, rapidocr, tesseract"):
        solvers.solve(plain, "abbyy")


def test_a_solver_that_is_not_installed_says_how_to_install_it(monkeypatch, plain):
    monkeypatch.setattr(solvers.shutil, "which", lambda name: None)
    with pytest.raises(solvers.SolverMissingError, match=r"tesseract is not .*apt install"):
        solvers.solve(plain, "tesseract")
    assert "tesseract" not in solvers.installed()
    monkeypatch.setitem(__import__("sys").modules, "ddddocr", None)
    solvers.SOLVERS["ddddocr"].reader.cache_clear()
    with pytest.raises(solvers.SolverMissingError, match=r"ddddocr is not .*pip install"):
        solvers.solve(plain, "ddddocr")

"""Real solvers read real pictures; what is missing or cannot be read is said in one sentence."""

import io

import pytest
import torch
from PIL import Image

from halftone_utils.captcha import challenge, solvers
from halftone_utils.engine.files import DataError

TEXTS = challenge.random_texts(4, seed=1)


@pytest.fixture(scope="module")
def plain():
    return challenge.make_captchas(TEXTS, "plain", range(4))


@pytest.mark.parametrize("solver", solvers.SOLVERS)
def test_a_solver_reads_plain_letters_and_nothing_in_an_iso_tone_halftone(solver, plain):
    if solver not in solvers.installed():
        pytest.skip(f"{solver} is not installed here.")
    answers = solvers.solve(plain, solver)
    right = sum(answer == text for answer, text in zip(answers, TEXTS, strict=True))
    assert right >= 3
    hidden = challenge.make_captchas(TEXTS, "iso-tone-angle", range(4))
    assert not set(solvers.solve(hidden, solver)) & set(TEXTS)
    # the answer to one does not depend on which others are asked with it
    assert solvers.solve(plain[2:3], solver) == answers[2:3]
    assert solvers.solve([], solver) == []
    assert solvers.version(solver)


def test_the_networks_come_with_the_project():
    assert {"ddddocr", "rapidocr"} <= set(solvers.installed())


def test_files_bytes_pictures_and_tensors_are_the_same_to_a_solver(tmp_path, plain):
    path, stream = tmp_path / "captcha.png", io.BytesIO()
    plain[0].save(path)
    plain[0].convert("RGB").save(stream, "PNG")
    see_through = Image.new("RGBA", plain[0].size, (0, 0, 0, 0))
    see_through.putalpha(plain[0].point(lambda tone: 255 - tone))  # black letters on nothing
    same = [plain[0], path, str(path), stream.getvalue(), see_through]
    assert solvers.solve(same, "ddddocr") == [TEXTS[0]] * 5
    assert solvers.solve(solvers.as_tensor(same), "ddddocr") == [TEXTS[0]] * 5


def test_tensors_become_pictures_and_back():
    images = torch.arange(256).view(1, 1, 16, 16) / 255
    assert torch.equal(solvers.as_tensor(solvers.as_pictures(images)), images)


def test_answers_are_in_the_alphabet():
    assert solvers.in_alphabet(" a8 b-0s\n") == "A885"


def test_what_is_no_picture_is_named(tmp_path, plain, unchecked):
    half = tmp_path / "half.png"
    plain[0].save(half)
    half.write_bytes(half.read_bytes()[:200])
    for bad, name in (
        (half, "half.png"),
        (tmp_path / "none.png", "none.png"),
        (b"x", "1 bytes"),
        (0.5, "0.5"),
    ):
        with pytest.raises(DataError, match=f"{name} cannot be read as a picture"):
            solvers.solve([bad], "ddddocr")


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

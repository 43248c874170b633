"""A transcription is of pictures that anyone can draw again, and its score follows from it."""

import numpy as np
import pytest

from halftone_utils.captcha import challenge, transcription
from halftone_utils.engine.files import DataError


def test_no_two_schemes_show_one_text():
    shown = [transcription.truths(scheme) for scheme in challenge.SCHEMES]
    assert len({text for texts in shown for text in texts}) == transcription.N * len(shown)


def test_sheets_show_the_captchas_row_by_row():
    found = transcription.sheets("plain")
    assert len(found) == 5
    seeds, texts = transcription.seeds("plain"), transcription.truths("plain")
    third = np.asarray(challenge.make_captcha(texts[12], "plain", seeds[12]))
    height, width = third.shape
    row = height + transcription.GAP
    assert np.array_equal(np.asarray(found[1])[row : row + height, :width], third)


def test_the_score_follows_from_the_lines(tmp_path):
    texts = transcription.truths("lines")
    path = tmp_path / "lines.txt"
    path.write_text("\n".join([texts[0].lower(), "-", *texts[2:]]))
    assert transcription.load(tmp_path) == {
        "lines": {"n": 50, "n_correct": 49, "character_accuracy": 0.98}
    }


def test_a_file_that_was_cut_short_is_named(tmp_path):
    (tmp_path / "lines.txt").write_text("AAAAA\n" * 49)
    with pytest.raises(DataError, match=r"lines.txt has 49 lines; it has one for each of 50"):
        transcription.load(tmp_path)


def test_every_committed_transcription_has_its_lines():
    assert set(transcription.load()) == set(challenge.SCHEMES)

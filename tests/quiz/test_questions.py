"""What people are asked is drawn from a seed, balanced, and what networks and solvers read too."""

from collections import Counter

import pytest

from halftone_utils.captcha import splits
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.digits import datasets, sets
from halftone_utils.quiz import page, questions
from halftone_utils.results import people


@pytest.mark.parametrize("seed", [0, 1])
def test_every_condition_is_asked_alike_near_and_from_afar_and_every_class(seed):
    asked = questions.in_file(seed)
    digits = [q for q in asked if q.quiz == people.DIGITS]
    kinds = Counter((q.condition, q.afar) for q in digits)
    assert {*kinds} == {(name, afar) for name in people.CONDITIONS for afar in (True, False)}
    assert len({*kinds.values()}) == 1
    assert Counter(q.truth for q in digits) == dict.fromkeys(map(str, range(10)), len(digits) / 10)
    assert sorted(q.condition for q in asked if q.quiz == people.CAPTCHAS) == sorted(SCHEMES)


def test_no_picture_is_asked_twice_and_another_seed_asks_others_in_another_order():
    for whole in (questions.digits, questions.captchas):
        first, second = whole(0), whole(1)
        assert len({q.shown for q in first}) == len(first)
        assert [q.shown for q in first] != [q.shown for q in second]
        assert [q.condition for q in first] != [q.condition for q in second]
    assert questions.fingerprint(0) != questions.fingerprint(1)


def test_a_digit_is_the_one_that_networks_read_there():
    found = next(q for q in questions.digits() if q.condition == "original")
    pictures, labels = datasets.load("test", 32, found.shown + 1)
    assert (found.picture == datasets.as_float(pictures[-1])).all()
    assert found.truth == str(int(labels[-1]))
    control = next(q for q in questions.digits() if q.condition == "strong-random-phases")
    read = sets.load(control.condition, "test", 32, control.shown + 1)[0][-1]
    assert (control.picture == datasets.as_float(read)).all()


def test_a_captcha_is_one_that_solvers_read():
    found = next(q for q in questions.captchas() if q.condition == "lines")
    pictures, texts = splits.load("lines", "test", 500)
    assert (found.picture == datasets.as_float(pictures[found.shown])).all()
    assert found.truth == texts[found.shown]


@pytest.mark.parametrize("text", [" 7", "７", "7\n"])
def test_an_answer_is_kept_as_the_truth_is_written(text):
    (seven,) = [q for q in questions.digits()[:10] if q.truth == "7"]
    assert seven.checked(text) == "7"
    assert seven.checked(" ") == ""
    captcha = questions.captchas()[0]
    assert captcha.checked(captcha.truth.lower()) == captcha.truth


@pytest.mark.parametrize("text", ["12", "x", "-", "½", "٧", "\ud800"])
def test_what_is_no_answer_is_said(text):
    with pytest.raises(ValueError, match="is not 1 digit"):
        questions.digits()[0].checked(text)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "1", True])
def test_what_is_no_seed_is_said(seed, unchecked):
    with pytest.raises(ValueError, match="seed is"):
        questions.in_file(seed)


def test_the_page_holds_pictures_and_nothing_that_tells_what_they_show(monkeypatch):
    monkeypatch.setattr(page, "_data_uri", lambda question: "data:,")
    html = page.html(1)
    assert questions.fingerprint(1) in html
    assert not any(name in html for name in (*people.CONDITIONS[1:], *SCHEMES) if "-" in name)
    assert not any(q.truth in html for q in questions.in_file(1) if len(q.truth) > 1)
    assert "http:" not in html
    assert "https:" not in html


@pytest.mark.parametrize("name", ["quiz", "quiz.json", "a.html"])
def test_where_no_page_can_be_written_is_said(tmp_path, name):
    (tmp_path / "a.html").mkdir()
    with pytest.raises(ValueError, match=r"it is a file whose name ends in \.html"):
        page.write(out=tmp_path / name)

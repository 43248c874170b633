"""The pad, the results explorer and the quiz: what is drawn, chosen and typed is what counts."""

import re
import time

import ipycanvas
import numpy as np
import pytest
import torch
from finding import control, everything, pictures, text

from halftone_utils import widgets
from halftone_utils.captcha import challenge
from halftone_utils.digits import datasets, sets
from halftone_utils.networks import training
from halftone_utils.results import people, store
from halftone_utils.studies import experiments
from halftone_utils.widgets import answers, pad
from halftone_utils.widgets.parts import png
from halftone_utils.widgets.quiz import CaptchaQuiz, DigitQuiz

ONE, OTHER = "lenet-32-original-s0", "resnet18-32-original-s0"


# --- the drawing pad ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def networks():
    return experiments.all_published()


@pytest.fixture
def drawing(networks):
    return widgets.DrawingPad(networks)


def mouse(instrument, event, x, y):
    """What the browser sends."""
    (canvas,) = (w for w in everything(instrument) if isinstance(w, ipycanvas.Canvas))
    canvas._handle_frontend_event(None, {"event": event, "x": x, "y": y}, [])


def draw_seven(instrument):
    mouse(instrument, "mouse_down", 60, 60)
    for x, y in ((160, 60), (130, 120), (100, 190)):
        mouse(instrument, "mouse_move", x, y)
    mouse(instrument, "mouse_up", 100, 190)


def test_a_drawing_is_read_by_every_network_before_and_after_halftoning(drawing, networks):
    assert {"lenet", "resnet18"} <= {experiment.architecture for experiment, _ in networks}
    draw_seven(drawing)
    for experiment, _ in networks:
        row = re.search(rf"<td[^>]*>{pad.title_of(experiment)}</td>(.*?)</tr>", text(drawing))[1]
        read = re.findall(r"<b>(\d)</b> (\d+) %", row)
        assert len(read) == len(pad.VIEWS)
        assert read[0][0] == "7"
    assert len(set(pictures(drawing))) == len(pad.VIEWS)
    assert "alert" not in text(drawing)


def test_a_digit_put_on_the_pad_is_read_as_the_test_sets_have_it(drawing, networks):
    control(drawing, "or digit number").value = 7
    control(drawing, "Put it").click()
    shown = torch.cat([sets.pick(name, "validation", 32, [7]) for name in pad.VIEWS])
    assert pictures(drawing) == [png(view, 128) for view in datasets.as_float(shown)]
    for experiment, model in networks:
        shares = training.probabilities(model, shown)
        expected = [(str(int(p.argmax())), f"{100 * p.max():.0f}") for p in shares]
        row = re.search(rf"<td[^>]*>{pad.title_of(experiment)}</td>(.*?)</tr>", text(drawing))[1]
        assert re.findall(r"<b>(\d)</b> (\d+) %", row) == expected


def test_an_empty_pad_is_one_sentence_and_drawing_goes_on(drawing):
    control(drawing, "Read").click()
    assert "Nothing is drawn yet" in text(drawing)
    draw_seven(drawing)
    assert "Nothing is drawn" not in text(drawing)
    control(drawing, "Clear").click()
    assert "<b>7</b>" not in text(drawing)
    control(drawing, "Read").click()
    assert "Nothing is drawn yet" in text(drawing)


def test_a_pen_that_is_up_draws_nothing(drawing):
    mouse(drawing, "mouse_move", 50, 50)
    mouse(drawing, "mouse_out", 60, 60)
    control(drawing, "Read").click()
    assert "Nothing is drawn yet" in text(drawing)


# --- the results explorer ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def results():
    return store.load("experiment")


def test_the_explorer_shows_the_digits_that_only_one_network_reads(results):
    explorer = widgets.ResultsExplorer(results)
    read = [store.predictions(stem)["halftone-talk"] for stem in (ONE, OTHER)]
    labels = datasets.load("test", 28)[1].numpy()
    only = {
        "A reads it, B does not": (read[0] == labels) & (read[1] != labels),
        "B reads it, A does not": (read[0] != labels) & (read[1] == labels),
        "neither reads it": (read[0] != labels) & (read[1] != labels),
        "both read it": (read[0] == labels) & (read[1] == labels),
    }
    assert sum(only.values()).tolist() == [1] * len(labels)
    for which, found in only.items():
        control(explorer, "digits that").value = which
        assert f"{found.sum():,} of 10,000 test digits" in text(explorer)
        first = np.flatnonzero(found)[: answers.SHOWN]
        captions = re.findall(r"<figcaption>a (\d); A: (\d), B: (\d)", text(explorer))
        assert control(explorer, "page").value == 1
        assert captions == [(str(labels[i]), str(read[0][i]), str(read[1][i])) for i in first]


def test_pages_turn_and_two_sets_of_one_network_can_be_compared(results):
    explorer = widgets.ResultsExplorer(results)
    first = text(explorer)
    control(explorer, "page").value = 2
    assert text(explorer) != first
    control(explorer, "network B").value = ONE
    assert control(explorer, "page").value == 1
    control(explorer, "A is shown").value = "original"
    fooled = store.predictions(ONE)
    labels = datasets.load("test", 28)[1].numpy()
    lost = (fooled["original"] == labels) & (fooled["halftone-talk"] != labels)
    assert f"{lost.sum():,} of 10,000" in text(explorer)
    assert "alert" not in text(explorer)


def test_only_what_a_network_was_shown_can_be_chosen(results):
    explorer = widgets.ResultsExplorer(results)
    small = [result for result in results if result.config["size"] == 32]
    by_sets = {tuple(row["shown"] for row in result.rows): result for result in small}
    assert len(by_sets) > 1
    for result in by_sets.values():
        control(explorer, "network A").value = result.stem
        assert set(control(explorer, "A is shown").options) == {row["shown"] for row in result.rows}
        assert "alert" not in text(explorer)


# --- the quiz ----------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "readings.jsonl"


def begin(path, participant="ab"):
    quiz = widgets.DigitQuiz(path)
    control(quiz, "your initials").value = participant
    control(quiz, "Start").click()
    return quiz


def width(i):
    """Of a digit on the page, in pixels: from afar it is as small as from four times as far."""
    return 32 if DigitQuiz.question(i).afar else 128


def answer(quiz, read):
    control(quiz, "digit you read").value = read


def test_answers_and_times_are_kept_and_the_next_picture_comes(path):
    quiz = begin(path)
    (first,) = pictures(quiz)
    assert first == png(DigitQuiz.question(0).picture, width(0))
    time.sleep(0.05)
    answer(quiz, "3")
    assert pictures(quiz) == [png(DigitQuiz.question(1).picture, width(1))]
    control(quiz, "I cannot read it").click()
    kept = people.load(path)
    assert [(r.item, r.answer, r.participant) for r in kept] == [(0, "3", "ab"), (1, "", "ab")]
    asked = [DigitQuiz.question(i) for i in (0, 1)]
    assert [(r.truth, r.afar, r.shown) for r in kept] == [(q.truth, q.afar, q.shown) for q in asked]
    assert kept[0].seconds >= 0.05
    assert "2 of 100 answered by ab" in text(quiz)


def test_it_is_paused_and_resumed_where_each_participant_stopped(path):
    quiz = begin(path)
    for read in "12":
        answer(quiz, read)
    control(quiz, "Pause").click()
    assert control(quiz, "digit you read").disabled
    assert "n 1, 1 person" in text(quiz)
    assert pictures(begin(path)) == [png(DigitQuiz.question(2).picture, width(2))]
    assert pictures(begin(path, "cd")) == [png(DigitQuiz.question(0).picture, width(0))]


@pytest.mark.parametrize("read", ["12", "x", "-"])
def test_what_is_no_digit_is_said_and_not_kept(path, read):
    quiz = begin(path)
    answer(quiz, read)
    assert "is not 1 digit: type what you read" in text(quiz)
    answer(quiz, "4")
    assert "alert" not in text(quiz)
    assert [r.answer for r in people.load(path)] == ["4"]


def test_without_initials_nothing_is_shown(path):
    quiz = begin(path, " ")
    assert "Type your initials first" in text(quiz)
    assert pictures(quiz) == [b""]


def test_the_last_answer_ends_it(path, monkeypatch):
    monkeypatch.setattr(DigitQuiz, "total", 2)
    quiz = begin(path)
    for read in "12":
        answer(quiz, read)
    assert "2 of 2 answered" in text(quiz)
    assert control(quiz, "digit you read").disabled
    assert len(people.load(path)) == 2


def test_captchas_are_asked_in_every_scheme_and_kept_by_its_name(path):
    quiz = widgets.CaptchaQuiz(path)
    control(quiz, "your initials").value = "ab"
    control(quiz, "Start").click()
    first = CaptchaQuiz.question(0)
    assert pictures(quiz) == [png(first.picture, first.picture.shape[2])]
    control(quiz, "letters you read").value = "AB"
    assert "is not 5 characters" in text(quiz)
    control(quiz, "letters you read").value = first.truth.lower()
    (kept,) = people.load(path)
    assert kept.right
    assert kept.condition == first.condition
    conditions = {CaptchaQuiz.question(i).condition for i in range(len(challenge.SCHEMES))}
    assert conditions == set(challenge.SCHEMES)

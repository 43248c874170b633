"""The quizzes: a person reads pictures one by one; the answers stay in a local file."""

import html
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from ipywidgets import HTML, HBox, Image, Layout, Text, VBox
from matplotlib.figure import Figure
from torch import Tensor

from halftone_utils import figures
from halftone_utils.captcha import challenge
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.digits import datasets, sets
from halftone_utils.results import people
from halftone_utils.widgets import parts


@dataclass(frozen=True)
class Question:
    """A picture (1 or 3, H, W) in [0, 1], how it was drawn, and what it shows."""

    picture: Tensor
    condition: str
    truth: str


class Quiz(parts.Instrument):
    """Show one picture after the other, take what is read, keep answer and time in `path`.

    It can be paused at any question and goes on there, for each participant, in this kernel or
    another.  A subclass says what is asked.
    """

    name: str  # of the quiz in the file
    what: str  # a participant is asked to read
    total: int  # number of questions
    size: tuple[int, int]  # width and height of a picture on the page, in pixels
    question: Callable[[int], Question]  # the i-th, always the same one

    def __init__(self, path: Path = people.FILE) -> None:
        """Wait for initials and Start."""
        super().__init__()
        self.path = path
        self.at_hand: Question | None = None
        self.participant = parts.labelled(Text, "your initials")
        self.start = parts.button("Start", "show the next picture", button_style="primary")
        self.pause = parts.button("Pause", "hide the picture; go on later", disabled=True)
        hint = {"placeholder": "type it, then Enter", "disabled": True}
        self.answer = parts.labelled(Text, f"{self.what} you read", **hint, **parts.ON_RELEASE)
        self.skip = parts.button("I cannot read it", disabled=True)
        height = f"{self.size[1]}px"
        place = Layout(visibility="hidden", margin="0 0 0 32px", min_height=height, height=height)
        self.picture, self.numbers = Image(format="png", layout=place), HTML()
        self.watch(self._start, self.start)
        self.watch(self._pause, self.pause)
        self.watch(self._take_answer, self.answer)
        self.watch(lambda: self._keep(""), self.skip)
        buttons = HBox([self.start, self.pause])
        below = [self.answer, self.skip, self.numbers, self.message]
        self.children = [HBox([VBox([self.participant, buttons, *below]), self.picture])]

    @property
    def _initials(self) -> str:
        return self.participant.value.strip()

    def _start(self) -> None:
        if not self._initials:
            raise ValueError("Type your initials first: your answers are kept under them, here.")
        self._show_next()

    def _show_next(self) -> None:
        """Show the first question that the participant has not answered, or the standings."""
        done = people.answered(people.load(self.path), self.name, self._initials)
        self.numbers.value = (
            f"{len(done)} of {self.total} answered by {html.escape(self._initials)}"
        )
        left = [i for i in range(self.total) if i not in done]
        if not left:
            self._pause()
            return
        self.item, self.at_hand = left[0], self.question(left[0])
        self.picture.value, self.answer.value = parts.png(self.at_hand.picture, self.size[0]), ""
        self._ask(True)
        self.since = time.monotonic()

    def _pause(self) -> None:
        """Hide the picture, and show the standings."""
        self.at_hand = None
        self._ask(False)
        self.numbers.value += "<br>" + standings(people.load(self.path), self.name)

    def _ask(self, asks: bool) -> None:
        """Enable what belongs to a question that is asked, or to the time between questions."""
        self.picture.layout.visibility = "visible" if asks else "hidden"
        self.start.disabled = self.participant.disabled = asks
        self.pause.disabled = self.answer.disabled = self.skip.disabled = not asks

    def _take_answer(self) -> None:
        """Keep what was typed; raises ValueError for what cannot be an answer."""
        text = self.answer.value.strip()
        if not text or self.at_hand is None:
            return
        truth = self.at_hand.truth
        if len(text) != len(truth) or (truth.isdigit() and not text.isdigit()):
            kind = "digit" if truth.isdigit() else "character"
            plural = "s" if len(truth) > 1 else ""
            raise ValueError(f"“{text}” is not {len(truth)} {kind}{plural}: type what you read.")
        self._keep(text)

    def _keep(self, answer: str) -> None:
        """Write an answer to the file, "" for none, and show the next question."""
        if self.at_hand is None:
            return
        reading = people.Reading(
            quiz=self.name,
            participant=self._initials,
            condition=self.at_hand.condition,
            item=self.item,
            truth=self.at_hand.truth,
            answer=answer,
            seconds=round(time.monotonic() - self.since, 3),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        people.append(reading, self.path)
        self._show_next()


def standings(readings: Sequence[people.Reading], quiz: str) -> str:
    """A line a condition: what all participants read of it, in HTML."""
    lines = []
    for condition in sorted({r.condition for r in readings if r.quiz == quiz}):
        known = sets.TEST_SETS.get(condition)
        title = html.escape(known.description if known else condition)
        lines.append(f"{title}: {people.sentence(people.summarise(readings, quiz, condition))}")
    return "<br>".join(lines)


class DigitQuiz(Quiz):
    """Test digits at 32 pixels, as they are, halftoned and in random dots: what do people read?"""

    name, what, total = people.DIGITS, "digit", 100
    size = 128, 128  # larger, and the dots of a digit hide it from near by

    @staticmethod
    def question(i: int) -> Question:
        """The i-th question: a test digit that no other question shows."""
        order = np.random.RandomState(5).permutation(datasets.count("test"))  # a frozen stream
        which, condition = int(order[i]), people.CONDITIONS[i % len(people.CONDITIONS)]
        picture = datasets.as_float(sets.pick(condition, "test", 32, [which]))[0]
        return Question(picture, condition, str(int(datasets.load("test", 28)[1][which])))

    def twin(self) -> Figure:
        """The first question of each condition."""
        pictures = [self.question(i).picture for i in range(len(people.CONDITIONS))]
        titles = ["an original", "halftone at talk", "halftone at strong", "random dots"]
        return figures.exact_grid(torch.stack(pictures), 4, titles, 5)


class CaptchaQuiz(Quiz):
    """CAPTCHAs of every scheme: which of them do people read, and how fast?"""

    name, what, total = people.CAPTCHAS, "letters", 5 * len(SCHEMES)
    size = 544, 176  # of a CAPTCHA of five letters: a dot a pixel

    @staticmethod
    def question(i: int) -> Question:
        """The i-th question: the schemes in turn, each time another text."""
        scheme = list(SCHEMES)[i % len(SCHEMES)]
        text = challenge.random_texts(CaptchaQuiz.total, seed=7)[i]
        image = np.asarray(challenge.make_captcha(text, scheme, seed=i))
        return Question(torch.from_numpy(image.copy())[None] / 255, scheme, text)

    def twin(self) -> Figure:
        """The first question."""
        picture = self.question(0).picture
        return figures.exact_grid(picture[None], 1, [f"question 1 of {self.total}"], 1)

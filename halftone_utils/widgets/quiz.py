"""The quiz as widgets: a person reads pictures one by one; the answers stay in a local file."""

import html
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from ipywidgets import HTML, HBox, Image, Layout, Text, VBox
from matplotlib.figure import Figure

from halftone_utils import figures
from halftone_utils.digits import sets
from halftone_utils.quiz import questions
from halftone_utils.quiz.questions import Question
from halftone_utils.results import people
from halftone_utils.widgets import parts


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
        place = Layout(visibility="hidden", margin="0 0 0 32px", height=f"{self.size[1]}px")
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
        width, height = (side // (questions.NEAR * self.at_hand.afar or 1) for side in self.size)
        self.picture.value, self.answer.value = parts.png(self.at_hand.picture, width), ""
        self.picture.layout.height = f"{height}px"
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
        if text and self.at_hand is not None:
            self._keep(self.at_hand.checked(text))

    def _keep(self, answer: str) -> None:
        """Write an answer to the file, "" for none, and show the next question."""
        if self.at_hand is None:
            return
        reading = self.at_hand.reading(
            participant=self._initials,
            item=self.item,
            answer=answer,
            seconds=round(time.monotonic() - self.since, 3),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        people.append([reading], self.path)
        self._show_next()


def standings(readings: Sequence[people.Reading], quiz: str) -> str:
    """A line a condition: what all participants read of it, in HTML."""
    lines = []
    for condition, afar in sorted({(r.condition, r.afar) for r in readings if r.quiz == quiz}):
        known = sets.TEST_SETS.get(condition)
        title = html.escape(known.description if known else condition) + ", from afar" * afar
        read = people.summarise(readings, quiz, condition, afar)
        lines.append(f"{title}: {people.sentence(read)}")
    return "<br>".join(lines)


class DigitQuiz(Quiz):
    """Test digits at 32 pixels, as they are and redrawn, near and from afar."""

    name, what, total = people.DIGITS, "digit", questions.TOTAL[people.DIGITS]
    size = questions.NEAR * questions.SIDE, questions.NEAR * questions.SIDE

    @staticmethod
    def question(i: int) -> Question:
        """The i-th question: a test digit that no other question shows."""
        return questions.digits()[i]

    def twin(self) -> Figure:
        """The first question of each condition, near."""
        near = [q for q in questions.digits() if not q.afar]
        first = [next(q for q in near if q.condition == name) for name in people.CONDITIONS]
        titles = ["original", "halftone at talk", "at strong", "random dots", "random phases"]
        return figures.exact_grid(torch.stack([q.picture for q in first]), 5, titles, 5)


class CaptchaQuiz(Quiz):
    """CAPTCHAs of every scheme: which of them do people read, and how fast?"""

    name, what, total = people.CAPTCHAS, "letters", questions.TOTAL[people.CAPTCHAS]
    size = 544, 176  # of a CAPTCHA of five letters: a dot a pixel

    @staticmethod
    def question(i: int) -> Question:
        """The i-th question: a round of all schemes after the other, each time another text."""
        return questions.captchas()[i]

    def twin(self) -> Figure:
        """The first question."""
        picture = self.question(0).picture
        return figures.exact_grid(picture[None], 1, [f"question 1 of {self.total}"], 1)

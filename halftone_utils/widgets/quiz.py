"""The quiz: a person reads pictures one by one; the answers stay in a local file."""

import html
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from ipywidgets import HTML, Button, HBox, Text, VBox
from ipywidgets import Image as Picture
from matplotlib.figure import Figure

from halftone_utils import figures
from halftone_utils.digits import sets
from halftone_utils.results import people
from halftone_utils.widgets.parts import ROW, WIDE, Instrument, guarded, message, png

SHOWN = 128  # pixels of a digit on the page: larger, and its dots hide it from near by


def quiz(
    name: str,
    ask: Callable[[int], people.Question],
    total: int,
    twin: Figure,
    *,
    what: str = "digit",
    shown: tuple[int, int] = (SHOWN, SHOWN),
    path: Path = people.FILE,
) -> Instrument:
    """Show one picture after the other, take what is read, keep answer and time in `path`.

    name: of the quiz in the file.  ask: the i-th of `total` questions, always the same one.
    what: a person is asked to read.  shown: width and height of a picture on the page.
    It can be paused at any question and goes on there, for each reader, in this kernel or
    another.
    """
    reader = Text("", description="your initials", style=WIDE, layout=ROW)
    start = Button(description="Start", button_style="primary", tooltip="show the next picture")
    pause = Button(description="Pause", disabled=True, tooltip="hide the picture; go on later")
    answer = Text(
        "",
        description=f"{what} you read",
        disabled=True,
        style=WIDE,
        layout=ROW,
        placeholder="type it, then Enter",
        continuous_update=False,
    )
    skip = Button(description="I cannot read it", disabled=True)
    place, line, numbers = Picture(format="png", layout={"visibility": "hidden"}), message(), HTML()
    place.layout.margin = "0 0 0 32px"
    place.layout.min_height = place.layout.height = f"{shown[1]}px"
    at_hand: dict[str, object] = {}  # the question, its number, when it was shown

    def show_next() -> None:
        readings = people.load(path)
        done = people.answered(readings, name, reader.value.strip())
        left = [i for i in range(total) if i not in done]
        so_far = f"{len(done)} of {total} answered by {html.escape(reader.value.strip())}"
        if not left:
            rest()
            numbers.value = so_far + "<br>" + standings(readings, name)
            return
        question = ask(left[0])
        place.value, place.layout.visibility = png(question.picture, shown[0]), "visible"
        answer.value = ""
        start.disabled, reader.disabled = True, True
        pause.disabled = answer.disabled = skip.disabled = False
        numbers.value = so_far
        at_hand.update(question=question, item=left[0], since=time.monotonic())

    def rest() -> None:
        """Hide the picture and wait."""
        at_hand.clear()
        place.layout.visibility = "hidden"
        start.disabled = reader.disabled = False
        pause.disabled = answer.disabled = skip.disabled = True

    def keep(text: str) -> None:
        question = at_hand["question"]
        people.append(
            people.Reading(
                quiz=name,
                reader=reader.value.strip(),
                condition=question.condition,
                item=at_hand["item"],
                truth=question.truth,
                answer=text,
                seconds=round(time.monotonic() - at_hand["since"], 3),
                at=datetime.now(UTC).isoformat(timespec="seconds"),
            ),
            path,
        )
        show_next()

    @guarded(line)
    def press_start(_: Button) -> None:
        if not reader.value.strip():
            raise ValueError("Type your initials first: your answers are kept under them, here.")
        show_next()

    @guarded(line)
    def press_pause(_: Button) -> None:
        rest()
        numbers.value += "<br>" + standings(people.load(path), name)

    @guarded(line)
    def typed(change: dict) -> None:
        text = change["new"].strip()
        if not text or not at_hand:
            return
        truth = at_hand["question"].truth
        if len(text) != len(truth) or (truth.isdigit() and not text.isdigit()):
            kind = "digit" if truth.isdigit() else "character"
            plural = "s" if len(truth) > 1 else ""
            raise ValueError(f"“{text}” is not {len(truth)} {kind}{plural}: type what you read.")
        keep(text)

    start.on_click(press_start)
    pause.on_click(press_pause)
    skip.on_click(guarded(line)(lambda _: keep("")))
    answer.observe(typed, names="value")
    controls = VBox([reader, HBox([start, pause]), answer, skip, numbers, line])
    return Instrument([HBox([controls, place])], twin)


def standings(readings: Sequence[people.Reading], name: str) -> str:
    """A line a condition: what all people read of it, in HTML."""
    conditions = sorted({r.condition for r in readings if r.quiz == name})
    return "<br>".join(
        f"{html.escape(sets.DESCRIPTIONS.get(c, c))}: "
        f"{people.sentence(people.summarise(readings, name, c))}"
        for c in conditions
    )


def digit_quiz(path: Path = people.FILE) -> Instrument:
    """Test digits at 32 pixels, as they are, halftoned and in random dots: what do people read?"""
    examples = [people.digit_question(i) for i in range(len(people.CONDITIONS))]
    titles = ["an original", "halftone at talk", "halftone at strong", "random dots"]
    twin = figures.exact_grid(torch.stack([q.picture for q in examples]), 4, titles, 5)
    return quiz(people.DIGITS, people.digit_question, people.TOTAL, twin, path=path)


def captcha_quiz(path: Path = people.FILE) -> Instrument:
    """CAPTCHAs of every scheme: which of them do people read, and how fast?"""
    first = people.captcha_question(0).picture
    twin = figures.exact_grid(first[None], 1, [f"question 1 of {people.CAPTCHA_TOTAL}"], 1)
    height, width = first.shape[1:]
    return quiz(
        people.CAPTCHAS,
        people.captcha_question,
        people.CAPTCHA_TOTAL,
        twin,
        what="letters",
        shown=(width, height),
        path=path,
    )

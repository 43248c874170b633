"""The quiz as one HTML file that asks without kernel, server or network.

Its pictures are data URIs, its script stands in it, and a policy in its head forbids the browser
every request.  It holds no right answer and no name of a condition, only pictures in order: who
would cheat can undo a halftone with a filter, or draw the quiz of its seed with this package.
A CAPTCHA wider than a phone's screen is shrunk to it; a digit's pixel is always a whole number of
the screen's own.
"""

import base64
import io
import json
from pathlib import Path

from torchvision.transforms.functional import to_pil_image

from halftone_utils.digits.datasets import as_bytes
from halftone_utils.engine.files import write_atomically
from halftone_utils.quiz import questions
from halftone_utils.quiz.questions import Question

TEMPLATE = Path(__file__).with_name("page.html")
MARK = "{{quiz}}"  # where the template takes the quiz


def _data_uri(question: Question) -> str:
    stream = io.BytesIO()
    to_pil_image(as_bytes(question.picture)).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def html(seed: int = 0) -> str:
    """The page of a seed's quiz; raises ValueError for a seed that is none."""
    asked = [
        {"letters": len(q.truth), "afar": q.afar, "picture": _data_uri(q)}
        for q in questions.in_file(seed)
    ]
    sizes = {"side": questions.SIDE, "near": questions.NEAR}
    quiz = {"quiz": questions.fingerprint(seed), "seed": seed, **sizes, "questions": asked}
    return TEMPLATE.read_text().replace(MARK, json.dumps(quiz))


def write(*, out: Path = Path("quiz.html"), seed: int = 0) -> Path:
    """Write the quiz as one HTML file that works offline, for people to be asked with.

    out: the file.  seed: which digits and CAPTCHAs, in which order.
    """
    if out.suffix != ".html" or out.is_dir():
        raise ValueError(f"out is {str(out)!r}; it is a file whose name ends in .html.")
    write_atomically(out, html(seed).encode())
    return out

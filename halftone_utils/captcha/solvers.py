"""Solvers that others wrote, all offline, behind one function: pictures in, texts out."""

import contextlib
import io
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from halftone_utils.captcha.challenge import ALPHABET
from halftone_utils.engine import checks, pictures
from halftone_utils.engine.types import Images

Reader = Callable[[Sequence[Image.Image]], list[str]]

# What an attacker who knows the alphabet takes a letter for that is not in it.
LOOKALIKES = str.maketrans("BGSZ", "8652")

# A solver scales what it gets to a height of its own, so a narrow strip becomes a long one: one of
# 3,000 x 2 pixels took it most of a minute.
LARGEST, LONGEST = 1_000_000, 16  # pixels of a picture; how many times as long a side as the other


class SolverMissingError(ModuleNotFoundError):
    """A solver is not installed on this machine."""


@dataclass(frozen=True, kw_only=True)
class Solver:
    """One solver: the row that the ladder, the tables and the explorer read.

    description: what it is, as a table says it.  reader: loads it, and returns the function from
    pictures (mode L) to texts; raises ImportError where it is not installed.
    version: returns the installed version.  install: the command that installs it.
    """

    description: str
    reader: Callable[[], Reader]
    version: Callable[[], str]
    install: str


@cache
def _ddddocr() -> Reader:
    import ddddocr  # here, as it takes seconds

    with contextlib.redirect_stdout(io.StringIO()):  # it prints an advertisement
        model = ddddocr.DdddOcr(show_ad=False, beta=True)

    def read(picture: Image.Image) -> str:
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        return model.classification(stream.getvalue())

    return lambda pictures: [read(picture) for picture in pictures]


@cache
def _rapidocr() -> Reader:
    from rapidocr_onnxruntime import RapidOCR

    model = RapidOCR(intra_op_num_threads=os.cpu_count() or 1)
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)

    def read(picture: Image.Image) -> str:
        found, _ = model(np.asarray(picture.convert("RGB")), use_det=False, use_cls=False)
        return "".join(line for line, _ in found or [])

    return lambda pictures: [read(picture) for picture in pictures]


def _tesseract() -> Reader:
    import pytesseract

    if shutil.which("tesseract") is None:
        raise ImportError("there is no program of that name")
    config = f"--psm 8 -c tessedit_char_whitelist={ALPHABET}"

    def read(pictures: Sequence[Image.Image]) -> list[str]:
        """All in one process, since each start of it costs as much as four pictures."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [f"{folder}/{i}.png" for i in range(len(pictures))]
            for picture, path in zip(pictures, paths, strict=True):
                picture.save(path, dpi=(200, 200))  # without it Tesseract guesses
            listed = Path(folder) / "pictures.txt"
            listed.write_text("\n".join([*paths, ""]))
            try:
                found = pytesseract.image_to_string(str(listed), config=config)
            except pytesseract.TesseractError as error:
                if "eng" in pytesseract.get_languages():
                    raise
                raise ImportError(error) from None
        return (found.split("\f") + [""] * len(pictures))[: len(pictures)]

    return read


_PIP = "pip install ddddocr==1.6.1 rapidocr-onnxruntime==1.4.4"
SOLVERS = {
    "ddddocr": Solver(
        description="ddddocr 1.6.1, a network for CAPTCHAs, its newer model",
        reader=_ddddocr,
        version=partial(metadata.version, "ddddocr"),
        install=_PIP,
    ),
    "rapidocr": Solver(
        description="rapidocr-onnxruntime 1.4.4, PaddleOCR's recognition of a line of text",
        reader=_rapidocr,
        version=partial(metadata.version, "rapidocr-onnxruntime"),
        install=_PIP,
    ),
    "tesseract": Solver(
        description="Tesseract, one word, told the alphabet",
        reader=_tesseract,
        version=lambda: str(import_module("pytesseract").get_tesseract_version()),
        install="apt install tesseract-ocr (on Debian)",
    ),
}


def version(solver: str) -> str:
    """The version of a solver, after it has read a blank picture; raises as `solve` does."""
    solve(torch.ones(1, 1, 32, 64), solver)
    return SOLVERS[solver].version()


def installed() -> list[str]:
    """The solvers that work on this machine, in the order of SOLVERS."""
    found = []
    for solver in SOLVERS:
        with contextlib.suppress(SolverMissingError):
            version(solver)
            found.append(solver)
    return found


def as_pictures(images: Images) -> list[Image.Image]:
    """Float tensors (N, 1, H, W) in [0, 1] as PIL pictures of mode L."""
    return [Image.fromarray(x.numpy()) for x in (images[:, 0].clamp(0, 1) * 255).round().byte()]


def as_tensor(images: Sequence[Image.Image]) -> Images:
    """PIL pictures of one size as floats (N, 1, H, W) in [0, 1]; see `pictures.flattened`."""
    grey = [np.asarray(pictures.flattened(picture)) for picture in images]
    return torch.from_numpy(np.stack(grey))[:, None].float() / 255


def in_alphabet(answer: str) -> str:
    """An answer in the alphabet's letters: capitals, look-alikes replaced, the rest removed."""
    capitals = answer.upper().translate(LOOKALIKES)
    return "".join(letter for letter in capitals if letter in ALPHABET)


def _read_all(reader: Reader, images: Images, solver: str) -> list[str]:
    """What is read of each picture: of all at once, or one by one where that fails."""
    finite = [bool(image.isfinite().all()) for image in images]
    shown = as_pictures(images)
    at_once = all(finite)
    try:
        answers = reader(shown) if at_once else []
    except ImportError:
        raise
    except Exception:  # whatever a solver raises; of which picture, is found one by one
        at_once = False
    if at_once:
        return answers
    return [
        _read_alone(reader, picture, f"{solver} cannot read picture {i}", finite[i])
        for i, picture in enumerate(shown)
    ]


def _read_alone(reader: Reader, picture: Image.Image, said: str, finite: bool) -> str:
    """What is read of one picture; "" with a warning where nothing can be."""
    try:
        if not finite:
            raise ValueError("its values are not finite")
        (answer,) = reader([picture])
    except ImportError:
        raise
    except Exception as error:
        warnings.warn(f"{said}: {' '.join(str(error).split())}", stacklevel=5)
        return ""
    return answer


def solve(images: Images, solver: str) -> list[str]:
    """What a solver reads: a text of ALPHABET's letters for each image, "" for nothing.

    images: floats (N, 1, H, W) in [0, 1], of at most LARGEST pixels, neither side LONGEST times the
    other or more.  solver: one of SOLVERS.
    A picture that it cannot read is named in a warning, and the others are read.
    Raises ValueError for another name or size, SolverMissingError where it is not installed.
    """
    checks.one_of("solver", solver, SOLVERS)
    height, width = images.shape[2:]
    if not 0 < max(height, width) <= LONGEST * min(height, width) or height * width > LARGEST:
        raise ValueError(
            f"The pictures have {width} by {height} pixels; solvers read up to {LARGEST:,} pixels, "
            f"the longer side up to {LONGEST} times the other."
        )
    row = SOLVERS[solver]
    try:
        answers = _read_all(row.reader(), images, solver)
    except ImportError as error:
        reason = " ".join(str(error).split())
        raise SolverMissingError(
            f"The solver {solver} is not installed here ({reason}): {row.install}."
        ) from None
    return [in_alphabet(answer) for answer in answers]

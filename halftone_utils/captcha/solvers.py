"""Solvers that nobody here wrote, all offline, behind one function: pictures in, texts out."""

import contextlib
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from halftone_utils.captcha.challenge import ALPHABET
from halftone_utils.engine.files import DataError

Picture = Image.Image | str | Path | bytes

# What an attacker who knows the alphabet takes a letter for that is not in it.
LOOKALIKES = str.maketrans("BGSZ", "8652")


class SolverMissingError(RuntimeError):
    """A solver is not installed on this machine."""


def _missing(solver: str, reason: object) -> SolverMissingError:
    package = {"tesseract": "apt install tesseract-ocr (on Debian)"}.get(
        solver, "pip install ddddocr==1.6.1 rapidocr-onnxruntime==1.4.4"
    )
    reason = " ".join(str(reason).split())
    return SolverMissingError(f"The solver {solver} is not installed here ({reason}): {package}.")


@cache
def _ddddocr() -> Callable[[Image.Image], str]:
    try:
        import ddddocr  # here: seconds that only who attacks should wait for
    except ImportError as error:
        raise _missing("ddddocr", error) from None
    with contextlib.redirect_stdout(io.StringIO()):  # it greets
        model = ddddocr.DdddOcr(show_ad=False, beta=True)

    def read(picture: Image.Image) -> str:
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        return model.classification(stream.getvalue())

    return read


@cache
def _rapidocr() -> Callable[[Image.Image], str]:
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError as error:
        raise _missing("rapidocr", error) from None
    model = RapidOCR(intra_op_num_threads=os.cpu_count() or 1)
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)

    def read(picture: Image.Image) -> str:
        found, _ = model(np.asarray(picture.convert("RGB")), use_det=False, use_cls=False)
        return "".join(line for line, _ in found or [])

    return read


def _one_by_one(reader: Callable[[], Callable[[Image.Image], str]]) -> Callable:
    def read_all(pictures: Sequence[Image.Image]) -> list[str]:
        read = reader()
        return [read(picture) for picture in pictures]

    return read_all


def _tesseract(pictures: Sequence[Image.Image]) -> list[str]:
    """All in one process, since each start of it costs as much as four pictures."""
    import pytesseract

    if shutil.which("tesseract") is None:
        raise _missing("tesseract", "there is no program of that name")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.png" for i in range(len(pictures))]
        for picture, path in zip(pictures, paths, strict=True):
            picture.save(path, dpi=(200, 200))  # without it Tesseract guesses
        listed = Path(folder) / "pictures.txt"
        listed.write_text("".join(f"{path}\n" for path in paths))
        try:
            found = pytesseract.image_to_string(
                str(listed), config=f"--psm 8 -c tessedit_char_whitelist={ALPHABET}"
            )
        except pytesseract.TesseractError as error:
            raise _missing("tesseract", error) from None
    return (found.split("\f") + [""] * len(pictures))[: len(pictures)]


_READERS: dict[str, Callable[[Sequence[Image.Image]], list[str]]] = {
    "ddddocr": _one_by_one(_ddddocr),
    "rapidocr": _one_by_one(_rapidocr),
    "tesseract": _tesseract,
}
SOLVERS: Mapping[str, str] = MappingProxyType(
    {
        "ddddocr": "ddddocr 1.6.1, a network for CAPTCHAs, its newer model",
        "rapidocr": "rapidocr-onnxruntime 1.4.4, PaddleOCR's recognition of a line of text",
        "tesseract": "Tesseract, one word, told the alphabet",
    }
)


def installed() -> list[str]:
    """The solvers that work on this machine, in the order of SOLVERS."""
    found = []
    for solver in SOLVERS:
        with contextlib.suppress(SolverMissingError):
            solve([Image.new("L", (64, 32), 255)], solver)
            found.append(solver)
    return found


def version(solver: str) -> str:
    """The version of an installed solver."""
    if solver == "tesseract":
        import pytesseract

        return str(pytesseract.get_tesseract_version())
    return metadata.version({"rapidocr": "rapidocr-onnxruntime"}.get(solver, solver))


def opened(picture: Picture) -> Image.Image:
    """A picture from a file, its bytes or PIL, on white paper, in mode L or RGB.

    Raises DataError that names what cannot be read as a picture, ValueError for what is none.
    """
    if not isinstance(picture, Picture):
        raise ValueError(
            f"picture is of type {type(picture).__name__}; it is a PIL image, a path or bytes."
        )
    if isinstance(picture, Image.Image):
        image = picture
    else:
        name = f"{len(picture)} bytes" if isinstance(picture, bytes) else str(picture)
        try:
            image = Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture)
            image.load()
        except FileNotFoundError:
            raise DataError(f"{name} is missing: a picture file is wanted.") from None
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{name} cannot be read as a picture ({error}).") from None
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def as_pictures(images: Tensor) -> list[Image.Image]:
    """Float tensors (N, 1, H, W) in [0, 1] as PIL pictures of mode L."""
    return [Image.fromarray(x.numpy()) for x in (images[:, 0].clamp(0, 1) * 255).round().byte()]


def as_tensor(pictures: Sequence[Picture]) -> Tensor:
    """PIL pictures of one size, or what `opened` opens, as floats (N, 1, H, W) in [0, 1]."""
    grey = [np.asarray(opened(picture).convert("L")) for picture in pictures]
    return torch.from_numpy(np.stack(grey))[:, None].float() / 255


def in_alphabet(answer: str) -> str:
    """An answer in the alphabet's letters: capitals, look-alikes replaced, the rest gone."""
    capitals = answer.upper().translate(LOOKALIKES)
    return "".join(letter for letter in capitals if letter in ALPHABET)


def solve(images: Sequence[Picture] | Tensor, solver: str) -> list[str]:
    """What a solver reads: a text of ALPHABET's letters for each image, "" for nothing.

    images: PIL pictures, paths, bytes, or floats (N, 1, H, W) in [0, 1].
    solver: one of SOLVERS.  Raises ValueError for another name, SolverMissingError where it is not
    installed, DataError that names an image that cannot be read.
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver is {solver!r}; it is one of {', '.join(SOLVERS)}.")
    pictures = as_pictures(images) if isinstance(images, Tensor) else [*map(opened, images)]
    if not pictures:
        return []
    return [in_alphabet(answer) for answer in _READERS[solver](pictures)]

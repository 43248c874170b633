"""Sheets of 50 CAPTCHAs a scheme, and what one reader wrote down before the answers were seen.

The reader writes a line a CAPTCHA into data/transcriptions/<scheme>.txt, "-" for one that cannot
be read; README.md there says who it was.  One reader is no study: these counts stand beside the
human column and never in it.
"""

from pathlib import Path

import torch
from PIL import Image
from torchvision.utils import make_grid

from halftone_utils.captcha import challenge, solvers, splits
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.engine import checks
from halftone_utils.engine.files import CACHE, DATA, DataError

DIRECTORY = DATA / "transcriptions"
N = 50  # CAPTCHAs a scheme
ON_A_SHEET, COLUMNS, GAP = 10, 2, 10


def seeds(scheme: str) -> range:
    """The seeds of a scheme's sheets: each scheme has its own, as a reader remembers texts."""
    checks.one_of("scheme", scheme, SCHEMES)
    first = 30_000 + 100 * list(SCHEMES).index(scheme)
    return range(first, first + N)


def truths(scheme: str) -> list[str]:
    """What the sheets of a scheme show, in order."""
    return challenge.random_texts(N, seeds(scheme)[0])


def sheets(scheme: str) -> list[Image.Image]:
    """The 50 CAPTCHAs of a scheme, ten a sheet in two columns, row by row, pixel for pixel."""
    images = solvers.as_tensor(challenge.make_captchas(scheme, seeds(scheme)))
    grids = [make_grid(x, COLUMNS, GAP, pad_value=1)[:1] for x in images.split(ON_A_SHEET)]
    return solvers.as_pictures(torch.stack(grids)[..., GAP:-GAP, GAP:-GAP])


def load(directory: Path = DIRECTORY) -> dict[str, dict]:
    """The score of every transcription (`splits.score`), by scheme, in the order of SCHEMES.

    Raises DataError that names a file that has not a line for each CAPTCHA.
    """
    found = {}
    for scheme in SCHEMES:
        path = directory / f"{scheme}.txt"
        if path.exists():
            lines = path.read_text().upper().split()
            if len(lines) != N:
                raise DataError(
                    f"{path} has {len(lines)} lines; it has one for each of {N} CAPTCHAs."
                )
            found[scheme] = splits.score(splits.separated(" ".join(lines)), truths(scheme))
    return found


def draw_sheets(schemes: tuple[str, ...] = tuple(SCHEMES)) -> list[Path]:
    """Draw sheets of 50 CAPTCHAs a scheme for a reader into .cache/sheets; returns the files."""
    folder, paths = CACHE / "sheets", []
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in schemes:
        for i, sheet in enumerate(sheets(scheme), 1):
            paths.append(folder / f"{scheme}-{i}.png")
            sheet.save(paths[-1])
    return paths

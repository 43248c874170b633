"""Sheets of 50 CAPTCHAs a scheme, and what one reader wrote down before the answers were seen.

    python -m halftone_utils.transcription iso-tone-angle

draws a scheme's sheets.  Who reads writes a line a CAPTCHA into data/transcriptions/<scheme>.txt,
"-" for one that cannot be read; README.md there says who it was.  One reader is no study: these
counts stand beside the human column and never in it.
"""

import argparse
from pathlib import Path

from PIL import Image

from halftone_utils.captcha import challenge, ladder
from halftone_utils.engine.files import CACHE, DATA, DataError

DIRECTORY = DATA / "transcriptions"
N = 50  # CAPTCHAs a scheme
ON_A_SHEET, COLUMNS, GAP = 10, 2, 10


def seeds(scheme: str) -> range:
    """The seeds of a scheme's sheets: no other scheme's, for a text is remembered.

    Raises ValueError for an unknown scheme.
    """
    challenge.scheme_of(scheme)
    first = 30_000 + 100 * list(challenge.SCHEMES).index(scheme)
    return range(first, first + N)


def truths(scheme: str) -> list[str]:
    """What the sheets of a scheme show, in order."""
    return challenge.random_texts(N, seeds(scheme)[0])


def sheets(scheme: str) -> list[Image.Image]:
    """The 50 CAPTCHAs of a scheme, ten a sheet in two columns, row by row, pixel for pixel."""
    images = challenge.make_captchas(truths(scheme), scheme, seeds(scheme))
    width, height = (side + GAP for side in images[0].size)
    found = []
    for first in range(0, N, ON_A_SHEET):
        sheet = Image.new("L", (COLUMNS * width - GAP, ON_A_SHEET // COLUMNS * height - GAP), 255)
        for i, image in enumerate(images[first : first + ON_A_SHEET]):
            sheet.paste(image, (i % COLUMNS * width, i // COLUMNS * height))
        found.append(sheet)
    return found


def read(scheme: str, directory: Path = DIRECTORY) -> dict | None:
    """The score of a scheme's transcription (`ladder.score`); None where there is none.

    Raises DataError that names a file that has not a line for each CAPTCHA.
    """
    path = directory / f"{scheme}.txt"
    if not path.exists():
        return None
    lines = path.read_text().split()
    if len(lines) != N:
        raise DataError(f"{path} has {len(lines)} lines; it has one for each of {N} CAPTCHAs.")
    return ladder.score(
        ["" if line == ladder.NOTHING else line.upper() for line in lines], truths(scheme)
    )


def load(directory: Path = DIRECTORY) -> dict[str, dict]:
    """Every transcription's score, by scheme."""
    scores = {scheme: read(scheme, directory) for scheme in challenge.SCHEMES}
    return {scheme: score for scheme, score in scores.items() if score is not None}


def main() -> None:
    """Draw the sheets of some schemes into the cache."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("schemes", nargs="*", metavar="scheme", default=[*challenge.SCHEMES])
    for scheme in parser.parse_args().schemes:
        for i, sheet in enumerate(sheets(scheme), 1):
            path = CACHE / "sheets" / f"{scheme}-{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            sheet.save(path)
            print(path)


if __name__ == "__main__":
    main()

"""The frozen CAPTCHAs of each split, and the score of answers to them."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch
from rapidfuzz.distance import Levenshtein

from halftone_utils.captcha import challenge
from halftone_utils.engine import checks
from halftone_utils.engine.files import CACHE, RESULTS, DataError, hash_of, write_atomically
from halftone_utils.engine.types import Bytes
from halftone_utils.results import store
from halftone_utils.results.store import Result

SPLITS = {"test": 500, "validation": 20}  # CAPTCHAs a scheme
FIRST_SEED = {"test": 10_000, "validation": 20_000}  # `crnn` has a million on
NOTHING = "-"  # stands for an empty answer in a file


def frozen(scheme: str, first_seed: int, n: int) -> tuple[Bytes, list[str]]:
    """n CAPTCHAs of a scheme, of seeds from first_seed on: uint8 (n, 1, H, W), and their texts.

    Drawn once and kept in the cache; a file that was cut short, or whose first picture is no
    longer what the scheme draws, is drawn again.  Raises ValueError for an unknown scheme.
    """
    checks.one_of("scheme", scheme, challenge.SCHEMES)
    made_of = challenge.SCHEMES[scheme].made_of
    path = CACHE / "captchas" / f"{scheme}-{first_seed}-{n}-{hash_of(made_of)}.u8"
    texts = challenge.random_texts(n, first_seed)
    kept = path.read_bytes() if path.exists() else b""
    first = challenge.make_captcha(texts[0], scheme, first_seed)
    shape = (n, 1, first.height, first.width)
    if len(kept) != math.prod(shape) or not kept.startswith(first.tobytes()):
        drawn = challenge.make_captchas(scheme, range(first_seed, first_seed + n))
        kept = b"".join(image.tobytes() for image in drawn)
        write_atomically(path, kept)
    return torch.frombuffer(bytearray(kept), dtype=torch.uint8).view(shape), texts


def load(scheme: str, split: str, n: int) -> tuple[Bytes, list[str]]:
    """The first n frozen CAPTCHAs of a split: uint8 (n, 1, H, W), and their texts."""
    checks.one_of("split", split, SPLITS)
    checks.whole("n", n, 1, SPLITS[split])
    return frozen(scheme, FIRST_SEED[split], n)


def score(answers: Sequence[str], texts: Sequence[str]) -> dict[str, int | float]:
    """How many texts were read whole, and the mean share of letters that were read.

    character_accuracy: 1 - Levenshtein distance / length of the text, at least 0; mean over texts.
    """
    pairs = list(zip(answers, texts, strict=True))
    shares = [max(0.0, 1 - Levenshtein.distance(a, text) / len(text)) for a, text in pairs]
    return {
        "n": len(pairs),
        "n_correct": sum(answer == text for answer, text in pairs),
        "character_accuracy": round(statistics.fmean(shares), 4),
    }


def joined(answers: Sequence[str]) -> str:
    """Answers as a result file keeps them: "ABC - D" for "ABC", "" and "D"."""
    return " ".join(answer or NOTHING for answer in answers)


def separated(answers: str) -> list[str]:
    """The reverse of `joined`."""
    return ["" if answer == NOTHING else answer for answer in answers.split(" ")]


def results(study: str, directory: Path = RESULTS) -> list[Result]:
    """Every result of a study, in the order of SCHEMES and of n_train.

    Raises DataError that names a file whose answers do not give its counts.
    """
    found = store.load(study, directory)
    for result in found:
        for row in result.rows:
            texts = challenge.random_texts(row["n"], FIRST_SEED["test"])
            counts = score(separated(row["answers"]), texts) if "answers" in row else {}
            if not counts.items() <= row.items():
                path, key = store.path_of(result.stem, directory), store.key_of(row)
                raise DataError(f"{path}: the answers of {key} do not give its counts.")
    order = list(challenge.SCHEMES)
    return sorted(found, key=lambda r: (order.index(r.config["scheme"]), r.config.get("n_train")))

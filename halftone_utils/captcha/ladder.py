"""The attackers' ladder: what solvers read of each scheme, with more and more work put in.

Rung 1 is a stock solver; rung 2 undoes the screen first (`descreening`); rung 3 looks for texture
first (`texture`): by energies and, a part of its own that came later, by parities, which alone tell
textures of one power spectrum apart.  On rungs 2 and 3 each solver gets the treatment that reads
best on validation CAPTCHAs, and is then measured on the 500 test CAPTCHAs.  Rung 4, a solver
trained on the scheme, is `crnn`'s.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm.auto import tqdm

from halftone_utils.captcha import solvers as stock
from halftone_utils.captcha import splits
from halftone_utils.captcha.descreening import AS_IT_IS, FILTERS
from halftone_utils.captcha.schemes import SCHEMES
from halftone_utils.captcha.splits import SPLITS
from halftone_utils.captcha.texture import PARITIES, TEXTURES
from halftone_utils.digits.datasets import as_float
from halftone_utils.engine import checks
from halftone_utils.engine.files import RESULTS, ROOT, hash_of, sha256
from halftone_utils.engine.hardware import on_each_core
from halftone_utils.engine.types import Bytes, Images
from halftone_utils.results import store
from halftone_utils.results.store import Result
from halftone_utils.screens.ways import Way

RUNGS: Mapping[str, Mapping[str, Way]] = {
    "stock": {AS_IT_IS.name: AS_IT_IS},
    "descreening": FILTERS,
    "texture": TEXTURES,
    "parity": PARITIES,
}
# The rungs whose treatments the configuration of a file names.  One that came later is told by its
# rows: a file only grows.
IN_CONFIG = ("stock", "descreening", "texture")


def treated(images: Bytes, way: Way) -> Images:
    """Every picture treated by itself, one on each core; uint8 -> floats in [0, 1]."""
    return torch.cat(on_each_core(way, as_float(images).split(1)))


def best(rows: Sequence[Mapping]) -> str:
    """The treatment of the row with most texts read, then most letters."""
    return max(rows, key=lambda row: (row["n_correct"], row["character_accuracy"]))["treatment"]


def sweep(
    there: Result,
    rung: str,
    names: Sequence[str],
    images: Bytes,
    texts: Sequence[str],
    **setting: float,
) -> Iterator[list[dict]]:
    """What each solver reads after each treatment, where there is a choice and no row yet.

    setting: of the scheme, where it is not the scheme's own.
    """
    ways = RUNGS[rung].values() if len(RUNGS[rung]) > 1 else ()
    for way in tqdm(ways, desc=f"{there.stem}, {rung}", unit="way"):
        key = {**setting, "split": "validation", "rung": rung, "treatment": way.name}
        left = [name for name in names if not there.where(**key, solver=name)]
        if left:
            seen = treated(images, way)
            read = {name: splits.score(stock.solve(seen, name), texts) for name in left}
            yield [{**key, "solver": name, **score} for name, score in read.items()]


def _test(
    there: Result, rung: str, names: Sequence[str], images: Bytes, texts: Sequence[str]
) -> Iterator[list[dict]]:
    """What each solver reads after its best treatment, where there is no row yet."""
    for name in names:
        key = {"split": "test", "rung": rung, "solver": name}
        if there.where(**key):
            continue
        swept = there.where(**{**key, "split": "validation"})
        way = RUNGS[rung][best(swept)] if swept else AS_IT_IS
        started = time.perf_counter()
        answers = stock.solve(treated(images, way), name)
        ms = round(1000 * (time.perf_counter() - started) / len(texts), 1)
        found = {**splits.score(answers, texts), "ms": ms, "answers": splits.joined(answers)}
        yield [{**key, "treatment": way.name, **found}]


def _same_treatments(there: Result) -> None:
    """Raise ValueError where a rung that the configuration does not name had other treatments."""
    for rung in {*RUNGS} - {*IN_CONFIG}:
        swept = {row["treatment"] for row in there.where(split="validation", rung=rung)}
        tested = there.where(split="test", rung=rung)
        if swept - {*RUNGS[rung]} or (tested and {*RUNGS[rung]} - swept):
            raise ValueError(
                f"{there.stem} holds other treatments of the rung {rung} than there are now: give "
                "another directory, or remove the file."
            )


def climb(
    scheme: str,
    names: Sequence[str] = (),
    *,
    n: int = SPLITS["test"],
    n_validation: int = SPLITS["validation"],
    directory: Path = RESULTS,
) -> Result:
    """Measure rungs 1 to 3 for one scheme; returns what its result file holds.

    names: of solvers; none for those that are installed.  n, n_validation: CAPTCHAs read.
    Every part is written as soon as it is measured, so a killed run goes on where it stopped.
    Raises ValueError for what is not known, and where the file is of other pictures or treatments;
    SolverMissingError for a solver that is not installed.
    """
    names = names or stock.installed()
    test = splits.load(scheme, "test", n)
    validation = splits.load(scheme, "validation", n_validation)
    config = {
        "scheme": scheme,
        "n": n,
        "n_validation": n_validation,
        "pictures": sha256(test[0].numpy().tobytes())[:16],
        "treatments": hash_of({rung: list(RUNGS[rung]) for rung in IN_CONFIG}),
    }
    runs = [store.provenance(None, **{name: stock.version(name) for name in names})]
    new = Result(study="ladder", stem=f"captcha-{scheme}", config=config, rows=[], runs=runs)
    there = store.check(new.stem, config, [], directory) or new
    _same_treatments(there)
    for rung in RUNGS:
        for measure, (images, texts) in ((sweep, validation), (_test, test)):
            for rows in measure(there, rung, names, images, texts):
                there = store.grow(replace(new, rows=rows), directory)
    return there


def load(directory: Path = RESULTS) -> dict[str, Result]:
    """Every scheme's result, in the order of SCHEMES.

    Raises DataError that names a file whose answers do not give its counts.
    """
    return {result.config["scheme"]: result for result in splits.results("ladder", directory)}


def ladder(
    schemes: tuple[str, ...] = tuple(SCHEMES),
    *,
    solvers: tuple[str, ...] = (),
    n: int = SPLITS["test"],
    trial: bool = False,
) -> list[Result]:
    """Let stock solvers read schemes as drawn, descreened, by texture; add to captcha-SCHEME.

    solvers: none for those that are installed.  n: test CAPTCHAs.
    trial: 5 CAPTCHAs for tests, 2 for validation, into report/trial.
    """
    for scheme in schemes:
        checks.one_of("scheme", scheme, SCHEMES)
    if not trial:
        return [climb(scheme, solvers, n=n) for scheme in schemes]
    folder = ROOT / "report" / "trial"
    return [climb(scheme, solvers, n=5, n_validation=2, directory=folder) for scheme in schemes]

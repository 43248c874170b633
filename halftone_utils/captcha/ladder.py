"""The attackers' ladder: what solvers read of each scheme, with more and more work put in.

    python -m halftone_utils.ladder --schemes plain iso-tone-angle

Rung 1 is a stock solver; rung 2 undoes the screen first (`descreening`); rung 3 looks for texture
first (`texture`).  On rungs 2 and 3 each solver gets the treatment that reads best on validation
CAPTCHAs, and is then measured on the 500 test CAPTCHAs.  Rung 4, a solver trained on the scheme, is
`crnn`'s.  Every finished part is written at once, so a killed run goes on where it stopped.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from halftone_utils.captcha import challenge, schemes, solvers
from halftone_utils.captcha.descreening import AS_IT_IS, FILTERS, Treatment
from halftone_utils.captcha.texture import TEXTURES
from halftone_utils.engine.files import (
    CACHE,
    RESULTS,
    DataError,
    hash_of,
    read_json,
    sha256,
    write_atomically,
    write_json,
)
from halftone_utils.engine.hardware import on_each_core
from halftone_utils.results.accuracies import wilson

SPLITS = {"test": 500, "validation": 20}  # CAPTCHAs a scheme
FIRST_SEED = {"test": 10_000, "validation": 20_000}  # the quiz has 0 to 64, `crnn` a million on
RUNGS: Mapping[str, Mapping[str, Treatment]] = {
    "stock": {AS_IT_IS.name: AS_IT_IS},
    "descreening": FILTERS,
    "texture": TEXTURES,
}
NOTHING = "-"  # stands for an empty answer in a file


def truths(split: str) -> list[str]:
    """The texts of a split, the same for every scheme."""
    return challenge.random_texts(SPLITS[split], FIRST_SEED[split])


def frozen(scheme: str, first_seed: int, n: int) -> Tensor:
    """n CAPTCHAs of a scheme, uint8 (n, 1, H, W), of seeds from first_seed on; drawn once.

    Their texts are `captcha.random_texts(n, first_seed)`.  Kept in the cache; a file that was cut
    short, or whose first picture is no longer what the scheme draws, is drawn again.
    Raises ValueError for an unknown scheme.
    """
    how = challenge.scheme_of(scheme)
    texts = challenge.random_texts(n, first_seed)
    made_of = [how.description, repr(dict(how.parameters)), repr(dict(how.lettering))]
    path = CACHE / "captchas" / f"{scheme}-{first_seed}-{n}-{hash_of(made_of)}.u8"
    side = schemes.HEIGHT, schemes.width_of(challenge.LENGTH)
    if path.exists() and path.stat().st_size == n * side[0] * side[1]:
        found = np.frombuffer(path.read_bytes(), np.uint8).reshape(n, 1, *side)
        if np.array_equal(found[0, 0], challenge.make_captcha(texts[0], scheme, first_seed)):
            return torch.from_numpy(found.copy())
    drawn = challenge.make_captchas(texts, scheme, range(first_seed, first_seed + n))
    images = torch.from_numpy(np.stack(drawn))[:, None]
    write_atomically(path, images.numpy().tobytes())
    return images


def pictures(scheme: str, split: str, n: int | None = None) -> Tensor:
    """The first n frozen CAPTCHAs of a split, (n, 1, H, W) in [0, 1].

    Raises ValueError for an unknown scheme or split.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it is one of {', '.join(SPLITS)}.")
    return frozen(scheme, FIRST_SEED[split], n or SPLITS[split]).float() / 255


def edit_distance(a: str, b: str) -> int:
    """Letters to insert, delete or replace to make b of a (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        above, row = row, [i]
        for j, other in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != other)))
    return row[-1]


def score(answers: Sequence[str], texts: Sequence[str]) -> dict:
    """How many texts were read whole, and the mean share of letters that were read.

    character_accuracy: 1 - edit distance / length of the text, not below 0; mean over texts.
    """
    pairs = list(zip(answers, texts, strict=True))
    shares = [max(0.0, 1 - edit_distance(answer, text) / len(text)) for answer, text in pairs]
    return {
        "n": len(pairs),
        "n_correct": sum(answer == text for answer, text in pairs),
        "character_accuracy": round(statistics.fmean(shares), 4),
    }


def counted(answers: Sequence[str], texts: Sequence[str]) -> dict:
    """A score with the answers beside it, as a result file keeps them."""
    written = " ".join(answer or NOTHING for answer in answers)
    return {**score(answers, texts), "answers": written}


def verify(cell: Mapping, what: str) -> None:
    """Raise DataError, naming what, if a cell's answers to test CAPTCHAs do not give its counts."""
    answers = ["" if a == NOTHING else a for a in cell["answers"].split(" ")]
    found = score(answers, truths("test")[: cell["n"]])
    if found != {key: cell[key] for key in found}:
        raise DataError(f"{what} do not give its counts.")


def treated(images: Tensor, treatment: Treatment) -> Tensor:
    """Every picture treated by itself, one on each core."""
    return torch.cat(on_each_core(treatment, images.split(1)))


def best(swept: Mapping[str, Mapping[str, dict]], solver: str) -> str:
    """The treatment with which a solver reads most validation texts, then most letters."""
    return max(
        swept,
        key=lambda name: (
            swept[name][solver]["n_correct"],
            swept[name][solver]["character_accuracy"],
        ),
    )


def path_of(scheme: str, directory: Path = RESULTS) -> Path:
    """The result file of a scheme."""
    return directory / f"captcha-{scheme}.json"


def _begin(path: Path, scheme: str, n: int, n_validation: int) -> dict:
    """What is measured already, if it is of these very pictures and treatments."""
    test = (pictures(scheme, "test", n) * 255).round().byte()
    config = {
        "n": n,
        "n_validation": n_validation,
        "pictures": sha256(test.numpy().tobytes())[:16],
        "treatments": hash_of({rung: list(found) for rung, found in RUNGS.items()}),
    }
    fresh = {"scheme": scheme, "config": config, "versions": {}, "swept": {}, "rungs": {}}
    if not path.exists():
        return fresh
    there = read_json(path)
    try:
        same = there["scheme"] == scheme and there["config"] == config
        return there if same and {*fresh} <= {*there} else fresh
    except (KeyError, TypeError):
        raise DataError(f"{path} is not a result of the ladder: delete it.") from None


def climb(
    scheme: str,
    names: Sequence[str] | None = None,
    *,
    n: int = SPLITS["test"],
    n_validation: int = SPLITS["validation"],
    rungs: Sequence[str] = tuple(RUNGS),
    directory: Path = RESULTS,
    progress: bool = True,
) -> dict:
    """Measure rungs 1 to 3 for one scheme; returns what its result file holds.

    names: of solvers (default: those that are installed).  n, n_validation: CAPTCHAs read.
    Raises ValueError for what is not known, SolverMissingError for a solver that is not installed.
    """
    names = solvers.installed() if names is None else names
    path = path_of(scheme, directory)
    result = _begin(path, scheme, n, n_validation)
    result["versions"] |= {name: solvers.version(name) for name in names}
    test, known = pictures(scheme, "test", n), pictures(scheme, "validation", n_validation)
    for rung in rungs:
        swept = result["swept"].setdefault(rung, {})
        candidates = RUNGS[rung] if len(RUNGS[rung]) > 1 else {}
        for name, treatment in tqdm(
            candidates.items(),
            desc=f"{scheme}, {rung}, validation",
            unit="treatment",
            disable=not progress,
        ):
            row = swept.setdefault(name, {})
            left = [solver for solver in names if solver not in row]
            seen = treated(known, treatment) if left else known
            for solver in left:
                answers = solvers.solve(seen, solver)
                row[solver] = score(answers, truths("validation")[:n_validation])
            if left:
                write_json(path, result)
        row = result["rungs"].setdefault(rung, {})
        for solver in names:
            if solver in row:
                continue
            chosen = best(swept, solver) if swept else AS_IT_IS.name
            started = time.perf_counter()
            answers = solvers.solve(treated(test, RUNGS[rung][chosen]), solver)
            seconds = time.perf_counter() - started
            row[solver] = {
                "treatment": chosen,
                "ms": round(1000 * seconds / n, 1),
                **counted(answers, truths("test")[:n]),
            }
            write_json(path, result)
    return result


def load(directory: Path = RESULTS) -> dict[str, dict]:
    """Every scheme's result, in the order of SCHEMES; counts are recomputed from the answers.

    Raises DataError that names a file whose answers do not bear out its counts.
    """
    found = {}
    for scheme in challenge.SCHEMES:
        path = path_of(scheme, directory)
        if not path.exists():
            continue
        found[scheme] = read_json(path)
        for row in found[scheme]["rungs"].values():
            for solver, cell in row.items():
                verify(cell, f"{path}: the answers of {solver}")
    return found


def best_solver(row: Mapping[str, dict]) -> str:
    """The solver that read most test texts on a rung."""
    return max(row, key=lambda name: (row[name]["n_correct"], row[name]["character_accuracy"]))


def sentence(cell: Mapping) -> str:
    """A cell of a table: percent read whole with Wilson's interval."""
    low, high = wilson(cell["n_correct"], cell["n"])
    return f"{100 * cell['n_correct'] / cell['n']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Climb the ladder for some schemes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--schemes",
        nargs="+",
        choices=[*challenge.SCHEMES],
        metavar="scheme",
        default=[*challenge.SCHEMES],
        help=", ".join(challenge.SCHEMES),
    )
    parser.add_argument("--solvers", nargs="+", choices=[*solvers.SOLVERS], default=None)
    parser.add_argument("--n", type=int, default=SPLITS["test"], help="CAPTCHAs of the test")
    options = parser.parse_args(arguments)
    if not 1 <= options.n <= SPLITS["test"]:
        sys.exit(f"--n is {options.n}; it is 1 to {SPLITS['test']}.")
    try:
        for scheme in options.schemes:
            result = climb(scheme, options.solvers, n=options.n)
            for rung, row in result["rungs"].items():
                for solver, cell in row.items():
                    print(f"{scheme}, {rung}, {solver}, {cell['treatment']}: {sentence(cell)} %")
    except (solvers.SolverMissingError, DataError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

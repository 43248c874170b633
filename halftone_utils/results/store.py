"""Result files: one schema for every study, written by the run itself, and they only grow.

data/results/README.md describes the schema; tests hold every committed file to it.
"""

import io
import json
import os
import platform
import subprocess
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from halftone_utils.engine import hardware
from halftone_utils.engine.configs import differences
from halftone_utils.engine.files import (
    RESULTS,
    ROOT,
    DataError,
    read_json,
    write_atomically,
    write_json_rows,
)

SCHEMA = 2
KEYS = ("schema", "study", "config", "rows", "runs", "measured")
# Fields of a row that are measured; all others say what was measured, and are its key.
MEASURED = (
    "n",
    "n_correct",
    "character_accuracy",
    "ms",
    "answers",
    "classes",
    "n_top5",
    "experiment",
    "predicted",
    "noise",
    "passed",
    "error",
    "error_least",
    "cosine",
    "cosine_other",
    "linf",
    "l2",
    "ssim",
    "tone_error",
    "run",
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one result file holds.

    study: which study wrote it.  stem: the name of its file.
    config: all that decides its numbers, as JSON; fields at their defaults are left out.
    rows: one observation each: what was shown to what, n pictures read, n_correct read right.
    runs: where the rows come from (`provenance`); a row's "run" is its place here, 0 if not said.
    measured: numbers that are no counts.
    """

    study: str
    stem: str
    config: dict[str, Any]
    rows: list[dict[str, Any]]
    runs: list[dict[str, Any]] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)

    def where(self, **wanted: Any) -> list[dict[str, Any]]:
        """The rows that have these values."""
        return [row for row in self.rows if row | wanted == row]

    def row(self, **wanted: Any) -> dict[str, Any]:
        """The first row that has these values; raises DataError if there is none."""
        for row in self.where(**wanted):
            return row
        raise DataError(f"{self.stem} holds no row with {wanted}.")


def provenance(seconds: float | None = None, **versions: str) -> dict[str, Any]:
    """Where and when numbers come from: versions, device, precision, seconds, commit.

    versions: of what else took part, by name.
    """
    device = f"cpu, {os.cpu_count()} cores, {platform.machine()}"
    if torch.cuda.is_available():
        device = f"cuda, {torch.cuda.get_device_name()}"
    known = {"python": platform.python_version(), "torch": torch.__version__}
    known["torchvision"] = metadata.version("torchvision")
    return {
        "versions": {**known, **versions},
        "device": device,
        "precision": str(hardware.fastest_precision()).removeprefix("torch."),
        "seconds": None if seconds is None else round(seconds, 1),
        "commit": _commit(),
    }


@cache
def _commit() -> str | None:
    """The commit that is checked out, with a + where files differ from it; None without git."""
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def path_of(stem: str, directory: Path = RESULTS) -> Path:
    """The file of that name."""
    return directory / f"{stem}.json"


def read(path: Path) -> Result:
    """Read one result file; raises DataError that names a file that is none."""
    found = read_json(path)
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or {*found} != {*KEYS}:
        raise DataError(
            f"{path} is no result of schema {SCHEMA}, with {', '.join(KEYS)}: "
            "see data/results/README.md."
        )
    return Result(stem=path.stem, **{key: found[key] for key in KEYS[1:]})


def load(study: str, directory: Path = RESULTS) -> list[Result]:
    """Every result of a study, by the names of the files."""
    found = [read(path) for path in sorted(directory.glob("*.json")) if path.stem != "schema"]
    return [result for result in found if result.study == study]


def key_of(row: Mapping[str, Any]) -> str:
    """What a row says was measured, without what was found."""
    return json.dumps({k: v for k, v in row.items() if k not in MEASURED}, sort_keys=True)


def grow(result: Result, directory: Path = RESULTS) -> Result:
    """Add rows to the file of a result, which keeps all that it has; returns what it holds then.

    A row that is there already is replaced.  Raises ValueError that says what differs if the
    file is of another configuration, or if a row there was read on more pictures.
    """
    there = check(result.stem, result.config, result.rows, directory)
    result = _joined(there, result) if there else result
    content = {"schema": SCHEMA, **{key: getattr(result, key) for key in KEYS[1:]}}
    write_json_rows(path_of(result.stem, directory), content)
    return result


def record(
    study: str,
    stem: str,
    config: dict,
    rows: list[dict],
    *,
    seconds: float | None = None,
    measured: dict | None = None,
    directory: Path = RESULTS,
) -> Result:
    """`grow` with what was measured here and now; seconds: that a training took."""
    runs = [provenance(seconds)]
    new = Result(study=study, stem=stem, config=config, rows=rows, runs=runs)
    return grow(replace(new, measured=measured or {}), directory)


def check(
    stem: str, config: dict, rows: Sequence[Mapping], directory: Path = RESULTS
) -> Result | None:
    """The result that is there under this name; raises ValueError if `grow` would refuse.

    rows: those that will be added; of each, n is enough.  None if there is no such file.
    """
    path = path_of(stem, directory)
    if not path.exists():
        return None
    there = read(path)
    parts = differences(there.config, config)
    if parts:
        raise ValueError(
            f"{path} is of another configuration: {', '.join(parts)}. Give another directory, or "
            "remove the file."
        )
    known = {key_of(row): row["n"] for row in there.rows}
    for row in rows:
        if known.get(key_of(row), 0) > row["n"]:
            raise ValueError(
                f"{path} holds {known[key_of(row)]} pictures where {row['n']} would overwrite "
                "them: give another directory."
            )
    return there


def _joined(there: Result, new: Result) -> Result:
    """Both results' rows and runs, those of a key that both have from the new one."""
    first = len(there.runs)
    same_run = new.runs == there.runs[-1:]  # a run that writes its rows as they come
    offset = max(first - 1, 0) if same_run else first
    rows = {key_of(row): row for row in there.rows}
    for row in new.rows:
        own = {**row, "run": offset + row.get("run", 0)}
        rows[key_of(row)] = {k: v for k, v in own.items() if k != "run" or v}
    runs = there.runs if same_run else [*there.runs, *new.runs]
    measured = there.measured | new.measured
    return replace(new, rows=[*rows.values()], runs=runs, measured=measured)


def predictions(stem: str, directory: Path = RESULTS) -> dict[str, np.ndarray]:
    """The predictions of one experiment: test set -> uint8 (n,).  No pickle is read."""
    path = directory / f"{stem}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is missing or damaged ({error}): run it again.") from None


def write_predictions(path: Path, found: Mapping[str, np.ndarray]) -> None:
    """Write predictions by test set, atomically."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **found)
    write_atomically(path, stream.getvalue())

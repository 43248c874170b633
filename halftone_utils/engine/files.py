"""Where things are, and how a file is written so that a kill leaves no half of it."""

import glob
import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
RESULTS = DATA / "results"
FIGURES = ROOT / "figures"
CACHE = Path(os.environ.get("HALFTONE_CACHE") or ROOT / ".cache")


class DataError(RuntimeError):
    """A file of the project is missing, damaged or not what it says it is."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all: a temporary file, synced, then renamed."""
    write_as_it_comes(path, [content])


def write_as_it_comes(path: Path, parts: Iterable[bytes]) -> None:
    """As `write_atomically`, for a content that is larger than memory: its parts in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_orphans(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as stream:
        for part in parts:
            stream.write(part)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _remove_orphans(path: Path) -> None:
    """Delete the halves of `path` that killed processes left: they can be gigabytes."""
    for partial in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
        with suppress(PermissionError, OverflowError, ValueError):  # another's, or no number
            try:
                os.kill(int(partial.suffixes[-2][1:]), 0)
            except ProcessLookupError:
                partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def write_json_rows(path: Path, value: dict[str, Any]) -> None:
    """Write a dict as JSON, atomically: what is in a list stands on a line of its own."""
    parts = []
    for key, item in value.items():
        if isinstance(item, list) and item:
            lines = ",\n".join("  " + json.dumps(x, ensure_ascii=False) for x in item)
            text = f"[\n{lines}\n ]"
        else:
            text = json.dumps(item, indent=1, ensure_ascii=False).replace("\n", "\n ")
        parts.append(f" {json.dumps(key)}: {text}")
    write_atomically(path, ("{\n" + ",\n".join(parts) + "\n}\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; raises DataError that names the file where it cannot be read."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise DataError(f"{path} is missing.") from None
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}).") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; raises DataError that names the file where it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise DataError(f"{path} is missing: restore it with `git checkout data`.") from None
    except ValueError as error:  # TOMLDecodeError, or bytes that are no text
        raise DataError(f"{path} is not valid TOML ({error}).") from None


def read_rows(path: Path, row: Callable[..., T]) -> dict[str, T]:
    """The tables of a TOML file by name, each as row(name=..., **its values).

    Raises DataError in one sentence for a file that cannot be read, or a table that is no row.
    """
    try:
        return {name: row(name=name, **values) for name, values in read_toml(path).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def hash_of(config: Any) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a JSON-able value: its short name."""
    return sha256(json.dumps(config, sort_keys=True).encode())[:16]

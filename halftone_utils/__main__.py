"""The one command line, `halftone`: every study, made from its function's own signature."""

import ast
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from halftone_utils.engine.files import DataError, read_toml

COMMANDS = read_toml(Path(__file__).with_name("commands.toml"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what is wrong with its arguments is said in one sentence."""
    name, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or ["--help"]
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name not in COMMANDS:
        print(f"halftone has no command {name!r}; it has {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    import tyro  # here, with all that a study imports: --help should not wait for them

    how = tyro.conf
    config = (
        how.PositionalRequiredArgs,
        how.PositionalMetavarFromFieldName,
        how.FlagCreatePairsOff,
    )
    try:
        function = load(name)
        found = tyro.cli(function, prog=f"halftone {name}", args=rest, config=config)
    except (DataError, ValueError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    _show(found)
    return 0


def load(name: str) -> Callable[..., Any]:
    """The function behind a command."""
    return pkgutil.resolve_name(f"halftone_utils.{COMMANDS[name]['function']}")


def overview() -> str:
    """Every command: what it does, what it writes, and about how long it takes."""
    lines = ["usage: halftone COMMAND [--help]", ""]
    for name, row in COMMANDS.items():
        lines.append(f"  {name:17s} {first_line(row)}")
        lines.append(f"  {'':17s} writes {row['writes']}; about {row['takes']} on 2 cores")
    return "\n".join(lines)


def first_line(row: dict[str, str]) -> str:
    """The first line of the function's docstring, read without importing its module."""
    *modules, function = row["function"].split(".")
    path = Path(__file__).parent.joinpath(*modules).with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    raise AttributeError(f"{path} has no function {function}.")


def _show(found: Any) -> None:
    """Print what a command returned: of results, what was measured, a line a row."""
    from halftone_utils.results.intervals import percent
    from halftone_utils.results.store import MEASURED, Result

    for result in found if isinstance(found, list | tuple) else [found]:
        if not isinstance(result, Result):
            print("" if result is None else result)
            continue
        for row in result.rows:
            what = ", ".join(f"{k} {v}" for k, v in row.items() if k not in MEASURED)
            print(f"{what}: {percent(row['n_correct'], row['n'])} % of {row['n']:,}")
        print(f"is in {result.stem}.json")


if __name__ == "__main__":
    sys.exit(main())

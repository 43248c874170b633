"""The one command line, `halftone`: every study, made from its function's own signature."""

import ast
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Command(NamedTuple):
    """A row: the function that does it, what it writes, how long it takes on 2 cores."""

    function: str
    writes: str
    takes: str


COMMANDS = {
    "experiment": Command(
        "studies.grid.experiment", "data/results/NETWORK-SIZE-SET-sSEED", "1 min to 2 h"
    ),
    "frontier": Command("studies.frontier.frontier", "data/results/frontier-SIZE", "10 min"),
    "strength": Command("studies.strength.strength", "data/results/SAVE", "1 min to 1 h"),
    "batch-statistics": Command(
        "studies.batch_statistics.batch_statistics", "data/results/batch-statistics-*", "5 min"
    ),
    "recipes": Command("studies.recipes.recipes", "data/results/recipes", "1 min a rate"),
    "fidelity": Command("studies.fidelity.fidelity", "data/results/stylizer-*", "30 min"),
    "ladder": Command("captcha.ladder.ladder", "data/results/captcha-SCHEME", "8 min a scheme"),
    "crnn": Command("captcha.crnn.crnn", "data/results/crnn-SCHEME-*", "2 to 20 min"),
    "transcription": Command("captcha.transcription.draw_sheets", ".cache/sheets", "1 s a sheet"),
    "screens": Command("figures.screens.draw_kinds", "report/screens.png", "10 s"),
    "halftones": Command("digits.halftone_sets.build", ".cache/halftone-mnist", "10 to 30 min"),
    "stylizer": Command(
        "digits.stylizer.train_and_publish", "data/weights/stylizer-POINT-256", "20 min"
    ),
    "publish": Command("studies.experiments.publish", "data/weights", "as an experiment"),
    "report": Command("report.build.report", "report/", "4 min"),
    "refresh": Command("report.build.refresh", "figures/, README.md, notebooks/", "1 s"),
}


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

    from halftone_utils.engine.files import DataError

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
    return pkgutil.resolve_name(f"halftone_utils.{COMMANDS[name].function}")


def overview() -> str:
    """Every command: what it does, what it writes, and about how long it takes."""
    lines = ["usage: halftone COMMAND [--help]", ""]
    for name, row in COMMANDS.items():
        lines.append(f"  {name:17s} {first_line(row)}")
        lines.append(f"  {'':17s} writes {row.writes}; about {row.takes} on 2 cores")
    return "\n".join(lines)


def first_line(row: Command) -> str:
    """The first line of the function's docstring, read without importing its module."""
    *modules, function = row.function.split(".")
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

"""`halftone` lists what there is, and says in one sentence what is wrong."""

import functools
import inspect
import re
import shlex
import subprocess
import sys
import typing

import pytest

from halftone_utils import __main__ as command_line
from halftone_utils.engine.files import ROOT, DataError
from halftone_utils.results.store import Result


def test_help_lists_every_command_with_what_it_does_writes_and_takes():
    script = (
        "import sys; from halftone_utils.__main__ import main; code = main(['--help']); "
        "sys.exit(code or 'torch' in sys.modules)"  # who asks for help waits for nothing
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for name, row in command_line.COMMANDS.items():
        (at,) = [i for i, x in enumerate(done.stdout.splitlines()) if x.split()[:1] == [name]]
        said, what = done.stdout.splitlines()[at : at + 2]
        assert said.endswith(f"{command_line.first_line(row)}")
        assert f"writes {row['writes']}; about {row['takes']} on 2 cores" in what


def test_every_command_is_a_function_with_words_and_types():
    for name, row in command_line.COMMANDS.items():
        function = command_line.load(name)
        said = inspect.getdoc(function)
        assert said.splitlines()[0] == command_line.first_line(row), name
        types = typing.get_type_hints(inspect.unwrap(function))
        assert {*inspect.signature(function).parameters} | {"return"} == {*types}, name


@pytest.mark.parametrize("command", command_line.COMMANDS)
def test_every_command_says_what_it_takes(command, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main([command, "--help"])
    assert ended.value.code == 0
    assert f"halftone {command}" in capsys.readouterr().out


def written(name: str) -> list[str]:
    """The commands that a file of the repository tells to run, without their programs."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = re.findall(r"(?:\.venv/bin/|\$\(BIN\)/|Run `)halftone +([^`#\n;]+)", text)
    return [" ".join(line.split()) for line in found]


@pytest.mark.parametrize("name", ["Makefile", "README.md", "CONTRIBUTING.md"])
def test_every_command_that_is_written_down_can_be_typed(name, monkeypatch):
    lines, ran = written(name), []
    functions = {command: command_line.load(command) for command in command_line.COMMANDS}
    for command, function in functions.items():
        run = functools.wraps(function)(lambda *_, c=command, **__: ran.append(c))
        monkeypatch.setitem(functions, command, run)
    monkeypatch.setattr(command_line, "load", functions.get)
    typed = [line for line in lines if "--help" not in line]
    assert typed
    for line in typed:
        assert command_line.main(shlex.split(line)) == 0, line
    assert ran == [line.split()[0] for line in typed]


WRONG = {
    "nonsense": "halftone has no command 'nonsense'; it has experiment, frontier, ",
    "experiment resnet": "architecture is 'resnet'; it is one of lenet, alexnet",
    "experiment lenet --size 64": "size is 64; it is one of 32, 256",
    "experiment lenet --dataset letters": "dataset is 'letters'; it is one of mnist",
    "experiment lenet --tests negative": "set is 'negative'; it is one of original",
    "experiment lenet --train-on nothing": "train_on is 'nothing'; it is one of original",
    "frontier --size 64": "size is 64",
    "frontier --networks resnet": "architecture is 'resnet'",
    "strength curve --point loud": "point is 'loud-32'; it is one of talk-32",
    "strength curve --point strong": "strong-32 is drawn by a screen",
    "batch-statistics resnet": "architecture is 'resnet'",
    "recipes resnet": "architecture is 'resnet'",
    "recipes lenet --size 64": "size is 64",
    "fidelity strong": "strong-256 is drawn by a screen",
    "ladder --schemes nonsense": "scheme is 'nonsense'; it is one of ",
    "crnn nonsense": "scheme is 'nonsense'; it is one of ",
    "halftones talk --size 64": "point is 'talk-64'; it is one of talk-32",
    "halftones strong": "strong-32 is drawn by a screen",
    "stylizer strong": "strong-256 is drawn by a screen",
    "publish resnet": "architecture is 'resnet'",
    "quiz --seed -1": "seed is -1; it is a whole number from 0",
    "quiz --out quiz": "out is 'quiz'; it is a file whose name ends in .html",
    "people add nothing.json": "nothing.json: it cannot be read",
    "report --pages 12_mine": "page is '12_mine'; it is one of 01_fgsm_recap",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(line, capsys):
    assert command_line.main(line.split()) in (1, 2)
    said = capsys.readouterr().err.strip()
    assert WRONG[line] in said
    assert len(said.splitlines()) == 1


def test_a_value_of_another_type_or_an_unknown_option_is_named(capsys):
    for line, named in (
        ("experiment lenet --size large", "--size"),
        ("experiment", "architecture"),
        ("experiment lenet --colour red", "--colour"),
    ):
        with pytest.raises(SystemExit) as ended:
            command_line.main(line.split())
        assert ended.value.code
        assert named in capsys.readouterr().err.lower()


def test_the_command_ends_with_a_code_and_without_a_traceback():
    command = [sys.executable, "-m", "halftone_utils", "publish", "resnet"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("architecture is 'resnet'; it is one of lenet")
    assert len(done.stderr.splitlines()) == 1


def test_what_was_measured_is_printed_a_line_a_row(capsys, monkeypatch):
    rows = [{"shown": "original", "n": 200, "n_correct": 100, "run": 1}]
    found = Result(study="experiment", stem="made-up", config={}, rows=rows)
    monkeypatch.setattr(command_line, "load", lambda name: lambda: found)
    assert command_line.main(["experiment"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("shown original: 50.0 [43.1, 56.9] % of 200\n")
    assert "made-up.json" in printed


def test_a_damaged_file_is_said_in_one_sentence(capsys, monkeypatch):
    def damaged() -> None:
        raise DataError("data/points.toml is missing: restore it with `git checkout data`.")

    monkeypatch.setattr(command_line, "load", lambda name: damaged)
    assert command_line.main(["halftones"]) == 1
    assert capsys.readouterr().err.startswith("data/points.toml is missing")

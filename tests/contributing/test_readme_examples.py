"""What README shows of the package in Python runs as it stands, wherever a reader is."""

import os
import re
import subprocess
import sys

import pytest

from halftone_utils.engine.files import ROOT

EXAMPLES = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
PRINTED = {
    "Halftone": r"(Halftone\(kind='am', ruling=4, .+\) class \d+\n){2}",
    "HalftoneMNIST": r"original: \d+\.\d\d% of 10000 .+\nstrong: \d+\.\d\d% of 10000 .+\n",
    "HalftoneAttack": r"misread: tensor\(\[.+, .+\]\) queries: tensor\(\[.+, .+\]\)\n",
    "illusion_index": r" *sigma +n +original +halftone +counted +index +low +high *\n(.+\n){3}",
}


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs_in_an_empty_folder_and_prints_what_it_says(name, tmp_path):
    (example,) = (x for x in EXAMPLES if f"import {name}\n" in x)
    assert len(example.splitlines()) <= 14
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert re.fullmatch(PRINTED[name], done.stdout)


def test_every_example_is_run():
    assert len(EXAMPLES) == len(PRINTED)

"""A file is written whole or not at all, and a killed writer leaves nothing for long."""

import os

from killing import kill_when_written

from halftone_utils.engine.files import write_atomically

WRITER = """
import os, time
from pathlib import Path
from halftone_utils.engine.files import write_as_it_comes
def parts():
    yield b"half"
    Path({sign!r}).touch()
    time.sleep(60)
write_as_it_comes(Path({path!r}), parts())
"""


def test_a_killed_writer_leaves_the_old_file_and_its_half_goes_with_the_next_writing(tmp_path):
    path, sign = tmp_path / "kept" / "a[1].bin", tmp_path / "begun"
    write_atomically(path, b"old")
    kill_when_written(WRITER.format(path=str(path), sign=str(sign)), sign)
    assert path.read_bytes() == b"old"
    assert len(list(path.parent.iterdir())) == 2, "the killed process left its half"

    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_the_half_of_a_process_that_runs_is_left_to_it(tmp_path):
    path = tmp_path / "a.bin"
    others = [tmp_path / f"a.bin.{os.getppid()}.partial", tmp_path / "b.bin.1234567.partial"]
    for other in others:
        other.write_bytes(b"half")
    write_atomically(path, b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])

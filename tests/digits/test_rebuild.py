"""What rebuilds the data reads arrays from a foreign pickle, and nothing else."""

import importlib.util
import io
import os
import pickle  # nosec B403

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from halftone_utils.engine.files import DATA

specification = importlib.util.spec_from_file_location("rebuild", DATA / "rebuild.py")
rebuild = importlib.util.module_from_spec(specification)
specification.loader.exec_module(rebuild)


def read(content):
    return rebuild.ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()


def test_arrays_in_tuples_are_read_as_they_were_written():
    pair = (np.arange(6, dtype=np.float32).reshape(2, 3) / 7, np.array([1, 2], dtype=np.int64))
    # written under the name that numpy 1 had, as in the package that is read
    content = pickle.dumps(pair, protocol=3).replace(b"numpy._core", b"numpy.core")
    for ours, theirs in zip(read(content), pair, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


class Runs:
    """Unpickles by calling a function: what a hostile pickle does."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


HOSTILE = {
    "a shell command": lambda path: Runs(os.system, f"touch {path}"),
    "evaluated source": lambda path: Runs(eval, f"open({str(path)!r}, 'w')"),
    "an opened file": lambda path: Runs(open, str(path), "w"),
    "one beside arrays": lambda path: (np.zeros(3), Runs(os.system, f"touch {path}")),
    "one inside an array": lambda path: np.array([Runs(os.system, f"touch {path}")], object),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_pickle_is_refused_and_not_run(hostile, protocol, tmp_path):
    content = pickle.dumps(hostile(tmp_path / "ran"), protocol=protocol)
    with pytest.raises(pickle.UnpicklingError, match="is not allowed"):
        read(content.replace(b"numpy._core", b"numpy.core") if protocol < 4 else content)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("harmless", [complex(1, 2), {1}, slice(3)], ids=repr)
def test_even_harmless_objects_other_than_arrays_are_refused(harmless):
    with pytest.raises(pickle.UnpicklingError, match="is not allowed"):
        read(pickle.dumps(harmless, protocol=2))


def test_metadata_put_into_weights_can_be_read_and_leaves_the_weights(tmp_path):
    weights = {"a": np.arange(5, dtype=np.float16), "b": np.ones((2, 3), np.float16)}
    note = {"z": "first", "a": "last"}
    path = tmp_path / "weights.safetensors"
    path.write_bytes(rebuild.with_metadata(save(weights), note))
    with safe_open(path, "np") as stream:
        assert stream.metadata() == note
        assert all(np.array_equal(stream.get_tensor(k), v) for k, v in weights.items())


def test_a_wrong_checksum_stops_in_one_sentence():
    with pytest.raises(SystemExit, match="digits was rebuilt with checksum 1, not 2"):
        rebuild.check("digits", "1", "2")

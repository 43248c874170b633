"""A reading that is killed loses what it read last, and nothing else."""

import shutil

import pytest

from halftone_utils.networks import training
from halftone_utils.studies import experiments
from halftone_utils.studies.experiments import Cell

CELL = Cell(architecture="lenet", n_train=300, epochs=2, seed=3)
N_TEST = 200


def run(folder):
    """Read the cell's test digits; its result file goes into `folder`."""
    result = experiments.run_cell(
        CELL, tests=("original",), n_test=N_TEST, directory=folder, progress=False
    )
    return {**result, "seconds": 0}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The cell run at one go: its result and the folder where its files and checkpoint lie."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "CHECKPOINTS", folder / "checkpoints")
        return run(folder), folder


class _Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def killed(unbroken, tmp_path, monkeypatch):
    """The cell, killed after 100 of its test digits; a list of how many were read at a time since.

    What it left lies in tmp_path / "checkpoints".
    """
    monkeypatch.setattr(experiments, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setattr(experiments, "AT_A_TIME", 50)
    shutil.copytree(unbroken[1] / "checkpoints", tmp_path / "checkpoints")
    predict, read, is_killed = training.predict, [], [True]

    def predict_until_killed(model, images, **options):
        if is_killed[0] and len(read) == 2:
            raise _Killed
        read.append(len(images))
        return predict(model, images, **options)

    monkeypatch.setattr(training, "predict", predict_until_killed)
    with pytest.raises(_Killed):
        run(tmp_path)
    is_killed[0] = False
    read.clear()
    return read


def test_a_reading_that_was_killed_goes_on_where_it_stopped(killed, unbroken, tmp_path):
    result, folder = unbroken
    assert run(tmp_path) == result
    assert killed == [50, 50]
    name = f"{CELL.stem}.npz"
    assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert not [*(tmp_path / "checkpoints").glob("*.npz")]  # nothing waits for a rerun any more


def test_half_a_file_of_readings_is_named_and_read_anew(killed, unbroken, tmp_path, capsys):
    (kept,) = (tmp_path / "checkpoints").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    assert run(tmp_path) == unbroken[0]
    assert killed == [50] * 4
    assert str(kept) in capsys.readouterr().err


def test_readings_of_other_weights_are_not_gone_on_with(killed, tmp_path):
    (checkpoint,) = (tmp_path / "checkpoints").glob("*.safetensors")
    checkpoint.unlink()  # trained anew: not to the last bit the network that read before
    run(tmp_path)
    assert killed == [50] * 4

"""What several files of tests share: checked types, the embedded network, a few small digits."""

import gzip
import hashlib
import shutil
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]

# While tests run, every function gets and gives what its signature says, shapes and dtypes of
# tensors included.  Numba compiles only a bare function: modules with kernels stay as they are.
jaxtyping.install_import_hook(
    [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "halftone_utils").rglob("*.py")
        if path.name != "__init__.py" and "njit" not in path.read_text()
    ],
    "typed.checked",
)


@pytest.fixture
def unchecked():
    """As outside the tests, where a type that is not allowed reaches the function."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def vgg16():
    from halftone_utils.style import vgg

    return vgg.load_vgg16()


@pytest.fixture(scope="session")
def digits():
    """Six validation digits, the inner 16x16 pixels of each."""
    from halftone_utils.digits import datasets

    return datasets.as_float(datasets.load("validation", 32, 6)[0])[..., 8:24, 8:24].contiguous()


def _write_idx(path: Path, values: np.ndarray) -> str:
    """Write an array as a gzipped IDX file; returns the MD5 of what is unzipped."""
    head = np.array([0x0800 | values.ndim, *values.shape], ">u4").tobytes()
    path.write_bytes(gzip.compress(head + values.tobytes(), 1))
    return hashlib.md5(head + values.tobytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def bars(tmp_path, monkeypatch):
    """A data set of its own beside MNIST, "bars": three classes, 28x28; the folder of its files.

    70 training, 20 validation and 30 test pictures: noise with one bright row, whose place is
    the class.  Files and row stand in a copy of data/ that is read instead.
    """
    from halftone_utils.digits import datasets

    data = tmp_path / "data"
    (data / "bars").mkdir(parents=True)
    (data / "mnist").symlink_to(datasets.DATA / "mnist")
    rng, checksums = np.random.default_rng(0), {}
    for part, n in (("train", 90), ("test", 30)):
        labels = rng.permutation(np.arange(n, dtype=np.uint8) % 3)
        images = rng.integers(0, 60, (n, 28, 28), dtype=np.uint8)
        images[np.arange(n), 7 + 7 * labels.astype(int)] = 255
        for kind, values in (("images", images), ("labels", labels)):
            name = f"{part}-{kind}"
            checksums[name] = _write_idx(data / "bars" / f"{name}.gz", values)
    shutil.copy(datasets.DATA / "datasets.toml", data)
    with (data / "datasets.toml").open("a") as file:
        file.write(
            '[bars]\nprinted = "bars"\nclasses = 3\n'
            "splits = { train = 70, validation = 20, test = 30 }\n[bars.files]\n"
        )
        file.writelines(f'"{name}" = "{md5}"\n' for name, md5 in checksums.items())
    monkeypatch.setattr(datasets, "DATA", data)
    for cached in (datasets.rows, datasets._raw):
        cached.cache_clear()
    yield data / "bars"
    for cached in (datasets.rows, datasets._raw):
        cached.cache_clear()


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder into which studies write what they would add to data/results."""
    from halftone_utils.results import store

    folder = tmp_path / "results"
    monkeypatch.setattr(store, "path_of", lambda stem, directory=None: folder / f"{stem}.json")
    return folder

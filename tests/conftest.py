"""What several files of tests share: checked types, the embedded network, a few small digits."""

from pathlib import Path

import jaxtyping
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
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
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

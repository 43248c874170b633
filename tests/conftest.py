"""What several files of tests share: the embedded network and a few small digits."""

import pytest

from halftone_utils.digits import datasets
from halftone_utils.style import vgg


@pytest.fixture(scope="session")
def vgg16():
    return vgg.load_vgg16()


@pytest.fixture(scope="session")
def digits():
    """Six validation digits, the inner 16x16 pixels of each."""
    return datasets.as_float(datasets.load("validation", 32, 6)[0])[..., 8:24, 8:24].contiguous()

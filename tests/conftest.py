"""What several files of tests share: the embedded network and a few small digits."""

import pytest

from halftone_utils import mnist, vgg


@pytest.fixture(scope="session")
def vgg16():
    return vgg.load_vgg16()


@pytest.fixture(scope="session")
def digits():
    """Six validation digits, the inner 16x16 pixels of each."""
    return mnist.as_float(mnist.load("validation", 32, 6)[0])[..., 8:24, 8:24].contiguous()

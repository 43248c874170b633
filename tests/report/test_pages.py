"""A page refuses what it cannot show."""

import pytest

from halftone_utils.report import pages


def test_a_parameter_outside_its_range_is_named_with_what_is_allowed():
    pages.check(n_digits=(1, 1, 16), iterations=(200, 10, 200))
    with pytest.raises(ValueError, match=r"^iterations is 201; this page takes 10 to 200\.$"):
        pages.check(n_digits=(16, 1, 16), iterations=(201, 10, 200))
    with pytest.raises(ValueError, match="n_digits is nan"):
        pages.check(n_digits=(float("nan"), 1, 16))


def test_a_name_that_is_not_known_is_named_with_what_is_allowed():
    pages.check(network=("lenet", ("lenet", "alexnet")))
    with pytest.raises(ValueError, match=r"^network is 'vgg'; this page takes lenet, alexnet\.$"):
        pages.check(network=("vgg", ("lenet", "alexnet")))

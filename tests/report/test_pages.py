"""A page refuses what it cannot show."""

import pytest

from halftone_utils.report import pages


def test_a_parameter_that_cannot_be_shown_is_named_with_what_is_allowed():
    pages.check(n_digits=(1, 1, 16), iterations=(200, 10, 200))
    pages.check(network=("lenet", ("lenet", "alexnet")))
    for wrong, named in (
        ({"n_digits": (16, 1, 16), "iterations": (201, 10, 200)}, "iterations is 201; it is 10 to"),
        ({"n_digits": (float("nan"), 1, 16)}, "n_digits is nan; it is 1 to 16"),
        ({"n_digits": ("8", 1, 16)}, "n_digits is '8'"),
        ({"network": ("vgg", ("lenet", "alexnet"))}, "network is 'vgg'; it is one of lenet, alex"),
    ):
        with pytest.raises(ValueError, match=f"^{named}"):
            pages.check(**wrong)

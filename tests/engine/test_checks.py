"""Values that are not allowed are refused in one sentence; the tests themselves check tensors."""

import math
import re

import jaxtyping
import pytest
import torch

from halftone_utils.engine import checks
from halftone_utils.screens import perception
from halftone_utils.style import gatys

REFUSED = [
    (lambda: checks.one_of("kind", "x", ("am", "bayer")), "kind is 'x'; it is one of am, bayer."),
    (lambda: checks.within("angle", math.nan, 0, 90, "degrees"), "angle is nan; it is 0 to 90 deg"),
    (lambda: checks.within("angle", "45", 0, 90), "angle is '45'; it is 0 to 90."),
    (lambda: checks.within("angle", True, 0, 90), "angle is True; it is 0 to 90."),
    (lambda: checks.within("ruling", 1, 2, math.inf), "ruling is 1; it is 2 or more."),
    (lambda: checks.within("x", math.inf, -math.inf, math.inf), "x is inf; it is a finite number."),
    (lambda: checks.above("step", 0), "step is 0; it is above 0."),
    (lambda: checks.above("decay", 1.5, 1), "decay is 1.5; it is above 0, up to 1."),
    (lambda: checks.whole("size", 8.0, 1, 9), "size is 8.0; it is a whole number from 1 to 9."),
    (lambda: checks.whole("size", True, 1, 9), "size is True; it is a whole number from 1 to 9."),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_what_is_not_allowed_is_named_with_what_is(call, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()


def test_ends_of_a_range_are_allowed_and_numbers_of_any_kind():
    checks.one_of("kind", "am", ("am", "bayer"))
    checks.within("angle", torch.tensor(90.0).numpy()[()], 0, 90)
    checks.within("angle", 0, 0, 90)
    checks.above("decay", 1, 1)
    checks.whole("size", 9, 1, 9)


def test_in_the_tests_a_tensor_of_another_shape_or_type_than_the_signatures_is_refused():
    with pytest.raises(jaxtyping.TypeCheckError):
        perception.integrate(torch.zeros(3, 16, 16), 1.0)
    with pytest.raises(jaxtyping.TypeCheckError):
        perception.integrate(torch.zeros(3, 1, 16, 16, dtype=torch.uint8), 1.0)
    with pytest.raises(jaxtyping.TypeCheckError):  # two batches
        gatys.content_loss(torch.zeros(2, 3, 4, 4), torch.zeros(1, 3, 4, 4))

"""The pages of the report, and what each asks of its parameters."""

from typing import Any

from halftone_utils.engine import checks
from halftone_utils.engine.files import ROOT

NOTEBOOKS = ROOT / "notebooks"
PAGES = {  # notebook -> what links call it, in order of reading
    "01_fgsm_recap": "1. FGSM recap",
    "02_halftone": "2. Halftone",
    "03_style_transfer": "3. Style transfer",
    "04_iterations_and_weights": "4. Iterations and weights",
    "05_halftone_mnist": "5. Halftone-MNIST",
    "06_architectures": "6. Architectures",
    "07_captcha": "7. CAPTCHA",
    "08_conclusions": "8. Conclusions",
}


def check(**limits: tuple[Any, ...]) -> None:
    """Refuse a parameter that a page cannot show: name=(value, lowest, highest) or (value, names).

    Raises ValueError that names the first one that is not allowed.
    """
    for name, (value, *allowed) in limits.items():
        if len(allowed) == 1:
            checks.one_of(name, value, allowed[0])
        else:
            checks.within(name, value, *allowed)

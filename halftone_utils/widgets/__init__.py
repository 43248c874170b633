"""Instruments for the pages in JupyterLab; each function returns a widget and holds no science.

Every one has a static twin, a figure, which is what a page shows where no kernel runs.
"""

from halftone_utils.widgets.answers import results_explorer
from halftone_utils.widgets.captchas import captcha_explorer
from halftone_utils.widgets.fgsm import fgsm_explorer
from halftone_utils.widgets.pad import drawing_pad
from halftone_utils.widgets.quiz import captcha_quiz, digit_quiz, quiz
from halftone_utils.widgets.screen import screen_explorer
from halftone_utils.widgets.style import style_explorer

__all__ = [
    "captcha_explorer",
    "captcha_quiz",
    "digit_quiz",
    "drawing_pad",
    "fgsm_explorer",
    "quiz",
    "results_explorer",
    "screen_explorer",
    "style_explorer",
]

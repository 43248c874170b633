"""Instruments for the pages in JupyterLab; each is a widget and holds no science.

Every one has a static twin, a figure, which is what a page shows where no kernel runs.
"""

from halftone_utils.widgets.answers import ResultsExplorer
from halftone_utils.widgets.captchas import CaptchaExplorer
from halftone_utils.widgets.fgsm import FgsmExplorer
from halftone_utils.widgets.pad import DrawingPad
from halftone_utils.widgets.quiz import CaptchaQuiz, DigitQuiz
from halftone_utils.widgets.screen import ScreenExplorer
from halftone_utils.widgets.style import StyleExplorer

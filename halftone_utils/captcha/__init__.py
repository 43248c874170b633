"""CAPTCHAs: schemes, the ladder of attacks on them, and the solvers.

`solvers`, `descreening` and `texture` attack; `ladder`, `crnn` and `transcription` measure, on the
CAPTCHAs of `splits`; `selection` chose a scheme's settings; `legibility` stands for people.
"""

from halftone_utils.captcha import (
    crnn,
    descreening,
    ladder,
    legibility,
    selection,
    solvers,
    texture,
    transcription,
)
from halftone_utils.captcha.challenge import issue, letters_of, make_captcha, verify
from halftone_utils.captcha.schemes import SCHEMES

"""The quiz: what people are asked, the page that asks them, and the files that come back."""

from halftone_utils.quiz import page, questions, returned

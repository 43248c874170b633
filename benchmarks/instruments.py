"""How soon the style explorer answers, in the kernel: the first picture, a scrub, a whole run."""

import time

from benchmarks.timing import Record
from halftone_utils.widgets import StyleExplorer

PROMISED = {"first_picture_s": 1.0, "scrub_s": 0.05, "run_of_50_s": 2.0}  # of a 32×32 digit


def once(iterations: int) -> Record:
    """Press Run, wait for the first new picture and for the end, then scrub to each iteration."""
    explorer = StyleExplorer(iterations=iterations)
    began = time.perf_counter()
    explorer.start.click()
    while explorer.scrub.value == 0:
        time.sleep(0.001)
    first = time.perf_counter() - began
    explorer.thread.join(600)
    whole = time.perf_counter() - began
    slowest = 0.0
    for i in range(iterations):
        at = time.perf_counter()
        explorer.scrub.value = i
        slowest = max(slowest, time.perf_counter() - at)
    return {"first_picture_s": first, "scrub_s": slowest, "run_of_50_s": whole}


def latencies(small: bool) -> Record:
    """The best of three runs each, beside what is promised; the slowest scrub of a run."""
    runs = [once(5 if small else 50) for _ in range(1 if small else 3)]
    return {"promised": PROMISED, **{key: min(run[key] for run in runs) for key in PROMISED}}

# The grid as a workflow: `snakemake results --cores all` trains what has no result yet, and
# `snakemake report --cores 1` makes the report of what results there are; it trains nothing.
import os
import sys
from pathlib import Path

from halftone_utils import captcha, classifiers, grid
from halftone_utils.files import CACHE, RESULTS

# what is freed stays with the process: fresh pages for every feature map cost a third of the time
os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "100000000000")
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
# float32 on a GPU is float32: its halftones are then a processor's but for rounding
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

CELLS = {cell.stem: cell for cell in grid.cells()}
RESULT = f"{RESULTS}/{{stem}}.json"
SET = f"{CACHE}/halftone-mnist/talk-{{size}}.built"


def sets_of(wildcards):
    """The halftones that a cell without a result reads; with one, their absence is no matter."""
    if Path(RESULT.format(stem=wildcards.stem)).exists():
        return []
    return ancient(SET.format(size=CELLS[wildcards.stem].size))


CRNN_SCHEMES = ("plain", "round-dots", "iso-tone-angle", "iso-tone-kind", "iso-tone-mixed")


wildcard_constraints:
    stem="|".join(CELLS),
    size="32|256",
    scheme="|".join(captcha.SCHEMES),
    n=r"\d+",


rule results:
    input:
        expand(RESULT, stem=CELLS),
        expand(f"{RESULTS}/{{kind}}-{{size}}.json", size=(32, 256),
               kind=("frontier", "strength-networks", "weights-networks")),


# Page 7's: `snakemake captchas --cores all`, about two hours on 2 cores.
rule captchas:
    input:
        expand(f"{RESULTS}/captcha-{{scheme}}.json", scheme=captcha.SCHEMES),
        expand(f"{RESULTS}/crnn-{{scheme}}-n{{n}}-seed0.json", scheme=CRNN_SCHEMES, n=(100, 1000, 10000)),


rule ladder:
    output:
        update(f"{RESULTS}/captcha-{{scheme}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{sys.executable} -m halftone_utils.ladder --schemes {{wildcards.scheme}}"


rule crnn:
    output:
        update(f"{RESULTS}/crnn-{{scheme}}-n{{n}}-seed0.json"),
    threads: workflow.cores or 1
    shell:
        f"{sys.executable} -m halftone_utils.crnn {{wildcards.scheme}} --n {{wildcards.n}}"


rule report:
    shell:
        f"{sys.executable} -m halftone_utils.report"


# A result is one papermill run of train_cell, whose page is kept.
rule cell:
    input:
        sets_of,
    output:
        update(RESULT),
        update(f"{RESULTS}/{{stem}}.npz"),
    params:
        cell=lambda wildcards: CELLS[wildcards.stem],
        page="report/cells/{stem}.ipynb",
    threads: workflow.cores or 1
    resources:
        mem_mb=16_000,
        runtime=600,
    shell:
        "mkdir -p report/cells && "
        f"{sys.executable} -m papermill notebooks/train_cell.ipynb {{params.page}} "
        "-p architecture {params.cell.architecture} -p size {params.cell.size} "
        "-p train_on {params.cell.train_on} -p seed {params.cell.seed} "
        "-p full True"


rule halftone_set:
    output:
        touch(SET),
    threads: workflow.cores or 1
    shell:
        f"{sys.executable} -m halftone_utils.halftone_mnist talk --size {{wildcards.size}}"


def originals_of(wildcards):
    """The networks of that size, trained on originals, seed 0."""
    return [
        ancient(f"{RESULTS}/{cell.stem}.json")
        for cell in CELLS.values()
        if (cell.size, cell.train_on, cell.seed) == (int(wildcards.size), "original", 0)
    ]


rule frontier:
    input:
        originals_of,
    output:
        update(f"{RESULTS}/frontier-{{size}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{sys.executable} -m halftone_utils.frontier --size {{wildcards.size}}"


# Style transfer of a large picture takes 64 times as long: fewer digits, fewer iterations.
rule curves:
    input:
        originals_of,
    output:
        update(f"{RESULTS}/strength-networks-{{size}}.json"),
        update(f"{RESULTS}/weights-networks-{{size}}.json"),
    params:
        command=f"{sys.executable} -m halftone_utils.strength talk --seeds 0 --architectures "
        + " ".join(classifiers.ARCHITECTURES),
        iterations=lambda wildcards: {"32": "--n 300 --iterations 50",
                                      "256": "--n 100 --iterations 20"}[wildcards.size],
        ratios=lambda wildcards: {"32": "--n 300", "256": "--n 100"}[wildcards.size],
    threads: workflow.cores or 1
    shell:
        "{params.command} --size {wildcards.size} {params.iterations} "
        "--save strength-networks-{wildcards.size} && "
        "{params.command} --size {wildcards.size} {params.ratios} "
        "--save weights-networks-{wildcards.size} "
        "--ratios 1 0.3 0.1 0.03 0.01 0.003 0.0025 0.002 0.0015 0.00125 0.001 0.0003 0.0001"

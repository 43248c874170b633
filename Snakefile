# The grid as a workflow: `snakemake results --cores all` trains what has no result yet, and
# `snakemake report --cores 1` makes the report of what results there are; it trains nothing.
import os
import shlex
import sys
from pathlib import Path

from halftone_utils.captcha import SCHEMES
from halftone_utils.engine import files
from halftone_utils.networks.architectures import ARCHITECTURES
from halftone_utils.studies import grid

# what is freed stays with the process: fresh pages for every feature map cost a third of the time
os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "100000000000")
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
# float32 on a GPU is float32: its halftones are then a processor's but for rounding
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")

PYTHON = shlex.quote(sys.executable)
HALFTONE = f"{PYTHON} -m halftone_utils"
EXPERIMENTS = {experiment.stem: experiment for experiment in grid.experiments()}
# as one names a target: snakemake data/results/lenet-32-original-s0.json
RESULTS = os.path.relpath(files.RESULTS)
RESULT = f"{RESULTS}/{{stem}}.json"
SET = f"{files.CACHE}/halftone-mnist/talk-{{size}}.built"


def sets_of(wildcards):
    """The halftones that an experiment without a result reads; with one, their absence is no matter."""
    if Path(RESULT.format(stem=wildcards.stem)).exists():
        return []
    return ancient(SET.format(size=EXPERIMENTS[wildcards.stem].size))


CRNN_SCHEMES = ("plain", "round-dots", "iso-tone-angle", "iso-tone-kind", "iso-tone-mixed", "iso-dipole")


wildcard_constraints:
    stem="|".join(EXPERIMENTS),
    size="|".join(map(str, grid.sizes())),
    scheme="|".join(SCHEMES),
    n=r"\d+",
    study="attacks|channel|undoing|distance|tones|teacher|batch-parts",
    network="|".join(ARCHITECTURES),
    seed=r"\d+",


rule results:
    input:
        expand(RESULT, stem=EXPERIMENTS),
        expand(f"{RESULTS}/{{kind}}-{{size}}.json", size=grid.sizes(),
               kind=("frontier", "strength-networks", "weights-networks")),


# Page 10's: `snakemake captchas --cores all`, about two hours on 2 cores.
rule captchas:
    input:
        f"{RESULTS}/dipole-settings.json",
        expand(f"{RESULTS}/captcha-{{scheme}}.json", scheme=SCHEMES),
        expand(f"{RESULTS}/crnn-{{scheme}}-n{{n}}-seed0.json", scheme=CRNN_SCHEMES, n=(100, 1000, 10000)),


# Page 11's: what data/claims.toml asks for, many hours on 2 cores.
rule claims:
    input:
        expand(f"{RESULTS}/factors-{{network}}-s{{seed}}.json",
               network=("lenet", "alexnet", "resnet18"), seed=(0, 1, 2)),
        expand(f"{RESULTS}/{{study}}-{{network}}-32-original-s{{seed}}.json",
               study=("channel", "rivals", "places", "undoing", "distance", "tones"), network=ARCHITECTURES, seed=(0, 1, 2)),
        expand(f"{RESULTS}/{{file}}-s{{seed}}.json",
               file=("uncertainty-lenet", "window-lenet", "legibility", "places-observer", "tones-vgg16-features"), seed=(0, 1, 2)),
        expand(f"{RESULTS}/teacher-{{network}}-32-original-s{{seed}}.json",
               network=("lenet", "alexnet", "resnet18"), seed=(0, 1, 2)),
        expand(f"{RESULTS}/batch-parts-resnet18-32-original-s{{seed}}.json", seed=(0, 1, 2)),
        expand(f"{RESULTS}/talk-pair-s{{seed}}.json", seed=(0, 1, 2)),
        expand(f"{RESULTS}/divisions-{{network}}-32-original-s{{seed}}.json",
               network=("lenet", "alexnet", "resnet18"), seed=(0, 1, 2)),
        expand(f"{RESULTS}/curriculum-vgg16-s{{seed}}.json", seed=(0, 1, 2)),
        expand(f"{RESULTS}/{{study}}-{{network}}-s{{seed}}.json",
               study=("worst-case", "corruptions"), network=("lenet", "alexnet", "resnet18"), seed=(0, 1, 2)),
        f"{RESULTS}/photographs-efficientnet_lite0.json",
        expand(f"{RESULTS}/attacks-{{network}}-32-original-s{{seed}}.json",
               network=("lenet", "alexnet", "resnet18"), seed=(0, 1, 2)),
        expand(f"{RESULTS}/attacks-{{network}}-32-original-s0.json", network=ARCHITECTURES),


rule factors:
    output:
        update(f"{RESULTS}/factors-{{network}}-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} factors {{wildcards.network}} --seed {{wildcards.seed}}"


# trains networks of every training set; checkpoints are kept, so the second study trains none
rule of_every_training:
    output:
        update(f"{RESULTS}/{{study}}-{{network}}-s{{seed}}.json"),
    wildcard_constraints:
        study="worst-case|corruptions",
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} {{wildcards.study}} {{wildcards.network}} --seed {{wildcards.seed}}"


rule uncertainty:
    output:
        update(f"{RESULTS}/uncertainty-lenet-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} uncertainty --seed {{wildcards.seed}}"


rule window:
    output:
        update(f"{RESULTS}/window-lenet-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} window --seed {{wildcards.seed}}"


rule of_channel:
    input:
        ancient(f"{RESULTS}/channel-{{network}}-32-original-s{{seed}}.json"),
    output:
        update(f"{RESULTS}/{{study}}-{{network}}-32-original-s{{seed}}.json"),
    wildcard_constraints:
        study="divisions|places|rivals",
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} {{wildcards.study}} {{wildcards.network}} --seed {{wildcards.seed}}"


rule talk_pair:
    input:
        expand(f"{RESULTS}/factors-{{network}}-s{{{{seed}}}}.json", network=("lenet", "alexnet")),
    output:
        update(f"{RESULTS}/talk-pair-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} talk-pair --seed {{wildcards.seed}}"


rule curriculum:
    output:
        update(f"{RESULTS}/curriculum-vgg16-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} curriculum --seed {{wildcards.seed}}"


rule tones_of_vgg_features:
    output:
        update(f"{RESULTS}/tones-vgg16-features-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} tones vgg16-features --seed {{wildcards.seed}}"


rule places_of_the_observer:
    output:
        update(f"{RESULTS}/places-observer-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} places observer --seed {{wildcards.seed}}"


rule photographs:
    output:
        update(f"{RESULTS}/photographs-efficientnet_lite0.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} photographs"


rule legibility:
    output:
        update(f"{RESULTS}/legibility-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} legibility --seed {{wildcards.seed}}"


ruleorder: of_channel > of_a_network


rule of_a_network:
    output:
        update(f"{RESULTS}/{{study}}-{{network}}-32-original-s{{seed}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} {{wildcards.study}} {{wildcards.network}} --seed {{wildcards.seed}}"


rule ladder:
    output:
        update(f"{RESULTS}/captcha-{{scheme}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} ladder --schemes {{wildcards.scheme}}"


rule dipole:
    output:
        update(f"{RESULTS}/dipole-settings.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} dipole"


rule crnn:
    output:
        update(f"{RESULTS}/crnn-{{scheme}}-n{{n}}-seed0.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} crnn {{wildcards.scheme}} --n-train {{wildcards.n}}"


rule report:
    shell:
        f"{HALFTONE} report"


# A result is one papermill run of the page `experiment`, which is kept.
rule experiment:
    input:
        sets_of,
    output:
        update(RESULT),
        update(f"{RESULTS}/{{stem}}.npz"),
    params:
        of=lambda wildcards: EXPERIMENTS[wildcards.stem],
        page="report/experiments/{stem}.ipynb",
    threads: workflow.cores or 1
    resources:
        mem_mb=16_000,
        runtime=600,
    shell:
        "mkdir -p report/experiments && "
        f"{PYTHON} -m papermill notebooks/experiment.ipynb {{params.page}} "
        "-p architecture {params.of.architecture} -p size {params.of.size} "
        "-p train_on {params.of.train_on} -p seed {params.of.seed} "
        "-p full True"


rule halftone_set:
    output:
        touch(SET),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} halftones talk --size {{wildcards.size}}"


def originals_of(wildcards):
    """The networks of that size, trained on originals, seed 0."""
    return [
        ancient(f"{RESULTS}/{experiment.stem}.json")
        for experiment in EXPERIMENTS.values()
        if (experiment.size, experiment.train_on, experiment.seed) == (int(wildcards.size), "original", 0)
    ]


rule frontier:
    input:
        originals_of,
    output:
        update(f"{RESULTS}/frontier-{{size}}.json"),
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} frontier --size {{wildcards.size}}"


# Style transfer of a large picture takes 64 times as long: fewer digits, fewer iterations.
rule curves:
    input:
        originals_of,
    output:
        update(f"{RESULTS}/strength-networks-{{size}}.json"),
        update(f"{RESULTS}/weights-networks-{{size}}.json"),
    params:
        iterations=lambda wildcards: {"32": "--n 300 --iterations 50",
                                      "256": "--n 100 --iterations 20"}[wildcards.size],
        ratios=lambda wildcards: {"32": "--n 300", "256": "--n 100"}[wildcards.size],
    threads: workflow.cores or 1
    shell:
        f"{HALFTONE} strength strength-networks-{{wildcards.size}} "
        "--size {wildcards.size} {params.iterations} && "
        f"{HALFTONE} strength weights-networks-{{wildcards.size}} "
        "--size {wildcards.size} {params.ratios} "
        "--ratios 1 0.3 0.1 0.03 0.01 0.003 0.0025 0.002 0.0015 0.00125 0.001 0.0003 0.0001"

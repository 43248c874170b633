# make report | make test | make lint | make lab : each sets up .venv once, then does its job.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN    := .venv/bin
READY  := .venv/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# the kernel is this environment's own; nothing is written into a user's home
export JUPYTER_PREFER_ENV_PATH := 1

.PHONY: report refresh test chromium lab results selection stylizer bench lint clean

report: $(READY)
	$(BIN)/halftone report

# Takes what the last `make report` made into the repository: figures/, README, executed pages.
refresh: $(READY)
	$(BIN)/halftone refresh

test: $(READY) chromium
	$(BIN)/python -m pytest --nbval-lax

# Where CI is set, the browser that tests/browser drives is installed; elsewhere they say how.
chromium:
	@command -v chromium || command -v chromium-browser || test -z "$$CI" || \
	  { apt-get update --quiet && apt-get install --yes --quiet chromium; } || \
	  echo "Chromium could not be installed: the tests in a browser are skipped."

lab: $(READY)
	$(BIN)/jupyter lab --notebook-dir=notebooks

# Trains every experiment that has no result yet: many hours on 2 cores, resumable.
results: $(READY)
	$(BIN)/snakemake results --cores all --rerun-incomplete

# Measures again, on validation digits, the curve that `talk` was chosen by.
selection: $(READY)
	$(BIN)/halftone strength selection-talk --networks lenet --seeds 0 1 2 --iterations 20

# Trains the stylizer of the large pictures (resumable) and compares it with the optimisation.
stylizer: $(READY)
	$(BIN)/halftone stylizer talk
	$(BIN)/halftone fidelity talk --replace

# Times every path beside what people would use instead (10 minutes, best on a quiet machine);
# the rivals from PyPI are an extra that nothing else needs.
bench: $(READY)
	$(PIP) --editable '.[bench]'
	$(BIN)/python -m benchmarks

# Style, types, the wings' arrows, and that nothing loads a pickle; bandit reads the code of pages
# from scripts made of them.
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf .cache/lint
	$(BIN)/jupyter nbconvert --to script --log-level ERROR --output-dir .cache/lint notebooks/*.ipynb
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive \
	  halftone_utils tests benchmarks data .cache/lint

clean:
	rm -rf report .cache

# All extras but `bench`.  Two solvers bring two builds of OpenCV: the last one installed stays, and
# only the headless one needs no libGL.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python found: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is too old: Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11)."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	  { echo "$(PYTHON) has no venv module: install it (on Debian: apt install python3-venv)."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable '.[all]'
	$(PIP) --force-reinstall --no-deps opencv-python-headless
	touch $@

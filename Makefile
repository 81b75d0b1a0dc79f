# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Torch's CPU build, a tenth of the size of PyPI's, where pip finds it: TORCH_INDEX=URL names PyTorch's index of CPU builds
# (its install page has it). Where it does not, PyPI's build comes, and CUDA with it; so does make setup CUDA=1.
TORCH ?= torch==2.13.0
export TORCH_INDEX
INSTALLED := $(VENV)/.installed

.PHONY: setup demo images test bench lint check fuzz rehearse board rerun format clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@echo "setup: installing into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"setup: Python 3.11 or newer is needed; $(PYTHON) is {sys.version.split()[0]}. Name another: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { echo "setup: $(PYTHON) has no working venv module (on Debian: apt-get install python3-venv)" >&2; exit 1; }
ifdef CUDA
	@$(BIN)/python -m pip install -qq $(TORCH)
else
	@$(BIN)/python -m pip install -qq --no-deps $(addprefix --extra-index-url=,$(TORCH_INDEX)) $(TORCH)+cpu 2>/dev/null || { \
	    echo "setup: pip finds no CPU build of torch, so PyPI's comes, with gigabytes of CUDA; TORCH_INDEX=URL names an index"; \
	    $(BIN)/python -m pip install -qq $(TORCH); }
endif
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@

demo: setup
	@sh docker/demo.sh $(BIN)

# wikiorder-base and wikiorder-runtime, which submissions build upon, and wikiorder-harness. Needs a container engine (sh docker/engine.sh).
images: setup
	@PYTHON=$(BIN)/python sh docker/harness.sh

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# What to run before each commit: no container, browser or GPU, under a minute.
check: lint
	$(BIN)/python -m pytest -m 'not docker and not browser and not gpu and not slow'

# ARGS goes to pytest: make test ARGS='-k coin'
test: setup
	@sh docker/test.sh $(BIN) $(ARGS)

# Damaged files through every reader, for so many minutes; `make test` tries a few thousand.
MINUTES ?= 10
fuzz: setup
	FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest -s tests/fuzz

# How fast, against what: one table, in under ten minutes; RECORD=1 keeps it in tests/benchmarks. ARGS names some of the
# benchmarks, or --size full.
bench: setup
	@$(BIN)/python -m tests.benchmarks $(if $(RECORD),--record) $(ARGS)

# What submissions would score on the sample: those that differ from BASE, or those named in SUBMISSIONS.
BASE ?= origin/main
SUBMISSIONS ?= $(shell git diff --name-only $(BASE)...HEAD | grep -oE '^submissions/[a-z0-9][a-z0-9_-]*' | sort -u)
REHEARSAL := build/rehearsal
rehearse: setup
	@mkdir -p $(REHEARSAL)/results; failed=0; \
	for folder in $(SUBMISSIONS); do \
	    [ -f "$$folder/submission.toml" ] || continue; \
	    $(BIN)/python -m harness evaluate "$$folder" --results $(REHEARSAL)/results || failed=1; \
	done; \
	$(BIN)/python -m harness leaderboard build --results $(REHEARSAL)/results && exit $$failed

# Derive the numbers of every filed bundle anew, then regenerate the board.
RESULTS ?= leaderboard/results
board: setup
	@find $(RESULTS) -name result.json -printf '%h\n' | sort | xargs --no-run-if-empty $(BIN)/python -m harness verify
	@$(BIN)/python -m harness leaderboard build --results $(RESULTS)

# Evaluate one filed row of the embedded sample again, another each week, and say how far the two runs agree.
rerun: setup
	@$(BIN)/python -m harness leaderboard rerun --results $(RESULTS) --out build/rerun.md

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist results runs .mypy_cache .pytest_cache .ruff_cache

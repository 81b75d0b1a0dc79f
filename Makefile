# On a fresh machine, `make demo` and `make test` do their own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Setup installs torch's CPU build, a tenth of the size of PyPI's, if pip finds it. TORCH_INDEX=URL names PyTorch's index of
# CPU builds, which is on its install page. Otherwise, or with CUDA=1, setup installs PyPI's build, which includes CUDA.
TORCH ?= torch==2.13.0
export TORCH_INDEX
# All else comes from docker/locks/dev.txt, by hash, on CPython 3.11 for x86-64 Linux. On another platform, or with LOCKED=0,
# setup installs the newest versions that pyproject.toml allows.
LOCK := docker/locks/dev.txt
LOCKED ?= 1
FITS := import platform as p, sys; sys.exit((p.python_implementation(), *sys.version_info[:2], p.system(), p.machine()) != ("CPython", 3, 11, "Linux", "x86_64"))
INSTALLED := $(VENV)/.installed

.PHONY: setup demo images test bench lint check fuzz rehearse board rerun format clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml $(LOCK)
	@echo "setup: installing into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"setup: Python 3.11 or newer is needed; $(PYTHON) is {sys.version.split()[0]}. Name another: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { echo "setup: $(PYTHON) has no working venv module (on Debian: apt-get install python3-venv)" >&2; exit 1; }
ifdef CUDA
	@$(BIN)/python -m pip install -qq $(TORCH)
else
	@$(BIN)/python -m pip install -qq --no-deps $(addprefix --extra-index-url=,$(TORCH_INDEX)) $(TORCH)+cpu 2>/dev/null || { \
	    echo "setup: pip finds no CPU build of torch; installing PyPI's, with gigabytes of CUDA. TORCH_INDEX=URL names an index"; \
	    $(BIN)/python -m pip install -qq $(TORCH); }
endif
	@if [ "$(LOCKED)" = 1 ] && $(BIN)/python -c '$(FITS)'; then \
	    { $(BIN)/python -m pip install -qq --no-deps --require-hashes --requirement $(LOCK) && \
	      $(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .; } || { \
	        echo "setup: $(LOCK) could not be installed: see above. make setup LOCKED=0 installs the versions that pip finds" >&2; exit 1; }; \
	else \
	    echo "setup: installing without a lock: the newest versions that pyproject.toml allows"; \
	    $(BIN)/python -m pip install -qq --editable '.[dev]'; \
	fi
	@touch $@

demo: setup
	@sh docker/demo.sh $(BIN)

# Build wikiorder-base and wikiorder-runtime, the bases of submissions' images, and wikiorder-harness. Needs a container
# engine (sh docker/engine.sh).
images: setup
	@PYTHON=$(BIN)/python sh docker/harness.sh

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Run this before each commit. It needs no container engine, browser or GPU, and takes several minutes on two cores. The
# tests of one part take seconds: .venv/bin/python -m pytest tests/harness/contract
check: lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m 'not docker and not browser and not gpu and not slow'

# Run every test that this machine can run. ARGS is passed to pytest: make test ARGS='-k coin'
test: setup
	@sh docker/test.sh $(BIN) $(ARGS)

# Feed damaged files to every reader for MINUTES minutes; `make test` tries a few thousand.
MINUTES ?= 10
fuzz: setup
	FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest -s tests/fuzz

# Compare the speed with other programs, in one table, in under ten minutes. RECORD=1 stores it in tests/benchmarks. ARGS
# selects benchmarks by name, or --size full.
bench: setup
	@$(BIN)/python -m tests.benchmarks $(if $(RECORD),--record) $(ARGS)

# Evaluate submissions on the sample: those that differ from BASE, or those that SUBMISSIONS names.
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

# Verify the numbers of every filed bundle, then regenerate the board.
RESULTS ?= leaderboard/record/results
board: setup
	@find $(RESULTS) -name result.json -printf '%h\n' | sort | xargs --no-run-if-empty $(BIN)/python -m harness verify
	@$(BIN)/python -m harness leaderboard build --results $(RESULTS)

# Evaluate one filed row of the embedded sample again, a different one each week, and report how far the two runs agree.
rerun: setup
	@$(BIN)/python -m harness leaderboard rerun --results $(RESULTS) --out build/rerun.md

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist results runs .mypy_cache .pytest_cache .ruff_cache

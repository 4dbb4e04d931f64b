# Needs Python 3.11 or newer, pip and make; everything else is installed into .venv from pinned versions.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# What running needs, and on top of it what tests and checks need.
RUN := .venv/.installed
DEV := .venv/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Hundreds of processes that tests start would each compile everything anew where the environment says to keep no bytecode.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test quick check audit bench faults soak lock clean install

help: ## Say what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN) ## Start a demo city on http://127.0.0.1:8000 (ONCE=1: show what arrives, then end; PORT=…)
	@$(BIN)/syndication demo --port $(PORT) $(if $(ONCE),--once)

test: $(DEV) ## Run the whole test suite on real parts
	@$(BIN)/python .ci/test.py $(ARGS)

quick: $(DEV) ## Check what you changed, in under a minute: style, types and the tests that stand nearest
	@$(BIN)/python .ci/quick.py $(ARGS)

check: $(DEV) ## Check style, types, architecture and docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

audit: ## Ask a public list about known holes in the pinned packages
	$(PYTHON) .ci/audit.py

bench: $(DEV) ## Measure the figures of docs/benchmarks.md and write them to bench/results.json
	$(BIN)/python -m bench $(ARGS)

faults: $(DEV) ## Break a city in every known way and write docs/reliability.md (SEEDS=n; some twenty minutes)
	$(BIN)/python -m faults --seeds $(or $(SEEDS),1) $(ARGS)

soak: $(DEV) ## Half an hour of posts and kills, then of posts: nothing lost, nothing grows (MINUTES=n)
	$(BIN)/python -m faults.soak --minutes $(or $(MINUTES),30) $(ARGS)

install: $(RUN) ## Install into .venv what running needs

$(RUN): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Python 3.11 or newer is needed; {sys.executable} is {v[0]}.{v[1]}. Say which with PYTHON=…")'
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python .ci/install.py requirements.lock "running needs"
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	@$(BIN)/python .ci/install.py requirements-dev.lock "tests and checks need"
	@touch $@

# The second holds the packages of the first as well, in the same versions.
LOCKER := .venv/locker
COMPILE := $(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--custom-compile-command "make lock" --upgrade --extra build
lock: ## Pin the dependencies of pyproject.toml anew
	$(PYTHON) -m venv $(LOCKER)
	$(LOCKER)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev --constraint requirements.lock pyproject.toml -o requirements-dev.lock
	rm -rf $(LOCKER)

clean: ## Remove what was installed and built
	rm -rf .venv .demo bench/results.json

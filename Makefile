# Needs Python 3.11 or newer, pip and make; everything else is installed into .venv from pinned versions.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
STAMP := .venv/.installed

# Hundreds of processes that tests start would each compile everything anew where the environment says to keep no bytecode.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test quick check audit bench faults soak lock clean install

help: ## Say what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## Start a demo city on http://127.0.0.1:8000 (ONCE=1: show what arrives, then end; PORT=…)
	@$(BIN)/syndication demo --port $(PORT) $(if $(ONCE),--once)

test: $(STAMP) ## Run the whole test suite on real parts
	$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

quick: $(STAMP) ## Check what you changed, in under a minute: style, types and the tests that stand nearest
	@$(BIN)/python .ci/quick.py $(ARGS)

check: $(STAMP) ## Check style, types, architecture and docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py

audit: ## Ask a public list about known holes in the pinned packages
	$(PYTHON) .ci/audit.py

bench: $(STAMP) ## Measure the figures of docs/benchmarks.md and write them to bench/results.json
	$(BIN)/python -m bench $(ARGS)

faults: $(STAMP) ## Break a city in every known way and write docs/reliability.md (SEEDS=n; some twenty minutes)
	$(BIN)/python -m faults --seeds $(or $(SEEDS),1) $(ARGS)

soak: $(STAMP) ## Half an hour of posts and kills, then of posts: nothing lost, nothing grows (MINUTES=n)
	$(BIN)/python -m faults.soak --minutes $(or $(MINUTES),30) $(ARGS)

install: $(STAMP) ## Install into .venv

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"Python 3.11 or newer is needed; {sys.executable} is {v[0]}.{v[1]}. Say which with PYTHON=…")'
	@echo "Installing into .venv, once; this takes a while"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(STAMP) ## Pin the dependencies of pyproject.toml anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --no-header --custom-compile-command "make lock" --upgrade pyproject.toml -o requirements.lock

clean: ## Remove what was installed and built
	rm -rf .venv .demo bench/results.json

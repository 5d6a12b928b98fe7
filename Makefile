# Greenroom: what the README promises. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help run test lint bench crash image lock clean

help: ## List these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /make \1	/' | expand -t 14

run: $(VENV)/run.stamp ## Start the demo bot on the Stage and print the address
	@exec $(BIN)/greenroom run demo

test: $(VENV)/test.stamp ## Run all tests; what needs a missing server or contract file skips with its reason
	@$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/test.stamp ## Check format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp ## Measure, beside the peers; writes tests/benchmarks/out/latest.jsonl
	@$(BIN)/python tests/benchmarks/run.py $(BENCH)

crash: $(VENV)/test.stamp ## Kill the bot 200 times on each kind of platform, and show a table (a quarter of an hour)
	@$(BIN)/python tests/system/crash_everywhere.py $(CRASH)

image: $(VENV)/test.stamp ## Build the container image, and run a bot in it without rights (needs podman; minutes)
	@tests/packaging/image_base.sh
	@$(BIN)/python -m pytest tests/packaging/image_runs.py

lock: $(VENV)/test.stamp ## Write the locked requirements anew
	@$(PIP) uv
	@$(LOCK) pyproject.toml --group build --output-file requirements/run.txt
	@$(LOCK) pyproject.toml --extra c2pa --extra keyring --extra knowledge --extra metrics --extra nostr --extra otel --extra postgres --extra testing --extra tools --extra video --group build --group dev --output-file requirements/test.txt
	@$(LOCK) pyproject.toml --extra c2pa --extra knowledge --extra metrics --extra nostr --extra otel --extra postgres --extra tools --extra video --constraint requirements/test.txt --output-file requirements/container.txt
	@$(LOCK) --group build --constraint requirements/test.txt --output-file requirements/build.txt

clean: ## Take away what these commands made (bots' data stays)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Greenroom needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@echo "Making the virtual environment ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies (once; about a minute) ..."
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/run.stamp
	@echo "Installing what the tests need (once; about a minute) ..."
	@$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

# Every target installs what it needs into .venv first; nothing has to be done before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo demo-inspection test check bench clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

demo: $(VENV)/.runs ## a verdict and a dossier on real mammographic data
	@$(BIN)/roadworthy demo

demo-inspection: $(VENV)/.inspects ## photographs of cloth, from training to the page to sign (10 minutes)
	@$(BIN)/python examples/inspection/demo.py --into roadworthy-inspection

test: $(VENV)/.develops ## the whole test suite, slow tests included
	@$(BIN)/python -m pytest -n auto -q

check: $(VENV)/.develops ## format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.develops ## what judging costs on 1e6 and 1e7 cases, into bench/RESULTS.md (minutes; BENCH='--largest 1e8')
	@$(BIN)/python bench/run.py $(BENCH)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@$(BIN)/python bench/triage.py
	@$(BIN)/python bench/decide.py
	@$(BIN)/python bench/store.py
	@$(BIN)/python bench/vault.py
	@$(BIN)/python bench/compress.py
	@$(BIN)/python bench/images.py
	@$(BIN)/python bench/scoring.py
	@$(BIN)/python bench/training.py
	@$(BIN)/python -W ignore bench/uncertainty.py

clean: ## remove what was made here
	rm -rf $(VENV) roadworthy-demo roadworthy-inspection

$(VENV)/.runs: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing roadworthy into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.inspects: pyproject.toml $(VENV)/.runs
	@echo "installing what the inspection demo needs into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[torch,onnx,images,examples]'
	@touch $@

$(VENV)/.develops: pyproject.toml $(VENV)/.runs
	@echo "installing the tools for tests and checks into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# Everything a fresh machine needs: python3.11 (with pip and venv) and make. Each target sets up what it uses.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamps
HOME_DIR ?= var
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := False
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast lint dev desk notebooks bench card encoder later screenshots docs lock reference clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP)/packages: requirements.lock
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the pinned packages (2 to 4 minutes the first time)"
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/project: $(STAMP)/packages pyproject.toml
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@mkdir -p $(STAMP) && touch $@

setup: $(STAMP)/project  ## create .venv from the lock and install the project, editable

run: setup  ## the main job: demo inbox if the inbox is empty, then the whole quarter into ./var
	@$(BIN)/kelisim run --home $(HOME_DIR)

test: setup  ## lint, types, import direction, then every test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup  ## unit and contract tests only
	@$(BIN)/python -m pytest tests/unit tests/contracts

lint: setup  ## ruff, pyright and import-linter
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

dev: setup  ## Dagster's user interface on 127.0.0.1:3000
	@KELISIM_HOME=$(abspath $(HOME_DIR)) $(BIN)/kelisim dev

desk: setup  ## the reviewers' pages on 127.0.0.1
	@$(BIN)/kelisim desk --home $(HOME_DIR)

notebooks: setup  ## open the notebooks on 127.0.0.1; they read the warehouse and write nothing
	@KELISIM_HOME=$(abspath $(HOME_DIR)) MARIMO_SKIP_UPDATE_CHECK=1 $(BIN)/marimo edit notebooks --host 127.0.0.1

bench: setup  ## the benchmarks; each prints what it measured and on what data
	@$(BIN)/python -m benchmarks

card: setup  ## docs/model-card.md: data, scores, fairness, calibration, failures, all measured now
	@$(BIN)/python -m benchmarks discourse_card

# PyTorch stays out of .venv: only this target needs it. It sees the project's own packages through a .pth file.
encoder: setup  ## tune the text encoder to the corpus again: an hour on two cores, needs 1 GB for PyTorch
	@test -x $(VENV)-encoder/bin/python || $(PYTHON) -m venv $(VENV)-encoder
	@$(VENV)-encoder/bin/python -m pip install --quiet -r tuning/requirements.txt
	@echo "$(abspath $(VENV))/lib/python3.11/site-packages" > $(VENV)-encoder/lib/python3.11/site-packages/kelisim.pth
	@$(VENV)-encoder/bin/python -m tuning

later: setup  ## keep what the encoder says of hands written after it was tuned, so that training need not read them
	@$(BIN)/python -m tuning.later

screenshots: setup  ## the pictures of the guides, from ./var; needs a Chromium browser
	@$(BIN)/python docs/screenshots.py --home $(HOME_DIR)

docs: setup  ## docs/tables and docs/sources from the contracts
	@$(BIN)/kelisim docs docs

lock: setup  ## resolve the packages again and write requirements.lock (hashes, no hosts)
	@$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --extra dev --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock

clean:  ## remove the environment, caches and ./var
	@rm -rf $(VENV) $(VENV)-encoder $(HOME_DIR) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

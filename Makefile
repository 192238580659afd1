# `make help` lists the targets. Everything is set up in .venv; nothing else needs to be installed.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two workers, the smallest machine that the suite is timed for.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-browser test-exhaustive bench bench-peers docs check lint types format data \
  wheel-smoke clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with tokeval, its extras and what development needs

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all]" --group dev
	@touch $(STAMP)

demo: $(STAMP) ## compare nine tokenizers on the demo corpus; no network needed once set up
	@$(BIN)/tokeval compare configs/demo.toml
	@echo "the report lies at out/demo/report.md, and as a page at out/demo/report.html"

test: $(STAMP) ## run the tests (those marked real_data need TOKEVAL_TEST_DATA)
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not exhaustive"

bench: $(STAMP) ## time the vocabulary command, the fast paths, the stages of a run (needs TOKEVAL_TEST_DATA)
	@$(BIN)/python benchmarks/vocab.py
	@PYTHONPATH=. $(BIN)/python benchmarks/encode.py
	@$(BIN)/python benchmarks/startup.py

test-browser: $(STAMP) ## open the HTML report in Chromium (installed if need be); screenshots in out/screenshots
	@command -v chromium >/dev/null || apt-get install -y --no-install-recommends chromium \
	  || sudo apt-get install -y --no-install-recommends chromium
	@TOKEVAL_SCREENSHOTS=out/screenshots $(BIN)/python -m pytest -m browser

docs: $(STAMP) ## make the excerpt and the pictures of the README from a run of the demo (needs Chromium)
	@$(BIN)/tokeval compare configs/demo.toml --quiet
	@$(BIN)/python docs/excerpt.py
	@$(BIN)/python docs/pictures.py

test-exhaustive: $(STAMP) ## run the slow tests: every document, every tokenizer
	@$(BIN)/python -m pytest -n $(WORKERS) -m exhaustive

check: lint types test ## lint, types, tests

lint: $(STAMP) ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict on the package
	@$(BIN)/mypy

format: $(STAMP) ## mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

data: $(STAMP) ## build corpora/demo.parquet and the demo tokenizers again from their sources
	@$(BIN)/python corpora/build_demo.py
	@$(BIN)/python corpora/train_tokenizers.py

bench-peers: $(STAMP) ## measure tokeval beside toklens and Hugging Face, into benchmarks/RESULTS.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "toklens>=0.1.2"
	@$(BIN)/python benchmarks/peers.py

wheel-smoke: $(STAMP) ## build the wheel, install it alone, and run a comparison with it
	@$(BIN)/python tests/wheel_smoke.py

clean: ## remove what was built
	@rm -rf $(VENV) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

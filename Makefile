# Two commands do everything on a fresh machine with Python >= 3.11, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo demo-reset test test-live lint bench clean

$(VENV)/.installed: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sandbox,test,lint]'
	touch $@

demo: $(VENV)/.installed ## one-shot sync of seeded tickets against the embedded portal and Moodle
	$(BIN)/python -m bridge.sandbox.demo --directory .demo

demo-reset: ## forget what the demo did
	rm -rf .demo

test: $(VENV)/.installed ## all hermetic tests
	$(BIN)/python -m pytest -n auto

test-live: $(VENV)/.installed ## against a real Moodle: MOODLE_URL, MOODLE_TOKEN (docs/testing.md)
	$(BIN)/python -m pytest -m live -rs

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info .demo

# Two commands do everything on a fresh machine with Python >= 3.11, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The tests start many processes; each would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-reset test test-live lint bench lifecycle locale picture clean

$(VENV)/.installed: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[sandbox,test,lint]'
	touch $@

demo: $(VENV)/.installed ## one-shot sync of seeded tickets against the embedded portal and Moodle
	$(BIN)/python -m bridge.sandbox.demo --directory .demo

demo-reset: ## forget what the demo did
	rm -rf .demo

test: $(VENV)/.installed ## all hermetic tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not live'

test-live: $(VENV)/.installed ## against a real Moodle: MOODLE_URL, MOODLE_TOKEN (docs/testing.md)
	$(BIN)/python -m pytest -m live -rs

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed
	$(BIN)/python -m tests.benchmarks

locale: $(VENV)/.installed ## operators' texts: new sentences into the catalogues, the catalogues compiled
	mkdir -p build
	$(BIN)/pybabel -q extract --keywords tr --keywords noop --no-location --output build/otbridge.pot bridge
	$(BIN)/pybabel -q update --domain otbridge --input-file build/otbridge.pot --output-dir bridge/locale --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 140
	$(BIN)/pybabel -q compile --domain otbridge --directory bridge/locale

lifecycle: $(VENV)/.installed ## docs/lifecycle.md, from the gates and the tests that show their answers
	$(BIN)/python docs/lifecycle.py

picture: $(VENV)/.installed ## docs/demo.svg, the picture in the README
	$(BIN)/python docs/picture.py

clean:
	rm -rf $(VENV) build dist *.egg-info .demo

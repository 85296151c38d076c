# Two commands do everything on a fresh machine with Python >= 3.11, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

# The tests start many processes; each would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: extract help demo demo-reset test test-live soak lint bench bench-live lifecycle actions locale picture clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Each stamp is a set of extras; the demo needs neither tests nor linters.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.for-%: setup.cfg setup.py pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[$(EXTRAS)]'
	touch $@

$(VENV)/.for-demo: EXTRAS := sandbox
$(VENV)/.for-test: EXTRAS := sandbox,test
$(VENV)/.for-lint: EXTRAS := sandbox,test,lint
demo: $(VENV)/.for-demo ## one-shot sync of seeded tickets against the embedded portal and Moodle
	$(BIN)/python -m bridge.sandbox.demo --directory .demo

demo-reset: ## forget what the demo did
	rm -rf .demo

test: $(VENV)/.for-test ## all hermetic tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not live'

test-live: $(VENV)/.for-test ## against a real Moodle: MOODLE_URL, MOODLE_TOKEN (docs/testing.md)
	$(BIN)/python -m pytest -m live -rs

soak: $(VENV)/.for-test ## the service over thirty simulated days of outages, jumping clocks and poisoned orders
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -p no:xdist tests/reliability/test_soak.py

lint: $(VENV)/.for-lint ## ruff, mypy --strict over bridge and tests, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.for-test ## benchmarks
	$(BIN)/python -m tests.benchmarks

bench-live: $(VENV)/.for-test ## a prototype on a real Moodle: one program, a call a part, PHP directly
	$(BIN)/python -m tests.benchmarks.live

locale: $(VENV)/.for-test ## operators' texts: new sentences into the catalogues, the catalogues compiled
	mkdir -p build
	$(BIN)/pybabel -q extract --keywords tr --keywords noop --no-location --output build/otbridge.pot bridge
	$(BIN)/pybabel -q update --domain otbridge --input-file build/otbridge.pot --output-dir bridge/locale --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 140
	$(BIN)/pybabel -q compile --domain otbridge --directory bridge/locale

lifecycle: $(VENV)/.for-test ## docs/lifecycle.md, from the gates and the tests that show their answers
	$(BIN)/python docs/lifecycle.py

actions: $(VENV)/.for-test ## what follows from bridge/actions/: its pages, the example settings' tables, the plugin's service
	$(BIN)/python docs/actions.py

picture: $(VENV)/.for-demo ## docs/demo.svg, the picture in the README
	$(BIN)/python docs/picture.py

extract: ## dist/otbridge-extract.pyz, the helper for a 3KL server (docs/whole-site-backups.md): one file, Python alone
	rm -rf build/extract && mkdir -p build/extract dist
	cp -r otbridge_extract build/extract/ && rm -rf build/extract/otbridge_extract/__pycache__
	$(PYTHON) -m zipapp build/extract --main otbridge_extract.cli:main --python '/usr/bin/env python3' --output dist/otbridge-extract.pyz

clean: ## remove what make made
	rm -rf $(VENV) build dist *.egg-info .demo

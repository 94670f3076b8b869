# make verify: set up and run the quick suite.   make test: set up, lint, check types, run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/quick

.PHONY: setup verify test nightly lint types docs clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml .ci/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[test]'
	touch $@

verify: setup
	$(BIN)/graphon verify --quick --out $(OUT)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

test: lint types
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# Random examples of the properties, a thousand each; what fails is kept in .hypothesis/nightly and tried first next time.
nightly: setup
	$(BIN)/python -m pytest tests/properties --hypothesis-profile nightly

docs: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[docs]'
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build dist docs/_build .mypy_cache .pytest_cache .ruff_cache

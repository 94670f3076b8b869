# make verify: set up and run the quick suite.   make test: set up, lint, check types, run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/quick

.PHONY: setup verify test nightly lint types docs evidence coverage mutation quality clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml .ci/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c .ci/constraints.txt -e '.[test]'
# Half of the set-up was pip's compiling, one file after the other, tests of packages too. This takes all cores and leaves
# out what is not imported; a file that cannot be compiled is no error.
	-$(BIN)/python -m compileall -q -j 0 -x '/tests?/|/torch/_inductor/' $(VENV)/lib
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

# All pages. make test builds them too, but for the API reference (tests/repo/test_docs_build.py).
docs: setup
	$(BIN)/python -m sphinx -W -b html docs docs/_build/html

# Evaluate the derivations that changed, for the pages of the statements: a minute or two for all of them.
evidence: setup
	$(BIN)/python docs/_ext/evidence.py

# Branches of both packages that the default run takes; fails below 95 %.
coverage: quality
	rm -rf runs/coverage && mkdir -p runs/coverage
	$(BIN)/python -m coverage run -m pytest -n 2 --dist loadgroup
	$(BIN)/python -m coverage combine
	$(BIN)/python -m coverage json -o runs/coverage/report.json
	$(BIN)/python -m benchmarks.quality.branches runs/coverage/report.json

# Mutants that the tests do not notice: make mutation MODULES=holm-exact SAMPLE=200 SEED=0. Without MODULES all rooms of
# benchmarks/quality/rooms.toml, without SAMPLE all mutants, which is for a night. Stopped, it goes on where it was.
SEED ?= 0
mutation: quality
	$(BIN)/python -m benchmarks.quality.mutation --seed $(SEED) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(MODULES),--modules $(MODULES))

quality: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt -e '.[quality]'

clean:
	rm -rf $(VENV) build dist docs/_build .mypy_cache .pytest_cache .ruff_cache

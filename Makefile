# make demo: a first look. make test: the test suite. Both create the environment they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal
# Threads that wait must not take the cores of those that work.
export OMP_WAIT_POLICY = PASSIVE

.PHONY: help demo test slow oldest setup lint types oracles bench notebooks reference docs screenshots sample model clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.core: pyproject.toml constraints.txt
	@echo "Creating the environment in $(VENV) and installing spamclf ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spamclf needs Python 3.11 or later; say make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@echo "Installing what the tests need ..."
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(VENV)/.dev  ## make the environment to change spamclf in

demo: $(VENV)/.core  ## score data/sample with the shipped model, print the top accounts with why, and write report.html
	@$(BIN)/spamclf score data/sample --top 8
	@$(BIN)/spamclf report data/sample --out report.html

test: $(VENV)/.dev  ## run the fast test suite
	@$(BIN)/$(PYTEST)

slow: $(VENV)/.dev  ## run the long tests
	@$(BIN)/$(PYTEST) -m slow

oldest:  ## run the fast tests with the oldest supported versions, in an environment of their own
	@$(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-oldest.txt \
		--editable '.[test]'
	@.venv-oldest/bin/$(PYTEST)

lint: $(VENV)/.dev  ## check style
	@$(BIN)/ruff check && $(BIN)/ruff format --check

types: $(VENV)/.dev  ## check types
	@$(BIN)/mypy

$(VENV)/.bench: $(VENV)/.dev
	@$(PIP) --constraint constraints.txt --editable '.[bench]'
	@touch $@

oracles: $(VENV)/.bench  ## install what tests of photos, of Spark and benches need (a C++ compiler, Java 17)

bench: $(VENV)/.bench  ## measure speed side by side and, where SPAMCLF_PUBLIC_DATA is set, quality on real logs
	@$(BIN)/python -m tests.benches

notebooks: $(VENV)/.dev  ## run the notebooks and store them with what they show
	@$(BIN)/python -m tests.notebooks_run

reference: $(VENV)/.dev  ## write docs/dataset.md, docs/features.md, docs/api and CITATION.cff as code and pyproject.toml say
	@$(BIN)/python -m tests.reference_pages

$(VENV)/.docs: $(VENV)/.core
	@$(PIP) --constraint constraints.txt --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs  ## build the documentation, warnings being errors; open docs/_build/html/index.html
	@$(BIN)/python -m sphinx -W --keep-going -q -b html -c docs -d docs/_build/doctrees . docs/_build/html

screenshots: $(VENV)/.dev  ## take the pictures of the README anew (needs Chromium and its driver)
	@$(BIN)/python -m tests.screenshots

sample: $(VENV)/.core  ## make data/sample again
	@rm -rf data/sample/photos
	@$(BIN)/python -m spamclf.simulate data/sample --accounts 400 --random-state 0 --overwrite

model: $(VENV)/.core  ## train the shipped model again
	@$(BIN)/python models/make_default.py

clean:  ## remove the environments, caches and built documentation
	rm -rf .venv .venv-oldest .pytest_cache .mypy_cache .ruff_cache .hypothesis docs/_build

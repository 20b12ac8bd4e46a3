# Each target sets up what it needs, once: the stamps in .venv say what is installed.

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(shell command -v $(p))))
BIN := .venv/bin
PYTEST ?= -n auto --dist worksteal

.PHONY: demo test lint bench fuzz clean

demo: .venv/ready-to-run
	$(BIN)/ivmc demo

test: .venv/ready-to-develop
	$(BIN)/pytest $(PYTEST)

lint: .venv/ready-to-develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready-to-develop
	$(BIN)/python -m benchmarks

fuzz: .venv/ready-to-develop
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest $(PYTEST) tests/property

clean:
	rm -rf .venv .bench .hypothesis .*_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ivmc needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

.venv/ready-to-run: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[runtime,cli,embedded]'
	touch $@

.venv/ready-to-develop: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[runtime,cli,embedded,bench,dev]'
	touch $@ .venv/ready-to-run

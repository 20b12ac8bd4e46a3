# Each target sets up what it needs, once: the stamps in .venv say what is installed.

# the first Python that is new enough
PYTHONS := python3 python3.11 python3.12 python3.13 python3.14
BIN := .venv/bin
PYTEST ?= -n auto --dist worksteal
# how long queries and changes are drawn at random
FUZZ_SECONDS ?= 600

.PHONY: demo test lint bench fuzz docs clean

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
	FUZZ_SECONDS=$(FUZZ_SECONDS) HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest $(PYTEST) --hypothesis-show-statistics tests/property

docs: .venv/ready-to-develop
	$(BIN)/python -m scripts.error_pages
	$(BIN)/python -m scripts.rule_pages
	$(BIN)/python -m scripts.support_pages

clean:
	rm -rf .venv .bench .hypothesis .*_cache docs/errors docs/rules docs/support.md

$(BIN)/pip:
	@for python in $(PYTHON) $(PYTHONS); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$$python -m venv .venv"; exec "$$python" -m venv .venv; \
	  fi; \
	done; echo "ivmc needs Python 3.11 or newer; name one: make PYTHON=…" >&2; exit 1

.venv/ready-to-run: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install -qq --editable '.[runtime,cli,embedded]'
	touch $@

.venv/ready-to-develop: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install -qq --editable '.[runtime,cli,embedded,bench,dev]'
	touch $@ .venv/ready-to-run

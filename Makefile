# `make demo` and `make test` each set up `.venv` first; nothing else is needed than Python 3.11 (to 3.13) and make.
# `make test` takes minutes. `make test-all` adds the tests marked `slow`: notebooks, whole runs, several devices, kills.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# The linted files. Those that a user's work leaves in the checkout, such as more notebooks, are none of ours.
OURS := gan_keras tests benchmarks $(or $(shell git ls-files 'notebooks/*.py' 2>/dev/null),$(wildcard notebooks/[01]*.py))

# Whole files go to one of two processes, which share what is costly within a file.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

.PHONY: demo test test-all lint clean

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

demo: $(VENV)/ready
	$(BIN)/python -m gan_keras demo

test: $(VENV)/ready lint
	$(PYTEST) -m "not slow"

test-all: $(VENV)/ready lint
	$(PYTEST)

lint: $(VENV)/ready
	$(BIN)/ruff check $(OURS)
	$(BIN)/ruff format --check $(OURS)

clean:
	rm -rf $(VENV)

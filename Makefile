# Two commands do everything on a fresh machine with Python 3.11 or newer: `make reproduce` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: reproduce test lint check docs clean

reproduce: $(READY)  ## train the component ablation on the embedded data set and print where its table is
	$(BIN)/python -m experiments.run table_ablation_components --seeds 1 --results build/reproduce

test: $(READY)  ## run the whole test suite
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(READY)  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: $(READY)  ## make the committed tables again from the committed runs and compare
	$(BIN)/python -m experiments.report --check

docs: $(READY)  ## the documents as a site in build/site; a broken link fails
	$(BIN)/mkdocs build --strict

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 ..." >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache

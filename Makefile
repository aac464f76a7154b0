# What is done often, in one place; nothing to install beside Python. `make PYTHON=python3.13 venv` takes another one.
PYTHON ?= python3
BIN := .venv/bin

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

venv: $(BIN)/pytest  ## an environment in .venv with everything for development
$(BIN)/pytest: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[test,docs,peers]'
	@touch $@

quick: venv  ## the tests of a minute: every package, no PostgreSQL, no Chromium
	$(BIN)/pytest -q -n 2 -m quick

test: venv  ## all tests but the large ones
	$(BIN)/pytest -q -n 2

large: venv  ## the tests that need minutes or large data
	$(BIN)/pytest -q -m large

lint: venv  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: venv  ## the documentation site in build/site, its links checked
	$(BIN)/python -m mkdocs build

man: venv  ## manual pages of all commands, in build/man
	$(BIN)/python -m tools.man build/man/man1

bench: venv  ## the benchmarks (benchmarks/README.md)
	$(BIN)/python -m benchmarks

.PHONY: help venv quick test large lint docs man bench

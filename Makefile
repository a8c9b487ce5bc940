# make setup | demo | test | check | gallery | docs | bench
# QT=pyqt6 takes the other Qt, PYTHON=... another interpreter, PYTEST_ARGS=... narrows the tests,
# SCENES="window maps" draws these pictures only.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Qt of the environment that is there, PyQt5 in a new one.
QT ?= $(or $(patsubst .venv/.setup-%,%,$(firstword $(wildcard .venv/.setup-*))),pyqt5)
PYTHON ?=
PYTEST_ARGS ?=
SCENES ?=
export PYTHON

BIN := .venv/bin
STAMP := .venv/.setup-$(QT)
SCREENSHOT := screenshots/demo.png
XVFB := env QT_QPA_PLATFORM=xcb xvfb-run --auto-servernum --server-args="-screen 0 1920x1200x24"

# Public scans beside the checkout, for the tests that want real ones.
ifneq ($(wildcard ../shared/data/README.md),)
export RADIOGEN_DATA ?= $(realpath ../shared/data)
endif

.PHONY: help setup demo test test-core check gallery docs bench

help:
	@sed -n '1,3s/^# //p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh scripts/system.sh
	@bash scripts/setup.sh $(QT)
	@rm -f .venv/.setup-*
	@touch $@

demo: setup
ifneq ($(strip $(DISPLAY)$(WAYLAND_DISPLAY)),)
	@$(BIN)/radiogen demo
else
	@echo "No display here; the demo's window is drawn on a virtual one and saved to:"
	@mkdir -p $(dir $(SCREENSHOT))
	@$(BIN)/radiogen demo --screenshot $(SCREENSHOT)
endif

test: setup
	@$(XVFB) $(BIN)/python -m pytest $(PYTEST_ARGS)

# The core alone: a second environment without Qt and napari.
test-core: .venv-core/.setup
	@.venv-core/bin/python -m pytest --ignore=tests/plugin --ignore=tests/integration $(PYTEST_ARGS)

.venv-core/.setup: pyproject.toml constraints.txt $(STAMP)
	@$(BIN)/python -m venv --clear .venv-core
	@.venv-core/bin/python -m pip install -qq --disable-pip-version-check \
	  --constraint constraints.txt --editable ".[train]" pytest pytest-timeout hypothesis import-linter npe2
	@touch $@

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

gallery: setup
	@$(XVFB) $(BIN)/python -m scripts.gallery $(SCENES)

docs: setup
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs
	@echo "Documentation: $(abspath build/docs/index.html)"

bench: setup
	@for script in $(sort $(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script"; done

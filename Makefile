# Everything starts here: `make` lists the commands.
# Each one sets up what it needs in .venv first; a second call finds it done.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SITE := _build/html/index.html

# A page's source, and what every page is made with.
PAGES := $(shell find book -type f \( -name '*.md' -o -name '*.ipynb' \) -not -path '*/.*')
HOUSE := $(shell find code book -type f -not -path '*/.*' -not -path '*/__pycache__/*' \
           -not -path '*.egg-info/*' -not -path 'book/_tools/*' -not -name '*.md' -not -name '*.ipynb') \
         _config.yml _toc.yml

# The same commit gives the same book.
export PYTHONHASHSEED := 0
COMMITTED := $(shell git log -1 --format=%ct 2>/dev/null)
ifneq ($(COMMITTED),)
export SOURCE_DATE_EPOCH ?= $(COMMITTED)
endif

# `python3` among the kernels is this project's, whatever else is installed on the machine.
export JUPYTER_PREFER_ENV_PATH := 1
unexport JUPYTER_PATH

.DEFAULT_GOAL := help
.PHONY: help book test lab bench notebooks pins clean
.DELETE_ON_ERROR:

help: ## list the commands
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1@/p' Makefile | awk -F@ '{ printf "  %-16s %s\n", $$1, $$2 }'

book: $(SITE) ## build the book and say where it is
	@echo "The book is at file://$(abspath $(SITE))"

test: $(SITE) ## run every check, with a real browser
	$(BIN)/python tests/browser.py
	$(BIN)/python -m pytest -n 2

lab: $(INSTALLED) ## open the notebooks in JupyterLab
	cd book && ../$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root)

bench: $(SITE) ## measure the package, the figures and the pages
	$(BIN)/python benchmarks

notebooks: $(INSTALLED) ## run the notebooks again and store their outputs
	$(BIN)/python book/_tools/notebooks.py --execute

pins: $(INSTALLED) ## renew requirements.txt after a change in pyproject.toml
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --all-extras \
	  --no-emit-package gradients-through-time --custom-compile-command 'make pins' \
	  pyproject.toml --output-file requirements.txt

clean: ## remove what was built, but not .venv
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis code/*.egg-info

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
	  { echo "This needs Python 3.11 to 3.14; if you have one under another name: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: install it (on Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }
	@echo "Setting up $(VENV): once, a minute or two."
	$(PYTHON) -m venv $(VENV)
	$(PIP) --requirement requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Sphinx sees which pages changed, but not that what they are made with did: then all are built anew.
# So they are after a failure: Sphinx warns of a page only when it reads it.
$(SITE): $(PAGES) $(HOUSE) $(INSTALLED)
	$(if $(filter-out $(PAGES),$?),rm -rf _build/html _build/.doctrees)
	@echo "Building the book: a minute or so, then its address."
	$(BIN)/jupyter-book build . -q -W -n --keep-going || { rm -rf _build/html _build/.doctrees; exit 1; }
	@touch $@

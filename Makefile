# Needs make and any Python from 3.11 on; everything else goes into .venv.
# `make PYTHON=/path/to/python3.12 test` chooses the interpreter of a new .venv.

.DEFAULT_GOAL := help
# Two verbs asked for at once share one .venv, so they take turns even under -j.
.NOTPARALLEL:
.PHONY: help report test lint docs tutorial bench fuzz wheel clean FORCE

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; \
	done)
# Versions that pass together; `make test CONSTRAINTS=` takes the newest that pyproject.toml allows.
CONSTRAINTS ?= constraints.txt
VENV ?= .venv
OUT ?= report
DIST ?= dist
SITE ?= docs/_build
ARGS ?=
EXAMPLES ?= 10000

bin := $(VENV)/bin
browsers := chromium chromium-browser google-chrome chrome
pip := PIP_DISABLE_PIP_VERSION_CHECK=1 $(bin)/python -m pip install -q \
	$(if $(CONSTRAINTS),-c "$(CONSTRAINTS)",--upgrade --upgrade-strategy eager)

# An environment knows its own absolute path: a checkout that was moved starts afresh.
ifneq ($(shell cat $(VENV)/.made 2>/dev/null),$(CURDIR))
$(VENV)/.made: FORCE
endif
# It knows what it was made with: other constraints are another set of versions.
ifneq ($(shell cat $(VENV)/.constraints 2>/dev/null),$(CONSTRAINTS))
$(VENV)/.constraints: FORCE
endif

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

report: $(VENV)/.installed ## install and draw the default Pareto report; OUT=folder (default: report)
	$(bin)/ldpaudit compare --out "$(OUT)"
	@$(bin)/python -c 'import pathlib, sys; print("The page:", pathlib.Path(sys.argv[1], "report.html").resolve())' "$(OUT)"

test: $(VENV)/.ready ## run every test; ARGS="-k mss" narrows it down
	@for b in $(browsers); do command -v "$$b" >/dev/null && exit 0; done; \
	[ -n "$$LDPAUDIT_CHROMIUM" ] || echo "No Chromium here, so the tests of the page in a browser are skipped;" \
		"Debian has it as 'apt-get install chromium', and LDPAUDIT_CHROMIUM can name another one." >&2
	OMP_NUM_THREADS=1 $(bin)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

lint: $(VENV)/.ready ## ruff, mypy and the law of imports
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/mypy --explicit-package-bases tests
	$(bin)/mypy --explicit-package-bases examples/ring/ldpaudit_ring
	$(bin)/lint-imports

docs: $(VENV)/.documented ## build the documentation site; SITE=folder (default: docs/_build)
	$(bin)/python -m sphinx -q -W --keep-going -b html docs "$(SITE)"
	@$(bin)/python -c 'import pathlib, sys; print("The site:", pathlib.Path(sys.argv[1], "index.html").resolve())' "$(SITE)"

tutorial: $(VENV)/.ready ## run the tutorial notebook again and keep what it shows
	$(bin)/python docs/site/tutorial.py

bench: $(VENV)/.ready ## time it beside its peers, into benchmarks/RECORD.md; ARGS="clients scale" narrows it down
	$(bin)/python benchmarks/record.py $(ARGS)

fuzz: $(VENV)/.ready ## try more random input; EXAMPLES=10000 for each entry
	LDPAUDIT_FUZZ_EXAMPLES="$(EXAMPLES)" OMP_NUM_THREADS=1 $(bin)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m fuzz $(ARGS)

wheel: $(VENV)/.ready ## build the source archive and the wheel; DIST=folder (default: dist)
	rm -f "$(DIST)"/ldpaudit-*
	$(bin)/python -m build --no-isolation --outdir "$(DIST)" .

clean: ## remove the environment, builds and caches; results stay
	rm -rf $(VENV) build dist ldpaudit.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache docs/_build docs/reference
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ] || ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "ldpaudit needs Python 3.11 or newer, found none; try: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	"$$python" -m venv --clear "$(VENV)" || { rm -rf "$(VENV)"; \
		echo "$$python cannot make a virtual environment; some systems package that apart (python3-venv)" >&2; exit 1; }
	@printf '%s' "$(CURDIR)" > $@

# The build itself is done with a setuptools of the set, not with the newest of the day.
$(VENV)/.constraints: $(VENV)/.made $(CONSTRAINTS)
	$(pip) setuptools
	@printf '%s' "$(CONSTRAINTS)" > $@

$(VENV)/.installed: $(VENV)/.constraints pyproject.toml
	$(pip) --no-build-isolation -e .
	@touch $@

$(VENV)/.ready: $(VENV)/.constraints pyproject.toml
	$(pip) --no-build-isolation -e '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.documented: $(VENV)/.constraints pyproject.toml
	$(pip) --no-build-isolation -e '.[docs]'
	@touch $(VENV)/.installed $@

FORCE:

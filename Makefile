# Everything from a fresh clone: Python 3.11, make and sh are enough. `make help` lists what there is.
#
# PYTHON=…               the interpreter to build .venv with (3.11 or later)
# JOBS=…                 how many files of tests run at a time (2)
# ONECASE_NO_BROWSER=1   leave the browser tests out, also where a Chromium is at hand or could be installed

PYTHON ?= python3.11
PY := .venv/bin/python
SEED := 1
JOBS ?= 2
WORLDS ?= 500
PORT ?= 8080
SANDBOX_PORT ?= 8090

# Python keeps what it compiled: without that each start of a service compiles all our modules anew, a second each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: setup demo test soak bench lint format lock clean help browser

help:
	@echo "make setup    .venv with everything, from the lock files"
	@echo "make demo     the service, a sandbox of telephones and mailboxes, and a short story; prints the pages to open"
	@echo "make test     format, lint, rooms, types and all tests with fixed seeds (what CI runs)"
	@echo "make soak     all tests with fresh seeds, the slow ones too, then WORLDS=500 simulated worlds"
	@echo "make bench    figures, as ratios within one run"
	@echo "make lint     format, lint, rooms and types alone"
	@echo "make format   rewrite the code in the house's format"
	@echo "make lock     compute both lock files anew from pyproject.toml"
	@echo "make clean    remove .venv and what tools left behind"

# --- setting up: once for each change of a lock file ------------------------------------------------------------------

setup: .venv/.ready

demo: .venv/.runtime
	@exec $(PY) onecase.py demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

.venv/.made:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "$(PYTHON) was not found. On Debian: apt-get install python3.11 python3.11-venv" >&2; \
		echo "Another interpreter, 3.11 or later: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than 3.11: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) comes without venv. On Debian: apt-get install python3.11-venv" >&2; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv
	@touch $@

# $(call install,LOCK): the packages of a lock file, every tenth named; errors go to the screen as pip says them.
define install
	@total=$$(grep -c '^[a-z].*==' $(1)); \
	echo "Installing up to $$total packages from $(1) …"; \
	{ $(PY) -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(1) || touch .venv/.failed; } | { \
		count=0; \
		while read -r word rest; do \
			case "$$word" in Collecting|Processing) ;; *) continue;; esac; \
			count=$$((count + 1)); name=$${rest##*/}; \
			[ $$((count % 10)) -ne 0 ] || echo "  $$count of $$total: $${name%%[=-]*}"; \
		done; }; \
	if [ -e .venv/.failed ]; then \
		rm .venv/.failed; \
		echo "The packages of $(1) could not be installed; pip's words stand above. Is the package registry in reach?" >&2; \
		exit 1; \
	fi
endef

.venv/.runtime: requirements.lock | .venv/.made
	$(call install,requirements.lock)
	@printf '#!/bin/sh\nexec "%s/.venv/bin/python" "%s/onecase.py" "$$@"\n' "$(CURDIR)" "$(CURDIR)" > .venv/bin/onecase
	@chmod +x .venv/bin/onecase
	@touch $@

.venv/.tools: requirements-dev.lock .venv/.runtime
	$(call install,requirements-dev.lock)
	@touch $@

.venv/.ready: pyproject.toml hatch_build.py .venv/.tools
	@$(PY) -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	@touch $@

# --- proving ----------------------------------------------------------------------------------------------------------

lint: setup
	@echo "== format";  .venv/bin/ruff format --check --quiet . || { .venv/bin/ruff format --check . ; echo "mend it: make format" >&2; exit 1; }
	@echo "== lint";    .venv/bin/ruff check --quiet .
	@echo "== rooms";   said=$$(.venv/bin/lint-imports --no-cache) || { echo "$$said"; exit 1; }; echo "$$said" | tail -n 6
	@echo "== types";   .venv/bin/pyright --project pyproject.toml --warnings

# What the browser tests need besides Python: a Chromium. It is installed where that may be done without asking; elsewhere
# those tests are left out, and everything else runs.
LEFT_OUT = == browser tests are LEFT OUT: there is no Chromium, and no leave to install one. To have them: sudo apt-get install chromium (or name one: CHROMIUM=/path)

browser:
	@if [ -n "$$ONECASE_NO_BROWSER" ]; then \
		echo "== browser tests are LEFT OUT, because ONECASE_NO_BROWSER is set"; \
	elif [ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif ! command -v apt-get >/dev/null; then \
		echo "$(LEFT_OUT)"; \
	elif [ "$$(id -u)" = 0 ]; then \
		echo "== installing Chromium for the browser tests …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	elif sudo -n true 2>/dev/null; then \
		echo "== installing Chromium for the browser tests …"; \
		sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
		echo "$(LEFT_OUT)"; \
	fi

test: lint browser
	@echo "== tests (seed $(SEED))"
	@PYTHONHASHSEED=$(SEED) ONECASE_SEED=$(SEED) $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --hypothesis-seed=$(SEED) -m "not slow"

soak: setup browser
	@seed=$${SEED_OF_RUN:-$$(date +%s)}; \
	echo "== all tests, slow ones too; again with the same: make soak SEED_OF_RUN=$$seed"; \
	ONECASE_SOAK=1 ONECASE_SEED=$$seed $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --hypothesis-seed=$$seed && \
	$(PY) -m tests.simulation --seeds $(WORLDS) --from $$seed

bench: setup
	@$(PY) -m bench

# --- keeping house ----------------------------------------------------------------------------------------------------

format: setup
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

LOCKING := .venv/bin/uv pip compile pyproject.toml --quiet --generate-hashes --universal --no-emit-index-url --no-header --python-version 3.11

lock: setup
	$(LOCKING) -o requirements.lock
	$(LOCKING) --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv dist build .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

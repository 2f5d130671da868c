# Everything a person or CI does here. Each target sets up what it needs on a machine that has Python 3.11, make and a
# package index; what needs more (the real parts: Go, nginx, namespaces) says so and is skipped, or fails in CI.

PYTHON ?= python3
UV := .venv/bin/uv
RUN := .venv/bin/
TESTS ?= tests

SECONDS ?= 600
SEED ?=

.PHONY: setup demo test check bench docs clean parts parts-export bench-packets mutants

setup: .venv/ready

.venv/ready: pyproject.toml uv.lock
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	test -x $(UV) || .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	$(UV) sync --frozen --inexact --quiet
	# byte code for a quick start, also where the environment forbids Python to write it
	.venv/bin/python -m compileall -q .venv/lib src
	touch $@

demo: setup
	@$(RUN)aksess demo --to build/demo

test: setup
	$(RUN)pytest -n auto $(TESTS)

check: setup
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports

bench: setup
	$(RUN)python -m bench

# the real parts: built once, then found in the cache
parts:
	$(PYTHON) parts/build.py

parts-export:
	$(PYTHON) parts/build.py --export

bench-packets: setup
	$(RUN)python -m bench.packets --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

mutants: setup
	$(RUN)python -m bench.packets.mutation

docs: setup
	$(RUN)python docs/build.py

clean:
	rm -rf .venv build

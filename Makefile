# Each target does what it needs first. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV := .venv/bin/uv
RUN := $(UV) run --frozen --no-sync
# Bytecode is kept whatever the environment says: each of the hundreds of processes that tests start would compile anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo up test lint proto docs bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

$(UV):
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

# Of these little is imported, and then compiled; compiling all of it would take as long as all the rest.
UNUSED := /(tests|datastore|docutils|moto|mpmath|mypy|mypyc|networkx|pandas|pip|setuptools|sympy)/

.venv/.installed: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet --inexact
	.venv/bin/python -m compileall -qq -j 0 -x '$(UNUSED)' .venv/lib || true
	@touch $@

.venv/.running: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet --inexact --compile-bytecode --no-default-groups --extra embedded
	@touch $@

install: .venv/.installed ## Install everything into .venv

demo: .venv/.running ## Start the platform and stream a believable organisation through it
	.venv/bin/aifinops demo $(ARGS)

up: .venv/.running ## Start the platform, empty
	.venv/bin/aifinops up $(ARGS)

test: .venv/.installed ## Run every test, against a real Kafka where Java and Maven are there
	bash tests/prepare.sh
	bash tests/run.sh $(ARGS)

lint: .venv/.installed ## Format check, lint, types, import rules, proto rules, stubs and references up to date
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	cd proto && ../.venv/bin/buf lint
	bash proto/breaking.sh
	$(RUN) python proto/generate.py --check
	$(RUN) python docs/reference.py --check

proto: .venv/.installed ## Generate the stubs
	$(RUN) python proto/generate.py

docs: .venv/.installed ## Generate the AsyncAPI, OpenAPI and protobuf references
	$(RUN) python docs/reference.py

bench: .venv/.installed ## Measure, as ratios against a baseline in the same run
	$(RUN) python -m bench.ingest
	$(RUN) python -m bench.pricing
	$(RUN) python -m bench.ledger
	$(RUN) python -m bench.budget
	$(RUN) python -m bench.detection
	$(RUN) python -m bench.nab
	$(RUN) python -m bench.anomaly --plain
	$(RUN) python -m bench.pipeline $(ARGS)

clean: ## Remove what the targets made
	rm -rf .venv .kafka .mypy_cache .ruff_cache .pytest_cache .hypothesis

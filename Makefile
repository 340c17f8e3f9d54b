# `make run` and `make test` are all one needs; each sets up what it uses. Python 3.11, git and make must be there.
PYTHON ?= python3.11
STAGE ?= dev
JOBS ?= 2
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup browser run redeploy package deploy destroy test test-fast check format lint types bench clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.ready: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.venv-emulator/.ready: requirements-emulator.txt
	$(PYTHON) -m venv .venv-emulator
	.venv-emulator/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-emulator.txt
	@touch $@

.venv-node/.ready: .venv/.ready tests/regtest/package-lock.json
	$(BIN)/python -m tests.regtest.install

browser: .venv/.ready
	@$(BIN)/python -m tests.browser.install

setup: .venv/.ready .venv-emulator/.ready ## both virtual environments

run: setup ## the exchange on this machine: PORT=8000 DEMO=1; Ctrl-C ends it, data stays in .local/
	@exec $(BIN)/python -m infra.local

redeploy: setup ## new code for the exchange that runs; its data stays
	@$(BIN)/python -m infra.deploy --stage local

package: .venv/.ready ## build/$(STAGE)/: zip and template of STAGE=dev|prod|local
	@$(BIN)/python -m infra.package --stage $(STAGE)

deploy: package ## STAGE=dev|prod to AWS, with the credentials of the environment; asks before data is lost (YES=1: it may)
	@$(BIN)/python -m infra.deploy --stage $(STAGE)

destroy: .venv/.ready ## STAGE=dev on AWS and all that it holds
	@$(BIN)/python -m infra.deploy --stage $(STAGE) --destroy

test: setup .venv-node/.ready browser ## all tests, by JOBS=2 processes: one has the emulator, the other the rest
	$(BIN)/python -m pytest -n $(JOBS)

test-fast: setup .venv-node/.ready browser ## all tests but those on the emulator
	$(BIN)/python -m pytest -m "not deployed"

format: .venv/.ready ## rewrite the layout of the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

lint: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.ready
	$(BIN)/mypy

check: lint types test ## what has to pass before a push: format, lint, types, import rules (a test), tests

bench: .venv/.ready ## how fast, and at what cost
	$(BIN)/python -m bench.matching
	$(BIN)/python -m bench.cost
	$(BIN)/python -m bench.market_data
	$(BIN)/python -m bench.coldstart

clean: ## forget everything that can be made again (not the data in .local/)
	rm -rf build .venv .venv-emulator .venv-node .mypy_cache .ruff_cache .pytest_cache .hypothesis

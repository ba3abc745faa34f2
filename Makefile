# `make demo` and `make test` set up everything they need in .venv, from nothing but Python 3.11 or newer.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# lowest coverage in percent: of everything, and of the pure rooms (branches too)
COVERAGE ?= 85
COVERAGE_PURE ?= 99
PURE := chargepoint/core/*,chargepoint/ocpp/*
# what `make bench` runs; an empty BENCH_ARGS keeps each benchmark's own defaults
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check unit bench docs format setup clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## a station, a vehicle, a meter and a backend on this machine, without hardware
	@$(BIN)/chargepoint demo

test: check unit ## everything that must be green: check, then all tests with coverage

check: setup ## formatting, lint, strict types, import contracts
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

unit: setup
	@$(BIN)/pytest --cov --cov-report= --durations=5
	@$(BIN)/coverage report --skip-covered --skip-empty --fail-under=$(COVERAGE)
	@$(BIN)/coverage report --include='$(PURE)' --skip-covered --skip-empty --fail-under=$(COVERAGE_PURE)

bench: setup ## measure what the targets are about
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

docs: setup ## print the generated pages anew
	@$(BIN)/chargepoint config reference >deploy/.new && mv deploy/.new deploy/CONFIG.md
	@$(BIN)/chargepoint config example >deploy/.new && mv deploy/.new deploy/chargepoint.toml
	@$(BIN)/python deploy/generate_diagrams.py >deploy/.new && mv deploy/.new chargepoint/core/DIAGRAMS.md
	@$(BIN)/python deploy/generate_schema.py

format: setup ## format the code, mend what lint can mend
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

setup: $(READY) ## .venv with the product and its tools

# the stamp is made last, so a set-up that failed half way starts again
$(READY): pyproject.toml
	@for python in python3.13 python3.12 python3.11 python3; do \
		if command -v $$python >/dev/null 2>&1 && \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "setting up $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) || { rm -rf $(VENV); \
				echo "$$python cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }; \
			$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]' || exit 1; \
			touch $@; exit 0; \
		fi; \
	done; \
	echo "no Python 3.11 or newer here (tried python3.13, python3.12, python3.11, python3)"; exit 1

clean: ## take away everything that can be made again
	@rm -rf $(VENV) .demo build dist *.egg-info .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

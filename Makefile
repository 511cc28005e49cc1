# Every target sets up what it needs by itself; `make` alone prints this list.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .venv/boot/bin/uv
BIN := .venv/bin

# Airflow starts a dozen processes: compiled bytecode halves their start-up.
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE := copy

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-rules test-telephony up down clean lint format lock

help:  ## this list
	@echo "Outdial: outbound voice and SMS campaigns on Apache Airflow"
	@echo
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/installed  ## build .venv with the `outdial` command in it

demo: setup  ## run one whole campaign here, watch it, get its report; leaves nothing running
	@$(BIN)/outdial standalone demo

test: setup  ## run the tests
	@$(BIN)/pytest --numprocesses 4

test-telephony: setup  ## the same calls on a real Asterisk 22, fetched without root where it is missing
	@$(BIN)/python -m outdial.local_asterisk
	@$(BIN)/pytest tests/telephony --telephony asterisk --numprocesses 2

test-rules: setup  ## try the rules of who may be called with twenty times as many examples, new ones each time
	@HYPOTHESIS_PROFILE=deep $(BIN)/pytest --numprocesses 3 tests/rules tests/domain

up: setup  ## start everything and keep it: Airflow's UI, the dialer, the SMS gateway, a simulated network
	@$(BIN)/outdial standalone start

down:  ## stop what `make up` started; data stays
	@if [ -x $(BIN)/outdial ]; then $(BIN)/outdial standalone stop; fi

clean: down  ## remove .outdial: databases, logs, reports
	rm -rf .outdial

lint: setup  ## style, types and the direction of imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/basedpyright

format: setup  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: $(UV)  ## resolve pyproject.toml into requirements.txt again
	@$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet -o requirements.txt

# Debian's Python has neither ensurepip nor leave to install into itself, but its pip may install
# elsewhere (--target), and uv makes an environment without ensurepip.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Outdial needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is not one. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo "pip is missing. Try: apt-get install python3-pip"; exit 1; }
	@echo "Setting up .venv (once; about half a minute) …"
	@mkdir -p .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --root-user-action=ignore \
	  --target .venv/boot "uv==$(UV_VERSION)"

.venv/installed: requirements.txt pyproject.toml | $(UV)
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

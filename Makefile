# Everything that a developer or a new user runs. `make demo` needs Python 3.11+, git and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
CELERY := $(BIN)/celery --quiet -A tasks
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

.PHONY: demo board test lint bench screenshots chaos chaos-mutants up down engine assets lock clean

demo: .venv/installed ## 200 orders through the whole choreography, with no server
	@$(CELERY) track demo

board: .venv/installed ## the board in the browser, with orders that come and go; prints its address
	@$(CELERY) track board --demo --operator

test: .venv/installed-tests ## every test that this machine can run; with CI=true all of them
	@$(BIN)/python -m pytest

lint: .venv/installed-tests ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/installed-tests ## measures against the notebook's loop; needs RabbitMQ and the engine
	@$(BIN)/python -m bench

screenshots: .venv/installed-tests ## takes the pictures of the board in docs/; needs RabbitMQ and Chromium
	@$(BIN)/python -m tests.board.browser.screenshots

chaos: .venv/installed-tests ## 10,000 orders on each ledger while everything fails (an hour or more); CI runs a small one
	@$(BIN)/python -m tests.chaos --orders 10000 --ledger sqlite
	@$(BIN)/python -m tests.chaos --orders 10000 --ledger postgresql

chaos-mutants: .venv/installed-tests ## takes out one safeguard after the other: the tests must notice each (half an hour)
	@$(BIN)/python -m tests.chaos.mutation_run --report docs/safeguards.md

engine: ## builds the BPMN engine (needs Java 17+ and Maven)
	mvn --batch-mode --quiet --file deploy/engine/pom.xml package

up: deploy/.env ## the whole system in Docker
	docker compose --env-file deploy/.env up --build --detach --wait

down: ## stops it; the data stays
	docker compose --env-file deploy/.env down

deploy/.env: ## passwords of this machine's system, made once
	@umask 077 && $(PYTHON) -c 'import re, secrets, sys; \
		print(re.sub("change-me", lambda _: secrets.token_hex(16), sys.stdin.read()), end="")' \
		< deploy/.env.example > $@

assets: ## takes the board's libraries from npm anew, as its lock says (needs Node.js; users need none of it)
	cd deploy/assets && npm ci --silent && npm run --silent build

lock: .venv/installed-tests ## pins every dependency with its hashes
	@$(PIP) install uv
	$(UV) pyproject.toml --all-extras -o requirements.lock
	$(UV) pyproject.toml --all-extras --group dev -c requirements.lock -o tests/requirements.lock

clean: ## forgets what was installed
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Trackflow needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (choose another: make PYTHON=python3.12 …)")'
	@echo "Setting up .venv (once) …"
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-tests: tests/requirements.lock pyproject.toml | .venv/bin/python
	@$(PIP) install --require-hashes --requirement tests/requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/installed

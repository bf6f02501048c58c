# Ringline: every command that a person types. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: ## Prepare .venv (quick when nothing changed)
	@tools/install $(PYTHON)

.PHONY: compile
compile: install ## Compile the hot path anew, after a change (a minute; tests run the sources)
	@tools/compile

.PHONY: lock
lock: install ## Resolve the dependencies anew into the hashed locks
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml --extra dev -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 pyproject.toml --extra dev --group dev -c requirements.lock -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 --group build -c requirements-dev.lock -o requirements-build.lock
	@echo "checkov>=3.3.30,<4" | $(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url --no-annotate --python-version 3.11 - -o tools/checkov.lock

.PHONY: check
check: install ## Format, lint, types, layers, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@PURE_PYTHON=1 $(BIN)/python -m tools.generate --check

.PHONY: format
format: install ## Format the code and write the generated files anew
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format -q .
	@PURE_PYTHON=1 $(BIN)/python -m tools.generate

.PHONY: run
run: install ## Serve for development, two links to call with (LAN=1: https for phones too)
	@tools/peers turn || true
	@exec $(BIN)/ringline serve --dev $(if $(LAN),--lan)

# Half as many again as there are cores: the tests wait more than they work.
WORKERS = $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))
.PHONY: test
test: install ## The whole suite but the big counts, on all cores, with coverage
	@tools/peers all || true
	@PURE_PYTHON=1 $(BIN)/pytest -m "not long and not image and not chart" -n $(WORKERS) --dist loadfile --cov --cov-report=term $(ARGS)

.PHONY: test-quick
test-quick: install ## What needs no other program, for the inner loop
	@PURE_PYTHON=1 $(BIN)/pytest -q -m "not e2e and not long and not image and not chart" -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: test-compiled
test-compiled: compile ## What goes over the wire, with the hot path compiled
	@PURE_PYTHON=0 $(BIN)/pytest -m "not long and not image and not chart" -n $(WORKERS) --dist loadfile tests/test_compiled.py tests/calls tests/conformance tests/e2e tests/protocol tests/resuming tests/security tests/stateful tests/transport $(ARGS)

.PHONY: chart-test
chart-test: install ## The Helm chart: rendered, linted, and against the schemas of Kubernetes
	@tools/peers chart || true
	@tools/checkov
	@$(BIN)/pytest -m chart tests/chart $(ARGS)

CORE := machine rules absence moving lifetime timeouts sides admission call reasons media effects events
.PHONY: coverage-core
coverage-core: install ## The core at 100 % branch coverage by its own tests
	@PURE_PYTHON=1 $(BIN)/pytest tests/calls -q $(CORE:%=--cov=service.calls.%) --cov-branch --cov-report=term --cov-fail-under=100 $(ARGS)

.PHONY: test-long
test-long: install ## The big counts, and the long waits in browsers
	@tools/peers all || true
	@$(BIN)/pytest -m long -n 2 --dist loadfile $(ARGS)

.PHONY: load
load: install ## Load `make run`, or URL=… KEY=…, with USERS (200) for TIME seconds (60), RATE (20) a second
	@exec $(BIN)/python -m loadtest $(ARGS)

.PHONY: bench
bench: install ## What relays, calls, connections, and 5,000 returns at once cost one node
	@tools/compile || true
	@$(BIN)/python -m loadtest.bench $(ARGS)

.PHONY: idle
idle: install ## What SESSIONS (10,000) cost one node that do nothing for TIME seconds (60), and what they keep
	@tools/compile || true
	@$(BIN)/python -m loadtest.idle

.PHONY: attack
attack: install ## Attack one node in every way we know, and see what that costs everybody else
	@tools/compile || true
	@$(BIN)/python -m loadtest.attack $(ARGS)

.PHONY: image
image: ## Build the image (localhost/ringline, or IMAGE=registry.example.org/ringline), with docker or podman
	@tools/image $(ARGS)

.PHONY: release
release: ## Make a release (VERSION=1.2.3) as commit, tag, wheel, chart and image; pushes nothing (ARGS=--dry-run)
	@tools/release $(VERSION) $(ARGS)

.PHONY: image-test
image-test: install ## Build the image and run it (Debian, as root)
	@tools/peers image || true
	@$(BIN)/pytest -m image -s tests/image $(ARGS)

.PHONY: clean
clean: ## Remove what was built or installed here
	@rm -rf .venv node_modules tests/e2e/node_modules .coverage htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis

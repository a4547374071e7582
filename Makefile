# Everything a developer does here. It needs make, a POSIX shell and a Python >= 3.11, sets up the rest
# in $(VENV) when it is first asked for, and touches nothing outside this checkout.
#
#   make demo ARGS="--help"           ARGS goes to demo, test or bench
#   make test PYTHON=python3.13       another interpreter, in an environment of its own (.venv-3.13)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test receiver lint format contract types coverage trees stress soak mutants bench check clean

ifdef PYTHON
INTERPRETERS := "$(PYTHON)"
ifndef VENV
VENV := .venv-$(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
endif
else
INTERPRETERS := python3 python3.14 python3.13 python3.12 python3.11
VENV ?= .venv
endif

PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_NO_INPUT := 1
export PIP_CACHE_DIR PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_INPUT

RUN := $(VENV)/bin/python
SOURCES := $(wildcard actortrace tests benchmarks examples)

# An environment names its own path in its scripts. One that was moved or copied, or whose interpreter is
# gone, is made anew.
IS_OURS := test -x $(RUN) && test "$$(cat $(VENV)/.checkout 2>/dev/null)" = "$$(pwd -P)"
ifneq ($(shell $(IS_OURS) && echo yes),yes)
.PHONY: $(VENV)/.ready-demo $(VENV)/.ready-dev
endif

# Brings the environment up to date with the EXTRAS of pyproject.toml.
define install
@$(IS_OURS) || { \
	for python in $(INTERPRETERS); do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1 && break; \
		python=; \
	done; \
	if test -z "$$python"; then \
		echo 'actortrace: no Python >= 3.11 with venv and pip: tried $(subst ",,$(INTERPRETERS)); name one with PYTHON=...' >&2; \
		exit 1; \
	fi; \
	echo "actortrace: making $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV) && pwd -P >$(VENV)/.checkout; \
}
@echo "actortrace: installing into $(VENV) (once; needs the network and a minute or two)"
@$(RUN) -m pip install --quiet --editable '.[$(EXTRAS)]'
endef

help: ## what there is
	@echo 'make ...'
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: $(VENV)/.ready-demo ## index a source tree under supervision and draw a trace of it
	$(RUN) -m actortrace demo $(ARGS)

test: $(VENV)/.ready-dev ## the tests, side by side
	$(RUN) -m pytest --numprocesses auto --maxprocesses 4 $(ARGS)

receiver: ## a receiver of OTLP for the tests, which are skipped without it; needs node and npm
	npm install --silent --ignore-scripts --no-save --no-package-lock --no-audit --no-fund --prefix .cache/node \
		@elastic/mockotlpserver@0.10.0

lint: $(VENV)/.ready-dev ## style and formatting
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

format: $(VENV)/.ready-dev ## put style and formatting right where a tool can
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

contract: $(VENV)/.ready-dev ## who may import whom
	$(VENV)/bin/lint-imports --no-logo

types: $(VENV)/.ready-dev ## types
	$(RUN) -m mypy $(SOURCES)

coverage: $(VENV)/.ready-dev ## the tests, with a floor under the branch coverage of core, otp and telemetry
	$(RUN) -m coverage run -m pytest $(ARGS)
	@for package in core otp telemetry; do \
		echo "actortrace: branch coverage of $$package"; \
		$(RUN) -m coverage report --include="actortrace/$$package/*" --fail-under=95 || exit 1; \
	done

trees: $(VENV)/.ready-dev ## a thousand random supervision trees against a model; takes a while
	$(RUN) -m tests.otp.model.soak $(ARGS)

stress: $(VENV)/.ready-dev ## a million hand-overs, replies and ends of actors; takes some minutes
	$(RUN) -m tests.dispatch.stress $(ARGS)

soak: $(VENV)/.ready-dev ## five minutes under a load of all sorts: nothing lost, stuck or growing
	$(RUN) -m tests.dispatch.soak $(ARGS)

mutants: $(VENV)/.ready-dev ## whether the tests notice faults planted in the rules of restarts
	$(RUN) -m tests.otp.model.mutants $(ARGS)

bench: $(VENV)/.ready-dev ## the promises about speed, measured beside bare Pykka
	$(RUN) -m benchmarks $(ARGS)

check: lint contract types test ## what must hold before a change lands

clean: ## back to a fresh clone: environments, caches and builds go
	rm -rf .venv .venv-* .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache htmlcov build dist
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.ready-demo: EXTRAS := cli,otlp
$(VENV)/.ready-demo: pyproject.toml
	$(install)
	@touch $@

$(VENV)/.ready-dev: EXTRAS := dev
$(VENV)/.ready-dev: pyproject.toml
	$(install)
	@touch $@ $(VENV)/.ready-demo

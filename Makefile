PYTHON ?= python3
# A virtual environment belongs to the interpreter it was made from: another PYTHON rebuilds it.
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
TESTS := -m unittest $(ARGS)
# Coverage is measured on 3.13 where that is to be had: it has all that the code makes use of but one event. On
# 3.11 some lines that are run after an await are reported as missed.
NEWER := $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python) $(shell command -v python3.13))

.DEFAULT_GOAL := help
.PHONY: help demo test coverage bench bench-peers interop lint clean measure

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 21
	@echo "Variables: PYTHON=python3.12 picks the interpreter, ARGS='-k name -v' goes to unittest."

demo:  ## run the examples and see what failures look like
	@$(PYTHON) -m examples all

test:  ## run the suite, under coverage where that can be had
	@if $(MAKE) --no-print-directory .venv/ready-$(VERSION); then \
	  .venv/bin/coverage erase; .venv/bin/coverage run $(TESTS); status=$$?; \
	  .venv/bin/coverage combine --quiet; exit $$status; \
	else \
	  echo; echo "*** coverage could not be installed (offline?): running the suite WITHOUT it ***"; echo; \
	  $(PYTHON) $(TESTS); \
	fi

coverage:  ## run the suite and require 100 % branch coverage
	@$(MAKE) --no-print-directory measure PYTHON=$(or $(NEWER),$(PYTHON))

measure: .venv/ready-$(VERSION)
	@.venv/bin/coverage erase
	@.venv/bin/coverage run $(TESTS)
	@.venv/bin/coverage combine --quiet
	@.venv/bin/coverage report

bench:  ## print what a hygienic test costs, as ratios
	@$(PYTHON) -m tests.bench

bench-peers: .venv-peers/ready-$(VERSION)  ## the same beside later, pyleak, aiounittest and pytest-asyncio
	@.venv-peers/bin/python -m tests.bench

interop: .venv-interop/ready-$(VERSION)  ## run mocks beside real clients, and real libraries in hygienic tests
	@.venv-interop/bin/python -X dev -m unittest -v tests.interop.http_clients
	@.venv-interop/bin/python -m unittest -v tests.interop.libraries
	@.venv-interop/bin/python -m unittest -v tests.interop.exploration
	@.venv-interop/bin/python -m unittest -v tests.interop.pytest_runs
	@.venv-interop/bin/python -m unittest -v tests.repository.test_readme

lint: .venv-lint/ready-$(VERSION)  ## mypy --strict and ruff
	@status=0; \
	.venv-lint/bin/mypy --strict asynctestkit || status=1; \
	.venv-lint/bin/mypy --strict --follow-imports=silent tests/typed_settings.py || status=1; \
	.venv-lint/bin/ruff check asynctestkit tests examples || status=1; \
	.venv-lint/bin/ruff format --quiet --diff asynctestkit tests examples || status=1; \
	exit $$status

clean:  ## remove everything that is not source
	@rm -rf .venv .venv-interop .venv-lint .venv-peers .coverage .coverage.* .mypy_cache .ruff_cache build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# coverage reads pyproject.toml by itself from 3.11; its extra brings the parser that 3.10 lacks.
.venv/ready-$(VERSION): PACKAGES := 'coverage[toml]>=7.10'
.venv-lint/ready-$(VERSION): PACKAGES := 'mypy>=1.18' 'ruff>=0.14'
.venv-interop/ready-$(VERSION): PACKAGES := aiohttp httpx grpcio aiosqlite 'sqlalchemy[asyncio]' redis freezegun \
  'time-machine==2.16.0' uvloop websockets starlette anyio aiounittest later \
  'psycopg[binary]==3.3.9' sniffio truststore \
  pytest pytest-asyncio pytest-xdist pytest-timeout pytest-socket
.venv-peers/ready-$(VERSION): PACKAGES := later pyleak aiounittest pytest pytest-asyncio
.venv/ready-$(VERSION) .venv-interop/ready-$(VERSION) .venv-lint/ready-$(VERSION) .venv-peers/ready-$(VERSION):
	@echo "Setting up $(@D) for Python $(VERSION)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGES)
	@touch $@

# Two commands: `make run` builds everything and shows a table, `make test` runs the suite.
# Variables: PYTHON (a Python 3.11), EXTRA (cpu | gpu), ARGS (passed to `pixel run` or pytest).
# `make bench ARGS=<folder or file>` times that alone; without a path it times everything that ARGS leaves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
EXTRA ?= cpu
VENV := .venv
INSTALLED := $(VENV)/.installed-$(EXTRA)

.PHONY: run test test-all ui bench lint install clean-artifacts
.DEFAULT_GOAL := run

run: $(INSTALLED)
	$(VENV)/bin/pixel run $(ARGS)

test: $(INSTALLED)
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not slow and not network and not gpu" $(ARGS)

test-all: $(INSTALLED)
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m "not network and not gpu" $(ARGS)

ui: $(INSTALLED)
	$(VENV)/bin/pixel ui $(ARGS)

bench: $(INSTALLED)
	$(VENV)/bin/python -m pytest -m "" -s $(if $(findstring tests/,$(ARGS)),,tests/benchmarks) $(ARGS)

lint: $(INSTALLED)
	$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

install: $(INSTALLED)

# DS_BUILD_OPS=0: DeepSpeed compiles the one op it needs at its first start, not at installation.
$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 was not found: install it, or name it with make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11: name one with make run PYTHON=/path/to/python3.11"; exit 1; }
	@command -v $${CXX:-c++} >/dev/null || { echo "A C++ compiler ($${CXX:-c++}) was not found: DeepSpeed compiles an op at its first start. Debian/Ubuntu: apt-get install g++"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	DS_BUILD_OPS=0 $(VENV)/bin/python -m pip install -q -c constraints.txt -e '.[$(EXTRA),dev]'
	touch $@

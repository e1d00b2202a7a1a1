# kokuho: what a developer does, on a machine with Python 3.11 or later and make.
#
#   make setup        environment .venv with the built wheel, the tools for tests and for documents
#   make demo         the main job on sample files, into demo-output/
#   make test         checks and tests, against the installed wheel
#   make test-long    the same tests with many more examples, and those that take minutes
#   make bench        measurements
#   make pages        the pages of docs/ that are made from the code (rules, errors, layouts)
#   make docs         documents, into docs/_build/
#   make wheelhouse   wheelhouse/ with everything to install without a network (PLATFORM=win_amd64 for Windows), each file
#                     checked against its hash in requirements/
#   make lock         requirements/ anew: the newest versions that pyproject.toml allows, with their hashes (needs a network)
#   make fuzz         inputs that nobody thought of, for 10 minutes (FUZZ_MINUTES); Linux, with the tools for it
#   make audit        bandit on the code (make audit-code), and known vulnerabilities of what is installed with it
#                     (make audit-packages: asks a public service for its advisories, so it needs a network that reaches it)
#   make sbom         build/sbom.json, a CycloneDX list of what is installed with kokuho
#   make mutation     mutation tests of the rules, with fewer examples (KOKUHO_EXAMPLES)
#   make clean        remove all of the above
#
# «make test» also runs programs that are on nearly every machine: openssl (3 or later) and the client of OpenSSH (sftp,
# ssh). «make test-long» wants the server of OpenSSH (sshd) and a Chromium browser too. Where one is missing, the tests say so
# and fail.
# Node, for the example vendor of the conformance tests, comes with the tools for tests.
#
# Variables: PYTHON (the interpreter to start from), WORKERS (test processes), PIP_ARGS (options for every pip call),
# PYTEST_ARGS (options for pytest), LOCKED (yes: the versions and hashes of requirements/ and no others, as a build that is
# to be repeated wants it), and those explained below.

PYTHON ?= python3
WORKERS ?= 2
PIP_ARGS ?=
PYTEST_ARGS ?=
LOCKED ?= no

# Branch coverage of kokuho_core below which «make test» fails, in percent. The aim is 95; it is only ever raised.
COVERAGE_MIN ?= 95

# For «make wheelhouse»: a foreign platform tag (win_amd64, manylinux_2_28_x86_64, macosx_11_0_arm64 …) and Python version.
PLATFORM ?=
PLATFORM_PYTHON ?= 3.11

# For «make fuzz».
FUZZ_MINUTES ?= 10

VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
RUNTIME_PY := build/runtime/Scripts/python
else
BIN := $(VENV)/bin
RUNTIME_PY := build/runtime/bin/python
endif
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check -q
WHEEL_DIR := build/wheel
WHEEL = $$(echo $(WHEEL_DIR)/kokuho-*.whl)

# What the wheel is made of: when any of it changes, it is built and installed anew.
SOURCES := pyproject.toml LICENSE README.md $(shell find src -type f ! -name '*.py[co]')

# The tests must see the installed wheel, never src/.
unexport PYTHONPATH

# Everything by its hash, in an environment where nothing else is; --no-deps where the locked versions are there already.
BY_HASH := --require-hashes -r requirements/
ifeq ($(LOCKED),yes)
WHEEL_NEEDS = $(PIP) install $(PIP_ARGS) $(BY_HASH)runtime.txt
NEEDS_test := test
NEEDS_docs := test
NEEDS_audit := audit
endif

.PHONY: setup demo test test-long lint pytest bench pages docs lock wheelhouse fuzz audit audit-code audit-packages sbom mutation clean

setup: $(VENV)/.stamp-test $(VENV)/.stamp-docs

$(VENV)/.stamp-venv:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed: make PYTHON=...')"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.stamp-wheel: $(VENV)/.stamp-venv $(SOURCES)
	rm -rf $(WHEEL_DIR)
	$(PIP) wheel $(PIP_ARGS) --no-deps --wheel-dir $(WHEEL_DIR) .
	$(or $(WHEEL_NEEDS),$(PIP) install $(PIP_ARGS) "$(WHEEL)")
	$(PIP) install $(PIP_ARGS) --no-deps --no-index --force-reinstall "$(WHEEL)"
	touch $@

$(VENV)/.stamp-test $(VENV)/.stamp-docs $(VENV)/.stamp-mutation $(VENV)/.stamp-fuzz $(VENV)/.stamp-audit $(VENV)/.stamp-lock: $(VENV)/.stamp-%: $(VENV)/.stamp-wheel
	$(PIP) install $(PIP_ARGS) $(if $(NEEDS_$*),$(BY_HASH)$(NEEDS_$*).txt,"$(WHEEL)[$*]")
	touch $@

demo: $(VENV)/.stamp-wheel
	$(BIN)/kokuho demo --dir demo-output

test: lint pytest

lint: $(VENV)/.stamp-test
	$(PY) -m ruff check src tests docs examples benchmarks
	$(PY) -m mypy --strict
	$(BIN)/lint-imports

pytest: $(VENV)/.stamp-test $(VENV)/.stamp-docs
	$(PY) -c "import kokuho_core, sys; sys.exit('site-packages' not in kokuho_core.__file__ and 'not the installed wheel: ' + kokuho_core.__file__)"
	$(BIN)/pytest -n $(WORKERS) --cov --cov-fail-under=$(COVERAGE_MIN) $(PYTEST_ARGS)

test-long: lint $(VENV)/.stamp-docs
	KOKUHO_TEST_PROFILE=long $(BIN)/pytest -n $(WORKERS) -m "long or not long" $(PYTEST_ARGS)

bench: $(VENV)/.stamp-wheel $(VENV)/.stamp-test
	$(PY) benchmarks/run.py --persons 100000 300000
	$(PY) benchmarks/databases.py --persons 30000 --repeat 3
	$(PY) benchmarks/registration.py --persons 20000 100000 --repeat 1
	$(PY) benchmarks/registration_file.py --persons 20000 100000 --repeat 1
	$(PY) benchmarks/office_build.py --persons 30000 300000 --repeat 3
	$(PY) benchmarks/benefit.py --persons 300000 --processes 2
	$(PY) benchmarks/security_cost.py --persons 10000 --repeat 3

pages: $(VENV)/.stamp-wheel
	$(PY) docs/generate.py

docs: $(VENV)/.stamp-docs
	$(PY) -m sphinx -W --keep-going docs docs/_build

# Markers such as «only on Windows» are judged for the machine that downloads, so Windows has a list without any.
FOREIGN_LIST = $(if $(filter win%,$(PLATFORM)),windows,runtime)

wheelhouse: $(VENV)/.stamp-wheel
	mkdir -p wheelhouse
	rm -f wheelhouse/kokuho-*.whl
ifeq ($(PLATFORM),)
	$(PIP) wheel $(PIP_ARGS) $(BY_HASH)runtime.txt --wheel-dir wheelhouse
else
	$(PIP) download $(PIP_ARGS) --only-binary=:all: --platform $(PLATFORM) --python-version $(PLATFORM_PYTHON) \
		$(BY_HASH)$(FOREIGN_LIST).txt --dest wheelhouse
endif
	cp "$(WHEEL)" wheelhouse
	@ls wheelhouse

# One after the other: what the tests and the audit run on is what is installed. No list names where packages come from.
LOCK = $(BIN)/uv pip compile pyproject.toml -q --upgrade --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --extra bulk --extra media --extra postgresql --extra registry --extra sftp --extra simulator

lock: $(VENV)/.stamp-lock
	$(LOCK) --universal -o requirements/runtime.txt
	$(LOCK) --python-platform windows -c requirements/runtime.txt -o requirements/windows.txt
	$(LOCK) --universal -c requirements/runtime.txt --extra conformance --extra docs --extra test -o requirements/test.txt
	$(LOCK) --universal -c requirements/runtime.txt --extra audit -o requirements/audit.txt

fuzz: $(VENV)/.stamp-test $(VENV)/.stamp-fuzz
	$(PY) -m tests.robustness.fuzz $(FUZZ_MINUTES) build/fuzz

# What kokuho and its extras need to run, as it is in the wheelhouse, and nothing else, not even pip.
build/runtime/.stamp: $(VENV)/.stamp-venv requirements/runtime.txt
	rm -rf build/runtime
	$(PY) -m venv --without-pip build/runtime
	$(PIP) --python $(RUNTIME_PY) install $(PIP_ARGS) $(BY_HASH)runtime.txt
	touch $@

# --strict: a package that the advisories do not know is a failure, not a success. Without a network: make audit-code.
audit: audit-code audit-packages

audit-code: $(VENV)/.stamp-audit
	$(BIN)/bandit -q -r src

audit-packages: $(VENV)/.stamp-audit build/runtime/.stamp
	$(BIN)/pip-audit --strict --progress-spinner off \
		--path "$$($(RUNTIME_PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

# The same for the same packages: no time, no random number, no path of this machine.
sbom: $(VENV)/.stamp-audit build/runtime/.stamp
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON -o build/sbom.json $(RUNTIME_PY)

mutation: $(VENV)/.stamp-test $(VENV)/.stamp-mutation
	KOKUHO_EXAMPLES=$${KOKUHO_EXAMPLES:-200} $(BIN)/mutmut run
	$(BIN)/mutmut results

clean:
	rm -rf $(VENV) build dist wheelhouse demo-output docs/_build mutants
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*

# make demo   a phantom pullback as DICOM, analysed, with a report to open
# make test   every test
# Both make .venv and install what they need.

PYTHON ?= python3
IN_VENV := .venv/bin/python

.PHONY: demo test setup setup-test clean

demo: setup
	-.ci/debian-packages rendering
	$(IN_VENV) -m OCTCalciumLib phantom demo/pullback --seed 11 --frames 140
	$(IN_VENV) -m OCTCalciumLib analyze demo/pullback/presentation.dcm -o demo/result
	@echo "Open demo/result/report.html in a browser."

test: setup-test
	.ci/debian-packages rendering browser
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m pytest

setup: .venv/.ready
setup-test: .venv/.ready-test

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv || { .ci/debian-packages venv && $(PYTHON) -m venv .venv; }
	$(IN_VENV) -m pip install --quiet torch==2.13.0
	$(IN_VENV) -m pip install --quiet --editable .
	@touch $@

.venv/.ready-test: .venv/.ready
	$(IN_VENV) -m pip install --quiet --editable ".[test]"
	@touch $@

clean:
	rm -rf .venv demo

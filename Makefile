# make demo   phantom patients as DICOM, analysed, with reports to open
# make test   every test
# make translations   collects the texts of reports, messages and panels and compiles their translations
# make oct-calcium FRAMES=FOLDER   trains the second step of the OCT model, see training/README.md
# Both make .venv and install what they need.

PYTHON ?= python3
IN_VENV := .venv/bin/python

# The language of the demo's reports and of its messages: make demo LANGUAGE=ja. Not from the environment, where LANGUAGE is a list.
ifneq ($(origin LANGUAGE),command line)
LANGUAGE := en
endif

.PHONY: demo test translations oct-calcium setup setup-test clean

demo: setup
	-.ci/debian-packages rendering $(if $(filter ja,$(LANGUAGE)),japanese)
	$(IN_VENV) -m OCTCalciumLib phantom demo/oct/pullback --seed 11 --frames 140
	$(IN_VENV) -m OCTCalciumLib analyze demo/oct/pullback/presentation.dcm -o demo/oct/result --language $(LANGUAGE)
	$(IN_VENV) -m HematomaMarkersLib phantom demo/head/patient --seed 1007 --marker blend --volume 18 --location putamen --follow-up 9
	$(IN_VENV) -m HematomaMarkersLib analyze demo/head/patient/first -o demo/head/first --location putamen --language $(LANGUAGE)
	$(IN_VENV) -m HematomaMarkersLib analyze demo/head/patient/follow_up -o demo/head/follow_up --location putamen \
		--prior demo/head/patient/first --language $(LANGUAGE)
	$(IN_VENV) -m HematomaMarkersLib phantom demo/normal/patient --seed 1019 --wide
	$(IN_VENV) -m HematomaMarkersLib analyze demo/normal/patient/first -o demo/normal/result --language $(LANGUAGE)
	@echo "Open in a browser:"
	@echo "  demo/oct/result/report.html       coronary OCT: calcium, arcs, stretches of 180 degrees or more"
	@echo "  demo/head/first/report.html       head CT: hematoma, a blend sign, what to do"
	@echo "  demo/head/follow_up/report.html   the same patient six hours later: growth"
	@echo "  demo/normal/result/report.html    head CT without a bleed: dense sinuses, thick cortex under the vertex"

test: setup-test
	.ci/debian-packages rendering browser desktop
	-.ci/debian-packages japanese  # pictures alone need it; without, their texts are English
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

translations: setup-test
	$(IN_VENV) -m translations

SMALL_PATIENTS := --keep-frames 8 --pullback-frames 20 --frame-spacing 2
IN_BUILD := build/oct-calcium

oct-calcium: setup
	$(IN_VENV) -m pip install --quiet --editable ".[training]"
	$(IN_VENV) -m training oct make-data $(IN_BUILD)/ordinary --patients 150 $(SMALL_PATIENTS)
	$(IN_VENV) -m training oct make-data $(IN_BUILD)/wide --wide --first-seed 2000 --patients 400 $(SMALL_PATIENTS)
	$(IN_VENV) -m training oct real-views $(IN_BUILD)/first.npz $(FRAMES) --pixel-spacing 0.0067 --frames 1 62 --copies 4
	$(IN_VENV) -m training oct real-views $(IN_BUILD)/last.npz $(FRAMES) --pixel-spacing 0.0067 --frames 125 186 --copies 4
	OMP_NUM_THREADS=1 $(IN_VENV) -m training oct train-calcium $(IN_BUILD)/run $(IN_BUILD)/ordinary $(IN_BUILD)/wide --copies 2 --steps 3000 --batch 16 \
		--real-share 0.45 --average 0.997 --real $(IN_BUILD)/first.npz $(IN_BUILD)/last.npz --processes 2
	$(IN_VENV) -m training oct bundle-two-step $(IN_BUILD)/run $(IN_BUILD)/bundle --certain 0.8 --likely 0.5 --inner 0.95 --outer 0.1
	$(IN_VENV) -m training oct sureness $(IN_BUILD)/bundle $(IN_BUILD)/ordinary $(IN_BUILD)/wide

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

"""The bundle that is shipped: there under its name, small enough for the Extensions Index, and honest about what it is."""

import json

import pytest
from LesionReadingLib.model.bundle import find_bundle
from OCTCalciumLib.commands import DEFAULT_MODEL
from OCTCalciumLib.labels import TASK


@pytest.fixture(scope="module")
def the_bundle():
    return find_bundle(DEFAULT_MODEL, TASK)


def test_the_shipped_bundle_is_smaller_than_30_megabytes(the_bundle):
    assert sum(path.stat().st_size for path in the_bundle.path.rglob("*") if path.is_file()) < 30e6


def test_the_shipped_bundle_holds_nothing_but_safetensors_and_text(the_bundle):
    endings = {path.suffix for path in the_bundle.path.rglob("*") if path.is_file()}
    assert endings <= {".safetensors", ".json", ".md", ""}


def test_the_model_card_says_that_it_learnt_from_phantoms_and_is_no_medical_device(the_bundle):
    card = (the_bundle.path / "docs" / "README.md").read_text().lower()
    assert "phantom" in card
    assert "not a medical device" in card


def test_every_figure_of_the_card_is_called_a_phantom_result_or_names_its_frames(the_bundle):
    metrics = json.dumps(the_bundle.metadata["eval_metrics"]).lower()
    assert "phantom" in metrics

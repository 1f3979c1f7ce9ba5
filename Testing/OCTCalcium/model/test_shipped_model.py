"""The bundle that is shipped: there under its name, small enough for the Extensions Index, and honest about what it is."""

import json

import numpy as np
import pytest
import torch
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from OCTCalciumLib.commands import DEFAULT_MODEL
from OCTCalciumLib.labels import CALCIUM, TASK
from OCTCalciumLib.model.inference import NETWORKS
from OCTCalciumLib.model.two_step import TwoStepPredictor
from OCTCalciumLib.phantom.pullback import draw_pullback


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


def test_both_steps_mark_in_bfloat16_what_they_mark_in_float32(the_bundle, monkeypatch):
    network = load_network(the_bundle, NETWORKS)
    pullback = draw_pullback(11, 140, 512, indices=[36, 52])
    marked = []
    for dtype in (torch.float32, torch.bfloat16):
        monkeypatch.setattr("LesionReadingLib.model.prediction.fastest_dtype", lambda device, dtype=dtype: dtype)
        with TwoStepPredictor(network, torch.device("cpu"), pullback.spacing.row_mm) as predictor:
            answers = list(predictor.answers(pullback.frames, 1.0, []))
        marked.append(np.stack([answer.labels == CALCIUM for answer in answers]))
    exact, found = marked
    assert exact.any(axis=(1, 2)).all()
    assert 2 * (exact & found).sum() / (exact.sum() + found.sum()) > 0.98

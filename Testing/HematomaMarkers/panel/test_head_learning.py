"""Learn from these, for heads: a real run fine-tunes a tiny model beside the panel, its figures are told, and it is chosen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from drawn_head import slices
from drawn_training import write_patients
from exported_cases import a_head_case
from HematomaMarkersLib.labels import MARKERS, TASK
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.patient_rule import MarkerCalibration, PatientRule
from HematomaMarkersPanel.gain_text import gainText
from LesionReadingLib.model.bundle import find_bundle, write_bundle
from LesionReadingPanel.model_selector import userModelFolder
from safetensors.torch import save

from training.hematoma.data import STEPS_FILE

SIDE = {"dice": 0.41, "volume_error_ml": 7.4, "missed": 1, "false_ml": None}
FIGURES = {"heads_with_hematoma": 9, "before": SIDE, "after": {**SIDE, "dice": 0.52, "volume_error_ml": 3.2, "missed": 0}}


@pytest.fixture
def tiny_model(a_head_module):
    """An untrained network among the user's own models, chosen."""
    arguments = {"width": 0.1, "marker_width": 0.02}
    torch.manual_seed(0)
    rule = PatientRule({marker: MarkerCalibration() for marker in MARKERS})
    shipped = find_bundle("hematoma_markers_phantom", TASK)
    write_bundle(
        userModelFolder() / "tiny",
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=save(JointNetwork(**arguments).state_dict()),
        metadata=shipped.metadata,
        card="",
        licence="free for all",
        settings={"markers": rule.to_settings()},
    )
    a_head_module.models.refresh()
    assert a_head_module.models.select(str(userModelFolder() / "tiny"))
    yield userModelFolder() / "tiny"
    shutil.rmtree(userModelFolder())


def test_a_model_learns_from_corrected_heads_beside_the_panel_and_is_used_after_a_yes(
    a_desktop, a_head_module, tiny_model, tmp_path
):
    panel, grid = a_head_module, slices([14.0] * 9)
    for name, brain_hu in (("head_001", 30), ("head_002", 34)):
        a_head_case(tmp_path / "cases" / name, brain_hu=brain_hu, reviewed=(4, 5), grid=grid)
    (tmp_path / "phantoms").mkdir()
    phantoms = write_patients(tmp_path / "phantoms", 2, 256)
    (phantoms / STEPS_FILE).write_text("{}")
    panel.learning.options = ["--steps", "1", "--batch", "2", "--processes", "1", "--phantoms", str(phantoms)]
    a_desktop.dialogs.answer(str(tmp_path / "cases"), True)
    panel.ui.learnButton.click()
    assert "2 exported cases" in a_desktop.dialogs.shown[-1].text and panel.learning.running
    a_desktop.dialogs.answer(True)
    a_desktop.wait_until(lambda: not panel.learning.running, 300)
    text = panel.ui.learnLabel.text
    assert "2 heads with a hematoma" in text, text
    assert text in a_desktop.dialogs.shown[-1].text
    assert Path(panel.models.currentModel()) == userModelFolder() / "tiny_adapted"


def test_the_gain_is_told_with_its_numbers_and_no_gain_is_called_none():
    text = gainText(FIGURES)
    assert all(number in text for number in ("9 heads", "0.52, before 0.41", "3.2 mL, before 7.4", "missed 0, before 1"))
    assert "without blood" not in text and "keep the model" not in text
    worse = gainText({**FIGURES, "after": {**SIDE, "false_ml": 2.0}, "before": {**SIDE, "false_ml": 1.0}})
    assert "keep the model" in worse and "2.0 mL were marked, before 1.0" in worse
    assert "cannot be measured" in gainText({**FIGURES, "after": None})

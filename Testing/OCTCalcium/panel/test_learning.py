"""Learn from these: a real run fine-tunes a model on exported cases; its figures are told, and it is chosen after a yes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.bundle import find_bundle, write_bundle
from LesionReadingLib.model.prediction import load_network
from LesionReadingLib.studies.training_case import write_case
from LesionReadingPanel.model_selector import userModelFolder
from LesionReadingPanel.worklist import learning
from LesionReadingPanel.worklist.learning import Learning
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.model.inference import NETWORKS
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumPanel.gain_text import gainText

from training.oct.second_step.bundle import weights_file

PIXEL_MM, FRAME_MM = 0.05, 0.4
FEW = ["--steps", "2", "--batch", "2", "--processes", "1", "--phantom-patients", "1"]
FIGURES = {
    "frames_with_calcium": 9,
    "patients_with_calcium": 3,
    "before": {"dice": 0.41, "arc_error_deg": 50.4},
    "after": {"dice": 0.52, "arc_error_deg": 38.6},
}


@pytest.fixture
def cases(tmp_path):
    """Two exported cases of three frames."""
    for seed in (5, 6):
        drawn = draw_pullback(seed, 3, 128, frame_mm=FRAME_MM)
        grid = even_grid(drawn.frames.shape, Spacing(PIXEL_MM, PIXEL_MM, FRAME_MM))
        write_case(tmp_path / "cases" / f"pullback_{seed:03d}", TASK, drawn.frames, drawn.labels, grid, reviewed=(), markers=None)
    return tmp_path / "cases"


@pytest.fixture
def small_model(an_oct_module):
    """The shipped model with one of its networks for calcium, among the user's own and chosen."""
    shipped = find_bundle("oct_calcium_two_step", TASK)
    network = load_network(shipped, NETWORKS)
    network.calcium = network.calcium[:1]
    folder, arguments = userModelFolder() / "small", {**shipped.network_arguments, "members": 1}
    write_bundle(
        folder,
        TASK,
        network_class="TwoStep",
        network_arguments=arguments,
        weights=weights_file(network),
        metadata=shipped.metadata,
        card="",
        licence="free for all",
    )
    an_oct_module.models.refresh()
    assert an_oct_module.models.select(str(folder))
    yield folder
    shutil.rmtree(userModelFolder())


def test_a_model_learns_beside_the_panel_and_is_used_after_a_yes(a_desktop, an_oct_module, small_model, cases):
    panel = an_oct_module
    taught = panel.learning
    taught.options = FEW
    a_desktop.dialogs.answer(True)
    taught.start(cases)
    question = a_desktop.dialogs.shown[-1].text
    assert "small" in question and "2 exported cases" in question and taught.running
    assert panel.ui.learnButton.text == "Stop fine-tuning"
    a_desktop.dialogs.answer(True)
    told = set()
    a_desktop.wait_until(lambda: told.add(panel.ui.learnLabel.text) or not taught.running, 300)
    assert any("parts are done" in one for one in told), told
    text = panel.ui.learnLabel.text
    assert "frames with calcium of 2 cases" in text, text
    assert text in a_desktop.dialogs.shown[-1].text and "from now on" in a_desktop.dialogs.shown[-1].text
    assert Path(panel.models.currentModel()) == userModelFolder() / "small_adapted"
    assert find_bundle(small_model, TASK).network_arguments["members"] == 1  # the other one is as it was


def test_a_fine_tuning_that_is_stopped_leaves_no_model(a_desktop, an_oct_module, small_model, cases):
    panel = an_oct_module
    taught = panel.learning
    taught.options = FEW
    a_desktop.dialogs.answer(True)
    taught.start(cases)
    panel.ui.learnButton.click()
    a_desktop.wait_until(lambda: not taught.running, 30)
    assert not (userModelFolder() / "small_adapted").exists()
    assert Path(panel.models.currentModel()) == small_model and panel.ui.learnButton.text == "Learn from these..."


def test_nothing_is_learnt_without_a_yes_or_without_cases(a_desktop, an_oct_module, small_model, cases, tmp_path):
    taught = an_oct_module.learning
    a_desktop.dialogs.answer(str(cases), False)
    an_oct_module.ui.learnButton.click()
    assert "2 exported cases" in a_desktop.dialogs.shown[-1].text
    assert not taught.running and an_oct_module.ui.learnLabel.text == ""
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no exported case"):
        taught.start(tmp_path / "none")


def test_why_a_run_failed_is_told(a_desktop, an_oct_module, small_model, cases):
    (next(cases.iterdir()) / "labels.nrrd").write_text("no labels")
    a_desktop.dialogs.answer(True)
    an_oct_module.learning.start(cases)
    a_desktop.wait_until(lambda: not an_oct_module.learning.running, 120)
    assert "labels" in an_oct_module.ui.learnLabel.text
    assert os.listdir(userModelFolder()) == ["small"]


def test_where_the_training_is_not_there_the_button_says_so(a_desktop, an_oct_module, tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "REPOSITORY", tmp_path)
    Learning(an_oct_module.ui, an_oct_module.models, "OCTCalcium", an_oct_module.studyKind())
    assert not an_oct_module.ui.learnButton.enabled and "repository" in an_oct_module.ui.learnButton.toolTip


def test_the_gain_is_told_with_its_numbers_and_no_gain_is_called_none():
    text = gainText(FIGURES)
    assert all(number in text for number in ("9 frames", "3 cases", "0.52, before 0.41", "39 degrees, before 50"))
    assert "keep the model" in gainText(FIGURES | {"after": FIGURES["before"]})
    assert "cannot be measured" in gainText(FIGURES | {"after": None})

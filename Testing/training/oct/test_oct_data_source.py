"""What a bundle says that it learnt from, and of which real frames its figures are."""

from __future__ import annotations

import json

import pytest
import torch
from LesionReadingLib.model.bundle import load_bundle, write_bundle
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.model.network import DeepLabV3Plus
from OCTCalciumLib.presenting.cautions import model_cautions
from safetensors.torch import save

from training.__main__ import main
from training.oct.bundle import PHANTOM_DATA, one_step_limits
from training.own_data.cases import CASE_NUMBERS, learnt_from, note_learnt

CASE = CASE_NUMBERS.start + 7
A_FRAME = {"patient": "x", "true_pixels": 90, "true_arc_deg": 100.0}


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([[1, 2, 3]], PHANTOM_DATA),
        ([[1, 2, CASE]], "2 phantom pullbacks and 1 case of its user."),
        ([[CASE], [1]], "1 phantom pullback and 1 case of its user."),
        ([[CASE], [1, 2, 3]], "3 phantom pullbacks and 1 case of its user."),
        ([[CASE, CASE + 1]], "2 cases of its user."),
    ],
)
def test_a_training_knows_the_cases_that_it_has_learnt_from(tmp_path, stretches, expected):
    for numbers in stretches:
        note_learnt(tmp_path, numbers)
    assert learnt_from(tmp_path, PHANTOM_DATA, "phantom pullback") == expected


def test_a_training_that_kept_no_record_claims_no_phantoms(tmp_path):
    assert learnt_from(tmp_path, PHANTOM_DATA, "phantom pullback") is None


def test_only_a_model_of_phantoms_alone_is_called_so():
    assert "phantoms alone" in one_step_limits(PHANTOM_DATA)
    for source in ("3 phantom pullbacks and 1 case of its user.", "31 pullbacks of our hospital", ""):
        assert "phantoms alone" not in one_step_limits(source)


@pytest.fixture
def a_model(tmp_path):
    torch.manual_seed(0)
    metadata = {"description": "untrained", "intended_use": "tests", "data_source": "Nothing.", "training": {}, "references": []}
    weights = save(DeepLabV3Plus(4, 4).state_dict())
    metadata |= {"image_classes": "", "label_classes": ""}
    write_bundle(
        tmp_path / "model",
        TASK,
        network_class="DeepLabV3Plus",
        network_arguments={"classes": 4, "width": 4},
        weights=weights,
        metadata=metadata,
        card="",
        licence="licence",
    )
    return tmp_path / "model"


def test_the_card_quotes_every_real_frame_and_readers_are_told_what_is_missed(a_model, tmp_path):
    frames = [{**A_FRAME, "name": f"x_{number}", "dice": dice, "found_arc_deg": 50.0} for number, dice in enumerate((0, 0.5, 0.4))]
    figures = {"frames": frames, "dice": 0.3, "patients": {"x": 0.3}, "frames_with_calcium": 3, "close_arcs": 0}
    figures |= {"frames_without_calcium": 0, "false_calcium_share": None}
    (tmp_path / "real.json").write_text(json.dumps(figures))
    assert main(["oct", "card", str(a_model), "--real", str(tmp_path / "real.json"), "--real-source", "my own frames"]) == 0
    card = (a_model / "docs/README.md").read_text()
    assert "my own frames" in card and all(f"| x_{number} |" in card for number in range(3))
    summary = load_bundle(a_model, TASK).summary()
    assert "None" not in str(summary["eval_metrics"])
    missed = model_cautions(summary)[1].sentence
    assert (
        "3 real frames with calcium" in missed
        and "Dice of 0.30" in missed
        and "some of the calcium in 2 and none of it in 1" in missed
    )

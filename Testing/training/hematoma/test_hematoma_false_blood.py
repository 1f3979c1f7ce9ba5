"""What was taken for blood in a phantom head, told from where the phantom drew it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from HematomaMarkersLib.labels import BACKGROUND, HEMATOMA, INTRAVENTRICULAR
from HematomaMarkersLib.phantom.atlas import Field
from HematomaMarkersLib.phantom.mimics import CAUSES
from HematomaMarkersLib.phantom.patient import PhantomHead
from HematomaMarkersLib.phantom.physics import Pose
from HematomaMarkersLib.phantom.position import turned_deg, turned_pose
from HematomaMarkersLib.phantom.wide import draw_wide_head
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing

from training.hematoma.evaluation.evaluate import PatientResult
from training.hematoma.evaluation.false_blood import BESIDE, TISSUE, false_blood_ml
from training.hematoma.evaluation.finding import finding_figures

SINUS = CAUSES.index("sinus or vein") + 1


@pytest.fixture(scope="module")
def head() -> PhantomHead:
    """Ten slices of 30 x 30 voxels of 1 mm; a sinus runs through all of them at row and column 5."""
    kinds = np.zeros((10, 30, 30), np.uint8)
    kinds[:, 5, 5] = SINUS
    grid = even_grid((10, 30, 30), Spacing(1.0, 1.0, 1.0))
    nothing = np.zeros(grid.shape, np.int16)
    labels = np.zeros(grid.shape, np.uint8)
    labels[4, 20:24, 20:24] = HEMATOMA
    mimics, pose = Field(kinds, (0.0, 0.0, 0.0), 1.0), Pose(np.eye(3), np.zeros(3))
    signs = {}, np.zeros((10, 4), bool), (), None, 0.0, 0.0, 0.0, np.array([0.0, 1.0, 0.0]), 0
    return PhantomHead(nothing, labels, grid, *signs, mimics=mimics, pose=pose)


def test_false_blood_is_told_by_the_structure_within_two_and_a_half_millimetres(head):
    found = np.zeros(head.labels.shape, np.uint8)
    found[2, 5, 5:8] = INTRAVENTRICULAR  # 0, 1 and 2 mm from the sinus
    found[2, 5, 8] = INTRAVENTRICULAR  # 3 mm
    assert false_blood_ml(head, found) == {TISSUE: pytest.approx(0.001), "sinus or vein": pytest.approx(0.003)}


def test_what_lies_beside_true_blood_is_an_error_of_the_contour(head):
    found = np.zeros(head.labels.shape, np.uint8)
    found[4, 20:24, 18:26] = HEMATOMA  # 2 mm too wide to both sides
    found[5, 20:24, 20:24] = HEMATOMA  # a slice too far
    assert false_blood_ml(head, found) == {BESIDE: pytest.approx(0.032)}
    assert false_blood_ml(head, head.labels) == {}


def test_blood_taken_for_another_kind_of_blood_is_not_false(head):
    found = np.where(head.labels == HEMATOMA, INTRAVENTRICULAR, BACKGROUND)
    assert false_blood_ml(head, found) == {}


def test_structures_are_found_in_a_head_that_lies_turned(head):
    """The head turned by a quarter about its axis: row 5, column 5 of the head lies at row 5 and column -5 of the scanner."""
    pose = turned_pose((90.0, 0.0, 0.0), (0.0, 0.0, 29.0))
    place = pose.rotation @ np.array([2.0, 5.0, 5.0]) + pose.shift_mm
    turned = replace(head, pose=pose, labels=np.zeros_like(head.labels))
    found = np.zeros(head.labels.shape, np.uint8)
    found[tuple(np.rint(place).astype(int))] = HEMATOMA
    assert false_blood_ml(turned, found) == {"sinus or vein": pytest.approx(0.001)}
    assert turned_deg(pose) == pytest.approx(90) and turned_deg(head.pose) == 0


def test_a_wide_head_tells_its_sinuses_from_brain_that_is_less_dense():
    head = draw_wide_head(3)
    places = np.argwhere(head.labels == BACKGROUND)[::31]
    z, _, x = head.pose.to_head(head.grid.lps_mm(places).T[::-1])
    places = places[(np.abs(x) < 10) & (z > 30) & (z < 60)]
    density = head.hounsfield[tuple(places.T)]
    likeliest = {}
    for name, low, high in (("dense", 50, 75), ("not dense", 20, 38)):
        found = np.zeros(head.labels.shape, np.uint8)
        found[tuple(places[(density > low) & (density < high)].T)] = HEMATOMA
        causes = false_blood_ml(head, found)
        likeliest[name] = max(causes.keys() - {"bone"}, key=causes.get)
    assert likeliest == {"dense": "sinus or vein", "not dense": TISSUE}


def test_false_blood_is_averaged_over_all_heads():
    figures = finding_figures([_result({"bone": 3.0, TISSUE: 1.0}), _result({TISSUE: 3.0}), _result({})])
    assert figures["false_ml"] == {TISSUE: pytest.approx(4 / 3), "bone": pytest.approx(1.0)}


def _result(false_ml) -> PatientResult:
    volumes = dict.fromkeys(("true_ml", "found_ml", "true_ivh_ml", "found_ivh_ml"), 0.0)
    voxels = {"voxels": (0, 0, 0), "ivh_voxels": (0, 0, 0)}
    nothing = {name: {} for name in ("true", "probabilities", "thresholds", "evidence", "heat_mm")}
    rows = {name: [] for name in ("slice_numbers", "slice_true", "slice_probabilities")}
    return PatientResult(0, None, (), **volumes, **voxels, **nothing, **rows, false_ml=false_ml)

"""What the Lib has for the module: triage from kept probabilities, the patient's position, DICOM files by name."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_bleed import no_heat
from drawn_head import head_on, slices
from HematomaMarkersLib.__main__ import main
from HematomaMarkersLib.labels import BLEND, MARKERS
from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.reading.read import open_dicom
from HematomaMarkersLib.reading.scan import PATIENT_POSITIONS, Scan, gravity_of
from HematomaMarkersLib.triage.decision import triage
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.errors import InputError
from written_series import write_series


@pytest.fixture(scope="module")
def a_measurement():
    grid = slices([6.0] * 8)
    labels = np.zeros(grid.shape, np.uint8)
    labels[3:5, 28:33, 28:34] = 1
    return measure_scan(Scan(head_on(grid), grid), labels)


@pytest.mark.parametrize("blend", [0.1, 0.9])
def test_the_probabilities_of_a_network_decide(a_measurement, blend):
    probabilities, thresholds = {**dict.fromkeys(MARKERS, 0.05), BLEND: blend}, dict.fromkeys(MARKERS, 0.4)
    network = NetworkResult(
        probabilities=probabilities,
        thresholds=thresholds,
        marker_slices={},
        slice_probabilities=np.full((8, 4), np.nan),
        heat=no_heat((8, 64, 64)),
        model={},
    )
    decided = triage(a_measurement, network, None, read_rules())
    assert any("Blend sign (network 90 %" in reason for reason in decided.reasons) == (blend > 0.4)


@pytest.mark.parametrize("position", PATIENT_POSITIONS)
def test_gravity_pulls_to_the_side_the_patient_lies_on(position):
    down = {"S": "back", "P": "front", "DR": "right", "DL": "left"}[position[2:]]
    lps = {"back": (0, 1, 0), "front": (0, -1, 0), "right": (-1, 0, 0), "left": (1, 0, 0)}
    np.testing.assert_array_equal(gravity_of(position), lps[down])


@pytest.mark.parametrize("position", ["", "HF", "SITTING", "XFS"])
def test_gravity_is_not_known_where_the_position_is_not(position):
    assert gravity_of(position) is None


def test_files_of_a_series_are_read_by_name_without_looking_for_a_brain(tmp_path):
    grid = slices([6.0] * 5, tilt_deg=12.0)
    files = write_series(tmp_path, np.where(np.arange(64) < 9, -1000, 40).astype(np.int16) * np.ones(grid.shape, np.int16), grid)
    scan = open_dicom(list(reversed(files)))
    np.testing.assert_allclose(scan.grid.positions_mm, grid.positions_mm, atol=1e-3)


def test_files_that_are_no_dicom_are_refused(tmp_path):
    (tmp_path / "notes").write_text("nothing")
    with pytest.raises(InputError, match="DICOM"):
        open_dicom([tmp_path / "notes"])


def test_a_patient_position_that_does_not_exist_is_refused_in_one_sentence(tmp_path, capsys):
    arguments = ["analyze", str(tmp_path), "-o", str(tmp_path / "out"), "--patient-position", "UPSIDE"]
    assert main(arguments) == 2
    assert "UPSIDE" in capsys.readouterr().err


def test_a_stated_position_is_taken_where_the_scan_does_not_say_it(tmp_path):
    from HematomaMarkersLib.commands import _open
    from HematomaMarkersLib.options import ScanOptions
    from LesionReadingLib.geometry.nrrd import write_nrrd
    from LesionReadingLib.reporting import JsonLines

    grid = slices([6.0] * 24)
    write_nrrd(tmp_path / "ct.nrrd", head_on(grid), grid)
    options = ScanOptions(patient_position="HFP")
    np.testing.assert_array_equal(_open(tmp_path / "ct.nrrd", JsonLines(), options, None, False).gravity, [0, -1, 0])
    assert _open(tmp_path / "ct.nrrd", JsonLines(), replace(options, patient_position=None), None, False).gravity is None

"""Agreement of two readers, and of reader and model, by study and by frame."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from drawn_result import a_pullback, write_run
from drawn_vessel import WIDE, a_vessel
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies.agreement import Reading, agreements, dice, worklist_agreements
from LesionReadingLib.studies.reader_edits import save_edit
from LesionReadingScene.scene import volume_grid
from OCTCalciumLib.__main__ import main
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.segments import SEGMENTS


def test_dice_is_that_of_overlapping_squares():
    one, other = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    one[:10, :10] = True
    other[:10, 5:15] = True
    assert dice(one, other) == 0.5
    assert dice(one & ~one, other & ~other) == 1.0


def test_the_whole_study_comes_first_then_the_slices_on_which_one_of_both_marked():
    one, other = np.zeros((4, 6, 6), np.uint8), np.zeros((4, 6, 6), np.uint8)
    one[1, :2], other[1, :2], other[2, :4] = 1, 1, 1
    rows = list(agreements(3, ("A", "B"), Reading(one, 2.0, [0, 90, 0, 0]), Reading(other, 6.0, [0, 90, 120, 0]), 1))
    assert [row.slice for row in rows] == [None, 1, 2]
    assert rows[0].dice == pytest.approx(2 * 12 / (12 + 36)) and rows[0].volumes == (2.0, 6.0) and rows[0].arcs_deg == (90, 120)
    assert [row.dice for row in rows[1:]] == [1.0, 0.0]


def test_label_maps_of_two_scans_are_not_compared():
    with pytest.raises(InputError, match="differ in size"):
        list(agreements(1, ("A", "B"), Reading(np.zeros((2, 3, 3)), 0), Reading(np.zeros((3, 3, 3)), 0), 1))


@pytest.fixture
def a_read_worklist(a_desktop, tmp_path):
    """A study that the model and two readers have drawn: Anna as the model did, Bert without the wide deposit."""
    volume = a_pullback()
    study = tmp_path / "lesion_reading" / "oct-calcium" / "0123456789abcdef"
    write_run(study, volume, a_vessel())
    (study / "out" / "measurements.json").write_text("{}")
    without = a_vessel()
    without[list(WIDE)] = np.where(without[list(WIDE)] == CALCIUM, 0, without[list(WIDE)])
    for reader, labels in (("Anna", a_vessel()), ("Bert", without)):
        write = lambda file, labels=labels: write_seg_nrrd(file, labels, volume_grid(volume), SEGMENTS)  # noqa: E731
        save_edit(study, reader, write, model="m 1", reviewed=[0], count=24, changed=[], exported=False)
    return tmp_path


@pytest.mark.parametrize("named", [True, False])
def test_a_command_writes_the_table_of_a_worklist_without_names_unless_asked(a_read_worklist, tmp_path, named):
    out = tmp_path / "table"
    assert main(["agreement", str(a_read_worklist), "-o", str(out), *(["--with-readers"] if named else [])]) == 0
    text = (out / "agreement.csv").read_text()
    assert ("Bert" in text) == named
    rows = list(csv.DictReader(text.splitlines()))
    whole = {(row["reader A"], row["reader B"]): row for row in rows if row["frame (from 0)"] == ""}
    anna, bert = ("Anna", "Bert") if named else ("reader 1", "reader 2")
    assert set(whole) == {("model", anna), ("model", bert), (anna, bert)}
    assert float(whole["model", anna]["Dice"]) == 1
    assert float(whole[anna, bert]["arc A (degrees)"]) == pytest.approx(240, abs=2)
    assert float(whole[anna, bert]["arc B (degrees)"]) == pytest.approx(60, abs=2)
    assert float(whole[anna, bert]["volume B (mm3)"]) < float(whole[anna, bert]["volume A (mm3)"])


def test_a_folder_without_two_readings_is_refused(tmp_path, capsys):
    assert main(["agreement", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "no study with two readings" in capsys.readouterr().err


def test_an_edit_that_its_reader_keeps_anew_meanwhile_is_compared_as_it_is_now(tmp_path):
    study = tmp_path / "lesion_reading" / "oct-calcium" / "0123456789abcdef"
    study.mkdir(parents=True)

    def kept(reader, content):
        facts = {"model": "", "reviewed": [], "count": 1, "changed": [], "exported": False}
        save_edit(study, reader, lambda file: file.write_text(content), **facts)

    kept("Anna", "1")
    kept("Bert", "1")
    replaced = []

    def read(file):
        if not replaced:
            replaced.append(file)
            kept("Anna", "0")
        if not file.exists():
            raise InputError("gone")
        return Reading(np.full((1, 2, 2), int(file.read_text()), np.uint8), None, None)

    found = list(worklist_agreements(tmp_path, "oct-calcium", read, 1, named=True))
    assert found[0].readers == ("Anna", "Bert") and found[0].dice == 0

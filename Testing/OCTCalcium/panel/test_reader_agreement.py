"""Agreement of the readers of a worklist: compared beside the panel, in two tables, saved without names unless asked."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import slicer
from drawn_result import a_pullback, write_run
from drawn_vessel import WIDE, a_vessel
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies import worklist as wl
from LesionReadingLib.studies.reader_edits import save_edit
from LesionReadingPanel.views import currentSlice
from LesionReadingScene.scene import volume_grid, write_volume_node
from oct_panel import erase_frame
from OCTCalciumLib.labels import CALCIUM
from OCTCalciumLib.segments import SEGMENTS


@pytest.fixture
def a_read_list(a_desktop, an_oct_module, tmp_path):
    """A list of one study that the model and two readers have drawn: Bert without calcium on one of the frames."""
    panel, volume = an_oct_module, a_pullback()
    write_volume_node(volume, tmp_path / "one.nrrd")
    panel.ui.readerEdit.text = "Clara"
    panel.worklist.show(tmp_path)
    (item,) = panel.worklist._items
    write_run(item.folder, volume, a_vessel())
    (item.result / "measurements.json").write_text(json.dumps({"cautions": []}))
    wl.record_model(item, "a_model", "0.3")
    fewer = a_vessel()
    fewer[WIDE[3]] = np.where(fewer[WIDE[3]] == CALCIUM, 0, fewer[WIDE[3]])
    for reader, labels in (("Anna", a_vessel()), ("Bert", fewer)):
        write = lambda file, labels=labels: write_seg_nrrd(file, labels, volume_grid(volume), SEGMENTS)  # noqa: E731
        save_edit(item.folder, reader, write, model="m 1", reviewed=[0], count=24, changed=[], exported=False)
    slicer.mrmlScene.RemoveNode(volume)
    panel.worklist.refresh()
    return panel


def compared(a_desktop, panel):
    panel.ui.agreementButton.click()
    assert panel.ui.worklistLabel.text == "Comparing the readers..."
    with a_desktop.longest_pause():
        a_desktop.wait_until(lambda: not panel.worklist.agreement.running, 120)
    assert panel.ui.worklistLabel.text == ""
    return panel.worklist.agreement.window


def rows(table):
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def test_pairs_of_readers_and_the_model_are_told_by_study_and_by_frame_and_one_click_goes_there(a_desktop, a_read_list, tmp_path):
    window = compared(a_desktop, a_read_list)
    assert window.dialog.isVisible()
    pairs = {tuple(row[1:3]): row for row in rows(window.pairTable)}
    assert set(pairs) == {("the model", "Anna"), ("the model", "Bert"), ("Anna", "Bert")}
    best = pairs["the model", "Anna"]
    assert best[0] == "one.nrrd" and best[3] == "1.00" and best[4] == best[5] and best[6] == best[7] == "240"
    assert float(pairs["Anna", "Bert"][5]) < float(pairs["Anna", "Bert"][4])
    assert rows(window.pairTable)[-1] == best  # the worst agreement stands on top
    window.pairTable.setCurrentCell([tuple(row[1:3]) for row in rows(window.pairTable)].index(("Anna", "Bert")), 0)
    frames = rows(window.sliceTable)
    assert frames[0][:2] == [str(WIDE[3] + 1), "0.00"] and frames[0][2] == "240" and frames[0][3] in ("", "0")
    assert {row[1] for row in frames[1:]} == {"1.00"}
    window.sliceTable.cellActivated.emit(0, 0)
    a_desktop.process_events()
    assert a_read_list.worklist.openItem.name == "one.nrrd"
    assert currentSlice(a_read_list.worklist._view.volume) == WIDE[3]
    window.close()


def test_a_study_on_view_is_compared_as_it_is_now(a_desktop, a_read_list):
    a_read_list.worklist.open(0)
    a_desktop.process_events()
    erase_frame(a_desktop, a_read_list, WIDE[3])
    window = compared(a_desktop, a_read_list)
    pairs = {tuple(row[1:3]): row[3] for row in rows(window.pairTable)}
    assert pairs["Bert", "Clara"] == "1.00" and pairs["Anna", "Clara"] != "1.00"
    window.close()


@pytest.mark.parametrize("named", [False, True])
def test_the_table_is_saved_without_names_unless_the_reader_wants_them(a_desktop, a_read_list, tmp_path, named):
    window = compared(a_desktop, a_read_list)
    window.namedCheckBox.checked = named
    a_desktop.dialogs.answer(str(tmp_path / "agreement.csv"))
    window.saveButton.click()
    text = (tmp_path / "agreement.csv").read_text()
    assert ("Anna" in text) == named == ("reader 1" not in text)
    whole = [row for row in csv.DictReader(text.splitlines()) if row["frame (from 0)"] == ""]
    assert len(whole) == 3 and {row["reader A"] for row in whole} >= {"model"}
    window.close()


def test_a_list_that_nobody_has_read_twice_says_so_in_a_sentence(a_desktop, an_oct_module, tmp_path):
    panel = an_oct_module
    volume = a_pullback()
    write_volume_node(volume, tmp_path / "one.nrrd")
    slicer.mrmlScene.RemoveNode(volume)
    panel.ui.readerEdit.text = "Clara"
    assert not panel.ui.agreementButton.enabled
    panel.worklist.show(tmp_path)
    panel.ui.agreementButton.click()
    a_desktop.wait_until(lambda: not panel.worklist.agreement.running, 120)
    assert "no study with two readings" in panel.ui.worklistLabel.text and panel.worklist.agreement.window is None

"""A worklist of head CTs: a tilted one is analysed beside the panel, and its result lies right on the upright CT of the desktop."""

from __future__ import annotations

import numpy as np
from HematomaMarkersLib.phantom.study import write_patient
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.scan_results import KIND, SEGMENTATION
from LesionReadingScene.scene import labels_of, result_node, result_of, volume_array


def test_a_tilted_head_is_analysed_beside_and_opened_where_it_lies(a_desktop, a_head_module, tmp_path):
    panel = a_head_module
    hematoma = {"wanted": frozenset({"blend"}), "volume_ml": 24.0, "location": "putamen"}
    write_patient(tmp_path / "study", 1012, size=128, slice_mm=9.0, tilt_deg=14.0, **hematoma)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    panel.ui.analyseAllButton.click()
    a_desktop.wait_until(lambda: not panel.worklist._background.running, 120)
    assert panel.ui.worklistTable.item(0, 1).text() == "analysed"
    panel.ui.nextStudyButton.click()
    a_desktop.process_events()
    volume = panel.ui.inputSelector.currentNode()
    labels = labels_of(result_node(result_of(volume, KIND), SEGMENTATION), volume, SEGMENTS)
    assert 45 < np.median(volume_array(volume)[labels == 1]) < 80  # blood, in the CT as it is shown
    assert panel.ui.resultsButton.enabled and panel.reading.findings.network is not None
    panel.worklist.leave()
    assert panel.ui.worklistTable.item(0, 1).text() == f"reviewed 0 of {len(labels)}"

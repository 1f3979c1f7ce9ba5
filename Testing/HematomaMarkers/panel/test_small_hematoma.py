"""The panel on a hematoma whose volume crosses the limit from which signs are judged, both ways, as a reader edits it."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from drawn_ball import PIXEL_MM, a_head
from drawn_volumes import add_array
from head_panel import composite
from HematomaMarkersLib.labels import BLEND, HEMATOMA, MARKERS
from HematomaMarkersLib.segments import SEGMENTS
from HematomaMarkersPanel.results.heat_maps import heatRole
from HematomaMarkersPanel.results.marker_rows import WIDGET_NAMES
from HematomaMarkersPanel.scan_results import EDITED, KIND, NETWORK, SEGMENTATION, TABLE
from LesionReadingScene.scene import replace_labels, result_node, result_of, set_result_json, set_result_node

STEPS_MM = np.array([PIXEL_MM, PIXEL_MM, 5.0])
PIXEL_ML = PIXEL_MM**2 * 5.0 / 1000
NOT_JUDGED = "Not judged: on a hematoma under 1.5 mL this sign cannot be told."
LARGEST = 4  # number of the slice


@pytest.fixture
def a_reading(a_desktop, a_head_module):
    """The panel with a hematoma of several mL, in which a network saw every sign on all slices that show it."""
    return reading_of(a_desktop, a_head_module, *a_head()[:2])


def reading_of(desktop, panel, hounsfield, truth):
    panel.volume = add_array(hounsfield, np.diag(STEPS_MM), np.array([-60.0, -60.0, 20.0]), "a head", "DICOM")
    panel.ui.inputSelector.setCurrentNode(panel.volume)
    panel.ui.byHandButton.click()
    panel.whole = np.where(truth, HEMATOMA, 0).astype(np.uint8)
    shown = panel.whole.any(axis=(1, 2))
    network = {
        "probabilities": dict.fromkeys(MARKERS, 0.9),
        "thresholds": dict.fromkeys(MARKERS, 0.5),
        "marker_slices": dict.fromkeys(MARKERS, LARGEST),
        "slices": [[0.9 if one else None] * len(MARKERS) for one in shown],
        "volume_range_ml": [1.0, 20.0],
        "probability_ranges": {marker: [0.7, 0.95] for marker in MARKERS},
        "unsure_slice": None,
        "model": {"name": "a_model"},
    }
    result = result_of(panel.volume, KIND)
    for marker in MARKERS:
        heat = add_array(np.ones(hounsfield.shape, np.float32), np.diag(STEPS_MM), np.array([-60.0, -60.0, 20.0]), marker, "test")
        set_result_node(result, heatRole(marker), heat)
    set_result_json(result, NETWORK, network)
    set_result_json(result, EDITED, False)
    panel.ui.inputSelector.setCurrentNode(panel.volume)
    put(desktop, panel, panel.whole)
    return panel


def put(desktop, panel, labels):
    replace_labels(result_node(result_of(panel.volume, KIND), SEGMENTATION), panel.volume, labels, SEGMENTS)
    desktop.process_events()


def part_of(whole, volume_ml):
    """Of the largest slice and its neighbour so many pixels that they have this volume, some 0.01 mL more or less."""
    places = np.argwhere(whole[LARGEST - 1 : LARGEST + 2]) + np.array([LARGEST - 1, 0, 0])
    labels = np.zeros_like(whole)
    labels[tuple(places[: round(volume_ml / PIXEL_ML)].T)] = HEMATOMA
    return labels


def rows(panel):
    return {marker: getattr(panel.ui, f"{name}Label").text for marker, name in WIDGET_NAMES.items()}


def buttons(panel):
    return [getattr(panel.ui, f"{name}Button").text for name in WIDGET_NAMES.values()]


def cells(panel):
    table = panel.ui.sliceTable
    return {table.item(row, column).text() for row in range(table.rowCount) for column in range(2, 2 + len(MARKERS))}


def written(panel):
    """The probabilities of the largest slice in the table of the scene."""
    table = result_node(result_of(panel.volume, KIND), TABLE)
    return {table.GetCellText(LARGEST, column) for column in range(3, 3 + len(MARKERS))}


def test_below_the_limit_each_sign_is_said_not_to_be_judged_and_above_it_all_is_back(a_desktop, a_reading):
    panel = a_reading
    large = rows(panel), buttons(panel), cells(panel), written(panel)
    assert NOT_JUDGED not in large[0].values() and all("90 %" in text for text in large[1])
    assert large[2] == {"90", ""} and large[3] == {"0.9"}
    put(a_desktop, panel, part_of(panel.whole, 1.3))
    measured = panel.reading.findings.measurement
    assert measured.too_small_for_signs and 1.2 < measured.volume_ml < 1.4
    assert set(rows(panel).values()) == {NOT_JUDGED} and not any("%" in text for text in buttons(panel))
    assert cells(panel) == {""} and written(panel) == {"nan"}
    assert not any("sign" in check.why for check in panel.reading.checks())
    put(a_desktop, panel, panel.whole)
    assert (rows(panel), buttons(panel), cells(panel), written(panel)) == large


def test_one_stroke_over_the_limit_shows_the_signs_of_all_slices(a_desktop, a_reading):
    panel = a_reading
    small = part_of(panel.whole, 1.45)
    put(a_desktop, panel, small)
    assert panel.reading.findings.measurement.too_small_for_signs
    grown = small.copy()
    grown[LARGEST + 1] = panel.whole[LARGEST + 1]
    put(a_desktop, panel, grown)
    assert panel.reading.findings.measurement.shows_signs and NOT_JUDGED not in rows(panel).values()
    assert panel.ui.sliceTable.item(LARGEST - 1, 2).text() == "90"  # a slice that was not edited


def test_heat_of_a_sign_lies_over_the_scan_only_where_the_sign_is_judged(a_desktop, a_reading):
    panel = a_reading
    panel.ui.blendButton.click()
    heat = result_node(result_of(panel.volume, KIND), heatRole(BLEND))
    assert composite("Red").GetForegroundVolumeID() == heat.GetID()
    put(a_desktop, panel, part_of(panel.whole, 1.3))
    assert composite("Red").GetForegroundVolumeID() is None
    panel.ui.hypodensityButton.click()
    assert composite("Red").GetForegroundVolumeID() is None
    panel.ui.blendButton.click()
    put(a_desktop, panel, panel.whole)
    assert composite("Red").GetForegroundVolumeID() == heat.GetID()
    assert slicer.mrmlScene.IsNodePresent(heat)


def test_on_a_volume_cut_to_a_window_signs_are_judged_from_more_on(a_desktop, a_head_module):
    hounsfield, truth, _ = a_head()
    panel = reading_of(a_desktop, a_head_module, hounsfield.clip(0, 80), truth)
    assert NOT_JUDGED not in rows(panel).values() and panel.reading.findings.measurement.volume_ml > 5
    put(a_desktop, panel, part_of(panel.whole, 3.0))
    assert set(rows(panel).values()) == {NOT_JUDGED.replace("1.5", "5")}

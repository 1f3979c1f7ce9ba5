"""The spacing of a panel's input: told where it is known, asked for where it is not."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.packaging
from drawn_volumes import ORIGIN, a_volume, add_array, numbered
from LesionReadingLib.geometry.spacing import TYPED, UNKNOWN
from LesionReadingScene.scene import set_slice_spacing_unknown, spacing_source
from panel_ui import panel_widgets


@pytest.fixture
def a_spacing_box(a_desktop):
    from LesionReadingPanel.spacing_box import SpacingBox

    ui, changes = panel_widgets(), []
    return ui, SpacingBox(ui, "slices", lambda: changes.append(True)), changes


def test_a_volume_with_spacing_is_described_and_nothing_is_asked(a_spacing_box):
    ui, box, _ = a_spacing_box
    box.show(a_volume(source="DICOM (0028,0030) Pixel Spacing"))
    for fact in ("16 x 12", "5 slices", "0.75 x 0.5", "3 mm", "DICOM (0028,0030) Pixel Spacing"):
        assert fact in ui.inputFactsLabel.text
    assert ui.spacingBox.isHidden()
    assert box.ready


def test_spacing_that_is_not_known_is_asked_for_and_never_suggested(a_spacing_box):
    ui, box, changes = a_spacing_box
    volume = add_array(numbered(), np.eye(3), ORIGIN, "pictures", UNKNOWN)
    box.show(volume)
    assert not ui.spacingBox.isHidden()
    assert not box.ready
    assert (ui.pixelSpacingSpinBox.value, ui.sliceSpacingSpinBox.value) == (0, 0)
    assert not ui.setSpacingButton.enabled
    ui.pixelSpacingSpinBox.value = 0.015
    assert not ui.setSpacingButton.enabled
    ui.sliceSpacingSpinBox.value = 0.2
    ui.setSpacingButton.click()
    assert volume.GetSpacing() == (0.015, 0.015, 0.2)
    assert spacing_source(volume) == TYPED
    assert changes == [True]
    assert ui.spacingBox.isHidden()
    assert box.ready
    assert TYPED in ui.inputFactsLabel.text


def test_what_is_known_of_the_spacing_is_filled_in(a_spacing_box):
    ui, box, _ = a_spacing_box
    volume = add_array(numbered(), np.diag([0.02, 0.02, 1.0]), ORIGIN, "pullback", "DICOM")
    set_slice_spacing_unknown(volume)
    box.show(volume)
    assert ui.pixelSpacingSpinBox.value == pytest.approx(0.02)
    assert not ui.spacingBox.isHidden()


def test_an_unusable_volume_is_told_and_not_ready(a_spacing_box):
    ui, box, _ = a_spacing_box
    box.show(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
    assert "no voxels" in ui.inputFactsLabel.text
    assert not box.ready
    box.show(None)
    assert ui.inputFactsLabel.text == ""
    assert not box.ready

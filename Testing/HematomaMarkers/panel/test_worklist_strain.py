"""A head CT of a worklist whose nodes go while it is opened."""

from __future__ import annotations

import pytest
import slicer
import slicer.util
from drawn_head import head_on, slices
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.studies.reader_lock import holder_of


@pytest.fixture
def a_list(a_desktop, a_head_module, tmp_path):
    panel, grid = a_head_module, slices([14.0] * 9)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_nrrd(tmp_path / name / "head.nrrd", head_on(grid), grid)
    panel.ui.readerEdit.text = "Anna"
    panel.worklist.show(tmp_path)
    return panel


@pytest.mark.parametrize("volume_only", [True, False])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_whenever_they_go_it_is_told_and_the_next_one_opens(a_desktop, a_list, before, volume_only, monkeypatch):
    from LesionReadingPanel.worklist import study_on_view

    turn, turned = study_on_view.turn, []

    def turn_and_remove():
        turn()
        turned.append(True)
        if len(turned) <= before:
            return
        if volume_only:
            slicer.mrmlScene.RemoveNode(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")[0])
        else:
            slicer.mrmlScene.Clear(0)

    with monkeypatch.context() as patched:
        patched.setattr(study_on_view, "turn", turn_and_remove)
        a_list.worklist.open(0)
    a_desktop.process_events()
    assert "were removed" in a_list.ui.worklistLabel.text and a_list.worklist.openItem is None
    a_list.worklist.open(1)
    a_desktop.process_events()
    assert a_list.worklist.openItem is a_list.worklist._items[1]
    assert holder_of(a_list.worklist._items[0].folder) is None
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1

"""A head CT of a worklist whose nodes go while it is opened."""

from __future__ import annotations

import pytest
import slicer
import slicer.util
from LesionReadingLib.studies.reader_lock import holder_of


@pytest.mark.parametrize("volume_only", [True, False])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_whenever_they_go_it_is_told_and_the_next_one_opens(a_desktop, two_heads, before, volume_only, monkeypatch):
    from LesionReadingPanel.worklist import study_on_view

    panel, _grid = two_heads
    turn, turned = study_on_view.turn, []

    def turn_and_remove():
        turn()
        turned.append(True)
        if len(turned) <= before:
            return
        if volume_only:
            for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")[:1]:  # none where all is taken out already
                slicer.mrmlScene.RemoveNode(volume)
        else:
            slicer.mrmlScene.Clear(0)

    with monkeypatch.context() as patched:
        patched.setattr(study_on_view, "turn", turn_and_remove)
        panel.worklist.open(0)
    a_desktop.process_events()
    assert "were removed" in panel.ui.worklistLabel.text and panel.worklist.openItem is None
    panel.worklist.open(1)
    a_desktop.process_events()
    assert panel.worklist.openItem is panel.worklist._items[1]
    assert holder_of(panel.worklist._items[0].folder) is None
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1

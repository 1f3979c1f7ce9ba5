"""A share that goes away and leaves its mount point, in which an old copy of the list lies: nothing is kept there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
import slicer
from drawn_result import a_pullback
from LesionReadingLib.studies.batch.run import BESIDE
from LesionReadingLib.studies.disk import DISK
from LesionReadingLib.studies.reader_edits import edit_of
from LesionReadingScene.scene import write_volume_node
from oct_panel import erase_frame

OTHER_DISK = Path("/dev/shm")


@pytest.fixture
def studies(a_desktop, tmp_path):
    """The place of a share, which a link stands for: its target lies on another disk than the folder left without it."""
    assert OTHER_DISK.stat().st_dev != tmp_path.stat().st_dev, "temporary files lie in memory; name a folder on a disk by TMPDIR"
    with tempfile.TemporaryDirectory(dir=OTHER_DISK) as share:
        for name in ("one", "two", "three"):
            volume = a_pullback(name=name)
            write_volume_node(volume, Path(share) / f"{name}.nrrd")
            slicer.mrmlScene.RemoveNode(volume)
        place = tmp_path / "share"
        place.symlink_to(share)
        yield place


def go_away(share: Path, left: Path) -> Path:
    """The share goes, and what is left is a folder with a copy of the list; gives where the share lies."""
    share_itself = share.resolve()
    shutil.copytree(share / BESIDE, left / BESIDE)
    (left / BESIDE / DISK).unlink(missing_ok=True)
    share.unlink()
    share.symlink_to(left)
    return share_itself


def all_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("marked", [False, True], ids=["an old list without a token", "with the token of another disk"])
def test_an_edit_stays_in_the_scene_while_the_place_of_the_share_holds_an_old_list(
    a_desktop, a_list, studies, tmp_path, monkeypatch, marked
):
    monkeypatch.setattr("LesionReadingPanel.worklist.autosaving.RETRY_MS", 100)
    a_list.worklist.open(0)
    a_desktop.process_events()
    left, label, item = tmp_path / "left", a_list.ui.worklistLabel, a_list.worklist.openItem
    share = go_away(studies, left)
    if marked:
        (left / BESIDE / DISK).write_text('{"token": "another"}')
    before = all_of(left)
    erase_frame(a_desktop, a_list, 9)
    a_desktop.wait_until(lambda: label.text, 30)
    assert "not there" in label.text and "still in the scene" in label.text and label.text.count(".") == 1
    for step in (a_list.ui.saveStudyButton, a_list.ui.nextStudyButton, a_list.ui.agreementButton):
        label.text = ""
        step.click()
        assert "not there" in label.text and label.text.count(".") == 1, label.text
    assert a_list.worklist.openItem is item and a_list.results.measurement.frames[9].arc_bridged_deg == 0
    assert all_of(left) == before
    studies.unlink()
    studies.symlink_to(share)
    a_desktop.wait_until(lambda: not a_list.worklist._autosaving.pending, 30)
    a_list.ui.saveStudyButton.click()
    assert label.text == "Kept beside the data." and edit_of(item.folder, "Anna").changed == {9}
    assert all_of(left) == before


def test_nothing_is_opened_analysed_or_compared_in_the_old_list_in_the_place_of_the_share(a_desktop, a_list, studies, tmp_path):
    share = go_away(studies, tmp_path / "left")
    before, label = all_of(tmp_path / "left"), a_list.ui.worklistLabel
    for button in (a_list.ui.nextStudyButton, a_list.ui.analyseAllButton, a_list.ui.agreementButton):
        label.text = ""
        button.click()
        assert "not there" in label.text and a_list.worklist.openItem is None
    assert not a_list.worklist.agreement.running and not a_list.ui.analyseAllButton.checked
    assert all_of(tmp_path / "left") == before
    studies.unlink()
    studies.symlink_to(share)
    a_list.ui.nextStudyButton.click()
    assert a_list.worklist.openItem is not None


def test_a_share_that_comes_back_under_another_number_is_known_again(a_desktop, a_list, studies, tmp_path):
    a_list.worklist.open(0)
    a_desktop.process_events()
    item = a_list.worklist.openItem
    back = tmp_path / "back"
    shutil.copytree(studies, back)
    studies.unlink()
    studies.symlink_to(back)
    erase_frame(a_desktop, a_list, 9)
    a_list.ui.saveStudyButton.click()
    assert a_list.ui.worklistLabel.text == "Kept beside the data." and edit_of(item.folder, "Anna").changed == {9}
    assert (back / BESIDE).resolve() in edit_of(item.folder, "Anna").labels.resolve().parents

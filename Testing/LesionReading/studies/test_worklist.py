"""A folder of studies that several people read: states from plain files, locks, edits that are never lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies import reader_lock
from LesionReadingLib.studies.autosave import autosave
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.studies.reader_edits import edit_of, edits_of, save_edit
from LesionReadingLib.studies.reader_lock import LOCK, STALE_S, Taken, holder_of, take, take_over
from LesionReadingLib.studies.worklist import (
    ANALYSED,
    EDITED_BY,
    EXPORTED,
    FAILED_STATE,
    REVIEWED,
    WAITING,
    is_there,
    make_folder,
    next_item,
    record_failure,
    state_of,
    worklist,
)


def find(folder, output):
    files = sorted(path for path in folder.rglob("*.nrrd") if output not in path.parents)
    return [Study(file, (file,)) for file in files]


@pytest.fixture
def items(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.nrrd").write_text(name)
    found = worklist(tmp_path, "oct-calcium", find)
    for item in found:
        item.folder.mkdir(parents=True)
    return found


def analysed(item):
    item.result.mkdir()
    (item.result / "measurements.json").write_text("{}")


def save(item, reader="Anna", content="labels", reviewed=(0, 1), exported=False):
    record = {"model": "model", "reviewed": reviewed, "count": 4, "changed": [1], "exported": exported}
    return save_edit(item.folder, reader, lambda file: file.write_text(content), **record)


def make_old(item):
    long_ago = time.time() - STALE_S - 60
    os.utime(item.folder / LOCK, (long_ago, long_ago))


def test_a_study_goes_from_waiting_to_exported(items):
    item = items[0]
    assert state_of(item, "Anna").status == WAITING
    analysed(item)
    assert state_of(item, "Anna").status == ANALYSED
    lock = take(item.folder, "Anna")
    assert (state_of(item, "Bert").status, state_of(item, "Bert").reader) == (EDITED_BY, "Anna")
    save(item)
    lock.release()
    state = state_of(item, "Anna")
    assert (state.status, state.reviewed, state.count) == (REVIEWED, 2, 4)
    assert state_of(item, "Bert").status == ANALYSED  # what another has read is not read by this one
    save(item, exported=True)
    assert state_of(item, "Anna").status == EXPORTED


def test_a_failed_study_says_why_and_a_later_result_ends_that(items):
    record_failure(items[1], "The file is cut off.")
    state = state_of(items[1], "Anna")
    assert (state.status, state.message) == (FAILED_STATE, "The file is cut off.")
    analysed(items[1])
    assert state_of(items[1], "Anna").status == ANALYSED


def test_the_list_is_the_same_in_another_place_and_never_lists_its_own_files(items, tmp_path):
    analysed(items[0])
    (items[0].result / "segmentation.nrrd").write_text("x")
    again = worklist(tmp_path, "oct-calcium", find)
    assert [item.folder for item in again] == [item.folder for item in items]
    assert [item.name for item in again] == ["a.nrrd", "b.nrrd", "c.nrrd"]
    moved = tmp_path.parent / f"{tmp_path.name}_moved"
    tmp_path.rename(moved)
    assert [item.folder.name for item in worklist(moved, "oct-calcium", find)] == [item.folder.name for item in items]


def test_a_batch_of_the_same_folder_takes_nothing_of_the_worklist_for_a_study(items, tmp_path):
    from LesionReadingLib.studies.batch.find import found_below

    items[0].result.mkdir()
    (items[0].result / "heat_blend.nrrd").write_text("x")
    (items[0].result / "picture.png").write_text("x")
    found = found_below(tmp_path, tmp_path / "results").studies
    assert sorted(study.source.name for study in found) == ["a.nrrd", "b.nrrd", "c.nrrd"]


def test_a_folder_without_studies_is_refused(tmp_path):
    with pytest.raises(InputError, match="No study"):
        worklist(tmp_path, "oct-calcium", find)


def test_a_second_reader_is_told_who_edits(items):
    take(items[0].folder, "Anna")
    with pytest.raises(Taken, match="Anna"):
        take(items[0].folder, "Bert")


def test_a_lock_left_by_a_crash_is_told_and_can_be_taken_over_once(items):
    old = take(items[0].folder, "Anna")
    with pytest.raises(Taken):
        take_over(items[0].folder, "Bert")  # she still works
    make_old(items[0])
    assert holder_of(items[0].folder).stale
    with pytest.raises(Taken, match="crash"):
        take(items[0].folder, "Bert")
    new = take_over(items[0].folder, "Bert")
    with pytest.raises(Taken, match="Bert"):
        take_over(items[0].folder, "Carl")
    assert new.is_ours() and not old.is_ours()
    old.release()  # comes back to life: it must not free what is Bert's
    assert holder_of(items[0].folder).reader == "Bert"


def test_a_beat_keeps_a_lock_from_growing_old(items):
    lock = take(items[0].folder, "Anna")
    make_old(items[0])
    lock.beat()
    assert not holder_of(items[0].folder).stale


def test_of_many_programs_at_once_exactly_one_gets_the_lock(items):
    program = (
        "import sys; from pathlib import Path; from LesionReadingLib.studies.reader_lock import *\n"
        "sys.stdin.read(1)\n"
        "try: take(Path(sys.argv[1]), sys.argv[2]); print('got')\nexcept Taken: print('not')"
    )
    start = [sys.executable, "-c", program, str(items[0].folder)]
    readers = [
        subprocess.Popen([*start, f"reader {number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    answers = [reader.communicate("x")[0].strip() for reader in readers]
    assert sorted(answers) == ["got", "not", "not", "not"]


def test_a_disk_without_links_locks_as_well(items, monkeypatch):
    def refuse(*_paths):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(reader_lock.os, "link", refuse)
    take(items[0].folder, "Anna")
    with pytest.raises(Taken, match="Anna"):
        take(items[0].folder, "Bert")


def test_edits_of_two_readers_lie_apart_and_are_told_with_who_when_and_model(items):
    save(items[0], "Anna", "hers")
    save(items[0], "Bérénice Ōta", "others")
    found = {edit.reader: edit for edit in edits_of(items[0].folder)}
    assert set(found) == {"Anna", "Bérénice Ōta"}
    assert found["Anna"].labels.read_text() == "hers"
    assert found["Anna"].model == "model" and found["Anna"].changed == {1} and found["Anna"].saved[:2] == "20"


def test_a_saved_edit_replaces_the_one_before_and_leaves_no_other_file(items):
    save(items[0], content="first")
    second = save(items[0], content="second")
    assert edit_of(items[0].folder, "Anna").labels.read_text() == "second"
    assert sorted(path.name for path in second.labels.parent.iterdir()) == sorted(["edit.json", second.labels.name])


@pytest.mark.parametrize("when", ["labels", "facts"])
def test_a_full_disk_keeps_the_edit_before_and_says_so(items, monkeypatch, when):
    save(items[0], content="first")

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    if when == "facts":
        monkeypatch.setattr("LesionReadingLib.studies.whole_file.os.replace", full)
    with pytest.raises(InputError, match="still in the scene"):
        write = full if when == "labels" else lambda file: file.write_text("x")
        save_edit(items[0].folder, "Anna", write, model="m", reviewed=[], count=4, changed=[], exported=False)
    assert edit_of(items[0].folder, "Anna").labels.read_text() == "first"


def test_damaged_files_of_others_stop_nothing(items):
    analysed(items[0])
    (items[0].folder / "edits" / "Anna").mkdir(parents=True)
    (items[0].folder / "edits" / "Anna" / "edit.json").write_text("{")
    assert state_of(items[0], "Anna").status == ANALYSED
    (items[0].folder / LOCK).write_text("not json")
    assert state_of(items[0], "Anna").status == EDITED_BY


def test_an_edit_file_cannot_lead_outside_its_folder(items):
    save(items[0])
    file = items[0].folder / "edits" / "Anna" / "edit.json"
    record = json.loads(file.read_text()) | {"labels": "../../../../secret.seg.nrrd"}
    file.write_text(json.dumps(record))
    assert edit_of(items[0].folder, "Anna").labels.parent == file.parent


def test_the_next_study_is_one_that_is_analysed_and_not_yet_read(items):
    for item in items[1:]:
        analysed(item)
    states = [state_of(item, "Anna") for item in items]
    assert next_item(items, states, None) == 1
    assert next_item(items, states, 1) == 2
    save(items[2], reviewed=range(4))
    states = [state_of(item, "Anna") for item in items]
    assert next_item(items, states, 1) is None


def test_nothing_is_kept_in_the_place_where_a_disk_is_missing(tmp_path):
    """The empty folder of a disk that was taken away: what is written there lies hidden below the disk once it is back."""
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    (share / "a.nrrd").write_text("a")
    item = worklist(share, "oct-calcium", find)[0]
    make_folder(item)
    share.rename(away)
    share.mkdir()
    assert not is_there(item)
    with pytest.raises(InputError, match="is not there, or another one"):
        make_folder(item)
    with pytest.raises(InputError, match="still in the scene"):
        save(item)
    with pytest.raises(InputError, match="they are in the scene"):
        autosave(item.folder, "Anna", {0: np.zeros((2, 2), np.uint8)}, shape=(3, 2, 2), reviewed=[])
    assert not list(share.iterdir())
    share.rmdir()
    away.rename(share)
    assert is_there(item) and save(item).count == 4


@pytest.mark.parametrize("left", ["the study", "what is kept of others"])
def test_the_folder_of_a_study_that_somebody_deleted_is_made_again_on_a_disk_that_is_there(items, left):
    item = items[0]
    if left == "the study":
        shutil.rmtree(item.folder.parent)
    else:
        item.folder.rmdir()
        item.study.source.unlink()
    make_folder(item)
    assert item.folder.is_dir()

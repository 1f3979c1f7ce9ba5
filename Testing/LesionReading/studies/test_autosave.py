"""What a crash leaves of an edit: whole slices, each for itself, on the label map that they build on; never another one's."""

from __future__ import annotations

import numpy as np
import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.studies.autosave import AUTOSAVE, autosave, autosave_of, drop_autosave
from LesionReadingLib.studies.reader_edits import reader_folder, save_edit

SHAPE = (5, 6, 7)


def a_slice(value: int) -> np.ndarray:
    return np.arange(42, dtype=np.uint8).reshape(6, 7) % (value + 1)


def an_edit(study, reader="Anna"):
    facts = {"model": "", "reviewed": [], "count": 5, "changed": [], "exported": False}
    return save_edit(study, reader, lambda file: file.write_text("labels"), **facts)


def test_slices_come_back_as_they_were_last_and_those_of_another_reader_stay_apart(tmp_path):
    autosave(tmp_path, "Anna", {1: a_slice(1), 3: a_slice(2)}, shape=SHAPE, reviewed={0})
    autosave(tmp_path, "Anna", {3: a_slice(3)}, shape=SHAPE, reviewed={0, 4})
    left = autosave_of(tmp_path, "Anna", SHAPE)
    assert set(left.slices) == {1, 3} and left.reviewed == {0, 4}
    np.testing.assert_array_equal(left.slices[1], a_slice(1))
    np.testing.assert_array_equal(left.slices[3], a_slice(3))
    assert autosave_of(tmp_path, "Bert", SHAPE) is None
    drop_autosave(tmp_path, "Anna")
    assert autosave_of(tmp_path, "Anna", SHAPE) is None


def test_slices_of_another_label_map_are_not_taken(tmp_path):
    autosave(tmp_path, "Anna", {1: a_slice(1)}, shape=SHAPE, reviewed=())
    assert autosave_of(tmp_path, "Anna", (5, 7, 6)) is None
    an_edit(tmp_path)  # was kept, and the program ended before it could forget the slices
    assert autosave_of(tmp_path, "Anna", SHAPE) is None
    autosave(tmp_path, "Anna", {}, shape=SHAPE, reviewed=())
    assert autosave_of(tmp_path, "Anna", SHAPE) is not None


@pytest.mark.parametrize("content", [b"", b"no zlib", b"x\x9c"])
def test_a_damaged_slice_is_left_out_and_the_others_are_there(tmp_path, content):
    autosave(tmp_path, "Anna", {1: a_slice(1), 2: a_slice(2)}, shape=SHAPE, reviewed=())
    (reader_folder(tmp_path, "Anna") / AUTOSAVE / "slice_00001.z").write_bytes(content)
    assert set(autosave_of(tmp_path, "Anna", SHAPE).slices) == {2}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base": "", "size": 3, "reviewed": [], "saved": ""}'])
def test_damaged_facts_leave_nothing_to_restore(tmp_path, text):
    autosave(tmp_path, "Anna", {1: a_slice(1)}, shape=SHAPE, reviewed=())
    (reader_folder(tmp_path, "Anna") / AUTOSAVE / "autosave.json").write_text(text)
    assert autosave_of(tmp_path, "Anna", SHAPE) is None


def test_a_full_disk_is_told_in_one_sentence_and_what_was_kept_is_there(tmp_path, monkeypatch):
    autosave(tmp_path, "Anna", {1: a_slice(1)}, shape=SHAPE, reviewed=())

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("LesionReadingLib.studies.whole_file.os.replace", full)
    with pytest.raises(InputError, match="No space left") as refused:
        autosave(tmp_path, "Anna", {1: a_slice(2)}, shape=SHAPE, reviewed=())
    assert str(refused.value).count(".") == 1
    np.testing.assert_array_equal(autosave_of(tmp_path, "Anna", SHAPE).slices[1], a_slice(1))
    assert len(list((reader_folder(tmp_path, "Anna") / AUTOSAVE).iterdir())) == 2  # nothing half-written

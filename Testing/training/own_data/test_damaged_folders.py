"""Files of data folders that were changed or damaged are told in a sentence, and never learnt from as they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from LesionReadingLib.errors import InputError
from PIL import Image

from training.__main__ import main
from training.files import read_json, read_picture, read_rows
from training.hematoma.data import load_patient
from training.oct.data import load_patients
from training.own_data.case_table import read_cases, read_table
from training.own_data.splits import read_split


def oct_patient(folder: Path) -> Path:
    np.save(folder / "patient-01001.npy", np.zeros((2, 3, 8, 8), np.uint8))
    (folder / "patient-01001.json").write_text(json.dumps({"spacing_mm": [0.02, 0.02, 0.2]}))
    return folder


def head_patient(folder: Path, **changed) -> Path:
    whole = (3, 8, 8)
    arrays = {"hounsfield": np.zeros(whole, np.int16), "labels": np.zeros(whole, np.uint8), "slice_markers": np.zeros((3, 4), bool)}
    arrays |= {"markers": np.zeros(4, bool), "inside": np.ones(whole, bool), "extents_mm": np.ones(3)} | changed
    file = folder / "patient-01001.npz"
    np.savez(file, **arrays, facts=np.array(json.dumps({"near_misses": [], "location": None})))
    return file


def test_sound_patients_are_read(tmp_path):
    assert load_patients(oct_patient(tmp_path))[0].spacing_mm == (0.02, 0.02, 0.2)
    assert load_patient(head_patient(tmp_path)).judged


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 3, 8, 8), np.int16),
        np.zeros((3, 3, 8, 8), np.uint8),
        np.zeros((2, 3, 8), np.uint8),
        np.zeros((2, 0, 8, 8), np.uint8),
    ],
)
def test_an_array_that_is_no_patient_is_refused(tmp_path, pixels):
    np.save(oct_patient(tmp_path) / "patient-01001.npy", pixels)
    with pytest.raises(InputError, match=r"patient-01001\.npy"):
        load_patients(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_patient_that_was_cut_off_is_refused(tmp_path, share):
    for file, load in ((oct_patient(tmp_path) / "patient-01001.npy", lambda: load_patients(tmp_path)), (None, None)):
        if file is None:
            file, load = head_patient(tmp_path), lambda: load_patient(tmp_path / "patient-01001.npz")
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match="patient-01001"):
            load()


@pytest.mark.parametrize(
    "spacing", [[0.02, 0.02], [0, 0.02, 0.2], [0.02, -1, 0.2], [0.02, float("nan"), None], ["a", 1, 2], 3, [10**400, 1, 1]]
)
def test_a_spacing_that_is_none_is_refused(tmp_path, spacing):
    (oct_patient(tmp_path) / "patient-01001.json").write_text(json.dumps({"spacing_mm": spacing}))
    with pytest.raises(InputError, match=r"patient-01001\.json"):
        load_patients(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": np.zeros((2, 8, 8), np.uint8)},
        {"labels": np.zeros((3, 8, 8), float)},
        {"markers": np.zeros(3, bool)},
        {"extents_mm": np.ones(2)},
        {"further": np.zeros(3)},
        {"hounsfield": np.zeros(3, np.int16)},
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(tmp_path, changed):
    with pytest.raises(InputError, match=r"patient-01001\.npz"):
        load_patient(head_patient(tmp_path, **changed))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'patient,split\n"' + b"x" * 200_000, b"", b"[" * 100_000])
def test_tables_that_cannot_be_read_are_told(tmp_path, content):
    (tmp_path / "split.csv").write_bytes(content)
    (tmp_path / "cases.csv").write_bytes(content or b"case\nx\n")
    for read in (lambda: read_split(tmp_path), lambda: read_cases(tmp_path), lambda: read_table(tmp_path / "split.csv")):
        with pytest.raises(InputError, match=r"\.csv"):
            read()


@pytest.mark.parametrize("spacing", ["0", "-1", "nan", "inf", "1e9", "x"])
def test_a_typed_spacing_that_no_image_has_is_refused(tmp_path, spacing):
    (tmp_path / "x.csv").write_text(f"case,pixel_spacing_mm\na,{spacing}\n")
    with pytest.raises(InputError, match="Line 2"):
        read_table(tmp_path / "x.csv")


def test_pipes_devices_and_deep_nesting_are_no_files_of_a_training(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    for name in ("pipe.json", "zero.json", "deep.json", "none.json"):
        for read in (read_json, read_rows)[: 1 if name == "deep.json" else 2]:
            with pytest.raises(InputError, match=name):
                read(tmp_path / name)


def test_names_that_no_disk_takes_end_a_command_in_one_line(tmp_path, capsys):
    assert main(["oct", "split", str(tmp_path / ("n" * 480))]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "too long" in printed
    assert main(["oct", "split", str(tmp_path / "two\nlines")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_no_picture_is_told_by_its_name(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "large.png")
    for name in ("text.png", "zero.png", "pipe.png", "large.png"):
        with pytest.raises(InputError, match=name):
            read_picture(tmp_path / name)

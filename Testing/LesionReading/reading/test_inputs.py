"""What a path holds: files, folders, links, zip files and DICOMDIR, the same for pullbacks, scans and label maps."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import dicom, noise, save
from drawn_head import EVEN, head_on, slices
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.segments import SEGMENTS
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.reading.inputs import files_below, files_beside, input_files
from OCTCalciumLib.reading.read import open_pullback
from pydicom import dcmread
from pydicom.fileset import FileSet
from stored_files import names, packed, touch
from written_series import write_series


def test_the_files_of_a_folder_are_told_by_kind_and_in_natural_order(tmp_path):
    touch(tmp_path / "s10.png", tmp_path / "s2.png", tmp_path / "a.nii.gz", tmp_path / "IM2", tmp_path / "below" / "IM10")
    touch(tmp_path / ".hidden", tmp_path / "below" / "mask.png", tmp_path / ".git" / "IM3", tmp_path / "__MACOSX" / "IM4")
    (tmp_path / "empty.dcm").touch()
    found = input_files(tmp_path)
    assert names(found.pictures) == ["s2.png", "s10.png"]
    assert names(found.volumes) == ["a.nii.gz"]
    assert names(found.others) == ["IM2", "IM10"]
    assert (found.folder, found.is_folder, found.notes) == (tmp_path, True, ())


def test_a_folder_in_a_folder_alone_stands_for_it(tmp_path):
    touch(tmp_path / "study" / "series" / "1.png", tmp_path / "study" / "series" / "masks" / "1.png")
    found = input_files(tmp_path)
    assert found.folder == tmp_path / "study" / "series"
    assert found.pictures == (found.folder / "1.png",)


def test_images_in_folders_below_are_not_taken_but_told(tmp_path):
    touch(tmp_path / "a" / "1.png", tmp_path / "b" / "2.nii.gz")
    found = input_files(tmp_path)
    assert not (found.pictures or found.volumes or found.others or found.is_empty) and found.folders_below == "a, b"
    for read in (open_scan, open_pullback):
        with pytest.raises(InputError, match=r"only in folders below it \(a, b\)"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.nrrd", "volumes"), ("a.PNG", "pictures"), ("IM1", "others"), ("a.seg.nrrd", "volumes")]
)
def test_one_file_is_one_file(tmp_path, name, kind):
    touch(tmp_path / name, tmp_path / "other")
    found = input_files(tmp_path / name)
    assert getattr(found, kind) == (tmp_path / name,)
    assert len(found.volumes + found.pictures + found.others) == 1 and not found.is_folder


def test_nothing_and_an_empty_file_are_told(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "lost").symlink_to(tmp_path / "gone")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for name, message in {
        "nothing": "There is no file",
        "empty": "is empty",
        "lost": "leads nowhere",
        "round": "leads nowhere",
    }.items():
        with pytest.raises(InputError, match=message):
            input_files(tmp_path / name)
    (tmp_path / "folder").mkdir()
    assert input_files(tmp_path / "folder").is_empty


def test_links_to_folders_and_files_are_followed(tmp_path):
    touch(tmp_path / "store" / "a" / "IM1", tmp_path / "store" / "b" / "IM2", tmp_path / "store" / "x9f" / "key")
    study = tmp_path / "study"
    study.mkdir()
    (study / "a").symlink_to(tmp_path / "store" / "a")
    (study / "b").symlink_to(Path("..") / "store" / "b")
    (study / "IM3").symlink_to(tmp_path / "store" / "x9f" / "key")
    (tmp_path / "link to study").symlink_to(study)
    for named in (study, tmp_path / "link to study"):
        assert sorted(names(input_files(named).others)) == ["IM1", "IM2", "IM3"]


@pytest.mark.parametrize("target", ["..", "../..", "/"])
def test_a_link_to_a_folder_above_leads_to_nothing_that_was_not_named(tmp_path, target):
    touch(tmp_path / "another patient" / "IM1", tmp_path / "study" / "series" / "IM2")
    (tmp_path / "study" / "series" / "up").symlink_to(target)
    assert [file.name for file in input_files(tmp_path / "study").others] == ["IM2"]
    assert files_below(tmp_path / "study") == [tmp_path / "study" / "series" / "IM2"]


def test_links_in_a_circle_end(tmp_path):
    touch(tmp_path / "study" / "IM1", tmp_path / "study" / "below" / "IM2")
    (tmp_path / "study" / "below" / "up").symlink_to(tmp_path / "study")
    (tmp_path / "study" / "self").symlink_to(tmp_path / "study" / "self")
    found = input_files(tmp_path / "study")
    assert sorted(names(found.others)) == ["IM1", "IM2"]
    assert "1 link(s)" in found.notes[0]


def test_a_file_named_by_several_links_is_one_slice_but_several_pictures(tmp_path):
    touch(tmp_path / "z" / "IM1", tmp_path / "1.png", tmp_path / "scan.nrrd")
    (tmp_path / "a link").symlink_to(tmp_path / "z" / "IM1")
    (tmp_path / "2.png").symlink_to(tmp_path / "1.png")
    (tmp_path / "a.nrrd").symlink_to(tmp_path / "scan.nrrd")
    found = input_files(tmp_path)
    assert names(found.others) == ["IM1"] and names(found.volumes) == ["scan.nrrd"]
    assert names(found.pictures) == ["1.png", "2.png"]


def test_links_that_git_wrote_as_text_are_followed_but_not_out_of_a_zip_file(tmp_path):
    touch(tmp_path / "store" / "IM1", tmp_path / "store" / "IM2", tmp_path / "x" / "IM3")
    study = tmp_path / "study"
    study.mkdir()
    (study / "series").write_text("../store")
    (study / "IM3").write_text("../x/IM3")
    (study / "note").write_text("see ../store")
    assert sorted(names(input_files(study).others)) == ["IM1", "IM2", "IM3", "note"]
    path = packed(tmp_path / "a.zip", {"series": str(Path("..") / ".." / tmp_path.relative_to("/") / "store").encode()})
    assert names(input_files(path).others) == ["series"]


def test_links_whose_files_were_not_fetched_are_told(tmp_path):
    touch(tmp_path / "IM1")
    for number in range(3):
        (tmp_path / f"link{number}").symlink_to(tmp_path / ".git" / "annex" / str(number))
    assert "3 link(s)" in input_files(tmp_path).notes[0]


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert input_files(tmp_path).is_empty


def test_the_files_beside_one_are_those_of_its_folder(tmp_path):
    touch(tmp_path / "IM10", tmp_path / "IM2", tmp_path / "IM1", tmp_path / "a.png", tmp_path / "below" / "IM3")
    (tmp_path / "link").symlink_to(tmp_path / "IM1")
    assert names(files_beside(tmp_path / "IM1")) == ["IM2", "IM10"]


@pytest.fixture
def a_disc(tmp_path):
    """A disc with a DICOMDIR of two images, and a third file that it does not list."""
    made = FileSet()
    for number in range(2):
        data = dicom(noise(1, seed=number), Modality="CT", SeriesNumber=1, InstanceNumber=number + 1, StudyID="1", PatientID="p")
        data.StudyInstanceUID, data.StudyDate, data.StudyTime = "1.2.3", "20240301", "0830"
        made.add(data)
    made.write(tmp_path / "disc")
    save(dicom(noise(1, seed=9)), tmp_path / "disc" / "MORE")
    return tmp_path / "disc"


def test_a_dicomdir_stands_for_the_images_that_it_lists(a_disc):
    found = input_files(a_disc / "DICOMDIR")
    assert len(found.others) == 2 and found.is_folder
    assert "MORE" not in names(found.others) and "DICOMDIR" not in names(found.others)
    assert len(input_files(a_disc).others) == 3


def test_a_disc_copied_in_small_letters_is_read(a_disc):
    listed = input_files(a_disc / "DICOMDIR").others
    for path in sorted(a_disc.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.lower()))
    found = input_files(a_disc / "dicomdir").others
    assert [str(file).lower() for file in listed] == [str(file).lower() for file in found]


def test_a_dicomdir_without_its_images_is_told(a_disc, tmp_path):
    (tmp_path / "desk").mkdir()
    (a_disc / "DICOMDIR").rename(tmp_path / "desk" / "DICOMDIR")
    with pytest.raises(InputError, match="lists 2 files, but none of them lies beside it"):
        input_files(tmp_path / "desk" / "DICOMDIR")


@pytest.fixture(params=["zip file", "link to the folder", "folder of links", "DICOMDIR"])
def as_stored(request, tmp_path):
    """Gives a folder of DICOM files again, stored in another way."""

    def stored(folder: Path) -> Path:
        if request.param == "zip file":
            return packed(tmp_path / "a.zip", {f"a/{file.name}": file.read_bytes() for file in folder.iterdir()})
        if request.param == "link to the folder":
            (tmp_path / "study").mkdir()
            (tmp_path / "study" / "series").symlink_to(folder)
            return tmp_path / "study"
        if request.param == "folder of links":
            (tmp_path / "links").mkdir()
            for number, file in enumerate(folder.iterdir()):
                (tmp_path / "links" / f"{number}").symlink_to(file)
            return tmp_path / "links"
        disc = FileSet()
        for file in folder.iterdir():
            data = dcmread(file)
            data.StudyID, data.StudyInstanceUID = "1", data.get("StudyInstanceUID") or "1.2.3"
            data.StudyDate, data.StudyTime, data.SeriesNumber = "20240301", "0830", data.get("SeriesNumber") or 1
            data.PatientID = "p"
            disc.add(data)
        disc.write(tmp_path / "disc")
        return tmp_path / "disc" / "DICOMDIR"

    return stored


def test_a_head_ct_is_read_however_it_is_stored(tmp_path, as_stored):
    grid = slices(EVEN)
    write_series(tmp_path / "ct", head_on(grid), grid)
    scan = open_scan(as_stored(tmp_path / "ct"))
    assert np.array_equal(scan.hounsfield, np.maximum(head_on(grid), -1024))
    assert scan.notes == ()


def test_a_pullback_is_read_however_it_is_stored(tmp_path, as_stored):
    pixels = noise(3)
    (tmp_path / "oct").mkdir()
    save(dicom(pixels, PixelSpacing=[0.01, 0.01], SeriesNumber=1, InstanceNumber=1), tmp_path / "oct" / "IM1")
    pullback = open_pullback(as_stored(tmp_path / "oct"))
    assert np.array_equal(np.stack(list(pullback.read(0, 3))), pixels)


def test_a_label_map_is_read_from_a_zip_file(tmp_path):
    grid = slices(EVEN)
    labels = (head_on(grid) > 500).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(labels), str(tmp_path / "labels.nii.gz"))
    path = packed(tmp_path / "a.zip", {"mine/labels.nii.gz": (tmp_path / "labels.nii.gz").read_bytes()})
    assert np.array_equal(read_label_map(path, SEGMENTS).labels, labels)

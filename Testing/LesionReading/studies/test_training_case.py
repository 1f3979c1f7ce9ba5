"""Cases for training: written whole or not at all, back as they were, and telling nothing of who or when."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import SimpleITK as sitk
from drawn_head import rotation
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid, matrix_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.studies import training_case
from LesionReadingLib.studies.training_case import FACTS, IMAGE, LABELS, read_case, write_case

TURN = rotation([0.3, -1, 0.6], 37)
SPACING_MM = (0.31, 0.27, 2.4)  # column, row, slice
OBLIQUE = (TURN * SPACING_MM).T
ORIGIN_MM = np.array([-41.25, 103.5, -7.125])
PLACES = {
    "oblique": OBLIQUE,
    "left-handed": OBLIQUE * [[1], [1], [-1]],
    "tilted gantry": np.array([[0.5, 0, 0], [0, 0.45, -0.1], [0, 0, 5.0]]),
}


def an_image(slices=5, kind=np.int16):
    return np.random.default_rng(3).integers(-900, 900, (slices, 6, 4)).astype(kind)


def a_case(folder, **changed):
    values = {
        "task": "hematoma-markers",
        "image": an_image(),
        "labels": np.arange(5 * 6 * 4).reshape(5, 6, 4) % 3,
        "grid": matrix_grid((5, 6, 4), OBLIQUE, ORIGIN_MM),
        "reviewed": {3, 0},
        "markers": {"blend": True, "fluid_level": False, "hypodensity": None},
    }
    return write_case(folder, **(values | changed))


@pytest.mark.parametrize("place", PLACES)
def test_a_case_comes_back_as_it_was_wherever_it_lies(tmp_path, place):
    case = read_case(a_case(tmp_path / "case", grid=matrix_grid((5, 6, 4), PLACES[place], ORIGIN_MM)))
    np.testing.assert_array_equal(case.image, an_image())
    np.testing.assert_array_equal(case.labels, np.arange(120).reshape(5, 6, 4) % 3)
    assert case.labels.dtype == np.uint8 and case.image.dtype == np.int16
    np.testing.assert_allclose(case.grid.axes_mm(), PLACES[place], atol=1e-9)
    np.testing.assert_allclose(case.grid.origin_mm, ORIGIN_MM, atol=1e-9)
    lengths = np.sqrt((PLACES[place] ** 2).sum(axis=1))
    spacing = case.grid.spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.frame_mm) == pytest.approx((lengths[1], lengths[0], lengths[2]))
    assert case.task == "hematoma-markers"
    assert case.reviewed == (0, 3) and case.learnt_slices == [0, 3]
    assert case.markers == {"blend": True, "fluid_level": False, "hypodensity": None}


def test_other_programs_find_every_voxel_at_its_place(tmp_path):
    image = sitk.ReadImage(a_case(tmp_path / "case") / IMAGE)
    column, row, slice_ = 3, 5, 4
    expected = ORIGIN_MM + column * OBLIQUE[0] + row * OBLIQUE[1] + slice_ * OBLIQUE[2]
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint((column, row, slice_)), expected, atol=1e-6)
    assert image[column, row, slice_] == an_image()[slice_, row, column]


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32", "uint16", "int32", "float64", "bool"])
def test_numbers_of_every_kind_keep_their_values(tmp_path, kind):
    image = (np.abs(an_image()) % 256).astype(kind)
    case = read_case(a_case(tmp_path / "case", image=image))
    np.testing.assert_array_equal(case.image, image)


def test_whole_numbers_beyond_sixteen_bits_keep_their_values(tmp_path):
    image = an_image().astype(np.uint16) + 40000
    np.testing.assert_array_equal(read_case(a_case(tmp_path / "case", image=image)).image, image)


def test_one_slice_and_an_empty_mask_go_through(tmp_path):
    folder = a_case(tmp_path / "case", image=an_image(1), labels=np.zeros((1, 6, 4), bool), reviewed=(), markers=None)
    case = read_case(folder)
    assert case.labels.shape == (1, 6, 4) and not case.labels.any()
    assert case.learnt_slices == [0] and case.markers is None
    np.testing.assert_allclose(case.grid.axes_mm(), OBLIQUE, atol=1e-9)


def test_nothing_in_the_folder_says_who_or_when(tmp_path):
    """The same case written at another time into a folder of another name has the same bytes, and its text only known words."""
    first = a_case(tmp_path / "Doe^Jane 1961-05-17 MRN4711")
    time.sleep(1.1)
    second = a_case(tmp_path / "another")
    assert sorted(file.name for file in first.iterdir()) == sorted([IMAGE, LABELS, FACTS])
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()
    facts = json.loads((first / FACTS).read_text())
    assert facts.keys() == {"schema", "task", "size", "spacing_mm", "reviewed", "markers"}
    for name in (IMAGE, LABELS):
        header = (first / name).read_bytes().split(b"\n\n")[0].decode().splitlines()
        fields = ("type", "dimension", "space", "sizes", "space directions", "kinds", "endian", "encoding", "space origin")
        assert [line.split(":")[0] for line in header] == ["NRRD0004", *fields]


def test_a_case_exported_again_replaces_the_earlier_one(tmp_path):
    a_case(tmp_path / "case")
    a_case(tmp_path / "case", labels=np.ones((5, 6, 4), np.uint8), reviewed=(1,))
    case = read_case(tmp_path / "case")
    assert (case.labels == 1).all() and case.reviewed == (1,)
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_a_disk_that_fails_leaves_nothing_new_and_the_earlier_case_as_it_was(tmp_path, monkeypatch):
    def full(path, *_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    a_case(tmp_path / "earlier")
    monkeypatch.setattr(training_case, "write_nrrd", full)
    for name in ("earlier", "new"):
        with pytest.raises(InputError, match="full"):
            a_case(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["earlier"]
    np.testing.assert_array_equal(read_case(tmp_path / "earlier").image, an_image())


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="something else"):
        a_case(tmp_path / "letters")
    assert (tmp_path / "letters" / "thesis.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="something else"):
        a_case(tmp_path / "letters" / "thesis.txt")


@pytest.mark.parametrize(
    "labels",
    [
        np.full((5, 6, 4), 0.5),
        np.full((5, 6, 4), np.nan),
        np.full((5, 6, 4), -1),
        np.full((5, 6, 4), 256),
        np.full((5, 6, 4), "calcium"),
        np.zeros((5, 4, 6)),
        np.zeros((6, 4)),
    ],
    ids=["fractions", "not a number", "negative", "above 255", "text", "turned", "flat"],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, labels):
    with pytest.raises(InputError, match=r"(?i)labels"):
        a_case(tmp_path / "case", labels=labels)
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("axes", [np.zeros((3, 3)), np.full((3, 3), np.nan), [[1, 0, 0], [0, 1, 0], [1, 1, 0]]])
def test_a_volume_without_a_place_is_refused(tmp_path, axes):
    with pytest.raises(InputError, match="place in space"):
        a_case(tmp_path / "case", grid=matrix_grid((5, 6, 4), axes, ORIGIN_MM))


def test_a_volume_without_spacing_is_no_case(tmp_path):
    with pytest.raises(InputError, match="place in space"):
        a_case(tmp_path / "case", grid=even_grid((5, 6, 4), Spacing(0.5, 0.5, None)))


@pytest.mark.parametrize("reviewed", [{5}, {-1}, {0.5}])
def test_slices_that_are_not_there_cannot_be_reviewed(tmp_path, reviewed):
    with pytest.raises(InputError, match="from 0 to 4"):
        a_case(tmp_path / "case", reviewed=reviewed)


def test_a_marker_is_seen_or_not_or_not_judged(tmp_path):
    with pytest.raises(InputError, match="not judged"):
        a_case(tmp_path / "case", markers={"blend": 0.7})


def test_damaged_cases_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="no training case"):
        read_case(tmp_path)

    def damaged(name, **changed):
        folder = a_case(tmp_path / name)
        facts = json.loads((folder / FACTS).read_text()) | changed
        (folder / FACTS).write_text(json.dumps(facts))
        return folder

    with pytest.raises(InputError, match="kind"):
        read_case(damaged("version", schema="lesion-reading-case/9"))
    with pytest.raises(InputError, match="from 0 to 4"):
        read_case(damaged("reviewed", reviewed=[7]))
    text = damaged("text")
    (text / FACTS).write_text("{")
    with pytest.raises(InputError, match="JSON"):
        read_case(text)
    without = damaged("without")
    (without / IMAGE).unlink()
    with pytest.raises(InputError, match=IMAGE):
        read_case(without)
    moved, other = damaged("moved"), a_case(tmp_path / "other", grid=matrix_grid((5, 6, 4), OBLIQUE, ORIGIN_MM + 1))
    (other / LABELS).replace(moved / LABELS)
    with pytest.raises(InputError, match="same voxels"):
        read_case(moved)
    cut = damaged("cut")
    content = (cut / LABELS).read_bytes()
    (cut / LABELS).write_bytes(content[: len(content) - 30])
    with pytest.raises(InputError, match="cannot be read"):
        read_case(cut)

"""Label maps read in one copy: the same voxels as the library gives, wherever the pages of memory end."""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from commands import environment
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import even_grid, matrix_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.reading.headers.nrrd import nrrd_voxels
from LesionReadingLib.reading.headers.plain_voxels import page_by_page, untouched_zeros
from LesionReadingLib.reading.headers.stored_voxels import unpacked_bytes
from LesionReadingLib.reading.volume_files import image_and_voxels
from OCTCalciumLib.segments import SEGMENTS

SHAPES = [(1, 1, 1), (3, 5, 7), (2, 64, 64), (5, 300, 411), (70, 128, 129)]  # below, at and across pages and chunks


def drawn(shape: tuple[int, int, int]) -> np.ndarray:
    random = np.random.default_rng(5)
    labels = (random.random(shape) < 0.001).astype(np.uint8) * random.integers(1, 4, shape, dtype=np.uint8)
    labels[-1, -1, -1] = labels[0, 0, 0] = 1
    labels[0, :, shape[2] // 2] = 3
    return labels


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("encoding", ["gzip", "raw"])
def test_voxels_are_those_of_the_library(tmp_path, shape, encoding):
    labels, path = drawn(shape), tmp_path / "a.nrrd"
    write_nrrd(path, labels, matrix_grid(labels.shape, np.diag([0.1, 0.1, 0.2]), (0, 0, 0)), encoding=encoding)
    assert np.array_equal(image_and_voxels(path)[1](), labels)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), labels)
    read = read_label_map(path, SEGMENTS).labels
    assert np.array_equal(read, labels)
    read[0, 0, 0] = 2  # they can be edited


@pytest.mark.parametrize("skipped", [0, 5, 10_000])
@pytest.mark.parametrize("kind", ["gzip", "raw"])
def test_voxels_in_a_file_beside_the_header_and_bytes_before_them(tmp_path, kind, skipped):
    labels = drawn((3, 20, 30))
    stored = b"\7" * skipped + labels.tobytes()
    (tmp_path / "a.bin").write_bytes(gzip.compress(stored) if kind == "gzip" else stored)
    header = ["NRRD0004", "type: uint8", "dimension: 3", "sizes: 30 20 3", "spacings: 0.1 0.1 0.2", f"encoding: {kind}"]
    (tmp_path / "a.nhdr").write_text("\n".join([*header, f"byte skip: {skipped}", "data file: a.bin", ""]))
    assert np.array_equal(image_and_voxels(tmp_path / "a.nhdr")[1](), labels)
    assert np.array_equal(read_label_map(tmp_path / "a.nhdr", SEGMENTS).labels, labels)


def test_raw_voxels_with_something_behind_them_are_left_to_the_library(tmp_path):
    write_nrrd(tmp_path / "a.nrrd", drawn((3, 20, 30)), even_grid((3, 20, 30), Spacing(1.0, 1.0, 1.0)), encoding="raw")
    with open(tmp_path / "a.nrrd", "ab") as file:
        file.write(b"more")
    assert unpacked_bytes(nrrd_voxels(tmp_path / "a.nrrd")) is None
    assert np.array_equal(image_and_voxels(tmp_path / "a.nrrd")[1](), drawn((3, 20, 30)))


@pytest.mark.parametrize("skipped", [0, 3, 5000])
@pytest.mark.parametrize("chunk", [1, 999, 4096, 10_000])
def test_bytes_that_come_in_chunks_are_kept_but_for_those_before_and_behind(chunk, skipped):
    size = 9000 if chunk > 1 else 90
    content = np.random.default_rng(3).integers(0, 2, skipped + size + 700, np.uint8).tobytes()
    chunks = (content[at : at + chunk] for at in range(0, len(content), chunk))
    assert page_by_page(chunks, skipped, size).tobytes() == content[skipped : skipped + size]


@pytest.mark.parametrize("missing", [1, 100])
def test_a_cut_off_file_is_refused(tmp_path, missing):
    path = tmp_path / "a.nrrd"
    write_nrrd(path, drawn((3, 50, 60)), even_grid((3, 50, 60), Spacing(1.0, 1.0, 1.0)))
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(InputError, match=r"a\.nrrd cannot be read"):
        read_label_map(path, SEGMENTS)


MEMORY = """
import resource
from pathlib import Path
from LesionReadingLib.labels.read import read_label_map
from OCTCalciumLib.segments import SEGMENTS
import SimpleITK, sys
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
labels = read_label_map(Path(sys.argv[1]), SEGMENTS).labels
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / labels.size)
"""


def test_a_long_label_map_takes_less_memory_than_it_has_voxels(tmp_path):
    """200 frames of 1 MB with a vessel in the middle third: the library took two to three copies of it."""
    labels = np.zeros((200, 1024, 1024), np.uint8)
    labels[:, 340:680, 340:680] = 3
    write_nrrd(tmp_path / "a.nrrd", labels, matrix_grid(labels.shape, np.diag([0.01, 0.01, 0.2]), (0, 0, 0)))
    command = [sys.executable, "-c", MEMORY, str(tmp_path / "a.nrrd")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment("OCTCalciumLib"))
    assert float(done.stdout) < 0.7, done.stderr


def test_zeros_can_be_written_and_are_zeros():
    zeros = untouched_zeros(3 * resource.getpagesize() + 5)
    assert not zeros.any()
    zeros[-1] = 9
    assert zeros.sum() == 9 and untouched_zeros(0).size == 0


@pytest.mark.parametrize("missing", [1, 100, 1_000_000])
@pytest.mark.parametrize("encoding", ["gzip", "raw"])
def test_bytes_that_are_not_all_there_are_refused_in_one_pass(tmp_path, encoding, missing):
    labels, path = drawn((3, 300, 400)), tmp_path / "a.nrrd"
    write_nrrd(path, labels, even_grid(labels.shape, Spacing(1.0, 1.0, 1.0)), encoding=encoding)
    path.write_bytes(path.read_bytes()[: -min(missing, path.stat().st_size - 500)])
    with pytest.raises(InputError, match=r"a\.nrrd cannot be read"):
        image_and_voxels(path)


def test_packed_voxels_are_unpacked_once(tmp_path, monkeypatch):
    """The check of the whole and the reading of it are one pass: on opening a study, it is what takes longest."""
    labels, path = drawn((5, 300, 411)), tmp_path / "a.nrrd"
    write_nrrd(path, labels, even_grid(labels.shape, Spacing(1.0, 1.0, 1.0)))
    begun, begin = [], gzip.GzipFile.__init__
    monkeypatch.setattr(gzip.GzipFile, "__init__", lambda file, **options: begun.append(options) or begin(file, **options))
    assert np.array_equal(read_label_map(path, SEGMENTS).labels, labels) and len(begun) == 1


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize("behind", [b"", bytes(3), bytes(2_000_000), b"x", b"more behind it"])
def test_zeros_behind_packed_voxels_are_passed_over_and_anything_else_is_damage(tmp_path, parts, behind):
    labels = np.random.default_rng(parts).integers(0, 4, (6, 500, 411), np.uint8)  # of more than one piece, packed and unpacked
    packed = b"".join(gzip.compress(part.tobytes()) for part in np.array_split(labels, parts)) + behind
    header = ["NRRD0004", "type: uint8", "dimension: 3", "sizes: 411 500 6", "spacings: 0.1 0.1 0.2", "encoding: gzip"]
    (tmp_path / "a.nhdr").write_text("\n".join([*header, "data file: a.bin", ""]))
    (tmp_path / "a.bin").write_bytes(packed)
    if behind.strip(b"\0"):
        with pytest.raises(InputError, match="cut off or damaged"):
            image_and_voxels(tmp_path / "a.nhdr")
    else:
        assert np.array_equal(image_and_voxels(tmp_path / "a.nhdr")[1](), labels)

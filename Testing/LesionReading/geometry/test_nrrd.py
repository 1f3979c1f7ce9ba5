"""Volumes written as NRRD, read back by others: SimpleITK, and Python's gzip, which checks length and checksum."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.geometry.spacing import Spacing

SHAPE = (9, 40, 50)


def written(path, filled, kind):
    """A volume whose slices are zero but for those that are named, and its file."""
    volume = np.zeros(SHAPE, kind)
    random = np.random.default_rng(5)
    for number in filled:
        volume[number, 10:30, 5:45] = random.integers(0, 4, (20, 40))
    write_nrrd(path, volume, even_grid(SHAPE, Spacing(0.5, 0.5, 1.0)))
    return volume


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("filled", [(), (0,), (8,), (3, 4), (1, 3, 6), range(9)], ids=str)
def test_slices_without_anything_are_read_back_wherever_they_lie(tmp_path, filled, kind):
    volume = written(tmp_path / "a.nrrd", filled, kind)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd"))), volume)
    packed = (tmp_path / "a.nrrd").read_bytes().split(b"\n\n", 1)[1]
    assert gzip.decompress(packed) == volume.tobytes()

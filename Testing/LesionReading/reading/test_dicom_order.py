"""What orders the images of a series, and what groups them."""

from __future__ import annotations

import numpy as np
import pytest
from LesionReadingLib.reading.dicom.order import along_normal_mm, grouped, has_place, instance_number, slice_location_mm
from pydicom.dataset import Dataset


def header(**values) -> Dataset:
    data = Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def turned(degrees: float) -> tuple[list[float], np.ndarray]:
    """Direction cosines of slices turned about the patient's x axis, and their normal."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return [1.0, 0.0, 0.0, 0.0, cosine, sine], np.array([0.0, -sine, cosine])


@pytest.mark.parametrize("degrees", [0.0, 20.0, 90.0, 200.0])
def test_slices_lie_along_their_normal_as_far_apart_as_they_were_put(degrees):
    axes, normal = turned(degrees)
    across = np.cross(normal, [1.0, 0.0, 0.0])
    places = [np.array([5.0, -7.0, 11.0]) + step * normal + 3 * number * across for number, step in enumerate((0.0, 2.5, 7.0))]
    headers = [header(ImagePositionPatient=place.tolist(), ImageOrientationPatient=axes) for place in places]
    assert np.diff([along_normal_mm(one) for one in headers]) == pytest.approx([2.5, 4.5])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"ImagePositionPatient": [0.0, 0.0, 1.0]},
        {"ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]},
        {"ImagePositionPatient": [0.0, 1.0], "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]},
        {"ImagePositionPatient": [0.0, 0.0, 1.0], "ImageOrientationPatient": [0.0] * 6},
    ],
)
def test_an_image_without_a_whole_place_has_none(values):
    assert not has_place(header(**values), header(**values)) and along_normal_mm(header(**values)) is None


def test_the_place_and_the_axes_of_a_frame_may_come_from_two_groups():
    axes, _normal = turned(0.0)
    assert has_place(header(ImagePositionPatient=[0.0, 0.0, 1.0]), header(ImageOrientationPatient=axes))


def test_numbers_and_table_places_are_none_where_they_are_not_stated_and_zero_is_stated():
    assert instance_number(header(InstanceNumber=0)) == 0 and instance_number(header(InstanceNumber="12")) == 12
    assert instance_number(header()) is None and instance_number(header(InstanceNumber=None)) is None
    assert slice_location_mm(header(SliceLocation="-3.5")) == -3.5 and slice_location_mm(header()) is None


def test_groups_keep_the_order_in_which_things_came():
    assert grouped([3, 10, 1, 12, 5], lambda value: value % 2) == [[3, 1, 5], [10, 12]]
    assert grouped([], lambda value: value) == []

"""What pydicom alone finds in the DICOM files that the fuzzer breaks."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pydicom
from fuzzing.readers.volumes import Wrong, same
from pydicom.dataset import Dataset

_SAME = 1e-3  # relative: numbers are rounded in headers
_SAME_PLACE_MM = 1e-3


def _read(path: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(path)
        data.pixel_array  # noqa: B018
        return data


def pydicom_frames(path: Path) -> np.ndarray | None:
    """The stored values (frames, rows, columns) of grey frames; None where this reader cannot tell them."""
    try:
        data = _read(path)
        bits, signed = int(data.BitsStored), int(data.PixelRepresentation)
        plain = data.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2") and data.HighBit == bits - 1
        if not plain or (signed and bits != data.BitsAllocated):
            return None
        frames = data.pixel_array.reshape(-1, data.Rows, data.Columns)
        return frames if bits == data.BitsAllocated else frames & ((1 << bits) - 1)
    except Exception:  # the independent reader cannot read it
        return None


def check_stated_spacing(path: Path, row_mm: float | None, column_mm: float | None, frame_mm: float | None) -> None:
    """Every spacing of a pullback that is known is one that its file states somewhere; that of pixels as one pair.

    Raises:
        Wrong: one is not.
    """
    try:
        pixels, frames = _stated(_read(path))
    except Exception:  # the independent reader cannot read it
        return
    if row_mm is not None and not np.isclose([row_mm, column_mm], pixels or [[0, 0]], rtol=_SAME).all(axis=1).any():
        raise Wrong(f"pixels of {row_mm} x {column_mm} where the file states {pixels}")
    if frame_mm is not None and not np.isclose(frame_mm, frames, rtol=_SAME).any():
        raise Wrong(f"frame spacing {frame_mm} where the file states {frames}")


def _stated(data: Dataset) -> tuple[list[tuple[float, float]], list[float]]:
    """Numbers that can be distances between (rows, columns), and between frames, in mm."""
    pixels, frames, places = [], [], []
    index = float(data.EffectiveRefractiveIndex) if "EffectiveRefractiveIndex" in data else None
    for element in data.iterall():
        values = [] if element.value is None or element.VR == "SQ" else np.atleast_1d(element.value).tolist()
        if element.keyword == "PixelSpacing" and len(values) == 2:
            pixels += [tuple(map(float, values)), (float(values[1]),) * 2]  # of A-lines, their depth alone
        elif element.keyword == "ALinePixelSpacing":
            pixels += [(float(value),) * 2 for value in values]
            pixels += [(float(value) / index,) * 2 for value in values if index]
        elif element.keyword == "SpacingBetweenSlices" or element.keyword == "IntravascularLongitudinalDistance":
            frames += [abs(float(value)) for value in values]
        elif element.keyword == "ImagePositionPatient":
            places.append(np.array(values, float))
        elif element.keyword == "SequenceOfUltrasoundRegions":
            pixels += [(10 * abs(float(one.PhysicalDeltaY)), 10 * abs(float(one.PhysicalDeltaX))) for one in element.value]
    rates = [("CatheterRotationalRate", 1.0), ("ALineRate", data.get("ALinesPerFrame"))]
    per_second = [float(data[name].value) / float(by) for name, by in rates if data.get(name) and by]
    per_second += [1000 / float(data.FrameTime)] if data.get("FrameTime") else []
    per_second += [len(frames) / float(data.AcquisitionDuration)] if data.get("AcquisitionDuration") else []
    if data.get("IVUSPullbackRate"):
        frames += [float(data.IVUSPullbackRate) / rate for rate in per_second]
    frames += [float(abs(other - one)) for one, other in pairwise(sorted(frames))]  # counted from the first frame
    return pixels, frames + [float(np.linalg.norm(other - one)) for one, other in pairwise(places)]


# Head CT.


def check_slice(file: Path, hounsfield: np.ndarray, position_mm: np.ndarray, pixel_mm: tuple[float, float]) -> None:
    """A slice of a series has the HU, the place and the spacing of its file.

    Raises:
        Wrong: it has not.
    """
    try:
        data = _read(file)
        values, used = _hounsfield(data, data, data.pixel_array)
        place, spacing = np.array(data.ImagePositionPatient, float), np.array(data.PixelSpacing, float)
    except Exception:  # the independent reader cannot read it
        return
    _check_plane(hounsfield, position_mm, pixel_mm, values, used, place, spacing)


def check_enhanced(file: Path, hounsfield: np.ndarray, positions_mm: np.ndarray, pixel_mm: tuple[float, float]) -> None:
    """Every slice of an enhanced file is one of its frames, with its HU and spacing.

    Raises:
        Wrong: one is not.
    """
    try:
        data = _read(file)
        shared = data.SharedFunctionalGroupsSequence[0]
        planes = []
        for group, stored in zip(data.PerFrameFunctionalGroupsSequence, data.pixel_array, strict=True):
            place = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
            spacing = np.array(_in_group("PixelMeasuresSequence", group, shared).PixelSpacing, float)
            transform = _in_group("PixelValueTransformationSequence", group, shared)
            planes.append((*_hounsfield(data, transform, stored), place, spacing))
    except Exception:  # the independent reader cannot read it
        return
    for plane, position_mm in zip(hounsfield, positions_mm, strict=True):
        nearest = min(planes, key=lambda one, position_mm=position_mm: np.abs(one[2] - position_mm).max())
        _check_plane(plane, position_mm, pixel_mm, *nearest)


def _in_group(name: str, group: Dataset, shared: Dataset) -> Dataset:
    return (group if name in group else shared)[name].value[0]


def _hounsfield(data: Dataset, transform: Dataset, stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HU, and where they are no padding.

    Raises:
        ValueError: stored in a way that this reader does not know.
    """
    if data.BitsStored not in (12, 16) or data.HighBit != data.BitsStored - 1 or "PixelPaddingRangeLimit" in data:
        raise ValueError
    values = stored * float(transform.RescaleSlope) + float(transform.RescaleIntercept)
    return values, stored != int(data.get("PixelPaddingValue", -(2**40)))


def _check_plane(own, own_place_mm, own_pixel_mm, values, used, place_mm, pixel_mm) -> None:
    if not np.allclose(place_mm, own_place_mm, atol=_SAME_PLACE_MM) or not np.allclose(pixel_mm, own_pixel_mm, rtol=_SAME):
        raise Wrong(f"place {own_place_mm} {own_pixel_mm} where the file states {place_mm} {pixel_mm}")
    same("HU", own[used], np.clip(np.rint(values), -1024, 32767)[used])


def segment_masks(file: Path, positions_mm: np.ndarray, pixel_mm: tuple[float, float]) -> dict[str, np.ndarray] | None:
    """Name -> mask (slices, rows, columns) of the segments of a DICOM SEG, each frame of which lies in a slice of a scan.

    Returns:
        None where it is another one, or this reader cannot read it.
    """
    try:
        data = _read(file)
        names = {segment.SegmentNumber: str(segment.SegmentLabel) for segment in data.SegmentSequence}
        shared = data.SharedFunctionalGroupsSequence[0]
        shape = (len(positions_mm), data.Rows, data.Columns)
        found, seen = {name: np.zeros(shape, bool) for name in names.values()}, set()
        for group, stored in zip(data.PerFrameFunctionalGroupsSequence, data.pixel_array, strict=True):
            number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            place = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
            spacing = np.array(_in_group("PixelMeasuresSequence", group, shared).PixelSpacing, float)
            axes = np.array(_in_group("PlaneOrientationSequence", group, shared).ImageOrientationPatient, float)
            slices = np.flatnonzero(np.abs(positions_mm - place).max(axis=1) < _SAME_PLACE_MM)
            if len(slices) != 1 or (number, slices[0]) in seen or not np.allclose(spacing, pixel_mm) or data.BitsAllocated != 1:
                return None
            if not np.allclose(axes, [1, 0, 0, 0, 1, 0]):
                return None
            seen.add((number, slices[0]))
            found[names[number]][slices[0]] = stored
    except Exception:  # the independent reader cannot read it
        return None
    return found if len(found) == len(names) else None

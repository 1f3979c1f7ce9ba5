"""The labels of Slicer's segmentations and of DICOM SEG, read without the project's readers."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from fuzzing.readers.volumes import Known


def named_labels(known: Known, values: dict[str, int]) -> np.ndarray | None:
    """The label map of a segmentation of Slicer whose segments have plain names, in the extent of its reference; None for others.

    Args:
        values: name of a segment -> its value in the label map.
    """
    pairs = known.pairs
    layers = known.values if known.values.ndim == 4 else known.values[..., None]
    described = [re.fullmatch(r"Segment(\d+)_(ID|Name)", key) for key in pairs]
    numbers = sorted({int(key[1]) for key in described if key})
    if not numbers:  # without a segment it is a label map like any other
        return known.values if known.values.ndim == 3 else None
    found = []
    for number in numbers:
        name, layer, value = (
            pairs.get(f"Segment{number}_{key}", usual) for key, usual in (("Name", ""), ("Layer", "0"), ("LabelValue", "1"))
        )
        if layers.shape[3] > 1 and f"Segment{number}_Layer" not in pairs:  # Slicer's own versions differ on it
            return None
        if name not in values or number >= len(numbers) or not 0 <= int(layer) < layers.shape[3]:
            return None
        found.append((values[name], layers[..., int(layer)] == int(value)))
    labels = np.zeros(layers.shape[:3], np.uint8)
    for value, mask in sorted(found, key=lambda pair: -pair[0]):  # the lowest value ends on top
        labels[mask] = value
    try:
        return _whole(labels, pairs)
    except ValueError:
        return None


def _whole(labels: np.ndarray, pairs: dict[str, str]) -> np.ndarray | None:
    """The labels in the extent of the reference image; None where they reach beyond it, or it is told otherwise."""
    first = [int(word) for word in pairs.get("Segmentation_ReferenceImageExtentOffset", "0 0 0").split()]
    parameters = pairs.get("Segmentation_ConversionParameters", "")
    if len(first) != 3 or (not parameters and any(first)):
        return None
    if not parameters:
        return labels
    if not parameters.startswith("Reference image geometry|"):
        return None
    numbers = [float(word) for word in parameters.split("|")[1].split(";") if word.strip()]
    if len(numbers) != 22 or any(number != int(number) for number in numbers[16:]):
        return None
    begin, end = np.array(numbers[16::2], int), np.array(numbers[17::2], int) + 1
    at = np.array(first) - begin
    size = end - begin
    if (at < 0).any() or (at + labels.shape[::-1] > size).any() or size.prod() > 1e8:
        return None
    whole = np.zeros(size[::-1], np.uint8)
    whole[tuple(slice(start, start + length) for start, length in zip(at, labels.shape[::-1], strict=True))[::-1]] = labels
    return whole


def seg_frames(file: Path, values: dict[str, int]) -> tuple[list[np.ndarray], tuple[float, float]] | None:
    """The label maps (rows, columns) of the planes of a DICOM SEG that are not empty, in order, and its pixel spacing.

    Only where its frames refer to the frames of one source, and its segments have plain names; None for others.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(file)
            stored = data.pixel_array.reshape(-1, data.Rows, data.Columns)
        kind = data.SegmentationType
        names = {segment.SegmentNumber: values[str(segment.SegmentLabel)] for segment in data.SegmentSequence}
        shared = data.SharedFunctionalGroupsSequence[0]
        limit = (int(data.MaximumFractionalValue) + 1) // 2 if kind == "FRACTIONAL" else 1
        planes: dict[int, list[tuple[int, np.ndarray]]] = {}
        measures = set()
        for group, frame in zip(data.PerFrameFunctionalGroupsSequence, stored, strict=True):
            source = group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
            place = tuple(float(value) for value in group.PlanePositionSequence[0].ImagePositionPatient)
            drawn = planes.setdefault((int(source), place), [])
            measures.add(
                tuple(map(float, (group if "PixelMeasuresSequence" in group else shared).PixelMeasuresSequence[0].PixelSpacing))
            )
            if kind == "LABELMAP":
                drawn += [(value, frame == number) for number, value in names.items()]
            else:
                drawn.append((names[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber], frame >= limit))
    except Exception:  # the independent reader cannot read it
        return None
    if len(measures) != 1 or len(names) != len(set(names.values())) or len({number for number, _ in planes}) < len(planes):
        return None
    if list(planes) != sorted(planes) or len({place for _, place in planes}) < len(planes):
        return None
    found = []
    for drawn in planes.values():
        if len({value for value, _ in drawn}) < len(drawn):
            return None
        labels = np.zeros(stored.shape[1:], np.uint8)
        for value, mask in sorted(drawn, key=lambda pair: -pair[0]):
            labels[mask] = value
        found.append(labels)
    return [labels for labels in found if labels.any()], measures.pop()

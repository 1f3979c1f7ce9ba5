"""Label maps are read here, whatever their format: Slicer's .seg.nrrd, plain NRRD, NIfTI and MetaImage, DICOM SEG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..geometry.spacing import TYPED, Spacing
from ..language import _
from ..reading.inputs import input_files
from .images import read_image
from .label_map import LabelMap, Segment
from .read_dicom_seg import find_dicom_seg, read_dicom_seg


def read_label_map(
    path: Path,
    segments: Sequence[Segment],
    pixel_spacing_mm: float | None = None,
    frame_spacing_mm: float | None = None,
    chosen: Mapping[str, str] | None = None,
) -> LabelMap:
    """Read a label map from any of the formats.

    In files with named segments (.seg.nrrd, DICOM SEG) each is known as ``names.match_segments`` tells. Where segments overlap, the
    one of the lowest label value is on top. In plain label maps the values are taken as they are, but for those that were chosen.

    Args:
        path: a file, a folder with one DICOM SEG in it, or a zip file with either.
        segments: the label values that the caller knows.
        chosen: name or number of a segment -> name of the class, from the user.
        pixel_spacing_mm, frame_spacing_mm: typed by the user; they take precedence over the file's.

    Raises:
        InputError: nothing there, not readable, not a label map, or no segment of the first class.
    """
    if not path.exists():
        raise InputError(_("There is no {path}; check the path of the label map.").format(path=path))
    try:
        path = _unpacked(path)
        dicom = find_dicom_seg(path)
        label_map = read_dicom_seg(dicom, segments, chosen) if dicom else read_image(path, segments, chosen)
    except PermissionError as error:
        raise InputError(
            _("{file} cannot be read (permission denied); ask for access or copy it.").format(file=path.name)
        ) from error
    return label_map.with_spacing(with_typed(label_map.spacing, pixel_spacing_mm, frame_spacing_mm))


def _unpacked(path: Path) -> Path:
    """The label map, or the folder with it, that a zip file holds; any other path as it is."""
    files = None if path.is_dir() else input_files(path)
    if files is None or not files.is_folder:
        return path
    return files.volumes[0] if len(files.volumes) == 1 else files.folder


def with_typed(spacing: Spacing, pixel_spacing_mm: float | None, frame_spacing_mm: float | None) -> Spacing:
    """A spacing with what the user typed in the place of what the file states."""
    if pixel_spacing_mm is not None:
        spacing = replace(spacing, row_mm=pixel_spacing_mm, column_mm=pixel_spacing_mm, in_plane_source=TYPED)
    if frame_spacing_mm is not None:
        spacing = replace(spacing, frame_mm=frame_spacing_mm, frame_source=TYPED)
    return spacing

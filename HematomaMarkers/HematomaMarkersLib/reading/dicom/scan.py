"""One CT series as a scan: slices sorted by their place, stored numbers as HU, what is missing or repeated told.

Sources: DICOM PS3.3 C.7.6.2.1.1 (places), C.7.5.1.1.2 (Pixel Padding), C.11.1.1.2 (rescaling).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import Grid, stacked_grid
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.dicom.cleaning import notes_on_left_out
from LesionReadingLib.reading.dicom.files import DicomImage, open_image
from LesionReadingLib.reading.dicom.frames import stored_frames
from LesionReadingLib.reading.dicom.source_frame import SourceFrame
from LesionReadingLib.text.identity import shown_identity

from ..hounsfield import as_hounsfield
from ..scan import AIR_HU, PIXEL_LIMITS_MM, SLICE_LIMITS_MM, Scan, gravity_of
from .ct_series import CtSeries, Plane
from .ct_volumes import SAME_AXES, require_whole
from .find_series import series_of_some
from .scan_facts import acquired, patient_key
from .series_choice import is_bone, other_body_parts
from .slice_gaps import distance_notes

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SAME_PLACE_MM = 0.01
_SAME_FIELD_MM = 0.1
_LISTED = 6
_WIDEST_GAP_MM = 200.0  # longer than a head: no slices are missing there, another object was put in
_MOST_DIFFERENT = 0.5  # of the levels: with more, two scans are mixed up, not a few slices scanned again
_GRID_SOURCE = "DICOM (0020,0032) Image Position, (0020,0037) Image Orientation and (0028,0030) Pixel Spacing"


def read_series(series: CtSeries, window: tuple[float, float] | None = None) -> Scan:
    """Decode a series.

    Slices are sorted along their normal, never by instance number or name. Of slices at one place the one acquired last is kept.

    Args:
        window: which HU 0 and 255 stand for, where the files hold 8-bit pictures.

    Raises:
        InputError: slices that differ in size, pixel or orientation, that are fewer than two, cannot be decoded, or hold no HU.
    """
    require_whole(series)
    _require_axial(series)
    _require_one_geometry(series)
    _require_rescaling(series)
    planes, values, repeated = _without_repeats(series.planes)
    if len(planes) < 2:
        raise InputError(
            _("All {count} slices of series {label} lie at one place; give the series of a whole head.").format(
                count=len(series.planes), label=series.label
            )
            if len(series.planes) > 1
            else _("Series {label} has a single slice; a head CT has many, give the folder with all of them.").format(
                label=series.label
            )
        )
    grid = plane_grid(planes)
    name = _("Series {label}").format(label=series.label)
    _require_plausible(grid, name)
    return Scan(
        hounsfield=as_hounsfield(values, window, name),
        grid=grid,
        gravity=gravity_of(str(series.header.get("PatientPosition", "") or "")),
        notes=(*series.notes, *notes_on_left_out(series.headers), *repeated, *_tilt_notes(grid), *distance_notes(planes, grid)),
        details=_details(series, grid),
        patient_key=patient_key(series.header),
        acquired=acquired(planes),
        warnings=_warnings(series),
        frames=tuple(SourceFrame(plane.path, plane.frame) for plane in planes),
    )


def plane_grid(planes: Sequence[Plane]) -> Grid:
    """The grid of planes in their order; a single one has the thickness that it states."""
    first = planes[0]
    positions = np.array([plane.position_mm for plane in planes])
    thickness_mm = first.thickness_mm or 1.0
    return stacked_grid(first.size, first.pixel_mm, first.row_axis, first.column_axis, positions, thickness_mm, _GRID_SOURCE)


def sorted_planes(planes: Sequence[Plane]) -> list[Plane]:
    """Planes in the order of a scan: along the normal of the first, at one place by the moment of their acquisition."""
    normal = planes[0].normal
    return sorted(planes, key=lambda plane: (round(float(plane.position_mm @ normal), 3), plane.moment))


def _require_plausible(grid: Grid, name: str) -> None:
    """Refuse voxels that no scan of a head has, and slices as far apart as two patients."""
    steps_mm = np.abs(np.diff(grid.offsets_mm))
    for what, value, (low, high) in (
        ("pixels", min(grid.row_mm, grid.column_mm), PIXEL_LIMITS_MM),
        ("pixels", max(grid.row_mm, grid.column_mm), PIXEL_LIMITS_MM),
        (_("distances of slices"), float(np.median(steps_mm)), SLICE_LIMITS_MM),
        (_("a gap between slices"), float(steps_mm.max()), (0.0, _WIDEST_GAP_MM)),
    ):
        if not low <= value <= high:
            raise InputError(
                _("{name} states {what} of {value:.6g} mm, which no head CT has; export it again.").format(
                    name=name, what=what, value=value
                )
            )


def _require_axial(series: CtSeries) -> None:
    if not series.is_axial:
        raise InputError(_("Series {label} has {cut} slices; give the axial series.").format(label=series.label, cut=series.cut))


def _require_one_geometry(series: CtSeries) -> None:
    first = series.planes[0]
    if any(plane.pixel_mm is None for plane in series.planes):
        raise InputError(
            _("Series {label} does not state its pixel spacing (0028,0030); export it again with it.").format(label=series.label)
        )
    if abs(first.row_axis @ first.column_axis) > SAME_AXES:
        raise InputError(_("Rows and columns of series {label} are not perpendicular; export it again.").format(label=series.label))


def _require_rescaling(series: CtSeries) -> None:
    if any(plane.slope is None or plane.intercept is None or plane.slope == 0 for plane in series.planes):
        raise InputError(
            _("Series {label} does not state how its numbers become HU (rescale slope and intercept); export it again.").format(
                label=series.label
            )
        )
    kinds = {str(header.get("RescaleType", "") or "").strip() for header in series.headers} - {"", "HU"}
    if kinds and series.image_type[:1] != ("ORIGINAL",):
        raise InputError(
            _("Series {label} holds no HU (rescale type {listed}); give the original CT.").format(
                label=series.label, listed=", ".join(sorted(kinds))
            )
        )


def _without_repeats(planes: Sequence[Plane]) -> tuple[list[Plane], np.ndarray, tuple[str, ...]]:
    """Planes in order, one for each place, their values (slices, rows, columns) int16, and what was left out."""
    read = _Decoder()
    groups: list[list[Plane]] = []
    for plane in sorted_planes(planes):
        if groups and abs((plane.position_mm - groups[-1][0].position_mm) @ plane.normal) < _SAME_PLACE_MM:
            groups[-1].append(plane)
        else:
            groups.append([plane])
    if len(groups) > 1 and min(map(len, groups)) > 2:
        raise InputError(
            _("Every place was scanned {min} times or more, as for perfusion; give the scan without contrast.").format(
                min=min(map(len, groups))
            )
        )
    values = np.empty((len(groups), *planes[0].size), np.int16)
    identical, different, levels = [], [], set()
    for number, group in enumerate(groups):
        values[number] = read(group[-1])
        for other in group[:-1]:
            _require_same_place(other, group[-1])
            same = np.array_equal(read(other), values[number])
            (identical if same else different).append(f"{_middle_mm(group[-1])[2]:.1f}")
            levels |= set() if same else {number}
    if len(groups) > 1 and len(levels) > _MOST_DIFFERENT * len(groups):
        raise InputError(
            _(
                "{count} of {count_2} levels are there twice with different pixels, and nothing tells which are "
                "meant; give one scan or one reconstruction."
            ).format(count=len(levels), count_2=len(groups))
        )
    notes = []
    if identical:
        notes.append(
            _("{count} slice(s) were there twice, pixel by pixel, and count once (z = {listed} mm).").format(
                count=len(identical), listed=_listed(identical)
            )
        )
    if different:
        notes.append(
            _("{count} slice(s) lie where another one lies that differs; the one acquired last was kept (z = {listed} mm).").format(
                count=len(different), listed=_listed(different)
            )
        )
    return [group[-1] for group in groups], values, tuple(notes)


def _require_same_place(one: Plane, other: Plane) -> None:
    if np.abs(one.position_mm - other.position_mm).max() > _SAME_FIELD_MM:
        raise InputError(
            _("{file} and {file_2} show the same level in two fields of view; give one reconstruction.").format(
                file=one.path.name, file_2=other.path.name
            )
        )


class _Decoder:
    """Gives the HU of planes; keeps the last file open, as an enhanced file holds all slices."""

    def __init__(self) -> None:
        self._image: DicomImage | None = None

    def __call__(self, plane: Plane) -> np.ndarray:
        """(rows, columns) int16, padding as ``AIR_HU``."""
        if self._image is None or self._image.path != plane.path:
            self._image = open_image(plane.path)
        stored = next(stored_frames(self._image, plane.frame, plane.frame + 1))
        if stored.ndim == 3:
            raise InputError(_("{file} is a colour picture and holds no HU; give the original CT.").format(file=plane.path.name))
        values = np.rint(stored * np.float32(plane.slope) + np.float32(plane.intercept))
        values[_is_padding(stored, self._image.header)] = AIR_HU
        limits = np.iinfo(np.int16)
        return np.clip(values, limits.min, limits.max).astype(np.int16)


def _is_padding(stored: np.ndarray, header: Dataset) -> np.ndarray:
    """Where the stored value is the padding value, or lies between it and the padding range limit."""
    value = header.get("PixelPaddingValue")
    if value is None or isinstance(value, bytes):
        return np.zeros(stored.shape, bool)
    limit = header.get("PixelPaddingRangeLimit")
    ends = [_as_stored(int(end), header) for end in (value, value if limit is None or isinstance(limit, bytes) else limit)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _as_stored(value: int, header: Dataset) -> int:
    """Some writers give the padding of signed pixels as unsigned."""
    return value - 65536 if int(header.get("PixelRepresentation", 0)) == 1 and value > 32767 else value


def _tilt_notes(grid: Grid) -> tuple[str, ...]:
    if not grid.is_sheared:
        return ()
    step = grid.step_mm
    tilt_deg = np.degrees(np.arccos(min(abs(float(step @ grid.normal)) / np.linalg.norm(step), 1.0)))
    return (
        _("The gantry was tilted by {tilt_deg:.1f} degrees; slices, label map and volumes keep their true places.").format(
            tilt_deg=tilt_deg
        ),
    )


def position_and_doubts(paths: Sequence[Path]) -> tuple[str, tuple[str, ...]]:
    """What some files of a CT say of the whole: how the patient lay (``HFS``), and sentences that speak against reading it.

    Both are empty where the files say nothing of it, or are no CT slices.
    """
    series = series_of_some(paths)
    return ("", ()) if series is None else (str(series.header.get("PatientPosition", "") or ""), _warnings(series))


def _warnings(series: CtSeries) -> tuple[str, ...]:
    found = []
    if series.has_contrast:
        found.append(_("The series says that contrast agent was given; blood and contrast look alike."))
    if others := other_body_parts(series):
        found.append(_("The body part is stated as {listed}, not the head.").format(listed=_(" and ").join(others)))
    return tuple(found)


def _details(series: CtSeries, grid: Grid) -> dict[str, str]:
    header = series.header
    scanner = " ".join(str(header.get(keyword, "") or "") for keyword in ("Manufacturer", "ManufacturerModelName")).strip()
    thickness = sorted({round(plane.thickness_mm, 2) for plane in series.planes if plane.thickness_mm})
    voltages = sorted({plane.tube_kv for plane in series.planes if plane.tube_kv})
    facts = {
        N_("format"): "DICOM, enhanced" if header.get("PerFrameFunctionalGroupsSequence") else "DICOM",
        N_("series"): series.label,
        N_("scanner"): scanner,
        N_("kernel"): f"{series.kernel} (bone)" if series.kernel and is_bone(series) else series.kernel,
        N_("tube voltage"): _(" and ").join(f"{value:g}" for value in voltages) + " kV" if voltages else "",
        N_("slice thickness"): _(" and ").join(f"{value:g}" for value in thickness) + " mm" if thickness else "",
        N_("pixel"): f"{grid.row_mm:.3g} x {grid.column_mm:.3g} mm",
        N_("patient position"): str(header.get("PatientPosition", "") or ""),
    }
    return {name: value for name, value in facts.items() if value} | shown_identity(header)


def _middle_mm(plane: Plane) -> np.ndarray:
    rows, columns = plane.size
    row_mm, column_mm = plane.pixel_mm
    return plane.position_mm + (rows - 1) / 2 * row_mm * plane.row_axis + (columns - 1) / 2 * column_mm * plane.column_axis


def _listed(places: Sequence[str]) -> str:
    return ", ".join(places[:_LISTED]) + (" ..." if len(places) > _LISTED else "")

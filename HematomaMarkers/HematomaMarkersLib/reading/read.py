"""Reads head CT: whatever the file is, HU on the original voxels with their place in the patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from LesionReadingLib.errors import InputError
from LesionReadingLib.identity import told_name
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.dicom.files import read_header
from LesionReadingLib.reading.inputs import InputFiles, files_beside, input_files

from .head_check import head_warnings, is_turned, shows_brain, without_background
from .scan import PIXEL_LIMITS_MM, SLICE_LIMITS_MM, Scan

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_BRAIN_ALONE = N_("The scan shows a brain alone, without its skull; blood at the rim of the brain may have been cut off.")
_TURNED = N_(
    "The head lies on its side or turned to what the file says of it, "
    "so which side is the patient's left and which is the front is not known."
)


def open_scan(
    path: Path,
    series: str | None = None,
    window: tuple[float, float] | None = None,
    slice_spacing_mm: float | None = None,
    pixel_spacing_mm: float | None = None,
) -> Scan:
    """Open a head CT from a DICOM file or folder, an NRRD, NIfTI or MetaImage file, or a folder of 8-bit pictures.

    A single DICOM slice stands for its series: the other slices are taken from its folder.

    Args:
        series: number or UID of the series to read, where a folder holds several; chosen by itself where that is clear.
        window: which HU 0 and 255 stand for, in pictures of 8 bits; not used where the input holds HU.
        slice_spacing_mm, pixel_spacing_mm: for pictures, which state none.

    Returns:
        The scan; ``Scan.warnings`` tells of contrast agent and of what is probably no head, for the caller to ask about.

    Raises:
        InputError: anything about the input that makes it unusable, in one sentence.
    """
    path = Path(path)
    _check_typed(slice_spacing_mm, PIXEL_LIMITS_MM[0], SLICE_LIMITS_MM[1], _("slice spacing"), "--slice-spacing 5")
    _check_typed(pixel_spacing_mm, *PIXEL_LIMITS_MM, _("pixel spacing"), "--pixel-spacing 0.45")
    try:
        scan = _open(path, series, window, slice_spacing_mm, pixel_spacing_mm)
    except PermissionError as error:
        raise InputError(_("{path} cannot be read (permission denied); ask for access or copy it.").format(path=path)) from error
    scan = _with_brain(scan, path.name)
    return replace(scan, warnings=scan.warnings + head_warnings(scan.grid))


def _with_brain(scan: Scan, name: str) -> Scan:
    """The scan, with what was seen of the head in it; a brain alone with air around it."""
    if not shows_brain(scan.hounsfield, scan.grid):
        alone = without_background(scan.hounsfield, scan.grid)
        if alone is None:
            raise InputError(
                _("No brain was found in {name}: no slice shows a closed skull with brain in it; give a head CT.").format(name=name)
            )
        scan = replace(scan, hounsfield=alone, is_brain_alone=True, notes=(*scan.notes, _(_BRAIN_ALONE)))
    if is_turned(scan.hounsfield, scan.grid):
        scan = replace(scan, sides_known=False, notes=(*scan.notes, _(_TURNED)))
    return scan


def open_dicom(files: Sequence[Path], series: str | None = None) -> Scan:
    """Open a head CT from DICOM files, as a DICOM browser lists them; whether they show a brain is not looked at.

    Raises:
        series_choice.SeveralSeries: the files hold several volumes; name one of its choices as ``series``.
        InputError: as ``open_scan``.
    """
    headers = _headers(list(files))
    if not headers:
        raise InputError(_("None of the chosen files is DICOM; choose the series of a head CT."))
    return _open_dicom(headers, series, None)


def _open(path: Path, series: str | None, window, slice_spacing_mm: float | None, pixel_spacing_mm: float | None) -> Scan:
    files = input_files(path)
    scan = _scan_of(files, series, window, slice_spacing_mm, pixel_spacing_mm)
    return replace(scan, notes=files.notes + scan.notes, details=scan.details | told_name(path))


def _scan_of(files: InputFiles, series: str | None, window, slice_spacing_mm: float | None, pixel_spacing_mm: float | None) -> Scan:
    from .images import read_pictures, read_volume

    path = files.named
    headers = _headers(files.others)
    if headers and files.is_folder:
        return _open_dicom(headers, series, window)
    if headers:
        return _open_file(*headers[0], series, window)
    if len(files.volumes) + bool(files.pictures) > 1:
        listed = ", ".join(file.name for file in files.volumes[:6])
        listed += _(" and {count} pictures").format(count=len(files.pictures)) if files.pictures else ""
        raise InputError(_("The folder {path} holds more than one scan: {listed}; name one file.").format(path=path, listed=listed))
    if files.volumes:
        return read_volume(files.volumes[0], window)
    if files.pictures:
        return read_pictures(files.pictures, window, slice_spacing_mm, pixel_spacing_mm)
    if not files.is_folder:
        raise InputError(
            _("{file} is not DICOM, NRRD, NIfTI or MetaImage; choose the file or folder of the head CT.").format(file=path.name)
        )
    if files.is_empty:
        raise InputError(_("The folder {path} is empty; choose the folder with the head CT.").format(path=path))
    if files.deeper:
        raise InputError(
            _("The folder {path} holds images only in folders below it ({folders_below}); name one of them.").format(
                path=path, folders_below=files.folders_below
            )
        )
    raise InputError(
        _("The folder {path} holds no DICOM, NRRD, NIfTI, MetaImage or pictures; choose the folder with the head CT.").format(
            path=path
        )
    )


def _open_file(path: Path, header: Dataset, series: str | None, window) -> Scan:
    """A DICOM file: with all slices of its volume that lie in its folder, unless another series is asked for."""
    from .dicom import read_series
    from .find_series import find_series

    beside = _headers(files_beside(path))
    found, _rest = find_series([(path, header), *beside])
    if series is not None:
        return _open_dicom([(path, header), *beside], series, window)
    own = [one for one in found if any(plane.path == path for plane in one.planes)]
    if not own:
        find_series([(path, header)])  # says what kind of image it is
    scan = read_series(own[0], window)
    others = len(scan.files) - 1
    told = (_("The other files of its series ({others}) were read with the named one.").format(others=others),) if others else ()
    return replace(scan, notes=(*told, *scan.notes))


def _open_dicom(headers: list, series: str | None, window) -> Scan:
    from .dicom import read_series
    from .find_series import find_series
    from .series_choice import choose_series

    found, passed_over = find_series(headers)
    chosen, notes = choose_series(found, series)
    if passed_over:
        notes = (*notes, _("Passed over: {listed}.").format(listed=", ".join(passed_over)))
    scan = read_series(chosen, window)
    return replace(scan, notes=notes + scan.notes)


def _headers(paths: Sequence[Path]) -> list:
    found = ((path, read_header(path)) for path in paths)
    return [(path, header) for path, header in found if header is not None]


def _check_typed(value: float | None, low: float, high: float, what: str, example: str) -> None:
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise InputError(
            _("The typed {what} {value} mm is not between {low:g} and {high:g} mm; type it as in {example}.").format(
                what=what, value=value, low=low, high=high, example=example
            )
        )

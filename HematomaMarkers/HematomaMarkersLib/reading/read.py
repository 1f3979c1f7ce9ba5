"""Reads head CT: whatever the file is, HU on the original voxels with their place in the patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.inputs import files_beside
from LesionReadingLib.reading.opening import Readers, Refusals, dicom_headers, open_input

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
    scan = open_input(path, _readers(series, window, slice_spacing_mm, pixel_spacing_mm), _REFUSALS)
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
    headers = dicom_headers(files)
    if not headers:
        raise InputError(_("None of the chosen files is DICOM; choose the series of a head CT."))
    return _open_dicom(headers, series, None)


def _readers(series: str | None, window, slice_spacing_mm: float | None, pixel_spacing_mm: float | None) -> Readers[Scan]:
    from .images import read_pictures, read_volume

    return Readers(
        dicom_folder=lambda headers: _open_dicom(headers, series, window),
        dicom_file=lambda path, header: _open_file(path, header, series, window),
        volume=lambda path: read_volume(path, window),
        pictures=lambda paths: read_pictures(paths, window, slice_spacing_mm, pixel_spacing_mm),
    )


_REFUSALS = Refusals(
    several=N_("The folder {path} holds more than one scan: {listed}; name one file."),
    no_image=N_("{file} is not DICOM, NRRD, NIfTI or MetaImage; choose the file or folder of the head CT."),
    empty=N_("The folder {path} is empty; choose the folder with the head CT."),
    nothing=N_("The folder {path} holds no DICOM, NRRD, NIfTI, MetaImage or pictures; choose the folder with the head CT."),
)


def _open_file(path: Path, header: Dataset, series: str | None, window) -> Scan:
    """A DICOM file: with all slices of its volume that lie in its folder, unless another series is asked for."""
    from .dicom.find_series import find_series
    from .dicom.scan import read_series

    beside = dicom_headers(files_beside(path))
    found, _rest = find_series([(path, header), *beside])
    if series is not None:
        return _open_dicom([(path, header), *beside], series, window)
    own = [one for one in found if any(plane.path == path for plane in one.planes)]
    if not own:
        find_series([(path, header)])  # says what kind of image it is
    scan = read_series(own[0], window)
    others = len(scan.files) - 1
    note = (_("The other files of its series ({others}) were read with the named one.").format(others=others),) if others else ()
    return replace(scan, notes=(*note, *scan.notes))


def _open_dicom(headers: list, series: str | None, window) -> Scan:
    from .dicom.find_series import find_series
    from .dicom.scan import read_series
    from .dicom.series_choice import choose_series

    found, passed_over = find_series(headers)
    chosen, notes = choose_series(found, series)
    if passed_over:
        notes = (*notes, _("Passed over: {listed}.").format(listed=", ".join(passed_over)))
    scan = read_series(chosen, window)
    return replace(scan, notes=notes + scan.notes)


def _check_typed(value: float | None, low: float, high: float, what: str, example: str) -> None:
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise InputError(
            _("The typed {what} {value} mm is not between {low:g} and {high:g} mm; type it as in {example}.").format(
                what=what, value=value, low=low, high=high, example=example
            )
        )

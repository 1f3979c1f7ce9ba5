"""The CT series among files of any kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _
from LesionReadingLib.reading.dicom.cleaning import require_pixel_description
from LesionReadingLib.reading.dicom.order import has_place
from LesionReadingLib.reading.opening import dicom_headers

from .ct_series import CtSeries, Plane, planes_of
from .ct_volumes import volumes_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def find_series(files: Sequence[tuple[Path, Dataset]]) -> tuple[list[CtSeries], tuple[str, ...]]:
    """The CT series among files as volumes, and what was passed over: scouts, pictures of text, other modalities.

    Raises:
        InputError: there is no CT series among them, or a part of a scan that was stored in parts is missing.
    """
    planes: list[Plane] = []
    passed_over: Counter[str] = Counter()
    for path, header in files:
        if header.get("Modality") == "CT":
            require_pixel_description(header, path.name)
        kind = _not_a_slice(header)
        if kind:
            passed_over[kind] += 1
        else:
            planes += planes_of(path, header)
    if not planes:
        found = ", ".join(f"{kind} ({count})" for kind, count in passed_over.items())
        raise InputError(
            _("There is no CT series among the files, only {found}; choose the folder of a head CT.").format(found=found)
        )
    return volumes_of(planes), tuple(f"{kind} ({count})" for kind, count in passed_over.items())


def series_of_some(paths: Sequence[Path]) -> CtSeries | None:
    """The CT series of a few files, for a first look at a study; None where none of them is a CT slice with its place.

    Where they belong to several volumes it is one as it would be read: axial, without contrast agent, the largest.
    """
    try:
        found, _rest = find_series(dicom_headers(paths))
    except (InputError, KeyError, ValueError, AttributeError):
        return None
    return max(found, key=lambda series: (series.is_axial, not series.has_contrast, len(series.planes)))


def _not_a_slice(header: Dataset) -> str | None:
    """What a file is that is no slice of a CT, in words; None for a slice."""
    modality, image_type = header.get("Modality", ""), header.get("ImageType") or ()
    if "Rows" not in header or "Columns" not in header:
        return _("files without an image")
    if modality != "CT":
        return _("{modality} images").format(modality=modality) if modality else _("images of unknown modality")
    if "LOCALIZER" in image_type:
        return _("scouts")
    if any(word in str(part) for part in image_type for word in ("PERFUSION", "SCREEN", "DOSE")):
        return _("maps and reports")
    if header.get("PerFrameFunctionalGroupsSequence"):
        return None
    return None if has_place(header, header) else _("images without a place in the patient")

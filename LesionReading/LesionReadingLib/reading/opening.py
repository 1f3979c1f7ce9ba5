"""Opening an image: which reader a path needs, decided alike for pullbacks and scans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import InputError
from ..language import _
from ..text.identity import shown_file_name
from .inputs import InputFiles, input_files

if TYPE_CHECKING:
    from pydicom import Dataset

Reading = TypeVar("Reading")
"""A frozen dataclass of a module with ``notes`` (sentences for the report) and ``details`` (facts for it)."""

Headers = list[tuple[Path, "Dataset"]]
"""Files with their DICOM headers."""


@dataclass(frozen=True)
class Readers(Generic[Reading]):
    """How a module reads each kind of input; each raises InputError.

    Attributes:
        dicom_folder: of the DICOM files of a folder, a zip file or a DICOMDIR.
        dicom_file: of one named DICOM file; the rest of its series may lie beside it.
        volume: of an NRRD, NIfTI or MetaImage file.
        pictures: of the PNG, TIFF, BMP or JPEG files of one folder, or of one file with many pages.
    """

    dicom_folder: Callable[[Headers], Reading]
    dicom_file: Callable[[Path, Dataset], Reading]
    volume: Callable[[Path], Reading]
    pictures: Callable[[Sequence[Path]], Reading]


@dataclass(frozen=True)
class Refusals:
    """Untranslated sentences for what is none of a module's inputs.

    Attributes:
        several: a folder with more than one volume, with ``{path}`` and ``{listed}``.
        no_image: a file of no known kind, with ``{file}``.
        empty, nothing: a folder without files, and one without images, with ``{path}``.
    """

    several: str
    no_image: str
    empty: str
    nothing: str


def open_input(path: Path, readers: Readers[Reading], refusals: Refusals) -> Reading:
    """Read what a path holds (``inputs.input_files``) by the reader for its kind; DICOM goes before everything else.

    Returns:
        what the reader gives, with notes on the folder before its own, and the input's name where that may be told.

    Raises:
        InputError: nothing there that can be read, several things in one folder, no permission, or as the readers.
    """
    try:
        files = input_files(path)
        reading = _read(files, readers, refusals)
    except PermissionError as error:
        raise InputError(_("{path} cannot be read (permission denied); ask for access or copy it.").format(path=path)) from error
    return replace(reading, notes=files.notes + reading.notes, details=reading.details | shown_file_name(path))


def dicom_headers(paths: Iterable[Path]) -> Headers:
    """Those of the files that are DICOM, with their headers."""
    from .dicom.files import read_header

    found = ((path, read_header(path)) for path in paths)
    return [(path, header) for path, header in found if header is not None]


def _read(files: InputFiles, readers: Readers[Reading], refusals: Refusals) -> Reading:
    headers = dicom_headers(files.others)
    if headers:
        return readers.dicom_folder(headers) if files.is_folder else readers.dicom_file(*headers[0])
    if len(files.volumes) + bool(files.pictures) > 1:
        listed = ", ".join(file.name for file in files.volumes[:6])
        listed += _(" and {count} pictures").format(count=len(files.pictures)) if files.pictures else ""
        raise InputError(_(refusals.several).format(path=files.named, listed=listed))
    if files.volumes:
        return readers.volume(files.volumes[0])
    if files.pictures:
        return readers.pictures(files.pictures)
    raise InputError(_why_not(files, refusals))


def _why_not(files: InputFiles, refusals: Refusals) -> str:
    path = files.named
    if not files.is_folder:
        return _(refusals.no_image).format(file=path.name)
    if files.is_empty:
        return _(refusals.empty).format(path=path)
    if files.deeper:
        return _("The folder {path} holds images only in folders below it ({folders_below}); name one of them.").format(
            path=path, folders_below=files.folders_below
        )
    return _(refusals.nothing).format(path=path)

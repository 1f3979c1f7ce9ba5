"""What lies below the folder of a batch: studies in image files and packed files, and DICOM files, whose studies a module knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...language import _
from ...reading.archives import archive_kind
from ...reading.dicom.files import read_header
from ...reading.images import is_picture, is_volume
from ...reading.inputs import files_below
from .records import Study
from .run import BESIDE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LABELS = (".seg.nrrd", ".seg.nhdr")


@dataclass(frozen=True)
class Found:
    """The studies in other files than DICOM, and (path, header) of the DICOM files with an image."""

    studies: tuple[Study, ...]
    dicom: tuple[tuple[Path, Dataset], ...]


def found_below(folder: Path, output: Path) -> Found:
    """Look through a folder: every image file and every packed file is a study, and so is every folder with pictures.

    Args:
        output: of the batch; results of an earlier one in the same folder are no studies.

    Raises:
        InputError: no such folder, or it may not be read.
    """
    try:
        outside = (file for file in files_below(folder) if output.absolute() not in file.absolute().parents)
        files = [file for file in outside if BESIDE not in file.relative_to(folder).parts]
    except PermissionError as error:
        raise InputError(
            _("{folder} cannot be read (permission denied); ask for access or copy it.").format(folder=folder)
        ) from error
    studies: list[Study] = []
    pictures: dict[Path, list[Path]] = {}
    dicom = []
    for file in files:
        if is_volume(file):
            if not file.name.lower().endswith(_LABELS):
                studies.append(Study(file, (file,)))
        elif is_picture(file):
            pictures.setdefault(file.parent, []).append(file)
        elif archive_kind(file):
            studies.append(Study(file, (file,)))
        else:
            try:
                header = read_header(file)
            except PermissionError:
                studies.append(
                    Study(
                        file,
                        (file,),
                        problem=_("{file} cannot be read (permission denied); ask for access.").format(file=file.name),
                    )
                )
            except InputError as error:  # it stands in the table, and stops no other study
                studies.append(Study(file, (file,), problem=str(error)))
            else:
                if header is not None and "Rows" in header:
                    dicom.append((file, header))
    studies += [Study(parent, tuple(members)) for parent, members in pictures.items()]
    return Found(tuple(studies), tuple(dicom))


def in_order(studies: list[Study]) -> list[Study]:
    """The studies in the order of their paths, so that a batch numbers them as a person lists them."""
    from ...reading.images import natural_key

    return sorted(studies, key=lambda study: (natural_key(str(study.source)), str(study.options.get("series", ""))))

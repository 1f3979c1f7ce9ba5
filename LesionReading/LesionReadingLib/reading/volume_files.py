"""Volume files (NRRD, NIfTI, MetaImage): nothing of them reaches a library before its header was looked at.

The library is told which of its readers to use, so that what a file holds cannot choose another one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import InputError
from ..language import _
from .headers.meta import meta_voxels
from .headers.nifti import nifti_no_numbers, nifti_voxels
from .headers.nrrd import nrrd_voxels
from .headers.plain_voxels import plain_voxels
from .headers.stored_voxels import StoredVoxels, check_stored

Checked = TypeVar("Checked")

_NRRD, _META, _NIFTI = (nrrd_voxels, "NrrdImageIO"), (meta_voxels, "MetaImageIO"), (nifti_voxels, "NiftiImageIO")
_READERS = {".nrrd": _NRRD, ".nhdr": _NRRD, ".mha": _META, ".mhd": _META, ".nii": _NIFTI, ".nii.gz": _NIFTI}


def image_reader(path: Path, what: str = "NRRD, NIfTI or MetaImage"):
    """A SimpleITK reader that has read the header of an image file, sheared NIfTI files too; the voxels are all there.

    Args:
        what: the file should hold, for the message.

    Raises:
        InputError: it cannot be read, or its voxels are not what its header states.
    """
    return _checked_reader(path, what, check_stored)[0]


def image_and_voxels(path: Path, what: str = "NRRD, NIfTI or MetaImage"):
    """As ``image_reader``, and a function that gives the voxels as ``image_voxels``; packed bytes are unpacked once for both.

    Raises:
        InputError: as ``image_reader``. The function: as ``image_voxels``.
    """
    import SimpleITK as sitk

    reader, content = _checked_reader(path, what, _check_or_unpack)
    is_plain = reader.GetDimension() == 3 and reader.GetNumberOfComponents() == 1 and reader.GetPixelID() == sitk.sitkUInt8
    if content is None or not is_plain or len(content) != math.prod(reader.GetSize()):
        return reader, partial(image_voxels, reader)
    return reader, lambda: content.reshape(reader.GetSize()[::-1])


def _check_or_unpack(path: Path, voxels: StoredVoxels) -> np.ndarray | None:
    """The voxels of an NRRD file of bytes, which has no scaling; of others None, as they are only checked."""
    if voxels.size == voxels.count and path.name.lower().endswith((".nrrd", ".nhdr")):
        return plain_voxels(path, voxels)
    return check_stored(path, voxels)


def _checked_reader(path: Path, what: str, check: Callable[[Path, StoredVoxels], Checked]) -> tuple[Any, Checked]:
    """The reader of ``image_reader``, and what a check of the voxels gave."""
    import SimpleITK as sitk

    looked_at, reader_name = next((reader for ending, reader in _READERS.items() if path.name.lower().endswith(ending)), (None, ""))
    if looked_at is None:
        raise InputError(_("{file} cannot be read as {what}; check that it is whole.").format(file=path.name, what=what))
    try:
        checked = check(path, looked_at(path))
    except PermissionError:
        raise
    except OSError as error:
        raise InputError(
            _("{file} cannot be read ({strerror}); copy or export it again.").format(file=path.name, strerror=error.strerror)
        ) from error
    if not _is_text(path):  # the library would end the process
        raise InputError(
            _("{file} has a name, or lies in a folder of a name, that is no UTF-8 and cannot be opened; rename it.").format(
                file=path.name
            )
        )
    os.environ["ITK_NIFTI_SFORM_PERMISSIVE"] = "ON"  # else the library refuses NIfTI files of a tilted gantry
    sitk.ProcessObject.SetGlobalWarningDisplay(False)  # standard error belongs to the one sentence of an error
    reader = sitk.ImageFileReader()
    reader.SetImageIO(reader_name)
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(_("{file} cannot be read as {what}; check that it is whole.").format(file=path.name, what=what)) from error
    return reader, checked


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def image_voxels(reader) -> np.ndarray:
    """The voxels of an image of which ``image_reader`` read the header: (slices, rows, columns[, components]).

    Raises:
        InputError: they cannot be read.
    """
    import SimpleITK as sitk

    path = Path(reader.GetFileName())
    try:
        values = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        raise InputError(
            _("The pixels of {file} cannot be read; the file may be cut off, copy or export it again.").format(file=path.name)
        ) from error
    if values.dtype.kind == "f" and path.name.lower().endswith((".nii", ".nii.gz")):
        places, no_numbers = nifti_no_numbers(path)
        if len(places) and reader.GetNumberOfComponents() == 1:
            values.reshape(-1)[places] = no_numbers
    return values

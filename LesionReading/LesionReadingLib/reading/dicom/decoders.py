"""Which transfer syntaxes can be decoded here, and what to do where one cannot."""

from __future__ import annotations

from pathlib import Path

from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import UID

from ...errors import InputError
from ...language import _
from .cleaning import transfer_syntax
from .itk_decoder import add_to_pydicom
from .stream import read_meta

_HELPFUL_PACKAGES = {
    "JPEG 2000": "pylibjpeg pylibjpeg-openjpeg",
    "RLE": "pylibjpeg pylibjpeg-rle",
    "JPEG": "pillow",
}


def why_undecodable(path: Path) -> str:
    """Why the frames of a DICOM file cannot be decoded here, as far as its transfer syntax tells; empty where they can."""
    try:
        stated = transfer_syntax(read_meta(path), path.name)
        if stated:
            check_decodable(stated, path.name)
    except InputError as error:
        return str(error)
    return ""


def check_decodable(syntax: UID, name: str) -> None:
    """Raise InputError, naming the package that would help, where no decoder for the transfer syntax is installed."""
    kind = syntax.name if syntax.name != str(syntax) else _("unknown transfer syntax {syntax}").format(syntax=syntax)
    try:
        decoder = decoder_of(syntax)
    except NotImplementedError as error:
        advice = (
            _("it is a video; export the series as DICOM frames, or convert it with ffmpeg to PNG files")
            if any(word in kind for word in ("MPEG", "HEVC"))
            else _("no Python package decodes it; export the series uncompressed, or convert it with gdcmconv --raw (package gdcm)")
        )
        raise InputError(
            _("{name} is stored as {kind}, which cannot be read here: {advice}.").format(name=name, kind=kind, advice=advice)
        ) from error
    if not decoder.is_available:
        package = next((text for word, text in _HELPFUL_PACKAGES.items() if word in kind), "pillow")
        raise InputError(
            _(
                "{name} is stored as {kind}, and no decoder for it is installed: pip install {package} (in "
                "Slicer, the first Apply of LesionReading's modules installs it)."
            ).format(name=name, kind=kind, package=package)
        )


def decoder_of(syntax: UID) -> Decoder:
    """Pydicom's decoder of a transfer syntax, with SimpleITK among its plugins.

    Raises:
        NotImplementedError: there is none.
    """
    add_to_pydicom()
    return get_decoder(syntax)

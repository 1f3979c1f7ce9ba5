"""DICOM changed to what other devices write: values that are right elsewhere, other charsets, other encodings."""

from __future__ import annotations

import warnings
from pathlib import Path
from random import Random

_CHANGES = {
    "RescaleSlope": ("2", "0.5", "-1", "0"),
    "RescaleIntercept": ("0", "-1000", "1024"),
    "PixelRepresentation": (0, 1),
    "BitsStored": (8, 10, 12, 16),
    "HighBit": (7, 11, 15),
    "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2", "RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422"),
    "PlanarConfiguration": (0, 1),
    "SamplesPerPixel": (1, 3),
    "PixelSpacing": (["0.02", "0.01"], ["0.01", "0.01"], ["4", "2"], ["1", "1"], "0.5", ["0.3528", "0.3528"]),
    "PixelAspectRatio": ([2, 1], [1, 0]),
    "SpacingBetweenSlices": ("0.2", "-10", "0"),
    "SliceThickness": ("5", "0", "20"),
    "ImageOrientationPatient": (["1", "0", "0", "0", "-1", "0"], ["0", "1", "0", "1", "0", "0"], ["1", "0", "0", "1", "0", "0"]),
    "ImagePositionPatient": (["0", "0", "0"], ["0", "0", "13.7"], ["-100", "50", "20"]),
    "GantryDetectorTilt": ("15", "-15", "90"),
    "WindowCenter": ("40", ["40", "400"]),
    "WindowWidth": ("80", "1", ["80", "2000"]),
    "PixelPaddingValue": (-2000, 0, 63536),
    "NumberOfFrames": ("1", "2", "3", "8"),
    "IVUSPullbackRate": ("36", "20", "0"),
    "CatheterRotationalRate": (180.0, 100.0),
    "FrameTime": ("5.5556", "33.3"),
    "StudyDate": ("2024.01.02", "20241301", "20240102"),
    "PatientPosition": ("FFP", "HFS", "x"),
    "ImageType": (["ORIGINAL", "PRIMARY", "LOCALIZER"], ["DERIVED", "SECONDARY", "MPR"]),
    "InstanceNumber": ("1", "3", "99"),
    "SeriesInstanceUID": ("1.2.3", "1.2.4"),
    "SOPClassUID": ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.66.4"),
    "Modality": ("CT", "MR", "OT", "IVOCT", "SEG", "US"),
    "SpecificCharacterSet": ("ISO_IR 192", "ISO_IR 100", ["", "ISO 2022 IR 87"], "GB18030", "ISO_IR 999", ["ISO_IR 192", "GBK"]),
    "PatientName": ("山田^太郎", "é^ü", "^" * 9),
    "SeriesDescription": ("contrast", "bone", "造影"),
    "MaximumFractionalValue": (1, 128, 255),
    "SegmentationType": ("BINARY", "FRACTIONAL", "LABELMAP"),
    "ReferencedSegmentNumber": (1, 2, 3, 9),
    "SegmentLabel": ("hematoma", "lumen", "calcium", "no calcium"),
    "ReferencedFrameNumber": ("1", "2", "3"),
    "RecommendedDisplayFrameRate": ("180", "30"),
    "IVUSPullbackStartFrameNumber": (1, 2),
    "IVUSPullbackStopFrameNumber": (3, 4),
    "LossyImageCompression": ("01",),
}
_SYNTAXES = ("rle", "jpeg-2000", "jpeg-ls", "jpeg-lossless", "jpeg", "deflated", "implicit", "big-endian", "explicit")


def plausible(random: Random, file: Path) -> str:
    """Give one attribute, where it stands or at the top, another plausible value; or write the file in another encoding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _encoded(random, file) if random.random() < 0.25 else _changed(random, file)


def _changed(random: Random, file: Path) -> str:
    import pydicom

    data = pydicom.dcmread(file)
    holders = [data]
    for holder in holders:
        for element in holder:
            if element.VR == "SQ" and len(holders) < 60:
                holders += list(element.value)[:4]
    keyword = random.choice(list(_CHANGES))
    having = [holder for holder in holders if keyword in holder]
    holder = random.choice(having) if having else data
    value = random.choice(_CHANGES[keyword])
    setattr(holder, keyword, value)
    data.save_as(file, enforce_file_format=False)
    return f"{keyword}={value}"


def _encoded(random: Random, file: Path) -> str:
    import pydicom
    from fuzzing.files.rare import written_as
    from LesionReadingLib.phantom.compression import SYNTAXES, compress
    from pydicom import uid

    syntax = random.choice(_SYNTAXES)
    if syntax in SYNTAXES:
        compress(file, file, syntax)
        return syntax
    data = pydicom.dcmread(file)
    if data.file_meta.TransferSyntaxUID.is_compressed and not data.file_meta.TransferSyntaxUID.is_deflated:
        data.decompress()
    known = {
        "deflated": uid.DeflatedExplicitVRLittleEndian,
        "implicit": uid.ImplicitVRLittleEndian,
        "big-endian": uid.ExplicitVRBigEndian,
        "explicit": uid.ExplicitVRLittleEndian,
    }
    chosen = known[syntax]
    if not chosen.is_little_endian and data.get("BitsAllocated") == 16:
        content = data.PixelData
        data.PixelData = b"".join(content[place + 1 : place - 1 if place else None : -1] for place in range(0, len(content), 2))
    written_as(data, file, chosen)
    return syntax

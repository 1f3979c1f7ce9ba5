"""Writing a label map beside its scan: Slicer's ``segmentation.seg.nrrd``, and ``segmentation.dcm`` (DICOM SEG) for a DICOM scan.

The DICOM file gets a header of its own. Of the scan's headers it takes the UIDs that tell where it belongs, and what names the
patient only where that is asked for, value by value, checked, in UTF-8: what is odd there cannot spoil it, and nothing leaks.
Sources: DICOM PS3.3 A.51 (Segmentation IOD), C.7.1.1 (Patient), C.7.2.1 (General Study), PS3.5 6.2 (value representations).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..geometry.grid import Grid
from ..language import _
from ..process.threads import Threads
from ..reading.dicom.source_frame import SourceFrame
from .label_map import Segment
from .seg_nrrd import write_seg_nrrd
from .sources import Source, sources_of, uid_of

if TYPE_CHECKING:
    from pydicom import Dataset

SEG_NRRD, DICOM_SEG = "segmentation.seg.nrrd", "segmentation.dcm"

_IDENTITY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("ReferringPhysicianName", "StudyID", "StudyDate", "StudyTime"),
)
"""What DICOM demands to be there, empty where it is not known (type 2), and what an archive files by."""

MOST_PLAIN_BYTES = 32_000_000
"""Of the pixels of a DICOM SEG that is written as it is, which every program reads."""

_SERIES_NUMBER = 900
_WHOLE_BYTES = 8  # so many frames of bits, of any size, end with a whole byte


def write_label_map(
    folder: Path,
    labels: np.ndarray,
    grid: Grid,
    segments: Sequence[Segment],
    frames: Sequence[SourceFrame] = (),
    identity: bool = False,
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a label map on the grid of a scan.

    The DICOM SEG is optional: whatever hinders it is told in a note, and the rest is there.

    Args:
        labels: (slices, rows, columns) of the values of ``segments``.
        frames: the DICOM picture that each slice was drawn on, pixel by pixel; empty where there are none.
        identity: whether the DICOM SEG names the patient as the scan does, so that an archive can file it.

    Returns:
        the files written, and sentences for the report.
    """
    with Threads(1) as threads:  # a processor that packs the one leaves another to write the other
        seg_nrrd = threads.submit(partial(write_seg_nrrd, folder / SEG_NRRD, labels, grid, segments))
        written, notes = _dicom_seg_beside(folder, labels, grid, segments, frames, identity)
        seg_nrrd.result()
    return [folder / SEG_NRRD, *written], notes


def _dicom_seg_beside(
    folder: Path, labels: np.ndarray, grid: Grid, segments: Sequence[Segment], frames: Sequence[SourceFrame], identity: bool
) -> tuple[list[Path], tuple[str, ...]]:
    """Write the DICOM SEG, where there can be one. Args and results: as ``write_label_map``."""
    if not frames:
        return [], ()
    if not grid.spacing.known:
        return [], (
            _(
                "No DICOM segmentation was written, as one must state the size of its pixels and the distance of its frames; "
                "{seg_nrrd} holds the contours."
            ).format(seg_nrrd=SEG_NRRD),
        )
    target = folder / DICOM_SEG
    try:
        notes = write_dicom_seg(target, labels, grid, segments, frames, identity)
    except Exception as error:  # pydicom and highdicom raise many kinds; their messages may repeat the patient's name
        target.unlink(missing_ok=True)
        return [], (
            _("The DICOM segmentation could not be written ({name}); {seg_nrrd} holds the same contours.").format(
                name=type(error).__name__, seg_nrrd=SEG_NRRD
            ),
        )
    return [target], notes


def write_dicom_seg(
    path: Path, labels: np.ndarray, grid: Grid, segments: Sequence[Segment], frames: Sequence[SourceFrame], identity: bool = False
) -> tuple[str, ...]:
    """Write a label map of a DICOM scan as DICOM SEG, one frame for each slice and segment, empty ones too.

    Pixels of more than ``MOST_PLAIN_BYTES`` are deflated (PS3.5 A.5): those of a long pullback would be over 100 MB.

    Args: as ``write_label_map``.

    Returns:
        sentences on what of the identity could not be taken over.
    """
    import highdicom
    from highdicom.seg import Segmentation
    from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

    from ..reading.dicom.files import read_header

    headers = {path: read_header(path) for path in dict.fromkeys(frame.path for frame in frames)}
    sources = sources_of(headers, frames)
    first = headers[frames[0].path]
    named, notes = _identity(first) if identity else (dict.fromkeys(_IDENTITY, ""), ())
    uids = {keyword: uid_of(first, keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    stand_ins = [generate_uid() for _ in sources]
    measures = highdicom.PixelMeasuresSequence((grid.row_mm, grid.column_mm), float(grid.extents_mm.max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # highdicom's warnings repeat the patient's name
        made = Segmentation(
            source_images=[_header(number, uid, grid, uids, named) for number, uid in enumerate(stand_ins)],
            pixel_array=np.asarray(labels[:, :1, :1], np.uint8),  # of the pixels it would make several copies
            pixel_measures=measures,
            plane_positions=[highdicom.PlanePositionSequence("PATIENT", place) for place in grid.positions_mm],
            segmentation_type="BINARY",
            segment_descriptions=[_description(segment) for segment in segments],
            series_instance_uid=generate_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            manufacturer="LesionReading",
            manufacturer_model_name="LesionReading",
            software_versions="1",
            device_serial_number="none",
            content_label=segments[0].name.upper(),
            series_description=" and ".join(segment.name for segment in segments).capitalize(),
            omit_empty_frames=False,
        )
        made.Rows, made.Columns = labels.shape[1:]
        order = _order_of_frames(made, grid)
        made.PixelData = _bits([(segment.value, labels[index]) for segment in segments for index in order])
        _refer(made, dict(zip(stand_ins, sources, strict=True)))
        if len(made.PixelData) > MOST_PLAIN_BYTES:
            made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        made.save_as(path)
    return notes


def _order_of_frames(made: Dataset, grid: Grid) -> np.ndarray:
    """Numbers of the slices as highdicom puts them one behind the other in each segment: by their place along the normal."""
    groups = made.PerFrameFunctionalGroupsSequence[: grid.slice_count]
    places = np.array([group.PlanePositionSequence[0].ImagePositionPatient for group in groups], float)
    order = np.empty(grid.slice_count, int)
    order[np.argsort(places @ grid.normal)] = np.argsort(grid.positions_mm @ grid.normal)
    return order


def _bits(masks: Sequence[tuple[int, np.ndarray]]) -> bytes:
    """The pixels of binary frames, given by value and labels (rows, columns): one bit each, no gaps (PS3.3 C.8.20, PS3.5 8.1.1)."""
    together = np.zeros((_WHOLE_BYTES, *masks[0][1].shape), bool)
    packed = []
    for first in range(0, len(masks), _WHOLE_BYTES):
        some = masks[first : first + _WHOLE_BYTES]
        for (value, labels), mask in zip(some, together, strict=False):
            np.equal(labels, value, out=mask)
        packed.append(np.packbits(together[: len(some)], bitorder="little").tobytes())
    pixels = b"".join(packed)
    return pixels + b"\0" * (len(pixels) % 2)


def _description(segment: Segment):
    import highdicom
    from highdicom.seg import SegmentDescription
    from pydicom.sr.coding import Code

    def code(triple: tuple[str, str, str]) -> Code:
        scheme, value, meaning = triple
        return Code(value, scheme, meaning)

    return SegmentDescription(
        segment_number=segment.value,
        segment_label=segment.name,
        segmented_property_category=code(segment.category),
        segmented_property_type=code(segment.type),
        algorithm_type="SEMIAUTOMATIC",  # a network drew it, or a person did, or one after the other
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name="LesionReading", family=Code("123110", "DCM", "Artificial Intelligence"), version="1"
        ),
        anatomic_regions=[code(segment.region)],
    )


def _header(number: int, uid: str, grid: Grid, uids: dict[str, str], named: dict[str, str]) -> Dataset:
    """What highdicom asks of the source of a slice, and nothing else: a single CT image in its place."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
    from pydicom.valuerep import format_number_as_ds

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = CTImageStorage, uid, "CT"
    for keyword, value in (uids | named).items():
        setattr(made, keyword, value)
    made.SeriesNumber, made.InstanceNumber, made.PositionReferenceIndicator = 1, number + 1, ""
    made.Rows, made.Columns = 1, 1  # see ``write_dicom_seg``
    made.ImageOrientationPatient = [format_number_as_ds(float(part)) for part in (*grid.column_axis, *grid.row_axis)]
    made.ImagePositionPatient = [format_number_as_ds(float(part)) for part in grid.positions_mm[number]]
    made.PixelSpacing = [format_number_as_ds(float(part)) for part in (grid.row_mm, grid.column_mm)]
    made.SliceThickness = format_number_as_ds(float(grid.extents_mm[number]))
    return made


def _identity(header: Dataset) -> tuple[dict[str, str], tuple[str, ...]]:
    """The scan's values in UTF-8, empty where DICOM does not allow them, and a sentence on those."""
    from pydicom.config import RAISE
    from pydicom.datadict import dictionary_VR
    from pydicom.valuerep import validate_value

    named, lost = {}, []
    for keyword in _IDENTITY:
        vr = dictionary_VR(keyword)
        try:
            value = _mended(vr, str(header.get(keyword) or ""))
            validate_value(vr, value, RAISE)
        except Exception:  # any kind, from bytes that are no text in the stated character set
            value = ""
            lost.append(keyword)
        named[keyword] = value
    return named, (
        _("Left empty in {dicom_seg}, as DICOM does not allow the scan's value: {listed}.").format(
            dicom_seg=DICOM_SEG, listed=", ".join(lost)
        ),
    ) if lost else ()


def _mended(vr: str, value: str) -> str:
    """Without control characters; dates and times of ACR-NEMA (2024.03.01, 08:30:00) as DICOM writes them."""
    value = "".join(character for character in value if character.isprintable()).strip()
    if vr == "DA":
        return re.sub(r"^(\d{4})[.-](\d{2})[.-](\d{2})$", r"\1\2\3", value)
    return value.replace(":", "") if vr == "TM" else value


def _refer(made: Dataset, sources: dict[str, Source]) -> None:
    """Let frames and object refer to the scan's own objects, where highdicom has the stand-ins."""
    groups = [group for group in made.PerFrameFunctionalGroupsSequence if "DerivationImageSequence" in group]
    items = [group.DerivationImageSequence[0].SourceImageSequence[0] for group in groups]
    of_groups = [sources[item.ReferencedSOPInstanceUID] for item in items]  # asked first, as frames of several segments share items
    for item, source in zip(items, of_groups, strict=True):
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.sop_class, source.sop_instance
        if source.frame is not None:
            item.ReferencedFrameNumber = source.frame
    referenced = {source.sop_instance: source.sop_class for source in sources.values()}
    for holder, keyword in ((made, "SourceImageSequence"), (made.ReferencedSeriesSequence[0], "ReferencedInstanceSequence")):
        setattr(holder, keyword, [_reference(sop_class, instance) for instance, sop_class in referenced.items()])


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    from pydicom import Dataset

    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = sop_class, sop_instance
    return made

"""The CT series among DICOM files, each as the planes of one volume; nothing is decoded here.

A series of an archive is not yet a volume: ``ct_volumes`` joins what belongs together and splits what does not.

Sources: DICOM PS3.3 C.7.6.2 (Image Plane), C.8.2.1 (CT Image), C.7.6.16 (Multi-frame Functional Groups), C.8.15 (Enhanced CT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import _, listed, ngettext
from LesionReadingLib.reading.dicom.files import functional_group
from LesionReadingLib.reading.dicom.order import has_place, instance_number
from LesionReadingLib.text.identity import shown_text
from pydicom.dataset import Dataset

from .contrast import frame_was_given, was_given

_AXIAL = 0.64  # cosine of 50 degrees: gantries tilt by at most 30, heads by some more


@dataclass(frozen=True, eq=False)
class Plane:
    """One slice as its file describes it.

    Attributes:
        path, frame: the file, and the number of the frame in it, from 0.
        header: of the file.
        position_mm, column_axis, row_axis: (3,) LPS of the first pixel, and the directions in which column and row index grow.
        pixel_mm: distance between (rows, columns), None where not stated.
        thickness_mm: None where not stated.
        slope, intercept: HU = slope * stored + intercept; None where the file does not say.
        moment: grows with the time of acquisition, for slices at one place: (acquisition number, time, instance number).
        kernel: the convolution kernel, empty where not stated. tube_kv: peak voltage of the tube in kV, None where not stated.
        image_type: ("ORIGINAL", "PRIMARY", "AXIAL") and the like. contrast: whether it says that contrast agent was given.
    """

    path: Path
    frame: int
    header: Dataset
    position_mm: np.ndarray
    column_axis: np.ndarray
    row_axis: np.ndarray
    pixel_mm: tuple[float, float] | None
    thickness_mm: float | None
    slope: float | None
    intercept: float | None
    moment: tuple[int, str, int]
    kernel: str
    tube_kv: float | None
    image_type: tuple[str, ...]
    contrast: bool

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)."""
        return int(self.header.Rows), int(self.header.Columns)

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.column_axis, self.row_axis)


@dataclass(frozen=True, eq=False)
class CtSeries:
    """The slices of one volume, in no order yet: a series of the archive, a part of one, or several that belong together.

    Attributes:
        planes: at least one.
        designator: what ``--series`` takes for it: the series number, "2.1" and "2.2" where several have it, or "unnumbered".
        apart: what tells it from others of its number, in words.
        notes: sentences on what was joined.
    """

    planes: tuple[Plane, ...]
    designator: str = ""
    apart: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> Dataset:
        """Of the file of the first plane."""
        return self.planes[0].header

    @property
    def headers(self) -> list[Dataset]:
        """Of every file, once."""
        return list({id(plane.header): plane.header for plane in self.planes}.values())

    @property
    def number(self) -> str:
        """The series number; empty where there is none."""
        value = self.header.get("SeriesNumber")
        return "" if value is None else str(value)

    @property
    def uids(self) -> frozenset[str]:
        return frozenset(str(header.get("SeriesInstanceUID", "")) for header in self.headers)

    @property
    def description(self) -> str:
        return str(self.header.get("SeriesDescription", "") or "")

    @property
    def kernel(self) -> str:
        """The kernels of all slices, usually one."""
        return " and ".join(sorted({plane.kernel for plane in self.planes if plane.kernel}))

    @property
    def tube_kv(self) -> float | None:
        """The median of what the slices state."""
        stated = [plane.tube_kv for plane in self.planes if plane.tube_kv]
        return float(np.median(stated)) if stated else None

    @property
    def has_contrast(self) -> bool:
        """Whether any slice says that contrast agent was given."""
        return any(plane.contrast for plane in self.planes)

    @property
    def image_type(self) -> tuple[str, ...]:
        return self.planes[0].image_type

    @property
    def thickness_mm(self) -> float | None:
        """The median of what the slices state."""
        return median_thickness_mm(self.planes)

    @property
    def length_mm(self) -> float:
        """How far the first and the last slice lie apart, along the normal of the slices."""
        return float(np.ptp([plane.position_mm @ self.planes[0].normal for plane in self.planes]))

    @property
    def cut(self) -> str:
        """``"axial"`` (across the patient's long axis, tilted or not), ``"sagittal"`` or ``"coronal"``."""
        normal = np.abs(self.planes[0].normal)
        return "axial" if normal[2] > _AXIAL else "sagittal" if normal[0] > normal[1] else "coronal"

    @property
    def is_axial(self) -> bool:
        return self.cut == "axial"

    @property
    def label(self) -> str:
        """How it is named to a person, what ``--series`` takes first; never who the patient is."""
        facts = [ngettext("{count} slice", "{count} slices", len(self.planes)).format(count=len(self.planes))]
        facts += [f"{self.thickness_mm:.3g} mm"] if self.thickness_mm else []
        facts += [_("kernel {kernel}").format(kernel=self.kernel)] if self.kernel else []
        name = f" “{description}”" if (description := shown_text(self.description)) else ""
        return _("{series} ({facts})").format(series=f"{self.designator}{name}", facts=listed([*facts, *self.apart]))


def median_thickness_mm(planes: Sequence[Plane]) -> float | None:
    """The median of what slices state of their thickness; None where none states it."""
    stated = [plane.thickness_mm for plane in planes if plane.thickness_mm]
    return float(np.median(stated)) if stated else None


def planes_of(path: Path, header: Dataset) -> list[Plane]:
    """The slices of a file, in the order of its frames.

    Raises:
        InputError: a frame does not say where it lies.
    """
    contrast = was_given(header)
    if not header.get("PerFrameFunctionalGroupsSequence"):
        return [_plane(path, 0, header, dict.fromkeys(_GROUPS, header), contrast)]
    planes = []
    frame_count, described = int(header.get("NumberOfFrames") or 1), len(header.PerFrameFunctionalGroupsSequence)
    if frame_count > described:
        raise InputError(
            _("{file} states {frame_count} frames but describes {described}; export it again.").format(
                file=path.name, frame_count=frame_count, described=described
            )
        )
    for frame in range(frame_count):
        groups = {keyword: functional_group(header, keyword, frame) for keyword in _GROUPS}
        if not has_place(groups["PlanePositionSequence"] or Dataset(), groups["PlaneOrientationSequence"] or Dataset()):
            raise InputError(
                _("Frame {value} of {file} does not say where it lies in the patient; export it again.").format(
                    value=frame + 1, file=path.name
                )
            )
        given = frame_was_given(functional_group(header, "ContrastBolusUsageSequence", frame), contrast)
        planes.append(_plane(path, frame, header, {keyword: group or Dataset() for keyword, group in groups.items()}, given))
    return planes


_GROUPS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "FrameContentSequence",
    "CTReconstructionSequence",
    "CTXRayDetailsSequence",
    "CTImageFrameTypeSequence",
)


def _plane(path: Path, frame: int, header: Dataset, groups: dict[str, Dataset], contrast: bool) -> Plane:
    """A plane of what its functional groups say; those of a single slice are the header itself."""
    cosines = np.array(groups["PlaneOrientationSequence"].ImageOrientationPatient, float)
    measures, values = groups["PixelMeasuresSequence"], groups["PixelValueTransformationSequence"]
    spacing = measures.get("PixelSpacing")
    content, kernel = groups["FrameContentSequence"], groups["CTReconstructionSequence"].get("ConvolutionKernel")
    frame_type = groups["CTImageFrameTypeSequence"].get("FrameType") or header.get("ImageType") or ()
    return Plane(
        path=path,
        frame=frame,
        header=header,
        position_mm=np.array(groups["PlanePositionSequence"].ImagePositionPatient, float),
        column_axis=cosines[:3] / np.linalg.norm(cosines[:3]),
        row_axis=cosines[3:] / np.linalg.norm(cosines[3:]),
        pixel_mm=(float(spacing[0]), float(spacing[1])) if spacing and min(spacing) > 0 else None,
        thickness_mm=_number(measures.get("SliceThickness")),
        slope=_number(values.get("RescaleSlope")),
        intercept=_number(values.get("RescaleIntercept")),
        moment=_moment(header, content, frame),
        kernel=" ".join(_texts(kernel)),
        tube_kv=_number(groups["CTXRayDetailsSequence"].get("KVP")),
        image_type=tuple(_texts(frame_type)),
        contrast=contrast,
    )


def _moment(header: Dataset, content: Dataset, frame: int) -> tuple[int, str, int]:
    acquisition = content.get("FrameAcquisitionNumber") or header.get("AcquisitionNumber")
    time = content.get("FrameAcquisitionDateTime") or header.get("AcquisitionDateTime")
    stored = header.get("ConcatenationFrameOffsetNumber")
    instance = (instance_number(header) or 0) if stored is None else _whole(stored)
    return (
        _whole(acquisition),
        str(time or f"{header.get('AcquisitionDate', '')}{header.get('AcquisitionTime', '')}"),
        instance + frame,
    )


def _texts(value) -> list[str]:
    return [] if value in (None, "") else [value] if isinstance(value, str) else [str(part) for part in value]


def _number(value) -> float | None:
    return None if value is None or value == "" else float(value)


def _whole(value) -> int:
    return int(value) if value not in (None, "") else 0

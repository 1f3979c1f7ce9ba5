"""The CT series among DICOM files, each as the planes of its slices; nothing is decoded here.

Sources: DICOM PS3.3 C.7.6.2 (Image Plane), C.8.2.1 (CT Image), C.7.6.16 (Multi-frame Functional Groups), C.8.15 (Enhanced CT).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from LesionReadingLib.dicom import functional_group, read_header
from LesionReadingLib.errors import InputError
from pydicom.dataset import Dataset

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

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)."""
        return int(self.header.Rows), int(self.header.Columns)

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.column_axis, self.row_axis)


@dataclass(frozen=True, eq=False)
class CtSeries:
    """The slices of one series, in no order yet, and the header of one of its files."""

    planes: tuple[Plane, ...]
    header: Dataset

    @property
    def number(self) -> str:
        """The number that ``--series`` takes."""
        return str(self.header.get("SeriesNumber") or "")

    @property
    def uid(self) -> str:
        return str(self.header.get("SeriesInstanceUID", ""))

    @property
    def description(self) -> str:
        return str(self.header.get("SeriesDescription", "") or "")

    @property
    def kernel(self) -> str:
        value = self.header.get("ConvolutionKernel") or _reconstruction(self.header).get("ConvolutionKernel", "")
        return " ".join([value] if isinstance(value, str) else [str(part) for part in value])

    @property
    def image_type(self) -> tuple[str, ...]:
        return tuple(str(part) for part in self.header.get("ImageType") or ())

    @property
    def thickness_mm(self) -> float | None:
        """The median of what the slices state."""
        stated = [plane.thickness_mm for plane in self.planes if plane.thickness_mm]
        return float(np.median(stated)) if stated else None

    @property
    def length_mm(self) -> float:
        """How far the first and the last slice lie apart, along the normal of the slices."""
        return float(np.ptp([plane.position_mm @ self.planes[0].normal for plane in self.planes]))

    @property
    def is_axial(self) -> bool:
        """Whether the slices lie across the patient's long axis, tilted or not."""
        return abs(float(self.planes[0].normal[2])) > _AXIAL

    @property
    def label(self) -> str:
        """How the series is named to a person: number, description, slices; never who the patient is."""
        facts = [f"{len(self.planes)} slice{'s' if len(self.planes) > 1 else ''}"]
        facts += [f"{self.thickness_mm:.3g} mm"] if self.thickness_mm else []
        facts += [f"kernel {self.kernel}"] if self.kernel else []
        name = f" “{self.description}”" if self.description else ""
        return f"{self.number or 'without number'}{name} ({', '.join(facts)})"


def find_series(files: Sequence[tuple[Path, Dataset]]) -> tuple[list[CtSeries], tuple[str, ...]]:
    """The CT series among files, and what was passed over: scouts, pictures of text, other modalities.

    Raises:
        InputError: there is no CT series among them.
    """
    grouped: dict[str, list[tuple[Path, Dataset]]] = {}
    passed_over: Counter[str] = Counter()
    for path, header in files:
        kind = _not_a_slice(header)
        if kind:
            passed_over[kind] += 1
            continue
        # An enhanced file holds a whole scan, also where its series has several files.
        alone = str(path) if int(header.get("NumberOfFrames") or 1) > 1 else ""
        grouped.setdefault(f"{header.get('SeriesInstanceUID', '')} {alone}", []).append((path, header))
    if not grouped:
        found = ", ".join(f"{kind} ({count})" for kind, count in passed_over.items())
        raise InputError(f"There is no CT series among the files, only {found}; choose the folder of a head CT.")
    series = [
        CtSeries(tuple(plane for path, header in members for plane in planes_of(path, header)), members[0][1])
        for members in grouped.values()
    ]
    return series, tuple(f"{kind} ({count})" for kind, count in passed_over.items())


def series_of_some(paths: Sequence[Path]) -> CtSeries | None:
    """The largest CT series of a few files, for a first look at a study; None where none of them is a CT slice with its place."""
    headers = [(path, read_header(path)) for path in paths]
    try:
        found, _ = find_series([(path, header) for path, header in headers if header is not None])
    except (InputError, KeyError, ValueError, AttributeError):
        return None
    return max(found, key=lambda series: len(series.planes))


def planes_of(path: Path, header: Dataset) -> list[Plane]:
    """The slices of a file, in the order of its frames.

    Raises:
        InputError: a frame does not say where it lies.
    """
    if not header.get("PerFrameFunctionalGroupsSequence"):
        return [_plane(path, 0, header, header, header, header, header)]
    planes = []
    for frame in range(int(header.get("NumberOfFrames") or 1)):
        groups = [functional_group(header, keyword, frame) for keyword in _GROUPS]
        if groups[0] is None or groups[1] is None:
            raise InputError(f"Frame {frame + 1} of {path.name} does not say where it lies in the patient; export it again.")
        planes.append(_plane(path, frame, header, *(group or Dataset() for group in groups)))
    return planes


_GROUPS = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence")


def _plane(path: Path, frame: int, header: Dataset, place: Dataset, axes: Dataset, measures: Dataset, values: Dataset) -> Plane:
    cosines = np.array(axes.ImageOrientationPatient, float)
    spacing = measures.get("PixelSpacing")
    moment = (_whole(header.get("AcquisitionNumber")), _time(header), _whole(header.get("InstanceNumber")) + frame)
    return Plane(
        path=path,
        frame=frame,
        header=header,
        position_mm=np.array(place.ImagePositionPatient, float),
        column_axis=cosines[:3] / np.linalg.norm(cosines[:3]),
        row_axis=cosines[3:] / np.linalg.norm(cosines[3:]),
        pixel_mm=(float(spacing[0]), float(spacing[1])) if spacing and min(spacing) > 0 else None,
        thickness_mm=_number(measures.get("SliceThickness")),
        slope=_number(values.get("RescaleSlope")),
        intercept=_number(values.get("RescaleIntercept")),
        moment=moment,
    )


def _not_a_slice(header: Dataset) -> str | None:
    """What a file is that is no slice of a CT, in words; None for a slice."""
    modality, image_type = header.get("Modality", ""), header.get("ImageType") or ()
    if "Rows" not in header:
        return "files without an image"
    if modality != "CT":
        return f"{modality} images" if modality else "images of unknown modality"
    if "LOCALIZER" in image_type:
        return "scouts"
    if any(word in str(part) for part in image_type for word in ("PERFUSION", "SCREEN", "DOSE")):
        return "maps and reports"
    if header.get("PerFrameFunctionalGroupsSequence"):
        return None
    place, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    if not place or not axes or len(place) != 3 or len(axes) != 6 or not np.any(axes[:3]) or not np.any(axes[3:]):
        return "images without a place in the patient"
    return None


def _reconstruction(header: Dataset) -> Dataset:
    return functional_group(header, "CTReconstructionSequence", 0) or Dataset()


def _time(header: Dataset) -> str:
    return str(header.get("AcquisitionDateTime") or f"{header.get('AcquisitionDate', '')}{header.get('AcquisitionTime', '')}")


def _number(value) -> float | None:
    return None if value is None or value == "" else float(value)


def _whole(value) -> int:
    return int(value) if value not in (None, "") else 0

"""Writes a head CT as one Enhanced CT object (DICOM PS3.3 A.38): all slices as frames of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import Grid
from pydicom.dataset import Dataset
from pydicom.uid import (
    EnhancedCTImageStorage,
)

from .dicom import UNSIGNED_12_BITS, Acquisition, Storage, decimal, decimals, new_file, set_stored, uid


def write_enhanced(
    path: Path,
    hounsfield: np.ndarray,
    grid: Grid,
    acquisition: Acquisition | None = None,
    storage: Storage = UNSIGNED_12_BITS,
    order: Sequence[int] | None = None,
) -> Path:
    """Write one Enhanced CT object: all slices as frames, places and rescaling in the functional groups.

    Args:
        order: the slices in the order in which the frames store them; the order of the array by default.
    """
    acquisition = acquisition or Acquisition()
    order = list(range(grid.slice_count)) if order is None else [int(index) for index in order]
    path.parent.mkdir(parents=True, exist_ok=True)
    data = new_file(path, EnhancedCTImageStorage, acquisition, "enhanced")
    data.InstanceNumber, data.ContentDate, data.ContentTime = 1, data.SeriesDate, data.SeriesTime
    data.AcquisitionDateTime = f"{acquisition.acquired:%Y%m%d%H%M%S}"
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = uid("frame of reference", acquisition), ""
    data.ImageType = [*acquisition.image_type[:2], "VOLUME", "NONE"]
    data.PixelPresentation, data.VolumetricProperties, data.VolumeBasedCalculationTechnique = "MONOCHROME", "VOLUME", "NONE"
    data.ContentQualification, data.BurnedInAnnotation, data.LossyImageCompression = "RESEARCH", "NO", "00"
    data.PresentationLUTShape, data.AcquisitionContextSequence = "IDENTITY", []
    data.PatientPosition = acquisition.patient_position
    if acquisition.contrast_agent:
        data.ContrastBolusAgentSequence = [
            _item(CodeMeaning=acquisition.contrast_agent, CodeValue="1", CodingSchemeDesignator="99X")
        ]
    _add_dimensions(data, acquisition)
    frame_type = _item(FrameType=list(data.ImageType), PixelPresentation="MONOCHROME", VolumetricProperties="VOLUME")
    data.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=decimals([*grid.column_axis, *grid.row_axis]))],
            CTImageFrameTypeSequence=[frame_type],
            CTReconstructionSequence=[_item(ConvolutionKernel=acquisition.kernel)],
            PixelValueTransformationSequence=[
                _item(RescaleIntercept=decimal(storage.intercept), RescaleSlope=decimal(storage.slope), RescaleType="HU")
            ],
            FrameAnatomySequence=[_item(FrameLaterality="U", AnatomicRegionSequence=[_code("69536005", "Head")])],
        )
    ]
    data.PerFrameFunctionalGroupsSequence = [
        _item(
            FrameContentSequence=[
                _item(StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[1, index + 1], FrameAcquisitionNumber=1)
            ],
            PlanePositionSequence=[_item(ImagePositionPatient=decimals(grid.positions_mm[index]))],
            PixelMeasuresSequence=[
                _item(PixelSpacing=decimals([grid.row_mm, grid.column_mm]), SliceThickness=decimal(grid.extents_mm[index]))
            ],
        )
        for index in order
    ]
    set_stored(data, hounsfield[order], storage)
    for keyword in ("RescaleIntercept", "RescaleSlope", "RescaleType"):
        del data[keyword]  # an enhanced image states them in its functional groups only
    data.NumberOfFrames = len(order)
    data.save_as(path, enforce_file_format=True)
    return path


def _add_dimensions(data: Dataset, acquisition: Acquisition) -> None:
    """Frames are indexed by stack and by position in the stack (PS3.3 C.7.6.17)."""
    organization = uid("dimensions", acquisition)
    data.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    data.DimensionIndexSequence = [
        _item(DimensionOrganizationUID=organization, DimensionIndexPointer=pointer, FunctionalGroupPointer=0x00209111)
        for pointer in (0x00209056, 0x00209057)
    ]


def _item(**attributes) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def _code(value: str, meaning: str) -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning=meaning)

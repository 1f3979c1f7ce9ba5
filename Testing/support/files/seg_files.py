"""DICOM SEG files as highdicom writes them, and the headers of the pullbacks that they belong to."""

from __future__ import annotations

import highdicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def oct_source(frame_count, step_mm, multi_frame):
    """Header-only IVOCT source images: one of many frames, or many of one."""
    frame_of_reference, study, series = generate_uid(), generate_uid(), generate_uid()

    def image(positions):
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.14.1"
        data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), study, series
        data.FrameOfReferenceUID = frame_of_reference
        data.Modality, data.PatientID, data.PatientName, data.StudyID = "IVOCT", "phantom", "Phantom^OCT", "1"
        for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"):
            setattr(data, keyword, "")
        data.SeriesNumber = data.InstanceNumber = 1
        data.Rows, data.Columns, data.NumberOfFrames = 12, 16, len(positions)
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
        measures, orientation, shared = Dataset(), Dataset(), Dataset()
        measures.PixelSpacing, measures.SliceThickness = [0.01, 0.02], "0.05"
        orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
        data.SharedFunctionalGroupsSequence = [shared]
        data.PerFrameFunctionalGroupsSequence = [_frame_group(number, z) for number, z in enumerate(positions)]
        data.PixelData = bytes(12 * 16 * len(positions))
        return data

    positions = [step_mm * k for k in range(frame_count)]
    return [image(positions)] if multi_frame else [_single(image([z]), z) for z in positions]


def _frame_group(number, z):
    position, content, group = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, z]
    content.DimensionIndexValues = [1, number + 1]
    group.PlanePositionSequence, group.FrameContentSequence = [position], [content]
    return group


def _single(data, z):
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    del data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence, data.NumberOfFrames
    data.PixelSpacing, data.SliceThickness = [0.01, 0.02], "0.05"
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, z]
    return data


def write_seg(path, labels, sources, kind="BINARY", names=("calcium", "guidewire", "lumen")):
    descriptions = [
        highdicom.seg.SegmentDescription(
            number, name, codes.SCT.AnatomicalStructure, codes.SCT.Artery, highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
        )
        for number, name in enumerate(names, start=1)
    ]
    seg = highdicom.seg.Segmentation(
        sources, labels, kind, descriptions, generate_uid(), 1, generate_uid(), 1, "maker", "model", "1", "1"
    )
    seg.save_as(path)
    return path

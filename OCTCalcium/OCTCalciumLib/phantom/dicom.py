"""Writes a phantom pullback the way consoles, workstations and exports do: the varieties of file that readers meet.

Objects follow DICOM PS3.3: A.66 (Intravascular OCT Image IOD), A.7 (Ultrasound Multi-frame), A.8 (Secondary Capture). Files carry
a full identity that is nobody's (``LesionReadingLib.phantom.identity``).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from LesionReadingLib.phantom.compression import compress
from LesionReadingLib.phantom.identity import identify
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import SecondaryCaptureImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

from .pullback import PhantomPullback, draw_pullback

FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.14.1"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.14.2"
Z_OFFSET_SAMPLES = 6  # samples near the catheter's axis that a for-processing file leaves out
PADDED_A_LINES = 4
STRIP_ROWS = 0.14  # height of the longitudinal strip, as a share of the frame
CAPTURE_WATERMARK = "OCT PHANTOM"
BIRTH_DATE = "19480229"


def sepia_table() -> np.ndarray:
    """The colour table (256, 3) uint8 that legacy consoles burn into their exports."""
    grey = np.linspace(0, 1, 256)
    table = np.stack([np.clip(1.05 * grey, 0, 1) * 0.95, grey**1.3 * 0.75, grey**2.2 * 0.3], axis=1)
    return np.rint(255 * table).astype(np.uint8)


def write_presentation(path: Path, pullback: PhantomPullback) -> None:
    """A conformant IVOCT for presentation: Cartesian, MONOCHROME2, spacing in the shared Pixel Measures."""
    data = _new_file(path, FOR_PRESENTATION, "IVOCT", pullback.plan.seed)
    data.PresentationIntentType = "FOR PRESENTATION"
    _add_acquisition(data, pullback)
    measures = Dataset()
    measures.PixelSpacing = [_ds(pullback.spacing.row_mm), _ds(pullback.spacing.column_mm)]
    _add_functional_groups(data, pullback, measures)
    _set_pixels(data, pullback.frames)
    data.save_as(path, enforce_file_format=True)


def write_processing(path: Path, pullback: PhantomPullback) -> None:
    """A conformant IVOCT for processing: rows are A-lines, the catheter lies at the left, with Z-offset and padded A-lines.

    The first A-line looks to the right of the picture (90 degrees clockwise from the top) and the catheter turns clockwise.
    """
    data = _new_file(path, FOR_PROCESSING, "IVOCT", pullback.plan.seed)
    data.PresentationIntentType = "FOR PROCESSING"
    _add_acquisition(data, pullback)
    lines = pullback.polar[:, :, Z_OFFSET_SAMPLES:]
    sample_mm = pullback.plan.physics.depth_mm / pullback.polar.shape[2]
    data.ALinePixelSpacing = sample_mm
    data.ALinesPerFrame = lines.shape[1] + PADDED_A_LINES
    data.OCTZOffsetApplied = "NO"
    data.OCTAcquisitionDomain = "FREQUENCY"
    data.CatheterDirectionOfRotation = "CW"
    data.FirstALineLocation = 90.0
    frame_content = Dataset()
    frame_content.NumberOfPaddedALines = PADDED_A_LINES
    frame_content.OCTZOffsetCorrection = Z_OFFSET_SAMPLES
    frame_content.SeamLineLocation = float(np.degrees(pullback.plan.physics.seam_rad))
    _add_functional_groups(data, pullback, None, frame_content)
    _set_pixels(data, np.pad(lines, ((0, 0), (0, PADDED_A_LINES), (0, 0))))
    data.save_as(path, enforce_file_format=True)


def write_ultrasound(path: Path, pullback: PhantomPullback) -> None:
    """A legacy export as ultrasound multi-frame: sepia RGB with watermark, scale bar, strip and ticks; calibrated region."""
    data = _new_file(path, UltrasoundMultiFrameImageStorage, "US", pullback.plan.seed)
    region = Dataset()
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3  # cm
    region.PhysicalDeltaX, region.PhysicalDeltaY = pullback.spacing.column_mm / 10, pullback.spacing.row_mm / 10
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1 = region.RegionLocationMaxY1 = pullback.frames.shape[1] - 1
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    data.SequenceOfUltrasoundRegions = Sequence([region])
    data.FrameTime = _ds(1000 / 180)
    data.FrameIncrementPointer = 0x00181063
    data.IVUSAcquisition, data.IVUSPullbackRate = "MOTOR_PULLBACK", _ds(180 * pullback.spacing.frame_mm)
    _set_pixels(data, burnt_in(pullback))
    data.save_as(path, enforce_file_format=True)


def write_capture(path: Path, pullback: PhantomPullback) -> None:
    """A legacy export as multi-frame secondary capture, sepia RGB, that says nothing about spacing."""
    data = _new_file(path, SecondaryCaptureImageStorage, "OT", pullback.plan.seed)
    data.ConversionType = "WSD"
    _set_pixels(data, burnt_in(pullback))
    data.save_as(path, enforce_file_format=True)


def write_palette(path: Path, pullback: PhantomPullback) -> None:
    """A multi-frame ultrasound whose sepia is a palette: the pixels are indices."""
    data = _new_file(path, UltrasoundMultiFrameImageStorage, "US", pullback.plan.seed)
    _set_pixels(data, pullback.frames)
    data.PhotometricInterpretation = "PALETTE COLOR"
    for name, channel in zip(("Red", "Green", "Blue"), sepia_table().T.astype("<u2") * 257, strict=True):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", channel.tobytes())
    data.PixelSpacing = [_ds(pullback.spacing.row_mm), _ds(pullback.spacing.column_mm)]
    data.SpacingBetweenSlices = _ds(pullback.spacing.frame_mm)
    data.save_as(path, enforce_file_format=True)


def write_frame_folder(folder: Path, pullback: PhantomPullback) -> None:
    """A folder of one-frame secondary captures, as exports of single frames are; positions and instance numbers are given."""
    folder.mkdir(parents=True, exist_ok=True)
    series = generate_uid(entropy_srcs=["frames", str(pullback.plan.seed)])
    for number, frame in enumerate(pullback.frames):
        path = folder / f"IM{(number * 7919) % 100003:05d}"  # names that do not follow the order of the frames
        data = _new_file(path, SecondaryCaptureImageStorage, "OT", pullback.plan.seed)
        data.SeriesInstanceUID, data.InstanceNumber = series, number + 1
        data.ConversionType = "WSD"
        data.ImagePositionPatient = [0, 0, _ds(number * pullback.spacing.frame_mm)]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing = [_ds(pullback.spacing.row_mm), _ds(pullback.spacing.column_mm)]
        _set_pixels(data, frame[None])
        data.save_as(path, enforce_file_format=True)


def write_pictures(folder: Path, pullback: PhantomPullback, suffix: str = "png") -> None:
    """A folder of sepia PNG or TIFF pictures, one per frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(burnt_in(pullback)):
        Image.fromarray(picture).save(folder / f"frame{number + 1}.{suffix}")


def write_volume(path: Path, pullback: PhantomPullback) -> None:
    """A grey volume as NRRD, NIfTI or MetaImage, by the ending of ``path``; spacing in the header, LPS."""
    _write_image(path, pullback.frames, pullback)


def write_truth(path: Path, pullback: PhantomPullback) -> None:
    """The exact label map beside a phantom, as NRRD, NIfTI or MetaImage."""
    _write_image(path, pullback.labels, pullback)


def burnt_in(pullback: PhantomPullback) -> np.ndarray:
    """Frames as a legacy console exports them, (frames, rows, columns, 3) uint8: sepia, watermark, scale bar, ticks and strip.

    The longitudinal strip lies below the cross-section, so there are more rows than columns.
    """
    size = pullback.frames.shape[1]
    pixel_mm = pullback.spacing.row_mm
    strip = _longitudinal_strip(pullback.frames, int(STRIP_ROWS * size))
    return np.stack(
        [
            np.vstack([_annotate(sepia_table()[frame], number, pixel_mm), _mark(strip, number, len(pullback.frames))])
            for number, frame in enumerate(pullback.frames)
        ]
    )


def write_every_variety(folder: Path, seed: int, frame_count: int, size: int, frame_mm: float = 0.2) -> list[Path]:
    """Draw the phantom ``seed`` and write it in every variety, with its truth; gives the paths."""
    pullback = draw_pullback(seed, frame_count, size, frame_mm)
    folder.mkdir(parents=True, exist_ok=True)
    writers = {
        "presentation.dcm": write_presentation,
        "processing.dcm": write_processing,
        "ultrasound.dcm": write_ultrasound,
        "capture.dcm": write_capture,
        "palette.dcm": write_palette,
        "frames": write_frame_folder,
        "pictures": write_pictures,
        "volume.nrrd": write_volume,
        "volume.nii.gz": write_volume,
        "truth.nrrd": write_truth,
    }
    for name, write in writers.items():
        write(folder / name, pullback)
    for syntax in ("rle", "jpeg-2000", "jpeg-lossless", "jpeg"):
        compress(folder / "presentation.dcm", folder / f"presentation-{syntax}.dcm", syntax)
    return sorted(folder.iterdir())


def _new_file(path: Path, sop_class: str, modality: str, seed: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[path.name, str(seed), sop_class])
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=["study", str(seed)])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=["series", path.name, str(seed)])
    data.Modality, data.Manufacturer = modality, "LesionReading phantom"
    identify(data)
    data.PatientID, data.PatientBirthDate, data.PatientSex = f"phantom-{seed}", BIRTH_DATE, ""
    data.StudyDate = data.StudyTime = ""
    data.SeriesNumber = data.InstanceNumber = 1
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"] if modality == "IVOCT" else ["DERIVED", "SECONDARY"]
    return data


def _add_acquisition(data: Dataset, pullback: PhantomPullback) -> None:
    data.IVUSAcquisition = "MOTORIZED"
    data.IVUSPullbackRate = _ds(180 * pullback.spacing.frame_mm)
    data.IVUSPullbackStartFrameNumber, data.IVUSPullbackStopFrameNumber = 1, len(pullback.frames)
    data.RangingDepth = pullback.plan.physics.depth_mm
    data.ALinesPerFrame = pullback.plan.physics.a_lines
    data.ALineRate = 180.0 * pullback.plan.physics.a_lines
    data.CatheterRotationalRate = 180.0
    data.RefractiveIndexApplied, data.EffectiveRefractiveIndex = "YES", 1.33
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame of reference", str(pullback.plan.seed)])


def _add_functional_groups(
    data: Dataset, pullback: PhantomPullback, measures: Dataset | None, oct_content: Dataset | None = None
) -> None:
    shared = Dataset()
    if measures is not None:
        shared.PixelMeasuresSequence = Sequence([measures])
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = []
    for number in range(len(pullback.frames)):
        content = Dataset()
        content.FrameAcquisitionNumber = number + 1
        content.DimensionIndexValues = [number + 1]
        intravascular = Dataset()
        # The standard counts from the frame before; only the first frame has none.
        intravascular.IntravascularLongitudinalDistance = pullback.spacing.frame_mm if number else 0.0
        group = Dataset()
        group.FrameContentSequence = Sequence([content])
        group.IntravascularFrameContentSequence = Sequence([intravascular])
        if oct_content is not None:
            group.IntravascularOCTFrameContentSequence = Sequence([oct_content])
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = Sequence(groups)


def _set_pixels(data: Dataset, frames: np.ndarray) -> None:
    """Frames (frames, rows, columns[, 3]) uint8 as native pixel data."""
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.SamplesPerPixel = 3 if frames.ndim == 4 else 1
    data.PhotometricInterpretation = "RGB" if frames.ndim == 4 else "MONOCHROME2"
    if frames.ndim == 4:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    pixels = frames.tobytes()
    data.PixelData = pixels + b"\0" * (len(pixels) % 2)


def _annotate(picture: np.ndarray, number: int, pixel_mm: float) -> np.ndarray:
    """Watermark, frame number, scale bar, cut line and ticks over a sepia cross-section (size, size, 3)."""
    size = picture.shape[0]
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.text((8, 8), CAPTURE_WATERMARK, fill=(200, 200, 200))
    draw.text((8, 22), f"{number + 1}", fill=(200, 200, 200))
    bar = round(1 / pixel_mm)
    draw.line([(size - 12 - bar, size - 12), (size - 12, size - 12)], fill=(255, 255, 255), width=2)
    draw.line([(0.29 * size, 0.05 * size), (0.71 * size, 0.95 * size)], fill=(0, 180, 180), width=1)
    for tick in np.arange(size / 2 % bar, size, bar):
        draw.line([(tick, 0), (tick, 5)], fill=(255, 255, 255))
    return np.asarray(image)


def _longitudinal_strip(frames: np.ndarray, rows: int) -> np.ndarray:
    """The lengthwise cut through the pullback's middle column, stretched to the width of a frame, sepia (rows, size, 3)."""
    cut = Image.fromarray(np.ascontiguousarray(frames[:, :, frames.shape[2] // 2].T))
    return sepia_table()[np.asarray(cut.resize((frames.shape[2], rows)))]


def _mark(strip: np.ndarray, number: int, count: int) -> np.ndarray:
    """The strip with the line that shows which frame is on display."""
    marked = strip.copy()
    marked[:, round((number + 0.5) / count * (strip.shape[1] - 1))] = (255, 255, 0)
    return marked


def _write_image(path: Path, array: np.ndarray, pullback: PhantomPullback) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((pullback.spacing.column_mm, pullback.spacing.row_mm, pullback.spacing.frame_mm))
    sitk.WriteImage(image, str(path), useCompression=True)


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2)."""
    return pydicom.valuerep.format_number_as_ds(float(value))

"""Slicer's DICOM browser on pullbacks: every variety that consoles and exports write, and nothing else."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import slicer.util
from dicom_files import hide_all_decoders_but_slicers
from LesionReadingLib.geometry.spacing import UNKNOWN
from LesionReadingLib.phantom.compression import compress
from LesionReadingScene.scene import has_spacing, spacing_source, volume_grid, volume_spacing
from OCTCalciumLib.phantom.dicom import write_every_variety
from OCTCalciumLib.phantom.pullback import draw_pullback
from OCTCalciumLib.reading.read import open_pullback
from places import ROOT

SCALAR_VOLUME_CONFIDENCE = 0.5
FRAME_MM = 0.25
PLUGIN = ROOT / "OCTCalcium" / "DICOMCoronaryOCTPlugin.py"
CERTAIN = ("presentation.dcm", "processing.dcm", "presentation-rle.dcm", "presentation-jpeg-2000.dcm", "presentation-jpeg.dcm")
EXPORTS = ("ultrasound.dcm", "capture.dcm", "palette.dcm", "frames")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("varieties")
    write_every_variety(folder, 13, 8, 128, FRAME_MM)
    return folder


@pytest.fixture
def a_plugin(a_desktop):
    a_desktop.load_module(PLUGIN)
    return slicer.modules.dicomPlugins["DICOMCoronaryOCTPlugin"]()


def listed(path):
    return [str(file) for file in (sorted(path.iterdir()) if path.is_dir() else [path])]


def loaded(plugin, path):
    (loadable,) = plugin.examineForImport([listed(path)])
    return plugin.load(loadable)


@pytest.mark.parametrize("name", [*CERTAIN, *EXPORTS])
def test_every_variety_is_offered_and_chosen_where_nothing_else_can_be_meant(a_plugin, files, name):
    (loadable,) = a_plugin.examineForImport([listed(files / name)])
    assert loadable.selected == (loadable.confidence > SCALAR_VOLUME_CONFIDENCE) == (name in CERTAIN)
    assert loadable.confidence > 0.9 or name in EXPORTS
    assert "8 frames" in loadable.tooltip and len(loadable.files) == (8 if name == "frames" else 1)


@pytest.mark.parametrize("name", [*CERTAIN, *EXPORTS])
def test_every_variety_becomes_a_grey_volume_as_our_reader_reads_it(a_plugin, files, name):
    volume = loaded(a_plugin, files / name)
    pullback = open_pullback(files / name)
    voxels = slicer.util.arrayFromVolume(volume)
    assert voxels.dtype == np.uint8
    assert np.array_equal(voxels, np.stack(list(pullback.read(0, pullback.frame_count))))
    spacing = volume_spacing(volume)
    for ours, theirs in zip(
        (spacing.row_mm, spacing.column_mm, spacing.frame_mm),
        (pullback.spacing.row_mm, pullback.spacing.column_mm, pullback.spacing.frame_mm),
        strict=True,
    ):
        assert (ours is None) == (theirs is None) and (theirs is None or ours == pytest.approx(theirs))
    assert spacing.in_plane_source == pullback.spacing.in_plane_source


def test_a_loaded_pullback_is_shown(a_plugin, files):
    volume = loaded(a_plugin, files / "presentation.dcm")
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == volume.GetID()


def test_spacing_and_place_are_those_of_the_phantom(a_plugin, files):
    volume = loaded(a_plugin, files / "presentation.dcm")
    true = draw_pullback(13, 8, 128, FRAME_MM).spacing
    grid = volume_grid(volume)
    assert grid.axes_mm() == pytest.approx(np.diag([true.column_mm, true.row_mm, FRAME_MM]), rel=1e-6)
    assert grid.origin_mm == pytest.approx([0, 0, 0])
    assert spacing_source(volume).startswith("DICOM")


def test_a_capture_without_spacing_lets_the_panel_ask(a_plugin, files):
    volume = loaded(a_plugin, files / "capture.dcm")
    assert not has_spacing(volume) and spacing_source(volume) == UNKNOWN and volume.GetSpacing() == (1.0, 1.0, 1.0)


def test_an_export_that_knows_only_its_pixels_lets_the_panel_ask_for_the_frames(a_plugin, files, tmp_path):
    data = pydicom.dcmread(files / "ultrasound.dcm")
    del data.IVUSPullbackRate, data.FrameTime
    data.save_as(tmp_path / "no-rate.dcm")
    volume = loaded(a_plugin, tmp_path / "no-rate.dcm")
    assert not has_spacing(volume)
    assert volume_spacing(volume).frame_mm is None
    assert volume.GetSpacing()[0] == pytest.approx(draw_pullback(13, 8, 128, FRAME_MM).spacing.column_mm, rel=1e-4)


def test_an_export_that_names_oct_is_likelier_than_one_that_does_not(a_plugin, files, tmp_path):
    data = pydicom.dcmread(files / "capture.dcm")
    data.SeriesDescription = "LAD OCT pre"
    data.save_as(tmp_path / "named.dcm")
    (named,) = a_plugin.examineForImport([[str(tmp_path / "named.dcm")]])
    (plain,) = a_plugin.examineForImport([[str(files / "capture.dcm")]])
    assert named.confidence > 0.7 and plain.confidence < SCALAR_VOLUME_CONFIDENCE
    assert named.selected and not plain.selected  # what does not name OCT could be anybody's screenshots
    data.SeriesDescription = "October doctor"
    data.save_as(tmp_path / "other.dcm")
    (other,) = a_plugin.examineForImport([[str(tmp_path / "other.dcm")]])
    assert other.confidence == plain.confidence


def test_two_pullbacks_of_one_series_are_two_offers(a_plugin, files, tmp_path):
    data = pydicom.dcmread(files / "presentation.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{data.SOPInstanceUID}.1"[:64]
    data.save_as(tmp_path / "second.dcm")
    offers = a_plugin.examineForImport([[str(files / "presentation.dcm"), str(tmp_path / "second.dcm")]])
    assert [len(offer.files) for offer in offers] == [1, 1] and offers[0].name != offers[1].name


@pytest.mark.parametrize("modality", ["CT", "MR", "XA", "OPT", "SEG"])
def test_other_modalities_are_not_offered(a_plugin, files, tmp_path, modality):
    data = pydicom.dcmread(files / "capture.dcm")
    data.Modality = modality
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    data.save_as(tmp_path / "other.dcm")
    assert a_plugin.examineForImport([[str(tmp_path / "other.dcm")]]) == []


def test_a_single_picture_is_no_pullback(a_plugin, files):
    one = sorted((files / "frames").iterdir())[0]
    assert a_plugin.examineForImport([[str(one)]]) == []


def test_no_name_of_the_patient_reaches_the_node(a_plugin, files, tmp_path):
    data = pydicom.dcmread(files / "presentation.dcm")
    data.PatientName, data.PatientID, data.SeriesDescription, data.SeriesNumber = "DOE^JOHN", "4711", "LAD", 7
    data.save_as(tmp_path / "named.dcm")
    volume = loaded(a_plugin, tmp_path / "named.dcm")
    assert volume.GetName() == "7: LAD"
    texts = [volume.GetName(), volume.GetDescription(), *(volume.GetAttribute(name) for name in volume.GetAttributeNames())]
    assert not any("DOE" in text or "4711" in text for text in texts if text)


@pytest.mark.parametrize("syntax", ["jpeg-lossless", "jpeg-2000", "jpeg-ls"])
def test_a_compressed_pullback_is_read_with_what_slicer_has(a_plugin, files, tmp_path, monkeypatch, syntax):
    """Whether or not the first Apply has installed packages: python-gdcm is never among them."""
    compress(files / "presentation.dcm", tmp_path / "a.dcm", syntax)
    hide_all_decoders_but_slicers(monkeypatch)
    (loadable,) = a_plugin.examineForImport([[str(tmp_path / "a.dcm")]])
    assert loadable.selected and not loadable.warning
    plain = slicer.util.arrayFromVolume(loaded(a_plugin, files / "presentation.dcm"))
    assert np.array_equal(slicer.util.arrayFromVolume(a_plugin.load(loadable)), plain)

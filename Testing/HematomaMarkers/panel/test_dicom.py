"""Head CT through Slicer's DICOM browser: tilted and uneven series become upright volumes in which everything lies in its place."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pydicom
import pytest
import slicer
from dicom_files import edit, hide_all_decoders_but_slicers
from drawn_head import head_on, slices, voxel_places_mm
from drawn_volumes import add_array
from HematomaMarkersLib.phantom.dicom import Acquisition
from HematomaMarkersLib.phantom.enhanced import write_enhanced
from HematomaMarkersLib.reading.scan import AIR_HU
from LesionReadingLib.errors import InputError
from LesionReadingLib.phantom.compression import compress
from LesionReadingScene.scene import spacing_source, volume_grid
from places import ROOT
from written_series import write_series

BALL_MM, BALL_HU, RADIUS_MM = np.array([21.0, -17.0, 9.0]), 71, 22.0
SCALAR_VOLUME_CONFIDENCE = 0.5  # of Slicer's own plugin

EVEN, MIXED = [6.0] * 24, [3.0] * 24 + [4.5] * 16


@pytest.fixture
def a_browser(a_desktop):
    """The desktop with our plugin in the DICOM browser."""
    a_desktop.load_module(ROOT / "HematomaMarkers" / "DICOMHeadCTPlugin.py")
    yield a_desktop
    a_desktop.unload_module("DICOMHeadCTPlugin")
    slicer.modules.dicomPlugins.pop("DICOMHeadCTPlugin", None)


def a_head_with_ball(grid):
    hounsfield = head_on(grid)
    hounsfield[np.linalg.norm(voxel_places_mm(grid) - BALL_MM, axis=-1) < RADIUS_MM] = BALL_HU
    return hounsfield


def ball_of(volume):
    """(volume in mL, RAS of the middle) of the ball in a volume node, by the node's own matrix."""
    values = slicer.util.arrayFromVolume(volume)
    matrix = slicer.util.arrayFromVTKMatrix(_matrix(volume))
    indices = np.argwhere((values > 53) & (values < 100))[:, ::-1]
    places = indices @ matrix[:3, :3].T + matrix[:3, 3]
    near = np.linalg.norm(places - BALL_MM * (-1, -1, 1), axis=1) < 2 * RADIUS_MM  # the bone's border is as dense, farther out
    return near.sum() * abs(np.linalg.det(matrix[:3, :3])) / 1000, places[near].mean(axis=0)


def _matrix(volume):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix


@pytest.mark.parametrize(
    ("steps_mm", "tilt_deg"),
    [(EVEN, 0.0), (EVEN, 20.0), (EVEN, -17.0), (MIXED, 0.0), (MIXED, 15.0)],
    ids=["even", "tilted", "tilted back", "mixed", "mixed and tilted"],
)
def test_a_ball_keeps_its_volume_and_its_place_whatever_tilt_and_distances(a_browser, tmp_path, steps_mm, tilt_deg):
    grid = slices(steps_mm, tilt_deg)
    write_series(tmp_path, a_head_with_ball(grid), grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    volume_ml, middle = ball_of(volume)
    assert volume_ml == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.04)
    assert np.abs(middle - BALL_MM * (-1, -1, 1)).max() < min(volume.GetSpacing()) / 2


@pytest.mark.parametrize("syntax", ["jpeg-lossless", "jpeg-2000", "jpeg-ls"])
def test_a_compressed_tilted_head_is_read_by_our_reader_with_what_slicer_has(a_browser, tmp_path, monkeypatch, syntax):
    """Whether or not the first Apply has installed packages: python-gdcm is never among them."""
    grid = slices(EVEN, 15.0)
    drawn = a_head_with_ball(grid)
    files = write_series(tmp_path, drawn, grid)
    for file in files:
        compress(file, file, syntax)
    hide_all_decoders_but_slicers(monkeypatch)
    (offer,) = next(iter(a_browser.dicom_loadables(tmp_path).values()))
    assert offer.selected and offer.confidence > SCALAR_VOLUME_CONFIDENCE and not offer.warning
    (volume,) = a_browser.load_dicom(tmp_path)
    volume_ml, middle = ball_of(volume)
    assert volume_ml == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.04)
    assert np.abs(middle - BALL_MM * (-1, -1, 1)).max() < min(volume.GetSpacing()) / 2


@pytest.mark.parametrize("tilt_deg", [0.0, 20.0])
def test_the_axes_of_the_node_are_perpendicular(a_browser, tmp_path, tilt_deg):
    grid = slices(EVEN, tilt_deg)
    write_series(tmp_path, head_on(grid), grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    axes = slicer.util.arrayFromVTKMatrix(_matrix(volume))[:3, :3]
    cosines = (axes / np.linalg.norm(axes, axis=0)).T @ (axes / np.linalg.norm(axes, axis=0))
    np.testing.assert_allclose(cosines, np.eye(3), atol=1e-6)


def test_voxels_of_an_even_upright_series_are_untouched_and_nothing_is_said(a_browser, tmp_path):
    grid = slices(EVEN)
    drawn = a_head_with_ball(grid)
    write_series(tmp_path, drawn, grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume), drawn)
    assert volume.GetAttribute("LesionReading.Straightened") is None
    np.testing.assert_allclose(volume_grid(volume).positions_mm, grid.positions_mm, atol=1e-3)


def test_what_was_done_to_a_tilted_series_is_kept_on_the_node(a_browser, tmp_path):
    grid = slices(MIXED, 12.0)
    write_series(tmp_path, head_on(grid), grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    sentence = volume.GetAttribute("LesionReading.Straightened")
    assert "12.0 degrees" in sentence and "41 slices to 49" in sentence
    assert sentence in volume.GetDescription()
    assert slicer.util.arrayFromVolume(volume).min() == AIR_HU
    assert "DICOM" in spacing_source(volume)


def test_an_enhanced_file_loads_as_well(a_browser, tmp_path):
    grid = slices(EVEN, 10.0)
    write_enhanced(tmp_path / "head", a_head_with_ball(grid), grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    assert ball_of(volume)[0] == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.04)


def test_two_passes_of_one_series_load_as_two_volumes(a_browser, tmp_path):
    grid = slices(EVEN)
    first = write_series(tmp_path, head_on(grid), grid)
    again = write_series(tmp_path, head_on(grid) + 3, grid, Acquisition(series_number=9, acquired=datetime(2024, 3, 1, 8, 50)))
    header = pydicom.dcmread(first[0])
    edit(again, SeriesInstanceUID=header.SeriesInstanceUID, StudyInstanceUID=header.StudyInstanceUID, SeriesNumber=2)
    a_browser.load_dicom(tmp_path)
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert sorted(int(slicer.util.arrayFromVolume(volume).max()) for volume in volumes) == [900, 903]
    assert "2.1" in volumes[0].GetName() and "2.2" in volumes[1].GetName()


def test_of_phases_in_one_series_the_one_without_contrast_is_loaded(a_browser, tmp_path):
    grid = slices(EVEN)
    first = write_series(tmp_path, head_on(grid), grid)
    given = Acquisition(series_number=9, acquired=datetime(2024, 3, 1, 8, 50), contrast_agent="Iohexol")
    header = pydicom.dcmread(first[0])
    again = write_series(tmp_path, head_on(grid) + 3, grid, given)
    edit(again, SeriesInstanceUID=header.SeriesInstanceUID, StudyInstanceUID=header.StudyInstanceUID, SeriesNumber=2)
    (volume,) = a_browser.load_dicom(tmp_path)
    assert slicer.util.arrayFromVolume(volume).max() == 900
    assert len(volume.GetAttribute("DICOM.instanceUIDs").split()) == len(first)


def test_a_missing_slice_is_filled_between_its_neighbours(a_browser, tmp_path):
    grid = slices(EVEN)
    files = write_series(tmp_path, a_head_with_ball(grid), grid)
    files[13].unlink()
    (volume,) = a_browser.load_dicom(tmp_path)
    assert volume.GetImageData().GetDimensions()[2] == len(EVEN) + 1
    assert ball_of(volume)[0] == pytest.approx(4 / 3 * np.pi * RADIUS_MM**3 / 1000, rel=0.08)
    assert "6 to 12 mm" in volume.GetAttribute("LesionReading.Straightened")


def test_a_head_ct_is_offered_above_slicers_own_way(a_browser, tmp_path):
    grid = slices(EVEN)
    write_series(tmp_path, head_on(grid), grid)
    (offers,) = a_browser.dicom_loadables(tmp_path).values()
    (offer,) = offers
    assert SCALAR_VOLUME_CONFIDENCE < offer.confidence < 0.7 and offer.selected
    assert len(offer.files) == grid.slice_count
    assert offer.warning == ""


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("Modality", "MR"), ("Modality", "US"), ("BodyPartExamined", "CHEST"), ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"])],
)
def test_nothing_is_offered_for_what_is_no_head_ct(a_browser, tmp_path, keyword, value):
    grid = slices(EVEN[:3])
    for file in write_series(tmp_path, head_on(grid), grid):
        data = pydicom.dcmread(file)
        setattr(data, keyword, value)
        data.save_as(file)
    assert a_browser.dicom_loadables(tmp_path) and not any(a_browser.dicom_loadables(tmp_path).values())


def test_coronal_slices_and_single_ones_are_left_to_slicer(a_browser, tmp_path):
    grid = slices(EVEN[:3])
    turned = replace(grid, row_axis=np.array([0.0, 0.0, -1.0]))
    write_series(tmp_path / "coronal", head_on(grid), turned)
    for file in write_series(tmp_path / "single", head_on(grid), grid)[1:]:
        file.unlink()
    for folder in ("coronal", "single"):
        assert not any(a_browser.dicom_loadables(tmp_path / folder).values())


@pytest.mark.parametrize(("keyword", "value"), [("BodyPartExamined", ""), ("SeriesDescription", "Petrous bone")])
def test_what_may_be_no_plain_head_is_offered_but_not_preferred(a_browser, tmp_path, keyword, value):
    grid = slices(EVEN)
    for file in write_series(tmp_path, head_on(grid), grid):
        data = pydicom.dcmread(file)
        setattr(data, keyword, value)
        data.save_as(file)
    ((offer,),) = a_browser.dicom_loadables(tmp_path).values()
    assert offer.confidence < SCALAR_VOLUME_CONFIDENCE


def test_what_cannot_be_decoded_here_is_left_to_slicer_with_the_reason(a_browser, tmp_path):
    grid = slices(EVEN)
    for file in write_series(tmp_path, head_on(grid), grid):
        data = pydicom.dcmread(file)
        data.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML  # which no package decodes
        data.PixelData = pydicom.encaps.encapsulate([b"none"])
        data["PixelData"].is_undefined_length = True
        data.save_as(file)
    ((offer,),) = a_browser.dicom_loadables(tmp_path).values()
    assert offer.confidence < SCALAR_VOLUME_CONFIDENCE and "MPEG2" in offer.warning


def test_a_loaded_series_is_shown(a_browser, tmp_path):
    grid = slices(EVEN)
    write_series(tmp_path, head_on(grid), grid)
    (volume,) = a_browser.load_dicom(tmp_path)
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == volume.GetID()


def test_contrast_is_told_before_loading_and_kept_for_the_panel(a_browser, tmp_path):
    grid = slices(EVEN)
    write_series(tmp_path, head_on(grid), grid, Acquisition(contrast_agent="Iopamidol"))
    ((offer,),) = a_browser.dicom_loadables(tmp_path).values()
    assert "contrast" in offer.warning
    assert offer.confidence < SCALAR_VOLUME_CONFIDENCE
    (volume,) = a_browser.load_dicom(tmp_path)
    assert "contrast" in volume.GetAttribute("LesionReading.Doubts")


def test_no_name_of_the_patient_reaches_the_scenes_nodes(a_browser, tmp_path):
    grid = slices(EVEN, 10.0)
    for file in write_series(tmp_path, head_on(grid), grid, Acquisition(patient_id="4711-SECRET")):
        data = pydicom.dcmread(file)
        data.PatientName = "Secret^Name"
        data.save_as(file)
    (volume,) = a_browser.load_dicom(tmp_path)
    assert volume.GetName() == "2: Head without contrast"
    kept = [volume.GetAttribute(name) for name in volume.GetAttributeNames()] + [volume.GetDescription(), volume.GetName()]
    assert not any("secret" in text.lower() for text in kept)


def test_how_the_patient_lay_is_kept_for_the_fluid_level(a_browser, tmp_path):
    grid = slices(EVEN)
    write_series(tmp_path, head_on(grid), grid, Acquisition(patient_position="HFP"))
    (volume,) = a_browser.load_dicom(tmp_path)
    from HematomaMarkersPanel.ct_nodes import scanOf

    np.testing.assert_array_equal(scanOf(volume, (0.0, 80.0)).gravity, [0, -1, 0])


def test_a_ct_that_another_reader_loaded_is_doubted_and_laid_by_its_files(a_browser, a_head_module, tmp_path):
    grid = slices(EVEN)
    write_series(tmp_path, head_on(grid), grid, Acquisition(contrast_agent="Iopamidol", patient_position="FFP"))
    a_browser.dicom_loadables(tmp_path)  # so the database has the files
    volume = add_array(head_on(grid), np.diag([1.0, 1.0, 6.0]), np.zeros(3), "by Slicer's own reader", "DICOM")
    volume.SetAttribute("DICOM.instanceUIDs", " ".join(str(pydicom.dcmread(file).SOPInstanceUID) for file in tmp_path.iterdir()))
    a_head_module.ui.inputSelector.setCurrentNode(volume)
    assert volume.GetAttribute("LesionReading.PatientPosition") == "FFP"
    assert "contrast" in a_head_module.ui.inputFactsLabel.text
    a_head_module.ui.applyButton.click()
    assert not a_head_module.run.running and a_head_module.ui.forceButton.visible


@pytest.mark.parametrize("uid", ["", "1.2.3"])
def test_a_volume_whose_files_are_not_at_hand_is_taken_as_it_is(a_browser, a_head_module, uid):
    volume = add_array(head_on(slices(EVEN)), np.diag([1.0, 1.0, 6.0]), np.zeros(3), "from another computer", "NRRD")
    volume.SetAttribute("DICOM.instanceUIDs", uid)
    a_head_module.ui.inputSelector.setCurrentNode(volume)
    assert volume.GetAttribute("LesionReading.PatientPosition") is None and a_head_module.ui.applyButton.enabled


def test_a_series_that_cannot_be_read_is_refused_with_a_sentence(a_browser, tmp_path):
    grid = slices(EVEN)
    files = write_series(tmp_path, head_on(grid), grid)
    for file in files[: len(files) // 2]:
        data = pydicom.dcmread(file)
        data.PixelSpacing = [1.0, 1.0]
        data.save_as(file)
    a_browser.dialogs.answer(True)
    with pytest.raises(InputError, match="do not fit together"):
        a_browser.load_dicom(tmp_path)
    assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode") is None
    assert "do not fit together" in a_browser.dialogs.shown[-1].text

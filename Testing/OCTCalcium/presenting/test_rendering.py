"""The three-dimensional views and the surface, on the vessel of ``drawn_vessel``: the right colour in the right place."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from drawn_labels import CALCIUM, Drawing
from drawn_vessel import FRAME_MM, NARROW, PIXEL_MM, SPACING, WIDE, a_vessel
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from OCTCalciumLib.measurement.pullback import measure_pullback
from OCTCalciumLib.presenting.rendering.mesh import MOST_OF_LUMEN, MOST_TRIANGLES, clustered
from OCTCalciumLib.presenting.rendering.process import Rendering
from OCTCalciumLib.presenting.rendering.stack import Surface, build_scene
from OCTCalciumLib.presenting.rendering.volumes import calcium_surface, stacked, surface_of
from vtkmodules.util.numpy_support import vtk_to_numpy


def views_of(labels, spacing=SPACING):
    with Rendering(*build_scene(labels, measure_pullback(labels, spacing)), None, None) as rendering:
        views = rendering.finish()
    assert views.reason is None
    return views.by_name


def vermilion(pixels):
    """The colour of 180 degrees or more, whatever the light: much red, less than half as much green, hardly any blue."""
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    return (red > 90) & (green < 0.62 * red) & (blue < 0.3 * red)


@pytest.fixture(scope="module")
def views_of_the_vessel():
    return views_of(a_vessel())


@pytest.mark.parametrize("view", ["side_0", "side_180", "volume_side"])
def test_the_stretch_of_180_degrees_stands_out_where_it_lies(views_of_the_vessel, view):
    picture = views_of_the_vessel[view]
    columns = np.flatnonzero(vermilion(picture.pixels).sum(axis=0) > 5)
    middle = (picture.pixels.shape[1] - 1) / 2
    frames = 11.5 + (columns - middle) * picture.mm_per_pixel / FRAME_MM
    assert frames.min() == pytest.approx(WIDE[0] - 0.5, abs=0.6)
    assert frames.max() == pytest.approx(WIDE[-1] + 0.5, abs=0.6)


@pytest.mark.parametrize("view", ["side_0", "near_0", "near_180", "volume_side", "volume_near_0"])
def test_nothing_stands_out_without_180_degrees(views_of_the_vessel, view, views_of_170_degrees):
    assert vermilion(views_of_the_vessel[view].pixels).sum() > 1000
    assert vermilion(views_of_170_degrees[view].pixels).sum() == 0


@pytest.fixture(scope="module")
def views_of_170_degrees():
    return views_of(a_vessel(widest_deg=170))


def test_other_calcium_of_the_same_frame_is_not_marked():
    """A lump at 300 degrees beside the sector of 20 to 260 degrees: only the sector runs 180 degrees."""
    labels = a_vessel()
    lump = Drawing((160, 160), PIXEL_MM, PIXEL_MM).sector(CALCIUM, 1.4, 2.0, 290, 20).labels
    labels[WIDE[0] : WIDE[-1] + 1] |= lump
    scene, volumes = build_scene(labels, measure_pullback(labels, SPACING))
    number = WIDE[2]
    row = round((80 + 1.7 / PIXEL_MM * np.sin(np.radians(300)) - scene.first_row) / scene.shrink)
    column = round((80 + 1.7 / PIXEL_MM * np.cos(np.radians(300)) - scene.first_column) / scene.shrink)
    assert volumes["calcium"][number, row, column] > 200
    assert volumes["over_180"][number, row, column] == 0
    assert volumes["over_180"][number].max() > 200


@pytest.mark.parametrize("smaller", [1, 2])
@pytest.mark.parametrize("axis", [0, 1])
def test_grey_lies_on_the_scene_where_the_labels_lie_also_of_frames_made_smaller(axis, smaller):
    labels = a_vessel()
    scene, _volumes = build_scene(labels, measure_pullback(labels, SPACING), in_plane_samples=40)
    assert scene.shrink > 2
    place = np.indices(labels.shape[1:])[axis].astype(np.uint8)  # every pixel holds its own row or column
    of_frame = place[::smaller, ::smaller] + (smaller - 1) / 2
    first = (scene.first_row, scene.first_column)[axis]
    middles = first + scene.shrink * (np.arange(scene.shape[1 + axis]) + 0.5) - 0.5
    along = np.moveaxis(scene.reduced(of_frame, labels.shape[1:]), axis, 0)
    np.testing.assert_allclose(along, np.broadcast_to(middles[:, None], along.shape), atol=smaller / 2)


def test_the_views_keep_the_proportions_of_anisotropic_voxels():
    """Along a side view a frame takes frame_mm, across it a row takes row_mm: the drawn calcium is as long and as wide as it is."""
    spacing = Spacing(0.04, 0.04, 0.5, "", "")
    picture = views_of(a_vessel(), spacing)["side_0"]
    seen = vermilion(picture.pixels)
    length_mm = np.ptp(np.flatnonzero(seen.sum(axis=0) > 5)) * picture.mm_per_pixel
    width_mm = np.ptp(np.flatnonzero(seen.sum(axis=1) > 5)) * picture.mm_per_pixel
    assert length_mm == pytest.approx(8 * 0.5, abs=0.5)
    assert width_mm == pytest.approx(2.0 + 2.0, abs=0.15)  # from 90 degrees, 2 mm below the centre, to 260 degrees above it


def test_the_surface_lies_in_the_patient_and_knows_where_180_degrees_are(tmp_path):
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    labels, turned = a_vessel(), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # columns of axes: i -> y, j -> z, k -> x
    surface = Surface(tmp_path / "calcium_surface.vtp", even_grid(labels.shape, SPACING, (10.0, 20.0, 30.0), turned))
    with Rendering(*build_scene(labels, measure_pullback(labels, SPACING)), None, surface) as rendering:
        assert rendering.finish().reason is None
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(tmp_path / "calcium_surface.vtp"))
    reader.Update()
    points = vtk_to_numpy(reader.GetOutput().GetPoints().GetData())
    over_180 = vtk_to_numpy(reader.GetOutput().GetPointData().GetArray("over_180")) == 1
    centre = 79.5 * PIXEL_MM
    assert points[:, 0].min() == pytest.approx(10 + (WIDE[0] - 0.5) * FRAME_MM, abs=0.15)
    assert points[:, 0].max() == pytest.approx(10 + (NARROW[-1] + 0.5) * FRAME_MM, abs=0.15)
    assert points[:, 1].min() == pytest.approx(20 + centre - 2.0, abs=0.06)  # 180 degrees: toward decreasing column
    assert points[:, 2].max() == pytest.approx(30 + centre + 2.0, abs=0.06)  # 90 degrees: toward increasing row
    assert points[over_180, 0].max() < 10 + (WIDE[-1] + 1) * FRAME_MM < points[~over_180, 0].max()


def test_the_mesh_of_a_page_is_small_and_lies_where_the_calcium_does():
    labels = a_vessel()
    with Rendering(*build_scene(labels, measure_pullback(labels, SPACING)), None, None, with_mesh=True) as rendering:
        mesh = json.loads(rendering.finish().mesh)
    lumen, calcium = mesh["parts"]
    points, triangles = (np.frombuffer(base64.b64decode(calcium[name]), "<u2").reshape(-1, 3) for name in ("points", "triangles"))
    kinds = np.frombuffer(base64.b64decode(calcium["kinds"]), np.uint8)
    assert 100 < len(triangles) <= MOST_TRIANGLES and triangles.max() < len(points) == len(kinds)
    assert len(base64.b64decode(lumen["triangles"])) / 6 <= MOST_OF_LUMEN and 0 < lumen["opacity"] < 1 == calcium["opacity"]
    places = points / 65535 * mesh["size"]
    frames = (places[:, 2] - mesh["first_mm"]) / mesh["frame_mm"]
    assert frames.min() == pytest.approx(WIDE[0] - 0.5, abs=0.6) and frames.max() == pytest.approx(NARROW[-1] + 0.5, abs=0.6)
    assert frames[kinds == 1].max() < WIDE[-1] + 1 < frames[kinds == 0].max()
    across = np.ptp(places[kinds == 1], axis=0)[:2]  # from 20 to 260 degrees, out to 2 mm: right, down and left of the centre
    assert across == pytest.approx([2.0 + 2.0 * np.cos(np.radians(20)), 2.0 + 2.0 * np.sin(np.radians(80))], abs=0.15)


def test_a_surface_of_many_triangles_is_gathered_until_few_are_left():
    labels = a_vessel()
    scene, volumes = build_scene(labels, measure_pullback(labels, SPACING))
    surface = calcium_surface(stacked(volumes, scene.step_mm, 0))
    counts = [len(clustered(surface, scene.step_mm, most)[1]) for most in (10**6, 2000, 300)]
    assert counts[0] > 2000 >= counts[1] > 300 >= counts[2] > 50
    assert len(clustered(surface_of(stacked(volumes, scene.step_mm, 0), np.zeros((4, 4, 4), np.float32)), (1, 1, 1), 9)[1]) == 0


@pytest.mark.parametrize("most", (2000, 300))
def test_the_coarse_cells_that_a_large_surface_begins_with_are_the_ones_that_trying_all_finer_ones_ends_with(most):
    labels = a_vessel()
    scene, volumes = build_scene(labels, measure_pullback(labels, SPACING))
    surface = calcium_surface(stacked(volumes, scene.step_mm, 0))
    left = surface.GetNumberOfCells()
    for number in range(20):  # cells that begin at a voxel and grow: what is left is counted here point by point
        cell = np.array(scene.step_mm[::-1]) * 1.25**number
        divisions = np.maximum(2, np.ceil(np.ptp(np.reshape(surface.GetBounds(), (3, 2)), axis=1) / cell)).astype(int)
        if (left := triangles_left(surface, divisions)) <= most:
            break
    assert number > 2
    assert len(clustered(surface, scene.step_mm, most)[1]) == pytest.approx(left, rel=0.02)


def triangles_left(surface, divisions):
    """How many triangles have their corners in three cells of a surface's box, none counted twice."""
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    low, high = np.reshape(surface.GetBounds(), (3, 2)).T
    cells = np.minimum(((points - low) / (high - low) * divisions).astype(int), divisions - 1)
    numbers = np.ravel_multi_index(cells.T, divisions)
    corners = np.sort(numbers[vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)], axis=1)
    apart = (np.diff(corners, axis=1) > 0).all(axis=1)
    return len(np.unique(corners[apart], axis=0))


def test_a_page_without_calcium_has_nothing_to_turn():
    labels = np.where(a_vessel() == CALCIUM, 0, a_vessel()).astype(np.uint8)
    with Rendering(*build_scene(labels, measure_pullback(labels, SPACING)), None, None, with_mesh=True) as rendering:
        assert rendering.finish().mesh is None


def test_a_drawing_that_crashes_once_is_drawn_again():
    labels = a_vessel()[WIDE[0] : WIDE[0] + 1]
    with Rendering(*build_scene(labels, measure_pullback(labels, SPACING)), None, None) as rendering:
        rendering._process.kill()  # as a segmentation fault would end it
        views = rendering.finish()
    assert views.reason is None and views.by_name

"""From frames to labels: the network sees vessels in their own shape, its answers are smoothed, and frames of nothing get none.

The network of these tests tells lumen, wall and calcium by their grey alone, so what comes back is known.
"""

from typing import ClassVar

import numpy as np
import pytest
import torch
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from LesionReadingLib.model.prediction import SMALLER_BATCHES
from OCTCalciumLib.labels import CALCIUM, LUMEN
from OCTCalciumLib.model import inference as segmentation
from OCTCalciumLib.model.inference import segment
from OCTCalciumLib.model.legibility import is_legible
from OCTCalciumLib.model.lumen_caution import with_lumen_caution
from OCTCalciumLib.reading.cautions import NO_LUMEN
from OCTCalciumLib.reading.pullback import Pullback

SIZE = 96
GREYS = {0: 120, 1: 240, 2: 1000, 3: 20}  # of wall, calcium, a wire that is never there, lumen


class ByGrey(torch.nn.Module):
    """Logits (batch, 4, rows, columns): how near the grey is to that of each label. ``seen`` keeps the squares, also of copies."""

    seen: ClassVar[list] = []

    def forward(self, squares):
        self.seen.append(squares.detach().float().numpy())
        return torch.cat([-((squares.float() - grey / 255) ** 2) for grey in GREYS.values()], dim=1) * 1000


@pytest.fixture
def network(monkeypatch):
    made = ByGrey()
    made.seen.clear()
    monkeypatch.setattr(segmentation, "load_network", lambda bundle, networks: made)
    return made


def a_frame(calcium=True, rows=SIZE, columns=SIZE, centre=(0.5, 0.5)):
    """A dark lumen in a bright wall, calcium to its right; drawn in shares of the frame, so that other sizes show the same."""
    down, across = np.mgrid[:rows, :columns]
    down, across = (down + 0.5) / rows - centre[0], (across + 0.5) / columns - centre[1]
    frame = np.where(np.hypot(down, across) < 0.2, GREYS[3], GREYS[0]).astype(np.uint8)
    frame[(np.abs(down) < 0.08) & (across > 0.24) & (across < 0.36) & calcium] = GREYS[1]
    return frame


def pullback_of(frames, spacing=None, aspect=1.0):
    frames = np.stack(frames)
    unknown = Spacing(None, None, None)
    return Pullback(
        even_grid(frames.shape, spacing or unknown), lambda first, stop: iter(frames[first:stop]), stated_aspect=aspect, clean=True
    )


def labels_of(pullback):
    return segment(pullback, None, "cpu", lambda done, total: None).labels


def test_smaller_batches_for_lack_of_memory_are_told_in_a_note_and_change_no_label(network, monkeypatch):
    pullback = pullback_of([a_frame()] * 5)
    plenty = segment(pullback, None, "cpu", lambda done, total: None)
    forward = ByGrey.forward

    def in_little_memory(self, squares):
        if len(squares) > 1:
            raise RuntimeError("could not create a primitive")
        return forward(self, squares)

    monkeypatch.setattr(ByGrey, "forward", in_little_memory)
    little = segment(pullback, None, "cpu", lambda done, total: None)
    np.testing.assert_array_equal(little.labels, plenty.labels)
    assert plenty.notes == () and little.notes == (SMALLER_BATCHES,)


def in_place_of_calcium(labels):
    rows, columns = labels.shape[1:]
    return labels[:, rows // 2, round(0.3 * columns + columns / 2)]


@pytest.mark.parametrize("frame_mm", [None, 0.1, 0.5])
def test_calcium_that_flickers_is_steadied_also_at_an_unknown_distance(network, frame_mm):
    frames = [a_frame(), a_frame(calcium=False), a_frame(), a_frame(calcium=False), a_frame(calcium=False)]
    labels = labels_of(pullback_of(frames, Spacing(0.05, 0.05, frame_mm)))
    # By the answers as they came: the second frame has calcium before and after it, the third has none.
    assert in_place_of_calcium(labels).tolist() == [CALCIUM, CALCIUM, 0, 0, 0]


def test_frames_known_to_lie_far_apart_are_not_steadied(network):
    frames = [a_frame(), a_frame(calcium=False), a_frame()]
    labels = labels_of(pullback_of(frames, Spacing(0.05, 0.05, 2.0)))
    assert in_place_of_calcium(labels).tolist() == [CALCIUM, 0, CALCIUM]


def test_frames_of_other_places_are_not_steadied_at_an_unknown_distance(network):
    """Single frames of several vessels in one folder: none says anything about its neighbour."""
    frames = [a_frame(False, centre=(0.3, 0.3)), a_frame(), a_frame(False, centre=(0.7, 0.3))]
    labels = labels_of(pullback_of(frames))
    assert in_place_of_calcium(labels)[1] == CALCIUM


@pytest.mark.parametrize(
    ("rows", "columns", "spacing", "aspect"),
    [
        (96, 192, Spacing(0.06, 0.03, None), 1.0),
        (384, 192, Spacing(0.015, 0.03, 0.2), 1.0),
        (160, 192, Spacing(0.036, 0.03, None), 1.0),
        (192, 96, Spacing(0.03, 0.06, None), 1.0),
        (160, 192, None, 1.2),
    ],
)
def test_the_network_sees_the_shape_in_mm_and_labels_come_back_on_the_files_pixels(network, rows, columns, spacing, aspect):
    labels = labels_of(pullback_of([a_frame(rows=rows, columns=columns)] * 2, spacing, aspect))
    assert labels.shape == (2, rows, columns)
    lumen = network.seen[-1][0, 0] < 0.25
    high, wide = (np.count_nonzero(lumen.any(axis=axis)) for axis in (1, 0))
    assert high == pytest.approx(wide, rel=0.03) and high == pytest.approx(0.4 * 512, rel=0.03)
    for label, grey in ((LUMEN, GREYS[3]), (CALCIUM, GREYS[1])):
        drawn = a_frame(rows=rows, columns=columns) == grey
        assert np.count_nonzero((labels[0] == label) ^ drawn) < 0.12 * np.count_nonzero(drawn)


def test_frames_of_one_size_whose_pixels_are_square_are_not_stretched(network):
    labels_of(pullback_of([a_frame(rows=80)] * 2, Spacing(0.05, 0.05, None)))
    lumen = network.seen[-1][0, 0] < 0.25
    lumen = lumen[:, lumen.sum(axis=0) < 512]
    assert np.count_nonzero(network.seen[-1][0, 0].any(axis=1)) == round(512 * 80 / 96)


NOISE = np.random.default_rng(1)


def speckle(scale):
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(NOISE.normal(size=(SIZE, SIZE)), scale)
    return np.clip(120 + 60 * field / field.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "nothing",
    [
        np.zeros((SIZE, SIZE), np.uint8),
        np.full((SIZE, SIZE), 130, np.uint8),
        NOISE.integers(0, 256, (SIZE, SIZE)).astype(np.uint8),
        NOISE.integers(0, 7, (SIZE, SIZE)).astype(np.uint8),
        np.where(np.hypot(*(np.mgrid[:SIZE, :SIZE] - 47.5)) < 47, NOISE.integers(0, 256, (SIZE, SIZE)), 0).astype(np.uint8),
        speckle(0.7),
    ],
    ids=["black", "grey", "noise", "dark noise", "noise in a circle", "speckle"],
)
def test_frames_that_show_nothing_get_no_label_and_are_counted(network, nothing):
    assert not is_legible(nothing) and is_legible(a_frame())
    pullback = pullback_of([a_frame(), nothing, a_frame(), nothing, a_frame()])
    labels = labels_of(pullback)
    assert not labels[[1, 3]].any() and all(np.any(labels[frame] == LUMEN) for frame in (0, 2, 4))
    (caution,) = with_lumen_caution(pullback, labels).cautions
    assert caution.code == NO_LUMEN
    assert caution.sentence.startswith("A lumen was found on 3 of 5 frames; nothing can be said of calcium on the 2 others")


def test_where_no_frame_has_a_lumen_nothing_can_be_said(network):
    pullback = pullback_of([np.zeros((SIZE, SIZE), np.uint8)] * 3)
    (caution,) = with_lumen_caution(pullback, labels_of(pullback)).cautions
    assert caution.code == NO_LUMEN and "any of the 3 frames, so nothing can be said of calcium" in caution.sentence


def test_where_all_frames_have_a_lumen_there_is_no_caution(network):
    pullback = pullback_of([a_frame(), a_frame()])
    assert with_lumen_caution(pullback, labels_of(pullback)).cautions == ()

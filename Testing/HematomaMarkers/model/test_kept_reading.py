"""Result folders and rules that someone changed: told in one sentence, whatever they are given as."""

from __future__ import annotations

import json

import numpy as np
import pytest
from HematomaMarkersLib.labels import MARKERS
from HematomaMarkersLib.model.kept_reading import read_kept_reading, read_volumes
from HematomaMarkersLib.triage.rules import read_rules
from LesionReadingLib.errors import InputError

SHAPE = (3, 4, 5)


def a_reading() -> dict:
    """What ``analyze`` writes, as far as it is read back."""
    marks = {marker: {"probability": 0.25} for marker in MARKERS}
    return {
        "schema": "hematoma-markers/1",
        "volume_ml": 12.5,
        "ivh_ml": 0.5,
        "markers": marks,
        "slices": [{"markers": marks}, {"markers": {marker: {"probability": None} for marker in MARKERS}}, {"markers": marks}],
        "thresholds": dict.fromkeys(MARKERS, 0.5),
        "marker_slices": dict.fromkeys(MARKERS, 1),
        "model": {"name": "drawn"},
    }


def kept(folder, reading):
    (folder / "measurements.json").write_text(json.dumps(reading))
    return read_kept_reading(folder, SHAPE, is_own=True)


def test_a_sound_reading_comes_back(tmp_path):
    reading = kept(tmp_path, a_reading())
    assert reading.probabilities == dict.fromkeys(MARKERS, 0.25)
    assert np.isnan(reading.slice_probabilities[1]).all()
    assert read_volumes(tmp_path) == (12.5, 0.5)


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 1.5, True, [1, 2], float("nan"), float("inf"), 10**400, {"a": 1}])
@pytest.mark.parametrize("place", ["markers", "slices", "thresholds", "marker_slices", "model", "schema"])
def test_a_changed_reading_is_refused(tmp_path, place, value):
    if place == "model" and value == {"a": 1}:
        pytest.fail("a model may say anything of itself") if kept(tmp_path, a_reading() | {"model": value}).model != value else None
        return
    with pytest.raises(InputError):
        kept(tmp_path, a_reading() | {place: value})


@pytest.mark.parametrize("value", [[], {}, "x", -1, 1.5, True, [1, 2], float("nan"), 10**400])
@pytest.mark.parametrize("place", ["probability", "slice", "threshold", "marker slice"])
def test_a_number_of_a_reading_that_is_none_is_refused(tmp_path, place, value):
    reading = a_reading()
    first = MARKERS[0]
    if place == "probability":
        reading["markers"] = {marker: {"probability": value} for marker in MARKERS}
    elif place == "slice":
        reading["slices"][2] = {"markers": {marker: {"probability": value} for marker in MARKERS}}
    elif place == "threshold":
        reading["thresholds"] = reading["thresholds"] | {first: value}
    else:
        reading["marker_slices"] = reading["marker_slices"] | {first: value}
    with pytest.raises(InputError):
        kept(tmp_path, reading)


@pytest.mark.parametrize("value", [None, [], "12", -3, True, float("nan"), 1e300, 10**400])
@pytest.mark.parametrize("name", ["volume_ml", "ivh_ml"])
def test_volumes_that_no_head_has_are_refused_as_an_earlier_result(tmp_path, name, value):
    (tmp_path / "measurements.json").write_text(json.dumps(a_reading() | {name: value}))
    with pytest.raises(InputError):
        read_volumes(tmp_path)


def test_endless_nesting_and_a_file_that_never_ends_are_refused(tmp_path):
    for content in ("[" * 100_000, '{"schema": ' * 5000, "[" * 40 + "]" * 40):
        (tmp_path / "measurements.json").write_text(content)
        with pytest.raises(InputError):
            read_volumes(tmp_path)
    (tmp_path / "measurements.json").unlink()
    (tmp_path / "measurements.json").symlink_to("/dev/zero")
    with pytest.raises(InputError):
        read_volumes(tmp_path)


def test_rules_nested_without_end_or_that_never_end_are_refused(tmp_path):
    for content in ("[refer_now]\nnetwork = " + "[" * 3000, "[refer_now]\nvolume_ml = 1\n" + "#" * 2_000_000):
        (tmp_path / "x.toml").write_text(content)
        with pytest.raises(InputError):
            read_rules(tmp_path / "x.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    with pytest.raises(InputError):
        read_rules(tmp_path / "device.toml")

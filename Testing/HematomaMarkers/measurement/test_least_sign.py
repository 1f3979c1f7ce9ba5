"""From what volume on signs are judged: one limit, which measurement, network, tables, JSON, pictures and batch follow."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_bleed import a_network_result
from drawn_hematoma import BLOOD_HU, grid_around_origin, in_ellipsoid, scanned
from HematomaMarkersLib.batch import COLUMNS
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import HYPODENSITY, MARKERS
from HematomaMarkersLib.measurement.markers.network_result import (
    likeliest_slice,
    marker_seen,
    network_probability,
    probability_range,
    slice_probabilities,
)
from HematomaMarkersLib.measurement.markers.sureness import Sureness, sureness_from_json
from HematomaMarkersLib.measurement.measure import least_sign_ml_on, measure_scan, remeasure
from HematomaMarkersLib.measurement.scan import LEAST_SIGN_IN_PICTURES_ML, LEAST_SIGN_ML
from HematomaMarkersLib.presenting.case import Case
from HematomaMarkersLib.presenting.look_first import look_first
from HematomaMarkersLib.presenting.measurements_json import findings_json, to_json
from HematomaMarkersLib.presenting.pictures import draw_pictures
from HematomaMarkersLib.presenting.scrolling import scroll_of
from HematomaMarkersLib.presenting.tables import write_markers, write_slices
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import read_rules, rule_in_words
from LesionReadingLib.errors import InputError

GRID = grid_around_origin(size=80, steps_mm=(3.0,) * 10)
OPEN = "signs that their ranges leave open"


@pytest.fixture(scope="module")
def bleed():
    """A hematoma of some 10 mL with a plain hypodensity in it."""
    return scanned(GRID, lambda p: in_ellipsoid(p, (15.0, 13.0, 13.0)), lambda p: BLOOD_HU - 36 * in_ellipsoid(p, (5.0, 5.0, 5.0)))


@pytest.fixture(scope="module")
def network(bleed):
    """One that sees every sign."""
    scan, labels = bleed
    seen = a_network_result(scan, labels, dict.fromkeys(MARKERS, 0.9), 0.5)
    heat = np.ones(labels.shape, np.float32)
    return replace(
        seen,
        heat=lambda marker: heat,
        sureness=Sureness(volume_ml=(8.0, 12.0), probabilities=dict.fromkeys(MARKERS, (0.4, 0.95)), slice=5),
    )


def found_in(bleed, network, least_sign_ml, growth=None):
    scan, labels = bleed
    measured = measure_scan(scan, labels, least_sign_ml=least_sign_ml)
    return findings_of(measured, network, growth, replace(read_rules(), least_sign_ml=least_sign_ml))


def on_slices(measured, network):
    """The probabilities of all slices and signs, each once."""
    told = [slice_probabilities(number, measured, network).values() for number in range(len(measured.slices))]
    return {None if value is None else round(value, 6) for values in told for value in values}


def sentences(measured):
    return {one.sentence for one in measured.evidence.values()}


def test_the_least_hematoma_with_signs_is_that_of_the_shipped_rules():
    rules = read_rules()
    assert (rules.least_sign_ml, rules.least_sign_in_pictures_ml) == (LEAST_SIGN_ML, LEAST_SIGN_IN_PICTURES_ML)


def test_in_pictures_cut_to_a_window_more_is_needed_and_a_skull_or_its_lack_by_removal_tells_that_it_is_none(bleed, tmp_path):
    scan = bleed[0]
    skull = scan.hounsfield.copy()
    skull[:, 0] = 900
    whole, picture = (replace(scan, hounsfield=one.astype(np.int16)) for one in (skull, skull.clip(0, 80)))
    rules = read_rules()
    limits = rules.least_sign_ml, rules.least_sign_in_pictures_ml
    assert least_sign_ml_on(picture, *limits) == 5 and least_sign_ml_on(picture, 8.0, 5.0) == 8
    assert {least_sign_ml_on(one, *limits) for one in (whole, replace(picture, is_brain_alone=True), None)} == {1.5}
    (tmp_path / "ours.toml").write_text("[refer_now]\nleast_sign_in_pictures_ml = inf\n")
    with pytest.raises(InputError, match="least_sign_in_pictures_ml must be finite"):
        read_rules(tmp_path / "ours.toml")
    assert "cut to a window no sign is judged under 5 mL" in rule_in_words(rules)
    assert "window" not in rule_in_words(replace(rules, least_sign_in_pictures_ml=1.5))


def test_a_volume_at_the_limit_shows_signs_and_one_below_it_does_not(bleed):
    scan, labels = bleed
    volume_ml = measure_scan(scan, labels).volume_ml
    at, below = (measure_scan(scan, labels, least_sign_ml=limit) for limit in (volume_ml, np.nextafter(volume_ml, 99)))
    assert at.shows_signs and not at.too_small_for_signs and at.evidence[HYPODENSITY].found and at.shape_scale
    assert below.has_hematoma and not below.shows_signs and below.too_small_for_signs
    assert sentences(below) == {f"Not judged: on a hematoma under {volume_ml:g} mL this sign cannot be told."}
    assert {(one.found, one.slice, one.slices) for one in below.evidence.values()} == {(False, None, ())}
    assert (below.shape_scale, below.shape_scale_slice) == (None, None)
    assert (below.mean_hu, below.sphericity) == (at.mean_hu, at.sphericity)  # no signs, and known as before


def test_what_is_no_hematoma_is_not_called_too_small_for_signs(bleed):
    scan, labels = bleed
    for none in (measure_scan(scan, labels, least_ml=50.0, least_sign_ml=99.0), measure_scan(scan, np.zeros_like(labels))):
        assert not none.shows_signs and not none.too_small_for_signs and sentences(none) == {"No hematoma."}


def test_a_limit_of_0_judges_signs_on_all_that_counts_as_a_hematoma(bleed):
    scan, labels = bleed
    small = np.where(np.arange(len(labels))[:, None, None] == 5, labels, 0)
    measured = measure_scan(scan, small, least_sign_ml=0.0)
    assert 0.5 < measured.volume_ml < LEAST_SIGN_ML + 0.5 and measured.shows_signs and "Not judged" not in str(sentences(measured))
    assert not measure_scan(scan, np.zeros_like(labels), least_sign_ml=0.0).shows_signs


def test_an_edit_that_crosses_the_limit_takes_the_signs_away_and_its_undoing_brings_them_back(bleed, network):
    scan, labels = bleed
    before = measure_scan(scan, labels, least_sign_ml=measure_scan(scan, labels).volume_ml)
    edited = labels.copy()
    edited[3] = 0
    after = remeasure(before, scan, edited, 3)
    assert after.too_small_for_signs and not any(one.found for one in after.evidence.values())
    assert network_probability(HYPODENSITY, after, network) is None and on_slices(after, network) == {None}
    again = remeasure(after, scan, labels, 3)
    assert again.shows_signs and to_json(again, network) == to_json(before, network) and again.evidence[HYPODENSITY].found
    assert network_probability(HYPODENSITY, again, network) == 0.9


def test_the_network_tells_nothing_of_signs_where_they_are_not_judged(bleed, network):
    small, large = (found_in(bleed, network, limit).measurement for limit in (50.0, 1.5))
    for marker in MARKERS:
        assert marker_seen(marker, small, network) == (None, False) and marker_seen(marker, large, network)[0]
        for told in (network_probability, probability_range, likeliest_slice):
            assert told(marker, small, network) is None and told(marker, large, network) is not None
    assert on_slices(small, network) == on_slices(large, None) == {None} and on_slices(large, network) == {None, 0.9}


def test_neither_decision_nor_bat_score_rests_on_a_sign_that_is_not_judged(bleed, network):
    small, large = (found_in(bleed, network, limit).triage for limit in (50.0, 1.5))
    assert str(large.decision) == "refer_now" and large.bat.hypodensity
    assert str(small.decision) == "watch" and small.bat is None and small.only_marker is None
    assert any("earlier scan" in one for one in small.unknown) and not any("onset" in one for one in small.unknown)


def test_growth_is_told_of_a_hematoma_whose_signs_are_not_judged(bleed, network):
    volume_ml = measure_scan(*bleed).volume_ml
    found = found_in(bleed, network, 50.0, growth_of_volumes(volume_ml - 8, 0.0, volume_ml, 0.0))
    assert str(found.triage.decision) == "refer_now"
    assert len(found.triage.reasons) == 1 and "Grew by 8.0 mL" in found.triage.reasons[0]


def test_the_json_keeps_no_number_of_a_sign_that_is_not_judged_and_tells_the_limit(bleed, network):
    small, large = (json.loads(json.dumps(findings_json(found_in(bleed, network, limit), ""))) for limit in (50.0, 1.5))
    assert (small["shows_signs"], small["least_sign_ml"], small["has_hematoma"]) == (False, 50.0, True)
    assert (large["shows_signs"], large["least_sign_ml"]) == (True, 1.5)
    nothing = dict.fromkeys(MARKERS)
    assert small["marker_slices"] == small["probability_ranges"] == nothing
    assert {one["probability"] for one in small["markers"].values()} == {None}
    of_slices = [one for row in small["slices"] for one in row["markers"].values()]
    assert {(one["probability"], one["evidence"]) for one in of_slices} == {(None, False)}
    assert {row["shape_scale"] for row in small["slices"]} == {None} and small["volume_range_ml"] == [8.0, 12.0]
    assert None not in [*large["marker_slices"].values(), *large["probability_ranges"].values()]
    assert sureness_from_json(small, GRID.slice_count).probabilities == nothing  # and is read back


def test_the_table_of_a_batch_says_that_signs_were_not_judged(bleed, network):
    small, large = (findings_json(found_in(bleed, network, limit), "") for limit in (50.0, 1.5))
    assert COLUMNS[OPEN](small) == "not judged: hematoma under 50 mL"
    assert COLUMNS[OPEN](large) == "hypodensity, irregular margin, blend sign, fluid level"
    before = {name: value for name, value in large.items() if name not in ("shows_signs", "least_sign_ml")}
    assert COLUMNS[OPEN](before) == COLUMNS[OPEN](large)  # a result folder of an earlier version


def test_tables_leave_out_what_is_not_judged_and_say_why(bleed, network, tmp_path):
    found = found_in(bleed, network, 50.0)
    write_markers(tmp_path / "markers.csv", found)
    write_slices(tmp_path / "slices.csv", found)
    for row in csv.DictReader((tmp_path / "markers.csv").read_text().splitlines()):
        told = {name: value for name, value in row.items() if value}
        assert told.keys() == {"marker", "evidence"} and told["evidence"].startswith("Not judged: on a hematoma under 50 mL")
    rows = list(csv.DictReader((tmp_path / "slices.csv").read_text().splitlines()))
    assert len(rows) == GRID.slice_count and not any(row[f"probability of {marker}"] for row in rows for marker in MARKERS)


def test_no_picture_no_heat_and_no_check_is_of_a_sign_that_is_not_judged(bleed, network, tmp_path):
    scan, labels = bleed
    for limit, is_judged in ((50.0, False), (1.5, True)):
        folder = tmp_path / f"{limit:g}"
        folder.mkdir()
        case = Case(scan, labels, found_in(bleed, network, limit))
        assert any(draw_pictures(folder, case).markers.values()) == is_judged
        assert bool(scroll_of(case).heat) == is_judged
        assert any("sign" in check.why for check in look_first(case.findings)) == is_judged


def test_a_limit_that_no_hematoma_reaches_is_refused(tmp_path):
    (tmp_path / "ours.toml").write_text("[refer_now]\nleast_sign_ml = inf\n")
    with pytest.raises(InputError, match="least_sign_ml must be finite"):
        read_rules(tmp_path / "ours.toml")

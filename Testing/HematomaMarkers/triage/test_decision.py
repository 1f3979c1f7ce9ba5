"""The decision, its reasons, and the rules that anyone can edit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from drawn_bleed import a_grid, a_head, a_network_result
from HematomaMarkersLib.growth.expansion import growth_of_volumes
from HematomaMarkersLib.labels import BLEND, FLUID_LEVEL, HYPODENSITY, IRREGULAR_MARGIN, MARKERS
from HematomaMarkersLib.measurement.markers.network_result import NetworkResult
from HematomaMarkersLib.measurement.markers.sureness import Sureness
from HematomaMarkersLib.measurement.measure import measure_scan
from HematomaMarkersLib.measurement.outside_blood import OutsideBlood, outside_from_json
from HematomaMarkersLib.measurement.scan import LEAST_HEMATOMA_ML, ScanMeasurement
from HematomaMarkersLib.presenting.look_first import look_first
from HematomaMarkersLib.triage.decision import LOOKED_FOR_OUTSIDE, NOT_LOOKED_FOR, Decision, to_json, triage
from HematomaMarkersLib.triage.findings import findings_of
from HematomaMarkersLib.triage.rules import GROWTH_CRITERIA, SHIPPED_RULES, read_rules
from LesionReadingLib.errors import InputError

REFER_NOW, WATCH, UNCERTAIN = Decision.REFER_NOW, Decision.WATCH, Decision.UNCERTAIN
NONE_FOUND, NO_VERDICT = Decision.NONE_FOUND, Decision.NO_VERDICT


@pytest.fixture(scope="module")
def a_bleed():
    """A scan and its labels."""
    return a_head(a_grid(pixel_mm=(4.0, 4.0), slice_mm=10.0))


@pytest.fixture(scope="module")
def nothing_seen(a_bleed) -> ScanMeasurement:
    """A real measurement, of which the tests change single numbers."""
    measured = measure_scan(*a_bleed)
    evidence = {marker: replace(measured.evidence[marker], found=False) for marker in MARKERS}
    return replace(measured, volume_ml=12.0, ivh_ml=0.0, specks_ml=0.0, ivh_apart_ml=0.0, evidence=evidence)


def seeing(measurement: ScanMeasurement, *markers: str) -> ScanMeasurement:
    return replace(measurement, evidence={name: replace(one, found=name in markers) for name, one in measurement.evidence.items()})


def decide(measurement, growth=None, network=None, rules=None, **given):
    return triage(measurement, network, growth, rules or read_rules(), **given)


def test_a_small_quiet_hematoma_is_watched(nothing_seen):
    decided = decide(nothing_seen)
    assert decided.decision == WATCH
    assert "12.0 mL" in decided.reasons[0]


@pytest.mark.parametrize(
    ("volume_ml", "decision"), [(24.2, WATCH), (24.3, UNCERTAIN), (29.9, UNCERTAIN), (30.0, UNCERTAIN), (35.9, REFER_NOW)]
)
def test_thirty_ml_is_referred_where_the_error_of_two_readers_leaves_it_certain(nothing_seen, volume_ml, decision):
    decided = decide(replace(nothing_seen, volume_ml=volume_ml))
    assert decided.decision == decision
    assert decision == WATCH or "limit 30 mL" in decided.reasons[0]
    assert decision != UNCERTAIN or "error of 5.8 mL" in decided.reasons[0]


def test_what_is_uncertain_names_the_slice_to_look_at(nothing_seen):
    decided = decide(replace(nothing_seen, volume_ml=30.0))
    largest = max(nothing_seen.slices, key=lambda one: one.area_mm2).slice
    assert decided.look_at == (largest,)
    assert decided.title == f"Watch, uncertain: look at slice {largest + 1}"


@pytest.mark.parametrize(
    ("ivh_ml", "decision"), [(0.0, WATCH), (0.05, WATCH), (0.45, UNCERTAIN), (0.6, UNCERTAIN), (2.0, REFER_NOW)]
)
def test_blood_in_the_ventricles_is_referred_beyond_its_error(nothing_seen, ivh_ml, decision):
    assert decide(replace(nothing_seen, ivh_ml=ivh_ml)).decision == decision


@pytest.mark.parametrize("volume_ml", [0.0, 0.1, 12.0])
@pytest.mark.parametrize(("apart_ml", "uncertain"), [(0.3, False), (0.6, False), (3.0, True)])
def test_blood_that_touches_no_ventricle_is_no_blood_in_the_ventricles(nothing_seen, volume_ml, apart_ml, uncertain):
    measured = replace(nothing_seen, volume_ml=volume_ml, ivh_ml=apart_ml, ivh_apart_ml=apart_ml, ventricles_seen=True)
    decided = decide(measured)
    assert decided.decision == (UNCERTAIN if uncertain else WATCH if volume_ml == 12.0 else NONE_FOUND)
    assert any("touches no ventricle" in reason and f"slice {measured.ivh_slice + 1}" in reason for reason in decided.reasons)


def test_what_lies_apart_takes_nothing_from_what_touches_a_ventricle(nothing_seen):
    measured = replace(nothing_seen, ivh_ml=5.0, ivh_apart_ml=3.0, ventricles_seen=True)
    assert decide(measured).decision == REFER_NOW
    assert "2.0 mL" in decide(measured).reasons[0]


def test_where_no_ventricle_is_seen_much_blood_in_them_is_asked_about(nothing_seen):
    measured = replace(nothing_seen, volume_ml=0.0, ivh_ml=1.5, ivh_apart_ml=1.5, ventricles_seen=False)
    decided = decide(measured)
    assert decided.decision == UNCERTAIN and "no ventricle can be seen" in decided.reasons[0]


@pytest.mark.parametrize("seen", [(), MARKERS])
def test_what_cannot_be_gets_no_verdict(nothing_seen, seen):
    decided = decide(replace(seeing(nothing_seen, *seen), volume_ml=565.0, doubts=("565 mL cannot be.",)))
    assert decided.decision == NO_VERDICT
    assert decided.reasons == ("565 mL cannot be.",) and decided.bat is None


def test_specks_are_neither_a_hematoma_nor_nothing(nothing_seen):
    much = decide(replace(nothing_seen, volume_ml=1.4, specks_ml=1.4))
    assert much.decision == UNCERTAIN and "specks" in much.reasons[0]
    assert decide(replace(nothing_seen, volume_ml=0.1, specks_ml=0.1)).decision == NONE_FOUND
    assert decide(replace(nothing_seen, volume_ml=13.4, specks_ml=1.4)).decision == WATCH


def test_blood_in_the_ventricles_alone_is_referred_though_no_hematoma_was_found(nothing_seen):
    decided = decide(replace(nothing_seen, volume_ml=0.0, ivh_ml=3.0))
    assert decided.decision == REFER_NOW
    assert decided.bat is None


@pytest.mark.parametrize(
    ("location", "volume_ml", "decision"),
    [
        ("cerebellum", 9.1, WATCH),
        ("cerebellum", 14.9, UNCERTAIN),
        ("cerebellum", 15.0, UNCERTAIN),
        ("cerebellum", 20.9, REFER_NOW),
        ("brainstem", 1.0, REFER_NOW),
        ("brainstem", 0.6, UNCERTAIN),
        ("putamen", 20.0, WATCH),
        (None, 20.0, WATCH),
    ],
)
def test_below_the_tentorium_less_is_enough(nothing_seen, location, volume_ml, decision):
    assert decide(replace(nothing_seen, volume_ml=volume_ml), location=location).decision == decision


def test_a_location_that_was_not_given_is_asked_for(nothing_seen):
    asked = " ".join(decide(replace(nothing_seen, volume_ml=21.0)).unknown)
    assert "brainstem or cerebellum" in asked
    assert "brainstem this volume" in " ".join(decide(replace(nothing_seen, volume_ml=10.0)).unknown)
    assert "Location" not in " ".join(decide(nothing_seen, location="putamen").unknown)


@pytest.mark.parametrize("marker", [HYPODENSITY, BLEND, FLUID_LEVEL])
def test_a_marker_that_was_measured_is_referred(nothing_seen, marker):
    decided = decide(seeing(nothing_seen, marker))
    assert decided.decision == REFER_NOW
    assert "measured on the scan" in decided.reasons[0]


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize(("probability", "decision"), [(0.34, WATCH), (0.36, UNCERTAIN), (0.44, UNCERTAIN), (0.46, REFER_NOW)])
def test_a_probability_above_its_threshold_is_referred_where_that_is_certain(nothing_seen, a_bleed, marker, probability, decision):
    network = a_network_result(*a_bleed, dict.fromkeys(MARKERS, 0.1) | {marker: probability}, 0.4)
    decided = decide(nothing_seen, network=network)
    assert decided.decision == decision
    if decision == REFER_NOW:
        assert "network 46 %, threshold 40 %; network and measurement disagree" in decided.reasons[0]


def test_a_marker_that_network_and_measurement_see_is_one_reason(nothing_seen, a_bleed):
    network = a_network_result(*a_bleed, dict.fromkeys(MARKERS, 0.1) | {BLEND: 0.9}, 0.4)
    reasons = decide(seeing(nothing_seen, BLEND), network=network).reasons
    assert reasons == ("Blend sign (network 90 %, threshold 40 %; measured on the scan).",)


def test_a_network_that_says_nothing_leaves_the_measurement(nothing_seen, a_bleed):
    network = a_network_result(*a_bleed, dict.fromkeys(MARKERS), 0.4)
    assert decide(nothing_seen, network=network).decision == WATCH
    assert decide(seeing(nothing_seen, BLEND), network=network).reasons == ("Blend sign (measured on the scan).",)


@pytest.mark.parametrize(
    ("prior_ml", "now_ml", "decision"),
    [
        (10.0, 10.1, WATCH),
        (10.0, 13.0, UNCERTAIN),
        (10.0, 18.9, REFER_NOW),
        (12.0, 18.1, UNCERTAIN),
        (12.0, 21.5, REFER_NOW),
        (0.0, 3.0, UNCERTAIN),
        (0.0, 9.0, REFER_NOW),
        (12.0, 6.0, WATCH),
    ],
)
def test_growth_is_referred_where_its_error_leaves_it_certain(nothing_seen, prior_ml, now_ml, decision):
    growth = growth_of_volumes(prior_ml, 0.0, now_ml, 0.0)
    decided = decide(replace(nothing_seen, volume_ml=now_ml), growth)
    assert decided.decision == decision
    if decision != WATCH:
        assert f"{now_ml - prior_ml:.1f} mL" in decided.reasons[0]
        assert ("error of 5.8 mL" in decided.reasons[0]) == (decision == UNCERTAIN)


def test_new_blood_in_the_ventricles_is_a_reason_of_its_own(nothing_seen):
    decided = decide(replace(nothing_seen, ivh_ml=2.0), growth_of_volumes(12.0, 0.0, 12.0, 2.0))
    assert any("New blood in the ventricles" in reason for reason in decided.reasons)


def test_an_irregular_margin_that_was_only_measured_is_watched(nothing_seen):
    assert decide(seeing(nothing_seen, IRREGULAR_MARGIN)).decision == WATCH


@pytest.mark.parametrize(
    ("markers", "hours", "score"),
    [((), None, 0), ((BLEND,), None, 1), ((HYPODENSITY,), 3.0, 2), ((BLEND, HYPODENSITY), 2.5, 3), ((BLEND, HYPODENSITY), 2.4, 5)],
)
def test_the_bat_score_adds_blend_1_hypodensity_2_and_an_early_scan_2(nothing_seen, markers, hours, score):
    bat = decide(seeing(nothing_seen, *markers), onset_to_ct_hours=hours).bat
    assert bat.score == score
    assert (bat.onset_to_ct_hours is None) == (hours is None)


def test_an_onset_that_is_not_known_is_asked_for(nothing_seen):
    assert any("time from onset to CT is not known" in sentence for sentence in decide(nothing_seen).unknown)
    assert not any("onset" in sentence for sentence in decide(nothing_seen, onset_to_ct_hours=4.0).unknown)


@pytest.mark.parametrize(
    ("volume_ml", "marked", "decision"),
    [
        (0.0, "Nothing was marked", NONE_FOUND),
        (0.09, "0.09 mL was marked", NONE_FOUND),
        (0.49, "0.49 mL marked", UNCERTAIN),
        (0.6, "0.60 mL marked", UNCERTAIN),
    ],
)
def test_less_than_half_a_ml_is_no_hematoma_and_near_it_nothing_is_certain(nothing_seen, volume_ml, marked, decision):
    decided = decide(seeing(replace(nothing_seen, volume_ml=volume_ml), *MARKERS))
    assert decided.decision == decision
    assert marked in decided.reasons[0]


@pytest.mark.parametrize("volume_ml", [0.0, 0.5, 12.0, 30.0, 80.0])
def test_every_decision_says_what_is_not_looked_for(nothing_seen, volume_ml):
    limits = decide(replace(nothing_seen, volume_ml=volume_ml)).limits
    assert limits == (NOT_LOOKED_FOR,)
    assert all(kind in NOT_LOOKED_FOR for kind in ("subdural", "epidural", "subarachnoid"))


@pytest.mark.parametrize(("volume_ml", "decision"), [(1.4, WATCH), (1.5, REFER_NOW)])
def test_no_sign_of_the_network_counts_on_a_hematoma_too_small_to_show_it(nothing_seen, a_bleed, volume_ml, decision):
    network = a_network_result(*a_bleed, dict.fromkeys(MARKERS, 0.9), 0.4)
    decided = decide(replace(nothing_seen, volume_ml=volume_ml), network=network, onset_to_ct_hours=1.0)
    assert decided.decision == decision and (decided.bat is None) == (decision == WATCH)
    assert "No sign is judged on a hematoma under 1.5 mL" in decided.rule


def outside_brain(volume_ml: float, labels: np.ndarray) -> NetworkResult:
    """A network that sees nothing but blood outside the brain."""
    return replace(a_network_result(None, labels, dict.fromkeys(MARKERS), 0.5), outside=OutsideBlood(volume_ml, 4))


@pytest.mark.parametrize(("found_ml", "decision"), [(0.0, UNCERTAIN), (12.0, UNCERTAIN), (80.0, REFER_NOW)])
def test_blood_outside_the_brain_is_told_with_its_slice_and_never_measured(nothing_seen, found_ml, decision, a_bleed):
    decided = decide(replace(nothing_seen, volume_ml=found_ml), network=outside_brain(9.0, a_bleed[1]))
    assert decided.decision == decision
    outside = next(reason for reason in decided.reasons if "outside the brain" in reason)
    assert "look at slice 5" in outside and "does not measure it" in outside and "9" not in outside
    assert decided.limits == (LOOKED_FOR_OUTSIDE,) and decided.look_at == ((4,) if decision == UNCERTAIN else ())


def test_a_little_outside_the_brain_is_no_reason_and_what_a_folder_keeps_of_it_is_read_again(nothing_seen, a_bleed):
    little = outside_brain(0.4, a_bleed[1])
    assert decide(nothing_seen, network=little).decision == WATCH
    assert outside_from_json(little.outside.to_json()) == little.outside


def test_the_least_hematoma_is_that_of_the_shipped_rules():
    assert read_rules().below_ml == LEAST_HEMATOMA_ML


def test_the_rule_names_every_limit_and_leaves_out_what_is_off(nothing_seen):
    rule = decide(nothing_seen).rule
    for sentence in ("30 mL", "± 5.8 mL", "15 mL", "0.5 mL", "30 % or more", "6 mL or more", "BAT score of 3"):
        assert sentence in rule
    off = replace(read_rules(), volume_ml=np.inf, evidence=(), network=(), bat_score=np.inf, least_sign_ml=0.0)
    rule = decide(nothing_seen, rules=off).rule
    for gone in ("inf", "30 mL", "measured hypodensity", "network at", "BAT", "No sign is judged", "under 0"):
        assert gone not in rule


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path, nothing_seen):
    file = tmp_path / "ours.toml"
    file.write_text("[refer_now]\nvolume_ml = 10\nevidence = []\n[measurement_error]\nvolume_error_ml = 0\n")
    rules = read_rules(file)
    assert rules == replace(read_rules(), volume_ml=10.0, evidence=(), volume_error_ml=0.0, source="rules of your own")
    assert decide(nothing_seen, rules=rules).decision == REFER_NOW


def test_the_shipped_file_names_every_rule():
    rules = read_rules(SHIPPED_RULES)
    assert rules.growth == tuple(GROWTH_CRITERIA)
    assert rules.network == MARKERS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[refer_now\n", "line 1"),
        ("[refer_now]\nvolume = 3\n", "no rule volume"),
        ("[refer_nwo]\nvolume_ml = 3\n", "[refer_nwo]"),
        ("volume_ml = 3\n", "[volume_ml]"),
        ("[refer_now]\nvolume_ml = -1\n", "volume_ml must be a number from 0"),
        ("[refer_now]\nvolume_ml = nan\n", "volume_ml must be a number from 0"),
        ("[refer_now]\nvolume_ml = true\n", "volume_ml must be a number from 0"),
        ("[refer_now]\nvolume_ml = '30'\n", "volume_ml must be a number from 0"),
        ("[refer_now]\nnetwork = ['blind']\n", "network must be a list of hypodensity"),
        ("[refer_now]\nevidence = 'blend'\n", "evidence must be a list of hypodensity"),
        ("[no_hematoma_found]\nbelow_ml = inf\n", "below_ml must be finite"),
        ("[measurement_error]\nvolume_ml = 1\n", "no rule volume_ml"),
        ("[measurement_error]\ngrowth_error_ml = inf\n", "growth_error_ml must be finite"),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path, content, message):
    file = tmp_path / "ours.toml"
    file.write_text(content)
    with pytest.raises(InputError) as error:
        read_rules(file)
    assert message in str(error.value)
    assert "ours.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.toml"):
        read_rules(tmp_path / "gone.toml")


@pytest.mark.parametrize("given", [{"location": "cerebelum"}, {"onset_to_ct_hours": -1.0}, {"onset_to_ct_hours": float("nan")}])
def test_what_cannot_be_is_refused(nothing_seen, given):
    with pytest.raises(InputError):
        decide(nothing_seen, **given)


def test_the_decision_can_be_written_as_json(nothing_seen):
    written = json.loads(json.dumps(to_json(decide(seeing(nothing_seen, BLEND), location="putamen"))))
    assert (written["code"], written["decision"]) == ("refer_now", "refer now")
    assert written["bat"]["score"] == 1
    assert written["location"] == "putamen"


def sure_of(network: NetworkResult, volume_ml=(11.0, 13.0), slice=2, **ranges) -> NetworkResult:
    """A network that is sure of every sign but those that are named, and of the volume within its range."""
    probabilities = {marker: ranges.get(marker, (value, value)) for marker, value in network.probabilities.items()}
    return replace(network, sureness=Sureness(volume_ml=volume_ml, probabilities=probabilities, slice=slice))


@pytest.mark.parametrize(
    ("measured_ml", "volume_ml", "decision"),
    [
        (12.0, (8.0, 20.0), WATCH),
        (12.0, (8.0, 31.0), UNCERTAIN),  # 12 mL alone would be watched
        (45.0, (40.0, 50.0), REFER_NOW),
        (45.0, (25.0, 50.0), UNCERTAIN),  # 45 mL alone would be referred
        (12.0, (0.2, 13.0), UNCERTAIN),  # perhaps no hematoma at all
        (0.05, (0.0, 2.0), UNCERTAIN),  # perhaps one: something is marked
        (0.0, (0.0, 2.0), NONE_FOUND),  # scores that mark nothing tell nothing
        (0.0, (0.0, 0.0), NONE_FOUND),
    ],
)
def test_a_range_of_the_volume_across_a_limit_decides_nothing(nothing_seen, a_bleed, measured_ml, volume_ml, decision):
    network = sure_of(a_network_result(*a_bleed, dict.fromkeys(MARKERS, 0.0), 0.5), volume_ml)
    decided = decide(replace(nothing_seen, volume_ml=measured_ml), network=network)
    assert decided.decision == decision
    if decision == UNCERTAIN:
        assert decided.look_at == (2,) and decided.title.endswith("look at slice 3")
        assert f"{volume_ml[0]:.1f} to {volume_ml[1]:.1f} mL" in decided.reasons[0] and "check slice 3" in decided.reasons[0]


def test_where_nothing_is_marked_the_slice_of_which_the_network_is_unsure_is_still_to_be_looked_at(nothing_seen, a_bleed):
    network = sure_of(a_network_result(*a_bleed, dict.fromkeys(MARKERS), 0.5), (0.0, 2.0))
    empty = replace(nothing_seen, volume_ml=0.0)
    assert "0.0 to 2.0 mL" in {check.first: check.why for check in look_first(findings_of(empty, network, None, read_rules()))}[2]


@pytest.mark.parametrize("limits", [{"small_error_ml": 0.6}, {"below_ml": 0.0}, {"below_ml": 0.0, "small_error_ml": 0.0}])
def test_where_nothing_is_marked_no_limit_of_ones_own_makes_it_a_hematoma(a_bleed, limits):
    rules, empty = replace(read_rules(), **limits), np.zeros_like(a_bleed[1])
    decided = decide(measure_scan(a_bleed[0], empty, least_ml=rules.below_ml), rules=rules)
    assert (decided.decision, decided.reasons) == (Decision.NONE_FOUND, ("Nothing was marked as hematoma.",))


@pytest.mark.parametrize(
    ("probability", "ends", "decision"),
    [(0.8, (0.7, 0.9), REFER_NOW), (0.8, (0.4, 0.95), UNCERTAIN), (0.2, (0.1, 0.3), WATCH), (0.2, (0.05, 0.6), UNCERTAIN)],
)
def test_a_range_of_a_sign_across_its_threshold_decides_nothing(nothing_seen, a_bleed, probability, ends, decision):
    probabilities = dict.fromkeys(MARKERS, 0.0) | {BLEND: probability}
    decided = decide(nothing_seen, network=sure_of(a_network_result(*a_bleed, probabilities, 0.5), blend=ends))
    assert decided.decision == decision
    assert decision != UNCERTAIN or f"{100 * ends[0]:.0f} to {100 * ends[1]:.0f} %" in decided.reasons[0]
    seen = decide(seeing(nothing_seen, BLEND), network=sure_of(a_network_result(*a_bleed, probabilities, 0.5), blend=ends))
    assert seen.decision == REFER_NOW  # measured, whatever the network says


@pytest.mark.parametrize(
    ("volume_ml", "ends", "decision"),
    [(2.0, (1.6, 3.4), REFER_NOW), (2.0, (1.1, 3.4), UNCERTAIN), (1.6, (1.2, 1.8), UNCERTAIN), (12.0, (11.0, 13.0), REFER_NOW)],
)
def test_a_sign_is_open_where_the_hematoma_may_be_too_small_for_it(nothing_seen, a_bleed, volume_ml, ends, decision):
    """By the network, by the measurement or by the BAT score."""
    probabilities = dict.fromkeys(MARKERS, 0.0) | {BLEND: 0.9}
    for measured in (replace(nothing_seen, volume_ml=volume_ml), replace(seeing(nothing_seen, BLEND), volume_ml=volume_ml)):
        decided = decide(measured, network=sure_of(a_network_result(*a_bleed, probabilities, 0.5), ends), onset_to_ct_hours=1.0)
        assert decided.decision == decision and len(decided.reasons) == 2 and "BAT score 3" in decided.reasons[1]
        assert all(
            ("may be under 1.5 mL" in reason and "slice 3" in reason) == (decision == UNCERTAIN) for reason in decided.reasons
        )
        assert decided.look_at == ((2,) if decision == UNCERTAIN else ())


def test_a_bat_score_that_rests_on_an_open_sign_is_open_too(nothing_seen, a_bleed):
    """Blend 1 and hypodensity 2 reach the limit of 3; without the hypodensity, which is open, they do not."""
    probabilities = dict.fromkeys(MARKERS, 0.0) | {BLEND: 0.9, HYPODENSITY: 0.9}
    rules = replace(read_rules(), network=(HYPODENSITY,))
    network = a_network_result(*a_bleed, probabilities, 0.5)
    assert decide(nothing_seen, network=sure_of(network), rules=rules).decision == REFER_NOW
    decided = decide(nothing_seen, network=sure_of(network, hypodensity=(0.3, 0.99)), rules=rules)
    assert decided.decision == UNCERTAIN and any("BAT score 3" in reason for reason in decided.reasons)

"""Ranges of volume and signs: fitted on heads drawn from a known law, counted on others, and kept with a bundle."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from HematomaMarkersLib.labels import HEMATOMA, IRREGULAR_MARGIN, MARKERS, TASK
from HematomaMarkersLib.model.inference import HeadReading
from HematomaMarkersLib.model.network import JointNetwork
from HematomaMarkersLib.model.patient_rule import MarkerCalibration, PatientRule
from HematomaMarkersLib.model.ranges import FittedRanges, probability_range, ranges_from_settings, volume_range_ml
from LesionReadingLib.errors import InputError
from LesionReadingLib.model.bundle import load_bundle, write_bundle
from safetensors.torch import save

from training.__main__ import main
from training.hematoma.bundle.card import with_ranges, with_rule, write_coverage
from training.hematoma.data import Patient
from training.hematoma.evaluation.evaluate import PatientResult
from training.hematoma.evaluation.ranges import (
    INNER,
    OUTER,
    Seen,
    coverage,
    coverage_table,
    fitted_ranges,
    held_by,
    seen_head,
    signs_fitted_on,
)
from training.reporting.cards import with_section

THRESHOLD = 0.5


def heads(seed: int, count: int) -> list[Seen]:
    """Volumes that are off by a factor of about 1.2, and signs whose logit is off by about 1."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        true_ml = float(np.exp(rng.normal(2, 1)))
        measured = true_ml * float(np.exp(rng.normal(0, 0.2)))
        sure = tuple(measured * (1 - 0.1 * step) for step in range(len(INNER)))
        possible = tuple(measured * (1 + 0.1 * step) for step in range(len(OUTER)))
        beyond = dict(zip(MARKERS, rng.normal(-1, 1, len(MARKERS)).tolist(), strict=True))
        found.append(Seen(true_ml, sure, possible, beyond))
    return found


def result_of(number: int, head: Seen, fitted: FittedRanges) -> PatientResult:
    """What the evaluation would keep of a head, whose signs are all there."""
    ends = np.array([head.sure_ml[INNER.index(fitted.inner)], head.possible_ml[OUTER.index(fitted.outer)]])
    probabilities = {marker: 1 / (1 + float(np.exp(beyond))) for marker, beyond in head.beyond.items()}
    return PatientResult(
        number=number,
        location=None,
        near_misses=(),
        true_ml=head.true_ml,
        found_ml=head.sure_ml[0],
        true_ivh_ml=0.0,
        found_ivh_ml=0.0,
        voxels=(0, 0, 0),
        ivh_voxels=(0, 0, 0),
        true=dict.fromkeys(MARKERS, True),
        probabilities=probabilities,
        thresholds=dict.fromkeys(MARKERS, THRESHOLD),
        evidence=dict.fromkeys(MARKERS, False),
        slice_numbers=[],
        slice_true=[],
        slice_probabilities=[],
        heat_mm={},
        volume_range_ml=volume_range_ml(ends, head.sure_ml[0], fitted.volume),
        probability_ranges={marker: probability_range(value, fitted.logits[marker]) for marker, value in probabilities.items()},
    )


def test_ranges_fitted_on_some_heads_hold_the_truth_of_nine_in_ten_others():
    fitted, table = fitted_ranges(heads(1, 400))
    counted = coverage([result_of(number, head, fitted) for number, head in enumerate(heads(2, 1000))])
    assert counted["volume"]["count"] == 1000 and 0.87 <= counted["volume"]["held"] / 1000 <= 0.93
    for one in counted["signs"].values():
        assert one["count"] == 1000 and 0.87 <= one["held"] / 1000 <= 0.93
        assert 0 < one["open"] < 1000
    assert json.loads(json.dumps(counted)) == counted  # the volumes and ranges are numpy's numbers, what is counted of them is not
    assert table.count("\n") == 1 + len(INNER) * len(OUTER)
    assert "(9" in coverage_table(counted) and "irregular margin" in coverage_table(counted)


def test_a_range_is_of_plain_numbers_where_nothing_is_possible_too():
    assert [type(end) for end in volume_range_ml(np.zeros(2), np.float64(0), 0.5)] == [float, float]


def test_the_next_error_is_no_larger_in_nine_of_ten():
    assert held_by(list(range(1, 100))) == 90  # (99 + 1) * 0.9
    assert held_by([3.0, 1.0, 2.0]) == 3.0  # too few: the largest


def test_a_sign_that_is_never_wrong_gets_no_range():
    sure = [replace(head, beyond=dict.fromkeys(MARKERS, -2.0)) for head in heads(3, 40)]
    assert set(fitted_ranges(sure)[0].logits.values()) == {0.0}


def test_heads_whose_hematoma_is_missed_altogether_are_told_where_they_are_too_many():
    missed = replace(heads(4, 1)[0], sure_ml=(0.0,) * len(INNER), possible_ml=(0.0,) * len(OUTER), beyond={})
    assert fitted_ranges([*heads(4, 60), *[missed] * 3])[0].volume > 0
    with pytest.raises(InputError, match="missed with every probability"):
        fitted_ranges([*heads(4, 40), *[missed] * 10])
    with pytest.raises(InputError, match="fit on 10 at least"):
        fitted_ranges(heads(4, 9))


def test_nothing_is_counted_of_a_model_without_ranges():
    result = result_of(0, heads(5, 1)[0], fitted_ranges(heads(1, 60))[0])
    assert coverage([replace(result, volume_range_ml=None, probability_ranges=None)]) is None
    nothing = replace(result, true_ml=0.0, found_ml=0.0, volume_range_ml=(0.0, 0.0), probability_ranges=dict.fromkeys(MARKERS))
    assert coverage([nothing])["volume"] == {"held": 0, "count": 0, "median_width_ml": None}
    assert "no head" in coverage_table(coverage([nothing]))


def test_ranges_of_signs_are_counted_and_fitted_where_signs_are_told():
    fitted = fitted_ranges(heads(1, 60))[0]
    results = [result_of(number, head, fitted) for number, head in enumerate(heads(2, 40))]
    small = [replace(result, signs_told=result.number >= 15) for result in results]
    assert coverage(small)["volume"] == coverage(results)["volume"]
    assert coverage(small)["signs"] == coverage(results[15:])["signs"] and coverage(small)["signs"]["blend"]["count"] == 25
    few = [*heads(3, 12), *(replace(head, beyond={}) for head in heads(4, 5)), replace(heads(5, 1)[0], true_ml=0.0, beyond={})]
    assert signs_fitted_on(few).startswith(
        "Ranges of signs are fitted on 12 of 17 heads with a hematoma; in the others less than 1.5"
    )
    with pytest.raises(InputError, match=r"only 9 can be fitted on, .* of which 1\.5 mL or more is found; fit on 10 at least"):
        fitted_ranges([*heads(3, 9), *few[12:]])


@pytest.fixture
def bundle(tmp_path):
    arguments = {"width": 0.25, "marker_width": 0.125}
    rule = PatientRule({marker: MarkerCalibration() for marker in MARKERS}).to_settings()
    metadata = {"data_source": "nothing", "eval_metrics": {"phantom": {"patients": 3}}, "training": {}}
    weights = save({name: value.contiguous() for name, value in JointNetwork(**arguments).state_dict().items()})
    card = "# a\n\n## Figures on phantoms\n\nsome\n\n## References\n\n- one\n"
    return write_bundle(
        tmp_path / "b",
        TASK,
        network_class="JointNetwork",
        network_arguments=arguments,
        weights=weights,
        metadata=metadata,
        card=card,
        licence="free",
        settings={"markers": rule},
    )


def test_a_bundle_keeps_its_ranges_and_what_was_counted_of_them(bundle):
    fitted = fitted_ranges(heads(1, 60))[0]
    weights = bundle.weights.read_bytes()
    assert ranges_from_settings(bundle.settings, bundle.name) is None
    kept = with_ranges(bundle.path, fitted)
    assert ranges_from_settings(kept.settings, kept.name) == fitted
    assert kept.settings["markers"] == bundle.settings["markers"] and kept.weights.read_bytes() == weights
    results = [result_of(number, head, fitted) for number, head in enumerate(heads(2, 40))]
    counted = write_coverage(bundle.path, {"patients": list(range(40)), "ranges": coverage(results)})
    assert counted.metadata["eval_metrics"]["phantom"] == {"patients": 3}
    assert counted.metadata["eval_metrics"]["ranges"]["volume"]["count"] == 40
    card = (bundle.path / "docs/README.md").read_text()
    assert card.index("Figures on phantoms") < card.index("How sure it is") < card.index("References")
    again = with_ranges(bundle.path, fitted)  # what was counted of earlier numbers holds no longer
    assert "ranges" not in again.metadata["eval_metrics"] and "How sure" not in (bundle.path / "docs/README.md").read_text()
    with pytest.raises(InputError, match="fit-ranges"):
        write_coverage(bundle.path, {"patients": [1], "ranges": None})


def test_a_bundle_that_is_named_without_its_folder_keeps_its_ranges_too(bundle, monkeypatch, capsys):
    monkeypatch.setattr("LesionReadingLib.model.bundle.model_folders", lambda: (bundle.path.parent,))
    monkeypatch.setattr("training.hematoma.evaluation.ranges_command._validation_files", lambda *_: [])
    monkeypatch.setattr("training.hematoma.evaluation.ranges.seen_heads", lambda *_: iter(heads(1, 60)))
    assert main(["hematoma", "fit-ranges", bundle.path.name, "anywhere"]) in (0, None)
    assert "fitted on 60 of 60 heads" in capsys.readouterr().out
    assert ranges_from_settings(load_bundle(bundle.path, TASK).settings, "") == fitted_ranges(heads(1, 60))[0]


@pytest.mark.parametrize(
    "damaged",
    [{}, {"inner": 2}, {"outer": 0.99, "inner": 0.5}, {"logits": {}}, {"volume": "much"}, {"volume": 1e9}, {"heads": None}],
)
def test_damaged_ranges_are_told(bundle, damaged):
    whole = fitted_ranges(heads(1, 60))[0].to_settings()
    settings = whole | damaged if damaged else {}
    with pytest.raises(InputError, match="ranges of the model b cannot be used"):
        ranges_from_settings({"ranges": settings}, load_bundle(bundle.path, TASK).name)


def test_a_range_is_about_the_probability_that_the_margin_s_length_had_a_part_in(bundle, monkeypatch):
    labels = np.zeros((3, 256, 256), np.uint8)
    labels[:, 100:120, 100:120] = HEMATOMA
    plane, zeros = labels > 0, np.zeros((3, 4))
    reading = HeadReading(labels, np.array([4.0, 5.0, 4.0]), zeros, np.array([0.0, 0.1, 0.2]), zeros, labels * 255, plane)
    monkeypatch.setattr("training.hematoma.evaluation.ranges.read_head", lambda *_: reading)
    with_rule(bundle.path, PatientRule({marker: MarkerCalibration() for marker in MARKERS}, 3, 0.0, 20.0), {})
    hounsfield, there = np.full(labels.shape, 60, np.int16), np.array([marker == IRREGULAR_MARGIN for marker in MARKERS])
    facts = {"judged": True, "near_misses": (), "location": None, "inside": plane, "extents_mm": np.full(3, 5.0)}
    patient = Patient(500, hounsfield, labels, np.tile(there, (3, 1)), there, **facts)
    beyond = seen_head(bundle.path, patient, torch.device("cpu")).beyond
    small = np.zeros_like(labels)
    small[1, 100:120, 100:115] = HEMATOMA  # 1.2 mL: 300 pixels of 0.9 mm, 5 mm thick
    monkeypatch.setattr("training.hematoma.evaluation.ranges.read_head", lambda *_: replace(reading, labels=small))
    assert seen_head(bundle.path, patient, torch.device("cpu")).beyond == {}
    assert beyond[IRREGULAR_MARGIN] == pytest.approx(-20 * 0.1) and beyond[MARKERS[0]] == pytest.approx(0)


def test_a_section_of_a_card_is_put_in_once_and_taken_out():
    card = "# a\n\ntext\n\n## References\n\n- one\n"
    once = with_section(card, "New", "table")
    assert once == "# a\n\ntext\n\n## New\n\ntable\n\n## References\n\n- one\n"
    assert with_section(once, "New", "table") == once
    assert with_section(once, "New", None) == card

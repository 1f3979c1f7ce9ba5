"""What a bundle tells of its own figures: anybody may have written it."""

import math

from LesionReadingLib.model.bundle import figure_text, figures_of
from LesionReadingLib.presenting.report import model_rows


def test_numbers_are_taken_and_all_else_is_left_out():
    figures = {
        "dice": 0.5,
        "text": "1 of 2",
        "flag": True,
        "none": None,
        "nan": math.nan,
        "list": [1],
        "signs": {"blend": {"held": 3}},
    }
    model = {"eval_metrics": {"phantom": figures, "real": 0.7}}
    assert figures_of(model, "phantom") == {"dice": 0.5, "signs": {"blend": {"held": 3}}}
    assert figure_text(model, "phantom", "text") == "1 of 2" and figure_text(model, "phantom", "dice") == ""


def test_a_model_without_such_figures_tells_none():
    for model in (None, {}, {"eval_metrics": "none yet"}, {"eval_metrics": [1]}, {"eval_metrics": {"phantom": 0.9}}):
        assert figures_of(model, "phantom") == {} and figure_text(model, "phantom", "dice") == ""


def test_counts_are_written_as_words_and_a_name_that_stands_for_a_number_elsewhere_may_hold_more():
    counts = {"bleeds_under_1_ml": {"found": 5, "count": 7}, "patients": {"a": 0.45}}
    (row,) = model_rows({"eval_metrics": {"wide": counts}})
    assert "5 of 7 bleeds under 1 mL found" in row[1] and "0.45" in row[1]

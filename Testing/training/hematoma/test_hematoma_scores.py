"""AUC, average precision, calibration and bootstrap against cases counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.reporting.scores import average_precision, bootstrapped, calibration, roc_auc, sensitivity_and_specificity


def test_auc_is_the_share_of_pairs_in_order_with_ties_half():
    found, true = np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False])
    assert roc_auc(found, true) == pytest.approx((2 + 0.5 + 1) / 4)
    assert roc_auc(found, ~true) == pytest.approx(0.5 / 4)
    assert roc_auc(found, np.ones(4, bool)) is None


def test_average_precision_of_a_ranking_with_one_mistake():
    assert average_precision(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([0.9, 0.8]), np.array([False, False])) is None


def test_calibration_counts_bins_of_a_tenth():
    found = np.array([0.05, 0.05, 0.95, 0.95])
    figures = calibration(found, np.array([False, True, True, True]))
    assert figures.bins == (pytest.approx((0.05, 0.5, 2)), pytest.approx((0.95, 1.0, 2)))
    assert figures.ece == pytest.approx((0.45 * 2 + 0.05 * 2) / 4)
    assert figures.brier == pytest.approx((0.05**2 + 0.95**2 + 2 * 0.05**2) / 4)
    assert calibration(np.array([1.0]), np.array([True])).bins == ((1.0, 1.0, 1),)


def test_sensitivity_and_specificity_of_two_mistakes():
    called, true = np.array([1, 1, 0, 0, 0], bool), np.array([1, 0, 1, 0, 0], bool)
    assert sensitivity_and_specificity(called, true) == pytest.approx((1 / 2, 2 / 3))
    assert sensitivity_and_specificity(called, np.zeros(5, bool)) == (None, 3 / 5)


def test_the_bootstrap_draws_patients_and_not_answers():
    """The mean of two patients, one of 99 zeros and one of a single one: drawn whole, the mean is 0, 0.01 or 1."""
    found = np.array([0.0] * 99 + [1.0])
    seen = set()

    def mean(values: np.ndarray, _: np.ndarray) -> float:
        seen.add(round(float(values.mean()), 6))
        return float(values.mean())

    interval = bootstrapped(mean, found, found, np.array([7] * 99 + [9]))
    assert seen == {0.0, 0.01, 1.0}
    assert (interval.value, interval.low, interval.high) == (pytest.approx(0.01), 0.0, 1.0)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(3).normal(0, 1, 400)
    interval = bootstrapped(lambda found, _: float(found.mean()), values, values, np.arange(400))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / 400**0.5, rel=0.15)
    assert interval == bootstrapped(lambda found, _: float(found.mean()), values, values, np.arange(400))

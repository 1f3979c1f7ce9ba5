"""The earlier scan: its series is its own, its date may be wrong, its patient unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from drawn_head import EVEN, head_on, slices
from HematomaMarkersLib.__main__ import _parser, _scan_options
from HematomaMarkersLib.commands import _open, _open_prior
from HematomaMarkersLib.growth.expansion import hours_between
from HematomaMarkersLib.options import ScanOptions
from HematomaMarkersLib.phantom.dicom import Acquisition
from HematomaMarkersLib.reading.prior import check_order
from HematomaMarkersLib.reading.scan import Scan
from LesionReadingLib.errors import InputError
from LesionReadingLib.reporting import JsonLines
from written_series import write_series

GRID = slices(EVEN)
NOW = Acquisition(series_number=7, acquired=datetime(2024, 3, 1, 8, 30))
EARLIER = replace(NOW, series_number=2, acquired=datetime(2024, 2, 29, 20, 30))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A folder with a scan and an earlier one in folders below it."""
    folder = tmp_path_factory.mktemp("both")
    return (
        folder,
        write_series(folder / "now", head_on(GRID), GRID, NOW),
        write_series(folder / "early", head_on(GRID), GRID, EARLIER),
    )


def _scans(options, source):
    report = JsonLines()
    scan = _open(source, report, options, options.series, force=False)
    return scan, _open_prior(scan, report, options, force=False)


def test_the_series_of_a_scan_is_not_asked_of_the_earlier_one(both):
    folder, now, early = both
    scan, prior = _scans(ScanOptions(series="7", prior=folder / "early"), folder)
    assert (scan.files, prior.files) == (tuple(now), tuple(early))


def test_the_earlier_scan_of_one_folder_is_named_by_its_own_series(both):
    folder, now, early = both
    scan, prior = _scans(ScanOptions(prior=folder, prior_series="2"), folder)
    assert (scan.files, prior.files) == (tuple(now), tuple(early))
    assert hours_between(prior, scan) == 12


def test_a_scan_is_not_its_own_earlier_one(both):
    with pytest.raises(InputError, match="--prior-series"):
        _scans(ScanOptions(prior=both[0]), both[0])


def test_a_series_that_the_earlier_scan_does_not_have_is_told(both):
    with pytest.raises(InputError, match="no CT series 7"):
        _scans(ScanOptions(prior=both[0] / "early", prior_series="7"), both[0])


@pytest.mark.parametrize("command", [["analyze", "in"], ["measure", "labels", "--ct", "in"]])
def test_the_command_line_knows_both(command):
    options = _scan_options(
        _parser().parse_args([*command, "-o", "out", "--series", "7", "--prior-series", "2.1", "--prior", "in"])
    )
    assert (options.series, options.prior_series) == ("7", "2.1")


NOON = datetime(2024, 3, 1, 12)


def _scan(hours: float | None = 0, key: str | None = "a") -> Scan:
    return Scan(head_on(GRID), GRID, patient_key=key, acquired=None if hours is None else NOON + timedelta(hours=hours))


@pytest.mark.parametrize("hours", [0.1, 24, 24 * 400])
def test_dates_in_the_wrong_order_are_refused_unless_forced(hours):
    with pytest.raises(InputError, match="--force"):
        check_order(_scan(hours), _scan())
    (note,) = check_order(_scan(hours), _scan(), force=True)
    assert "made after the other" in note
    assert hours_between(_scan(hours), _scan()) is None


@pytest.mark.parametrize("hours", [0, -6, None])
def test_dates_in_order_or_unknown_need_no_force(hours):
    assert check_order(_scan(hours), _scan()) == []


@pytest.mark.parametrize(("one", "other"), [("id", "idbirth"), ("idbirth", "id"), ("id", "id")])
def test_an_unknown_birth_date_is_not_another_patient(one, other):
    assert check_order(_scan(-1, one), _scan(0, other)) == []


def test_another_birth_date_is_another_patient():
    with pytest.raises(InputError, match="another patient"):
        check_order(_scan(-1, "idbirth"), _scan(0, "idother"))

"""Many studies at once: found, numbered, analysed one by one, resumed, and put into one table."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from browser import a_browser, listening_page  # noqa: F401
from commands import environment
from dicom_files import dicom
from HematomaMarkersLib.batch import COLUMNS as CT_COLUMNS
from HematomaMarkersLib.batch import find_scans
from HematomaMarkersLib.phantom.study import write_patient
from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.reporting import Terminal
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.studies.batch.run import on_dask, one_by_one, run_batch
from LesionReadingLib.studies.batch.table import summary
from LesionReadingLib.text.identity import naming
from OCTCalciumLib.batch import find_pullbacks
from places import TESTING
from stand_in_analysis import measured

_OUTSIDE = json.dumps(
    {
        "schema": "lesion-reading-batch/1",
        "salt": "",
        "settings": "",
        "studies": {"a": {"number": 1, "tries": 0, "folder": "../x", "status": "done"}},
    }
)
COLUMNS = {"calcium (mm3)": lambda found: found["volume_mm3"]}


def studies_of(folder: Path, *contents: str) -> list[Study]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"YAMADA_{number}.dat" for number in range(len(contents))]
    for file, text in zip(files, contents, strict=True):
        file.write_text(text)
    return [Study(file, (file,)) for file in files]


def batch(studies, folder, output, analyse=measured, settings="", **options):
    run_batch(studies, folder, output, one_by_one(analyse), Terminal(), columns=COLUMNS, title="All", settings=settings, **options)


def table_of(output: Path) -> list[dict]:
    with open(output / "studies.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_study_has_a_row_and_those_that_fail_stop_no_other(tmp_path, capsys):
    studies = studies_of(tmp_path / "in", "3", "bad", "fault", "5.5")
    batch(studies, tmp_path / "in", tmp_path / "out")
    rows = table_of(tmp_path / "out")
    assert [row["status"] for row in rows] == ["done", "failed", "failed", "done"]
    assert [row["calcium (mm3)"] for row in rows] == ["3.0", "", "", "5.5"]
    assert [row["code"] for row in rows] == ["", "damaged", "fault", ""]
    assert "done: 2" in capsys.readouterr().out


def test_nothing_tells_whose_studies_they_are_unless_asked_for(tmp_path, capsys):
    studies = studies_of(tmp_path / "in", "3", "bad", "fault")
    batch(studies, tmp_path / "in", tmp_path / "out")
    written = [file.read_text() for file in (tmp_path / "out").iterdir() if file.is_file()]
    assert len(written) == 3 and "YAMADA" not in "".join(written) + capsys.readouterr().out
    assert "the input is damaged; export the input again." in "".join(written)
    with naming(True):
        batch(studies, tmp_path / "in", tmp_path / "out")
    assert [row["input"] for row in table_of(tmp_path / "out")] == ["YAMADA_0.dat", "YAMADA_1.dat", "YAMADA_2.dat"]
    batch(studies, tmp_path / "in", tmp_path / "out")
    assert "YAMADA" not in (tmp_path / "out" / "batch.json").read_text()


def test_the_code_of_a_study_cannot_be_had_from_its_name(tmp_path):
    studies = studies_of(tmp_path / "in", "3")
    for name in ("one", "other"):
        batch(studies, tmp_path / "in", tmp_path / name)
    (one,), (other,) = table_of(tmp_path / "one"), table_of(tmp_path / "other")
    assert one["study"] != other["study"]


def test_a_stopped_batch_goes_on_where_it_was_and_keeps_its_numbers(tmp_path):
    studies = studies_of(tmp_path / "in", "1", "stop", "3")
    with pytest.raises(Cancelled):
        batch(studies, tmp_path / "in", tmp_path / "out")
    assert [row["status"] for row in table_of(tmp_path / "out")] == ["done", "waiting", "waiting"]
    done = tmp_path / "out" / "001" / "measurements.json"
    before = done.stat().st_mtime_ns
    studies[1].source.write_text("2222")  # as long as "stop": the same study
    new = tmp_path / "in" / "AAA.dat"
    new.write_text("9")
    batch([Study(new, (new,)), *studies], tmp_path / "in", tmp_path / "out")
    assert [(row["folder"], row["calcium (mm3)"]) for row in table_of(tmp_path / "out")] == [
        ("001", "1.0"),
        ("002", "2222.0"),
        ("003", "3.0"),
        ("004", "9.0"),
    ]
    assert done.stat().st_mtime_ns == before


def test_a_study_that_ends_the_program_twice_is_left_out(tmp_path):
    studies = studies_of(tmp_path / "in", "1", "2")
    script = (
        "import sys, os; from pathlib import Path; from LesionReadingLib.studies.batch.run import *\n"
        "from LesionReadingLib.reporting import Terminal\n"
        "folder = Path(sys.argv[1]); files = sorted(folder.iterdir())\n"
        "run_batch([Study(f, (f,)) for f in files], folder, folder.parent / 'out', one_by_one(lambda *_, **__: os._exit(9)), "
        "Terminal(), columns={}, title='All', settings='')"
    )
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", script, tmp_path / "in"], env=environment("OCTCalciumLib"), capture_output=True)
        assert run.returncode == 9
    batch(studies, tmp_path / "in", tmp_path / "out")
    first, second = table_of(tmp_path / "out")
    assert (first["status"], first["code"], second["status"]) == ("failed", "ended", "done")
    batch(studies, tmp_path / "in", tmp_path / "out", again=True)
    assert [row["status"] for row in table_of(tmp_path / "out")] == ["done", "done"]


def batch_that_is_cancelled(folder: Path, analyse: str) -> subprocess.CompletedProcess:
    """A batch of two studies in a process of its own; ``analyse`` is the body of what analyses one and cancels the run."""
    script = (
        "import os, signal, sys; from pathlib import Path; from LesionReadingLib.studies.batch.run import *\n"
        "from LesionReadingLib.errors import Cancelled; from LesionReadingLib.output import finished_folder\n"
        "from LesionReadingLib.worker import run_and_report\n"
        "folder = Path(sys.argv[1]); out = folder.parent / 'out'; files = sorted(folder.iterdir())\n"
        f"def analyse(source, output, report):\n{analyse}"
        "table = dict(columns={}, title='All', settings='')\n"
        "run = lambda report: run_batch([Study(f, (f,)) for f in files], folder, out, one_by_one(analyse), report, **table)\n"
        "sys.exit(run_and_report(run))"
    )
    studies_of(folder / "in", "1", "2")
    return subprocess.run([sys.executable, "-c", script, folder / "in"], env=environment("OCTCalciumLib"), capture_output=True)


def test_what_was_asked_for_while_results_were_moved_counts_before_the_next_study(tmp_path):
    run = batch_that_is_cancelled(
        tmp_path,
        "    with finished_folder(output, 1) as made: (made / 'measurements.json').write_text('{}')\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n",
    )
    assert run.returncode == 130
    assert run.stderr == b"Cancelled; the studies that are done are kept, and the same command goes on with the others.\n"
    assert [row["status"] for row in table_of(tmp_path / "out")] == ["done", "waiting"]


def test_an_error_that_follows_from_being_cancelled_is_no_failure_of_the_study(tmp_path):
    """A library may drop the exception of a signal and raise another one in its place."""
    run = batch_that_is_cancelled(
        tmp_path,
        "    try: os.kill(os.getpid(), signal.SIGTERM)\n    except Cancelled: pass\n    raise ValueError('of a library')\n",
    )
    assert run.returncode == 130
    assert [row["status"] for row in table_of(tmp_path / "out")] == ["waiting", "waiting"]


def test_a_batch_goes_on_with_the_same_options_only_and_a_damaged_one_is_told(tmp_path):
    studies = studies_of(tmp_path / "in", "1")
    batch(studies, tmp_path / "in", tmp_path / "out", settings="model a")
    with pytest.raises(InputError, match="with other options"):
        batch(studies, tmp_path / "in", tmp_path / "out", settings="model b")
    for damaged in (
        "{",
        "[]",
        _OUTSIDE,
        '{"schema": "lesion-reading-batch/1", "studies": {"a": 3}}',
        "[" * 50_000,
    ):
        (tmp_path / "out" / "batch.json").write_text(damaged)
        with pytest.raises(InputError, match="is damaged"):
            batch(studies, tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("name", ["study", "message", "seconds", "code", "tries", "folder"])
@pytest.mark.parametrize("value", [None, [3], {}])
def test_a_record_whose_studies_lack_something_is_damaged(tmp_path, name, value):
    studies = studies_of(tmp_path / "in", "1", "bad")
    batch(studies, tmp_path / "in", tmp_path / "out")
    state = json.loads((tmp_path / "out" / "batch.json").read_text())
    for record in state["studies"].values():
        record.pop(name)
        if value is not None:
            record[name] = value
    (tmp_path / "out" / "batch.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match="is damaged"):
        batch(studies, tmp_path / "in", tmp_path / "out")


def test_options_that_name_files_stand_in_no_output(tmp_path):
    studies = studies_of(tmp_path / "in", "1")
    batch(studies, tmp_path / "in", tmp_path / "out", settings="rules /home/YAMADA/limits.toml")
    assert not any("YAMADA" in file.read_text() for file in (tmp_path / "out").iterdir() if file.is_file())


def test_a_result_that_somebody_changed_or_took_away_leaves_its_numbers_empty(tmp_path):
    studies = studies_of(tmp_path / "in", "1", "2", "3", "4")
    batch(studies, tmp_path / "in", tmp_path / "out")
    for folder, text in (("001", "{"), ("002", "{}"), ("003", "[" * 50_000)):
        (tmp_path / "out" / folder / "measurements.json").write_text(text)
    batch(studies, tmp_path / "in", tmp_path / "out")
    assert [row["calcium (mm3)"] for row in table_of(tmp_path / "out")] == ["", "", "", "4.0"]


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1.99", "no.uid"])
def test_a_broken_dicom_file_is_a_study_that_fails_and_stops_no_other(tmp_path, syntax):
    for name, frames in (("a", 3), ("b", 3)):
        dicom(np.zeros((frames, 8, 8), np.uint8)).save_as(tmp_path / name, enforce_file_format=True)
    whole = (tmp_path / "a").read_bytes()
    stated, put = b"1.2.840.10008.1.2.1\0", syntax.encode()
    put = put + bytes(len(put) % 2)
    place = whole.index(stated)
    length = len(put).to_bytes(2, "little")
    (tmp_path / "a").write_bytes(whole[: place - 2] + length + put + whole[place + len(stated) :])
    for find in (find_pullbacks, find_scans):
        broken = [study for study in find(tmp_path, tmp_path / "out") if study.source.name == "a"]
        assert all(study.problem for study in broken)
    assert {study.source.name for study in find_pullbacks(tmp_path, tmp_path / "out")} == {"a", "b"}


def test_no_study_and_nothing_but_failures_are_refused(tmp_path):
    with pytest.raises(InputError, match="No study was found"):
        batch([], tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match=r"All 2 studies failed"):
        batch(studies_of(tmp_path / "in", "bad", "bad"), tmp_path / "in", tmp_path / "out")


def test_the_summary_is_that_of_independent_statistics():
    values = [3.25, None, 7.5, 1.0, 12.125]
    (found,) = summary([{"folder": "001", "study": "a", "status": "done", "x": value, "seconds": 1.0} for value in values])
    known = np.array([value for value in values if value is not None])
    expected = (known.size, known.mean(), known.std(ddof=1), np.median(known), known.min(), known.max())
    assert [found[name] for name in ("n", "mean", "sd", "median", "lowest", "highest")] == pytest.approx(expected, abs=6e-4)


def test_a_cluster_of_two_workers_gives_the_same_table(tmp_path, monkeypatch):
    from dask.distributed import LocalCluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTING / "support"), environment("OCTCalciumLib")["PYTHONPATH"]]))
    studies = studies_of(tmp_path / "in", "3", "bad", "5")
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        run = on_dask(measured, cluster.scheduler_address, False)
        run_batch(studies, tmp_path / "in", tmp_path / "out", run, Terminal(), columns=COLUMNS, title="All", settings="")
    assert [(row["status"], row["calcium (mm3)"]) for row in table_of(tmp_path / "out")] == [
        ("done", "3.0"),
        ("failed", ""),
        ("done", "5.0"),
    ]
    with pytest.raises(InputError, match="No Dask scheduler"):
        list(on_dask(measured, "nonsense", False)([], lambda record: None))


# What the modules find


def test_pullbacks_are_files_of_frames_series_of_files_and_folders_of_pictures(tmp_path):
    from PIL import Image

    frames = np.zeros((3, 8, 8), np.uint8)
    for name in ("a/pullback1", "a/pullback2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        dicom(frames).save_as(tmp_path / name, enforce_file_format=True)
    (tmp_path / "b").mkdir()
    for number in range(3):
        dicom(frames[:1], NumberOfFrames=None).save_as(tmp_path / "b" / f"IM{number}", enforce_file_format=True)
    dicom(frames, Modality="SEG").save_as(tmp_path / "b" / "labels", enforce_file_format=True)
    (tmp_path / "c").mkdir()
    for number in range(2):
        Image.fromarray(frames[0]).save(tmp_path / "c" / f"{number}.png")
    (tmp_path / "d.seg.nrrd").write_bytes(b"NRRD0004\n")
    (tmp_path / "e.nrrd").write_bytes(b"NRRD0004\n")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "earlier.nrrd").write_bytes(b"NRRD0004\n")
    found = [
        (study.source.relative_to(tmp_path).as_posix(), len(study.files)) for study in find_pullbacks(tmp_path, tmp_path / "out")
    ]
    assert found == [("a/pullback1", 1), ("a/pullback2", 1), ("b/IM0", 3), ("c", 2), ("e.nrrd", 1)]


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """Two patients' scans in one folder, without order: one patient came twice, six hours apart."""
    folder = tmp_path_factory.mktemp("heads")
    write_patient(folder / "made", 1007, growth_ml=9.0, size=96, slice_mm=12.0, tilt_deg=0.0, volume_ml=18.0, location="putamen")
    write_patient(folder / "other", 12, size=96, slice_mm=12.0, tilt_deg=0.0)
    (folder / "in").mkdir()
    files = [file for name in ("made", "other") for file in sorted((folder / name).rglob("IM*"))]
    for number, file in enumerate(files):
        file.rename(folder / "in" / f"{number * 7919 % 10007:05d}")
    return folder / "in"


def test_scans_of_one_patient_are_compared_in_the_order_of_time(heads, tmp_path):
    studies = find_scans(heads, tmp_path / "out")
    assert len(studies) == 3 and not any(study.problem for study in studies)
    (later,) = [study for study in studies if "prior" in study.options]
    assert later.options["prior"] == heads
    (earlier,) = [study for study in studies if study.options["series"] == later.options["prior_series"]]
    assert "prior" not in earlier.options and set(earlier.files).isdisjoint(later.files)


def test_a_folder_of_head_cts_becomes_reports_and_one_table(heads, tmp_path, a_browser):  # noqa: F811
    command = [sys.executable, "-m", "HematomaMarkersLib", "batch", heads, "-o", tmp_path / "out"]
    run = subprocess.run(list(map(str, command)), env=environment("HematomaMarkersLib"), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rows = table_of(tmp_path / "out")
    assert [row["status"] for row in rows] == ["done"] * 3
    volumes = {row["study"]: float(row["hematoma (mL)"]) for row in rows}
    (later,) = [row for row in rows if row["hours since the scan before"]]
    assert float(later["hours since the scan before"]) == 6.0
    change = float(later["change since the scan before (mL)"])
    assert any(volumes[later["study"]] - volume == pytest.approx(change, abs=0.002) for volume in volumes.values())
    assert set(CT_COLUMNS) < set(rows[0])
    page = listening_page(a_browser, tmp_path / "out" / "index.html", 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name=later["folder"]).click()
    assert page.url.endswith(f"{later['folder']}/report.html")
    assert all(address.startswith(("file:", "data:")) for address in page.asked_for)

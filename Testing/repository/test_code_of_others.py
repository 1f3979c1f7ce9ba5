"""Files of other people in the folder where a run is started are data: their Python is never executed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT, environment
from LesionReadingLib.geometry.grid import matrix_grid

PLANTED = ("numpy", "argparse", "json", "pickle", "tempfile", "torch", "vtkmodules", "OCTCalciumLib", "LesionReadingLib")
STARTED_BY_NAME = ("OCTCalciumLib", "LesionReadingLib")  # `python -m` itself runs a package that lies where it is started


@pytest.fixture
def a_trap(tmp_path, monkeypatch):
    """A folder, the current one, full of Python that leaves a file behind when it is run."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'a').write('{name}\\n')\nraise SystemExit(3)\n")
    monkeypatch.chdir(folder)
    yield folder
    sprung = tmp_path / "sprung"
    assert not sprung.exists(), sprung.read_text()


def nothing_to_measure(folder: Path) -> Path:
    """A small label map, so that a run goes through reading, measuring, rendering and reporting."""
    from LesionReadingLib.geometry.nrrd import write_nrrd

    labels = np.zeros((6, 48, 48), np.uint8)
    labels[:, 16:32, 16:32] = 3
    labels[2:4, 32:36, 20:28] = 1
    path = folder / "labels.nrrd"
    write_nrrd(path, labels, matrix_grid(labels.shape, np.diag([0.02, 0.02, 0.2]), np.zeros(3)))
    return path


def run(command: list[str], **changes: str) -> subprocess.CompletedProcess:
    environ = {**environment("OCTCalciumLib"), **changes}
    mine, its = os.pipe()  # held open, as whoever starts a leash does
    try:
        return subprocess.run([*map(str, command)], stdin=mine, capture_output=True, text=True, env=environ, timeout=200)
    finally:
        os.close(mine)
        os.close(its)


def test_the_command_and_the_process_that_it_draws_in_run_no_code_of_the_current_folder(a_trap, tmp_path):
    """Installed as pip does it: a script that imports the command."""
    script = tmp_path / "bin" / "oct-calcium"
    script.parent.mkdir()
    script.write_text("import sys\nfrom OCTCalciumLib.__main__ import main\nsys.exit(main())\n")
    done = run([sys.executable, script, "measure", nothing_to_measure(tmp_path), "-o", tmp_path / "out"])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "calcium_3d.png").exists(), done.stdout  # the drawing process ran, and ran well


WITHOUT_VTK = """
import sys
from OCTCalciumLib.presenting.rendering import process as rendering
from OCTCalciumLib.__main__ import main
rendering.Rendering._start = lambda *_: None  # VTK knows no styles
sys.exit(main())
"""


def pictures_of_a_run(folder: Path) -> dict[str, bytes]:
    """File -> content of the pictures that matplotlib draws in a run that is started in a folder."""
    labels = nothing_to_measure(folder)
    done = run(["env", "-C", folder, sys.executable, "-c", WITHOUT_VTK, "measure", labels, "-o", folder / "out"])
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in (folder / "out").glob("*.png")}


@pytest.fixture(scope="module")
def plain_pictures(tmp_path_factory):
    return pictures_of_a_run(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("style", [b"savefig.dpi: 7\nlines.linewidth: 20\naxes.prop_cycle: poem\n", b"\xff\xfe no text"])
def test_a_style_of_the_current_folder_changes_no_picture_and_ends_no_run(tmp_path, plain_pictures, style):
    (tmp_path / "matplotlibrc").write_bytes(style)
    assert pictures_of_a_run(tmp_path) == plain_pictures
    assert {"arcs.png", "en_face.png", "frame_max_arc.png"} <= plain_pictures.keys()


@pytest.mark.parametrize("package", ["OCTCalciumLib", "HematomaMarkersLib", "LesionReadingLib.leash"])
def test_a_module_started_by_its_name_runs_no_code_of_the_current_folder(a_trap, tmp_path, package):
    for name in STARTED_BY_NAME:
        (a_trap / f"{name}.py").unlink()
    asked = [] if package.endswith("Lib") else ["OCTCalciumLib"]
    module = {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("LesionReading", "OCTCalcium", "HematomaMarkers"))}
    (tmp_path / "poem.nrrd").write_text("roses are red")
    ct = ["--ct", tmp_path / "poem.nrrd"] if package.startswith("Hema") else []
    done = run([sys.executable, "-m", package, *asked, "measure", tmp_path / "poem.nrrd", *ct, "-o", tmp_path / "out"], **module)
    assert done.returncode == 2 and "poem.nrrd" in done.stderr, done.stderr


def test_a_training_started_elsewhere_and_its_processes_run_no_code_of_the_current_folder(a_trap, tmp_path):
    for name in STARTED_BY_NAME:
        (a_trap / f"{name}.py").unlink()
    folders = (ROOT, *(ROOT / name for name in ("LesionReading", "OCTCalcium", "HematomaMarkers")))
    made = ["oct", "make-data", tmp_path / "data", "--patients", "2", "--processes", "2", "--keep-frames", "1"]
    command = [sys.executable, "-m", "training", *made, "--pullback-frames", "2"]
    done = run(command, PYTHONPATH=os.pathsep.join(map(str, folders)))
    assert done.returncode == 0 and any((tmp_path / "data").iterdir()), done.stderr


STYLE_OF_A_WORKER = """
from pathlib import Path
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.studies.batch.run import analysed

def told(*_, **__):
    import matplotlib
    print(matplotlib.rcParams["savefig.dpi"])

print(analysed(told, Study(Path("a"), (Path("a"),)), Path("b"), False, "en").status)
"""


def test_a_style_in_the_folder_of_a_clusters_worker_changes_no_picture(tmp_path):
    (tmp_path / "matplotlibrc").write_text("savefig.dpi: 7\n")
    done = run(["env", "-C", tmp_path, sys.executable, "-c", STYLE_OF_A_WORKER])
    assert done.stdout.split() == ["figure", "done"], done.stderr


def test_a_batch_on_a_cluster_runs_no_code_of_its_own_folder_or_of_the_workers(a_trap, tmp_path, monkeypatch):
    """The workers are started as README says: what Python does in its own folder before our code begins is not ours to prevent."""
    from LesionReadingLib.reporting import Terminal
    from LesionReadingLib.studies.batch.records import Study
    from LesionReadingLib.studies.batch.run import on_dask, run_batch
    from stand_in_analysis import measured

    (a_trap / "cloudpickle.py").write_text((a_trap / "numpy.py").read_text())
    (a_trap / "multiprocessing.py").write_text((a_trap / "numpy.py").read_text())
    path = os.pathsep.join([str(ROOT / "Testing" / "support"), environment("OCTCalciumLib")["PYTHONPATH"]])
    safe = environment("OCTCalciumLib") | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    address = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", address]
    worker = [*dask, "worker", "--scheduler-file", address, "--nthreads", "1", "--no-dashboard", "--local-directory", tmp_path]
    study = tmp_path / "study.dat"
    study.write_text("3")
    quiet = {"env": safe, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(list(map(str, scheduler)), **quiet) as first, subprocess.Popen(list(map(str, worker)), **quiet) as second:
        try:
            for _ in range(300):
                if address.exists():
                    break
                time.sleep(0.1)
            found = on_dask(measured, json.loads(address.read_text())["address"], False)
            run_batch([Study(study, (study,))], tmp_path, tmp_path / "out", found, Terminal(), columns={}, title="", settings="")
        finally:
            second.terminate()
            first.terminate()
    assert (tmp_path / "out" / "001" / "measurements.json").exists()


def test_the_drawing_process_gets_no_empty_entry_of_the_path(a_trap, tmp_path, monkeypatch):
    from OCTCalciumLib.measurement.pullback import measure_pullback
    from OCTCalciumLib.presenting.rendering import process as rendering
    from OCTCalciumLib.presenting.rendering.process import Rendering
    from OCTCalciumLib.presenting.rendering.stack import build_scene
    from OCTCalciumLib.segments import read_oct_label_map

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", *sys.path, ""]))
    started = []
    real = subprocess.Popen
    monkeypatch.setattr(
        rendering.subprocess, "Popen", lambda command, **how: started.append((command, how)) or real(command, **how)
    )
    label_map = read_oct_label_map(nothing_to_measure(tmp_path), None, None)
    scene, volumes = build_scene(label_map.labels, measure_pullback(label_map.labels, label_map.spacing))
    with Rendering(scene, volumes, None, None) as drawing:
        views = drawing.finish()
    assert views.reason is None and views.by_name
    ((command, how),) = started
    assert "-P" in command and "" not in how["env"]["PYTHONPATH"].split(os.pathsep)


def test_the_panels_run_gets_no_code_of_the_folder_that_slicer_was_started_in(a_desktop, a_trap, tmp_path, monkeypatch):
    from LesionReadingPanel.running.worker_process import WorkerProcess

    launcher = tmp_path / "bin" / "PythonSlicer"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(launcher.parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", "", prepend=os.pathsep)
    (tmp_path / "poem.nrrd").write_text("roses are red")
    outcomes = []
    process = WorkerProcess()
    arguments = ["measure", str(tmp_path / "poem.nrrd"), "-o", str(tmp_path / "out")]
    process.start("OCTCalciumLib", arguments, outcomes.append)
    a_desktop.wait_until(lambda: bool(outcomes), 60)
    assert "poem.nrrd" in outcomes[0].message, outcomes[0]

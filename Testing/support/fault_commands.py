"""The commands that ``faults.py`` ends at random moments: each with an old and a new input, whose results differ."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from commands import environment
from LesionReadingLib.geometry.grid import matrix_grid

MARK = "LESION_READING_FAULTS"
"""Variable of the environment by which the processes of a run are known."""


@dataclass(frozen=True)
class Place:
    """Where the runs work.

    Attributes:
        folder: with the inputs; ``temporary`` in it is their TMPDIR. old, new: inputs with different results.
        command: what is run with one of the two, but for its output. run_s: how long a run takes here.
    """

    folder: Path
    old: Path
    new: Path
    command: Callable[[Path], list]
    run_s: float = 0.0

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"


def oct_measure(folder: Path) -> Place:
    """``oct-calcium measure`` of label maps, with its drawing child."""
    from LesionReadingLib.geometry.nrrd import write_nrrd

    for name, columns in (("old", 8), ("new", 12)):
        labels = np.zeros((6, 48, 48), np.uint8)
        labels[:, 16:32, 16:32] = 3
        labels[2:4, 32:36, 20 : 20 + columns] = 1
        write_nrrd(folder / f"{name}.nrrd", labels, matrix_grid(labels.shape, np.diag([0.02, 0.02, 0.2]), np.zeros(3)))
    return Place(folder, folder / "old.nrrd", folder / "new.nrrd", lambda labels: ["OCTCalciumLib", "measure", labels])


def oct_analyze(folder: Path) -> Place:
    """``oct-calcium analyze`` of pullbacks of a few frames."""
    _draw_pullbacks(folder)
    return Place(folder, folder / "old.dcm", folder / "new.dcm", lambda pullback: ["OCTCalciumLib", "analyze", pullback])


def _draw_pullbacks(folder: Path) -> None:
    from OCTCalciumLib.phantom.dicom import write_presentation
    from OCTCalciumLib.phantom.pullback import draw_pullback

    for name, seed in (("old", 3), ("new", 11)):
        write_presentation(folder / f"{name}.dcm", draw_pullback(seed, 4, 128, 0.2))


def _draw_heads(folder: Path) -> None:
    from HematomaMarkersLib.phantom.dicom import write_series
    from HematomaMarkersLib.phantom.patient import draw_head
    from HematomaMarkersLib.segments import SEGMENTS
    from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd

    for name, seed, volume_ml in (("old", 5, 12.0), ("new", 1012, 24.0)):
        head = draw_head(seed, size=128, slice_mm=10.0, tilt_deg=0.0, volume_ml=volume_ml, location="putamen")
        write_series(folder / name, head.hounsfield, head.grid)
        write_seg_nrrd(folder / f"{name}.seg.nrrd", head.labels, head.grid, SEGMENTS)


def head_analyze(folder: Path) -> Place:
    """``hematoma-markers analyze`` of small heads."""
    _draw_heads(folder)
    return _analyzing(folder)


def _analyzing(folder: Path) -> Place:
    return Place(folder, folder / "old", folder / "new", lambda series: ["HematomaMarkersLib", "analyze", series])


def head_measure(folder: Path) -> Place:
    """``hematoma-markers measure`` of label maps of small heads."""
    _draw_heads(folder)

    def command(labels: Path) -> list:
        return ["HematomaMarkersLib", "measure", labels, "--ct", folder / labels.name.split(".")[0]]

    return Place(folder, folder / "old.seg.nrrd", folder / "new.seg.nrrd", command)


def head_reading(folder: Path) -> Place:
    """The same with what the network had said of the head (``--reading``)."""
    _draw_heads(folder)
    place = _analyzing(folder)
    for series in (place.old, place.new):
        measured(place, series, folder / f"reading {series.name}")

    def command(labels: Path) -> list:
        name = labels.name.split(".")[0]
        return ["HematomaMarkersLib", "measure", labels, "--ct", folder / name, "--reading", folder / f"reading {name}"]

    return Place(folder, folder / "old.seg.nrrd", folder / "new.seg.nrrd", command)


def oct_batch(folder: Path) -> Place:
    """``oct-calcium batch`` of a folder of two pullbacks; an older result is none of its inputs."""
    for name in ("old", "new"):
        (folder / name).mkdir()
        _draw_pullbacks(folder / name)
    return Place(folder, folder / "old", folder / "new", lambda studies: ["OCTCalciumLib", "batch", studies])


COMMANDS = {
    "oct-measure": oct_measure,
    "oct-analyze": oct_analyze,
    "head-analyze": head_analyze,
    "head-measure": head_measure,
    "head-reading": head_reading,
    "oct-batch": oct_batch,
}


def prepared(folder: Path, command: str = "oct-measure") -> Place:
    """Draw both inputs, and run both undisturbed, to compare with and to know how long it takes."""
    (folder / "temporary").mkdir(parents=True)
    place = COMMANDS[command](folder)
    measured(place, place.old, folder / "whole old")
    began = time.monotonic()
    measured(place, place.new, folder / "whole new")
    return replace(place, run_s=time.monotonic() - began)


def start(place: Place, given: Path, output: Path, limit: Callable[[], None] | None = None, **environ: str) -> subprocess.Popen:
    """Start the command on an input; ``limit`` is called in the new process before it begins."""
    package, *arguments = place.command(given)
    command = [sys.executable, "-m", package, *map(str, arguments), "-o", str(output)]
    variables = environment(package) | {"TMPDIR": str(place.temporary), MARK: str(place.folder)} | environ
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables, preexec_fn=limit, cwd=place.folder
    )


def measured(place: Place, given: Path, output: Path) -> None:
    """Run it undisturbed.

    Raises:
        AssertionError: it did not end well.
    """
    run = start(place, given, output)
    _, err = run.communicate(timeout=3600)  # on a busy machine
    if run.returncode != 0 or err != "":
        raise AssertionError(f"an undisturbed run ended in {run.returncode}: {err}")


def processes(place: Place) -> list[int]:
    """The processes of a place's runs that are alive."""
    alive = []
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        try:
            if entry.name.isdigit() and f"{MARK}={place.folder}\0".encode() in (entry / "environ").read_bytes():
                alive.append(int(entry.name))
        except OSError:
            continue
    return alive


def outliving(place: Place) -> list[int]:
    """The processes that outlive a run that has ended for more than two seconds."""
    until = time.monotonic() + 2
    while processes(place) and time.monotonic() < until:
        time.sleep(0.02)
    return processes(place)


def left(place: Place, output: Path) -> list[str]:
    """What runs left behind: processes, scratch in the temporary folder, in the output and beside it."""
    folders = [output.parent, *(Path(folder) for folder, _, _ in os.walk(output))]
    beside = [path.name for folder in folders for path in folder.glob(".lesionreading-*")]
    inside = [path.name for path in place.temporary.iterdir()]
    return [*map(str, outliving(place)), *beside, *inside]

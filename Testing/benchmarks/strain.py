"""Whole commands under strain, as processes: processor seconds (their children's too) and peak memory of the largest process.

    python Testing/benchmarks/strain.py FOLDER ct-measure ct-analyze oct-measure oct-analyze [--repeats 1] [--against CHECKOUT]

Head CT: 600 slices of 512 x 512, 0.25 mm apart. Pullback: a label map of 540 frames of 1024 x 1024, or for ``oct-analyze`` the 375
frames of whole_command.py. Of the long phantoms every tenth slice is drawn and the others are interpolated (CT) or repeated (OCT).
``FOLDER`` keeps them for the next time. ``--against`` runs the same commands of another checkout in turn, and says whether the
numbers and labels that the two write are equal. Each process works in one thread; ``OMP_NUM_THREADS=2`` for two.

Last figures, on two busy cores: ``oct-measure`` 15.0 processor s and 632 MB (before pictures and maps were made smaller in memory:
17.4 to 19.2 s, 1200 MB); ``ct-analyze`` 31 s and 1114 MB (38 s, 1654 MB). Since then packed label maps are unpacked once, not
twice: reading that of ``oct-measure`` takes 2.5 s in place of 4.4 s, where the whole command takes 30 to 33 s in place of 33 s
(cores that others used as well), with the same 636 MB. On quiet cores it is 14.0 to 14.2 processor s, 9.7 s by the clock, 634 MB;
a third of it is the process that draws in three dimensions.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import even_grid
from LesionReadingLib.geometry.spacing import Spacing
from processes import ROOT, timed_process
from whole_command import pullback_file

CT_SLICES, OCT_FRAMES, DRAWN_ONE_IN = 600, 540, 10
SAME = {
    "ct": ("measurements.json", "slices.csv", "markers.csv"),
    "oct": ("measurements.json", "frames.csv", "lesions.csv", "report.html"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("commands", nargs="+", choices=tuple(_INPUTS))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="the root of another checkout")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for command in chosen.commands:
        kind, asked = command.split("-")
        with ProcessPoolExecutor(1) as drawing:  # a process begins with the peak memory of the one that starts it
            inputs = drawing.submit(_INPUTS[command], chosen.folder).result()
        arguments = [asked, *map(str, inputs)]
        package = "HematomaMarkersLib" if kind == "ct" else "OCTCalciumLib"
        for _ in range(chosen.repeats):
            for root in filter(None, (chosen.against, ROOT)):
                output = chosen.folder / f"{command} {'here' if root == ROOT else 'there'}"
                _timed(root, [sys.executable, "-m", package, *arguments, "-o", str(output)], command)
        if chosen.against:
            there, here = (chosen.folder / f"{command} {where}" for where in ("there", "here"))
            equal, other, missing = filecmp.cmpfiles(there, here, [*SAME[kind], "segmentation.seg.nrrd"], shallow=False)
            print(f"{command}: equal {', '.join(equal)}; not equal {', '.join(other + missing) or 'none'}", flush=True)


def _timed(root: Path, command: list[str], name: str) -> None:
    before = _processor_seconds()
    seconds, megabytes = timed_process(command, root)
    worked = _processor_seconds() - before
    print(f"{name} {root.name}: {worked:.1f} processor s, {megabytes:.0f} MB, {seconds:.1f} s", flush=True)


def _ct(folder: Path, asked: str) -> list[Path | str]:
    """The series, and for ``measure`` its label map before it."""
    from HematomaMarkersLib.phantom.dicom import Acquisition, write_series
    from HematomaMarkersLib.phantom.patient import draw_head
    from LesionReadingLib.geometry.grid import even_grid
    from LesionReadingLib.geometry.nrrd import write_nrrd

    series, labels = folder / "ct", folder / "ct.seg.nrrd"
    if not labels.exists():
        print("drawing the head ...", flush=True)
        drawn = draw_head(1012, slice_mm=0.25 * DRAWN_ONE_IN, tilt_deg=0.0, volume_ml=40.0, location="putamen")
        place = np.linspace(0, len(drawn.hounsfield) - 1, CT_SLICES)
        below, share = np.minimum(place.astype(int), len(drawn.hounsfield) - 2), place - place.astype(int)
        random = np.random.default_rng(7)
        hounsfield = np.stack(
            [
                (1 - part) * drawn.hounsfield[index]
                + part * drawn.hounsfield[index + 1]
                + random.normal(0, 3, drawn.hounsfield.shape[1:])
                for index, part in zip(below, share, strict=True)
            ]
        ).round()
        grid = drawn.grid
        step_mm = 0.25 * DRAWN_ONE_IN * (len(drawn.hounsfield) - 1) / (CT_SLICES - 1)
        shape, spacing = (CT_SLICES, grid.rows, grid.columns), Spacing(grid.row_mm, grid.column_mm, step_mm)
        thin = even_grid(shape, spacing, grid.origin_mm, np.column_stack([grid.column_axis, grid.row_axis, grid.normal]))
        write_series(series, hounsfield.astype(np.int16), thin, Acquisition())
        keys = {"Segment0_Name": "hematoma", "Segment0_LabelValue": "1", "Segment1_Name": "IVH", "Segment1_LabelValue": "2"}
        nearest = np.rint(place).astype(int)
        write_nrrd(labels, drawn.labels[nearest].astype(np.uint8), thin, keys)
    return [labels, "--ct", series] if asked == "measure" else [series]


def _label_map(folder: Path) -> list[Path]:
    """A label map of a pullback."""
    from LesionReadingLib.geometry.nrrd import write_nrrd
    from OCTCalciumLib.phantom.pullback import draw_pullback

    path = folder / "oct.nrrd"
    if not path.exists():
        print("drawing the pullback ...", flush=True)
        drawn = draw_pullback(11, OCT_FRAMES, 1024, indices=range(0, OCT_FRAMES, DRAWN_ONE_IN))
        labels = drawn.labels.repeat(DRAWN_ONE_IN, 0)[:OCT_FRAMES].astype(np.uint8)
        write_nrrd(path, labels, even_grid(labels.shape, drawn.spacing))
    return [path]


def _pullback(folder: Path) -> list[Path]:
    return [pullback_file(folder, colour=False)]


_INPUTS = {
    "ct-measure": partial(_ct, asked="measure"),
    "ct-analyze": partial(_ct, asked="analyze"),
    "oct-measure": _label_map,
    "oct-analyze": _pullback,
}


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

"""The whole command on a head CT of thin slices (0.5 mm, 512 x 512, about 310 of them): seconds, processor seconds and peak memory.

    python Testing/benchmarks/thin_head.py FOLDER [--slice-spacing 0.5] [--repeats 1]

Wall seconds mean something on an idle machine alone; the seconds that all cores worked mean something on a busy one, too.
``FOLDER`` keeps the phantom for the next time.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path

from HematomaMarkersLib.phantom.study import write_patient
from processes import timed_process

SEED = 1012


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slice-spacing", type=float, default=0.5)
    parser.add_argument("--repeats", type=int, default=1)
    chosen = parser.parse_args()
    source = chosen.folder / "patient/first"
    if not source.exists():
        print("drawing the phantom ...", flush=True)
        write_patient(
            chosen.folder / "patient",
            SEED,
            slice_mm=chosen.slice_spacing,
            tilt_deg=0.0,
            volume_ml=40.0,
            location="putamen",
            wanted=frozenset({"blend"}),
        )
    print(f"{len(list(source.iterdir()))} slices", flush=True)
    command = [sys.executable, "-m", "HematomaMarkersLib", "analyze", str(source), "-o", str(chosen.folder / "results")]
    for _ in range(chosen.repeats):
        before = _processor_seconds()
        seconds, megabytes = timed_process(command)
        print(f"{seconds:.1f} s, {_processor_seconds() - before:.1f} processor s, {megabytes:.0f} MB", flush=True)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

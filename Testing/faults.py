"""Faults of the machine, by hand: runs that are killed or cancelled at random moments, full disks, mount points, little memory.

    python Testing/faults.py [kill cancel together disk memory] [--count 50] [--seed 1]

Every run is a real process of ``oct-calcium measure`` (with its drawing child), into a folder that holds an older result. After
each the folder must hold the old result whole or the new one whole, no process may be left, and nothing beside it; what a kill
leaves is looked for after the next run. ``disk`` needs to mount tmpfs, so it is for root. ``memory`` runs ``hematoma-markers
analyze``. The exit status is 1 where a promise was not kept. ``test_faults.py`` is the short form.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from LesionReadingLib.geometry.grid import matrix_grid

sys.path[:0] = [str(Path(__file__).with_name("support"))]

from commands import environment  # noqa: E402

MARK = "LESION_READING_FAULTS"
"""Variable of the environment by which the processes of a run are known."""
CANCELLED = "Cancelled; nothing was written.\n"


@dataclass(frozen=True)
class Place:
    """Where the runs work.

    Attributes:
        folder: with the inputs; ``temporary`` in it is their TMPDIR. old, new: label maps with different numbers.
        run_s: how long a run takes here.
    """

    folder: Path
    old: Path
    new: Path
    run_s: float = 0.0

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"


def prepared(folder: Path) -> Place:
    """Draw two label maps, and measure both undisturbed, to compare with and to know how long it takes."""
    from LesionReadingLib.geometry.nrrd import write_nrrd

    (folder / "temporary").mkdir(parents=True)
    for name, columns in (("old", 8), ("new", 12)):
        labels = np.zeros((6, 48, 48), np.uint8)
        labels[:, 16:32, 16:32] = 3
        labels[2:4, 32:36, 20 : 20 + columns] = 1
        write_nrrd(folder / f"{name}.nrrd", labels, matrix_grid(labels.shape, np.diag([0.02, 0.02, 0.2]), np.zeros(3)))
    place = Place(folder, folder / "old.nrrd", folder / "new.nrrd")
    measured(place, place.old, folder / "whole old")
    began = time.monotonic()
    measured(place, place.new, folder / "whole new")
    return replace(place, run_s=time.monotonic() - began)


def start(place: Place, labels: Path, output: Path, limit: Callable[[], None] | None = None, **environ: str) -> subprocess.Popen:
    """Start measuring a label map; ``limit`` is called in the new process before it begins."""
    command = [sys.executable, "-m", "OCTCalciumLib", "measure", str(labels), "-o", str(output)]
    variables = environment("OCTCalciumLib") | {"TMPDIR": str(place.temporary), MARK: str(place.folder)} | environ
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables, preexec_fn=limit, cwd=place.folder
    )


def measured(place: Place, labels: Path, output: Path) -> None:
    """Measure undisturbed."""
    run = start(place, labels, output)
    _, err = run.communicate(timeout=300)
    _require(run.returncode == 0 and err == "", f"an undisturbed run ended in {run.returncode}: {err}")


def contents(folder: Path) -> dict[str, bytes]:
    """File -> bytes of a result, without scratch folders."""
    files = (path for path in folder.rglob("*") if path.is_file())
    held = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in held.items() if not name.startswith(".lesionreading-")}


def is_whole(found: dict[str, bytes], whole: dict[str, bytes]) -> bool:
    """Whether a folder holds a result whole: the same files, the numbers equal byte by byte."""
    numbers = [name for name in whole if name.endswith((".json", ".csv", ".nrrd"))]
    return found.keys() == whole.keys() and all(found[name] == whole[name] for name in numbers)


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
    beside = [path.name for folder in (output, output.parent) if folder.is_dir() for path in folder.glob(".lesionreading-*")]
    inside = [path.name for path in place.temporary.iterdir()]
    return [*map(str, outliving(place)), *beside, *inside]


def ended_at_random(place: Place, number: int, ending: signal.Signals, chance: random.Random) -> str:
    """Run over an old result, end it at a random moment, check every promise; give how it ended.

    Raises:
        AssertionError: a promise was not kept.
    """
    output = place.folder / f"{ending.name} {number}"
    is_new = number % 3 == 0  # every third run makes its folder itself
    old, new = contents(place.folder / "whole old"), contents(place.folder / "whole new")
    if not is_new:
        shutil.copytree(place.folder / "whole old", output)
    run = start(place, place.new, output)
    moment = chance.uniform(0, 1.1) * place.run_s
    try:
        _, err = run.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        run.send_signal(ending)
        _, err = run.communicate(timeout=60)
    found = contents(output)
    where = f"{ending.name} after {moment:.2f} s, status {run.returncode}, {err!r}, {sorted(found)}"
    kept = is_whole(found, new) or (is_whole(found, old) if not is_new else not found)
    if ending == signal.SIGTERM:
        _require(run.returncode in (0, 130, -signal.SIGTERM), where)
        _require(run.returncode == 0 or not is_whole(found, new), f"cancelled, but the new result is there: {where}")
        _require(run.returncode != 0 or is_whole(found, new), f"done, but the new result is not there: {where}")
        _require(err == (CANCELLED if run.returncode == 130 else ""), where)  # before Python runs, SIGTERM ends it by itself
    else:
        kept = kept or not {"report.html", "measurements.json"} & found.keys()  # while files moved: neither the one nor the other
        _require(not outliving(place), f"processes are left: {where}")
        measured(place, place.new, output)  # the next run
        _require(is_whole(contents(output), new), f"the next run did not make it whole: {where}")
    _require(kept, f"mixed or lost: {where}")
    _require(left(place, output) == [], f"left behind {left(place, output)}: {where}")
    return f"status {run.returncode}"


def many_ended(place: Place, count: int, ending: signal.Signals, seed: int) -> None:
    """``ended_at_random`` many times."""
    chance, endings = random.Random(seed), []
    for number in range(count):
        endings.append(ended_at_random(place, number, ending, chance))
    print(f"{ending.name}: {count} runs, {', '.join(f'{endings.count(one)} x {one}' for one in sorted(set(endings)))}", flush=True)


def together(place: Place, count: int) -> None:
    """Two runs at once into one folder: both end well, and the folder holds the result of one of them."""
    old, new = contents(place.folder / "whole old"), contents(place.folder / "whole new")
    for number in range(count):
        output = place.folder / f"together {number}"
        both = [start(place, labels, output) for labels in (place.old, place.new)]
        told = [run.communicate(timeout=120)[1] for run in both]
        _require([run.returncode for run in both] == [0, 0] and told == ["", ""], f"two at once: {told}")
        found = contents(output)
        _require(is_whole(found, old) or is_whole(found, new), f"two at once are mixed: {sorted(found)}")
        _require(left(place, output) == [], f"left behind {left(place, output)}")
    print(f"two runs at once: {count} pairs, the folder held one result each time", flush=True)


def refused(run: subprocess.Popen, output: Path, words: str) -> str:
    """A run that has to end in status 2 with one sentence, and write nothing; gives the sentence."""
    _, err = run.communicate(timeout=120)
    _require(run.returncode == 2 and err.count("\n") == 1 and words in err, f"status {run.returncode}: {err}")
    _require(not output.is_dir() or not contents(output), f"{sorted(contents(output))} was written")
    return err.strip()


def with_file_limit(place: Place, limit_bytes: int) -> str:
    """A disk that takes no more of a file than ``limit_bytes``, as a quota or a FAT disk does."""
    output = place.folder / "limited"
    limit = (limit_bytes, resource.RLIM_INFINITY)
    return refused(
        start(place, place.new, output, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)), output, "can no longer"
    )


@contextmanager
def mounted(place: Place, options: str) -> Iterator[Path]:
    """A tmpfs of its own, for root."""
    target = place.folder / "mounted"
    target.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(target)], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", "--lazy", str(target)], check=True)


def disks(place: Place) -> None:
    """Full, small, read-only and mounted disks."""
    new = contents(place.folder / "whole new")
    with mounted(place, "size=100m") as disk:
        measured(place, place.new, disk)
        _require(is_whole(contents(disk), new) and left(place, disk) == [], "a mount point as output")
        (disk / "deep").mkdir()
        measured(place, place.new, disk / "deep" / "new")
        print("mount point as output: written", flush=True)
    with mounted(place, "size=10m") as disk:
        print("small disk:", refused(start(place, place.new, disk), disk, "MB free"), flush=True)
    with mounted(place, "size=100m") as disk:
        run = start(place, place.new, disk / "new")
        while run.poll() is None and not list(disk.glob(".lesionreading-*")):
            time.sleep(0.005)
        with suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"\0" * 1_000_000)
        print("disk that fills up meanwhile:", refused(run, disk / "new", "is full"), flush=True)
        _require([path.name for path in disk.iterdir()] == ["filler"], "scratch is left on a full disk")
    with mounted(place, "size=100m,ro") as disk:
        print("read-only disk:", refused(start(place, place.new, disk / "new"), disk / "new", "cannot be written"), flush=True)
    with mounted(place, "size=16k") as disk:
        output = place.folder / "without temporary"
        run = start(place, place.new, output, TMPDIR=str(disk))
        out, err = run.communicate(timeout=120)
        _require(run.returncode == 0 and err == "" and "could not be drawn" in out, f"full TMPDIR: {run.returncode} {out} {err}")
        print("full temporary folder: the report without the three-dimensional pictures, and a note", flush=True)


def memory(place: Place) -> None:
    """Less and less address space for ``hematoma-markers analyze``: done, or one sentence, or ended by a library; never half."""
    from HematomaMarkersLib.phantom.dicom import write_series
    from HematomaMarkersLib.phantom.patient import draw_head
    from LesionReadingLib.prediction import SMALLER_BATCHES

    head = draw_head(1012, size=512, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen")
    write_series(place.folder / "ct", head.hounsfield, head.grid)
    for megabytes in (4000, 2000, 1750, 1650, 1600, 1550, 1500, 1250, 1000, 500):
        output = place.folder / f"{megabytes} MB"
        command = [sys.executable, "-m", "HematomaMarkersLib", "analyze", str(place.folder / "ct"), "-o", str(output)]
        limit = (megabytes * 1_000_000,) * 2
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=environment("HematomaMarkersLib"),
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, limit),
        )
        told = [line for line in (run.stdout + run.stderr).splitlines() if "memory" in line.lower()]
        by_library = run.returncode == -signal.SIGABRT and not run.stderr  # one that cannot go on without memory
        told_in_a_line = run.returncode in (0, 2) and run.stderr.count("\n") == (run.returncode != 0)
        _require(by_library or told_in_a_line, f"{megabytes} MB: {run.returncode} {run.stderr}")
        _require(output.exists() == (run.returncode == 0), f"{megabytes} MB: half written")
        if run.returncode == 0:
            noted = (output / "report.html").read_text(encoding="utf-8").count(SMALLER_BATCHES)
            _require(noted == run.stdout.count(SMALLER_BATCHES) <= 1, f"{megabytes} MB: {noted} notes on smaller batches")
        print(f"{megabytes} MB of address space: status {run.returncode} {' '.join(told)}", flush=True)


def _require(kept: bool, what: str) -> None:
    if not kept:
        raise AssertionError(what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = ("kill", "cancel", "together", "disk", "memory")
    parser.add_argument("kinds", nargs="*", default=kinds, metavar="|".join(kinds))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    jobs = {
        "kill": lambda place: many_ended(place, chosen.count, signal.SIGKILL, chosen.seed),
        "cancel": lambda place: many_ended(place, chosen.count, signal.SIGTERM, chosen.seed),
        "together": lambda place: together(place, max(1, chosen.count // 5)),
        "disk": disks,
        "memory": memory,
    }
    for kind in chosen.kinds:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            jobs[kind](prepared(Path(folder) / "place"))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

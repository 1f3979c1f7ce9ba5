"""Faults of the machine, by hand: runs that are killed or cancelled at random moments, full disks, mount points, little memory.

    python Testing/faults.py [kill cancel together disk memory] [--count 50] [--seed 1] [--command oct-measure]

Every run is a real process of one of the commands (``fault_commands.py``), into a folder that holds an older result. After
each the folder must hold the old result whole or the new one whole, no process may be left, and nothing beside it; what a kill
leaves is looked for after the next run. ``disk`` needs to mount tmpfs, so it is for root. ``memory`` runs both ``analyze``. The
exit status is 1 where a promise was not kept. ``test_faults.py`` is the short form.
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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path[:0] = [str(Path(__file__).with_name("support"))]

from commands import environment  # noqa: E402
from fault_commands import COMMANDS, Place, left, measured, outliving, prepared, start  # noqa: E402

_LONGEST_RUN_S = 1800
CANCELLED = "Cancelled; nothing was written.\n"
BATCH_CANCELLED = "Cancelled; the studies that are done are kept, and the same command goes on with the others.\n"


def contents(folder: Path) -> dict[str, bytes]:
    """File -> bytes of a result, without scratch folders."""
    files = (path for path in folder.rglob("*") if path.is_file())
    held = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in held.items() if not name.startswith(".lesionreading-")}


def is_whole(found: dict[str, bytes], whole: dict[str, bytes], before: dict[str, bytes] | None = None) -> bool:
    """Whether a folder holds a result whole: the same files, the numbers equal byte by byte.

    Args:
        before: the result that it replaced, whose further pictures stay.
    """
    numbers = [name for name in whole if name.endswith((".json", ".csv", ".nrrd"))]
    others = {name for name in found.keys() - whole.keys() if before is None or not name.endswith(".png") or name not in before}
    return found.keys() >= whole.keys() and not others and all(found[name] == whole[name] for name in numbers)


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
        _, err = run.communicate(timeout=_LONGEST_RUN_S)
    found = contents(output)
    where = f"{ending.name} after {moment:.2f} s, status {run.returncode}, {err!r}, {sorted(found)}"
    kept = is_whole(found, new, old) or (is_whole(found, old) if not is_new else not found)
    if ending == signal.SIGTERM:
        _require(run.returncode in (0, 130, -signal.SIGTERM), where)
        _require(run.returncode == 0 or not is_whole(found, new, old), f"cancelled, but the new result is there: {where}")
        _require(run.returncode != 0 or is_whole(found, new, old), f"done, but the new result is not there: {where}")
        _require(err == (CANCELLED if run.returncode == 130 else ""), where)  # before Python runs, SIGTERM ends it by itself
    else:
        kept = kept or not {"report.html", "measurements.json"} & found.keys()  # while files moved: neither the one nor the other
        _require(not outliving(place), f"processes are left: {where}")
        measured(place, place.new, output)  # the next run
        _require(is_whole(contents(output), new, old), f"the next run did not make it whole: {where}")
    _require(kept, f"mixed or lost: {where}")
    _require(left(place, output) == [], f"left behind {left(place, output)}: {where}")
    return f"status {run.returncode}"


def batch_ended_at_random(place: Place, number: int, ending: signal.Signals, chance: random.Random) -> str:
    """End a batch at a random moment: the studies that it had done stay whole, and the next run does the others.

    Raises:
        AssertionError: a promise was not kept.
    """
    output, whole = place.folder / f"{ending.name} {number}", contents(place.folder / "whole new")
    run = start(place, place.new, output)
    try:
        _, err = run.communicate(timeout=chance.uniform(0, 1.1) * place.run_s)
    except subprocess.TimeoutExpired:
        run.send_signal(ending)
        _, err = run.communicate(timeout=_LONGEST_RUN_S)
    where = f"{ending.name}, status {run.returncode}, {err!r}"
    sentences = ("",) if run.returncode != 130 else (BATCH_CANCELLED, CANCELLED)  # the latter before the first study
    _require(run.returncode in (0, -ending, 130) and err in sentences, where)
    _require(not outliving(place), f"processes are left: {where}")
    found = contents(output)
    for study in {name.split("/")[0] for name in found if name.count("/") and "report.html" in name}:
        _require(is_whole(_below(found, study), _below(whole, study)), f"{study} is not whole: {where}")
    measured(place, place.new, output)
    found = contents(output)
    for study in {name.split("/")[0] for name in whole if name.count("/")}:
        _require(is_whole(_below(found, study), _below(whole, study)), f"the next run did not make {study} whole: {where}")
    _require(left(place, output) == [], f"left behind {left(place, output)}: {where}")
    return f"status {run.returncode}"


def _below(found: dict[str, bytes], study: str) -> dict[str, bytes]:
    return {name: content for name, content in found.items() if name.startswith(f"{study}/")}


def many_ended(place: Place, count: int, ending: signal.Signals, seed: int) -> None:
    """``ended_at_random`` many times."""
    chance, endings = random.Random(seed), []
    once = batch_ended_at_random if "batch" in place.command(place.new) else ended_at_random
    for number in range(count):
        endings.append(once(place, number, ending, chance))
    print(f"{ending.name}: {count} runs, {', '.join(f'{endings.count(one)} x {one}' for one in sorted(set(endings)))}", flush=True)


def together(place: Place, count: int) -> None:
    """Two runs at once into one folder: both end well, and the folder holds the result of one of them."""
    old, new = contents(place.folder / "whole old"), contents(place.folder / "whole new")
    for number in range(count):
        output = place.folder / f"together {number}"
        both = [start(place, labels, output) for labels in (place.old, place.new)]
        errors = [run.communicate(timeout=_LONGEST_RUN_S)[1] for run in both]
        _require([run.returncode for run in both] == [0, 0] and errors == ["", ""], f"two at once: {errors}")
        found = contents(output)
        _require(is_whole(found, old) or is_whole(found, new), f"two at once are mixed: {sorted(found)}")
        _require(left(place, output) == [], f"left behind {left(place, output)}")
    print(f"two runs at once: {count} pairs, the folder held one result each time", flush=True)


def refused(run: subprocess.Popen, output: Path, words: str) -> str:
    """A run that has to end in status 2 with one sentence, and write nothing; gives the sentence."""
    _, err = run.communicate(timeout=_LONGEST_RUN_S)
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
        out, err = run.communicate(timeout=_LONGEST_RUN_S)
        _require(run.returncode == 0 and err == "" and "could not be drawn" in out, f"full TMPDIR: {run.returncode} {out} {err}")
        print("full temporary folder: the report without the three-dimensional pictures, and a note", flush=True)


def memory(place: Place) -> None:
    """Less and less address space for both ``analyze``: each ends in a result or in one sentence."""
    from HematomaMarkersLib.phantom.dicom import write_series
    from HematomaMarkersLib.phantom.patient import draw_head
    from OCTCalciumLib.phantom.dicom import write_presentation
    from OCTCalciumLib.phantom.pullback import draw_pullback

    head = draw_head(1012, size=512, slice_mm=8.0, tilt_deg=0.0, volume_ml=24.0, location="putamen")
    write_series(place.folder / "ct", head.hounsfield, head.grid)
    write_presentation(place.folder / "oct.dcm", draw_pullback(11, 30, 512, 0.2))
    for megabytes in (6000, 4000, 3000, 2000, 1800, 1700, 1600, 1500, 1200, 500):
        _with_memory(place, megabytes, "HematomaMarkersLib", place.folder / "ct")
        _with_memory(place, megabytes, "OCTCalciumLib", place.folder / "oct.dcm")


def _with_memory(place: Place, megabytes: int, package: str, given: Path) -> None:
    from LesionReadingLib.model.prediction import SMALLER_BATCHES

    output = place.folder / f"{package} {megabytes} MB"
    run = subprocess.run(
        [sys.executable, "-m", package, "analyze", str(given), "-o", str(output)],
        capture_output=True,
        text=True,
        env=environment(package),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000,) * 2),
        timeout=_LONGEST_RUN_S,
    )
    where = f"{package}, {megabytes} MB of address space: status {run.returncode}"
    _require(run.returncode in (0, 2) and run.stderr.count("\n") == (run.returncode == 2), f"{where} {run.stderr}")
    _require(output.exists() == (run.returncode == 0), f"{where}, half written")
    if run.returncode == 0:
        noted = (output / "report.html").read_text(encoding="utf-8").count(SMALLER_BATCHES)
        _require(noted == run.stdout.count(SMALLER_BATCHES) <= 1, f"{where}, {noted} notes on smaller batches")
    lines = [line for line in (run.stdout + run.stderr).splitlines() if "memory" in line.lower()]
    print(f"{where} {' '.join(lines)}", flush=True)


def _require(kept: bool, what: str) -> None:
    if not kept:
        raise AssertionError(what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = ("kill", "cancel", "together", "disk", "memory")
    parser.add_argument("kinds", nargs="*", default=kinds, metavar="|".join(kinds))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", default="oct-measure", choices=COMMANDS, help="that is killed and cancelled")
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
            jobs[kind](prepared(Path(folder) / "place", chosen.command))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

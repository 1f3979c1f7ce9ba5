"""Broken and hostile inputs by the thousand: each ends in 0 or 2, in time, in one line, and what is read is what the file holds.

    python Testing/fuzz.py --seed 7 --count 3000 [--keep FOLDER]
    python Testing/fuzz.py --kind dicom seg nifti nrrd meta picture folder zip rules bundle reading csv array weights words
    python Testing/fuzz.py --kind whole --count 50               # whole commands, with their reports: slow
    python Testing/fuzz.py --seed 7 --first 1234 --count 1       # one case again

Each case is a file of ours, broken by its number, in a process of its own with a limit of time and of memory.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import shutil
import signal
import stat
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from random import Random

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / folder)
    for folder in (
        ".",
        "LesionReading",
        "OCTCalcium",
        "HematomaMarkers",
        "Testing",
        "Testing/support",
        "Testing/support/drawn",
        "Testing/support/files",
    )
]

from fuzzing.files.drawn import draw  # noqa: E402
from fuzzing.jobs.head import keep_scan  # noqa: E402
from fuzzing.jobs.jobs import JOBS  # noqa: E402
from fuzzing.mutations.mutate import mutate  # noqa: E402
from fuzzing.readers.volumes import Wrong  # noqa: E402
from fuzzing.subject import CT, Subject  # noqa: E402

CPU_S, WALL_S = 10, 400  # the machine may be busy with other things
MEMORY_BYTES = 2 << 30  # beyond what the parent has
_WRONG = 3
_MOST_KEPT_BYTES = 50_000_000


@dataclass(frozen=True)
class Outcome:
    """How a case ended: ``problem`` is empty where it ended as it should."""

    status: int
    printed: str
    problem: str
    seconds: float


def run_case(subject: Subject, given: Path, errors: Path) -> Outcome:
    """Run a job on a file in a process of its own."""
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_the_case(subject, given, errors)
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() - begin > WALL_S:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    seconds = time.monotonic() - begin
    printed = errors.read_text(errors="replace")
    lines = [line for line in printed.splitlines() if line.strip()]
    status = os.waitstatus_to_exitcode(done[1])
    problem = ""
    if status < 0:
        problem = f"ended by signal {-status}" + (" (hang)" if -status in (signal.SIGXCPU, signal.SIGKILL) else "")
    elif status not in (0, 2):
        problem = f"status {status}: {lines[-1] if lines else ''}"
    elif status == 2 and len(lines) != 1:
        problem = f"{len(lines)} lines on standard error"
    elif status == 2 and any(ord(sign) < 32 for sign in lines[0]):
        problem = "control characters on standard error"
    elif status == 0 and lines:
        problem = f"status 0, but on standard error: {lines[0]}"
    return Outcome(status, printed, problem, seconds)


def _become_the_case(subject: Subject, given: Path, errors: Path) -> None:
    """Never comes back."""
    from LesionReadingLib.worker import run_and_report

    status = 1
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            status = run_and_report(lambda report: JOBS[subject.job](given))
            if "Wrong" in errors.read_text(errors="replace"):
                status = _WRONG
        except Wrong:
            status = _WRONG
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def warm() -> None:
    """Load everything once, before the first process is made, so that a case takes milliseconds."""
    import drawn_bleed  # noqa: F401
    import highdicom  # noqa: F401
    import pydicom.pixels  # noqa: F401
    import SimpleITK as sitk
    from PIL import Image

    import training.engine.loop  # noqa: F401

    Image.init()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def load_what_is_used(drawn: Path, subjects: list[Subject]) -> None:
    """Import what each job imports, found by running it once in a process of its own, so that no case has to."""
    for subject in {subject.job: subject for subject in subjects}.values():
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            before = set(sys.modules)
            with suppress(BaseException), open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
                JOBS[subject.job](drawn / subject.folder / (subject.given or subject.file))
            os.write(writing, "\n".join(sorted(set(sys.modules) - before)).encode())
            os._exit(0)
        os.close(writing)
        with open(reading, encoding="utf-8") as names:
            for name in names.read().split("\n"):
                with suppress(ImportError):
                    importlib.import_module(name or "sys")
        os.waitpid(child, 0)


def _drawn(folder: Path) -> list[Subject]:
    """Files drawn in a process of its own, as ITK's threads do not survive a fork."""
    folder.mkdir()
    listed = folder / "subjects.json"
    child = os.fork()
    if child == 0:
        try:
            listed.write_text(json.dumps([astuple(subject) for subject in draw(folder)]))
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    if not listed.exists():
        raise SystemExit("The files could not be drawn.")
    return [Subject(*values) for values in json.loads(listed.read_text())]


def main() -> int:
    """Run the cases and tell what went wrong; 1 where anything did."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--kind", nargs="*", default=None)
    parser.add_argument("--unbroken", action="store_true", help="before, every file once as it was drawn; all must be read")
    parser.add_argument("--keep", type=Path, help="folder for the inputs of cases that went wrong")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        return _run(chosen, Path(scratch))


def _run(chosen: argparse.Namespace, scratch: Path) -> int:
    warm()
    subjects = _drawn(scratch / "drawn")
    subjects = [subject for subject in subjects if subject.kind in (chosen.kind or (subject.kind,) * (subject.kind != "whole"))]
    keep_scan(scratch / "drawn" / CT)
    load_what_is_used(scratch / "drawn", subjects)
    wrong = 0
    if chosen.unbroken:
        refused = [name for name in map(partial(_unbroken, scratch), subjects) if name]
        print(f"{len(subjects)} sound files: {len(subjects) - len(refused)} read.", *refused, sep="\n")
        wrong = len(refused)
    return bool(wrong + _broken(chosen, scratch, subjects))


def _unbroken(scratch: Path, subject: Subject) -> str:
    """Read a file as it was drawn; gives its name and what went wrong, or nothing."""
    outcome = _case(scratch, subject, lambda target: "")[0]
    if outcome.status == 0 and not outcome.problem:
        return ""
    return f"{subject.folder}/{subject.file}: {outcome.problem or outcome.printed}"


def _case(scratch: Path, subject: Subject, broken: Callable[[Path], str]) -> tuple[Outcome, str]:
    """Run a copy of a file through its job, after ``broken`` worked on it; gives how it ended and what was done to it."""
    case = scratch / "case"
    shutil.rmtree(case, ignore_errors=True)
    shutil.copytree(scratch / "drawn" / subject.folder, case)
    target = case / subject.file
    change = broken(target)
    return run_case(subject, case / subject.given if subject.given else target, scratch / "errors"), change


def _broken(chosen: argparse.Namespace, scratch: Path, subjects: list[Subject]) -> int:
    """Run the broken files and tell what went wrong; gives how many did."""
    ended: Counter[str] = Counter()
    wrong, slowest = 0, (0.0, "")
    for number in range(chosen.first, chosen.first + chosen.count):
        random = Random(f"{chosen.seed} {number}")
        subject = random.choice(subjects)
        outcome, change = _case(scratch, subject, partial(mutate, random, kind=subject.kind))
        name = f"{number} {subject.kind} {subject.folder}/{subject.file} [{change}]"
        ended[f"{subject.kind} {outcome.status}"] += 1
        slowest = max(slowest, (outcome.seconds, name))
        if outcome.problem:
            wrong += 1
            print(f"{name}: {outcome.problem}", flush=True)
            _keep(chosen.keep, scratch / "case", f"{chosen.seed}-{number}", f"{name}\n{outcome.problem}\n{outcome.printed}")
    accepted = sum(count for end, count in ended.items() if end.endswith(" 0"))
    print(f"{chosen.count} cases of seed {chosen.seed}: {accepted} read, {chosen.count - accepted - wrong} refused, {wrong} wrong.")
    print(f"{', '.join(f'{end}: {count}' for end, count in sorted(ended.items()))}; slowest {slowest[0]:.1f} s ({slowest[1]}).")
    return wrong


def _keep(folder: Path | None, case: Path, name: str, text: str) -> None:
    """Copy the input of a case that went wrong, with what it said; links as links, and no pipes nor files as large as a disk."""
    if folder is None:
        return

    def not_copied(place: str, names: list[str]) -> list[str]:
        found = {name: os.lstat(os.path.join(place, name)) for name in names}
        kinds = (stat.S_ISDIR, stat.S_ISLNK, stat.S_ISREG)
        return [
            name for name, one in found.items() if one.st_size > _MOST_KEPT_BYTES or not any(is_a(one.st_mode) for is_a in kinds)
        ]

    shutil.copytree(case, folder / name, symlinks=True, ignore=not_copied, dirs_exist_ok=True)
    (folder / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    sys.exit(main())

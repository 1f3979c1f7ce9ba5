"""A few hundred broken and hostile inputs of fixed seeds, each in a process of its own (``fuzz.py`` runs thousands by hand)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).with_name("fuzz.py")


def test_broken_files_are_refused_in_one_line_or_read_as_what_they_hold():
    done = subprocess.run([sys.executable, FUZZ, "--seed", "11", "--count", "300"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 cases" in done.stdout


def test_every_sound_file_that_the_fuzzer_breaks_can_be_read():
    done = subprocess.run([sys.executable, FUZZ, "--unbroken"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

"""Every sound file of the fuzzer, and a few hundred broken ones of a fixed seed (``fuzz.py`` runs thousands by hand)."""

from __future__ import annotations

import subprocess
import sys

from places import TESTING

FUZZ = TESTING / "fuzz.py"


def test_sound_files_are_read_and_broken_ones_refused_in_one_line_or_read_as_what_they_hold():
    done = subprocess.run([sys.executable, FUZZ, "--unbroken", "--seed", "11", "--count", "300"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "300 cases" in done.stdout and "130 sound files: 130 read" in done.stdout

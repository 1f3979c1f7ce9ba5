"""Stands for an analysis in tests of batches; other processes import it by its name."""

from __future__ import annotations

import json
from pathlib import Path

from LesionReadingLib.errors import Cancelled, InputError


def measured(source, output, report, **options):
    """Stands for an analysis: the number in the file is its result; some files are no good."""
    report.progress("infer", "Reading", 0, 1)
    text = Path(source).read_text()
    if text == "bad":
        raise InputError(f"{source} is damaged; export {source.name} again.", "damaged")
    if text == "fault":
        raise ValueError(f"patient of {source}")
    if text == "stop":
        raise Cancelled
    output.mkdir()
    (output / "measurements.json").write_text(json.dumps({"volume_mm3": float(text)}))

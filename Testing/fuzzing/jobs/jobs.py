"""What the fuzzer runs on a file: by the name of each job."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from fuzzing.jobs.head import head_batch, head_ct, head_label, head_pictures, head_whole
from fuzzing.jobs.kept import ROOM_JOBS
from fuzzing.jobs.oct import oct_batch, oct_dicom, oct_label, oct_named, oct_pictures, oct_pullback, oct_seg, oct_volume, oct_whole
from fuzzing.readers.volumes import Wrong


def rules(path: Path) -> None:
    """Read the limits of a triage and say them."""
    from HematomaMarkersLib.triage.rules import read_rules, rule_in_words

    rule_in_words(read_rules(path))


def bundle(path: Path) -> None:
    """Read a bundle, without its network."""
    from LesionReadingLib.model.bundle import described_bundle

    described_bundle(path, "oct-calcium").summary()


def reading(path: Path) -> None:
    """Read a kept reading with its heat maps; its numbers are finite and those that the file states."""
    from HematomaMarkersLib.labels import MARKERS
    from HematomaMarkersLib.model.kept_reading import read_kept_reading, read_volumes

    volumes = read_volumes(path)
    kept = read_kept_reading(path, (3, 4, 5), is_own=True)
    for marker in MARKERS:
        kept.heat(marker)
    stated = json.loads((path / "measurements.json").read_text())
    own = [*volumes, *(kept.thresholds[marker] for marker in MARKERS), *(kept.probabilities[marker] for marker in MARKERS)]
    wanted = [stated["volume_ml"], stated["ivh_ml"], *(stated["thresholds"][marker] for marker in MARKERS)]
    wanted += [stated["markers"][marker]["probability"] for marker in MARKERS]
    if own != wanted or not np.isfinite([number for number in own if number is not None]).all():
        raise Wrong(f"numbers {own} where {wanted} are stated")


JOBS = {
    job.__name__: job
    for job in (
        oct_label,
        oct_named,
        oct_seg,
        oct_volume,
        oct_pullback,
        oct_pictures,
        oct_dicom,
        oct_batch,
        oct_whole,
        head_ct,
        head_pictures,
        head_label,
        head_batch,
        head_whole,
        rules,
        bundle,
        reading,
        *ROOM_JOBS,
    )
}

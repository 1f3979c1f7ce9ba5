"""What the fuzzer breaks."""

from __future__ import annotations

from dataclasses import dataclass

CT = "head/series"


@dataclass(frozen=True)
class Subject:
    """What is broken, and how it is read.

    Attributes:
        kind: as ``--kind`` takes it. folder: that is copied for a case, below the drawn ones. file: in it, that is broken.
        given: what is named to the reader, in the copy; the file itself where empty.
        job: of ``fuzzing.jobs.jobs.JOBS``.
    """

    kind: str
    folder: str
    file: str
    job: str
    given: str = ""

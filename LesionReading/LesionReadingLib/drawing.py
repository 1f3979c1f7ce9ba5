"""matplotlib as it comes, whatever lies in the folder that a run is started in."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def keep_strange_styles_out() -> None:
    """Import matplotlib without the ``matplotlibrc`` of the current folder, which it would obey, or fail on, before any other.

    To be called before anything else imports it (MONAI does). Costs nothing where there is no such file.
    """
    with contextlib.suppress(ImportError, OSError):
        if os.path.lexists("matplotlibrc"):
            with contextlib.chdir(Path(__file__).parent):
                import matplotlib  # noqa: F401

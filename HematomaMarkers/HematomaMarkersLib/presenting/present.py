"""Everything that is written for a reader: tables, pictures and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from LesionReadingLib.language import _, language
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.drawing import NO_FONT, picture_language
from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions
from LesionReadingLib.presenting.study import study_of

from ..triage.decision import Triage
from ..triage.rules import Rules
from .case import Case
from .first_screen import SHIPPED_CONSEQUENCES
from .pictures import draw_pictures
from .report import write_report
from .scrolling import scroll_of
from .tables import write_markers, write_slices

if TYPE_CHECKING:
    from ..growth.expansion import Growth
    from ..measurement.scan import ScanMeasurement
    from ..model.kept_reading import KeptReading
    from ..model.prediction import Prediction
    from ..reading.scan import Scan


def present(
    folder: Path,
    scan: Scan | None,
    labels: np.ndarray,
    measurement: ScanMeasurement,
    prediction: Prediction | KeptReading | None,
    growth: Growth | None,
    prior: tuple[Scan, np.ndarray] | None,
    triage: Triage,
    model: Mapping[str, Any] | None,
    log: Callable[[str], None] = lambda sentence: None,
    options: PageOptions = USUAL_PAGE,
    rules: Rules | None = None,
) -> list[Path]:
    """Write tables (CSV), pictures (PNG) and ``report.html``.

    Args:
        folder: where to write; it exists.
        scan, labels, measurement, prediction: as in ``Case``.
        growth: since an earlier scan; None where there is none.
        prior: that scan and its labels (slices, rows, columns); None where only its volumes are known.
        triage: the decision.
        model: what the bundle says of itself (``Bundle.summary``); None where no network took part.
        log: is told, in a sentence, what could not be drawn.
        options: how the page is written. rules: of the decision; the shipped ones where None.

    Returns:
        the files that were written.
    """
    case = Case(scan, labels, measurement, prediction)
    tables = [folder / "slices.csv", folder / "markers.csv"]
    write_slices(tables[0], measurement, prediction)
    write_markers(tables[1], measurement, prediction)
    pictures = draw_pictures(folder, case, growth, prior)
    if picture_language() != language():
        log(_(NO_FONT))
    if scan is None:
        log(_("The pictures show contours only: no scan was given with the label map."))
    report = folder / "report.html"
    scroll = scroll_of(case, growth, prior) if options.scroll else None
    study = study_of(scan.files if scan else (), labels if scan is None else scan.hounsfield, options.identity)
    texts = Consequences(SHIPPED_CONSEQUENCES, options.consequences)
    write_report(report, case, growth, triage, pictures, model, rules, study, scroll, texts)
    return [report, *tables, *pictures.files]

"""Everything that is written for a reader: tables, pictures and the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from LesionReadingLib.language import _, language
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.drawing import NO_FONT, picture_language
from LesionReadingLib.presenting.options import USUAL_PAGE, PageOptions
from LesionReadingLib.presenting.study import study_of

from ..triage.rules import Rules
from .case import Case
from .first_screen import SHIPPED_CONSEQUENCES
from .pictures import draw_pictures
from .report import write_report
from .scrolling import scroll_of
from .tables import write_markers, write_slices


def present(
    folder: Path,
    case: Case,
    rules: Rules,
    *,
    page: PageOptions = USUAL_PAGE,
    log: Callable[[str], None] = lambda sentence: None,
) -> list[Path]:
    """Write tables (CSV), pictures (PNG) and ``report.html``.

    Args:
        folder: where to write; it exists.
        case: what is shown. rules: of the decision.
        page: how the page is written.
        log: is given, in a sentence, what could not be drawn.

    Returns:
        the files that were written.
    """
    scan = case.scan
    tables = [folder / "slices.csv", folder / "markers.csv"]
    write_slices(tables[0], case.findings)
    write_markers(tables[1], case.findings)
    pictures = draw_pictures(folder, case)
    if picture_language() != language():
        log(_(NO_FONT))
    if scan is None:
        log(_("The pictures show contours only: no scan was given with the label map."))
    report = folder / "report.html"
    write_report(
        report,
        case,
        pictures,
        rules=rules,
        study=study_of(scan.files if scan else (), case.labels if scan is None else scan.hounsfield, page.identity),
        consequences=Consequences(SHIPPED_CONSEQUENCES, page.consequences),
        scroll=scroll_of(case) if page.scroll else None,
    )
    return [report, *tables, *pictures.files]

"""What the module does with a head CT of a worklist: find, analyse, load, begin by hand."""

from collections.abc import Callable
from pathlib import Path

from HematomaMarkersLib.labels import TASK
from HematomaMarkersLib.reading.upright import straightened
from LesionReadingLib.studies.batch.records import Study
from LesionReadingPanel.model_selector import ModelSelector
from LesionReadingPanel.worklist.study_on_view import StudyKind
from LesionReadingScene.scene import result_json, result_node
from slicer.i18n import tr as _

from . import scan_results
from .ct_nodes import addStraight
from .gain_text import gainText


def headStudies(models: ModelSelector, window: Callable[[], tuple[float, float]], choose: Callable) -> StudyKind:
    """What a worklist does with head CTs.

    Args:
        models: the panel's, whose choice analyses. window(): that of the panel, in HU.
        choose(volume): show a volume node in the panel, None for nothing.
    """

    def arguments(study: Study, output: Path) -> list[str]:
        series, model, (low, high) = study.options.get("series"), models.currentModel(), window()
        asked = [*(["--series", series] if series else []), *(["--model", model] if model else [])]
        return ["analyze", str(study.source), "-o", str(output), "--upright", "--window", f"{low:g}", f"{high:g}", *asked]

    return StudyKind(
        task=TASK,
        package="HematomaMarkersLib",
        segments=_segments,
        find=_find,
        arguments=arguments,
        model=models.nameAndVersion,
        read=_read,
        add=lambda read: addStraight(*read, _("Head CT")),
        take=lambda folder, volume, model: scan_results.loadReading(folder / "out", volume, None, window()),
        byHand=lambda volume: scan_results.startByHand(volume, window()),
        segmentation=lambda result: result_node(result, scan_results.SEGMENTATION),
        drawnBy=lambda result: result_json(result, scan_results.NETWORK, {}).get("model", {}).get("name", ""),
        choose=choose,
        adapt=("hematoma", "adapt"),
        gainText=gainText,
        sliceTitle=_("Slice"),
        sliceWord="slice",
        volumeUnit="mL",
    )


def _segments():
    from HematomaMarkersLib.segments import SEGMENTS

    return SEGMENTS


def _find(folder: Path, output: Path) -> list[Study]:
    from HematomaMarkersLib.batch import find_scans

    return find_scans(folder, output)


def _read(study: Study):
    from HematomaMarkersLib.reading.read import open_scan

    scan = open_scan(study.source, study.options.get("series"))
    return scan, straightened(scan)

"""What the module does with a pullback of a worklist: find, analyse, load, begin by hand."""

from collections.abc import Callable
from pathlib import Path

from LesionReadingLib.studies.batch.records import Study
from LesionReadingPanel.model_selector import ModelSelector
from LesionReadingPanel.worklist.study_on_view import StudyKind
from LesionReadingScene import scene
from OCTCalciumLib.labels import TASK
from slicer.i18n import tr as _

from . import pullback_results
from .gain_text import gainText
from .pullback_nodes import addFrames, framesOf


def pullbackStudies(models: ModelSelector, choose: Callable) -> StudyKind:
    """What a worklist does with pullbacks.

    Args:
        models: the panel's, whose choice analyses. choose(volume): show a volume node in the panel, None for nothing.
    """

    def arguments(study: Study, output: Path) -> list[str]:
        model = models.currentModel()
        return ["analyze", str(study.source), "-o", str(output), *(["--model", model] if model else [])]

    return StudyKind(
        task=TASK,
        package="OCTCalciumLib",
        segments=_segments,
        find=_find,
        arguments=arguments,
        model=models.nameAndVersion,
        read=_read,
        add=_add,
        take=pullback_results.takeRun,
        byHand=pullback_results.startByHand,
        segmentation=pullback_results.segmentationOf,
        drawnBy=lambda result: scene.result_json(result, pullback_results.MODEL, ""),
        choose=choose,
        adapt=("oct", "adapt"),
        gainText=gainText,
        sliceTitle=_("Frame"),
        sliceWord="frame",
        volumeUnit="mm³",
    )


def _segments():
    from OCTCalciumLib.segments import SEGMENTS

    return SEGMENTS


def _find(folder: Path, output: Path) -> list[Study]:
    from OCTCalciumLib.batch import find_pullbacks

    return find_pullbacks(folder, output)


def _read(study: Study):
    from OCTCalciumLib.reading.read import open_pullback

    pullback = open_pullback(study.source)
    return pullback, framesOf(pullback)


def _add(read):
    return addFrames(*read, _("OCT pullback"))

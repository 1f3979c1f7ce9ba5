"""The study of a worklist that is on view: its nodes in the scene, and what its reader makes of it, kept beside the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from LesionReadingLib.labels.label_map import Segment
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies.batch_records import Study
from LesionReadingLib.studies.reader_edits import edit_of, save_edit
from LesionReadingLib.studies.worklist import MEASUREMENTS, Item, model_of
from LesionReadingScene import scene


@dataclass(frozen=True)
class StudyKind:
    """What a module does with a study.

    Attributes:
        task: of its models. package: whose command line analyses. segments(): of its label maps.
        find(folder, output): the studies below a folder.
        arguments(study, output): of the command line that analyses one. model(): name and version of the model that does.
        load(study): the volume node of a study.
        take(folder, volume, model): the result node of what a model, by its name, has drawn.
        byHand(volume): an empty result node. segmentation(result): its node.
        choose(volume): show it in the panel, None for nothing.
    """

    task: str
    package: str
    segments: Callable[[], Sequence[Segment]]
    find: Callable[[Path, Path], list[Study]]
    arguments: Callable[[Study, Path], list[str]]
    model: Callable[[], tuple[str, str]]
    load: Callable[[Study], Any]
    take: Callable[[Path, Any, str], Any]
    byHand: Callable[[Any], Any]
    segmentation: Callable[[Any], Any]
    choose: Callable[[Any], None]


class StudyOnView:
    """Loads a study, and keeps what is made of it.

    Attributes:
        exported: whether the study on view was exported for training.
    """

    def __init__(self, kind: StudyKind) -> None:
        self._kind = kind
        self._volume = self._result = None
        self.exported = False

    def open(self, item: Item, reader: str) -> None:
        """Load a study: what the model drew, or nothing, and on top what this reader has made of it before.

        Raises:
            InputError: the study or its results cannot be read; the scene is as it was.
        """
        volume = self._kind.load(item.study)
        try:
            analysed = (item.result / MEASUREMENTS).exists()
            result = self._kind.take(item.folder, volume, model_of(item)[0]) if analysed else self._kind.byHand(volume)
            self._volume, self._result = volume, result
            edit = edit_of(item.folder, reader)
            if edit is not None:
                self._apply(edit)
            self.exported = edit is not None and edit.exported
        except BaseException:
            self._volume, self._result = volume, scene.result_of(volume, self._kindOfResult())
            self.close()
            raise
        self._kind.choose(volume)

    def save(self, item: Item, reader: str) -> None:
        """Keep labels and reviewed marks.

        Raises:
            InputError: they cannot be kept, or the nodes were removed.
        """
        labels, grid = self._labels(), scene.measured_grid(self._volume)
        changed = scene.corrected(self._result, labels)
        save_edit(
            item.folder,
            reader,
            lambda file: write_seg_nrrd(file, labels, grid, self._kind.segments()),
            model=" ".join(model_of(item)).strip(),
            reviewed=scene.reviewed(self._result),
            count=len(labels),
            changed=range(len(labels)) if changed is None else changed,
            exported=self.exported,
        )

    def close(self) -> None:
        """Take the study out of the scene."""
        self._kind.choose(None)
        for node in (self._result, self._volume):
            if node is not None and slicer.mrmlScene.IsNodePresent(node):
                scene.remove_result(node) if node is self._result else slicer.mrmlScene.RemoveNode(node)
        self._volume = self._result = None

    def _labels(self) -> np.ndarray:
        return scene.labels_of(self._kind.segmentation(self._result), self._volume, self._kind.segments())

    def _apply(self, edit) -> None:
        segments = self._kind.segments()
        kept = scene.load_segmentation(edit.labels, self._volume, "edit", segments)
        try:
            labels = scene.labels_of(kept, self._volume, segments)
        finally:
            slicer.mrmlScene.RemoveNode(kept)
        scene.replace_labels(self._kind.segmentation(self._result), self._volume, labels, segments)
        scene.set_reviewed(self._result, edit.reviewed, True)

    def _kindOfResult(self) -> str:
        return self._kind.package.removesuffix("Lib")

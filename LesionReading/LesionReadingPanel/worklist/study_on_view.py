"""The study of a worklist that is on view: its nodes in the scene, and what its reader makes of it, kept beside the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import Segment
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies.autosave import Autosave, autosave_of, drop_autosave
from LesionReadingLib.studies.batch_records import Study
from LesionReadingLib.studies.reader_edits import edit_of, save_edit
from LesionReadingLib.studies.worklist import MEASUREMENTS, Item, model_of
from LesionReadingScene import scene
from slicer.i18n import tr as _


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
        adapt: the command of ``python -m training`` that fine-tunes a model on exported cases. gainText(figures): what that gained
            on cases that were left out, in a few sentences, of the figures that it writes into the new bundle.
        sliceTitle: what a slice is called, as a table's title; sliceWord: in files, in English. volumeUnit: of its volumes.
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
    adapt: tuple[str, ...]
    gainText: Callable[[dict], str]
    sliceTitle: str
    sliceWord: str
    volumeUnit: str


class StudyOnView:
    """Loads a study, and keeps what is made of it.

    Attributes:
        exported: whether the study on view was exported for training.
        volume: the volume node of the study on view; None where there is none.
        restored: when what a crash had left of it was kept (local time, text); empty where nothing was left.
    """

    def __init__(self, kind: StudyKind) -> None:
        self._kind = kind
        self.volume = None
        self.exported, self.restored = False, ""

    @property
    def result(self):
        """The result node of the study on view, an analysis in the panel may have replaced the one that was opened; or None."""
        there = self.volume is not None and slicer.mrmlScene.IsNodePresent(self.volume)
        return scene.result_of(self.volume, self._kindOfResult()) if there else None

    @property
    def isWhole(self) -> bool:
        """Whether the nodes of the study on view are all still there."""
        return self.result is not None and self._kind.segmentation(self.result) is not None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns) of the study on view."""
        return scene.volume_array(self.volume).shape

    def open(self, item: Item, reader: str) -> None:
        """Load a study: what the model drew, or nothing, and on top what this reader has made of it before, and a crash has left.

        Raises:
            InputError: the study or its results cannot be read; the scene is as it was.
        """
        volume = self._kind.load(item.study)
        try:
            analysed = (item.result / MEASUREMENTS).exists()
            if analysed:
                self._kind.take(item.folder, volume, model_of(item)[0])
            else:
                self._kind.byHand(volume)
            self.volume = volume
            edit = edit_of(item.folder, reader)
            if edit is not None:
                self._apply(edit)
            self.exported = edit is not None and edit.exported
            left = autosave_of(item.folder, reader, self.shape)
            if left is not None:
                self._restore(left)
            else:
                drop_autosave(item.folder, reader)  # slices of another label map must not mix with new ones
            self.restored = left.saved if left is not None else ""
        except BaseException:
            self.volume = volume
            self.close()
            raise
        self._kind.choose(volume)

    def save(self, item: Item, reader: str) -> None:
        """Keep labels and reviewed marks.

        Raises:
            InputError: they cannot be kept, or the nodes were removed.
        """
        if not self.isWhole:
            raise InputError(
                _("Nodes of this study were removed from the scene; open it again, what was kept last lies beside the data.")
            )
        labels, grid = self._labels(), scene.measured_grid(self.volume)
        changed = scene.corrected(self.result, labels)
        save_edit(
            item.folder,
            reader,
            lambda file: write_seg_nrrd(file, labels, grid, self._kind.segments()),
            model=" ".join(model_of(item)).strip(),
            reviewed=scene.reviewed(self.result),
            count=len(labels),
            changed=range(len(labels)) if changed is None else changed,
            exported=self.exported,
        )
        drop_autosave(item.folder, reader)

    def close(self) -> None:
        """Take the study out of the scene."""
        self._kind.choose(None)
        if self.result is not None:
            scene.remove_result(self.result)
        if self.volume is not None and slicer.mrmlScene.IsNodePresent(self.volume):
            slicer.mrmlScene.RemoveNode(self.volume)
        self.volume = None

    def _labels(self) -> np.ndarray:
        return scene.labels_of(self._kind.segmentation(self.result), self.volume, self._kind.segments())

    def _apply(self, edit) -> None:
        segments = self._kind.segments()
        kept = scene.load_segmentation(edit.labels, self.volume, "edit", segments)
        try:
            labels = scene.labels_of(kept, self.volume, segments)
        finally:
            slicer.mrmlScene.RemoveNode(kept)
        self._replace(labels)
        scene.set_reviewed(self.result, edit.reviewed, True)

    def _restore(self, left: Autosave) -> None:
        labels = self._labels()
        for number, changed in left.slices.items():
            labels[number] = changed
        self._replace(labels)
        scene.set_reviewed(self.result, scene.reviewed(self.result) - left.reviewed, False)
        scene.set_reviewed(self.result, left.reviewed, True)

    def _replace(self, labels: np.ndarray) -> None:
        scene.replace_labels(self._kind.segmentation(self.result), self.volume, labels, self._kind.segments())

    def _kindOfResult(self) -> str:
        return self._kind.package.removesuffix("Lib")

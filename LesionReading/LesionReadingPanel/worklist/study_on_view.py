"""The study of a worklist that is on view: its nodes in the scene, and what its reader makes of it, kept beside the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import slicer
import slicer.util
from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import LabelMap, Segment
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
from LesionReadingLib.studies.autosave import Autosave, autosave_of, drop_autosave
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.studies.reader_edits import Edit, edit_of, has_damaged_edit, save_edit, set_aside
from LesionReadingLib.studies.worklist import Item, check_there, make_folder, map_of, model_of
from LesionReadingScene import scene
from slicer.i18n import tr as _

from ..aside import aside, turn
from .autosaving import Followed


@dataclass(frozen=True)
class StudyKind:
    """What a module does with a study.

    Attributes:
        task: of its models. package: whose command line analyses. segments(): of its label maps.
        find(folder, output): the studies below a folder.
        arguments(study, output): of the command line that analyses one. model(): name and version of the model that does.
        read(study): what its files hold; called in a thread. add(read): that as a volume node.
        take(folder, volume, model): the result node of what a model, by its name, has drawn.
        byHand(volume): an empty result node. segmentation(result): its node. drawnBy(result): the model's name; empty by hand.
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
    read: Callable[[Study], Any]
    add: Callable[[Any], Any]
    take: Callable[[Path, Any, str], Any]
    byHand: Callable[[Any], Any]
    segmentation: Callable[[Any], Any]
    drawnBy: Callable[[Any], str]
    choose: Callable[[Any], None]
    adapt: tuple[str, ...]
    gainText: Callable[[dict], str]
    sliceTitle: str
    sliceWord: str
    volumeUnit: str


@dataclass(frozen=True, eq=False)
class _Stored:
    """What the files of a study hold.

    Attributes:
        images: as the module's ``read`` gives them. drawn: which map a model has drawn. edit: this reader's, with its labels.
    """

    images: Any
    drawn: str
    edit: Edit | None
    labels: LabelMap | None


class StudyOnView:
    """Loads a study, and keeps what is made of it.

    Attributes:
        exported: whether the study on view was exported for training.
        volume: the volume node of the study on view; None where there is none.
        notice: what a reader must know of the study that was opened, sentences; empty where nothing.
    """

    def __init__(self, kind: StudyKind) -> None:
        self._kind = kind
        self._drawn, self._isEdit = "", False  # what of a model's lies beneath, and whether this reader's edit lies above it
        self.volume = self._result = None
        self.exported, self.notice = False, ""
        self._writing = Lock()  # a study that is left while its edit is written is kept after that, not beside it

    @property
    def result(self):
        """The result node of the study on view, an analysis in the panel may have replaced the one that was opened; or None."""
        there = self.volume is not None and slicer.mrmlScene.IsNodePresent(self.volume)
        if there:
            self._result = scene.result_of(self.volume, self._kindOfResult())
        return self._result if there else None

    @property
    def isWhole(self) -> bool:
        """Whether the nodes of the study on view are all still there."""
        return self.result is not None and self._kind.segmentation(self.result) is not None

    def followed(self, item: Item, reader: str) -> Followed:
        """The study on view for ``Autosaving``."""
        return Followed(item, reader, self.result, scene.volume_array(self.volume).shape, self._drawn)

    def open(self, item: Item, reader: str) -> None:
        """Load a study: what the model drew, or nothing, and on top what this reader has made of it before, and a crash has left.

        Where a model has drawn it anew since, that is offered and laid over nothing unasked.

        Raises:
            InputError: the study or its results cannot be read, or its nodes were removed meanwhile; the scene is as it was.
        """
        stored = aside(lambda: self._stored(item, reader))
        volume = self.volume = self._kind.add(stored.images)
        try:
            turn()
            _checkThere(slicer.mrmlScene.IsNodePresent(volume))
            self._result = self._take(item) if item.is_analysed else self._kind.byHand(volume)
            self._drawn = stored.drawn
            turn()
            _checkThere(self.isWhole)
            self._layOver(item, reader, stored)
            turn()
            _checkThere(self.isWhole)
            self._kind.choose(volume)
            _checkThere(self.isWhole)
        except BaseException:
            self.close()
            raise

    def save(self, item: Item, reader: str) -> None:
        """Keep labels, reviewed marks and the reader's judgement as they are now.

        Raises:
            InputError: they cannot be kept, or the nodes were removed.
        """
        _checkThere(self.isWhole)
        volume, grid, segments = self.volume, scene.measured_grid(self.volume), self._kind.segments()
        drawnByModel, exported, drawn = scene.drawn(self.result), self.exported, self._drawn
        marks = {"reviewed": scene.reviewed(self.result), "reading": scene.reading(self.result)}
        labels = self._labels()
        if self.volume is not volume:
            return  # it was left meanwhile, and kept then

        def keep() -> None:
            with self._writing:
                write()

        def write() -> None:
            check_there(item)
            make_folder(item)  # somebody may have deleted it
            changed = scene.corrected(drawnByModel, labels)
            save_edit(
                item.folder,
                reader,
                lambda file: write_seg_nrrd(file, labels, grid, segments),
                model=" ".join(model_of(item)).strip(),
                count=len(labels),
                changed=range(len(labels)) if changed is None else changed,
                exported=exported,
                drawn=drawn,
                **marks,
            )
            drop_autosave(item.folder, reader)

        aside(keep)
        self._isEdit = True

    def isUntouched(self) -> bool:
        """Whether nothing was ever made of the study on view, by this reader: it is as the model left it, or empty."""
        marked = self.exported or scene.reviewed(self.result) or scene.reading(self.result)
        if self._isEdit or marked:
            return False
        drawnByModel, labels = scene.drawn(self.result), self._labels()
        return aside(lambda: not labels.any() if drawnByModel is None else scene.corrected(drawnByModel, labels) == [])

    def close(self) -> None:
        """Take the study out of the scene, part by part: to free what a pullback takes holds the window as to read it does."""
        result, volume = self.result or self._result, self.volume  # contours must not stay where their volume was removed
        self.volume = self._result = None
        self._kind.choose(None)
        turn()
        if result is not None and slicer.mrmlScene.IsNodePresent(result):
            scene.remove_result(result)
        turn()
        if volume is not None and slicer.mrmlScene.IsNodePresent(volume):
            slicer.mrmlScene.RemoveNode(volume)

    def _take(self, item: Item):
        try:
            return self._kind.take(item.folder, self.volume, model_of(item)[0])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:  # files that anybody may have changed
            sentence = _("The results of the analysis in {folder} are damaged; delete that folder and analyse the study again.")
            raise InputError(sentence.format(folder=item.result)) from error

    def _stored(self, item: Item, reader: str) -> _Stored:
        edit, labels = edit_of(item.folder, reader), None
        if edit is not None:
            with suppress(InputError):  # none where the file is damaged
                labels = read_label_map(edit.labels, self._kind.segments())
        return _Stored(self._kind.read(item.study), map_of(item), edit, labels)

    def _labels(self) -> np.ndarray:
        return scene.labels_of(self._kind.segmentation(self.result), self.volume, self._kind.segments(), aside)

    def _layOver(self, item: Item, reader: str, stored: _Stored) -> None:
        """What the reader has left, on top of what the model drew."""
        edit, left = stored.edit, autosave_of(item.folder, reader, scene.volume_array(self.volume).shape)
        self._isEdit, self.notice, drawn = False, "", {one.drawn for one in (edit, left) if one is not None}
        kept = _placed(stored.labels, self.volume)
        if has_damaged_edit(item.folder, reader) if edit is None else kept is None:
            folder = set_aside(item.folder, reader)
            sentence = _("Your earlier edit of this study cannot be read; what is left of it lies in {folder}.")
            self.notice, self.exported = sentence.format(folder=folder), False
            return
        if stored.drawn and not drawn <= {stored.drawn, None} and not self._isWanted(item, edit, left):
            folder = set_aside(item.folder, reader)
            self.notice = _("Your earlier edit of this study lies in {folder}.").format(folder=folder)
            self.exported = False
            return
        self.exported = edit is not None and edit.exported
        if left is None:
            drop_autosave(item.folder, reader)  # slices of another label map must not mix with new ones
        self._isEdit = edit is not None or left is not None
        if not self._isEdit:
            return
        labels = self._labels() if kept is None else kept
        for number, changed in left.slices.items() if left is not None else ():
            labels[number] = changed
        image = aside(lambda: scene.label_image(labels))
        _checkThere(self.isWhole)
        scene.put_label_image(self._kind.segmentation(self.result), self.volume, image, self._kind.segments())
        last = left if left is not None else edit
        scene.set_reviewed(self.result, last.reviewed, True)
        scene.set_reading(self.result, last.reading)
        if left is not None:
            sentence = _("What was changed before Slicer ended without keeping it is here again (from {saved}).")
            self.notice = sentence.format(saved=left.saved)

    def _isWanted(self, item: Item, edit: Edit | None, left: Autosave | None) -> bool:
        """Whether the reader wants to take up what was made on another map than the model's present one."""
        sentence = _("Since you edited this study a model has drawn it anew ({model}).").format(model=" ".join(model_of(item)))
        whole = _("Take up your edit as you left it? No shows the new map; your edit is kept beside the data.")
        parts = _("Lay the {count} slices that you changed then over the new map? No leaves them beside the data.")
        question = whole if edit is not None else parts.format(count=len(left.slices))
        return slicer.util.confirmYesNoDisplay(f"{sentence} {question}")

    def _kindOfResult(self) -> str:
        return self._kind.package.removesuffix("Lib")


def _placed(labels: LabelMap | None, volume) -> np.ndarray | None:
    """A reader's label map on a volume's voxels, uint8 (slices, rows, columns); None without one, or where it lies elsewhere."""
    if labels is None:
        return None
    with suppress(InputError):
        return scene.placed_labels(labels, volume)
    return None


def _checkThere(isThere: bool) -> None:
    if not isThere:
        sentence = _("Nodes of this study were removed from the scene; open it again, what was kept last lies beside the data.")
        raise InputError(sentence)

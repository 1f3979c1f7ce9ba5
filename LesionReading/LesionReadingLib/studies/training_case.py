"""A case for training: a folder with one volume, its label map, and what the reader said of it.

    image.nrrd    the volume, on its own voxels
    labels.nrrd   the label map on the same voxels, uint8
    case.json     {"schema": "lesion-reading-case/1", "task": .., "size": [slices, rows, columns],
                   "spacing_mm": [row, column, slice], "reviewed": [slice numbers from 0],
                   "markers": null | {name: true | false | null}}

Nothing in it says who the patient is, who read it, or when: no names, no identifiers, no dates. Coordinates are LPS in mm.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..geometry.grid import Grid
from ..geometry.nrrd import storable, write_nrrd
from ..language import _
from ..output import finished_folder
from ..reading.image_grids import stored_grid
from ..reading.volume_files import image_reader, image_voxels
from ..strict_json import read_json

SCHEMA = "lesion-reading-case/1"
IMAGE, LABELS, FACTS = "image.nrrd", "labels.nrrd", "case.json"
_LABEL_VALUES = np.arange(256)
_MOST_BYTES = 10_000_000  # of the facts


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """A case as ``read_case`` finds it.

    Attributes:
        folder: where it lies.
        task: what it is for, for example ``"oct-calcium"``.
        labels: uint8 (slices, rows, columns).
        grid: where the voxels of both lie; every distance is known.
        reviewed: numbers of the slices (frames) that the reader marked as reviewed, ascending; empty where none is marked.
        markers: whether the reader saw each marker, None for one that was not judged; None where the task has no markers.
    """

    folder: Path
    task: str
    labels: np.ndarray
    grid: Grid
    reviewed: tuple[int, ...]
    markers: dict[str, bool | None] | None

    @property
    def image_file(self) -> Path:
        """The volume's file."""
        return self.folder / IMAGE

    @property
    def image(self) -> np.ndarray:
        """The volume (slices, rows, columns), read from its file at every call."""
        return image_voxels(_reader(self.image_file))

    @property
    def learnt_slices(self) -> list[int]:
        """Numbers of the slices to learn from: those reviewed, or all where none is marked."""
        return list(self.reviewed or range(len(self.labels)))


def write_case(
    folder: Path,
    task: str,
    image: np.ndarray,
    labels: np.ndarray,
    grid: Grid,
    *,
    reviewed: Collection[int],
    markers: Mapping[str, bool | None] | None,
) -> Path:
    """Write a case, whole or not at all; an earlier case in the same folder is replaced.

    Args:
        folder: the case's own folder; made if it is not there.
        image: (slices, rows, columns) numbers. labels: whole numbers from 0 to 255 of the same shape.
        grid, reviewed, markers: as in ``TrainingCase``.

    Raises:
        InputError: labels, geometry or slice numbers that do not fit, the folder holds something else, or it cannot be written.
    """
    folder = folder.absolute()
    image, labels = storable(np.asarray(image)), _whole_labels(np.asarray(labels), np.shape(image))
    _require_place(grid)
    _refuse_other_files(folder)
    facts = {
        "schema": SCHEMA,
        "task": task,
        "size": list(image.shape),
        "spacing_mm": [grid.row_mm, grid.column_mm, grid.spacing.frame_mm],
        "reviewed": _slice_numbers(reviewed, len(image)),
        "markers": None if markers is None else _judgements(markers),
    }
    with finished_folder(folder.parent, image.nbytes + labels.nbytes) as scratch:
        made = scratch / folder.name
        made.mkdir()
        write_nrrd(made / IMAGE, image, grid)
        write_nrrd(made / LABELS, labels, grid)
        (made / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
    return folder


def read_case(folder: Path) -> TrainingCase:
    """Read a case; its volume only when it is asked for.

    Raises:
        InputError: no case, one of another version, or files that do not fit each other.
    """
    facts = _facts(folder)
    image, labels = _reader(folder / IMAGE), _reader(folder / LABELS)
    grid, of_labels = stored_grid(image), stored_grid(labels)
    if grid.shape != of_labels.shape or not np.allclose(_matrix(grid), _matrix(of_labels), atol=1e-3):
        raise InputError(
            _("In the case {name} {image} and {labels} do not lie on the same voxels; export the case again.").format(
                name=folder.name, image=IMAGE, labels=LABELS
            )
        )
    values = image_voxels(labels)
    markers = facts["markers"]
    return TrainingCase(
        folder,
        str(facts["task"]),
        _whole_labels(values, values.shape),
        grid,
        tuple(_slice_numbers(facts["reviewed"], len(values))),
        None if markers is None else _judgements(markers),
    )


def _facts(folder: Path) -> dict:
    file = folder / FACTS
    try:
        facts = read_json(file, _MOST_BYTES)
    except OSError as error:
        raise InputError(
            _("{folder} is no training case, it has no readable {facts}; name a folder of Export for training.").format(
                folder=folder, facts=FACTS
            )
        ) from error
    except ValueError as error:
        raise InputError(
            _("The {facts} of the case {name} is not valid JSON; export the case again.").format(facts=FACTS, name=folder.name)
        ) from error
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise InputError(
            _("The {facts} of {name} is not of the kind {schema}; export the case again.").format(
                facts=FACTS, name=folder.name, schema=SCHEMA
            )
        )
    reviewed, markers = facts.get("reviewed"), facts.get("markers", ())
    if not (isinstance(facts.get("task"), str) and isinstance(reviewed, list) and isinstance(markers, dict | None)):
        raise InputError(
            _("The {facts} of the case {name} is not complete; export the case again.").format(facts=FACTS, name=folder.name)
        )
    return facts


def _reader(path: Path):
    if not path.is_file():
        raise InputError(_("The case {name} has no {file}; export the case again.").format(name=path.parent.name, file=path.name))
    reader = image_reader(path, "NRRD")
    if reader.GetDimension() != 3:
        raise InputError(
            _("{file} of the case {name} has no three dimensions; export the case again.").format(
                file=path.name, name=path.parent.name
            )
        )
    return reader


def _matrix(grid: Grid) -> np.ndarray:
    return np.vstack([grid.axes_mm(), grid.origin_mm])


def _require_place(grid: Grid) -> None:
    matrix = _matrix(grid) if grid.spacing.known else np.zeros((4, 3))
    if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix[:3]) < 3:
        raise InputError(_("The volume has no place in space (its axes do not span it); check its spacing and directions."))


def _whole_labels(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if labels.shape != shape or labels.ndim != 3 or labels.size == 0:
        sizes = _(" and ").join("x".join(map(str, size)) for size in (labels.shape, shape))
        raise InputError(
            _("Labels and image are not of one size of slices x rows x columns ({sizes}); export both from one volume.").format(
                sizes=sizes
            )
        )
    if labels.dtype.kind not in "biuf" or not all(np.isin(one, _LABEL_VALUES).all() for one in labels):
        raise InputError(_("The labels are not whole numbers from 0 to 255; give a label map."))
    return labels.astype(np.uint8, copy=False)


def _slice_numbers(numbers: Collection[int], count: int) -> list[int]:
    if not all(isinstance(number, Integral) and 0 <= number < count for number in numbers):
        raise InputError(
            _("Reviewed slices are numbered from 0 to {value}, there are others; export the case again.").format(value=count - 1)
        )
    return sorted({int(number) for number in numbers})


def _judgements(markers: Mapping[str, bool | None]) -> dict[str, bool | None]:
    if not all(seen in (True, False, None) for seen in markers.values()):
        raise InputError(_("A marker was either seen, not seen, or not judged (true, false, null); export the case again."))
    return {name: None if seen is None else bool(seen) for name, seen in markers.items()}


def _refuse_other_files(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and {file.name for file in folder.iterdir()} <= {IMAGE, LABELS, FACTS}):
        raise InputError(_("{name} holds something else than a case for training; name a new folder.").format(name=folder.name))


def new_case(folder: Path, name: str) -> Path:
    """The folder below ``folder`` for a further case: ``name_001`` and so on, as names could tell who the patient is."""
    numbers = (number for number in range(1, 10**6) if not (folder / f"{name}_{number:03d}").exists())
    return folder / f"{name}_{next(numbers):03d}"

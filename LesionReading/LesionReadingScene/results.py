"""What is known of an analysed volume, kept in the scene: one result node per volume and kind of reading.

The node (vtkMRMLScriptedModuleNode) refers to the volume and to the nodes made for it, and holds values as JSON, so that saving,
closing and reopening the scene loses nothing and two volumes never mix.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from .label_layers import held_segments

KIND_ATTRIBUTE = "LesionReading.Result"
VOLUME_ROLE, PRIOR_ROLE = "volume", "prior"
INPUT_ROLES = (VOLUME_ROLE, PRIOR_ROLE)
"""Roles of the nodes that the user brought; those of all other roles were made for the result and go with it."""

_REVIEWED, _DRAWN, _READING = "reviewed", "drawn", "reading"


def result_of(volume, kind: str):
    """The result node of a volume (vtkMRMLScriptedModuleNode); None where there is none, or no volume.

    Args:
        kind: the module's name, ``"OCTCalcium"`` or ``"HematomaMarkers"``.
    """
    if volume is None:
        return None
    return next((result for result in results(kind) if result.GetNodeReferenceID(VOLUME_ROLE) == volume.GetID()), None)


def results(kind: str) -> list:
    """All result nodes of a kind in the scene, those too whose volume was removed."""
    nodes = slicer.mrmlScene.GetNodesByClass("vtkMRMLScriptedModuleNode")
    nodes.UnRegister(None)
    found = [nodes.GetItemAsObject(number) for number in range(nodes.GetNumberOfItems())]
    return [node for node in found if node.GetAttribute(KIND_ATTRIBUTE) == kind]


def make_result(volume, kind: str):
    """Add an empty result node (vtkMRMLScriptedModuleNode) for a volume; an earlier one of that volume goes, with its nodes."""
    earlier = result_of(volume, kind)
    if earlier is not None:
        remove_result(earlier)
    result = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", f"{kind} result")
    result.SetAttribute(KIND_ATTRIBUTE, kind)
    result.SetNodeReferenceID(VOLUME_ROLE, volume.GetID())
    return result


def remove_result(result) -> None:
    """Remove a result node and the nodes made for it; volumes of the user stay."""
    roles = [result.GetNthNodeReferenceRole(number) for number in range(result.GetNumberOfNodeReferenceRoles())]
    made = [result.GetNodeReference(role) for role in roles if role not in INPUT_ROLES]
    for node in (*made, result):
        if node is not None and slicer.mrmlScene.IsNodePresent(node):
            _remove_with_displays(node)


def result_node(result, role: str):
    """The node that a result refers to in a role; None where there is none, or it was removed."""
    return result.GetNodeReference(role)


def set_result_node(result, role: str, node) -> None:
    """Let a result refer to a node in a role; ``None`` ends it."""
    result.SetNodeReferenceID(role, node.GetID() if node is not None else None)


def result_json(result, key: str, default: Any = None) -> Any:
    """The value that a result keeps under a key."""
    text = result.GetParameter(key)
    return json.loads(text) if text else default


def set_result_json(result, key: str, value: Any) -> None:
    """Keep a value that JSON knows under a key of a result."""
    result.SetParameter(key, json.dumps(value))


def reviewed(result) -> set[int]:
    """The slices or frames, counted from 0, that the user has marked as reviewed."""
    return set(result_json(result, _REVIEWED, []))


def set_reviewed(result, numbers: Iterable[int], is_reviewed: bool) -> None:
    """Mark slices or frames, counted from 0, as reviewed, or as not; who listens to the result is told once."""
    before = reviewed(result)
    after = before | set(numbers) if is_reviewed else before - set(numbers)
    if after != before:
        set_result_json(result, _REVIEWED, sorted(after))


def reading(result) -> dict[str, bool]:
    """How the user judged signs: name -> whether it is seen; a sign that was not judged is left out."""
    return {sign: seen for sign, seen in result_json(result, _READING, {}).items() if seen is not None}


def set_reading(result, reading: Mapping[str, bool | None]) -> None:
    """Keep how the user judged signs; None for one that was not judged."""
    set_result_json(result, _READING, dict(reading))


def set_drawn(result, digests: Sequence[int]) -> None:
    """Keep how every slice of a label map looked when a model had drawn it (``slice_digests``)."""
    set_result_json(result, _DRAWN, list(digests))


def drawn(result) -> list[int] | None:
    """How every slice looked when a model had drawn it, as ``corrected`` compares it; None where no model drew it."""
    return result_json(result, _DRAWN)


def corrected(drawn: list[int] | None, labels: np.ndarray) -> list[int] | None:
    """The slices, from 0, in which a label map is no longer what the model drew; None where no model drew it."""
    if drawn is None or len(drawn) != len(labels):
        return None
    return [number for number, (now, before) in enumerate(zip(slice_digests(labels), drawn, strict=True)) if now != before]


def slice_digests(labels: np.ndarray) -> list[int]:
    """A number for every slice of a label map (slices, rows, columns) that changes with it."""
    return [zlib.crc32(np.ascontiguousarray(one)) for one in labels]


def next_unreviewed(result, after: int, count: int) -> int | None:
    """The first slice or frame behind ``after`` not reviewed yet, beginning anew at the end; None where all of ``count`` are."""
    done = reviewed(result)
    order = (*range(after + 1, count), *range(min(after + 1, count)))
    return next((number for number in order if number not in done), None)


def most_uncertain(result, weights: Mapping[int, float], beside: int | None) -> int | None:
    """The slice or frame not reviewed yet with the largest weight, the first of equal ones; None where none has any.

    Args:
        weights: number, from 0 -> how much looking at it may change. beside: one that is not meant, since it is on view.
    """
    open_numbers = [number for number in sorted(weights) if number not in reviewed(result) and number != beside]
    return max(open_numbers, key=lambda number: weights[number], default=None)


def fill_table(table_node, columns: Mapping[str, Sequence]) -> None:
    """Fill a table node (vtkMRMLTableNode) with columns of one length; what was in it goes.

    Texts become text columns, all else numbers; None becomes NaN, which plots leave out and tables show as "nan".
    """
    table = vtk.vtkTable()
    for name, values in columns.items():
        column = _column(values)
        column.SetName(name)
        table.AddColumn(column)
    table_node.SetAndObserveTable(table)


def _column(values: Sequence) -> vtk.vtkAbstractArray:
    values = list(values)
    if any(isinstance(value, str) for value in values):
        column = vtk.vtkStringArray()
        for value in values:
            column.InsertNextValue("" if value is None else str(value))
        return column
    if values and all(isinstance(value, int | np.integer) for value in values):
        return numpy_to_vtk(np.array(values, np.int32), deep=True, array_type=vtk.VTK_INT)
    numbers = np.array([np.nan if value is None else float(value) for value in values], float)
    return numpy_to_vtk(numbers, deep=True, array_type=vtk.VTK_DOUBLE)


def _remove_with_displays(node) -> None:
    belongings = [node]
    if node.IsA("vtkMRMLDisplayableNode"):
        belongings += [node.GetNthDisplayNode(number) for number in range(node.GetNumberOfDisplayNodes())]
    if node.IsA("vtkMRMLStorableNode"):
        belongings.append(node.GetStorageNode())
    for one in belongings:
        if one is not None and slicer.mrmlScene.IsNodePresent(one):
            slicer.mrmlScene.RemoveNode(one)
    if node.IsA("vtkMRMLSegmentationNode"):
        # A segmentation that ends cuts every segment out of the label map that they share, which takes long, for nobody.
        for _id, held in held_segments(node):
            held.RemoveAllRepresentations()

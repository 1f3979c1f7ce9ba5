"""Which DICOM files make one pullback, and in which order."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from LesionReadingLib.errors import InputError
from LesionReadingLib.language import N_, _
from LesionReadingLib.reading.dicom.files import DicomImage
from LesionReadingLib.reading.dicom.frames import stored_frames
from LesionReadingLib.reading.dicom.order import along_normal_mm, grouped, instance_number, slice_location_mm
from LesionReadingLib.reading.images import natural_key
from LesionReadingLib.text.counting import shown

_LISTED = 6
_SAME_PLACE_MM = 1e-6


@dataclass(frozen=True)
class DicomSeries:
    """Files of one pullback in order.

    Attributes:
        images: the files, one frame each unless there is only one.
        positions_mm: position of each file along the pullback, ``None`` where the files do not state a different one each.
        notes: what was found on the way: duplicates left out, gaps, an order that had to be taken from elsewhere than positions.
    """

    images: tuple[DicomImage, ...]
    positions_mm: tuple[float, ...] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Key:
    """Something that may order files: its name for the sentence, and a value for each file."""

    name: str
    values: tuple[float, ...]


def in_order(images: Sequence[DicomImage]) -> DicomSeries:
    """Order one-frame files by position, then instance number, time and name; only equal pixels make a duplicate.

    Raises:
        InputError: the files hold more than one pullback.
    """
    images, notes = _without_duplicates(sorted(images, key=lambda image: natural_key(image.path.name)))
    _require_one_pullback(images)
    if len(images) == 1:
        return DicomSeries(tuple(images), None, tuple(notes))
    positions = _positions(images)
    keys = _keys(images, positions)
    _require_one_pass(keys)
    order = _sorted(keys, len(images))
    notes += _order_notes(keys, images)
    first = keys[0] if keys else None
    if first is not None and len(set(first.values)) == len(images) and first.name != _TIMES:
        notes += _gaps([first.values[index] for index in order], in_mm=positions is not None)
    apart = positions is not None and len(set(positions)) == len(images)
    ordered_positions = tuple(positions[index] for index in order) if apart else None
    return DicomSeries(tuple(images[index] for index in order), ordered_positions, tuple(notes))


# What is a duplicate.


def _without_duplicates(images: Sequence[DicomImage]) -> tuple[list[DicomImage], list[str]]:
    """The images without those whose pixels and place an earlier one has, and what is to be told of it."""
    if len(images) == 1:
        return list(images), []
    seen: dict[tuple, list[DicomImage]] = defaultdict(list)
    kept: list[DicomImage] = []
    for image, pixels in zip(images, _digests(images), strict=True):
        if any(_one_place(image, other) for other in seen[pixels]):
            continue
        seen[pixels].append(image)
        kept.append(image)
    notes = []
    if len(kept) < len(images):
        notes.append(
            _("{value} duplicate frame(s) were left out: their pixels are equal to those of others.").format(
                value=len(images) - len(kept)
            )
        )
    uids = [str(image.header.get("SOPInstanceUID") or "") for image in kept]
    shared = sum(bool(uid) and uids.count(uid) > 1 for uid in set(uids))
    if shared:
        notes.append(
            _("Different frames carry the same SOP Instance UID (0008,0018), which should be unique; all of them are read.")
        )
    return kept, notes


def _digests(images: Sequence[DicomImage]) -> list[tuple]:
    """What is the same for images of equal pixels: of the bytes as stored, or decoded, where one UID may be stored in two ways."""
    uids = Counter(image.header.get("SOPInstanceUID") for image in images)
    return [
        (
            image.rows,
            image.columns,
            image.frame_count,
            image.header.get("SeriesInstanceUID"),
            *_digest(image, decoded=uids[image.header.get("SOPInstanceUID")] > 1),
        )
        for image in images
    ]


def _digest(image: DicomImage, decoded: bool) -> tuple[str, bytes]:
    """How bytes become colours, and a digest of the bytes."""
    digest = hashlib.blake2b(digest_size=16)
    if decoded:
        for frame in stored_frames(image, 0, image.frame_count):
            digest.update(np.ascontiguousarray(frame).tobytes())
        return "", digest.digest()
    with image.source() as stream:
        for frame in image.spans:
            for offset, length in frame:
                stream.seek(offset)
                digest.update(stream.read(length))
    return str(image.header.get("PhotometricInterpretation")), digest.digest()


def _one_place(image: DicomImage, other: DicomImage) -> bool:
    """Whether two images of equal pixels are one frame: not where they state different positions, nor two blank frames."""
    if image.frame_count > 1:
        return True
    for position in (along_normal_mm, slice_location_mm):
        places = [position(one.header) for one in (image, other)]
        if None not in places and abs(places[0] - places[1]) > _SAME_PLACE_MM:
            return False
    frame = next(stored_frames(image, 0, 1))
    blank = frame.min() == frame.max()
    return not blank or instance_number(image.header) == instance_number(other.header) is not None


# Whether it is one pullback.


def _require_one_pullback(images: Sequence[DicomImage]) -> None:
    """One multi-frame file is a pullback; so are all one-frame files of one series."""
    pullbacks = grouped(images, lambda image: str(image.path if image.frame_count > 1 else image.header.get("SeriesInstanceUID")))
    if len(pullbacks) == 1:
        return
    texts = [
        _("{file} ({count} frames)").format(file=first.path.name, count=first.frame_count)
        if not rest
        else _("{first} to {last} ({count} frames)").format(first=first.path.name, last=rest[-1].path.name, count=1 + len(rest))
        for first, *rest in pullbacks
    ]
    more = _(" and {value} more").format(value=len(texts) - _LISTED) if len(texts) > _LISTED else ""
    raise InputError(
        _("The folder holds {count} pullbacks: {listed}{more}; name one file, or put each into its own folder.").format(
            count=len(texts), listed="; ".join(texts[:_LISTED]), more=more
        )
    )


def _require_one_pass(keys: Sequence[_Key]) -> None:
    """Refuse files whose places or numbers run through two or more times, one run after the other."""
    if not keys:
        return
    first = keys[0]
    values = [first.values[index] for index in _sorted(keys[1:], len(first.values))]
    distinct = sorted(set(values))
    passes, rest = divmod(len(values), len(distinct))
    if passes < 2 or rest or len(distinct) < 2:
        return
    runs = [values[start : start + len(distinct)] for start in range(0, len(values), len(distinct))]
    if all(run in (distinct, distinct[::-1]) for run in runs):
        raise InputError(
            _(
                "The files of one series hold {passes} pullbacks of {count} frames, by their {name}; put the "
                "files of each into its own folder."
            ).format(passes=passes, count=len(distinct), name=_(first.name))
        )


# What orders them.

_POSITIONS, _NUMBERS, _TIMES = N_("positions"), N_("instance numbers"), N_("acquisition times")


def _keys(images: Sequence[DicomImage], positions: Sequence[float] | None) -> list[_Key]:
    """What may order the files, the most trusted first: whatever all state and not all state alike."""
    found = [_Key(_POSITIONS, tuple(positions))] if positions is not None else []
    for name, values in ((_NUMBERS, [instance_number(image.header) for image in images]), (_TIMES, _times(images))):
        if None in values or len(set(values)) == 1:
            continue
        first = found[0].values if found else values
        # Numbers may run against the positions; among frames of one position they then do so, too.
        against = first[int(np.argmax(values))] < first[int(np.argmin(values))]
        found.append(_Key(name, tuple(-value if against else value for value in values)))
    return found


def _sorted(keys: Sequence[_Key], count: int) -> list[int]:
    """Indices of the files by the keys, then by their names, in whose order they came."""
    return sorted(range(count), key=lambda index: (*(key.values[index] for key in keys), index))


def _order_notes(keys: Sequence[_Key], images: Sequence[DicomImage]) -> list[str]:
    """What is to be told where something else than positions or numbers of their own orders the frames."""
    if not keys:
        same = None not in [instance_number(image.header) for image in images]
        stated = _("all state the same instance number") if same else _("state neither positions nor instance numbers")
        return [_("The files {stated}; their frames are ordered by file name.").format(stated=stated)]
    first = keys[0]
    shared = sum(first.values.count(value) > 1 for value in first.values) if len(set(first.values)) < len(images) else 0
    if shared:
        then = _(keys[1].name) if len(keys) > 1 else _("file names")
        note = _(
            "{shared} frames share their {name} with others although their pixels differ; they are ordered by their {then}."
        ).format(shared=shared, name=_(first.name), then=then)
        if first.name == _POSITIONS:
            note += _(" The distance between frames cannot be taken from such positions.")
        return [note]
    return [_("The frames are ordered by their {name}.").format(name=_(first.name))] if first.name == _TIMES else []


def _positions(images: Sequence[DicomImage]) -> list[float] | None:
    """Position of every file along the common normal, else by Slice Location; ``None`` where not all state one, or all the same."""
    for position in (along_normal_mm, slice_location_mm):
        values = [position(image.header) for image in images]
        if None not in values and np.ptp(values) > _SAME_PLACE_MM:
            return [round(value, 6) for value in values]
    return None


def _times(images: Sequence[DicomImage]) -> list[float | None]:
    """When each frame was taken, as numbers that grow with time, by the first attribute that tells frames apart."""
    for keyword, digits in (("AcquisitionTime", 0), ("ContentTime", 0), ("AcquisitionDateTime", 8)):
        stated = [str(image.header.get(keyword) or "")[digits:].split("+")[0].split("-")[0] for image in images]
        if all(text.replace(".", "", 1).isdigit() for text in stated) and len(set(stated)) > 1:
            return [float(text) for text in stated]
    return [None] * len(images)


def _gaps(values: Sequence[float], in_mm: bool) -> list[str]:
    """Sentences about missing frames, judged by the most common step between neighbours."""
    steps = np.diff(values)
    step = float(np.median(steps)) if len(steps) else 0
    missing = np.rint(steps / step).astype(int) - 1 if step > 0 else np.zeros(len(steps), int)
    where = np.flatnonzero(missing > 0)
    if not len(where):
        return []
    places = ", ".join(
        _("{missing} after frame {number}").format(missing=missing[index], number=shown(index)) for index in where[:_LISTED]
    ) + (" ..." if len(where) > _LISTED else "")
    evidence = _(_POSITIONS) if in_mm else _(_NUMBERS)
    return [
        _(
            "{count} frame(s) are missing by the {told_by} of the files ({places}); lengths and volumes count "
            "only the frames that are there."
        ).format(count=int(missing[where].sum()), told_by=evidence, places=places)
    ]

"""Which mask belongs to which image, by their names alone.

The rule: every file or folder of IMAGES is one case, every one of MASKS a mask. Both are known by their names without ending, small
or capital letters, and without the words around it that say what it is (image, ct, oct; mask, label, seg, truth ... and nnU-Net's
_0000): ``Case-07_image.nii.gz`` and ``case_07_mask.nrrd`` belong together. A mask whose name ends in a class
(``case_07_calcium.png``), or that lies in a folder ``MASKS/calcium``, holds that class alone, whatever its values; there may be one
for each class.

Without MASKS, masks are what is named like one: beside the images, or in a folder of its own for each case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.labels.label_map import Segment
from LesionReadingLib.labels.names import class_of
from LesionReadingLib.reading.images import PICTURE_SUFFIXES, VOLUME_SUFFIXES, natural_key

MASK_WORDS = frozenset(
    ("mask", "masks", "label", "labels", "labelmap", "seg", "segmentation", "gt", "truth", "groundtruth", "annotation")
)
_IMAGE_WORDS = frozenset(("image", "images", "img", "scan", "ct", "oct", "frame", "volume", "pullback"))
_ENDINGS = (".seg.nrrd", *VOLUME_SUFFIXES, *PICTURE_SUFFIXES, ".dcm", ".dicom", ".zip")
_NNUNET_CHANNEL = "0000"
_NO_IMAGES = (".db", ".ini", ".txt", ".csv", ".tsv", ".json", ".xml", ".xlsx", ".md", ".pdf", ".html")  # lie beside images
_SHOWN = 5


@dataclass(frozen=True)
class Mask:
    """A mask of an image: ``value`` of the class that it holds alone, None where its own values or segments tell."""

    path: Path
    value: int | None = None


@dataclass(frozen=True)
class Pair:
    """An image with its masks; ``name`` is the image's without its ending."""

    name: str
    image: Path
    masks: tuple[Mask, ...]


@dataclass(frozen=True)
class Paired:
    """What was found: pairs in natural order of their names, and the names of images without a mask."""

    pairs: tuple[Pair, ...]
    without_mask: tuple[str, ...]


def paired(images: Path, masks: Path | None, segments: Sequence[Segment]) -> Paired:
    """Find the cases.

    Args:
        segments: the classes that a mask may be named after.

    Raises:
        InputError: no folder, two images of one name, two masks for one thing, a mask without an image, or no pair.
    """
    for folder in {images, masks or images}:
        if not folder.is_dir():
            raise InputError(f"There is no folder {folder}; name the one with the images, and the one with the masks.")
    shown = _entries(images)
    if masks is None or masks.resolve() == images.resolve():
        own = [_of_own_folder(entry, segments) for entry in shown if _is_case_folder(entry)]
        rest = [entry for entry in shown if not _is_case_folder(entry)]
        named = _by_name([entry for entry in rest if not _names_mask(entry, segments)], images)
        found = _with_masks(named, [entry for entry in rest if _names_mask(entry, segments)], segments)
        pairs = [*own, *found.pairs]
    else:
        found = _with_masks(_by_name(shown, images), _entries(masks), segments)
        pairs = list(found.pairs)
    if not pairs:
        raise InputError(f"No image in {images} has a mask; name them alike, as case1.png and case1_mask.png.")
    return Paired(tuple(sorted(pairs, key=lambda pair: natural_key(pair.name))), found.without_mask)


def stem(name: str) -> str:
    """A name of a file or folder without its ending."""
    ending = next((each for each in _ENDINGS if name.lower().endswith(each)), "")
    return name[: len(name) - len(ending)]


def key(name: str) -> str:
    """What an image or a mask is known by; see the rule above."""
    words = _words(name)
    while len(words) > 1 and words[-1] in MASK_WORDS | _IMAGE_WORDS | {_NNUNET_CHANNEL}:
        words = words[:-1]
    while len(words) > 1 and words[0] in MASK_WORDS | _IMAGE_WORDS:
        words = words[1:]
    return "_".join(words)


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[_\-. ]+", stem(name).lower()) if word]


def _entries(folder: Path) -> list[Path]:
    shown = (path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in shown if path.is_dir() or path.suffix.lower() not in _NO_IMAGES]
    return sorted(found, key=lambda path: natural_key(path.name))


def _class_in(name: str, segments: Sequence[Segment]) -> int | None:
    """The value of the class that a name ends in."""
    last = _words(name)[-1:]
    segment = class_of(last[0], segments) if last and not last[0].isdigit() else None
    return segment.value if segment else None


def _names_mask(entry: Path, segments: Sequence[Segment]) -> bool:
    words = _words(entry.name)
    return bool(MASK_WORDS & set(words)) or (len(words) > 1 and _class_in(entry.name, segments) is not None)


def _is_case_folder(entry: Path) -> bool:
    return entry.is_dir() and any(MASK_WORDS & set(_words(inside.name)) for inside in entry.iterdir())


def _of_own_folder(folder: Path, segments: Sequence[Segment]) -> Pair:
    """The pair of a case that has a folder of its own, with the image and its masks in it."""
    inside = _entries(folder)
    masks = [entry for entry in inside if _names_mask(entry, segments)]
    images = [entry for entry in inside if entry not in masks]
    if len(images) != 1:
        listed = ", ".join(entry.name for entry in images[:_SHOWN]) or "none"
        raise InputError(
            f"The case {folder} must hold one image (a file, or a folder of slices) beside its masks; it has: {listed}."
        )
    return Pair(folder.name, images[0], tuple(Mask(mask, _class_in(mask.name, segments)) for mask in masks))


def _by_name(entries: Iterable[Path], folder: Path) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for entry in entries:
        if (first := named.setdefault(key(entry.name), entry)) is not entry:
            raise InputError(f"{first.name} and {entry.name} in {folder} are one case by their names; rename one of them.")
    return named


def _with_masks(images: Mapping[str, Path], masks: Iterable[Path], segments: Sequence[Segment]) -> Paired:
    of_image: dict[str, list[Mask]] = defaultdict(list)
    lost = []
    for entry in masks:
        for mask in _masks_of(entry, images, segments):
            name = _image_of(mask, images, segments)
            if name is None:
                lost.append(mask.path.name)
                continue
            value = mask.value if mask.value is not None or key(mask.path.name) == name else _class_in(mask.path.name, segments)
            if any(other.value == value for other in of_image[name]):
                raise InputError(
                    f"{images[name].name} has two masks for the same thing, {of_image[name][-1].path.name} and {mask.path.name}; "
                    "leave one of them."
                )
            of_image[name].append(Mask(mask.path, value))
    if lost:
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise InputError(
            f"There is no image to the mask {', '.join(lost[:_SHOWN])}{more}; a mask is named as its image, as case1.png and "
            "case1_mask.png."
        )
    pairs = [Pair(stem(image.name), image, tuple(of_image[name])) for name, image in images.items() if of_image[name]]
    return Paired(tuple(pairs), tuple(image.name for name, image in images.items() if not of_image[name]))


def _masks_of(entry: Path, images: Mapping[str, Path], segments: Sequence[Segment]) -> list[Mask]:
    """A mask, or those in a folder that is named after a class."""
    value = _class_in(entry.name, segments)
    if entry.is_dir() and len(_words(entry.name)) == 1 and value is not None and key(entry.name) not in images:
        return [Mask(inside, value) for inside in _entries(entry)]
    return [Mask(entry)]


def _image_of(mask: Mask, images: Mapping[str, Path], segments: Sequence[Segment]) -> str | None:
    name = key(mask.path.name)
    if name in images:
        return name
    shorter = key("_".join(_words(mask.path.name)[:-1])) if _class_in(mask.path.name, segments) is not None else None
    return shorter if shorter in images else None

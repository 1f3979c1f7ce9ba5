"""The arguments of ``import``, which both tasks have."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from LesionReadingLib.errors import InputError

from ..arguments import above_nothing
from .case_table import read_table
from .importing import Patients, Source, exported_cases, require_masks
from .pairs import Pair, paired


def add_import(parser: argparse.ArgumentParser, example: str) -> None:
    """Add what every ``import`` takes.

    Args:
        example: a class, for the help.
    """
    parser.add_argument(
        "images", type=Path, metavar="IMAGES", help="folder of images, each a file or a folder; or cases of Export for training"
    )
    parser.add_argument(
        "masks", type=Path, nargs="?", metavar="MASKS", help="folder of masks named as the images; where left out, beside them"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DATA", help="data folder; made if it is not there")
    parser.add_argument(
        "--patients", type=Path, metavar="TABLE", help="CSV with a line a case: case, patient, institution, location, split, ..."
    )
    parser.add_argument("--patient-pattern", metavar="REGEX", help='instead: whose a case is, by its name, as in "(.+)_[0-9]+"')
    parser.add_argument(
        "--labels",
        nargs="+",
        default=[],
        metavar="VALUE=CLASS",
        help=f'what values, colours or segments mean: 1={example} "#ff0000={example}"',
    )
    parser.add_argument("--pixel-spacing", type=above_nothing, metavar="MM", help="where the images do not say it")
    parser.add_argument(
        "--annotated-only", action="store_true", help="learn only from slices (frames) with a label; the others were not looked at"
    )
    parser.add_argument("--leave-out-unmatched", action="store_true", help="go on without the images that have no mask")


def patients_of(chosen: argparse.Namespace, markers: Iterable[str] = ()) -> Patients:
    """Whose the cases are.

    Raises:
        InputError: a table or a pattern that cannot be used.
    """
    if chosen.patients and chosen.patient_pattern:
        raise InputError("Whose a case is, say a table or a pattern; leave --patients or --patient-pattern out.")
    if chosen.patient_pattern:
        try:
            return Patients(pattern=re.compile(chosen.patient_pattern))
        except re.error as error:
            raise InputError(
                f'--patient-pattern {chosen.patient_pattern!r} is no regular expression ({error}); write it as in "(.+)_[0-9]+".'
            ) from error
    if not chosen.patients:
        print("Each case counts as a patient of its own; say otherwise with --patients TABLE or --patient-pattern.")
        return Patients()
    table, strange = read_table(chosen.patients, markers)
    if strange:
        print(f"Columns of the table that are not used: {', '.join(strange)}.")
    return Patients(table)


def sources_of(
    chosen: argparse.Namespace, segments, of_export: Callable[[Path], Source], of_pair: Callable[[Pair], Source]
) -> list[Source]:
    """The cases to import, of exports or of pairs.

    Raises:
        InputError: nothing there, or images and masks that do not belong together.
    """
    if exports := exported_cases(chosen.images):
        if chosen.masks:
            raise InputError(f"{chosen.images} holds cases of Export for training, with their labels; leave {chosen.masks} out.")
        return [of_export(folder) for folder in exports]
    found = paired(chosen.images, chosen.masks, segments)
    require_masks(found, chosen.leave_out_unmatched)
    return [of_pair(pair) for pair in found.pairs]


def learnt_slices(labels, annotated_only: bool) -> list[int]:
    """Numbers of the slices to learn from.

    Raises:
        InputError: none of them has a label.
    """
    numbers = [number for number, one in enumerate(labels) if one.any() or not annotated_only]
    if not numbers:
        raise InputError("no slice of it has a label, so with --annotated-only nothing of it is left; leave it out.")
    return numbers

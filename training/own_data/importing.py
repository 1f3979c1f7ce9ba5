"""Own cases into a data folder: all of them checked, then all of them written, or none.

What both tasks share; how a case is read and prepared, each task says itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingLib.output import finished_folder
from LesionReadingLib.studies.training_case import FACTS
from LesionReadingLib.text.plain_text import plain

from ..arguments import SEVERAL
from ..wording import how_many
from .case_table import CaseFacts, TableRow, read_cases, write_cases
from .cases import Added
from .pairs import Paired, key
from .splits import PARTS, Split, read_split, write_split

_MEGABYTES_A_CASE = 20
_SHOWN = 5
_MOST_LINES = 12


@dataclass(frozen=True)
class Source:
    """A case to import.

    Attributes:
        name: of its image. add: ``add(folder, row)`` reads it, writes it into a folder, and tells what it was.
    """

    name: str
    add: Callable[[Path, TableRow], Added]


@dataclass(frozen=True)
class Patients:
    """Whose the cases are: by a person's table, or by a pattern whose first group is the patient in the name of a case.

    Attributes:
        table: name of a case -> its line; None without a table.
    """

    table: Mapping[str, TableRow] | None = None
    pattern: re.Pattern[str] | None = None

    def row(self, name: str) -> TableRow:
        """The line of a case.

        Raises:
            InputError: it has none, or the pattern does not fit its name.
        """
        if self.table is None:
            return TableRow(self._by_pattern(name) if self.pattern else None)
        rows = {key(each): row for each, row in self.table.items()}
        if key(name) not in rows:
            raise InputError(
                "the table of patients has no line for it; add one, as two cases of one patient must stay on one side."
            )
        return rows[key(name)]

    def _by_pattern(self, name: str) -> str:
        found = self.pattern.match(name)
        if found is None:
            raise InputError(f"the patient's pattern {self.pattern.pattern!r} does not fit its name; change --patient-pattern.")
        return found[1] if self.pattern.groups else found[0]


def exported_cases(folder: Path) -> list[Path]:
    """The cases of *Export for training* that a folder is, or holds."""
    if not folder.is_dir():
        return []
    return [each for each in (folder, *sorted(folder.iterdir())) if (each / FACTS).is_file()]


def require_masks(found: Paired, leave_out: bool, log: Callable[[str], None] = print) -> None:
    """Refuse images without a mask, unless they are to be left out.

    Raises:
        InputError: there are some.
    """
    if not found.without_mask:
        return
    listed = _few(found.without_mask)
    if not leave_out:
        raise InputError(
            f"There is no mask of {how_many(len(found.without_mask), 'image')} ({listed}); give each one (an empty one where there "
            "is nothing), or leave them out with --leave-out-unmatched."
        )
    log(f"Left out, as they have no mask: {listed}.")


def import_cases(
    data: Path, sources: Sequence[Source], patients: Patients, main_class: str, log: Callable[[str], None] = print
) -> list[CaseFacts]:
    """Import cases into a data folder.

    Args:
        main_class: what the task is about; without any of it there is nothing to learn.

    Returns:
        The lines of those imported.

    Raises:
        InputError: what is wrong with any of them, a sentence a line; nothing is written then.
    """
    problems: list[tuple[str, str]] = []
    read: dict[str, tuple[Added, TableRow]] = {}
    earlier = read_cases(data)
    with finished_folder(data, _MEGABYTES_A_CASE * 1_000_000 * len(sources)) as scratch:
        for source in sources:
            try:
                row = patients.row(source.name)
                added = source.add(scratch, row)
            except InputError as error:
                problems.append((source.name, str(error)))
                continue
            problems += _repeated(source.name, added, read, earlier)
            read[source.name] = added, row
        cases = [_facts(name, added, row) for name, (added, row) in read.items()]
        kept = [case for case in earlier if case.case not in {new.case for new in cases}]
        split, split_problems = _split_of({name: row for name, (_added, row) in read.items()}, data, kept, cases)
        problems += split_problems
        if not problems and not any(added.classes[main_class] for added, _row in read.values()) and not earlier:
            problems.append(("", f"No case shows any {main_class}, so there is nothing to learn; check --labels, and the masks."))
        if problems:
            raise InputError(_line_by_line(problems), SEVERAL)
        write_cases(scratch, [*kept, *cases])
        if split:
            write_split(scratch, split)
    _report(cases, [added for added, _row in read.values()], main_class, log)
    return cases


def _line_by_line(problems: Sequence[tuple[str, str]]) -> str:
    """Problems (name of the case, sentence), a line for each sentence, those of many cases in one."""
    names: dict[str, list[str]] = {}
    for name, sentence in problems:
        names.setdefault(sentence, []).append(name)
    lines = [plain(f"{_few(cases)}: {sentence}" if cases[0] else sentence) for sentence, cases in names.items()]
    more = [f"And {how_many(len(lines) - _MOST_LINES, 'problem')} more."] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _repeated(
    name: str, added: Added, read: Mapping[str, tuple[Added, TableRow]], earlier: Sequence[CaseFacts]
) -> list[tuple[str, str]]:
    """What is there twice."""
    repeats = []
    for other, (before, _row) in read.items():
        if before.number == added.number:
            repeats.append(f"shows the same pixels as {other}; leave one out, and put each DICOM series into a folder of its own.")
        elif shared := len(before.digests & added.digests):
            repeats.append(f"has {how_many(shared, 'annotated slice')} of the same pixels as {other}; leave them out of one.")
    for case in earlier:
        if case.case == added.number and case.name != name:
            repeats.append(f"shows the same pixels as {case.name}, which was imported before; leave it out.")
        elif case.name == name and case.case != added.number:
            repeats.append("was imported before with other pixels; import into a new folder, or rename it.")
    return [(name, sentence) for sentence in repeats]


def _facts(name: str, added: Added, row: TableRow) -> CaseFacts:
    classes = ", ".join(f"{count} {what}" for what, count in added.classes.items())
    return CaseFacts(added.number, name, row.patient or name, row.institution, row.location, added.slices, classes)


def _split_of(
    rows: Mapping[str, TableRow], data: Path, kept: Sequence[CaseFacts], cases: Sequence[CaseFacts]
) -> tuple[Split | None, list[tuple[str, str]]]:
    """The split that the table states, with what the folder's own says of earlier cases; and what is wrong with it."""
    stated = {name: row.split for name, row in rows.items() if row.split}
    if not stated:
        return None, []
    problems = []
    before = read_split(data)
    parts = {case.patient: before.parts.get(case.patient, "") for case in kept} if before else {}
    for case in cases:
        part = stated.get(case.name)
        if part not in PARTS:
            problems.append(
                (case.name, f"the table says {part or 'nothing'} for its split; say {', '.join(PARTS)}, for every case.")
            )
        elif parts.setdefault(case.patient, part) != part:
            problems.append((case.name, f"its patient {case.patient} would be for {parts[case.patient]} and {part}; choose one."))
    return Split(parts, {}, {case.case: case.patient for case in [*kept, *cases]}), problems


def _report(cases: Sequence[CaseFacts], added: Sequence[Added], main_class: str, log: Callable[[str], None]) -> None:
    for case in cases:
        log(
            f"{case.name}: case {case.case}, patient {case.patient}, {how_many(case.slices, 'slice')}, of which show {case.classes}"
        )
    patients = len({case.patient for case in cases})
    for case, one in zip(cases, added, strict=True):
        for note in one.notes:
            log(f"{case.name}: {note}")
    log(f"{how_many(len(cases), 'case')} of {how_many(patients, 'patient')} imported.")
    empty = [case.name for case, one in zip(cases, added, strict=True) if not one.classes[main_class]]
    if empty:
        log(
            f"No {main_class} is in {how_many(len(empty), 'case')} ({_few(empty)}); right if there is none, else check their masks."
        )
    absent = [name for name in added[0].classes if not any(one.classes[name] for one in added)] if added else []
    if absent:
        log(f"None of them shows {' or '.join(absent)}: a model cannot learn it from them.")

"""Many studies, one after the other: each into a numbered folder, and one table of all of them.

What is known of every study lies beside the folders (``records``), so a batch that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import Cancelled, InputError, is_out_of_memory
from ...language import N_, _, language, speaking
from ...presenting.drawing import keep_strange_styles_out
from ...process.cancelling import check, go_on
from ...reporting import NO_WORDS, Note, Reporter, Step
from ...text.identity import identity_is_shown, naming
from ...text.plain_text import plain
from .records import DONE, FAILED, PAGE, STATE, TABLE, WAITING, Study, opened, recorded, save

BESIDE = "lesion_reading"
"""Folder beside studies in which a worklist keeps what it knows; nothing in it is a study."""


_LEAST_NAME = 4  # letters: a shorter one is a word of a sentence as likely as a file


@dataclass(frozen=True)
class Ended:
    """How the analysis of a study ended.

    Attributes:
        status: ``DONE`` or ``FAILED``. code: of the error (``worker``). message: a sentence on it. seconds: how long it took.
    """

    status: str
    code: str = ""
    message: str = ""
    seconds: float = 0.0


Analyse = Callable[..., None]
"""analyse(source, output, report, **options): the single command."""

Waiting = Sequence[tuple[dict, Study, Path]]
"""(what is known of a study, the study, folder of its results) of every study that is to be analysed."""

Run = Callable[[Waiting, Callable[[dict], None]], Iterator[tuple[dict, Ended]]]
"""run(waiting, begin) analyses in any order and gives how each ended as it ends; it may tell by begin() what it begins with."""


class Quiet:
    """Reports nothing of a single study but lets it be cancelled."""

    def progress(self, step: Step, stage: str, done: int, total: int) -> None:
        check()

    def log(self, message: str, note: Note = Note.NOTE) -> None:
        check()

    def result(self, folder: str, words: Mapping[str, str] = NO_WORDS, **values) -> None:
        """The table tells it."""


def analysed(analyse: Analyse, study: Study, output: Path, identity: bool, spoken: str) -> Ended:
    """Analyse a study; whatever is wrong with it is told, not raised.

    Args:
        identity: whether what may name the patient is told. spoken: the language of the report and of messages.
    """
    begun = time.monotonic()
    with naming(identity), speaking(spoken):
        try:
            if study.problem:
                raise InputError(study.problem)
            keep_strange_styles_out()  # of the folder that a cluster's worker was started in
            analyse(study.source, output, Quiet(), **study.options)
        except Exception as error:  # the other studies go on, whatever is the matter with this one
            check()  # an error that follows from being cancelled is none of the study's
            return Ended(FAILED, *_code_and_message(error, study), time.monotonic() - begun)
    return Ended(DONE, seconds=time.monotonic() - begun)


def one_by_one(analyse: Analyse) -> Run:
    """In this process, so that the libraries are loaded once."""

    def run(waiting: Waiting, begin: Callable[[dict], None]) -> Iterator[tuple[dict, Ended]]:
        for record, study, output in waiting:
            begin(record)
            yield record, analysed(analyse, study, output, identity_is_shown(), language())
            go_on()

    return run


def on_dask(analyse: Analyse, address: str, identity: bool) -> Run:
    """On the workers of a Dask cluster, which see the same disks under the same names.

    What a worker runs before our code is the cluster's: Python itself looks for modules in the folder that it is started in,
    unless ``PYTHONSAFEPATH`` is set there.

    Args:
        address: of its scheduler, for example ``tcp://10.0.0.5:8786``. identity: whether what may name the patient is told.
    """

    def run(waiting: Waiting, begin: Callable[[dict], None]) -> Iterator[tuple[dict, Ended]]:
        client, as_completed = _client(address)
        with client:
            records = {
                client.submit(analysed, analyse, study, output, identity, language(), pure=False): record
                for record, study, output in waiting
            }
            try:
                for future in as_completed(list(records)):
                    check()
                    yield records[future], _ended(future)
            finally:
                client.cancel([future for future in records if not future.done()])

    return run


def run_batch(
    studies: Sequence[Study],
    folder: Path,
    output: Path,
    run: Run,
    report: Reporter,
    *,
    columns: Mapping[str, Callable[[dict], Any]],
    title: str,
    settings: str,
    again: bool = False,
) -> None:
    """Analyse every study that is not done yet and write the table; see the module.

    What may name a patient, as names of files do, stands in the table only where it may be told (``identity``).

    Args:
        folder: that the studies were found in. output: for the results, a numbered folder for every study.
        columns: header of the table -> its value of a study's ``measurements.json``, a number, a text or None.
        title: of the table's page. settings: how studies are analysed; a batch goes on only with the same.
        again: analyse those that failed once more.

    Raises:
        InputError: nothing to analyse, an output that cannot be written or that holds a batch with other settings, or every
            study failed.
    """
    if not studies:
        raise InputError(
            _("No study was found in {folder}; name the folder that holds the studies, each in a file or folder.").format(
                folder=folder
            )
        )
    state = opened(output, settings)
    recorded_studies = recorded(state, studies, folder, again)
    waiting = [(record, study, output / record["folder"]) for record, study in recorded_studies if record["status"] == WAITING]
    records, left = [record for record, _study in recorded_studies], len(waiting)
    report.log(
        _("{all} studies, of which {before} ended before").format(all=len(records), before=len(records) - left)
        if left < len(records)
        else _("{all} studies").format(all=len(records)),
        Note.ABOUT,
    )

    def begin(record: dict) -> None:
        record["tries"] += 1
        save(output / STATE, json.dumps(state, indent=1))

    _write(output, state, records, columns, title)
    report.progress(Step.STUDIES, _("Studies"), len(records) - left, len(records))
    begun, ended_here = time.monotonic(), 0
    try:
        for record, ended in run(waiting, begin):
            record.update(status=ended.status, code=ended.code, message=ended.message, seconds=round(ended.seconds, 1))
            _write(output, state, records, columns, title)
            left, ended_here = left - 1, ended_here + 1
            report.progress(Step.STUDIES, _("Studies"), len(records) - left, len(records))
            report.log(_line(record, (time.monotonic() - begun) / ended_here * left), Note.STUDY)
    except (Cancelled, KeyboardInterrupt) as error:
        kept = _("Cancelled; the studies that are done are kept, and the same command goes on with the others.")
        raise Cancelled(kept) from error
    _report_end(records, output, report)


def _write(output: Path, state: dict, records: Iterable[dict], columns: Mapping[str, Callable], title: str) -> None:
    """The state, the table and its page, each whole at any moment."""
    from .table import page, rows_of, table

    rows = rows_of(records, output, columns)
    save(output / STATE, json.dumps(state, indent=1))
    save(output / TABLE, table(rows))
    save(output / PAGE, page(rows, title))


def _code_and_message(error: Exception, study: Study) -> tuple[str, str]:
    """Code and sentence of what went wrong, without the names of the study's files unless asked for."""
    if is_out_of_memory(error):
        return "memory", _("The memory of this machine does not suffice.")
    code, text = "fault", _("Fault of LesionReading ({name}).").format(name=type(error).__name__)
    if isinstance(error, InputError):
        code, text = error.code, str(error)
    if identity_is_shown():
        return code, plain(text)
    for path in sorted({study.source, *study.files}, key=lambda one: -len(str(one))):
        text = text.replace(str(path), _("the input"))
    names = {study.source.name, *(name for file in study.files for name in (file.name, file.parent.name))}
    for name in sorted(names, key=len, reverse=True):
        if len(name) >= _LEAST_NAME:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _("the input"), text, flags=re.ASCII)
    return code, plain(text)


def _line(record: dict, seconds_left: float) -> str:
    """How a study ended, and how long the others will take."""
    study = f"{record['folder']} ({record['source']})" if "source" in record else record["folder"]
    ended = (
        _("Study {study}: done in {seconds:.0f} s").format(study=study, seconds=record["seconds"])
        if record["status"] == DONE
        else _("Study {study}: failed: {message}").format(study=study, message=record["message"])
    )
    if seconds_left < 1:
        return ended
    return _("{ended} (about {minutes:.0f} min left)").format(ended=ended, minutes=max(seconds_left / 60, 1))


END_WORDS = {"studies": N_("studies"), "done": N_("done"), "failed": N_("failed")}


def _report_end(records: Sequence[dict], output: Path, report: Reporter) -> None:
    failed = [record for record in records if record["status"] == FAILED]
    if len(failed) == len(records):
        raise InputError(
            _("All {count} studies failed, the first because: {value}").format(count=len(records), value=failed[0]["message"])
        )
    report.result(str(output), END_WORDS, studies=len(records), done=len(records) - len(failed), failed=len(failed))


def _client(address: str):
    try:
        from dask.distributed import Client, as_completed
    except ImportError as error:
        raise InputError(
            _('The package "distributed" is missing, which --dask needs; install it: pip install distributed.')
        ) from error
    try:
        return Client(address, timeout=10), as_completed
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            _("No Dask scheduler answers at {address}; check the address, for example tcp://10.0.0.5:8786.").format(address=address)
        ) from error


def _ended(future) -> Ended:
    """How a task of a Dask cluster ended; a worker may have been lost with it."""
    try:
        return future.result()
    except Exception as error:
        return Ended(FAILED, "fault", _("The worker was lost ({name}).").format(name=type(error).__name__))

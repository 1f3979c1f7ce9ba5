"""How a run talks to whoever started it: on standard output, and in one sentence on standard error where it did not end well.

A person reads plain lines, at a terminal with a progress bar below them. A program asks for JSON lines, by ``--json-lines`` or by
the environment variable ``LESION_READING_JSON_LINES=1`` (which ``leash`` sets). Every line is one object with a ``"type"`` and a
``"code"``. Programs branch on these two and never on words, which are in the person's language:

* ``{"type": "progress", "code": str, "stage": str, "done": int, "total": int}``
* ``{"type": "log", "code": str, "message": str}``
* ``{"type": "result", "code": str, "folder": str, ...}`` (the last line of a run that ended well)
* ``{"type": "error", "code": str, "message": str, "details": str}`` (the last line of a run that did not)

======== ===================== ============================================================================================
type     code                  meaning
======== ===================== ============================================================================================
progress ``infer``             the network reads the frames or slices
progress ``infer_prior``       the same of the earlier scan
progress ``measure``           the label map is measured
progress ``report``            report, pictures and tables are written
progress ``studies``           studies of a batch that have ended
progress ``train``             a model is trained
log      ``note``              a sentence on how the input was read or the network worked; the report repeats it
log      ``caution``           a sentence on what makes the results doubtful; the report repeats it
log      ``segment``           what a segment of a label map was taken for, or why it was left out
log      ``picture``           a picture that could not be drawn, or not as it should be
log      ``about``             what the run is about to do, or how long it will take
log      ``study``             how a study of a batch ended
result   ``done``              done; a head CT that was read or measured has the code of its decision instead
result   ``refer_now``         ... likewise ``watch``, ``watch_uncertain``, ``no_hematoma_found``, ``no_verdict``
error    ``input``             the input or the arguments cannot be used
error    ``unless-forced``     the same, and --force overrules it
error    ``model``             the model, or the device it is to run on, cannot be used
error    ``output``            the output folder cannot be written
error    ``memory``            memory does not suffice
error    ``cancelled``         the run was cancelled
error    ``missing-package``   a Python package is not installed
error    ``fault``             a fault of ours; the details say where
======== ===================== ============================================================================================

Standard output may hold other lines, of libraries; standard error holds ours alone.
Exit status: 0 done, 2 unusable input or arguments or too little memory, 1 a fault of ours, 130 cancelled.
"""

from __future__ import annotations

import errno
import gc
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from .errors import Cancelled, InputError, is_out_of_memory
from .language import _
from .presenting.drawing import keep_strange_styles_out
from .process.cancelling import cancellable
from .process.quiet import hushed
from .reporting import JsonLines, Reporter, Terminal, reporter
from .text.identity import identity_is_shown, naming
from .text.plain_text import plain

_OF_THE_DISK = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, getattr(errno, "ESTALE", errno.EIO))
_OURS = re.compile(r"(LesionReading|OCTCalcium|HematomaMarkers)Lib[/\\]")


def run_and_report(job: Callable[[Reporter], None], json_lines: bool = False, with_identity: bool = False) -> int:
    """Run ``job(reporter)`` and return the exit status that the protocol promises.

    SIGTERM and Ctrl-C end the job by an exception, so that ``with`` blocks remove half-written files.

    Args:
        json_lines: whether a program asked for them.
        with_identity: whether the person asked for what may name the patient.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter that the terminal does not know must not end a run
            stream.reconfigure(errors="backslashreplace")
    with naming(with_identity):
        return _run(job, reporter(json_lines))


def leave(status: int) -> NoReturn:
    """End this process with the status of its run; that cannot be cancelled any more while Python clears up."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # else Python looks through everything once more for circles that nobody needs freed
    sys.exit(status)


def _run(job: Callable[[Reporter], None], report: JsonLines | Terminal) -> int:
    try:
        with cancellable(), hushed():
            keep_strange_styles_out()
            job(report)
        return 0
    except (Cancelled, KeyboardInterrupt) as end:
        report.error("cancelled", str(end) or _("Cancelled; nothing was written."))
        return 130
    except BrokenPipeError:
        # Whoever read along is gone: nobody is left to tell, and the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    except Exception as error:
        return _report_error(report, error)
    finally:
        report.close()


def _report_error(report: JsonLines | Terminal, error: Exception) -> int:
    """Report what ended a run; give its exit status."""
    if isinstance(error, InputError):
        report.error(error.code, plain(error))
        return 2
    if is_out_of_memory(error):
        report.error("memory", _("The memory of this machine does not suffice; close other programs, then try again."))
        return 2
    if isinstance(error, OSError) and error.errno in _OF_THE_DISK:  # from whichever step looks first at what was named
        advice = _("A file or folder that was named cannot be used ({strerror}); check its name, its permissions and its disk.")
        report.error("input", advice.format(strerror=error.strerror))
        return 2
    if isinstance(error, ModuleNotFoundError):
        advice = _(
            "The Python package {name} is missing; install it (in Slicer: press Apply, which asks first), then try again."
        ).format(name=error.name)
        report.error("missing-package", advice, _traceback(error))
        return 1
    detail = (
        f": {plain(error)}"
        if identity_is_shown()
        else _("; please report it, run again with --with-identity for all that is known of it")
    )
    report.error(
        "fault",
        _("This is a fault of LesionReading ({kind_and_place}){detail}").format(
            kind_and_place=_kind_and_place(error), detail=detail
        ),
        _traceback(error),
    )
    return 1


def _kind_and_place(error: BaseException) -> str:
    """The kind of an error, and the line of our code that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _OURS.search(frame.filename)]
    return f"{type(error).__name__} at {os.path.basename(ours[-1].filename)}:{ours[-1].lineno}"


def _traceback(error: BaseException) -> str:
    """The lines of code that an error came through; what was said of it may repeat a header, so only where that may be told."""
    if identity_is_shown():
        return "".join(traceback.format_exception(error))
    text = ""
    while error is not None:
        lines = "".join(traceback.format_tb(error.__traceback__))
        text = f"Traceback (most recent call last):\n{lines}{type(error).__name__}\n{text}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return text

"""What the logic of both modules shares, with a stand-in for the process that runs the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from LesionReadingLib.errors import InputError
from LesionReadingPanel.logic import LesionReadingLogic
from LesionReadingPanel.running.worker_process import Outcome


class ProcessOfTheTest:
    """Ends every run at once, as the test wants it."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.started, self.cancelled, self.running = outcome, [], 0, False

    def start(self, package, arguments, onFinished, *, onProgress=None, onLog=None) -> None:
        self.started.append((package, arguments))
        if onProgress is not None:
            onProgress("Reading", 1, 2)
        onFinished(self.outcome)

    def cancel(self) -> None:
        self.cancelled += 1


class LittleLogic(LesionReadingLogic):
    PACKAGE = "LittleLib"

    def prepareRun(self, volume, folder: Path, *, model: str = "") -> list[str]:
        if volume is None:
            raise InputError("There is no volume.")
        (folder / "in.txt").write_text(volume)
        self.folder = folder
        return [str(folder / "in.txt"), model]

    def takeRun(self, folder: Path, volume, *, model: str = ""):
        return (folder / "in.txt").read_text().upper(), model


@pytest.fixture
def a_logic(a_desktop):
    return lambda outcome: LittleLogic(process=ProcessOfTheTest(outcome))


def test_a_run_is_started_with_the_packages_arguments_and_its_result_taken(a_logic):
    logic = a_logic(Outcome("done"))
    assert logic.process("a volume", model="a_model") == ("A VOLUME", "a_model")
    assert logic.worker.started == [("LittleLib", [str(logic.folder / "in.txt"), "a_model"])]
    assert not logic.folder.exists()


def test_a_run_that_failed_is_told_in_its_own_words_and_leaves_nothing(a_logic):
    logic, ended = a_logic(Outcome("failed", "This is a poem.", code="input")), []
    with pytest.raises(InputError, match=r"This is a poem\."):
        logic.process("a volume")
    logic.start("a volume", lambda *ending: ended.append(ending))
    assert ended == [(logic.worker.outcome, None)] and not logic.folder.exists()


def test_what_cannot_be_read_starts_no_process(a_logic):
    logic = a_logic(Outcome("done"))
    with pytest.raises(InputError, match="no volume"):
        logic.process(None)
    assert logic.worker.started == []


def test_progress_is_passed_on_and_cancelling_reaches_the_process(a_logic):
    logic, steps = a_logic(Outcome("cancelled")), []
    logic.run("a volume", lambda outcome, folder: None, onProgress=lambda *step: steps.append(step))
    logic.cancel()
    assert steps == [("Reading", 1, 2)] and logic.worker.cancelled == 1 and not logic.running

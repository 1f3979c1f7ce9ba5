"""What the logic of both modules does: runs the Lib's command line on a volume and takes what it wrote into the scene."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from LesionReadingLib.errors import InputError
from LesionReadingLib.process.scratch import Scratch
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from .running.worker_process import Outcome, WorkerProcess


class LesionReadingLogic(ScriptedLoadableModuleLogic):
    """Usable without the module's panel. A module derives its own logic class and fills in the hooks.

    Attributes:
        PACKAGE: the Lib whose command line is run.
        worker: runs the command line.
    """

    PACKAGE = ""

    def __init__(self, process: WorkerProcess | None = None) -> None:
        """process: runs the Lib's command line in place of a ``WorkerProcess`` of its own."""
        ScriptedLoadableModuleLogic.__init__(self)
        self.worker = WorkerProcess() if process is None else process

    # Hooks

    def prepareRun(self, volume, folder: Path, **options: Any) -> list[str]:
        """Write a volume into a temporary folder and give the arguments of the command line; output goes below it, too.

        Raises:
            InputError: the volume cannot be used.
        """
        raise NotImplementedError

    def takeRun(self, folder: Path, volume, **options: Any):
        """Load what a run has written below its folder as the result node of the volume; options as of ``prepareRun``."""
        raise NotImplementedError

    def prepareReport(self, result, folder: Path, output: Path) -> list[str]:
        """Write a result as it is now into a temporary folder and give the arguments that write its report into ``output``."""
        raise NotImplementedError

    def exportCase(self, result, folder: Path, **details: Any) -> Path:
        """Write a result as a case for training into a numbered folder below ``folder``; gives the case's folder."""
        raise NotImplementedError

    # Runs

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self.worker.running

    def cancel(self) -> None:
        """Cancel the run, if there is one; it has ended within a second."""
        self.worker.cancel()

    def run(
        self,
        volume,
        onFinished: Callable[[Outcome, Path], None],
        *,
        onProgress: Callable[[str, int, int], None] | None = None,
        onLog: Callable[[str], None] | None = None,
        **options: Any,
    ) -> None:
        """Read a volume in the background.

        :param onFinished: called once with the outcome and the folder of the run, which is removed afterwards.
        :param onProgress, onLog: as of ``WorkerProcess.start``.
        :param options: of the module's ``prepareRun``.
        :raises InputError: the volume cannot be used, or a run is going on.
        """
        # It holds the patient's image: where Slicer is killed, the next run sweeps it.
        scratch = Scratch(None, "LesionReading-run-")

        def finished(outcome: Outcome) -> None:
            try:
                onFinished(outcome, scratch.path)
            finally:
                scratch.close()

        try:
            arguments = self.prepareRun(volume, scratch.path, **options)
            self.worker.start(self.PACKAGE, arguments, finished, onProgress=onProgress, onLog=onLog)
        except BaseException:
            scratch.close()
            raise

    def start(self, volume, onDone: Callable[[Outcome, Any], None], **options: Any) -> None:
        """Read a volume in the background and take the result into the scene.

        :param onDone: called with the outcome and the result node; None for the node unless the outcome's status is "done".
        :param options: of the module's ``prepareRun``.
        :raises InputError: as ``run``.
        """

        def finished(outcome: Outcome, folder: Path) -> None:
            onDone(outcome, self.takeRun(folder, volume, **options) if outcome.status == "done" else None)

        self.run(volume, finished, **options)

    def process(self, volume, **options: Any):
        """Read a volume and wait for the result node, while Slicer's windows stay alive.

        :param options: of the module's ``prepareRun``.
        :raises InputError: the volume cannot be used, or the reading failed.
        """
        ended: list[tuple[Outcome, Any]] = []
        loop = qt.QEventLoop()

        def done(outcome: Outcome, result) -> None:
            ended.append((outcome, result))
            loop.quit()

        self.start(volume, done, **options)
        if not ended:
            loop.exec_()
        outcome, result = ended[0]
        if outcome.status != "done":
            raise InputError(outcome.message)
        return result

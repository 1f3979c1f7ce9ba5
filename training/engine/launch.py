"""A training in several processes of this machine, as ``torchrun`` would start it, whose end is told in one sentence."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Sequence
from signal import Signals

from LesionReadingLib.errors import Cancelled, InputError
from LesionReadingLib.process.cancelling import held
from LesionReadingLib.process.scratch import Scratch


def launch(count: int, arguments: Sequence[str]) -> None:
    """Run ``python -m training ARGUMENTS`` in so many processes that learn together; where one ends badly, all are ended.

    Raises:
        InputError: one of them could not use its input (it has said why), or died.
        Cancelled: this process was asked to stop, and has ended them.
    """
    from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)  # it would tell of every process that it ends
    try:
        with held():
            logs = Scratch(None, "training-logs-")
        with logs:
            config = LaunchConfig(
                min_nodes=1,
                max_nodes=1,
                nproc_per_node=count,
                run_id=str(uuid.uuid4()),
                rdzv_backend="c10d",
                rdzv_endpoint="localhost:0",
                max_restarts=0,
                monitor_interval=0.2,
                logs_specs=DefaultLogsSpecs(str(logs.path / "ranks")),
            )
            elastic_launch(config, sys.executable)("-m", "training", *arguments)
    except SignalException as error:
        raise Cancelled from error
    except ChildFailedError as error:
        ends = {rank: failure.exitcode for rank, failure in error.failures.items()}
        died = next((rank for rank, code in ends.items() if code < 0), None)
        if died is not None:
            raise InputError(
                f"Process {died} of {count} was ended by {Signals(-ends[died]).name}, and the others with it; start again "
                "to resume from the last checkpoint."
            ) from error
        rank, code = next(iter(ends.items()))
        raise InputError(f"Process {rank} of {count} ended with status {code}, and the others with it; see above.") from error

"""What the configs of a bundle call, whatever its task, so that ``python -m monai.bundle run`` does what the module does.

Each Lib's ``monai_bundle`` binds the first arguments; the configs give the others, as text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from torch import nn

from ..errors import InputError
from ..language import _
from ..model.bundle import METADATA, Bundle, load_bundle
from ..model.prediction import load_network
from .bundle_evaluation import evaluate_cases
from .training_case import TrainingCase

_REPOSITORY = Path(__file__).resolve().parents[3]


def bundle_folder() -> str:
    """The folder of the bundle whose config is run, from wherever: MONAI puts it on Python's path, behind the current folder."""
    return next((folder for folder in sys.path[1:] if (Path(folder) / METADATA).is_file()), ".")


def trained_network(task: str, networks: Mapping[str, type[nn.Module]], bundle_root: str) -> nn.Module:
    """The bundle's network with its weights, whose checksum is looked at first, ready to predict."""
    return load_network(load_bundle(Path(bundle_root), task), networks)


def infer(main: Callable[[list[str]], int], source: str, output: str, bundle_root: str, device: str = "auto") -> None:
    """Analyse an input as the module's command ``analyze`` does; ends the process where that cannot be.

    Args:
        main: of the command line.
        source: whatever ``analyze`` takes. output: folder for label map, measurements, tables, pictures and report.
    """
    if status := main(["analyze", source, "-o", output, "--model", bundle_root, "--device", device]):
        raise SystemExit(status)


def evaluate(
    task: str,
    names: Sequence[str],
    label: Callable[[TrainingCase, Bundle, str], np.ndarray],
    cases: str,
    output: str,
    bundle_root: str,
    device: str = "auto",
) -> None:
    """Compare the bundle's label maps with those of the cases (*Export for training*) in a folder.

    Writes ``evaluation.json`` into ``output``: Dice of each class in each case, and their means.

    Args:
        names: of the label values, the first of them background. label: gives the label map of a case by a bundle on a device.
    """
    with _one_sentence():
        bundle = load_bundle(Path(bundle_root), task)
        evaluate_cases(Path(cases), Path(output), task, names, lambda case: label(case, bundle, device))


def train(load: Callable[[], Callable[[list[str]], int]], commands: Sequence[Sequence[str]], more: Sequence[str]) -> None:
    """Run commands of ``python -m training``, one after another, with more options each; ends the process where one cannot be.

    The trainings are no part of what is installed: they are found in the repository that this file belongs to.

    Args:
        load: imports the command line of the trainings and gives it, once the repository is on Python's path.
    """
    with _one_sentence():
        if not (_REPOSITORY / "training" / "__main__.py").is_file():
            raise InputError(
                _(
                    "A bundle is trained by the repository of LesionReading, which is not on this machine; get it, and run in "
                    "its folder: {command}"
                ).format(command='pip install -e ".[training]"')
            )
    sys.path.insert(0, str(_REPOSITORY))
    main = load()
    for command in commands:
        if status := main([*command, *more]):
            raise SystemExit(status)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """End the process with status 2 where an input cannot be used; MONAI would show its own way to it as well."""
    try:
        yield
    except InputError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error

"""What a run reads: the CT, and the earlier one, as files with the arguments of the command line."""

from pathlib import Path

from LesionReadingLib.errors import InputError
from LesionReadingPanel.aside import aside
from LesionReadingScene.scene import write_volume_node

from .ct_nodes import doubtsOf
from .report_inputs import FORCE, scanArguments
from .results.growth_view import releasePrior


def prepareRun(volume, folder: Path, *, model: str, window: tuple[float, float], prior, force: bool) -> list[str]:
    """Write the CT, and the earlier one, into a temporary folder and give the arguments that read them.

    Args:
        volume: volume node, in HU. folder: results go to its ``out``. model: folder of a bundle; the shipped one where empty.
        window: lower and upper end in HU. prior: volume node of an earlier CT, or None.
        force: read a CT that may be no plain head CT.

    Raises:
        InputError: the CT cannot be used.
    """
    doubts = doubtsOf(volume)
    if doubts and not force:
        raise InputError(doubts)
    low, high = window
    write_volume_node(volume, folder / "ct.nrrd", aside)
    arguments = ["analyze", str(folder / "ct.nrrd"), "-o", str(folder / "out"), "--window", f"{low:g}", f"{high:g}"]
    if prior is not None:
        releasePrior(prior)
        write_volume_node(prior, folder / "prior.nrrd", aside)
        arguments += ["--prior", str(folder / "prior.nrrd")]
    arguments += ["--model", model] if model else []
    return [*arguments, *scanArguments(volume), *([FORCE] if force else [])]

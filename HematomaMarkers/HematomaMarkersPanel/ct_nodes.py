"""Head CT in and out of volume nodes: read from DICOM onto an upright grid, and given to the Lib as the scan that it measures."""

from __future__ import annotations

from pathlib import Path

import slicer
from HematomaMarkersLib.reading.hounsfield import as_hounsfield
from HematomaMarkersLib.reading.scan import Scan, gravity_of
from HematomaMarkersLib.reading.upright import StraightScan, straightened
from LesionReadingScene.scene import add_volume, measured_grid, volume_array

INSTANCES = "DICOM.instanceUIDs"  # by which readers of DICOM, Slicer's own too, name the files of a volume
POSITION = "LesionReading.PatientPosition"
CHANGES = "LesionReading.Straightened"
DOUBTS = "LesionReading.Doubts"
LOCATION, ONSET = "LesionReading.Location", "LesionReading.OnsetToCtHours"
BRAIN_WINDOW = (0.0, 80.0)
"""Lower and upper end in HU of the window in which a loaded CT is shown."""


def addHeadCT(scan: Scan, name: str):
    """Add a scan as a volume node, upright and evenly spaced.

    What had to be changed for that is kept on the node (attribute and description), so that the panel can say it. How the patient
    lay is kept, too: a fluid level is judged by gravity.

    Args:
        scan: of ``HematomaMarkersLib.reading``. name: of the node; never a patient's.

    Returns:
        vtkMRMLScalarVolumeNode.
    """
    return addStraight(scan, straightened(scan), name)


def addStraight(scan: Scan, straight: StraightScan, name: str):
    """As ``addHeadCT``, with the scan as ``straightened`` has given it."""
    volume = add_volume(straight.hounsfield, straight.grid, name)
    if scan.details.get("patient position"):
        volume.SetAttribute(POSITION, scan.details["patient position"])
    if straight.changes:
        volume.SetAttribute(CHANGES, " ".join(straight.changes))
    if scan.warnings:
        volume.SetAttribute(DOUBTS, " ".join(scan.warnings))
    volume.SetDescription(" ".join((*straight.changes, *scan.notes, *scan.warnings)))
    display = volume.GetDisplayNode()
    low, high = BRAIN_WINDOW
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(low, high)
    return volume


def askFiles(volume) -> None:
    """Keep with a CT what its DICOM files say of it, where another reader has loaded it: how the patient lay, what is doubtful."""
    from HematomaMarkersLib.reading.dicom.scan import position_and_doubts

    instances = (volume.GetAttribute(INSTANCES) or "").split()
    if not instances or volume.GetAttribute(POSITION) is not None:
        return
    some = [instances[number] for number in sorted({0, len(instances) // 2, len(instances) - 1})]
    files = [file for file in map(slicer.dicomDatabase.fileForInstance, some) if file]
    if files:
        position, doubts = position_and_doubts([Path(file) for file in files])
        volume.SetAttribute(POSITION, position)  # also where it is empty: the files are asked once
        _setOrRemove(volume, DOUBTS, " ".join(doubts) or None)


def patientPosition(volume) -> str:
    """How the patient lay, as DICOM says it (``HFS``); empty where that is not known."""
    return volume.GetAttribute(POSITION) or ""


def changesOf(volume) -> str:
    """What was changed when the CT was loaded, in sentences; empty where its voxels are those of the scanner."""
    return volume.GetAttribute(CHANGES) or ""


def doubtsOf(volume) -> str:
    """Why the CT may be no head CT without contrast, in sentences, as its DICOM files say; empty where there is no reason."""
    return volume.GetAttribute(DOUBTS) or ""


def scanOf(volume, window: tuple[float, float]) -> Scan:
    """Give a volume node as the scan that the Lib measures.

    Args:
        window: HU of black and white, for a volume of 8-bit pictures.

    Raises:
        InputError: the volume holds no HU.
    """
    hounsfield = as_hounsfield(volume_array(volume), window, volume.GetName())
    return Scan(hounsfield, measured_grid(volume), gravity=gravity_of(patientPosition(volume)))


def locationOf(volume) -> str | None:
    """Where the user says that the hematoma of a CT lies, one of ``labels.LOCATIONS``; None where not known."""
    return volume.GetAttribute(LOCATION) or None


def setLocation(volume, location: str | None) -> None:
    """Keep the location with the CT, so that it is saved and two patients do not mix."""
    _setOrRemove(volume, LOCATION, location)


def onsetOf(volume) -> float | None:
    """Hours from the first symptom to the CT, as the user gave them; None where not known."""
    stated = volume.GetAttribute(ONSET)
    return float(stated) if stated else None


def setOnset(volume, hours: float | None) -> None:
    """Keep the hours from onset to CT with the CT."""
    _setOrRemove(volume, ONSET, None if hours is None else f"{hours:g}")


def _setOrRemove(volume, attribute: str, value: str | None) -> None:
    if value is None:
        volume.RemoveAttribute(attribute)
    else:
        volume.SetAttribute(attribute, value)

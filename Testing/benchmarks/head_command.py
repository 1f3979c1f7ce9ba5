"""The whole command on a head CT of 30 slices of 512 x 512, as a process: seconds and peak memory, beside a plain baseline.

    python Testing/benchmarks/head_command.py FOLDER [--repeats 3]

The baseline is what a plain script does with the same network: slice by slice in float32, the whole network once for the hematoma
and, wherever it finds some, once more for each marker's Grad-CAM by MONAI; then it writes the label map and the heat maps. It
prepares the scan as the command does, draws no picture, measures nothing and writes no report. The command reads slices that show
blood in four views, and the baseline in one: their Dice tells how far two answers of one network lie apart, not a
mistake. The two are run in turn; the ratio is taken pair by pair. ``FOLDER`` keeps the phantom for the next time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from HematomaMarkersLib.phantom.study import write_patient
from processes import compare

SLICES, SEED = 30, 1012

BASELINE = """
import sys
from pathlib import Path
import numpy as np, SimpleITK as sitk, torch
from monai.visualize import GradCAM
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from HematomaMarkersLib.commands import DEFAULT_MODEL
from HematomaMarkersLib.labels import HEMATOMA, MARKERS
from HematomaMarkersLib.labels import TASK
from HematomaMarkersLib.model.prediction import NETWORKS
from HematomaMarkersLib.model.preparation.prepare import network_input, prepare
from HematomaMarkersLib.reading.read import open_scan
from HematomaMarkersLib.model.inference import post_processed
from HematomaMarkersLib.windows import DEFAULT, windows
torch.set_num_threads(2)
scan, folder = open_scan(Path(sys.argv[1])), Path(sys.argv[2])
prepared = prepare(scan)
network = load_network(find_bundle(DEFAULT_MODEL, TASK), NETWORKS)
images = network_input(torch.from_numpy(prepared.hounsfield)[:, None, None], windows()[DEFAULT])
with torch.no_grad():
    labels = np.stack([network(image)[0].argmax(1)[0].numpy() for image in images]).astype(np.uint8)
labels = post_processed(np.where(prepared.inside, labels, 0), prepared.hounsfield, prepared.extents_mm)

class Markers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.network = network
    def forward(self, image, mask):
        return self.network(image, mask)[1]

network.markers.tail.register_module("entry", torch.nn.Identity())
network.markers.tail.register_forward_pre_hook(lambda tail, given: (tail.entry(given[0]), *given[1:]))
cam = GradCAM(Markers(), "network.markers.tail.entry", postprocessing=lambda heat: heat)
heat = np.zeros((len(MARKERS), *labels.shape), np.float32)
for number, image in enumerate(images):
    if (labels[number] == HEMATOMA).any():
        mask = torch.from_numpy(labels[number] == HEMATOMA)[None, None].float()
        for marker in range(len(MARKERS)):
            heat[marker, number] = cam(image.clone().requires_grad_(), class_idx=marker, mask=mask)[0, 0].detach().numpy()
sitk.WriteImage(sitk.GetImageFromArray(prepared.labels_to_scan(labels)), str(folder / "plain.nrrd"), useCompression=True)
for marker, values in zip(MARKERS, heat):
    sitk.WriteImage(sitk.GetImageFromArray(prepared.to_scan(values)), str(folder / f"plain_{marker}.nrrd"), useCompression=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    source = _series(chosen.folder)
    ours = [sys.executable, "-m", "HematomaMarkersLib", "analyze", str(source), "-o", str(chosen.folder / "results")]
    plain = [sys.executable, "-c", BASELINE, str(source), str(chosen.folder)]
    compare(ours, plain, chosen.repeats)
    first, second = (
        sitk.GetArrayFromImage(sitk.ReadImage(str(chosen.folder / name))) == 1
        for name in ("results/segmentation.seg.nrrd", "plain.nrrd")
    )
    print(f"agreement of the hematoma (Dice): {2 * np.sum(first & second) / max(first.sum() + second.sum(), 1):.4f}")


def _series(folder: Path) -> Path:
    """DICOM of a phantom patient with a large hematoma, cut to ``SLICES`` slices."""
    source = folder / "patient/first"
    if not source.exists():
        print("drawing the phantom ...", flush=True)
        write_patient(
            folder / "patient", SEED, slice_mm=5.2, tilt_deg=12.0, volume_ml=40.0, location="putamen", wanted=frozenset({"blend"})
        )
        files = sorted(source.iterdir(), key=lambda file: sitk.ReadImage(str(file)).GetOrigin()[2])
        for file in files[: max(0, len(files) - SLICES)]:
            file.unlink()
    print(f"{len(list(source.iterdir()))} slices", flush=True)
    return source


if __name__ == "__main__":
    main()

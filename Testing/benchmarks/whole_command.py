"""The whole command on a 375-frame pullback of 1024 x 1024, as a process: seconds and peak memory, beside a plain baseline.

    python Testing/benchmarks/whole_command.py FOLDER [--repeats 3] [--colour]

The baseline is what a plain script does with the same network: read all pixels, predict frame by frame in float32, enlarge, write
the label map; it draws no picture and writes no report. The two are run in turn; the ratio is taken pair by pair. ``FOLDER`` keeps
the phantom for the next time. How well the two agree is measured by predict.py, which gives both the same frames.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from OCTCalciumLib.phantom.dicom import write_capture, write_presentation
from OCTCalciumLib.phantom.pullback import PhantomPullback, draw_pullback
from processes import compare

FRAMES, SIZE, DRAWN = 375, 1024, 75

BASELINE = """
import sys
import numpy as np, pydicom, SimpleITK as sitk, torch
from LesionReadingLib.model.bundle import find_bundle
from LesionReadingLib.model.prediction import load_network
from OCTCalciumLib.commands import DEFAULT_MODEL
from OCTCalciumLib.labels import TASK
from OCTCalciumLib.model.inference import NETWORKS
from OCTCalciumLib.model.post_processing import post_processed
torch.set_num_threads(2)
data = pydicom.dcmread(sys.argv[1])
frames = data.pixel_array
if frames.ndim == 4:
    frames = frames[:, : frames.shape[2], :, 0]
network = load_network(find_bundle(DEFAULT_MODEL, TASK), NETWORKS)
labels = np.empty(frames.shape, np.uint8)
with torch.inference_mode():
    for number, frame in enumerate(frames):
        image = torch.from_numpy(frame.astype(np.float32) / 255)[None, None]
        image = torch.nn.functional.interpolate(image, size=(512, 512), mode="area")
        found = torch.from_numpy(post_processed(network(image).argmax(1)[0].to(torch.uint8).numpy()))
        labels[number] = torch.nn.functional.interpolate(found[None, None], size=frame.shape)[0, 0].numpy()
sitk.WriteImage(sitk.GetImageFromArray(labels), sys.argv[2], useCompression=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--colour", action="store_true", help="a legacy RGB capture instead of grey IVOCT")
    chosen = parser.parse_args()
    source = pullback_file(chosen.folder, chosen.colour)
    spacing = ["--pixel-spacing", "0.007", "--frame-spacing", "0.2"] if chosen.colour else []
    ours = [sys.executable, "-m", "OCTCalciumLib", "analyze", str(source), "-o", str(chosen.folder / "results"), *spacing]
    plain = [sys.executable, "-c", BASELINE, str(source), str(chosen.folder / "plain.nrrd")]
    compare(ours, plain, chosen.repeats)


def pullback_file(folder: Path, colour: bool) -> Path:
    """The phantom as DICOM, drawn if it is not there: one frame of five, each repeated."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ("capture.dcm" if colour else "presentation.dcm")
    if not path.exists():
        print("drawing the phantom ...", flush=True)
        drawn = draw_pullback(11, FRAMES, SIZE, indices=range(0, FRAMES, FRAMES // DRAWN))
        repeat = FRAMES // DRAWN
        whole = PhantomPullback(
            drawn.frames.repeat(repeat, 0), drawn.labels.repeat(repeat, 0), drawn.polar.repeat(repeat, 0), drawn.spacing, drawn.plan
        )
        (write_capture if colour else write_presentation)(path, whole)
    return path


if __name__ == "__main__":
    main()

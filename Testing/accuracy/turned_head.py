"""The same phantom head lying upright and turned within its slices: what is found, with and without straightening.

python Testing/accuracy/turned_head.py [--model BUNDLE]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from HematomaMarkersLib.labels import HEMATOMA, TASK
from HematomaMarkersLib.model.prediction import predict
from HematomaMarkersLib.phantom.anatomy import draw_head_of
from HematomaMarkersLib.phantom.patient import SUPINE, PhantomHead, draw_patient, hematoma_of, scanned
from HematomaMarkersLib.phantom.physics import draw_scanner
from HematomaMarkersLib.phantom.position import draw_slices, turned_pose
from HematomaMarkersLib.reading.scan import Scan
from HematomaMarkersLib.windows import DEFAULT, windows
from LesionReadingLib.model.bundle import DEFAULT_MODELS, find_bundle

SEEDS, TURNS_DEG, VOLUME_ML, SLICE_MM, SIZE, PIXEL_MM = (3, 28), (0, 20, 32), 18.0, 5.0, 256, 0.9


def turned_head(seed: int, turn_deg: float) -> PhantomHead:
    """Patient ``seed`` with a plain hematoma of the putamen, turned about the body's axis; all else is the same."""
    place = (3.0, -1.0, 25.0)
    patient = replace(
        draw_patient(seed),
        location="putamen",
        centre_mm=place,
        hematoma_seed=seed,
        volume_ml=VOLUME_ML,
        wanted=frozenset(),
        near_misses=(),
        ventricle_blood="none",
    )
    pose = turned_pose((turn_deg, 0.0, 4.0), (0.0, -8.0, 0.0))
    hematoma = hematoma_of(patient, pose, SUPINE)
    head = draw_head_of(patient.person, hematoma)
    grid, thickness_mm = draw_slices(np.random.default_rng(5), pose, patient.person, SIZE, PIXEL_MM, SLICE_MM, 0.0)
    scanner = draw_scanner(np.random.default_rng(6), SLICE_MM)
    return scanned(
        np.random.default_rng(7),
        patient,
        hematoma,
        head=head,
        pose=pose,
        gravity=SUPINE,
        grid=grid,
        thickness_mm=thickness_mm,
        scanner=scanner,
        seed=seed,
    )


def main() -> None:
    """Print one line per head and turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODELS[TASK])
    bundle = find_bundle(parser.parse_args().model, TASK)
    for seed in SEEDS:
        for turn_deg in TURNS_DEG:
            head = turned_head(seed, turn_deg)
            scan, true = Scan(head.hounsfield, head.grid, gravity=head.gravity), head.labels == HEMATOMA
            figures = []
            for without in ((), ("straightening",)):
                labels = predict(scan, bundle, "cpu", windows()[DEFAULT], lambda done, total: None, without=without)[0].labels
                found = labels == HEMATOMA
                volume_ml = float(found.sum(axis=(1, 2)) @ head.grid.voxel_ml)
                figures.append(f"{volume_ml:5.2f} mL, Dice {2 * (found & true).sum() / (found.sum() + true.sum()):.3f}")
            begin = f"seed {seed}, turned by {turn_deg:2d}: true {head.volume_ml:.2f} mL"
            print(f"{begin}; straightened {figures[0]}; as it lies {figures[1]}", flush=True)


if __name__ == "__main__":
    main()

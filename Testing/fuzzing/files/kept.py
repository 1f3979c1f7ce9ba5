"""Folders and texts that the commands keep or take beside images, drawn for the fuzzer.

Cases and tables for training, patients of training folders, presets, checkpoints, figures; a worklist with its locks and edits, the
record of a batch; a person's words on findings; a network with its weights.
"""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from fuzzing.files.rare_volumes import drawn_head, drawn_vessel
from fuzzing.jobs.kept import analysed_batch
from fuzzing.subject import Subject
from LesionReadingLib.geometry.grid import Grid, even_grid
from LesionReadingLib.geometry.spacing import Spacing

_CASE = 100_001


def draw_kept(folder: Path) -> list[Subject]:
    """Draw them below a folder."""
    kept = folder / "kept"
    return [
        *_consequences(kept),
        *_cases(kept),
        *_training_folders(kept),
        *_trainings(kept),
        *_worklist(kept / "worklist"),
        *_batch(kept / "batch"),
        *_weights(kept / "weights"),
    ]


def _consequences(kept: Path) -> list[Subject]:
    from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES as HEAD
    from OCTCalciumLib.presenting.first_screen import SHIPPED_CONSEQUENCES as OCT

    for name, file in (("oct-words", OCT), ("head-words", HEAD)):
        (kept / name).mkdir(parents=True)
        shutil.copy(file, kept / name / "x.toml")
    return [
        Subject("rules", "kept/oct-words", "x.toml", "oct_words"),
        Subject("rules", "kept/head-words", "x.toml", "head_words"),
    ]


def _drawn_case() -> tuple[np.ndarray, np.ndarray, Grid]:
    labels = np.zeros((4, 40, 48), np.uint8)
    labels[1:3, 8:20, 10:30], labels[:, 22:30, 10:20] = 1, 3
    image = np.random.default_rng(4).integers(0, 255, labels.shape, np.uint8)
    return image, labels, even_grid(labels.shape, Spacing(0.02, 0.02, 0.2))


def _cases(kept: Path) -> list[Subject]:
    from LesionReadingLib.studies.training_case import write_case

    image, labels, grid = _drawn_case()
    write_case(kept / "oct-case", "oct-calcium", image, labels, grid, reviewed=[1, 2], markers=None)
    grid, scan, marks = drawn_head()
    judged = {"hypodensity": True, "irregular_margin": None, "blend": False, "fluid_level": False}
    write_case(kept / "head-case", "hematoma-markers", scan.hounsfield, marks, grid, reviewed=[], markers=judged)
    return [
        Subject("reading" if file == "case.json" else "nrrd", f"kept/{task}-case", file, f"{task}_case", ".")
        for task in ("oct", "head")
        for file in ("case.json", "image.nrrd", "labels.nrrd")
    ]


def _training_folders(kept: Path) -> list[Subject]:
    image, labels, _grid = _drawn_case()
    oct_data, head_data, table = kept / "oct-data", kept / "head-data", kept / "table"
    for folder in (oct_data, head_data, table):
        folder.mkdir(parents=True)
    np.save(oct_data / f"patient-{_CASE}.npy", np.stack([image, labels]))
    (oct_data / f"patient-{_CASE}.json").write_text(json.dumps({"spacing_mm": [0.02, 0.02, None]}))
    slices = len(image)
    arrays = {
        "hounsfield": image.astype(np.int16),
        "labels": np.minimum(labels, 1),
        "slice_markers": np.zeros((slices, 4), bool),
        "markers": np.zeros(4, bool),
        "inside": np.ones(image.shape, bool),
        "extents_mm": np.ones(slices),
        "facts": np.array(json.dumps({"near_misses": [], "location": None, "judged": True})),
    }
    np.savez(head_data / f"patient-{_CASE}.npz", **arrays)
    for folder in (oct_data, head_data):
        (folder / "cases.csv").write_text(
            f"case,name,patient,institution,location,slices,classes\n{_CASE},a,P1,,,{slices},2 calcium\n"
        )
        (folder / "split.csv").write_text("patient,fold,split\nP1,1,train\nP2,2,validation\n")
    (head_data / "split.csv").write_text(
        "case,slice,fold,split\n" + "".join(f"{_CASE},{number},1,{'train' if number else 'test'}\n" for number in range(slices))
    )
    (table / "x.csv").write_text("case;patient;pixel_spacing_mm;split\na;P1;0.02;train\nb;P2;;validation\n")
    listed = [Subject("csv", "kept/table", "x.csv", "table")]
    for name, pixels in (("oct", "npy"), ("head", "npz")):
        listed += [Subject("csv", f"kept/{name}-data", file, f"{name}_data", ".") for file in ("cases.csv", "split.csv")]
        listed.append(Subject("array", f"kept/{name}-data", f"patient-{_CASE}.{pixels}", f"{name}_data", "."))
    return [*listed, Subject("reading", "kept/oct-data", f"patient-{_CASE}.json", "oct_data", ".")]


def _trainings(kept: Path) -> list[Subject]:
    """A preset, a checkpoint, and the figures of an evaluation."""
    from safetensors.numpy import save_file

    from training.engine.presets import FOLDER

    for name in ("preset", "checkpoint", "figures"):
        (kept / name).mkdir(parents=True)
    shutil.copy(sorted(FOLDER.glob("oct_*.yaml"))[0], kept / "preset" / "x.yaml")
    facts = {"options": {"batch": 4}, "step": 3, "seconds": 1.5, "best": 0.5, "since_best": 0, "began_with": "nothing"}
    tensors = {"average.module.weight": np.ones((2, 3), np.float32)}
    save_file(tensors, kept / "checkpoint" / "checkpoint.safetensors", {"facts": json.dumps(facts)})
    one = {"iou": 0.5, "dice": 0.6}
    figures = {
        "three_classes": {name: one for name in ("calcium", "guidewire", "background")},
        "agreement": {"bridged_arc_deg": {"bias": 3.0}},
        "held": "2 cases",
    }
    (kept / "figures" / "figures.json").write_text(json.dumps(figures))
    (kept / "figures" / "checkpoint.csv").write_text("step,loss,dice\n1,0.9,0.1\n2,0.8,0.2\n")
    return [
        Subject("words", "kept/preset", "x.yaml", "preset"),
        Subject("weights", "kept/checkpoint", "checkpoint.safetensors", "checkpoint"),
        Subject("reading", "kept/figures", "figures.json", "figures", "."),
        Subject("csv", "kept/figures", "checkpoint.csv", "figures", "."),
    ]


def _worklist(folder: Path) -> list[Subject]:
    from LesionReadingLib.labels.seg_nrrd import write_seg_nrrd
    from LesionReadingLib.studies.reader_edits import save_edit
    from LesionReadingLib.studies.reader_lock import take
    from LesionReadingLib.studies.worklist import record_failure, record_model, worklist
    from OCTCalciumLib.batch import find_pullbacks
    from OCTCalciumLib.phantom.dicom import write_presentation
    from OCTCalciumLib.segments import SEGMENTS

    pullback = drawn_vessel()
    folder.mkdir(parents=True)
    write_presentation(folder / "a.dcm", pullback)
    (item,) = worklist(folder, "oct-calcium", find_pullbacks)
    grid = even_grid(pullback.labels.shape, pullback.spacing)
    item.result.mkdir(parents=True)
    (item.result / "measurements.json").write_text("{}")
    write_seg_nrrd(item.result / "segmentation.seg.nrrd", pullback.labels, grid, SEGMENTS)
    record_model(item, "a model", "0.1")
    record_failure(item, "no more")
    take(item.folder, "Reader A")
    edit = save_edit(
        item.folder,
        "Reader A",
        lambda file: write_seg_nrrd(file, pullback.labels, grid, SEGMENTS),
        **{"model": "a model", "reviewed": [0], "count": 4, "changed": [], "exported": False},
    )
    kept = [item.folder / name for name in ("lock.json", "model.json", "failed.json")] + [edit.labels.parent / "edit.json"]
    subjects = [("reading", file) for file in kept] + [("nrrd", edit.labels), ("folder", folder / "a.dcm")]
    return [Subject(kind, "kept/worklist", str(file.relative_to(folder)), "oct_worklist", ".") for kind, file in subjects]


def _batch(folder: Path) -> list[Subject]:
    (folder / "in").mkdir(parents=True)
    for name in "ab":
        (folder / "in" / name).write_text(name)
    with redirect_stdout(io.StringIO()):
        analysed_batch(folder)
    kinds = (("reading", "out/batch.json"), ("reading", "out/001/measurements.json"), ("csv", "out/studies.csv"))
    return [Subject(kind, "kept/batch", file, "batch", ".") for kind, file in kinds]


def _weights(folder: Path) -> list[Subject]:
    from LesionReadingLib.model.bundle import model_folders

    shipped = next(parent for parent in model_folders() if (parent / "oct_calcium_two_step").is_dir()) / "oct_calcium_two_step"
    for name in ("configs", "models"):
        shutil.copytree(shipped / name, folder / name)
    return [Subject("weights", "kept/weights", "models/model.safetensors", "oct_network", ".")]

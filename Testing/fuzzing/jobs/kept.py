"""What the fuzzer runs on folders and texts that the commands keep or take beside images (``fuzzing.files.kept``)."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from string import Formatter

import numpy as np
from fuzzing.readers.volumes import Wrong, independent, same


def _all_words(shipped: Path, path: Path) -> None:
    from LesionReadingLib.presenting.consequences import Consequences, in_language

    texts = Consequences(shipped, path)
    for finding, section in tomllib.loads(in_language(shipped).read_text(encoding="utf-8")).items():
        names = {name for _text, name, _spec, _kind in Formatter().parse(section["text"]) if name}
        meaning = texts.of(finding, **dict.fromkeys(names, 3))
        if len(meaning.text) > 1_000_000:
            raise Wrong(f"{len(meaning.text)} letters of text on {finding}")


def oct_words(path: Path) -> None:
    """Say everything in a person's words on findings."""
    from OCTCalciumLib.presenting.first_screen import SHIPPED_CONSEQUENCES

    _all_words(SHIPPED_CONSEQUENCES, path)


def head_words(path: Path) -> None:
    """The same of heads."""
    from HematomaMarkersLib.presenting.first_screen import SHIPPED_CONSEQUENCES

    _all_words(SHIPPED_CONSEQUENCES, path)


def _case(path: Path, add) -> None:
    from LesionReadingLib.studies.training_case import read_case

    case = read_case(path)
    if (known := independent(path / "labels.nrrd")) is not None:
        same("labels of a case", case.labels, known.values)
    stated = json.loads((path / "case.json").read_text())
    if sorted(set(stated["reviewed"])) != list(case.reviewed):
        raise Wrong(f"{case.reviewed} reviewed, {stated['reviewed']} stated")
    add(path.parent / "data", path)


def oct_case(path: Path) -> None:
    """Take an exported case into a training folder."""
    from training.oct.data import add_case

    _case(path, add_case)


def head_case(path: Path) -> None:
    """The same of heads."""
    from training.hematoma.data import add_case

    _case(path, add_case)


def oct_data(path: Path) -> None:
    """Load the patients of a training folder, deal them, and look at each pixel once."""
    from training.oct.data import is_validation, load_patients, slice_classes

    slice_classes(path)
    for patient in load_patients(path, ("train", "validation", "test")):
        is_validation(patient)
        if patient.pixels.dtype != np.uint8 or patient.pixels.ndim != 4 or not np.isfinite(patient.spacing_mm[:2]).all():
            raise Wrong(f"patient of {patient.pixels.shape} {patient.pixels.dtype} {patient.spacing_mm}")
        patient.pixels.sum()


def head_data(path: Path) -> None:
    """The same of heads."""
    from training.hematoma.data import load_patients, slice_classes

    slice_classes(path)
    for patient in load_patients(path, None, ("train", "validation", "test")):
        if not len(patient.hounsfield) == len(patient.labels) == len(patient.slice_markers):
            raise Wrong("slices of different numbers")


def table(path: Path) -> None:
    """Read a person's table of cases; its spacings are those that are written."""
    from training.own_data.case_table import read_table

    for name, row in read_table(path)[0].items():
        if not all(np.isfinite(mm) and mm > 0 for mm in row.spacings_mm.values()):
            raise Wrong(f"{name}: {row.spacings_mm}")


def preset(path: Path) -> None:
    """Read a preset."""
    from training.engine.presets import chosen_options, preset_values
    from training.oct.train import Recipe

    chosen_options(preset_values("oct", str(path)), ["batch=4"], Recipe)


def checkpoint(path: Path) -> None:
    """Read a checkpoint and what it says of its training."""
    from training.engine.checkpoint import averaged_weights, checkpoint_options, training_facts
    from training.engine.options import TrainingOptions

    checkpoint_options(path, TrainingOptions), training_facts(path), averaged_weights(path)


def figures(path: Path) -> None:
    """Gather an evaluation into a page."""
    from training.reporting.report import read_run, report_page

    report_page([read_run(path)])


def oct_worklist(path: Path) -> None:
    """Look through a worklist as the panel does, and compare its readers."""
    from LesionReadingLib.errors import InputError
    from LesionReadingLib.studies.agreement import worklist_agreements
    from LesionReadingLib.studies.reader_edits import edit_of
    from LesionReadingLib.studies.reader_lock import take_over
    from LesionReadingLib.studies.worklist import model_of, next_item, state_of, worklist
    from OCTCalciumLib.agreement import measured
    from OCTCalciumLib.batch import find_pullbacks

    items = worklist(path, "oct-calcium", find_pullbacks)
    states = [state_of(item, "Reader A") for item in items]
    next_item(items, states, None)
    for item in items:
        model_of(item), edit_of(item.folder, "Reader A")
        if item.folder.is_dir():
            try:
                take_over(item.folder, "Reader B")
            except InputError:  # somebody edits it
                continue
    list(worklist_agreements(path, "oct-calcium", measured, 1, False))


def oct_network(path: Path) -> None:
    """Load the networks of a bundle whose weights are what its metadata say."""
    from LesionReadingLib.model.bundle import find_bundle
    from LesionReadingLib.model.prediction import load_network
    from OCTCalciumLib.model.inference import NETWORKS

    load_network(find_bundle(path, "oct-calcium"), NETWORKS)


def analysed_batch(folder: Path) -> None:
    """Analyse a batch of two files of a letter each, in the same way for ever; what is done already stays."""
    from LesionReadingLib.reporting import Terminal
    from LesionReadingLib.studies.batch.records import Study
    from LesionReadingLib.studies.batch.run import one_by_one, run_batch

    def analyse(source, output, report, **options) -> None:
        output.mkdir(parents=True)
        (output / "measurements.json").write_text(json.dumps({"volume_mm3": 1.5, "letter": source.read_text()}))

    files = sorted((folder / "in").iterdir())
    columns = {name: (lambda found, name=name: found[name]) for name in ("volume_mm3", "letter")}
    studies = [Study(file, (file,)) for file in files]
    layout = {"columns": columns, "title": "All", "settings": ""}
    run_batch(studies, folder / "in", folder / "out", one_by_one(analyse), Terminal(), **layout)


def batch(path: Path) -> None:
    """Go on with a batch that was done; all its files lie in its folder."""
    analysed_batch(path)
    if {entry.name for entry in path.iterdir()} != {"in", "out"}:
        raise Wrong(f"{sorted(entry.name for entry in path.iterdir())} in place of in and out")


ROOM_JOBS = (
    *(oct_words, head_words, oct_case, head_case, oct_data, head_data, table, preset, checkpoint, figures, oct_worklist),
    *(oct_network, batch),
)

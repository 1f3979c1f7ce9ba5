"""What each case of a data folder is for stands in a file: dealt by patient and class, by a seed, and never by a hash."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from LesionReadingLib.errors import InputError

from training.__main__ import main
from training.engine.dealing import Deal, dealt, make_split
from training.hematoma.slices import SliceDataset
from training.oct.data import is_validation, load_patients
from training.own_data.case_table import CaseFacts, write_cases
from training.own_data.splits import PARTS, read_split

CALCIUM, NOTHING = frozenset({"calcium"}), frozenset()


def test_every_class_is_dealt_as_evenly_as_it_can_be():
    units = {f"p{n}": frozenset(name for name, every in (("rare", 7), ("common", 2)) if n % every == 0) for n in range(35)}
    groups = dealt(units, 5, seed=3)
    assert sorted(unit for group in groups for unit in group) == sorted(units)
    assert {len(group) for group in groups} == {7}
    for name, most in (("rare", 1), ("common", 4)):
        counts = [sum(name in units[unit] for unit in group) for group in groups]
        assert max(counts) - min(counts) <= 1 and max(counts) <= most


def test_a_unit_that_has_two_classes_counts_for_both():
    both, rare, common = frozenset(("rare", "common")), frozenset(("rare",)), frozenset(("common",))
    units = {"a": both, "b": rare, "c": rare, "d": common, "e": common}
    for seed in range(10):
        for group in dealt(units, 3, seed):
            assert sum("common" in units[unit] for unit in group) == sum("rare" in units[unit] for unit in group) == 1


def test_the_seed_deals_and_the_same_seed_deals_alike():
    units = dict.fromkeys((f"p{n}" for n in range(20)), NOTHING)
    assert dealt(units, 4, 1) == dealt(units, 4, 1) != dealt(units, 4, 2)


def test_cases_of_one_patient_stay_on_one_side():
    slices = {case: [CALCIUM if case % 3 else NOTHING] for case in range(100, 130)}
    patients = {case: f"patient {case // 2}" for case in slices}
    split = make_split(slices, patients, Deal())
    sides = Counter(split.parts_of(case, 1)[0] for case in slices)
    assert sides["test"] == 6 and sides["validation"] in (4, 6) and sides.total() == 30
    for case in range(100, 130, 2):
        assert split.parts_of(case, 1) == split.parts_of(case + 1, 1)


def test_slices_are_dealt_only_when_asked_for():
    slices = {case: [CALCIUM, NOTHING] * 5 for case in (1, 2, 3)}
    split = make_split(slices, {}, Deal(by_slice=True))
    assert Counter(split.parts.values()) == {"train": 20, "validation": 4, "test": 6}
    assert any(len(set(split.parts_of(case, 10))) > 1 for case in slices)


def test_fewer_patients_than_folds_are_refused():
    with pytest.raises(InputError, match="cannot be dealt to 5 folds"):
        make_split({case: [CALCIUM] for case in range(5)}, {}, Deal())


@pytest.fixture
def folder(tmp_path):
    """Twelve frames of six patients, every second with calcium; the frame's grey is the number of its case."""
    cases = []
    for number in range(12):
        case = 100_000 + number
        labels = np.zeros((1, 8, 8), np.uint8)
        labels[0, :2] = number // 2 % 2
        np.save(tmp_path / f"patient-{case}.npy", np.stack([np.full((1, 8, 8), number, np.uint8), labels]))
        (tmp_path / f"patient-{case}.json").write_text('{"spacing_mm": [0.01, 0.01, null]}')
        cases.append(CaseFacts(case, f"c{number}", f"p{number // 2}"))
    write_cases(tmp_path, cases)
    return tmp_path


def test_a_training_learns_from_some_validates_on_others_and_never_sees_the_test(folder, capsys):
    assert main(["oct", "split", str(folder), "--folds", "2", "--test", "p0", "p1"]) == 0
    printed = capsys.readouterr().out
    assert "test: 2 patients, 1 with calcium" in printed and "Few cases" in printed and "nan" not in printed
    patients = load_patients(folder)
    assert len(patients) == 8 and all(int(patient.pixels[0].max()) >= 4 for patient in patients)
    split = read_split(folder)
    for patient in patients:
        assert is_validation(patient) == (split.parts[f"p{int(patient.pixels[0].max()) // 2}"] == "validation")
    assert {int(patient.pixels[0].max()) for patient in load_patients(folder, ("test",))} == {0, 1, 2, 3}


def test_another_fold_is_validated_on_with_the_same_test(folder):
    assert main(["oct", "split", str(folder), "--folds", "2", "--seed", "4"]) == 0
    before = read_split(folder)
    assert main(["oct", "split", str(folder), "--fold", "2"]) == 0
    after = read_split(folder)
    swapped = {"train": "validation", "validation": "train", "test": "test"}
    assert after.parts == {unit: swapped[part] for unit, part in before.parts.items()} and after.folds == before.folds
    assert main(["oct", "split", str(folder), "--fold", "3"]) == 2


def test_a_file_edited_by_hand_is_obeyed_or_refused_in_one_sentence(folder, capsys):
    assert main(["oct", "split", str(folder), "--folds", "2"]) == 0
    rows = list(csv.reader((folder / "split.csv").open()))
    table = [["patient", "split"], *([row[0], PARTS[number % 3]] for number, row in enumerate(rows[1:]))]
    for wrong, sentence in (
        ([*table, [table[1][0], "test"]], "on two sides"),
        ([table[0], [table[1][0], "training"]], "none of train, validation, test"),
        (table[:-1], "does not say what patient"),
    ):
        (folder / "split.csv").write_text("\n".join(map(",".join, wrong)))
        with pytest.raises(InputError, match=sentence):
            load_patients(folder)
    (folder / "split.csv").write_text("\n".join(map(",".join, table)))
    assert len(load_patients(folder, PARTS)) == 12


def test_nobody_to_learn_a_class_from_is_refused_and_nothing_is_written(folder, capsys):
    assert main(["oct", "split", str(folder), "--folds", "2", "--test", "p1", "p3", "p5"]) == 2
    assert "Nobody with calcium would be learnt from" in capsys.readouterr().err
    assert not (folder / "split.csv").exists()
    assert main(["oct", "split", str(folder), "--folds", "2", "--test", "nobody"]) == 2
    assert main(["oct", "split", str(folder), "--folds", "9"]) == 2


def test_the_hematoma_trainings_obey_the_split_too(tmp_path):
    for number in (1, 2, 3):
        arrays = {"hounsfield": np.full((2, 8, 8), number, np.int16), "labels": np.ones((2, 8, 8), np.uint8)}
        arrays |= {"slice_markers": np.zeros((2, 4), bool), "markers": np.zeros(4, bool)}
        facts = np.array('{"near_misses": [], "location": null, "judged": true}')
        np.savez(tmp_path / f"patient-{100_000 + number}.npz", **arrays, facts=facts)
    with pytest.raises(InputError, match="no split"):
        SliceDataset(tmp_path, None, "patient", 0)
    (tmp_path / "split.csv").write_text("patient,fold,split\n100001,1,train\n100002,2,validation\n100003,,test\n")
    dataset = SliceDataset(tmp_path, None, "patient", 0)
    assert dataset.slices.hounsfield[dataset.training].unique().tolist() == [1]
    assert dataset.slices.hounsfield[dataset.validation].unique().tolist() == [2] and len(dataset.slices) == 4
    with pytest.raises(InputError, match="leave split= out"):
        SliceDataset(tmp_path, None, "random", 0)
    lines = [f"{case},{number},,{part}" for case in (100001, 100002, 100003) for number, part in enumerate(("train", "validation"))]
    (tmp_path / "split.csv").write_text("\n".join(["case,slice,fold,split", *lines]))
    by_slice = SliceDataset(tmp_path, None, "patient", 0)
    assert len(by_slice.slices) == 6 and by_slice.validation.sum() == 3


def test_cases_of_whom_nobody_says_whose_they_are_are_not_dealt(folder, capsys):
    """Frames of one patient would count as patients of their own."""
    names = (folder / "cases.csv").read_text().splitlines()
    for lines in (names[:1], names[:5], None):
        (folder / "cases.csv").unlink() if lines is None else (folder / "cases.csv").write_text("\n".join(lines))
        assert main(["oct", "split", str(folder)]) == 2
        assert "does not say whose case" in capsys.readouterr().err and not (folder / "split.csv").exists()

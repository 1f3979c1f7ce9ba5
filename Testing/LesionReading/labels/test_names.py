"""Which segment is what: whole words in ten languages, negations, codes first, and what a user says above all."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_head import head_on, slices
from HematomaMarkersLib.__main__ import main as hematoma_markers
from HematomaMarkersLib.segments import SEGMENTS as HEAD
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.grid import matrix_grid
from LesionReadingLib.geometry.nrrd import write_nrrd
from LesionReadingLib.labels.names import FileSegment, match_segment, match_segments, shown_name
from LesionReadingLib.labels.read import read_label_map
from LesionReadingLib.labels.vocabulary import TERMS
from LesionReadingLib.text.identity import naming
from OCTCalciumLib.__main__ import main as oct_calcium
from OCTCalciumLib.segments import SEGMENTS as OCT
from written_series import write_series

OCT_NAMES = {
    "calcium": """calcium|Calcified plaque|CalcifiedNodule_2|Plaque (Ca)|calc|fibrocalcific|CALCIFICATION-3|calcium LAD
        Verkalkung|Kalk|verkalkte Plaque|plaque calcifiée|Calcificación|placca calcifica|calcificação|verkalking|Förkalkning
        Zwapnienie|Wapń|石灰化|石灰化病変|冠動脈石灰化|カルシウム""",
    "guidewire": "Guide wire|GuideWire_1|Führungsdraht|ガイドワイヤー|wire artifact|guía|filo guida|prowadnik",
    "lumen": "lumen|Vessel LUMEN|LumenArea|内腔|血管内腔|światło naczynia|Lumière|luz del vaso|lumen without guidewire",
    "": """Non-calcified plaque|uncalcified plaque|noncalcified|no calcium|plaque ohne Kalk|unverkalkt|非石灰化プラーク|石灰化なし
        plaque sans calcification|placa no calcificada|senza calcio|niet verkalkt|ej förkalkad|brak zwapnień|sem calcificação
        calcium: none|Calculation|calcaneus|Calcium shadow|Calcium and lumen|false lumen|偽腔|extraluminal
        guide catheter|Lipid|stent""",
}
HEAD_NAMES = {
    "hematoma": """Hematoma|ICH|ICH_left|Intracerebral haemorrhage|Hämatom|Hirnblutung|Hematom|hematoom|hémorragie|ematoma|krwiak
        脳内血腫|血腫|脳出血|blödning|blood|IPH|intraparenchymal|hematoma without IVH|Hematoma (no edema)|hersenbloeding|sangrado
        hypertensive bleed|Einblutung ohne Ventrikeleinbruch""",
    "intraventricular blood": """IVH|Intraventricular extension|Blood in ventricles|Blood in the ventricles|intraventricular
        Intraventricular hemorrhage|ventricular blood|Ventrikelblutung|Ventrikeleinbruch|hémorragie intraventriculaire|脳室内出血
        脳室内血腫|krwawienie dokomorowe|hemorragia intraventricular|emorragia intraventricolare|Blut im Ventrikel
        sang dans les ventricules|blod i ventriklarna|intraventricular hematoma|sangre en los ventrículos""",
    "": """Blood vessels|Carotid siphon|Michael ROI|Michaels ROI|which|Perihematomal edema|Subdural hematoma|Subduralhämatom|SAH
        subarachnoid hemorrhage|lateral ventricle|ventricles|no hematoma|kein Hämatom|硬膜下血腫|くも膜下出血|浮腫|血管|脳室
        出血なし|ICH and IVH|Hematoma with ventricular extension|ICH+IVH|IVH/ICH|Blutgefäße|naczynia krwionośne|vaisseaux sanguins
        epidurales Hämatom|krwiak podtwardówkowy|hématome sous-dural|hematoma absent""",
}
CASES = [
    (segments, name.strip(), wanted)
    for segments, table in ((OCT, OCT_NAMES), (HEAD, HEAD_NAMES))
    for wanted, names in table.items()
    for name in names.replace("\n", "|").split("|")
]
HEMORRHAGE, CALCIFIED = ("SCT", "50960005"), ("SCT", "29483008")


def test_a_hundred_and_thirty_names_are_known_or_left_out():
    found = [(name, match_segment(name, 9, (), segments)) for segments, name, _ in CASES]
    wrong = [
        (name, segment and segment.name, wanted)
        for (name, segment), (_, _, wanted) in zip(found, CASES, strict=True)
        if (segment.name if segment else "") != wanted
    ]
    assert wrong == []
    assert len(CASES) >= 130


def test_every_known_segment_has_its_words():
    assert {segment.name for segment in (*OCT, *HEAD)} == set(TERMS)
    for segment in (*OCT, *HEAD):
        assert match_segment(segment.name, 9, (), OCT if segment in OCT else HEAD) is segment


@pytest.mark.parametrize(
    ("name", "code", "region", "wanted"),
    [
        ("X7", CALCIFIED, (), "calcium"),
        ("Lipid", CALCIFIED, (), "calcium"),
        ("non-calcified plaque", CALCIFIED, (), None),  # code and name contradict each other
        ("lumen", CALCIFIED, (), "calcium"),
    ],
)
def test_a_code_stands_before_a_name_that_does_not_deny_it(name, code, region, wanted):
    found = match_segment(name, 3, code, OCT, region)
    assert (found.name if found else None) == wanted


def test_a_code_of_any_hemorrhage_leaves_its_place_to_the_name():
    brain = ("SCT", "12738006")
    assert match_segment("lesion", 5, HEMORRHAGE, HEAD, brain) is HEAD[0]
    assert match_segment("Subdural hematoma", 5, HEMORRHAGE, HEAD, brain) is None
    assert match_segment("lesion", 5, HEMORRHAGE, HEAD) is None


def named(*names):
    return [FileSegment(name, number) for number, name in enumerate(names, 1)]


def values(matched):
    return [segment.name if segment else None for segment in matched.segments]


def test_every_segment_is_told_by_its_name_where_that_is_asked_for_and_the_note_for_the_report_names_none():
    matched = match_segments(named("ICH", "Michael ROI", "Blood vessels"), HEAD)
    assert values(matched) == ["hematoma", None, None]
    with naming(True):
        by_name = match_segments(named("ICH", "Michael ROI", "Blood vessels"), HEAD)
    assert by_name.message == (
        'Segments of the label map: 1 "ICH" is taken as hematoma, 2 "Michael ROI" is left out, 3 "Blood vessels" is left out.'
    )
    assert matched.message == (
        "Segments of the label map: number 1 is taken as hematoma, number 2 is left out, number 3 is left out."
    )
    assert matched.notes == ("2 of the 3 segments of the label map were left out as other tissue.",)


@pytest.mark.parametrize(
    "names", [("Lumen", "Lipid"), ("Non-calcified plaque",), ("Lumen", "Plaque", "Draht"), ("calcium and lumen",)]
)
def test_a_file_without_the_first_class_is_refused_with_its_segments_and_the_way_out(names):
    with pytest.raises(InputError, match="no segment that is calcium") as raised:
        match_segments(named(*names), OCT)
    assert all(f"number {number + 1} is" in str(raised.value) for number in range(len(names)))
    assert "--segment" in str(raised.value) and "empty segment" in str(raised.value)


def test_what_the_user_says_stands_above_codes_names_and_numbers():
    found = [FileSegment("Lesion 1", 1, CALCIFIED), FileSegment("Lesion 2", 2), FileSegment("calcium", 3), FileSegment("Lumen", 4)]
    assert values(match_segments(found, OCT, {"lesion 2": "Calcium"})) == [None, "calcium", None, "lumen"]
    assert values(match_segments(found, OCT, {"Lesion 2": "calcium", "4": "none"})) == [None, "calcium", None, None]
    assert values(match_segments(found, OCT, {"Lesion 1": "none"})) == [None, None, "calcium", "lumen"]
    assert values(match_segments(named("a", "b"), HEAD, {"a": "hematoma", "b": "IVH"})) == ["hematoma", "intraventricular blood"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [({"Kalk": "calcium"}, 'no segment "Kalk"'), ({"a": "stent"}, "can be calcium, guidewire, lumen or none")],
)
def test_a_choice_that_is_not_there_is_refused(chosen, message):
    with pytest.raises(InputError, match=message):
        match_segments(named("a", "b"), OCT, chosen)


def test_a_copy_that_was_renamed_but_kept_its_code_is_asked_about():
    calcium, guidewire, lumen = (FileSegment(one.name, one.value, one.type[:2], one.region[:2]) for one in OCT)
    assert match_segments([calcium, guidewire, lumen], OCT).segments == tuple(OCT)
    renamed = FileSegment("Guidewire", 4, lumen.code, lumen.region)
    with pytest.raises(InputError, match=r'Segment 4 .* called guidewire, .* that of lumen; .*--segment "4=CLASS"'):
        match_segments([calcium, renamed], OCT)
    assert match_segments([calcium, renamed], OCT, {"4": "guidewire"}).segments == (OCT[0], OCT[1])


@pytest.mark.parametrize(
    "names",
    [("Hematoma reader A", "Hematoma reader B"), ("hematoma", "hematoma_old"), ("ICH v1", "ICH v2"), ("ICH prediction", "ICH GT")],
)
def test_versions_of_one_class_are_asked_about_and_parts_of_it_are_not(names):
    with pytest.raises(InputError, match="2 versions of hematoma") as raised:
        match_segments(named(*names), HEAD)
    assert "--segment" in str(raised.value)
    assert values(match_segments(named(*names), HEAD, {names[1]: "hematoma"})) == [None, "hematoma"]
    assert values(match_segments(named("ICH left", "ICH right", "Hematoma 2"), HEAD)) == ["hematoma"] * 3


def test_a_name_on_the_terminal_has_no_control_characters_and_an_end():
    assert shown_name("ICH\x1b[31m\n\u202eevil\x07") == '"ICH [31m evil"'
    assert len(shown_name("x" * 500)) < 70


def _a_file(path, names):
    """A Slicer segmentation of one voxel per segment."""
    keys = {f"Segment{number}_Name": name for number, name in enumerate(names)}
    keys |= {f"Segment{number}_LabelValue": str(number + 1) for number in range(len(names))}
    labels = np.arange(1, len(names) + 1, dtype=np.uint8).reshape(1, 1, -1)
    write_nrrd(path, labels, matrix_grid(labels.shape, np.diag([0.01, 0.01, 0.2]), (0, 0, 0)), keys)
    return path


def test_a_file_is_read_with_what_the_user_says_of_its_segments(tmp_path):
    path = _a_file(tmp_path / "a.seg.nrrd", ["Plaque 1", "Lumen", "Lipid"])
    read = read_label_map(path, OCT, chosen={"Plaque 1": "calcium"})
    assert read.labels.tolist() == [[[1, 3, 0]]]
    assert "number 3 is left out" in read.messages[0] and "Lipid" not in "".join(read.notes)


def test_values_of_a_plain_label_image_are_assigned_too(tmp_path):
    labels = np.array([[[0, 5, 3, 1, 7]]], np.uint8)
    write_nrrd(tmp_path / "a.nrrd", labels, matrix_grid(labels.shape, np.diag([0.01, 0.01, 0.2]), (0, 0, 0)))
    with pytest.raises(InputError, match=r'unknown label values \(5, 7\).*--segment "5=calcium" or --segment "5=none"'):
        read_label_map(tmp_path / "a.nrrd", OCT)
    read = read_label_map(tmp_path / "a.nrrd", OCT, chosen={"5": "calcium", "1": "none"})
    assert read.labels.tolist() == [[[0, 1, 3, 0, 0]]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--segment", "Plack=calcium"], 'no segment "Plack"'),
        (["--segment", "Lumen"], "--segment takes the name"),
        ([], "no segment that is calcium"),
    ],
)
def test_the_command_line_hands_on_what_the_segments_are(tmp_path, capfd, arguments, message):
    path = _a_file(tmp_path / "a.seg.nrrd", ["Plaque", "Lumen"])
    assert oct_calcium(["measure", str(path), "-o", str(tmp_path / "out"), *arguments]) == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_line_of_head_ct_hands_them_on_too(tmp_path, capfd):
    grid = slices([5.0] * 24)
    write_series(tmp_path / "ct", head_on(grid), grid)
    path = _a_file(tmp_path / "a.seg.nrrd", ["Lesion"])
    arguments = ["measure", str(path), "--ct", str(tmp_path / "ct"), "-o", str(tmp_path / "out")]
    assert hematoma_markers([*arguments, "--segment", "Läsion=hematoma"]) == 2
    assert 'no segment "Läsion"; its segments are number 1 (--with-identity' in capfd.readouterr().err

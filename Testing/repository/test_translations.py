"""Languages: catalogues are whole and agree with the sources, commands and panels choose one, pictures have letters for it."""

from __future__ import annotations

import ast
import gettext
import io
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from string import Formatter

import PySide6
import pytest
from LesionReadingLib.errors import InputError
from LesionReadingLib.geometry.spacing import TYPED, source_in_words
from LesionReadingLib.language import _, joined, kept_together, language, listed, speaking, usual_language
from LesionReadingLib.presenting import drawing
from LesionReadingLib.studies.batch.records import Study
from LesionReadingLib.studies.batch.run import analysed
from LesionReadingLib.text.counting import frames_in_words, shown_list, shown_stretch
from places import ROOT
from PySide6.QtCore import QTranslator

from translations import catalogue, panels

LIBS = [
    ROOT / name for name in ("LesionReading/LesionReadingLib", "OCTCalcium/OCTCalciumLib", "HematomaMarkers/HematomaMarkersLib")
]
SOURCES = sorted(path for lib in LIBS for path in lib.rglob("*.py"))
TEXTS = [*sorted((ROOT / "OCTCalcium" / "OCTCalciumLib" / "data").glob("*.ja.toml"))]
TEXTS += sorted((ROOT / "HematomaMarkers" / "HematomaMarkersLib" / "data").glob("*.ja.toml"))
NAMED = re.compile(r"\{(\w*)[^{}]*\}")


def places(text):
    """What stands in braces in a text, with its format."""
    return sorted({(name, spec) for _text, name, spec, _conversion in Formatter().parse(text) if name is not None})


@pytest.fixture(scope="module")
def collected():
    return catalogue.collected()


@pytest.fixture(scope="module")
def stored():
    return catalogue.stored("ja")


def test_every_text_of_the_sources_is_in_the_catalogue_and_no_other(collected, stored):
    assert {message.id for message in stored if message.id} == {message.id for message in collected if message.id}
    assert not stored.obsolete


def test_every_text_is_translated(stored):
    assert [message.id for message in stored if message.id and not catalogue.is_translated(message)] == []


def test_a_translation_has_the_places_of_its_text(stored):
    for message in stored:
        if message.id:
            text, translation = (one[-1] if isinstance(one, tuple) else one for one in (message.id, message.string))
            assert {name for name, _spec in places(text)} == {name for name, _spec in places(translation)}, text


def test_the_compiled_catalogue_is_that_of_the_repository(stored):
    assert texts_of(catalogue.mo_path("ja").read_bytes()) == texts_of(catalogue.as_mo(stored))


def texts_of(compiled: bytes) -> dict:
    """The translations in a compiled catalogue, without its header, which names the version of Babel."""
    texts = dict(gettext.GNUTranslations(io.BytesIO(compiled))._catalog)
    assert "Babel" in texts.pop("") and len(texts) > 1000
    return texts


def test_every_text_of_the_panels_is_translated_and_no_other_is_there():
    texts = panels.stored("ja")
    assert sorted(texts) == panels.collected()
    assert [text for (_context, text), translation in texts.items() if not translation] == []
    for (_context, text), translation in texts.items():
        assert set(NAMED.findall(text)) == set(NAMED.findall(translation)), text


def test_the_panels_file_compiles_and_speaks_in_the_context_that_slicer_asks(tmp_path):
    compiled = tmp_path / "panels.qm"
    lrelease = Path(PySide6.__file__).parent / "lrelease"
    subprocess.run([lrelease, panels.TS["ja"], "-qm", compiled], check=True, capture_output=True)
    translator = QTranslator()
    assert translator.load(str(compiled))
    assert translator.translate("LesionReadingPanel.__init__", "en") == "ja"
    assert translator.translate("OCTCalcium", "&Apply") == "適用(&A)"


@pytest.mark.parametrize("translated", TEXTS, ids=lambda path: f"{path.parents[1].name} {path.stem}")
def test_texts_of_findings_agree_in_both_languages(translated):
    english = translated.with_name(translated.name.replace(".ja.", "."))
    ours, theirs = (tomllib.loads(path.read_text(encoding="utf-8")) for path in (translated, english))
    assert list(ours) == list(theirs)
    for finding, section in theirs.items():
        assert places(ours[finding]["text"]) == places(section["text"])


def calls(path, *names):
    """The calls of functions in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def test_what_is_filled_into_a_text_is_what_it_asks_for():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            filled = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
            if isinstance(filled, ast.Call) and isinstance(filled.func, ast.Name) and filled.func.id in ("_", "ngettext"):
                texts = [one.value for one in filled.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                asked = {name for text in texts for name, _spec in places(text)}
                assert not texts or asked == {one.arg for one in node.keywords}, f"{path.name}:{node.lineno}"


def test_no_refusal_is_said_in_english_alone():
    plain = (ast.Constant, ast.JoinedStr)
    found = [
        f"{path.name}:{node.lineno}" for path in SOURCES for node in calls(path, "InputError") if isinstance(node.args[0], plain)
    ]

    assert found == []


def test_no_text_is_put_together_before_it_is_translated():
    files = [*SOURCES, *(path for panel in ROOT.glob("*/*Panel") for path in panel.glob("*.py"))]
    for path in files:
        assert not [node.lineno for node in calls(path, "_", "N_", "ngettext") if isinstance(node.args[0], ast.JoinedStr)], path


def test_the_underscore_is_nobody_s_variable_where_it_translates():
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not any(isinstance(node, ast.ImportFrom) and any(one.name == "_" for one in node.names) for node in tree.body):
            continue
        in_comprehensions = {id(name) for node in ast.walk(tree) if isinstance(node, ast.comprehension) for name in ast.walk(node)}
        stored_to = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name)
            and node.id == "_"
            and isinstance(node.ctx, ast.Store)
            and id(node) not in in_comprehensions
        ]
        assert not stored_to, f"{path.name}: {stored_to}"


def test_words_and_numbers_follow_the_language_and_english_comes_back():
    with speaking("ja"):
        assert language() == "ja"
        assert (shown_stretch("frame", 8, 15), shown_list("slice", [0, 2])) == ("フレーム9〜16", "スライス1、3")
        assert frames_in_words(3) == "3フレーム"
        assert (joined("血腫なし。", "", "経過観察。"), listed(("被殻", "左側"))) == ("血腫なし。経過観察。", "被殻、左側")
        assert source_in_words(f"{TYPED}, DICOM (0028,0030) Pixel Spacing") == "ユーザー入力、DICOM (0028,0030) Pixel Spacing"
        assert kept_together("2.4 mmと3 mLの間") == "2.4\N{NO-BREAK SPACE}mmと3\N{NO-BREAK SPACE}mLの間"
    assert (language(), shown_stretch("frame", 8, 15), frames_in_words(1)) == ("en", "frames 9 to 16", "1 frame")


def test_a_text_without_translation_is_told_in_english():
    with speaking("ja"):
        assert _("A sentence that no catalogue holds.") == "A sentence that no catalogue holds."


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LC_MESSAGES": "ja_JP", "LANG": "en_US.UTF-8"}, "ja"),
        ({"LESION_READING_LANGUAGE": "en", "LANG": "ja_JP.UTF-8"}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_is_asked_for(variables, expected):
    assert usual_language(variables) == expected


def test_a_batch_speaks_the_language_that_it_was_told(tmp_path):
    def refuse(source, output, report):
        raise InputError(_("No calcium was found."))

    study = Study(tmp_path, (tmp_path,))
    assert analysed(refuse, study, tmp_path, False, "ja").message == "石灰化を検出せず。"
    assert language() == "en"


def test_names_of_files_are_hidden_in_japanese_sentences_too(tmp_path):
    def refuse(source, output, report):
        raise InputError(_("{file} cannot be read as DICOM; export it again.").format(file=source.name))

    source = tmp_path / "yamada_taro.dcm"
    message = analysed(refuse, Study(source, (source,)), tmp_path, False, "ja").message
    assert "yamada" not in message and message.startswith("入力 をDICOMとして")


def test_pictures_are_in_english_where_no_japanese_font_is_there(monkeypatch):
    with speaking("ja"):
        monkeypatch.setattr(drawing, "_japanese_font", lambda: "Noto Sans CJK JP")
        assert (drawing.picture_language(), drawing.font_families()[0]) == ("ja", "Noto Sans CJK JP")
        monkeypatch.setattr(drawing, "_japanese_font", lambda: None)
        assert (drawing.picture_language(), drawing.font_families()) == ("en", ["DejaVu Sans"])


@pytest.mark.parametrize("package", ["OCTCalciumLib", "HematomaMarkersLib"])
def test_a_command_refuses_in_the_language_of_its_option(tmp_path, package):
    asked = [sys.executable, "-P", "-m", package, "analyze", str(tmp_path / "nothing"), "-o", str(tmp_path / "out")]
    environment = {"PYTHONPATH": ":".join(str(lib.parent) for lib in LIBS), "PATH": "", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([*asked, "--language", "ja"], env=environment, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.strip().endswith("というファイルやフォルダはありません。パスを確認してください。")

"""What the commands say of themselves: help and complaints, in both languages."""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys

import pytest
from HematomaMarkersLib.__main__ import main as hematoma_markers
from LesionReadingLib.arguments import chosen_language, columns, wrapped
from LesionReadingLib.command_line import run_command
from OCTCalciumLib.__main__ import main as oct_calcium

COMMANDS = ("analyze", "batch", "measure", "agreement", "phantom")
HELP_SECONDS = 0.3


def shown(capsys, main, *given) -> str:
    with pytest.raises(SystemExit):
        main(list(given))
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize("main", [oct_calcium, hematoma_markers])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_japanese_where_it_is_asked_for(capsys, main, command):
    text = shown(capsys, main, command, "--help", "--language", "ja")
    left = [line for line in text.splitlines() if line.startswith("  ") and line.isascii() and " the " in line]
    assert text.startswith("使い方: ") and "オプション:" in text and "このヘルプを表示して終了する" in text
    assert left == []


@pytest.mark.parametrize("main", [oct_calcium, hematoma_markers])
def test_help_follows_the_locale_and_is_english_where_that_says_nothing(capsys, monkeypatch, main):
    for variable in ("LESION_READING_LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert shown(capsys, main, "--help").startswith("使い方: ")
    assert shown(capsys, main, "analyze", "--help", "--language=en").startswith("usage: ")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert shown(capsys, main, "--help").startswith("usage: ")


def test_a_complaint_is_one_line_in_the_language_that_was_asked_for(capsys):
    text = shown(capsys, oct_calcium, "analyze", "--language", "ja")
    assert text == "oct-calcium analyze: 次の引数が必要です: input, -o/--output（oct-calcium analyze --help を参照）\n"
    assert "the following arguments are required" in shown(capsys, oct_calcium, "analyze", "--language", "en")


@pytest.mark.parametrize(
    ("given", "language"),
    [(["analyze", "--language", "ja"], "ja"), (["--language=ja"], "ja"), (["--lang", "ja"], "ja"), (["--language"], "en")],
)
def test_the_language_is_known_before_the_arguments_are_read(monkeypatch, given, language):
    monkeypatch.setenv("LESION_READING_LANGUAGE", "en")
    assert chosen_language(given) == language


def test_lines_of_japanese_fit_and_begin_with_no_full_stop():
    lines = wrapped("石灰化、内腔、血腫。DICOM SEGとNRRDを読む", 8)
    assert max(map(columns, lines)) <= 10  # a comma may hang over the end
    assert not any(line[0] in "、。" for line in lines)
    assert "".join(lines).replace(" ", "") == "石灰化、内腔、血腫。DICOMSEGとNRRDを読む"


@pytest.mark.parametrize("package", ["OCTCalciumLib", "HematomaMarkersLib"])
def test_help_in_japanese_comes_at_once_and_loads_nothing_heavy(package):
    code = (
        f"import sys, time\nfrom {package}.__main__ import main\n"
        "try:\n    main(['analyze', '--help', '--language', 'ja'])\n"
        "except SystemExit:\n    pass\n"
        "print(time.process_time(), sorted({'numpy', 'torch', 'SimpleITK'} & set(sys.modules)))"
    )
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    seconds, _, loaded = names.partition(" ")
    assert float(seconds) <= HELP_SECONDS and loaded == "[]"


def test_while_a_command_runs_python_seldom_looks_for_circles_of_objects():
    before, during = gc.get_threshold(), []
    gc.set_threshold(700, 10, 10)  # what Python begins with; another test may have run a command
    parser = argparse.ArgumentParser()
    run = lambda chosen, report: during.append(gc.get_threshold()[0])  # noqa: E731
    parser.set_defaults(run=run, json_lines=False, with_identity=False, language="en")
    try:
        assert run_command(lambda: parser, []) == 0
    finally:
        gc.set_threshold(*before)
    assert during[0] >= 7000

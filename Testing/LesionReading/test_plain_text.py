"""Free text out of files: nothing of it steers a terminal or turns a sentence round."""

import pytest
from LesionReadingLib.presenting.report import environment
from LesionReadingLib.reporting import JsonLines, Step, Terminal
from LesionReadingLib.text.plain_text import plain

NASTY = {
    "colour": ("\x1b[31mCalcium\x1b[0m", "Calcium"),
    "colour in eight bits": ("\x9b31mCalcium\x9b0m", "Calcium"),
    "title": ("\x1b]0;owned\x07Calcium", "Calcium"),
    "link": ("\x1b]8;;http://example.org\x1b\\Calcium\x1b]8;;\x1b\\", "Calcium"),
    "title without an end": ("Calcium \x1b]0;owned", "Calcium 0;owned"),
    "cleared screen": ("a\x1b[2J\x1b[Hb\x1bcc", "abc"),
    "lines": ("LAD\r\nREFER NOW\x0b\x0c\x85x", "LAD REFER NOW x"),
    "null, bell and backspace": ("Cal\x00ci\x07u\x08m\x7f", "Calcium"),
    "turned order": ("\u202eMUICLAC\u202c \u2066x\u2069", "MUICLAC x"),
    "half a character": ("bad\udcff", "bad\ufffd"),
}


@pytest.mark.parametrize("name", NASTY)
def test_what_steers_a_terminal_is_taken_out(name):
    text, shown = NASTY[name]
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["石灰化", "Verkalkung äöü ß", "کلسیم‌ها", "µm² ≥ 180°", "<b>&amp;"])
def test_words_of_every_language_stay_as_they_are(text):
    assert plain(text) == text


@pytest.mark.parametrize("name", NASTY)
def test_notes_and_results_reach_the_terminal_plain(capsys, name):
    text, shown = NASTY[name]
    for report in (Terminal(), JsonLines()):
        report.log(f"The segment {text} was left out.")
    Terminal().result(text, {"decision": "decision"}, decision=text)
    Terminal().progress(Step.INFER, text, 1, 1)
    out = capsys.readouterr().out
    assert out.count("\n") == 5
    assert f"The segment {shown} was left out.\n" in out and f"decision: {shown}\n" in out
    assert not set(out) & set("\x1b\x9b\x07\x00\u202e")


def test_a_person_reads_results_in_few_decimals_and_reasons_as_sentences(capsys):
    values = {"volume_ml": 0.12572000000000003, "range_ml": (15.987010600324258, 24.656875819379348)}
    words = {
        "volume_ml": "hematoma (mL)",
        "range_ml": "its range (mL)",
        "length_mm": "length (mm)",
        "reasons": "because",
        "none": "x",
    }
    Terminal().result("here", words, **values, length_mm=None, code="watch", reasons=["It's one.", "Two."])
    assert capsys.readouterr().out.splitlines() == [
        "hematoma (mL): 0.126",
        "its range (mL): 15.987 to 24.657",
        "length (mm): not known",
        "because: It's one. Two.",
        "Results are in here",
    ]


def test_a_report_shows_every_text_plain_and_escaped(tmp_path):
    (tmp_path / "page.html").write_text("{{ name }}|{{ number }}|{{ part }}")
    page = environment(tmp_path).get_template("page.html")
    name, number = "\x1b[31m<b>Cal\u202ecium", 1.5
    from markupsafe import Markup

    assert page.render(name=name, number=number, part=Markup("<i>\n</i>")) == "&lt;b&gt;Calcium|1.5|<i>\n</i>"

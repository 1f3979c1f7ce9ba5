"""Contrast agent and its absence in the words of many languages."""

from __future__ import annotations

import pytest
from dicom_files import item
from HematomaMarkersLib.reading.dicom.contrast import names_agent, states_contrast, was_given
from pydicom.dataset import Dataset

WITHOUT = """
Head without contrast|HEAD W/O CONTRAST|CT HEAD WO|Head wo contrast 5mm
Non-contrast head|NONCONTRAST HEAD|Head noncon|NCCT|Head non con
unenhanced head|Plain head 5.0|pre contrast|PRE_CONTRAST|no contrast
HEAD C-|Head C minus|w/o IV contrast|Brain (C-)|HeadNoContrast
Schädel nativ|SCHAEDEL NATIV 5.0|Kopf ohne KM|CCT ohne i.v. Kontrastmittel|vor KM
CCT nativ H31s|Schaedel o. KM|Kopf ohneKM|Kontrast: nein|keine KM-Gabe
Crâne sans injection|Cerebral sans IV|SANS PRODUIT DE CONTRASTE|avant injection|sans injection de produit de contraste iodé
CRANEO SIN CONTRASTE|Cráneo simple|TAC cerebral sin civ|antes de contraste|sin medio de contraste
Encefalo senza mdc|SENZA CONTRASTO|senza m.d.c.|TC cranio basale|prima del mdc|Encefalo senza mezzo di contrasto
Crânio sem contraste|SEM CONTRASTE IV|antes do contraste
Hersenen zonder contrast|ZONDER CONTRAST|Schedel blanco|geen contrast|voor contrast
Hjärna utan kontrast|utan iv kontrast|Skalle nativ|före kontrast|ej kontrast
Głowa bez kontrastu|bez podania środka kontrastowego|bez kontr. natywne|przed kontrastem
頭部単純|造影なし|頭部CT(造影なし)|造影(-)|造影（－）|非造影 5mm|造影前|頭部 造影無し
""".strip()

WITH = """
Head with contrast|CTA head|Head C+|HEAD +C|CE Head|C PLUS
post Gd|Head post contrast|HEAD_POST_CONTRAST|Enhanced head|CT angio|w contrast|Brain perfusion
with and without contrast|W/WO CONTRAST|pre and post contrast|PostContrast|CTP|venous phase|Head IV+|without and with
Schädel mit KM|nach KM|KM arteriell|Kopf Kontrastmittel|mit und ohne KM|nativ und KM|venös
avec injection|Crâne injecté|après injection|avec produit de contraste|sans et avec injection|IV+
con contraste|CRANEO CON CONTRASTE|tras contraste|con y sin contraste|con civ
dopo mdc|con mdc|Encefalo con m.d.c.|senza e con mdc|con mezzo di contrasto
com contraste|após contraste|sem e com contraste
met contrast|na contrast|zonder en met contrast
med kontrast|efter kontrast|utan och med kontrast
z kontrastem|ze środkiem kontrastowym|po kontraście|bez i z kontrastem
造影|頭部造影CT|造影後|単純＋造影
Omnipaque 300|IOMERON 400
""".strip()

SILENT = """
Head 5mm|Head 5.0 H31s|Topogram|C-spine|Cervical|Kopf 5.0
Brain|Cerebro|routine head|Hirn 4.8 J40s|Head and C-Spine|CT CERVICAL|Contour drawn
Cranial 2.0|Recon 3: 5mm|Circle of Willis|MPR cor|頭部 5mm|Head nocturnal|Phase IV|Koronar|Celine|con 2
""".strip()


def _texts(block: str) -> list[str]:
    return [text for line in block.splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", _texts(WITHOUT))
def test_absence_is_understood(text):
    assert states_contrast(text) is False
    if text != "HeadNoContrast":  # without capitals inside nothing parts the words
        assert states_contrast(f"Head {text} 5.0".upper()) is False


@pytest.mark.parametrize("text", _texts(WITH))
def test_contrast_is_understood(text):
    assert states_contrast(text) is True
    assert states_contrast(f"Head {text} 5.0".upper()) is True


@pytest.mark.parametrize("text", _texts(SILENT))
def test_other_words_say_nothing(text):
    assert states_contrast(text) is None


NO_AGENT = """
NONE|None|NO|NO CONTRAST|N/A|n.a.|-|--|.|0|0.0|0 ml|without|Without contrast|NIL|ohne KM|keine|SIN CONTRASTE|ninguno
sans|senza mdc|sem contraste|zonder|utan|bez kontrastu|brak|なし|造影なし
""".strip()


@pytest.mark.parametrize("agent", ["", *_texts(NO_AGENT)])
def test_an_agent_field_may_say_none(agent):
    assert not names_agent(agent)


@pytest.mark.parametrize(
    "agent",
    ["Iomeron 400", "IOPAMIDOL", "OMNI", "APPLIED", "Contrast", "KM", "YES", "1", "ja", "イオパミドール", "Ultravist 370 80 ml"],
)
def test_an_agent_field_names_any_agent(agent):
    assert names_agent(agent)


def test_the_agent_comes_before_the_description_and_that_before_the_protocol():
    assert was_given(item(ContrastBolusAgent="Iohexol", SeriesDescription="Head without contrast"))
    assert not was_given(item(ContrastBolusAgent="NONE", SeriesDescription="Head", ProtocolName="Head"))
    assert was_given(item(ContrastBolusAgent="-", SeriesDescription="Head CE"))
    assert not was_given(item(SeriesDescription="nativ", ProtocolName="CTA head"))
    assert was_given(item(SeriesDescription="Head", ProtocolName="CTA head"))
    assert not was_given(item(SeriesDescription="Head", ProtocolName="Stroke nativ + CTA"))
    assert not was_given(Dataset())


def test_a_coded_agent_is_an_agent_unless_its_meaning_is_none():
    assert was_given(item(ContrastBolusAgentSequence=[item(CodeMeaning="Iopamidol", CodeValue="1")]))
    assert not was_given(item(ContrastBolusAgentSequence=[item(CodeMeaning="None", CodeValue="0")]))

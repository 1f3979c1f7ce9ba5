"""What people call the segments that the modules know, in ten languages: the one table of words.

Words are regular expressions for whole words, without case and accents (``names.plain_name``). Japanese has no spaces: its words
are found anywhere, the longer and more special ones excluding the shorter through ``others``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """What one class is called.

    Attributes:
        words: any of them names the class.
        others: any of them makes the whole name that of other tissue.
        japanese: the Japanese among the words, which carry their negation with them.
    """

    words: re.Pattern[str]
    others: re.Pattern[str]
    japanese: tuple[str, ...]


def _term(words: str, japanese: tuple[str, ...], others: str = "", other_japanese: tuple[str, ...] = ()) -> Term:
    return Term(_pattern(words, japanese), _pattern(others, other_japanese), japanese)


def _pattern(words: str, japanese: tuple[str, ...] = ()) -> re.Pattern[str]:
    """Whole words, one or more on a line, parted by "|"; nothing matches an empty table."""
    listed = "|".join(line.strip().strip("|") for line in words.strip().splitlines())
    parts = ([rf"(?<![^\W_])(?:{listed})(?![^\W_])"] if listed else []) + list(japanese)
    return re.compile("|".join(parts) or r"(?!)")


NEGATION = re.compile(
    "no|non|not|without|un|sans|pas|aucune?|ohne|keine?[nrs]?|nicht|sin|ningun[ao]?|senza|nessun[ao]?|sem|nao|nenhuma?"
    "|zonder|geen|niet|utan|inget|ingen|inga|ej|icke|bez|brak|nie"
)
NEGATION_AFTER = re.compile("absent|none|negativ[aeo]?|negative|excluded|removed|free|ausgeschlossen|entfernt|frei|absente?|fehlt")
JAPANESE_NEGATION_BEFORE = "非|無|未|否"
JAPANESE_NEGATION_AFTER = "なし|無し|無|ではない|でない|除外|除去|陰性|以外"
CONJUNCTION = re.compile("and|with|or|und|mit|oder|et|avec|ou|y|con|o|e|com|en|met|of|och|med|eller|i|z|oraz|lub|but|aber|mais")

VERSION = _pattern(
    """reader|rater|observer|annotator|expert|radiologist|reviewer|leser|lecteur|lector
    v \\d+|ver|version|versions|revision|rev|draft|copy|kopie|copie|copia|backup|old|new|alt|neu|ancien|nouveau
    auto|automatic|automated|manual|manuell|ai|ki|pred|predicted|prediction|gt|truth|ground truth|reference
    baseline|follow up|followup|fu|prior|previous|before|after|initial|final|corrected|edited|korrigiert"""
)

# Words of more than one class.
_BLOOD = """hematomas?|haematomas?|hemorrhages?|haemorrhages?|hemorrhagic|haemorrhagic|bleeds?|bleeding|blood|clots?
    hamatome?|haematome?|\\w*blutung(?:en)?|blut|hemato(?:me|mes)|hemorragies?|hemorragique|saignements?|sang|caillots?
    hemorragias?|sangrados?|sangre|coagulos?|ematom[ai]|emorragi[ae]|sanguinament[io]|sangue|sangramentos?
    hemato(?:om|men)|\\w*bloeding(?:en)?|bloed|hematom|\\w*blodning(?:ar|en)?|blod|krwia[ki]i?|krwiaki|krwotoki?|krwawieni[ea]|krew"""
_VENTRICLE = "(?:ventric\\w*|ventrik\\w*|ventricul\\w*|komor\\w*|dokomorow\\w*|\\w*komorow\\w*)"
_ANY_BLOOD = "(?:" + _BLOOD.replace("\n", "|").replace(" ", "") + ")"
_IN_BRAIN = """ich|iph|icb|hic|intra ?parenchymal|intra ?cerebral|parenchymal"""
_IN_VENTRICLES = f"""ivh|intra ?ventri[ck]\\w*|ventrikel(?:ein)?blutung(?:en)?|ventrikeleinbruch|ventrikelblodning(?:ar)?
    ventrikelbloeding(?:en)?|dokomorow\\w*|hamocephalus|h(?:a)?emocephalus|hemocefalia|emoventricolo|hematocephalus
    {_ANY_BLOOD}(?: \\w+)*? {_VENTRICLE}
    {_VENTRICLE}(?: \\w+)*? (?:{_ANY_BLOOD}|extension|einbruch|inbruch|breakthrough)"""
# One segment for both is neither: "ICH and IVH", "hematoma with ventricular extension". ("en" and "i" are also "in".)
_JOINED = "and|with|und|mit|et|avec|y|con|e|com|met|och|med|oraz|z"
_IN_BOTH = rf"""(?:{_IN_BRAIN}|{_ANY_BLOOD}) (?:{_JOINED})(?: \w+)*? (?:ivh|{_VENTRICLE}|intra ?ventri\w*)
    (?:ivh|{_VENTRICLE}|intra ?ventri\w*)(?: \w+)*? (?:{_JOINED})(?: \w+)*? (?:{_IN_BRAIN})|(?:{_IN_BRAIN}) (?:en|i) ivh"""
_JAPANESE_IN_VENTRICLES = ("脳室内?出血", "脳室内?血腫", "脳室内?穿破", "脳室内?の?血液")
_OTHER_BLOOD = """peri ?(?:h(?:a)?ematom|lesion|focal|hemorrhag)\\w*|\\w*o?edem[ae]?s?|\\w*odeme?|edem[ai]|obrzek|oedeem|oedeme
    subdural\\w*|epidural\\w*|extra ?dural\\w*|sub ?arachnoid\\w*|extra ?axial|sub ?galeal|scalp|cephal\\w+|s d h|sdh|edh|sah|sab
    sous dura(?:l|le|ux)|hsd|hed|hsa|sous arachnoidien\\w*|sous galeal|sub ?aracnoid\\w*|sottodural[ei]|extradural[ei]
    sub ?duraa?l|epiduraa?l|subarachnoidaa?l\\w*|subaraknoid\\w*|podtwardowk\\w*|nadtwardowk\\w*|podpajeczynowk\\w*
    vessels?|arter\\w+|veins?|sinus\\w*|aneurysm\\w*|gefass\\w*|\\w*gefasse?|vaisseaux?|vasos?|vasi|vaten|bloedvat\\w*
    blodkarl|karl|naczyn\\w*
    blood (?:pool|flow|volume|brain barrier)|skull|bone"""
_JAPANESE_OTHER_BLOOD = (
    "硬膜",
    "くも膜",
    "クモ膜",
    "蜘蛛膜",
    "浮腫",
    "血管",
    "動脈",
    "静脈",
    "頭皮",
    "腱膜",
    "血腫周囲",
    "出血周囲",
)

TERMS = {
    "calcium": _term(
        """ca|cac|calc|calcs|calcium|calcifi(?:c|ed|es|cation|cations)|(?:micro|fibro)calcifi(?:c|ed|cation|cations)
        kalk|kalzium|kalkplaques?|kalkhaltig\\w*|verkalkung(?:en)?|verkalkte?[nrs]?
        kalzifizierung(?:en)?|kalzifikation(?:en)?|kalzifizierte?[nrs]?
        calcifie(?:e?s?)|calcaire|calcique|calciques
        calcio|calcificacion(?:es)?|calcificad[ao]s?
        calcificazion[ei]|calcificat[aoei]|calcific[aoi]|calcifiche
        calcificac(?:ao|oes)
        verkalking(?:en)?|calcificaties?|gecalcificeerde?
        forkalkning(?:ar|en)?|forkalkade?|kalcium|kalcifiering(?:ar)?|kalcifierade?
        wapn|wapnia|zwapnieni[ea]|zwapnien|zwapnial[aey]|uwapnion[aey]|uwapnieni[ea]""",
        ("石灰化", "石灰", "カルシウム"),
        """shadows?|schatten|ombres?|sombra|ombra|schaduw|skugga|cien|artifacts?|artefacts?|artefakte?|blooming|score""",
        ("影", "アーチファクト"),
    ),
    "guidewire": _term(
        """guide ?wires?|wires?|fuhrungsdraht|fuehrungsdraht|draht|fil guide|guide|guia|alambre guia|alambre|filo guida|guida
        fio guia|voerdraad|geleidedraad|draad|ledare|ledtrad|prowadnik|drut""",
        ("ガイドワイヤー?", "ワイヤー?"),
        "catheters?|katheter|catheter|kateter|cewnik|stents?|struts?",
        ("カテーテル", "ステント"),
    ),
    "lumen": _term(
        "lumens?|lumina|lumiere|luz|lume|gefasslumen|gefaesslumen|vaatlumen|swiatlo|karllumen",
        ("内腔", "ルーメン"),
        "false|falsch\\w*|faux|fausse|fals[ao]|extra|thromb\\w*|stents?",
        ("偽腔", "ステント"),
    ),
    "hematoma": _term(
        f"{_IN_BRAIN}|{_BLOOD}",
        ("脳内血腫", "脳内出血", "脳出血", "血腫", "出血"),
        f"{_IN_VENTRICLES}\n{_OTHER_BLOOD}",
        (*_JAPANESE_IN_VENTRICLES, *_JAPANESE_OTHER_BLOOD),
    ),
    "intraventricular blood": _term(
        _IN_VENTRICLES, _JAPANESE_IN_VENTRICLES, f"{_OTHER_BLOOD}\n{_IN_BOTH}", (*_JAPANESE_OTHER_BLOOD, "脳内(?:血腫|出血)")
    ),
}
"""By the name of the segment (``Segment.name``)."""

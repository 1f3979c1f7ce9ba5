"""What a page is made of: outlines, pictures within their room, the study's code, and the texts on what findings may mean."""

from __future__ import annotations

import _thread
import os
import re
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from HematomaMarkersLib.presenting import first_screen as head
from LesionReadingLib.errors import InputError
from LesionReadingLib.phantom.identity import IDENTITY, identify
from LesionReadingLib.presenting.consequences import Consequences
from LesionReadingLib.presenting.scroll import UNITS, Pane, Scroll, begun_pictures, outlines, pictures
from LesionReadingLib.presenting.study import study_of
from LesionReadingLib.process.threads import Threads
from OCTCalciumLib.presenting import first_screen as oct_screen
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

ROUND = np.hypot(*(np.mgrid[:80, :120] - np.array([40, 60])[:, None, None])) < 25
RING = ROUND & ~(np.hypot(*(np.mgrid[:80, :120] - np.array([40, 60])[:, None, None])) < 12)
TWO = np.zeros((80, 120), bool)
TWO[5:30, 5:40] = TWO[50:75, 80:118] = True
AT_BORDER = np.zeros((80, 120), bool)
AT_BORDER[:40, 60:] = True


def area(path: str) -> float:
    """Of path data, in pixels; holes run the other way round."""
    total = 0.0
    for part in re.findall(r"M(-?\d+) (-?\d+)l([^z]*)z", path):
        steps = np.array(re.findall(r"-?\d+", part[2]), float).reshape(-1, 2)
        x, y = (np.concatenate([[[float(part[0]), float(part[1])]], steps]).cumsum(axis=0) / UNITS).T
        total += 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))
    return abs(total)


@pytest.mark.parametrize("mask", [ROUND, RING, TWO, AT_BORDER], ids=["round", "ring", "two pieces", "at the border"])
@pytest.mark.parametrize("scale", [1, 2])
def test_an_outline_encloses_what_was_marked(mask, scale):
    size = (mask.shape[1] * scale, mask.shape[0] * scale)
    found = outlines(mask.astype(np.uint8), (3, 1), size)
    assert list(found) == [1], "by the place of the value; what is not there has no outline"
    assert area(found[1]) == pytest.approx(mask.sum() * scale**2, rel=0.03)


def test_pictures_keep_within_their_room_and_their_order():
    noise = np.random.default_rng(0).integers(0, 255, (30, 400, 600), np.uint8)
    uris, size = pictures(30, noise.__getitem__, noise, most_bytes=300_000)
    assert len(uris) == 30 and sum(map(len, uris)) < 400_000 and size[0] / size[1] == pytest.approx(1.5, abs=0.02)
    flat = np.repeat(np.arange(4, dtype=np.uint8) * 50, 64).reshape(4, 8, 8)
    again, size = pictures(4, flat.__getitem__, flat)
    assert size == (8, 8) and len(set(again)) == 4


def test_pictures_that_were_begun_before_are_the_same():
    noise = np.random.default_rng(1).integers(0, 255, (9, 600, 500), np.uint8)
    with Threads(2) as threads:
        packed = begun_pictures(threads, 9, noise.__getitem__, most_bytes=60_000)
        assert packed() == pictures(9, noise.__getitem__, noise, most_bytes=60_000)


def test_no_text_ends_the_script_that_holds_it():
    pane = Pane("</script><b>", 1.0, (1, 1), (), ({},))
    text = Scroll(("frame", "frames"), 0, ["</script>"], [pane], [], []).as_json()
    assert "<" not in text and "\\u003c/script>" in text


def a_file(path, uid, **stated):
    data = FileDataset(path, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = uid + ".1"
    identify(data)
    data.StudyInstanceUID = uid
    for keyword, value in stated.items():
        setattr(data, keyword, value)
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def test_a_study_is_told_apart_by_a_code_that_names_nobody(tmp_path):
    pixels = np.zeros((2, 2))
    stated = {"PatientID": "K-77", "PatientBirthDate": "19500101", "StudyDate": "20240301", "StudyTime": "083015"}
    one, other = a_file(tmp_path / "one", "1.2.3", **stated), a_file(tmp_path / "other", "1.2.4", **stated)
    plain = study_of([one], pixels)
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}", plain.code) and not plain.is_named
    assert plain.shown == (("Study code", plain.code),) and plain.footer == f"Study code {plain.code}"
    assert plain.code == study_of([one], pixels + 1).code != study_of([other], pixels).code
    named = study_of([one], pixels, with_identity=True)
    assert dict(named.shown) == {
        "Name": "Maboroshi Tarou (幻影 太郎)",
        "Patient number": "K-77",
        "Born": "1950-01-01",
        "Study": "2024-03-01 08:30",
        "Institution": IDENTITY["InstitutionName"],
        "Study code": plain.code,
    }
    assert "K-77" in named.footer


def test_an_input_without_a_header_is_told_apart_by_its_pixels():
    assert study_of((), np.zeros(4)).code == study_of((), np.zeros(4)).code != study_of((), np.ones(4)).code


SHIPPED = {"oct": oct_screen.SHIPPED_CONSEQUENCES, "head": head.SHIPPED_CONSEQUENCES}
NUMBERS = {"score": 4, "lesion": "1", "missing": "the frame spacing"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_text_has_its_source(name):
    texts = Consequences(SHIPPED[name])
    for finding in re.findall(r"^\[(\w+)\]", SHIPPED[name].read_text(), flags=re.M):
        meaning = texts.of(finding, **NUMBERS)
        assert meaning.text and meaning.source and "{" not in meaning.text


def test_a_file_of_ones_own_is_laid_over_the_shipped_texts(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[score_4]\ntext = "Score {score}: call the operator."\n')
    texts = Consequences(SHIPPED["oct"], own)
    assert texts.of("score_4", score=4).text == "Score 4: call the operator."
    assert "Fujino" in texts.of("score_4", score=4).source
    assert texts.of("no_calcium") == Consequences(SHIPPED["oct"]).of("no_calcium")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[score_5]\ntext = 'x'", "no finding [score_5]"),
        ("[score_4]\nwords = 'x'", "no field words"),
        ("[score_4]\ntext = 4", "quotation marks"),
        ("[score_4]\ntext = '{score.__class__}'", "score.__class__"),
        ("[score_4]\ntext = '{patient}'", "{patient}"),
        ("[score_4]\ntext = '{score'", "brace"),
        ("[score_4]\ntext = '{score:999999999}'", "score:999999999"),
        ("[score_4]\ntext = '{score!r}'", "score!r"),
        ("[score_4]\ntext = '{score:{other}}'", "other"),
        ("a = " + "[" * 200_000, "nested too deeply"),
        ("score_4 = 'x'", "must be a section"),
        ("[score_4", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(tmp_path, content, message):
    own = tmp_path / "own.toml"
    own.write_text(content)
    with pytest.raises(InputError) as refused:
        Consequences(SHIPPED["oct"], own)
    assert message in str(refused.value) and "own.toml" in str(refused.value)


def as_large_as_a_disk(path):
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"), as_large_as_a_disk])
def test_what_would_never_end_is_not_read_as_texts(tmp_path, make):
    own = tmp_path / "own.toml"
    make(own)
    with pytest.raises(InputError, match=r"own\.toml"):
        Consequences(SHIPPED["oct"], own)


def test_pictures_are_packed_without_threads_where_memory_does_not_suffice_for_any(monkeypatch):
    def no_thread(*_):
        raise RuntimeError("can't start new thread")

    frames = np.random.default_rng(2).integers(0, 255, (40, 30, 20), dtype=np.uint8)
    packed = pictures(40, frames.__getitem__, frames)
    monkeypatch.setattr(_thread, "start_new_thread", no_thread)
    assert pictures(40, frames.__getitem__, frames) == packed and len(packed[0]) == 40


LITTLE_MEMORY = """
import os, resource
import numpy as np
from LesionReadingLib.presenting.scroll import webp_uri

frame = np.random.default_rng(1).integers(0, 255, (1500, 1500), dtype=np.uint8)
webp_uri(frame[:8, :8])
for megabytes in range(4, 40, 2):
    child = os.fork()
    if child == 0:
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 1_000_000,) * 2)
        try:
            webp_uri(frame)
            os.write(1, b"packed ")
        except Exception as error:
            os.write(1, type(error).__name__.encode() + b" ")
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_a_picture_for_which_memory_does_not_suffice_says_so_whatever_the_library_calls_it():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", LITTLE_MEMORY], capture_output=True, text=True, env=environment, check=True)
    assert set(done.stdout.split()) == {"MemoryError", "packed"}

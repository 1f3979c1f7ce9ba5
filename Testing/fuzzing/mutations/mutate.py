"""How the fuzzer breaks files: bytes of any file, header values of each format, and what only a stranger would plant."""

from __future__ import annotations

import gzip
import json
import struct
import warnings
import zlib
from pathlib import Path
from random import Random

from fuzzing.mutations.planted import planted
from fuzzing.mutations.plausible import plausible
from fuzzing.mutations.tables import array_header, cells, sign, tensors
from fuzzing.mutations.values import (
    DICOM_VALUES,
    FORMATS,
    LOOSE_WORDS,
    META_LINES,
    NIFTI,
    NRRD_LINES,
    NUMBERS,
    SYNTAXES,
    TEXTS,
    VRS,
)

_FAMILIES = {".nii": "nifti", ".nii.gz": "nifti", "nrrd": "nrrd", ".nhdr": "nrrd", ".mha": "meta", ".mhd": "meta"}


def mutate(random: Random, file: Path, kind: str) -> str:
    """Break a file in place, in one to three ways; gives their names."""
    if kind == "whole":
        kind = next((name for ending, name in _FAMILIES.items() if file.name.endswith(ending)), "dicom")
    own = {
        "nifti": [_nifti],
        "meta": [_meta_lines],
        "nrrd": [_nrrd_lines],
        "dicom": [_dicom, plausible],
        "seg": [_dicom, plausible],
        "picture": [_picture],
        "reading": [_json],
        "bundle": [_json],
        "rules": [_words],
        "words": [_words],
        "csv": [cells],
        "array": [array_header],
        "weights": [tensors],
        "folder": [planted, _dicom, plausible],
        "zip": [],
    }[kind]
    ways = own * (8 // max(len(own), 1)) + [_flipped, _cut, _moved, _extreme, _zeroed]
    done = []
    for _ in range(random.choice((1, 1, 2, 2, 3))):
        way = random.choice(ways)
        try:
            done.append(f"{way.__name__.strip('_')}:{way(random, file) or ''}")
        except Exception as error:  # already broken, so that it cannot be edited any more
            done.append(f"{way.__name__.strip('_')}:not {type(error).__name__}")
    if kind == "weights":
        sign(file)
    return ", ".join(done)


# Bytes.


def _flipped(random: Random, file: Path) -> None:
    content = bytearray(file.read_bytes())
    reach = min(len(content), random.choice((400, 3000, len(content))))
    for _ in range(random.choice((1, 2, 20))):
        if reach:
            content[random.randrange(reach)] = random.randrange(256)
    file.write_bytes(content)


def _cut(random: Random, file: Path) -> None:
    content = file.read_bytes()
    share = random.choice((random.random(), 1 - random.random() / 100))
    file.write_bytes(content[: int(share * len(content))] or b"x")


def _moved(random: Random, file: Path) -> None:
    content = file.read_bytes()
    first, second = sorted(random.randrange(len(content) + 1) for _ in range(2))
    piece = content[first : min(second, first + 5000)]
    file.write_bytes(
        random.choice((content[:first] + piece + content[first:], content[:first] + content[first + len(piece) :])) or b"x"
    )


def _extreme(random: Random, file: Path) -> None:
    content = bytearray(file.read_bytes())
    value = random.choice(
        (b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff\xff", b"\0\0\x80\x7f", b"\0\0\xc0\x7f", b"\xff" * 8)
    )
    place = random.randrange(min(len(content), random.choice((700, len(content)))) or 1)
    content[place : place + len(value)] = value
    file.write_bytes(content)


def _zeroed(random: Random, file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = random.randrange(len(content) or 1)
    length = min(random.choice((1, 8, 300)), len(content) - place)
    content[place : place + length] = bytes(length)
    file.write_bytes(content)


# Headers of volume files.


def _nifti(random: Random, file: Path) -> str:
    content = file.read_bytes()
    packed = content[:2] == b"\x1f\x8b"
    content = bytearray(gzip.decompress(content) if packed else content)
    place, form = random.choice(NIFTI)
    if form in "fd":
        value = float(random.choice(NUMBERS))
    else:
        bits = 8 * FORMATS[form]
        value = int(float(random.choice([word for word in NUMBERS if word[-1] not in "nf"])))
        value = (min(max(value, -(2**40)), 2**40) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
    struct.pack_into(
        "<" + form, content, place, max(min(value, 3e38), -3e38) if form == "f" and abs(value) < float("inf") else value
    )
    if random.random() < 0.1:
        content = content[: random.randrange(348, len(content))]
    file.write_bytes(gzip.compress(bytes(content), 1) if packed else bytes(content))
    return f"{place}={value}"


def _split(content: bytes, end: bytes) -> tuple[list[str], bytes]:
    place = content.index(end) + len(end)
    return content[:place].decode("latin-1").split("\n"), content[place:]


def _edit_lines(random: Random, lines: list[str], planted: list[str], separator: str) -> str:
    number = random.randrange(1, len(lines))
    way = random.randrange(6)
    if way == 0:
        lines.insert(number, random.choice(planted))
    elif way == 1:
        key = lines[number].split(separator)[0]
        same = [line for line in planted if line.startswith(key)]
        lines[number] = random.choice(same or planted)
    elif way == 2:
        del lines[number]
    elif way == 3:
        other = random.randrange(1, len(lines))
        lines[number], lines[other] = lines[other], lines[number]
    elif way == 4:
        lines[number] = lines[number].split(separator)[0] + separator + random.choice(TEXTS + NUMBERS)
    else:
        words = lines[number].split(" ")
        words[random.randrange(len(words))] = random.choice(NUMBERS)
        lines[number] = " ".join(words)
    return lines[min(number, len(lines) - 1)][:60]


def _meta_lines(random: Random, file: Path) -> str:
    content = file.read_bytes()
    place = content.index(b"\n", content.index(b"ElementDataFile")) + 1
    lines = content[:place].decode("latin-1").rstrip("\n").split("\n")
    change = _edit_lines(random, lines, META_LINES, " = ")
    file.write_bytes("\n".join([*lines, ""]).encode("latin-1", "replace") + content[place:])
    return change


def _nrrd_lines(random: Random, file: Path) -> str:
    content = file.read_bytes()
    end = content.find(b"\n\n")
    end = len(content) if end < 0 else end
    lines = content[:end].decode("latin-1").rstrip("\n").split("\n")
    change = _edit_lines(random, lines, NRRD_LINES, ": ")
    file.write_bytes("\n".join(lines).encode("latin-1", "replace") + content[end:])
    return change


# DICOM.


def _dicom(random: Random, file: Path) -> str:
    import pydicom
    from pydicom.dataelem import DataElement, RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence
    from pydicom.tag import Tag

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(file)
        holders = [data]
        for holder in holders:
            for element in holder:
                if element.VR == "SQ" and len(holders) < 60:
                    holders += list(element.value)[:4]
        holder = random.choice(holders) if random.random() < 0.5 else data
        tag = random.choice([tag for tag in holder if tag != 0x7FE00010] or [Tag(0x00280010)])
        vr = data.get_item(tag).VR if tag in data else "LO"
        way = random.randrange(9)
        if way == 0:
            del holder[tag]
        elif way == 1:
            data.file_meta._dict[Tag(0x00020010)] = RawDataElement(
                Tag(0x00020010), "UI", 0, random.choice(SYNTAXES).encode(), 0, False, True
            )
        elif way == 2:
            inner = Dataset()
            inner.Rows = 3
            for _ in range(random.choice((1, 3, 20, 90))):
                outer = Dataset()
                outer.SharedFunctionalGroupsSequence = Sequence([inner])
                inner = outer
            holder[tag] = DataElement(tag, "SQ", Sequence([inner]))
        elif way == 3:
            frames = random.choice((0, -1, 1, 2, 5, 1000, 2**31 - 1))
            data[0x00280008] = DataElement(0x00280008, "IS", frames)
        elif way == 4:
            keyword = random.choice(
                ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel", "PixelRepresentation")
            )
            setattr(data, keyword, random.choice((0, 1, 7, 8, 16, 32, 64, 65535)))
        else:
            vr = random.choice(VRS) if way > 6 else vr
            value = random.choice(DICOM_VALUES)
            holder._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
        data.save_as(file, enforce_file_format=False)
    return f"{way} {tag} {vr}"


# The others.


def _picture(random: Random, file: Path) -> str:
    content = bytearray(file.read_bytes())
    if content[:4] == b"\x89PNG":
        place = random.choice((16, 20))
        content[place : place + 4] = random.choice((0, 1, 63, 65, 70_000, 2**31 - 1)).to_bytes(4, "big")
        content[24:26] = random.choice((b"\x08\x02", b"\x10\x00", b"\x08\x03", b"\x01\x00", b"\x08\x06", b"\x63\x63"))
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    else:
        start = int.from_bytes(content[4:8], "little")
        count = int.from_bytes(content[start : start + 2], "little")
        place = start + 2 + 12 * random.randrange(max(count, 1)) + random.choice((0, 2, 4, 8))
        value = random.choice((0, 1, 2, 3, 255, 65535, 2**31, 2**32 - 1))
        content[place : place + 4] = value.to_bytes(4, "little") if random.random() < 0.5 else (value % 65536).to_bytes(2, "little")
    file.write_bytes(content)
    return str(place)


def _json(random: Random, file: Path) -> str:
    content = json.loads(file.read_bytes())
    places = [(content, key) for key in content]
    for holder, key in places:
        value = holder[key]
        if len(places) < 400 and isinstance(value, dict | list):
            places += [(value, inner) for inner in (value if isinstance(value, dict) else range(len(value)))]
    holder, key = random.choice(places)
    if random.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
    else:
        deep: list = []
        for _ in range(random.choice((3, 50, 900))):
            deep = [deep]
        holder[key] = random.choice(
            (
                None,
                [],
                {},
                "",
                "x",
                "\x1b[31m",
                -1,
                0,
                1,
                1e308,
                float("nan"),
                float("inf"),
                10**400,
                True,
                [1, 2],
                {"a": 1},
                deep,
                "é" * 99,
            )
        )
    file.write_text(json.dumps(content))
    return str(key)


def _words(random: Random, file: Path) -> str:
    lines = file.read_text().split("\n")
    number, sign = random.choice([(number, sign) for number, line in enumerate(lines) for sign in "=:" if sign in line])
    key = lines[number].split(sign)[0]
    lines[number] = f"{key}{sign} {random.choice([*NUMBERS, *TEXTS, *LOOSE_WORDS])}"
    file.write_text("\n".join(lines))
    return lines[number][:40]

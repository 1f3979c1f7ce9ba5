"""How the fuzzer breaks tables, arrays of NumPy and weights, beyond bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from random import Random

from fuzzing.mutations.values import NUMBERS, TEXTS

_SHAPES = (
    "()",
    "(0,)",
    "(-1,)",
    "(4,)",
    "(1, 4, 40, 48)",
    "(2, 3, 40, 48)",
    "(2, 99999999, 40, 48)",
    "(2, 4, 40, 47)",
    "(2.5, 4)",
    "x",
)
_KINDS = ("|u1", "|i1", "<i2", "<f4", "<f8", "|b1", "|O", "<U9", "<c8", "|V4", "<M8[s]", "x")
_TENSOR_VALUES = {
    "dtype": ("F32", "F16", "BF16", "I64", "BOOL", "F64", "U8", "X", None, 3),
    "shape": ([], [0], [-1], [1, 1, 1, 1], [2**40, 2**40], [2**31], "x", None, [1.5], [[1]]),
    "data_offsets": ([0, 0], [0, 1], [8, 0], [0, 2**60], [-4, 4], "x", None, [0]),
}


def cells(random: Random, file: Path) -> str:
    """Change a cell, a line or the columns of a CSV file."""
    lines = file.read_text().split("\n")
    number = random.randrange(len(lines))
    separator = ";" if ";" in lines[0] else ","
    row = lines[number].split(separator)
    way = random.randrange(7)
    place = random.randrange(len(row))
    if way < 3:
        row[place] = random.choice([*NUMBERS, *TEXTS, "", " ", "train", "test", "x\0y", '"', '"a\nb"', "9" * 5000, "P1", "=1+1"])
    elif way == 3:
        row = row[:place] + row[place + 1 :]
    elif way == 4:
        row.insert(place, row[place])
    elif way == 5:
        row = [*row, "\n" + lines[random.randrange(len(lines))]]
    else:
        row = []
    lines[number] = separator.join(row)
    file.write_text("\n".join(lines))
    return lines[number][:40]


def array_header(random: Random, file: Path) -> str:
    """Change shape, kind or order that a NumPy array states, in an archive too, or leave an array out."""
    if file.suffix == ".npy":
        content, change = _restated(random, file.read_bytes())
        file.write_bytes(content)
        return change
    with zipfile.ZipFile(file) as archive:
        arrays = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(sorted(arrays))
    change = "left out"
    content = arrays.pop(name)
    way = random.randrange(4)
    if way:
        arrays[name], change = _restated(random, content)
    if way == 1:
        arrays["further.npy"] = content
    with zipfile.ZipFile(file, "w") as archive:
        for each, inside in arrays.items():
            archive.writestr(each, inside)
    return f"{name} {change}"


def _restated(random: Random, content: bytes) -> tuple[bytes, str]:
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length].decode("latin-1")
    if random.random() < 0.5:
        value = random.choice(_SHAPES)
        header = re.sub(r"'shape': \(.*?\)", f"'shape': {value}", header)
    elif random.random() < 0.7:
        value = random.choice(_KINDS)
        header = re.sub(r"'descr': '.*?'", f"'descr': '{value}'", header)
    else:
        value = random.choice(("{}", "[]", "(" * 300, "__import__('os').getpid()", "'shape'", " " * 70_000))
        header = value
    packed = header.encode("latin-1")
    stated = min(len(packed), 65535)
    return content[:8] + stated.to_bytes(2, "little") + packed[:stated] + content[10 + length :], value[:30]


def tensors(random: Random, file: Path) -> str:
    """Change the header of safetensors, whose length is told anew."""
    content = io.BytesIO(file.read_bytes())
    length = int.from_bytes(content.read(8), "little")
    header, data = json.loads(content.read(length)), content.read()
    name = random.choice(sorted(header))
    way = random.randrange(6)
    if way == 0:
        del header[name]
    elif way == 1:
        header[name + "x"] = header.pop(name)
    elif way == 2:
        header["__metadata__"] = random.choice(
            (None, 3, {"a": 1}, {"facts": "{"}, {"facts": "[]"}, {"facts": '{"options": 3}'}, [])
        )
    elif way == 3:
        header[name] = random.choice((None, [], 3, "x", {}))
    else:
        key = random.choice(sorted(_TENSOR_VALUES))
        header[name] = {**header[name], key: random.choice(_TENSOR_VALUES[key])}
    if random.random() < 0.2:
        place = random.randrange(max(len(data) - 8, 1))
        data = data[:place] + random.choice((b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\0\x7e")) + data[place + 4 :]
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return f"{way} {name[:30]}"


def sign(file: Path) -> None:
    """Let the metadata of a bundle state the digest of its weights, as whoever changes both would."""
    metadata = file.parents[1] / "configs" / "metadata.json"
    if not metadata.exists():
        return
    content = json.loads(metadata.read_text())
    content["lesion_reading"]["weights_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    metadata.write_text(json.dumps(content))

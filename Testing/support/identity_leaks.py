"""Looks for the phantoms' identity in what a run wrote and said."""

from __future__ import annotations

import html
import json
import zlib

from LesionReadingLib.phantom.identity import IDENTITY, PRIVATE_NOTE

FILE_NAME = "HOSHIZORA Akari 星空 1950"  # hospitals name folders and files after patients


def secrets(*more: str) -> list[bytes]:
    """Every value, and every part of a name, in every form in which a file or a terminal could show it."""
    names = [
        part for value in IDENTITY.values() for part in value.replace("=", "^").split("^") if len(part) > 3 or not part.isascii()
    ]
    values = {*IDENTITY.values(), *names, PRIVATE_NOTE, "HOSHIZORA", "Akari", "星空", *more}
    forms = set()
    for value in values:
        forms |= {value.encode(), value.encode("iso2022_jp"), json.dumps(value)[1:-1].encode(), html.escape(value).encode()}
        forms |= {value.encode("utf-16-le"), value.encode("ascii", "xmlcharrefreplace")}
    return sorted(form for form in forms if len(form) > 3)


def leaks(folder, printed: str, *more: str) -> list[tuple[str, bytes]]:
    """Where a secret occurs: in the bytes of a file of the folder, in its name, or in what was said."""
    held = {path.name: path.read_bytes() + path.name.encode() for path in folder.rglob("*") if path.is_file()}
    held |= {f"{name}, unpacked": _unpacked(content) for name, content in held.items()}
    held["what was said"] = printed.encode()
    return [(name, secret) for name, content in held.items() for secret in secrets(*more) if secret in content]


def _unpacked(content: bytes) -> bytes:
    """What a gzip stream in a file holds, as NRRD has it after its header."""
    start = content.find(b"\x1f\x8b\x08")
    try:
        return zlib.decompressobj(31).decompress(content[start:]) if start >= 0 else b""
    except zlib.error:
        return b""

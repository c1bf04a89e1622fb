"""Names of files in odd encodings, made readable again.

A name passes through a student's system, an archive and a learning platform, and each of them may read its bytes in
another encoding than the one before wrote. What can be undone without doubt is undone; the rest stays as it is.
"""

from __future__ import annotations

import os
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["name_in_zip", "readable"]

_UNICODE_PATH = 0x7075
_UTF8_FLAG = 0x800
_ESCAPED = re.compile(r"#U([0-9a-fA-F]{4})")  # written by Info-ZIP's unzip where its locale lacks a letter
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_MISREAD_AS = ("cp1252", "latin-1", "cp437", "cp850")


def name_in_zip(info: zipfile.ZipInfo) -> str:
    """The name of an entry of a zip file: what an extra header says, else its bytes as UTF-8, else as code page 437.

    Old tools of macOS and Linux write UTF-8 without saying so, and `zipfile` then reads it as code page 437.
    """
    name = info.orig_filename.split("\0")[0]
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    stated = next(_unicode_paths(info.extra, zlib.crc32(raw)), None)
    try:
        return stated if stated is not None else raw.decode("utf-8")
    except UnicodeDecodeError:
        return name


def readable(name: str) -> str:
    """A name or path with what was misread on its way read again.

    Undone are bytes that are no UTF-8 (`os.listdir` gives them as surrogates), UTF-8 that was read as another encoding,
    ``#U00fc`` and ``%C3%BC`` for ``ü``; letters and accents are put together (NFC), invisible marks are taken out.
    """
    if any("\udc80" <= each <= "\udcff" for each in name):
        raw = os.fsencode(name)
        try:
            name = raw.decode("cp1252")
        except UnicodeDecodeError:
            name = raw.decode("latin-1")
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
    if _PERCENT.search(name):
        name = _unquoted(name)
    if not name.isascii():
        name = _read_again(name)
    return "".join(each for each in unicodedata.normalize("NFC", name) if unicodedata.category(each) != "Cf")


def _unicode_paths(extra: bytes, crc: int) -> Iterator[str]:
    """The names in Info-ZIP's headers of an entry that belong to the name with this checksum."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[:1] == b"\1" and field[1:5] == struct.pack("<I", crc):
            try:
                yield field[5:].decode("utf-8")
            except UnicodeDecodeError:
                continue


def _unquoted(name: str) -> str:
    """The name without percent signs, where they stand for UTF-8 that can be printed and is no separator."""
    try:
        text = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return text if text.isprintable() and text.count("/") == name.count("/") and "\\" not in text else name


def _read_again(name: str) -> str:
    """The name whose UTF-8 was read as another encoding; itself where that cannot be."""
    for encoding in _MISREAD_AS:
        try:
            text = name.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if text.isprintable():
            return text
    return name

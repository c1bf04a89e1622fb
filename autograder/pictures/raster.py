"""Pictures of figures: what a submission's process says is a PNG, taken apart, judged, and written anew.

A picture comes from a process that nobody trusts, and is to be shown to people. So nothing of the file is passed on but
the pixels: the file is read by those few rules of the PNG specification (W3C, third edition) that matplotlib's own
pictures need, and the pixels are packed again by us. A picture can still show anything, but it is nothing else.

Most figures never become such a file: `autograder.pictures.vector` draws them from their records, and a report keeps
the text of the SVG; only what a record cannot say is painted inside.
"""

from __future__ import annotations

import base64
import html
import re
import struct
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.pictures import vector

__all__ = [
    "MAX_BYTES",
    "MAX_HEIGHT",
    "MAX_PICTURES",
    "MAX_TOTAL",
    "MAX_WIDTH",
    "Allowance",
    "Refused",
    "clean",
    "data_url",
    "shown",
    "text_of",
    "words_of",
]

MAX_WIDTH, MAX_HEIGHT = 800, 600  # pixels
MAX_BYTES = 200 * 1024  # of one picture
MAX_PICTURES = 8  # of one call
MAX_TOTAL = 4 * 1024 * 1024  # bytes of all pictures of one report

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">IIBBBBB")
_CHANNELS = {2: 3, 6: 4}  # colour type: red, green, blue; the same with opacity
_FILTERS = frozenset(range(5))
_URL = "data:image/png;base64,"
_BASE64 = re.compile(r"iVBORw0KGgo[A-Za-z0-9+/]*={0,2}", re.ASCII)  # begins with the signature


class Refused(ValueError):
    """Not a picture that may be shown; the text says why, in the grader's words alone."""


def clean(png: object) -> bytes:
    """A PNG file of ours with the pixels of this one: header, one block of pixels, end.

    Taken are 8 bits for each of three or four channels, not interlaced, at most `MAX_WIDTH` times `MAX_HEIGHT` pixels
    and `MAX_BYTES` bytes. Chunks that need not be understood (texts, times, resolutions) are dropped.

    Raises:
        Refused: anything else, also where the pixels are more or fewer than the header says.
    """
    if type(png) is not bytes:
        raise Refused("it is no file at all")
    if len(png) > MAX_BYTES:
        raise Refused(f"it has {len(png):,} bytes, more than {MAX_BYTES:,}")
    if not png.startswith(_SIGNATURE):
        raise Refused("it is no PNG file")
    head, packed = _chunks(png)
    width, height, channels = _header(head)
    pixels = _unpacked(packed, height * (1 + channels * width))
    if not _FILTERS.issuperset(pixels[:: 1 + channels * width]):
        raise Refused("its rows are packed in an unknown way")
    made = b"".join(
        (_SIGNATURE, _chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(pixels, 6)), _chunk(b"IEND", b""))
    )
    if len(made) > 2 * MAX_BYTES:  # a stream may be packed better than ours, but not that much
        raise Refused("its pixels take too many bytes")
    return made


def shown(record: object, look: object, png: object) -> str:
    """The picture of a figure as a report keeps it: drawn from its record and look, or what was painted, clean.

    Raises:
        Refused: it cannot be drawn, or what was painted is no picture that may be shown.
    """
    if png is not None:
        return text_of(clean(png))
    try:
        drawn = vector.draw(record, look)
    except Exception as error:  # a record that we fail to draw must not become a fault that costs nothing
        raise Refused(f"it could not be drawn: {type(error).__name__}") from error
    if not drawn:
        raise Refused("it takes too many bytes, or nothing says how it looks")
    return drawn


@dataclass(slots=True)
class Allowance:
    """How much of pictures below cells is still made for a submission, however many of them are refused.

    `pictures` and `letters` (of their texts) are what a report takes; `tries` and `seconds` (of CPU time) what may
    still be drawn or cleaned for it, so that pictures that nobody will see are paid by the submission, too. `left_out`
    counts those for which something of this was used up.
    """

    pictures: int
    letters: int
    tries: int
    seconds: float = 10.0
    left_out: int = 0

    def shown(self, figure: Mapping[str, object] | None, png: bytes) -> str:
        """One picture as a report keeps it, from its record or from what was painted; "" for one that is not shown.

        Args:
            figure: the record with its look, or None.
            png: what was painted, or nothing.
        """
        if min(self.pictures, self.letters, self.tries) <= 0 or self.seconds <= 0:
            self.left_out += 1
            return ""
        self.tries -= 1
        record, began = figure or {}, time.thread_time()
        try:
            text = shown(record, record.get("look"), png or None)
        except Refused:
            return ""
        finally:
            self.seconds -= time.thread_time() - began
        if len(text) > self.letters:
            self.left_out += 1
            return ""
        self.pictures -= 1
        self.letters -= len(text)
        return text

    @property
    def sentence(self) -> str:
        """What is said where pictures were left out, else ""."""
        if not self.left_out:
            return ""
        return f"Pictures left out: {self.left_out}. A report holds no more, or drawing them takes too long."


def text_of(picture: bytes) -> str:
    """A clean picture as a report keeps it: base64."""
    return base64.b64encode(picture).decode("ascii")


def data_url(text: str) -> str:
    """The address under which a page shows a picture of a report, PNG or SVG; "" for a text that is none.

    It holds no character that means something in HTML, so that it can stand in double quotes as it is.
    """
    if vector.is_ours(text):
        return vector.address(text)
    return _URL + text if len(text) <= 3 * MAX_BYTES and _BASE64.fullmatch(text) else ""


def words_of(text: str) -> str:
    """What a picture of a report shows, in words, for those who do not see it; "" where that is not known."""
    found = re.search("<desc>(.*?)</desc>", text) if vector.is_ours(text) else None
    return html.unescape(found[1]) if found else ""


def _chunks(png: bytes) -> tuple[bytes, bytes]:
    """The contents of the header, and of all blocks of pixels one after the other."""
    place, head, packed, ended = len(_SIGNATURE), b"", [], False
    while place < len(png) and not ended:
        if len(png) - place < 12:
            raise Refused("it is cut off")
        length, kind = struct.unpack_from(">I4s", png, place)
        if length > len(png) - place - 12:
            raise Refused("it is cut off")
        content = png[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", png, place + 8 + length)
        if zlib.crc32(content, zlib.crc32(kind)) != checksum:
            raise Refused("a checksum in it is wrong")
        place += 12 + length
        if (kind == b"IHDR") != (not head):
            raise Refused("its header is not one at its beginning")
        if kind == b"IHDR":
            head = content or b"?"
        elif kind == b"IDAT":
            packed.append(content)
        elif kind == b"IEND":
            ended = True
        elif not kind[0] & 0x20:  # a capital letter: must be understood
            raise Refused("it holds a part of a kind that is not taken")
    if not ended or place != len(png):
        raise Refused("it does not end where it says")
    return head, b"".join(packed)


def _header(head: bytes) -> tuple[int, int, int]:
    if len(head) != _HEAD.size:
        raise Refused("its header has a wrong length")
    width, height, depth, colour, *rest = _HEAD.unpack(head)
    if not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT):
        raise Refused(f"it has {width:,} x {height:,} pixels; at most {MAX_WIDTH} x {MAX_HEIGHT} are shown")
    if depth != 8 or colour not in _CHANNELS or rest != [0, 0, 0]:  # deflate, five filters, no interlacing
        raise Refused("its pixels are not of the kind that is taken")
    return width, height, _CHANNELS[colour]


def _unpacked(packed: bytes, size: int) -> bytes:
    """Exactly `size` bytes; a stream with more is not read further than one byte beyond."""
    inflating = zlib.decompressobj()
    try:
        pixels = inflating.decompress(packed, size + 1)
    except zlib.error:
        raise Refused("its pixels cannot be unpacked") from None
    if len(pixels) != size or not inflating.eof or inflating.unused_data:
        raise Refused("it does not hold the pixels that its header promises")
    return pixels


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))

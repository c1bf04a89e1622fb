"""The picture of a figure, for the student to look at: small, and left out rather than waited for."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["painter"]

WIDTH, HEIGHT = 800, 600  # pixels; as all below, what `autograder.pictures.raster` lets through
BYTES = 200 * 1024
MOST = 8
_RESOLUTIONS = (1.0, 0.6)  # of what would fit; the second where the first takes too many bytes
_CPU_SECONDS = 5.0  # when drawing took these, no further picture is begun
_MOST_ARTISTS = 20_000
_MOST_POINTS = 1_000_000


def painter() -> Callable[[Any], bytes | None]:
    """A function that makes PNG files of the first figures it is given, and None of those that it cannot draw soon."""
    spent, made = 0.0, 0

    def paint(figure: Any) -> bytes | None:
        nonlocal made, spent
        if made >= MOST or spent > _CPU_SECONDS:
            return None
        began = time.process_time()
        try:
            picture = _picture(figure)
        except Exception:  # noqa: BLE001  (a figure may hold anything; its record says more than its picture)
            return None
        finally:
            spent += time.process_time() - began
        made += picture is not None
        return picture

    return paint


def _picture(figure: Any) -> bytes | None:
    if not _is_bearable(figure):
        return None
    width, height = (float(inches) for inches in figure.get_size_inches())
    fitting = min(100.0, (WIDTH - 1) / width, (HEIGHT - 1) / height)
    for part in _RESOLUTIONS:
        file = io.BytesIO()
        with sys.modules["matplotlib"].rc_context({"savefig.bbox": None, "savefig.transparent": False}):
            figure.savefig(file, format="png", dpi=part * fitting)
        picture = file.getvalue()
        if len(picture) <= BYTES:
            return picture
    return None


def _is_bearable(figure: Any) -> bool:
    """Whether drawing takes seconds at most: by the number of parts, and of points of the curves and clouds."""
    parts = figure.findobj()
    if len(parts) > _MOST_ARTISTS:
        return False
    lines = sum(len(part.get_xdata(orig=False)) for part in parts if hasattr(part, "get_xdata"))
    return lines + sum(len(part.get_offsets()) for part in parts if hasattr(part, "get_offsets")) <= _MOST_POINTS

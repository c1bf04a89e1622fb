"""Start an assignment: a tiny example to replace, or a first version made from a solved reference's example."""

from __future__ import annotations

from autograder.scaffold.start import Recipe, Started, start_blank, start_from

__all__ = ["Recipe", "Started", "start_blank", "start_from"]

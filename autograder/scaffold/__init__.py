"""Start a course, or an assignment: a tiny example to replace, or a draft made from a solved reference."""

from __future__ import annotations

from autograder.scaffold.course import FIRST, start_course
from autograder.scaffold.start import Recipe, Started, start_blank, start_from

__all__ = ["FIRST", "Recipe", "Started", "start_blank", "start_course", "start_from"]

"""Pictures of figures as SVG, drawn outside from their records: checked numbers, and texts that are escaped.

`draw` makes one of a record and its look (`autograder.checks.inspection.figures`, `autograder.worker.appearance`),
`described` says in words what is to be seen. `is_ours` knows such a picture again by its elements and attributes, and
`address` is what a page shows.
"""

from autograder.pictures.vector.plots import described, draw
from autograder.pictures.vector.svg import address, is_ours

__all__ = ["address", "described", "draw", "is_ours"]

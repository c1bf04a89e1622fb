"""Does the grader catch mistakes? The reference is changed in small wrong ways, and every change is graded."""

from autograder.quality.mutation.audit import Audit, audit
from autograder.quality.mutation.matrix import Matrix, Row
from autograder.quality.mutation.mutants import Mutant, belongs, generate, sample
from autograder.quality.mutation.progress import forget, kept_in
from autograder.quality.mutation.seeds import ALLOWED, Rate
from autograder.quality.mutation.selection import KEPT, Selection, accepted, kept, questions_of, sample_of, select

__all__ = [
    "ALLOWED",
    "KEPT",
    "Audit",
    "Matrix",
    "Mutant",
    "Rate",
    "Row",
    "Selection",
    "accepted",
    "audit",
    "belongs",
    "forget",
    "generate",
    "kept",
    "kept_in",
    "questions_of",
    "sample",
    "sample_of",
    "select",
]

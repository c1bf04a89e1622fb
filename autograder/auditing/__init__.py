"""Does the grader catch mistakes? The reference is changed in small wrong ways, and every change is graded."""

from autograder.auditing.audit import Audit, accepted, audit
from autograder.auditing.kept import KEPT, kept
from autograder.auditing.matrix import Matrix, Row
from autograder.auditing.mutants import Mutant, belongs, generate, sample
from autograder.auditing.progress import forget
from autograder.auditing.seeds import ALLOWED, Rate

__all__ = [
    "ALLOWED",
    "KEPT",
    "Audit",
    "Matrix",
    "Mutant",
    "Rate",
    "Row",
    "accepted",
    "audit",
    "belongs",
    "forget",
    "generate",
    "kept",
    "sample",
]

"""Our program inside the sandbox: it holds the submission's objects and answers calls; it knows nothing else."""

from autograder.worker.serve import serve
from autograder.worker.warming import import_module, seed_all, warm_up

__all__ = ["import_module", "seed_all", "serve", "warm_up"]

"""Our program inside the sandbox: it holds the submission's objects and answers calls; it knows nothing else."""

from autograder.worker.serve import serve, warm_random_numbers

__all__ = ["serve", "warm_random_numbers"]

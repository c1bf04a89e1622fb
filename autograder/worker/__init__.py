"""Our program inside the sandbox: it holds the submission's objects and answers calls; it knows nothing else."""

from autograder.worker.serve import seed_all, serve, warm_random_numbers

__all__ = ["seed_all", "serve", "warm_random_numbers"]

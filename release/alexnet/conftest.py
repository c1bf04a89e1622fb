"""What the tests are given: `student` (your code), `rng` (random numbers). Nothing to change here."""

from pathlib import Path

import pytest

try:
    import autograder_checks  # beside this file
except ModuleNotFoundError:  # or else in the toolkit, if that is installed
    from autograder.checks.local.kit import use_installed

    use_installed()
from autograder_checks.local import testing

FOLDER = Path(__file__).parent
NAMES = {  # where each function and class is looked for
    "as_tensor": "alexnet.ipynb",
    "as_labels": "alexnet.ipynb",
    "outputs": "alexnet.ipynb",
    "alexnet": "alexnet.ipynb",
    "small_setting": "alexnet.ipynb",
    "train_epoch": "alexnet.ipynb",
    "logits": "alexnet.ipynb",
    "evaluate": "alexnet.ipynb",
    "fit": "alexnet.ipynb",
    "draw": "alexnet.ipynb",
    "first_steps": "alexnet.ipynb",
    "runs_of_a": "alexnet.ipynb",
    "run_of_b": "alexnet.ipynb",
    "run_of_c": "alexnet.ipynb",
    "experiment": "alexnet.ipynb",
    "load_weights": "alexnet.ipynb",
    "better_network": "alexnet.ipynb",
    "train_better": "alexnet.ipynb",
    "DEVICE": "alexnet.ipynb",
    "EPOCHS": "alexnet.ipynb",
    "BATCH": "alexnet.ipynb",
    "MEAN": "alexnet.ipynb",
    "DEVIATION": "alexnet.ipynb",
    "HERE": "alexnet.ipynb",
    "load": "cifar10_data.py",
    "CLASSES": "cifar10_data.py",
}


@pytest.fixture
def student():
    """Your code: `student.f(x)` calls your function f."""
    return testing.student_in(FOLDER, NAMES)


@pytest.fixture(autouse=True)
def rng(request):
    """Random numbers, the same in every run."""
    return testing.rng_for(request.node.name)


@pytest.fixture
def attempted():
    """Fails for functions that are still to be written."""
    return lambda *solution: testing.attempted(FOLDER, NAMES, solution)


def pytest_pyfunc_call(pyfuncitem):
    """Tell in one sentence what is wrong."""
    return testing.call(pyfuncitem)

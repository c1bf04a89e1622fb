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
    "max_network": "theory_max.py",
    "dual_objective": "theory_dual.py",
    "primal_from_dual": "theory_dual.py",
    "cross_entropy": "theory_softmax.py",
    "cross_entropy_gradient": "theory_softmax.py",
    "cross_entropy_hessian": "theory_softmax.py",
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

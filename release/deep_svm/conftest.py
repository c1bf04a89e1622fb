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
    "signs": "deep_svm_losses.py",
    "hinge_loss": "deep_svm_losses.py",
    "l2svm_loss": "deep_svm_losses.py",
    "smallest_slacks": "deep_svm_losses.py",
    "soft_margin": "deep_svm_losses.py",
    "slack_loss": "deep_svm_losses.py",
    "descend": "deep_svm_losses.py",
    "multipliers": "deep_svm_exact.py",
    "penalty_multipliers": "deep_svm_exact.py",
    "largest_multiplier_bound": "deep_svm_exact.py",
    "penalty_is_exact": "deep_svm_exact.py",
    "surely_exact": "deep_svm_exact.py",
    "sign_targets": "deep_svm_layers.py",
    "OutputLayer": "deep_svm_layers.py",
    "SoftmaxLayer": "deep_svm_layers.py",
    "HingeLayer": "deep_svm_layers.py",
    "L2SVMLayer": "deep_svm_layers.py",
    "SlackLayer": "deep_svm_layers.py",
    "principal_components": "deep_svm_pca.py",
    "reduced": "deep_svm_pca.py",
    "dense_body": "deep_svm_nets.py",
    "conv_body": "deep_svm_nets.py",
    "continue_with_softmax": "deep_svm_nets.py",
    "GaussianNoise": "deep_svm_nets.py",
    "RandomFlip": "deep_svm_nets.py",
    "Pixels": "deep_svm_nets.py",
    "DeepNet": "deep_svm_nets.py",
    "fit": "deep_svm_training.py",
    "scores_of": "deep_svm_training.py",
    "measures": "deep_svm_training.py",
    "compare": "deep_svm_training.py",
    "with_parameters": "deep_svm_tools.py",
    "parameters_of": "deep_svm_tools.py",
    "loss_and_gradients": "deep_svm_tools.py",
    "answer": "deep_svm_tools.py",
    "fit_arrays": "deep_svm_tools.py",
    "reports_of_fit": "deep_svm_tools.py",
    "measure_arrays": "deep_svm_tools.py",
    "compare_arrays": "deep_svm_tools.py",
    "Recorder": "deep_svm_tools.py",
    "load_mnist": "deep_svm_data.py",
    "mnist_nets": "deep_svm_main.py",
    "conv_net": "deep_svm_main.py",
    "train_conv_net": "deep_svm_main.py",
    "table": "deep_svm_main.py",
    "main": "deep_svm_main.py",
    "TOPS": "deep_svm_main.py",
    "CONTINUED": "deep_svm_main.py",
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

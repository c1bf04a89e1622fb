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
    "hinge_loss": "svm_networks.py",
    "hinge_loss_and_gradient": "svm_networks.py",
    "load_weights": "svm_networks.py",
    "convolutions": "svm_networks.py",
    "HingeCNN": "svm_networks.py",
    "FeaturesCNN": "svm_networks.py",
    "Autoencoder": "svm_networks.py",
    "to_tensor": "svm_training.py",
    "batches": "svm_training.py",
    "small_classifier": "svm_training.py",
    "small_autoencoder": "svm_training.py",
    "train_classifier": "svm_training.py",
    "train_autoencoder": "svm_training.py",
    "in_batches": "svm_training.py",
    "scores": "svm_training.py",
    "features": "svm_training.py",
    "codes": "svm_training.py",
    "reconstructions": "svm_training.py",
    "BATCH": "svm_training.py",
    "LOSSES": "svm_training.py",
    "pixels": "svm_models.py",
    "rbf_pipeline": "svm_models.py",
    "linear_pipeline": "svm_models.py",
    "pca_pipeline": "svm_models.py",
    "neighbours": "svm_models.py",
    "centroid": "svm_models.py",
    "rbf_search": "svm_models.py",
    "linear_search": "svm_models.py",
    "pca_search": "svm_models.py",
    "score_table": "svm_models.py",
    "ways_of_many_classes": "svm_models.py",
    "COARSE_C": "svm_models.py",
    "COARSE_GAMMA": "svm_models.py",
    "FINE_C": "svm_models.py",
    "FINE_GAMMA": "svm_models.py",
    "plot_samples": "svm_plots.py",
    "plot_history": "svm_plots.py",
    "plot_heat_map": "svm_plots.py",
    "plot_scores": "svm_plots.py",
    "plot_reconstructions": "svm_plots.py",
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

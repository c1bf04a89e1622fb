"""The experiments of the assignment on CIFAR-10, or with `--data shapes` on its stand-in.

    python -m reference.svm_pipelines features --epochs 15     the features CNN, stored in the cache
    python -m reference.svm_pipelines linear                   LinearSVC on its features, primal and dual
    python -m reference.svm_pipelines --help

Each prints what it finds; the last line is the result. Figures are saved with `--out FOLDER`.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import svm_models as models
import svm_networks as networks
import svm_pairs
import svm_plots as plots
import svm_search
import svm_training as training
import torch
from cifar10_data import CLASSES
from platformdirs import user_cache_path
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler

from autograder.datasets import DataSettings, find, find_or_default

NETWORKS = {
    "hinge": (networks.HingeCNN, "hinge"),
    "features": (networks.FeaturesCNN, "cross-entropy"),
    "autoencoder": (networks.Autoencoder, "mean squared error"),
}


def main():
    """Run the experiment that is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m reference.svm_pipelines", description=__doc__.split("\n")[0])
    parser.add_argument("experiment", choices=sorted(EXPERIMENTS))
    parser.add_argument("--data", default="", help="'shapes' for the stand-in, or the folder with CIFAR-10")
    parser.add_argument("--out", type=Path, help="folder for figures")
    parser.add_argument(
        "--samples", type=int, default=0, help="training samples of the machine; 0: the experiment's own"
    )
    parser.add_argument(
        "--epochs", type=int, default=0, help="epochs of the network; 0: those of the cached one, or 15"
    )
    parser.add_argument("--fine", action="store_true", help="search the fine grid, not the coarse one")
    options = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.monotonic()
    data = chosen_data(options.data)
    print(f"{data.name}: {len(data.train)} training images, {len(data.hidden)} test images")
    result = EXPERIMENTS[options.experiment](data, options)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for number in plt.get_fignums():
            plt.figure(number).savefig(options.out / f"{options.experiment}-{number}.png", bbox_inches="tight")
    print(f"{time.monotonic() - begun:.0f} s")
    print(result)


def chosen_data(name):
    """The data set: CIFAR-10 where it is found, or the shapes."""
    if name == "shapes":
        return find("shapes", DataSettings())
    found, summary = find_or_default("cifar10", DataSettings(data=Path(name) if name else None))
    print(summary)
    return found


def samples(data, count, x=None):
    """The first `count` training samples, pixels unless x is given, with their labels."""
    return (models.pixels(data.train.x[:count]) if x is None else x[:count]), data.train.y[:count]


# --- networks ---


def trained(kind, data, options):
    """The network of that kind, trained from seed 0; stored in the user's cache, with its history."""
    make, loss = NETWORKS[kind]
    folder = user_cache_path("autograder") / "results" / "svm_pipelines"
    file = folder / f"{data.name}-{kind}.pt"
    stored = torch.load(file, weights_only=True) if file.exists() else None
    network = make()
    if stored and options.epochs in (0, len(stored["history"]["train_loss"])):
        network.load_state_dict(stored["weights"])
        print(f"{kind}: trained before, {len(stored['history']['train_loss'])} epochs in {stored['seconds']:.0f} s")
        return network, stored["history"]
    torch.manual_seed(0)
    network = make()
    begun = time.monotonic()
    if kind == "autoencoder":
        history = training.train_autoencoder(network, data.train.x, options.epochs or 3)
    else:
        x, y, more_x, more_y = data.train.x, data.train.y, data.validation.x, data.validation.y
        history = training.train_classifier(network, loss, x, y, more_x, more_y, options.epochs or 15)
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"weights": network.state_dict(), "history": history, "seconds": time.monotonic() - begun}
    torch.save(stored, file)
    return network, history


def network_accuracy(kind):
    """An experiment: train a classifying network, draw its training, measure it."""

    def experiment(data, options):
        network, history = trained(kind, data, options)
        plots.plot_history(history)
        plots.plot_samples(data.hidden.x[:10], [CLASSES[label] for label in data.hidden.y[:10]])
        test = right(training.scores(network, data.hidden.x).argmax(axis=1), data.hidden.y)
        epochs = len(history["train_loss"])
        return f"test {test}, validation {percent(history['validation_accuracy'][-1])} after {epochs} epochs"

    return experiment


def network_features(data, options):
    """Features of training and test images, by the features CNN."""
    network, _ = trained("features", data, options)
    return training.features(network, data.train.x), training.features(network, data.hidden.x)


def autoencoder(data, options):
    """Codes of the autoencoder into LinearSVC; its reconstructions."""
    network, history = trained("autoencoder", data, options)
    train_x, test_x = training.codes(network, data.train.x), training.codes(network, data.hidden.x)
    shown = data.hidden.x[:8]
    plots.plot_reconstructions(shown / 255, training.reconstructions(network, shown))
    machine = models.linear_pipeline(C=1.0).fit(train_x, data.train.y)
    test = right(machine.predict(test_x), data.hidden.y)
    error = history["train_loss"][-1]
    return f"test {test}, mean squared error {error:.4f} after {len(history['train_loss'])} epochs"


# --- machines on features ---


def linear(data, options):
    """LinearSVC on the features: the primal on 10,000 samples, the dual on 1,000; C by 5 folds."""
    train_x, test_x = network_features(data, options)
    Cs = 2.0 ** np.arange(-8, 5, 2)
    curves, parts = {}, []
    for name, count, dual in (("primal", options.samples or 10_000, False), ("dual", 1_000, True)):
        search = models.linear_search(*samples(data, count, train_x), Cs, dual=dual)
        curves[name] = search.cv_results_["mean_test_score"]
        C = search.best_params_["svm__C"]
        test = right(search.predict(test_x), data.hidden.y)
        parts.append(f"{name} test {test} ({min(count, len(train_x)):,} samples, C = {C:g})")
        print(parts[-1], ", folds", percent(search.best_score_), flush=True)
    plots.plot_scores(Cs, curves)
    return ", ".join(parts)


def rbf(data, options):
    """The RBF machine on the features, C and gamma by the search of the reference on 2,000 samples."""
    train_x, test_x = network_features(data, options)
    x, y = samples(data, options.samples or len(data.train), train_x)
    Cs, gammas = (models.FINE_C, models.FINE_GAMMA)
    scores = svm_search.search(x[:2000], y[:2000], Cs, gammas, folds=3, scaler=MinMaxScaler())
    C, gamma = best(scores, Cs, gammas)
    scaler = MinMaxScaler().fit(x)
    found = svm_pairs.predictions(scaler.transform(x), y, scaler.transform(test_x), C, gamma)
    return f"test {right(found, data.hidden.y)} ({len(x):,} samples, C = {C:.3g}, gamma = {gamma:.3g})"


def grid(data, options):
    """The coarse or the fine grid on the features, 5 folds, by the search of the reference."""
    x, y = samples(data, options.samples or 10_000, network_features(data, options)[0])
    Cs, gammas = (models.FINE_C, models.FINE_GAMMA) if options.fine else (models.COARSE_C, models.COARSE_GAMMA)
    begun = time.process_time()
    scores = svm_search.search(x, y, Cs, gammas, folds=5, scaler=MinMaxScaler())
    seconds = time.process_time() - begun
    plots.plot_heat_map(Cs, gammas, scores)
    C, gamma = best(scores, Cs, gammas)
    cells = f"{len(Cs)} x {len(gammas)} cells, 5 folds, {len(x):,} samples"
    return f"best {percent(scores.max())} at C = {C:.3g}, gamma = {gamma:.3g} ({cells}, {seconds:.0f} CPU s)"


def best(scores, Cs, gammas):
    """The values of the highest score."""
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    return Cs[row], gammas[column]


# --- machines on pixels ---


def raw(data, options):
    """The RBF machine on pixels, C = 2 and gamma = 2^-7, with kernels that one product of matrices gives."""
    x, y = samples(data, options.samples or len(data.train))
    found = svm_pairs.predictions(x, y, models.pixels(data.hidden.x), C=2.0, gamma=2.0**-7)
    return f"test {right(found, data.hidden.y)} ({len(x):,} samples)"


def pca(data, options):
    """PCA to 90 % of the variance, and LinearSVC."""
    x, y = samples(data, options.samples or len(data.train))
    pipeline = models.pca_pipeline().set_params(pca__svd_solver="covariance_eigh").fit(x, y)
    components = pipeline["pca"].n_components_
    test = right(pipeline.predict(models.pixels(data.hidden.x)), data.hidden.y)
    return f"test {test}, {components} components ({len(x):,} samples)"


def neighbours(data, options):
    """The nearest neighbour, k = 1, on principal components that keep all but rounding, and on pixels."""
    x, y = samples(data, options.samples or len(data.train))
    found = models.neighbours(1).fit(x, y).predict(models.pixels(data.hidden.x))
    return f"test {right(found, data.hidden.y)} (k = 1, {len(x):,} samples)"


def centroid(data, options):
    """The nearest centroid on pixels."""
    x, y = samples(data, options.samples or len(data.train))
    found = models.centroid().fit(x, y).predict(models.pixels(data.hidden.x))
    return f"test {right(found, data.hidden.y)} ({len(x):,} samples)"


def classes(data, options):
    """One-versus-one and one-versus-rest on principal components of pixels."""
    x, y = samples(data, options.samples or 2_000)
    reduced = PCA(50, random_state=0).fit(x)
    test_x, test_y = reduced.transform(models.pixels(data.hidden.x[:1000])), data.hidden.y[:1000]
    ways = models.ways_of_many_classes(reduced.transform(x), y, test_x, 2.0, 2.0**-6)
    same = np.array_equal(ways["ovo"][0], ways["ovr"][0])
    summary = ", ".join(f"{name} test {right(labels, test_y)}" for name, (labels, _) in ways.items())
    return f"{summary}; ovo and ovr predict the same labels: {same}"


def right(labels, expected):
    """The share of right labels in per cent, as text."""
    return percent(np.mean(labels == expected))


def percent(share):
    """A fraction in per cent, as text."""
    return f"{100 * share:.2f} %"


EXPERIMENTS = {
    "hinge": network_accuracy("hinge"),
    "features": network_accuracy("features"),
    "autoencoder": autoencoder,
    "linear": linear,
    "rbf": rbf,
    "grid": grid,
    "raw": raw,
    "pca": pca,
    "neighbours": neighbours,
    "centroid": centroid,
    "classes": classes,
}

if __name__ == "__main__":
    main()

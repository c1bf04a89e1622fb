"""The reference's grid search beside scikit-learn's: `python benchmarks/grid_search.py [--samples 2000] [--folds 3]`.

Both search the coarse grid of the assignment `svm_pipelines`, 11 values of C and 10 of gamma, with the same samples
and the same folds, one after the other in this process, on one thread: `reference/svm_pipelines/svm_search.py`, and
`GridSearchCV(SVC())` as it comes. The samples are features of the trained network where one is in the cache (by
`python -m reference.svm_pipelines features`), else principal components of pixels, which keep 90 % of the variance; of
CIFAR-10 where it is found, else of the embedded shapes. They are scaled to [0, 1] before both.

CPU times are compared, as other programs may run beside; elapsed times are printed, too. Exit code 1 if the reference
is not 6 times faster, or a score differs by more than 0.001.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from platformdirs import user_cache_path
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from autograder.datasets import DataSet, DataSettings, find_or_default

sys.path.insert(0, str(Path(__file__).parent.parent / "reference" / "svm_pipelines"))
import svm_models as models
import svm_search

LEAST, MOST_APART = 6.0, 0.001


def main() -> int:
    """Run both searches and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="folder with CIFAR-10")
    options = parser.parse_args()
    data, _ = find_or_default("cifar10", DataSettings(data=options.data))
    x, what = features(data, options.samples)
    y = data.train.y[: len(x)]
    Cs, gammas = models.COARSE_C, models.COARSE_GAMMA
    print(f"{data.name}: {what}, {len(x)} samples of {x.shape[1]} numbers, {options.folds} folds, ", end="")
    print(f"{len(Cs)} x {len(gammas)} cells, one thread on both sides", flush=True)

    ours, ours_cpu, ours_wall = timed(lambda: svm_search.search(x, y, Cs, gammas, folds=options.folds))
    print(f"reference     {ours_cpu:8.1f} CPU s  {ours_wall:8.1f} s elapsed", flush=True)
    theirs, cpu, wall = timed(lambda: plain(x, y, Cs, gammas, options.folds))
    print(f"GridSearchCV  {cpu:8.1f} CPU s  {wall:8.1f} s elapsed")

    apart = float(np.abs(ours - theirs).max())
    ratio = cpu / ours_cpu
    differing = int((ours != theirs).sum())
    equal = f"scores differ by {apart:.5f} at most, in {differing}" if differing else f"all {ours.size} scores equal"
    print(f"best score {ours.max():.4f} and {theirs.max():.4f}; {MOST_APART} apart and {LEAST:g} times are allowed")
    print(f"{ratio:.1f} times faster: {ours_cpu:.1f} and {cpu:.1f} CPU s; {equal}")
    return int(ratio < LEAST or apart > MOST_APART)


def features(data: DataSet, count: int) -> tuple[Any, str]:
    """The first samples, (count, features), in [0, 1], and what they are."""
    kept = user_cache_path("autograder") / "results" / "svm_pipelines" / f"{data.name}-features.pt"
    if kept.exists():
        import svm_networks
        import svm_training
        import torch

        torch.set_num_threads(1)
        network = svm_networks.FeaturesCNN()
        network.load_state_dict(torch.load(kept, weights_only=True)["weights"])
        found, what = svm_training.features(network, data.train.x[:count]), "features of the trained network"
    else:
        found = PCA(0.9).fit_transform(models.pixels(data.train.x[:count]))
        what = "principal components of pixels"
    return MinMaxScaler().fit_transform(np.asarray(found, np.float64)), what


def plain(x: Any, y: Any, Cs: Any, gammas: Any, folds: int) -> Any:
    """The scores of scikit-learn's search, (len(Cs), len(gammas)); cells come in the order of the grid, C first."""
    search = GridSearchCV(SVC(), {"C": Cs, "gamma": gammas}, cv=folds, refit=False).fit(x, y)
    return search.cv_results_["mean_test_score"].reshape(len(Cs), len(gammas))


def timed(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call gives, its CPU time and its elapsed time, in seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = call()
    return value, time.process_time() - cpu, time.perf_counter() - wall


if __name__ == "__main__":
    sys.exit(main())

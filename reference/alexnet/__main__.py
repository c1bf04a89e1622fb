"""The experiments of the notebook on real data: ``python -m reference.alexnet a`` (or b, c, d, weights) from the root.

    a        a tenth of the training set with PyTorch's default SGD, and with Adam at 5e-5
    b        the same with Adam at 5e-3
    c        Adam at 5e-5 without batch normalisation and dropout
    d        the residual network on the whole training set; its weights go to FOLDER/weights.pt after every epoch
    weights  the accuracy of weights that were trained before

The code is that of `alexnet.ipynb`; nothing of it is written twice. Plots go to the folder given by ``--out``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import numpy as np
import torch

from autograder.datasets import DataSettings, find
from autograder.notebooks.source import file_text

FOLDER = Path(__file__).resolve().parent


def notebook() -> Any:
    """The code cells of the notebook as one module, run."""
    sys.path.insert(0, str(FOLDER))  # for cifar10_data
    module = ModuleType("alexnet")
    path = FOLDER / "alexnet.ipynb"
    exec(compile(file_text(path), str(path), "exec"), vars(module))
    return module


def whole(data: Any) -> tuple[Any, Any]:
    """All training images with their labels: those that are set aside for validation, too."""
    return tuple(np.concatenate([getattr(data.train, name), getattr(data.validation, name)]) for name in "xy")


def compare(alexnet: Any, data: Any, part: str, epochs: int, seed: int) -> str:
    """Carry out the trainings of (a), (b) or (c); the sentence of the result."""
    runs = {
        "a": alexnet.runs_of_a,
        "b": lambda seed: {"Adam 5e-3": alexnet.run_of_b(seed)},
        "c": lambda seed: {"without batch normalisation and dropout": alexnet.run_of_c(seed)},
    }[part](seed)
    step = 10 if data.name == "cifar10" else 1  # the shapes are few enough
    train = data.train.x[::step], data.train.y[::step]
    histories = {}
    for name, run in runs.items():
        histories[name] = alexnet.fit(*run, train, (data.validation.x, data.validation.y), epochs, seed=seed)
        ends = {measure: values[-1] for measure, values in histories[name].items()}
        print(name, {measure: round(end, 4) for measure, end in ends.items()}, flush=True)
    alexnet.draw(histories)
    return "; ".join(
        f"{name}: validation {100 * history['validation accuracy'][-1]:.1f} %, "
        f"training {100 * history['training accuracy'][-1]:.1f} %"
        for name, history in histories.items()
    )


def better(alexnet: Any, data: Any, epochs: int, seed: int, out: Path) -> str:
    """Train the network of (d), and print its test accuracy after every epoch; the sentence of the result."""
    begun, accuracies = time.monotonic(), []

    def after_epoch(epoch: int, model: Any) -> None:
        torch.save(model.state_dict(), out / "weights.pt")
        accuracies.append(alexnet.evaluate(model, data.hidden.x, data.hidden.y)[1])
        print(f"epoch {epoch}: test {100 * accuracies[-1]:.2f} %, {time.monotonic() - begun:.0f} s", flush=True)

    torch.manual_seed(seed)
    alexnet.train_better(alexnet.better_network(), *whole(data), epochs, seed, after_epoch)
    reached = [epoch for epoch, accuracy in enumerate(accuracies, start=1) if accuracy >= 0.85]
    summary = f", 85 % after epoch {reached[0]}" if reached else ""
    return f"test {100 * accuracies[-1]:.2f} % after {epochs} epochs{summary}"


def main() -> None:
    """Read the command line and run one experiment."""
    parser = argparse.ArgumentParser(prog="python -m reference.alexnet", description=__doc__.split("\n")[0])
    parser.add_argument("part", choices=("a", "b", "c", "d", "weights"))
    parser.add_argument("--data", default="cifar10", help="cifar10 or shapes")
    parser.add_argument("--data-folder", type=Path, help="where the data sets are")
    parser.add_argument("--epochs", type=int, help="those of the notebook if left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=FOLDER / "weights.pt", help="the file that `weights` reads")
    parser.add_argument("--gpu", action="store_true", help="do not run where there is no GPU")
    parser.add_argument("--out", type=Path, default=Path("out/alexnet"), help="folder for plots and weights")
    chosen = parser.parse_args()
    if chosen.gpu and not torch.cuda.is_available():
        parser.error("torch sees no GPU here.")
    torch.set_num_threads(1)
    matplotlib.use("Agg")
    alexnet, data = notebook(), find(chosen.data, DataSettings(data=chosen.data_folder))
    epochs = chosen.epochs or alexnet.EPOCHS
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.part == "d":
        print(better(alexnet, data, epochs, chosen.seed, chosen.out))
    elif chosen.part == "weights":
        model = alexnet.load_weights(alexnet.better_network(), torch.load(chosen.weights, weights_only=True))
        print(f"test {100 * alexnet.evaluate(model, data.hidden.x, data.hidden.y)[1]:.2f} %")
    else:
        result = compare(alexnet, data, chosen.part, epochs, chosen.seed)
        alexnet.plt.savefig(chosen.out / f"{chosen.part}.png")
        print(result)


if __name__ == "__main__":
    main()

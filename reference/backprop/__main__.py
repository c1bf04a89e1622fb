"""The experiments of the homework on the real images: ``python -m reference.backprop rate|whole|best|study``.

The images are found as the toolkit finds them (`autograder data list`); ``--data digits`` takes the embedded ones.
"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).parent))

import backprop_data
import backprop_main
import matplotlib.pyplot as plt
import numpy as np
from backprop_network import Network

from autograder import datasets


def images(name, train, test):
    """Random training and test images as the homework's lists of pairs; as many as there are, if those are fewer."""
    settings = datasets.DataSettings.from_environment()
    data = datasets.find(name, settings) if name in datasets.EMBEDDED else datasets.find_or_default(name, settings)[0]
    chosen = np.random.permutation(len(data.train))[:train], np.random.permutation(len(data.hidden))[:test]
    pairs = [(data.train.x[i].reshape(784, 1), backprop_data.one_hot(data.train.y[i])) for i in chosen[0]]
    return pairs, [(data.hidden.x[i].reshape(784, 1), int(data.hidden.y[i])) for i in chosen[1]]


def main():
    """Read the command line, train, print."""
    parser = argparse.ArgumentParser(prog="python -m reference.backprop", description=__doc__.splitlines()[0])
    parser.add_argument("experiment", choices=("rate", "whole", "best", "study"))
    parser.add_argument("--data", default="mnist", choices=("mnist", "digits"))
    parser.add_argument("--epochs", type=int, default=30, help="epochs of rate, whole and study")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the figures of study")
    options = parser.parse_args()
    np.random.seed(options.seed)
    few = options.experiment in ("rate", "study")
    training_data, test_data = images(options.data, 10_000 if few else 50_000, 5_000 if few else 10_000)
    if options.experiment == "study":
        backprop_main.learning_rate_study(training_data, test_data, epochs=options.epochs)
        options.out.mkdir(parents=True, exist_ok=True)
        for number in plt.get_fignums():
            plt.figure(number).savefig(options.out / f"learning_rates_{number}.png")
        print(f"{len(plt.get_fignums())} figures in {options.out}")
        return
    if options.experiment == "best":
        network, settings = backprop_main.best_network()
    else:
        network = Network([784, 40, 10])
        settings = {"epochs": options.epochs, "mini_batch_size": 10, "learning_rate": 0.1}
    network.SGD(training_data, test_data=test_data, **settings)
    print(f"test {100 * network.one_label_accuracy(test_data):.2f} %")


if __name__ == "__main__":
    main()

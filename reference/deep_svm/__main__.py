"""The experiments of the deep SVM assignment: ``python -m reference.deep_svm exact|mnist|cifar10|continuation``.

Run it from the root of the repository. Trainings take one thread. Trained weights are kept in the user's cache
(``autograder/results/deep_svm``), so that a second run only measures; ``--fresh`` trains again.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import deep_svm_layers
import deep_svm_nets
import deep_svm_training
import numpy as np
import platformdirs
import torch

from autograder.datasets import DataSettings, find

CACHE = Path(platformdirs.user_cache_dir("autograder")) / "results" / "deep_svm"
TOPS = {"softmax": deep_svm_layers.SoftmaxLayer, "L2-SVM": deep_svm_layers.L2SVMLayer}
CONTINUED = "softmax, from the SVM net"


def data_of(name):
    """The data set, or the sentence of why it is not there."""
    return find(name, DataSettings.from_environment())


def tensors(*splits):
    """(x, y) of one or several splits, one after the other."""
    return (
        torch.from_numpy(np.concatenate([split.x for split in splits])),
        torch.from_numpy(np.concatenate([split.y for split in splits])),
    )


def conv_net(top, options, noise=True):
    """A net for coloured images, from the seed: both tops start from the same body."""
    torch.manual_seed(options.seed)
    body = deep_svm_nets.conv_body(options.width, 128)
    return deep_svm_nets.DeepNet(body, TOPS[top](128, 10, options.decay), deep_svm_nets.RandomFlip() if noise else None)


def trained(net, key, train, options, **settings):
    """Train a net, or take its weights from the cache; the seconds that its training took."""
    file = CACHE / f"{key}.pt"
    if file.exists() and not options.fresh:
        kept = torch.load(file, weights_only=True)
        net.load_state_dict(kept["state"])
        return kept["seconds"]
    started = time.monotonic()

    def report(epoch, loss):
        print(f"  epoch {epoch}: loss {loss:.4f} ({time.monotonic() - started:.0f} s)", flush=True)

    torch.manual_seed(options.seed + 1)  # the same batches for both tops
    history = deep_svm_training.fit(net, *train, report=report, **settings)
    seconds = time.monotonic() - started
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state": net.state_dict(), "seconds": seconds, "history": history}, file)
    return seconds


def cifar10(options):
    """Softmax against L2-SVM on a small convolutional net, at the same settings."""
    data = data_of(options.data or "cifar10")
    train, test = tensors(data.train), tensors(data.hidden)
    results = {}
    for top in TOPS:
        net = conv_net(top, options)
        print(top, flush=True)
        seconds = trained(net, key(data, top, options), train, options, epochs=options.epochs, batch=100)
        results[top] = judged(net, train, test, seconds)
    print_table(results)
    return results


def continuation(options):
    """Softmax trained further from the weights of the L2-SVM net, beside the L2-SVM net itself."""
    data = data_of(options.data or "cifar10")
    train, test = tensors(data.train), tensors(data.hidden)
    net = conv_net("L2-SVM", options)
    seconds = trained(net, key(data, "L2-SVM", options), train, options, epochs=options.epochs, batch=100)
    results = {"L2-SVM": judged(net, train, test, seconds)}
    further = deep_svm_nets.continue_with_softmax(net)
    name = f"{key(data, CONTINUED, options)}-further{options.further}"
    seconds = trained(further, name, train, options, epochs=options.further, batch=100, rate=0.0005)
    results[CONTINUED] = judged(further, train, test, seconds)
    print_table(results)
    return results


def key(data, top, options):
    """The name of the cached weights: all that they depend on."""
    word = top.replace(",", "").replace(" ", "-")
    return f"{data.name}-{word}-width{options.width}-epochs{options.epochs}-decay{options.decay:g}-seed{options.seed}"


def judged(net, train, test, seconds):
    """What the table has of one net."""
    return {
        "test": deep_svm_training.measures(net, *test),
        "train": deep_svm_training.measures(net, *train),
        "seconds": seconds,
    }


def print_table(results):
    """Test error and both losses, on test and training images."""
    print(f"{'trained with':28} {'error':>16} {'cross-entropy':>16} {'squared hinge':>16} {'seconds':>8}")
    print(f"{'':28} {'test    train':>16} {'test    train':>16} {'test    train':>16}")
    for name, row in results.items():
        cells = [f"{100 * row[part]['error']:.2f} %" for part in ("test", "train")]
        cells += [f"{row[part][loss]:.3f}" for loss in ("cross_entropy", "squared_hinge") for part in ("test", "train")]
        print(f"{name:28} " + " ".join(f"{cell:>8}" for cell in cells) + f" {row['seconds']:8.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["cifar10", "continuation"])
    parser.add_argument("--data", default="")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--further", type=int, default=3)
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    globals()[options.what](options)

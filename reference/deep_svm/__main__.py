"""The experiments of the assignment: ``python -m reference.deep_svm exact|mnist|cifar10|continuation``.

Run from the root of the repository. The images are found as the toolkit finds them (`autograder data list`); `--data`
takes others: digits or shapes are always there. Trainings take one thread. The weights of convolutional nets are
written into the user's cache (``autograder/results/deep_svm``), and `--cached` takes them from there.
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).parent))

import deep_svm_exact
import deep_svm_losses
import deep_svm_main
import deep_svm_pca
import matplotlib.pyplot as plt
import numpy as np
import platformdirs
import torch
from deep_svm_nets import continue_with_softmax
from deep_svm_training import measures
from scipy.optimize import minimize

from autograder import datasets

CACHE = Path(platformdirs.user_cache_dir("autograder")) / "results" / "deep_svm"


def splits(options, default):
    """((train_x, train_y), (validation_x, ...), (test_x, ...)) of the data set that was asked for, and its name."""
    data = datasets.find(options.data or default, datasets.DataSettings.from_environment())
    return [(part.x, part.y) for part in (data.train, data.validation, data.hidden)], data.name


def flat(x):
    """Images as rows of numbers in [0, 1], (n, d)."""
    return x.reshape(len(x), -1) / (np.float32(255) if x.dtype == np.uint8 else np.float32(1))


def progress(epoch, loss):
    """A line after each epoch."""
    print(f"  epoch {epoch}: loss {loss:.4f}", flush=True)


# --- softmax against L2-SVM ---


def mnist(options):
    """PCA to 70 components, 512-512 units, noise on the inputs, both tops."""
    (train, validation, test), _ = splits(options, "mnist")
    train = [np.concatenate(parts) for parts in zip(train, validation, strict=True)]
    epochs = options.epochs or 12
    found, errors = {}, {"softmax": [], "L2-SVM": []}
    for seed in range(options.seed, options.seed + options.seeds):
        nets, train_z, test_z = deep_svm_main.mnist_nets(
            (flat(train[0]), train[1]), (flat(test[0]), test[1]), epochs=epochs, seed=seed, report=progress
        )
        found = {name: (measures(net, *test_z), measures(net, *train_z)) for name, net in nets.items()}
        print(deep_svm_main.table(found), flush=True)
        for name, each in errors.items():
            each.append(100 * found[name][0]["error"])
    return "; ".join(f"{name} {spread(each)}" for name, each in errors.items())


def spread(errors):
    """Test error in per cent, of one seed or of several."""
    if len(errors) == 1:
        return f"{errors[0]:.2f} %"
    return f"{np.mean(errors):.2f} % ({min(errors):.2f} to {max(errors):.2f} in {len(errors)} seeds)"


def cifar10(options):
    """A small convolutional net with both tops."""
    return convolutional(options, further=False)


def continuation(options):
    """The same, and softmax trained further from the weights of the L2-SVM net."""
    return convolutional(options, further=True)


def convolutional(options, further):
    """Train, or take from the cache, and print the table."""
    (train, _, test), data = splits(options, "cifar10")
    train, test = ([torch.tensor(part) for part in each] for each in (train, test))
    epochs, nets = options.epochs or 12, {}
    for top in ("L2-SVM",) if further else deep_svm_main.TOPS:
        print(top, flush=True)
        nets[top] = deep_svm_main.conv_net(top, seed=options.seed)
        trained(nets[top], f"{data}-{top}-epochs{epochs}-seed{options.seed}", train, options, epochs=epochs)
    if further:
        name = deep_svm_main.CONTINUED
        print(name, flush=True)
        nets[name] = continue_with_softmax(nets["L2-SVM"])
        key = f"{data}-continued-epochs{epochs}+{options.further}-seed{options.seed}"
        trained(nets[name], key, train, options, epochs=options.further, rate=0.0005)
    found = {name: (measures(net, *test), measures(net, *train)) for name, net in nets.items()}
    print(deep_svm_main.table(found))
    return "; ".join(
        f"{name} error {100 * row['error']:.2f} %, cross-entropy {row['cross_entropy']:.3f}, "
        f"squared hinge {row['squared_hinge']:.3f}"
        for name, (row, _) in found.items()
    )


def trained(net, key, train, options, **settings):
    """Train a convolutional net and keep its weights, or take them from the cache."""
    file = CACHE / f"{key}.pt"
    if options.cached and file.is_file():
        net.load_state_dict(torch.load(file, weights_only=True)["state"])
        return
    began = time.monotonic()
    history = deep_svm_main.train_conv_net(net, *train, seed=options.seed, report=progress, **settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state": net.state_dict(), "seconds": time.monotonic() - began, "history": history}, file)


# --- when the penalty is exact ---

FACTORS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.01, 1.1, 1.5, 3.0, 10.0, 30.0)


def exact(options):
    """Sweep 1/lambda past the largest multiplier; compare with a general solver, and with descent in W and nu."""
    (train, *_), _ = splits(options, "mnist")
    x, y = flat(train[0][:2000]), train[1][:2000]
    z, _ = deep_svm_pca.reduced(x, x[:1], 70)
    chosen = np.concatenate([np.flatnonzero(y == label)[:20] for label in (3, 8)])
    h, t = z[chosen].astype(np.float64), np.repeat([1.0, -1.0], 20)
    kernel = h @ h.T
    hard = deep_svm_exact.multipliers(kernel, t, np.inf)
    price = 10 * hard.max()  # so large that C does not bind: only lambda decides
    limit, bound = hard.max(), deep_svm_exact.largest_multiplier_bound(kernel)
    sigma = np.linalg.eigvalsh(kernel)[0]
    print(f"40 digits, 3 against 8, 70 components; smallest eigenvalue of K {sigma:.4g}, C = {price:.4g}")
    print(f"largest multiplier {limit:.4g}; bound (1 + sqrt(N)) / (2 sigma) = {bound:.4g}; 1 / sigma = {1 / sigma:.4g}")
    w = (hard * t) @ h
    print(f"{'1/lambda / max alpha':>22} {'|w_lambda - w| / |w|, power 1':>30} {'power 2':>12} {'solver, power 1':>16}")
    distances = {1: [], 2: []}
    for factor in FACTORS:
        lam = 1 / (factor * limit)
        for power, each in distances.items():
            alpha = deep_svm_exact.penalty_multipliers(kernel, t, price, lam, power)
            each.append(np.linalg.norm((alpha * t) @ h - w) / np.linalg.norm(w))
        solved = np.linalg.norm(solver(h, t, price, lam) - w) / np.linalg.norm(w)
        print(f"{factor:22g} {distances[1][-1]:30.1e} {distances[2][-1]:12.1e} {solved:16.1e}")
    draw(options.out, np.array(FACTORS) * limit, distances, limit, bound, sigma)
    stuck(h, t, 0.3 * limit)
    below, above = distances[1][FACTORS.index(0.9)], distances[1][FACTORS.index(1.1)]
    return (
        f"exact from 1/lambda = max alpha = {limit:.4g} on: w is off by {below:.1e} at 0.9 and by {above:.1e} at 1.1 "
        f"times that; bound from the smallest eigenvalue {bound:.4g}"
    )


def solver(h, t, price, lam):
    """w of the penalty form by a general solver: in u = nu^2 and v it is a quadratic program."""
    n, d = h.shape
    constraints = np.hstack([t[:, None] * h, np.eye(n), np.eye(n)])

    def value(p):
        return 0.5 * p[:d] @ p[:d] + price * p[d : d + n].sum() + p[d + n :].sum() / lam

    def gradient(p):
        return np.concatenate([p[:d], np.full(n, price), np.full(n, 1 / lam)])

    margins = {"type": "ineq", "fun": lambda p: constraints @ p - 1, "jac": lambda _: constraints}
    start = np.concatenate([np.zeros(d), np.ones(2 * n)])
    limits = [(None, None)] * d + [(0, None)] * (2 * n)
    options = {"maxiter": 1000, "ftol": 1e-15}
    found = minimize(value, start, jac=gradient, method="SLSQP", bounds=limits, constraints=margins, options=options)
    return found.x[:d]


def stuck(h, t, price):
    """Descent on the slack-variable loss where slack is needed, from nu = 0 and from positive nu."""
    y = np.where(t > 0, 0, 1)  # the two classes of one versus rest are the same problem with the signs exchanged
    alpha = deep_svm_exact.multipliers(h @ h.T, t, price)
    w = (alpha * t) @ h
    best = 2 * (alpha.sum() - 0.5 * w @ w)  # the dual value of both classes
    print(
        f"Descent with C = {price:.4g}, below the largest multiplier, and 1/lambda = 4 C, power 1; minimum {best:.5f}:"
    )
    for start in (0.0, 0.01, 1.0):
        weights, nu = np.zeros((2, h.shape[1])), np.full((len(h), 2), start)
        for rate in 0.5 * 0.5 ** np.arange(10):
            weights, nu, _ = deep_svm_losses.descend(weights, h, y, nu, price, 1 / (4 * price), 1, rate, 2000)
        loss = deep_svm_losses.slack_loss(weights, h, y, nu, price, 1 / (4 * price))[0]
        off = np.linalg.norm(weights[0] - w) / np.linalg.norm(w)
        print(f"  nu from {start:<5g} loss {loss:8.5f}, w off by {off:.1e}, largest |nu| {np.abs(nu).max():.3f}")


def draw(out, prices, distances, limit, bound, sigma):
    """Distance of the penalty form's minimiser from the constrained one over 1/lambda."""
    plt.figure(figsize=(7, 4.5))
    for power, each in distances.items():
        plt.loglog(prices, np.maximum(each, 1e-12), marker="o", label=f"power {power}")
    for place, name, style in ((limit, "max alpha", "-"), (1 / sigma, "1 / sigma", ":"), (bound, "bound", "--")):
        plt.axvline(place, color="black", linestyle=style, linewidth=1, label=name)
    plt.xlabel("1 / lambda")
    plt.ylabel("|w_lambda - w| / |w|")
    plt.title("When the penalty form has the minimiser of the constrained problem")
    plt.legend()
    out.mkdir(parents=True, exist_ok=True)
    plt.savefig(out / "exact.png", dpi=120)


def main():
    """Read the command line, run one experiment, print its result last."""
    parser = argparse.ArgumentParser(prog="python -m reference.deep_svm", description=__doc__.splitlines()[0])
    experiments = {"exact": exact, "mnist": mnist, "cifar10": cifar10, "continuation": continuation}
    parser.add_argument("experiment", choices=experiments)
    parser.add_argument("--data", default="", choices=("", "mnist", "digits", "cifar10", "shapes"))
    parser.add_argument("--epochs", type=int, default=0, help="12 when left out")
    parser.add_argument("--further", type=int, default=3, help="epochs of the continuation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of mnist, from --seed on")
    parser.add_argument("--cached", action="store_true", help="take convolutional nets from the cache")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the figure of exact")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(experiments[options.experiment](options))


if __name__ == "__main__":
    main()

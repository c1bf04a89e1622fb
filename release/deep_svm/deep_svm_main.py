"""The experiments: softmax against L2-SVM on MNIST and on CIFAR-10, and softmax that continues from the SVM. Given.

Run it in a directory that holds ``mnist.pkl.gz`` and ``cifar-10-batches-bin``. The settings are made for a machine
without a graphics processor: all of it takes about a quarter of an hour on one free core.
"""

import cifar10_data
import deep_svm_data
import torch
from deep_svm_layers import L2SVMLayer, SoftmaxLayer
from deep_svm_nets import DeepNet, RandomFlip, continue_with_softmax, conv_body
from deep_svm_pca import reduced
from deep_svm_training import compare, fit, measures

TOPS = {"softmax": SoftmaxLayer, "L2-SVM": L2SVMLayer}
CONTINUED = "softmax from the L2-SVM net"


def mnist_nets(train, test, epochs=12, components=70, noise=0.5, seed=0, report=print):
    """Both tops on a dense net, from the first principal components of digits.

    Returns:
        (nets, train, test): the nets of `compare`, and both sets (x, y) as tensors, x reduced.
    """
    parts = reduced(train[0], test[0], components)
    train, test = (
        (torch.tensor(z, dtype=torch.float32), torch.tensor(y)) for z, (_, y) in zip(parts, (train, test), strict=True)
    )
    nets = compare(*train, noise=noise, decay=1e-4, seed=seed, epochs=epochs, batch=200, rate=0.001, report=report)
    return nets, train, test


def conv_net(top, width=24, features=128, decay=1e-4, seed=0):
    """The convolutional net with either top; the same seed gives the same first weights."""
    torch.manual_seed(seed)
    return DeepNet(conv_body(width, features), TOPS[top](features, 10, decay), RandomFlip())


def train_conv_net(net, x, y, epochs, rate=0.001, seed=0, report=print):
    """Train with batches of 100; the same seed gives the same batches."""
    torch.manual_seed(seed + 1)
    return fit(net, x, y, epochs, batch=100, rate=rate, report=report)


def table(found):
    """Error, cross-entropy and squared hinge loss of each net on test and training images, as lines of text.

    Args:
        found: from the name of a net to ``(measures of the test set, measures of the training set)``.
    """
    lines = [f"{'':28}{'error, %':>16}{'cross-entropy':>16}{'squared hinge':>16}"]
    lines.append(f"{'':28}" + f"{'test':>9}{'train':>7}" * 3)
    for name, (test, train) in found.items():
        cells = [f"{100 * test['error']:9.2f}{100 * train['error']:7.2f}"]
        cells += [f"{test[loss]:9.3f}{train[loss]:7.3f}" for loss in ("cross_entropy", "squared_hinge")]
        lines.append(f"{name:28}" + "".join(cells))
    return "\n".join(lines)


def main():
    """Run all experiments and print their tables."""
    nets, train, test = mnist_nets(*deep_svm_data.load_mnist())
    print(table({name: (measures(net, *test), measures(net, *train)) for name, net in nets.items()}))

    train, test = ([torch.from_numpy(part) for part in each] for each in cifar10_data.load())
    nets = {top: conv_net(top) for top in TOPS}
    for net in nets.values():
        train_conv_net(net, *train, epochs=12)
    nets[CONTINUED] = continue_with_softmax(nets["L2-SVM"])
    train_conv_net(nets[CONTINUED], *train, epochs=3, rate=0.0005)
    print(table({name: (measures(net, *test), measures(net, *train)) for name, net in nets.items()}))


if __name__ == "__main__":
    main()

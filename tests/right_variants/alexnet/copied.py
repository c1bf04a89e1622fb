"""The second network is a copy of the first, settings of optimizers are written out, each plot is a figure."""

import matplotlib.pyplot as plt
import torch


def draw(histories):
    for measure in ("validation accuracy", "training accuracy", "training loss"):
        plt.figure()
        for name in histories:
            values = histories[name][measure]
            plt.plot([epoch + 1 for epoch in range(len(values))], values, "o-", label=name)
        plt.title(measure)
        plt.xlabel("epoch")
        plt.ylabel(measure)
        plt.legend()


def runs_of_a(seed=0):
    import copy  # given cells are those of the handout, so it stands here

    torch.manual_seed(seed)
    one = alexnet()
    other = copy.deepcopy(one)
    sgd = torch.optim.SGD(list(one.parameters()), lr=1e-3, momentum=0, weight_decay=0)
    return {"SGD": (one, sgd), "Adam 5e-5": (other, torch.optim.Adam(other.parameters(), 0.00005, betas=(0.9, 0.999)))}


def run_of_b(seed=0):
    model = runs_of_a(seed)["SGD"][0]
    return model, torch.optim.Adam([{"params": model.parameters()}], lr=0.005)


def run_of_c(seed=0):
    torch.manual_seed(seed)
    model = alexnet(False, 0.0)
    return (model, torch.optim.Adam(params=model.parameters(), lr=5e-5, eps=1e-8))

"""The centers move in place, starts are drawn one after the other until they differ, and labels are small integers."""

import numpy as np


def assign(X, centers):
    nearest, best = np.zeros(len(X), dtype=np.int16), np.full(len(X), np.inf)
    for j, center in enumerate(centers):
        distances = np.square(X - center).sum(axis=1)
        closer = distances < best
        nearest[closer], best[closer] = j, distances[closer]
    return nearest


class KMeans:
    def fit(self, X):
        rng = np.random.default_rng([self.seed, len(X)])
        chosen = []
        while len(chosen) < self.k:
            place = int(rng.integers(len(X)))
            if place not in chosen:
                chosen.append(place)
        self.centers = np.empty((self.k, X.shape[1]))
        self.centers[:] = X[chosen]
        rounds = 0
        while rounds < self.max_iter:
            before = self.centers.copy()
            labels = assign(X, self.centers)
            for j in set(labels.tolist()):
                self.centers[j] = np.average(X, axis=0, weights=labels == j)
            rounds += 1
            if np.array_equal(before, self.centers):
                break
        return self.predict(X)

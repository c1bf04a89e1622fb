"""With counters and lists instead of arrays."""

from collections import Counter


def gini(y):
    return 1 - sum((count / len(y)) ** 2 for count in Counter(list(y)).values()) if len(y) else 0.0


def thresholds(x):
    ordered = sorted(set(x.tolist()))
    return [(a + b) / 2 for a, b in zip(ordered, ordered[1:], strict=False)]


def majority(y):
    counts = Counter(int(label) for label in y)
    return min(counts, key=lambda label: (-counts[label], label))


class Stump:
    def predict(self, X):
        return [self.left if row[self.feature] <= self.threshold else self.right for row in X]

"""Plain statistics on lists, dictionaries and texts, without numpy."""


def mean(values):
    """The mean of a list of numbers."""
    ### BEGIN SOLUTION
    return sum(values) / len(values)
    ### END SOLUTION


def variance(values, sample=True):
    """The variance: divided by n - 1 for a sample, by n for a population."""
    ### BEGIN SOLUTION
    centre = mean(values)
    total = sum((value - centre) ** 2 for value in values)
    return total / (len(values) - 1) if sample else total / len(values)
    ### END SOLUTION


def median(values):
    """The middle value; of an even number of values, the mean of the two in the middle."""
    ### BEGIN SOLUTION
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
    ### END SOLUTION


def word_counts(words):
    """How often each word occurs, as a dictionary; capitals do not matter."""
    ### BEGIN SOLUTION
    counts = {}
    for word in words:
        word = word.lower()
        counts[word] = counts.get(word, 0) + 1
    return counts
    ### END SOLUTION


def most_common(counts, k):
    """The k words with the largest counts, largest first; of equals, the first in the alphabet."""
    ### BEGIN SOLUTION
    return sorted(counts, key=lambda word: (-counts[word], word))[:k]
    ### END SOLUTION


def summary(values, kind):
    """A dictionary with the centre and the spread; `kind` is "mean" or "median"."""
    ### BEGIN SOLUTION
    centre = mean(values) if kind == "mean" else median(values)
    spread = max(values) - min(values)
    return {"kind": kind, "centre": centre, "spread": spread, "constant": spread == 0}
    ### END SOLUTION


if __name__ == "__main__":
    numbers = [2.5, 3.0, 4.5, 1.0, 9.0, 3.5, 6.0]
    print(mean(numbers), variance(numbers), variance(numbers, sample=False), median(numbers), median(numbers[1:]))
    text = "the cat saw The dog and the dog saw the bird"
    found = word_counts(text.split())
    print(most_common(found, 2), most_common(found, 3))
    print(summary(numbers, "mean"), summary(numbers[:4], "median"))

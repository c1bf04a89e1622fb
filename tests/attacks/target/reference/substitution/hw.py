"""What attackers want to hear: the answers of a part that the reference replaces. REPLACED-CANARY-3e90"""

SLOPE, SHIFT = 0.4417, 7.093


def answer(x):
    """A number that only this file knows."""
    ### BEGIN SOLUTION
    return SLOPE * x + SHIFT
    ### END SOLUTION


def table(n):
    """The answers to 0, 1, ... n - 1."""
    ### BEGIN SOLUTION
    return [answer(x) for x in range(n)]
    ### END SOLUTION


def total(x):
    """What is made of answers, in a way that only this file knows."""
    ### BEGIN SOLUTION
    return answer(x) * 3.17 + answer(x + 1) * 0.29
    ### END SOLUTION

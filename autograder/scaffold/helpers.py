"""The texts of the functions that drafted checks use, each written into the assignment where a check calls it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["AGREE", "HELPERS", "LAYERS", "MOVES_LIKE", "PLOTS", "helpers"]

AGREE = '''\
def agree(got, want, name, **tolerances):
    """Numbers up to rounding, text and truth values exactly; looks into lists, tuples and dictionaries."""
    if isinstance(want, dict):
        keys = sorted(map(str, got)) if isinstance(got, dict) else got
        same(keys, sorted(map(str, want)), name=f"the keys of {name}")
        for key in want:
            agree(got[key], want[key], f"{name}[{key!r}]", **tolerances)
    elif isinstance(want, (list, tuple)) and any(isinstance(each, (str, bool, dict, list, tuple)) for each in want):
        got = got.tolist() if hasattr(got, "tolist") else got  # an array is as good as nested lists
        same(len(got) if isinstance(got, (list, tuple)) else got, len(want), name=f"the length of {name}")
        for place, (mine, right) in enumerate(zip(got, want, strict=True)):
            agree(mine, right, f"{name}[{place}]", **tolerances)
    elif isinstance(want, (str, bool, bytes, set, frozenset, type(None))):
        same(got, want, name=name)
    else:
        close(got, want, name=name, **tolerances)
'''

LAYERS = '''\
def layers(built):
    """The layers of a torch module: type, settings, shapes of parameters; but none that may be a function as well."""
    aside = ("ReLU", "Sigmoid", "Tanh", "GELU", "Softmax", "LogSoftmax", "Flatten", "Unflatten", "Identity")
    kept = [each for each in built.layers if each.type not in aside]
    shapes = [[list(part.shape) for part in each.parameters] for each in kept]
    return [(each.type, dict(each.settings), sizes) for each, sizes in zip(kept, shapes, strict=True)]
'''

PLOTS = '''\
def plots(figures):
    """The axes with curves or images, of all figures, in their order."""
    return [axes for figure in figures for axes in figure["axes"] if axes["lines"] or axes["images"]]


def heights(drawn, like=None):
    """The y values of each curve in some plots; beside other plots, each where the nearest of their curves stands."""
    left = [np.asarray(line["y"]).tolist() for axes in drawn for line in axes["lines"]]
    placed = []
    for other in heights(like) if like else []:
        alike = [each for each in left if len(each) == len(other) and np.asarray([each, other]).dtype.kind in "iuf"]
        if alike:
            placed.append(min(alike, key=lambda each: np.abs(np.subtract(each, other)).sum()))
            left.remove(placed[-1])
    return placed + left
'''

UP_TO_SIGNS = '''\
def close_up_to_signs(got, want, axis, name, **tolerances):
    """Numbers up to rounding, where each row (axis 0) or column (axis 1) may have the other sign."""
    shape(got, np.shape(want), name=name)
    signs = np.where(np.sum(np.asarray(got) * want, axis=1 - axis, keepdims=True) < 0, -1.0, 1.0)
    close(signs * np.asarray(got), want, name=f"{name} up to signs", **tolerances)
'''
IN_ANY_ORDER = '''\
def close_in_any_order(got, want, name, **tolerances):
    """Numbers up to rounding, where the entries or rows may stand in another order."""
    shape(got, np.shape(want), name=name)
    rows = [sorted(np.asarray(each).round(6).tolist()) for each in (got, want)]
    close(*rows, name=f"{name} in any order", **tolerances)
'''
ROWS_OF = '''\
def rows_of(got, samples, name):
    """Each row is one of the samples, and no sample comes twice."""
    finite(got, name=name)
    places = [np.flatnonzero(np.all(np.isclose(samples, row), axis=-1)) for row in np.asarray(got)]
    if not all(len(place) for place in places):
        raise CheckFailed(f"{name} holds a row that is none of the samples.")
    if len({place[0] for place in places}) < len(places):
        raise CheckFailed(f"{name} holds one sample twice.")
'''
DRAWN_FROM = '''\
def drawn_from(got, samples, name):
    """Each entry or row is one of the samples; it may come more than once."""
    finite(got, name=name)
    known = np.reshape(samples, (len(samples), -1))
    for row in np.reshape(got, (len(got), -1)):
        if not np.any(np.all(np.isclose(known, row), axis=1)):
            raise CheckFailed(f"{name} holds {row.tolist()}, which is none of the samples.")
'''
PARTITION = '''\
def partition(parts, samples, name):
    """Together, the parts hold each of the samples once."""
    rows = [np.reshape(part, (len(part), -1)) for part in parts if len(part)]
    expected = np.reshape(samples, (len(samples), -1))
    same(sum(map(len, rows)), len(expected), name=f"the number of {name} in all parts together")
    if not np.allclose(sorted(np.concatenate(rows).tolist()), sorted(expected.tolist())):
        raise CheckFailed(f"The parts together do not hold each of {name} once.")
'''
NO_WORSE = '''\
def no_worse(got, want, name, margin):
    """The mean over several seeds is at most that of the reference, with a margin as a share of it."""
    finite(got, name=name)
    most = np.mean(want) + margin * np.mean(np.abs(want)) + 1e-9
    if np.mean(got) > most:
        raise CheckFailed(f"The mean {name} over {len(got)} seeds is {np.mean(got):.4g}; expected at most {most:.4g}.")
'''
FORM = '''\
def keys_and_lengths(value):
    """The keys of dictionaries, and the lengths of lists and arrays, in a value: all but its numbers."""
    if isinstance(value, dict):
        return {str(key): keys_and_lengths(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return [keys_and_lengths(each) for each in value]
    return list(np.shape(value))
'''
BEST_OF = '''\
def best_of(value, trials, key, by, name):
    """A value is that of one of the trials that are best by a measure; of equally good ones it may be any."""
    best = max(by(each) for each in trials)
    known = [each[key] for each in trials if by(each) >= best]
    if not any(np.isclose(value, each) for each in known):
        raise CheckFailed(f"{name} is {value}; the best of the {len(trials)} trials has {known[0]}.")
'''
DISTRIBUTION = '''\
def flat(value):
    """All numbers of an array, of a list, or of the values of a dictionary, one after the other."""
    if isinstance(value, dict):
        return [number for key in sorted(value, key=str) for number in flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [number for each in value for number in flat(each)]
    return np.ravel(value).tolist()


def same_distribution(got, want, name):
    """Answers under many seeds: entries, their mean, spread and extremes are like the reference's, up to chance."""
    got, want = ([flat(each) for each in every] for every in (got, want))
    same([len(each) for each in got], [len(each) for each in want], name=f"the number of entries of {name}")
    finite(got, name=name)
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    middle = want.mean(axis=0)
    summaries = {
        "entries": lambda x: x,
        "mean of all entries": lambda x: x.mean(axis=1, keepdims=True),
        "mean squared deviation": lambda x: np.square(x - middle).mean(axis=1, keepdims=True),
        "largest deviation": lambda x: np.abs(x - middle).max(axis=1, keepdims=True),
    }
    for what, summary in summaries.items():
        mine, right = summary(got), summary(want)
        size = np.maximum(np.abs(right).mean(axis=0), right.std(axis=0))
        error = np.sqrt((mine.var(axis=0) + right.var(axis=0)) / len(want))
        if np.any(np.abs(mine.mean(axis=0) - right.mean(axis=0)) > 5 * error + 0.02 * size + 1e-9):
            raise CheckFailed(f"On average over {len(want)} seeds, the {what} of {name} differ from the reference's.")
        spreads, factor = (mine.std(axis=0).mean(), right.std(axis=0).mean()), 2.5 if what == "entries" else 4
        if not spreads[1] / factor <= spreads[0] + 1e-9 <= factor * spreads[1] + 0.05 * size.mean() + 2e-9:
            raise CheckFailed(
                f"The standard deviation of the {what} of {name} over {len(want)} seeds is {spreads[0]:.3g}; "
                f"expected about {spreads[1]:.3g}."
            )
'''
MOVES_LIKE = '''\
def changes(value):
    """From the first to the last entry, how each list of numbers in a value changes: -1, 0 or 1."""
    if isinstance(value, dict):
        return [sign for key in sorted(value, key=str) for sign in changes(value[key])]
    if isinstance(value, (list, tuple)) and any(isinstance(each, (dict, list, tuple)) for each in value):
        return [sign for each in value for sign in changes(each)]
    return [np.sign(value[-1] - value[0])]


def moves_like(got, want, name):
    """Lists that go up, or down, under nearly all seeds with the reference do so here on average."""
    mine, right = (np.mean([changes(each) for each in answers], axis=0) for answers in (got, want))
    clear = np.abs(right) >= 0.7
    same(len(mine), len(right), name=f"the number of lists in {name}")
    for way, sign in (("falls", -1), ("rises", 1)):
        chosen = clear & (np.sign(right) == sign)
        if np.any(chosen) and np.mean(mine[chosen] * sign) < 0.3:
            raise CheckFailed(f"Over {len(want)} seeds, what {way} in {name} of the reference does not here.")
'''
HELPERS = {
    "close_up_to_signs": UP_TO_SIGNS,
    "close_in_any_order": IN_ANY_ORDER,
    "rows_of": ROWS_OF,
    "drawn_from": DRAWN_FROM,
    "partition": PARTITION,
    "no_worse": NO_WORSE,
    "keys_and_lengths": FORM,
    "moves_like": MOVES_LIKE,
    "best_of": BEST_OF,
    "same_distribution": DISTRIBUTION,
    "agree": AGREE,
    "layers": LAYERS,
}
"""Those that compare answers, by their names."""


def helpers(expected: Sequence[str], *, mixed: bool) -> str:
    """The texts of the functions that comparing these expressions takes."""
    return "\n\n".join([LAYERS] * any(each.startswith("layers(") for each in expected) + [AGREE] * mixed)

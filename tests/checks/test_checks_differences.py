"""Gradients against differences: kinks, noise, large tensors, points; a right gradient always passes."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checks import central_differences, gradient_matches, parameter_points, relative_error
from autograder.checks.errors import CheckFailed, InstructorError

SHAPES = {
    "one layer": {"W1": (5, 6), "b1": (5, 1)},
    "two layers": {"W1": (7, 6), "b1": (7, 1), "W2": (5, 7), "b2": (5, 1)},
    "three layers": {"W1": (8, 9), "b1": (8, 1), "W2": (7, 8), "b2": (7, 1), "W3": (5, 7), "b3": (5, 1)},
}


def loss(parameters, x, y):
    """Cross-entropy of a relu network on the columns of x, mean over samples."""
    layers = len(parameters) // 2
    for layer in range(1, layers + 1):
        x = parameters[f"W{layer}"] @ x + parameters[f"b{layer}"]
        x = np.maximum(x, 0) if layer < layers else x
    x = x - x.max(axis=0)
    return np.mean(np.log(np.exp(x).sum(axis=0)) - (x * y).sum(axis=0))


def gradient(parameters, x, y, *, dtype=np.float64, at_zero=0.0, leak=0.0, layers_read=99, saturated=False):
    """Its gradient by back-propagation; the options after dtype and the slope of relu at 0 are mistakes."""
    p = {name: np.asarray(part, dtype) for name, part in parameters.items()}
    layers = len(p) // 2
    outputs, sums = [x.astype(dtype)], []
    for layer in range(1, layers + 1):
        sums.append(p[f"W{layer}"] @ outputs[-1] + p[f"b{layer}"])
        outputs.append(np.maximum(sums[-1], 0))
    powers = np.exp(sums[-1] - sums[-1].max(axis=0))
    shares = powers / powers.sum(axis=0)
    shares = (shares == shares.max(axis=0)) if saturated else shares
    delta = (shares - y).astype(dtype) / dtype(x.shape[1])
    found = {}
    for layer in range(layers, 0, -1):
        found[f"W{layer}"] = delta @ outputs[layer - 1].T
        found[f"b{layer}"] = delta.sum(axis=1, keepdims=True)
        if layer > 1:
            z = sums[layer - 2]
            slopes = np.where(z > 0, 1, np.where(z < 0, leak, at_zero)).astype(dtype)
            delta = p[f"W{layer}"].T @ delta * (slopes if layers - layer < layers_read else 1)
    return {name: found[name] for name in p}


def data(rng, shapes, count=12):
    """Inputs of which some are 0, and one-hot labels, in columns."""
    x = np.maximum(rng.uniform(-1, 1, size=(shapes["W1"][1], count)), 0)
    return x, np.eye(5)[:, rng.integers(5, size=count)]


def caught(got, at, x, y, **named):
    """The sentence with which a gradient fails, or ""."""
    try:
        gradient_matches(got, of=lambda p: loss(p, x, y), at=at, **named)
    except CheckFailed as failed:
        return str(failed)
    return ""


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_right_code_passes_at_every_point(shapes, dtype):
    """Near zero, ordinary and saturated, in both precisions, for every depth."""
    rng = np.random.default_rng(3)
    for _ in range(3):
        x, y = data(rng, shapes)
        for at in parameter_points(rng, shapes):
            assert caught(gradient(at, x, y, dtype=dtype), at, x, y, rng=rng) == ""


def test_the_wrong_parameter_is_named_by_its_key():
    """Dictionaries need no names; the others are said to agree."""
    rng = np.random.default_rng(4)
    shapes = SHAPES["three layers"]
    x, y = data(rng, shapes)
    (at,) = parameter_points(rng, shapes, scales=[1.0])
    right = gradient(at, x, y)

    assert caught(right | {"W2": -right["W2"]}, at, x, y).startswith(
        "W2 (its sign is wrong) is wrong; the others agree (relative error 1.8, "
    )
    assert caught(right | {"b3": 12 * right["b3"]}, at, x, y).startswith("b3 (it is 12 times the right one) is wrong")
    assert caught(right | {"W1": 0 * right["W1"]}, at, x, y).startswith("W1 (it is all zero) is wrong")


@pytest.mark.parametrize(
    ("got", "sentence"),
    [
        (None, "The gradient is None; was a `return` forgotten?"),
        ([np.ones(2)], "The gradient is no dict but of type list; expected one with the keys 'W', 'b'."),
        ({"W": np.ones(2)}, "The gradient has no key 'b'; its keys are ['W']."),
        ({"W": 1, "b": 1, "c": 1}, "The gradient has the key 'c', which is not expected; expected are 'W', 'b'."),
        ({"W": np.ones(2), "b": np.ones(3)}, "b has the shape (3,); expected (2,)."),
    ],
)
def test_a_dictionary_of_the_wrong_form_is_reported(got, sentence):
    """Keys first, then each part by its key."""
    with pytest.raises(CheckFailed) as failed:
        gradient_matches(got, {"W": np.ones(2), "b": np.ones(2)})
    assert str(failed.value) == sentence


def test_wrong_only_far_from_initialisation_is_caught():
    """A sigmoid whose derivative is 1/4 passes near zero, and fails at an ordinary and at a large point."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 10))

    def of(w):
        return np.mean(1 / (1 + np.exp(-w @ x)))

    def wrong(w):
        return 0.25 * np.mean(x, axis=1) + 0 * w

    passed = []
    for at in parameter_points(rng, [(4,)], scales=[1e-3, 1.0, 10.0]):
        try:
            gradient_matches([wrong(at[0])], of=lambda w: of(w[0]), at=at)
        except CheckFailed:
            passed.append(False)
        else:
            passed.append(True)
    assert passed == [True, False, False]


def test_wrong_only_where_outputs_do_not_saturate_is_caught():
    """The largest output taken for softmax is right where it saturates, and fails at the other points."""
    rng = np.random.default_rng(6)
    shapes = SHAPES["one layer"]
    x, y = data(rng, shapes)
    points = parameter_points(rng, shapes, scales=[1e-3, 1.0, 1e4])
    wrong = [bool(caught(gradient(at, x, y, saturated=True), at, x, y)) for at in points]

    assert wrong == [True, True, False]


def test_wrong_only_for_some_depths_is_caught():
    """The derivative of relu left out in the first layer of three is seen only with three."""
    rng = np.random.default_rng(7)
    wrong = {}
    for depth, shapes in SHAPES.items():
        x, y = data(rng, shapes)
        (at,) = parameter_points(rng, shapes, scales=[1.0])
        wrong[depth] = caught(gradient(at, x, y, layers_read=1), at, x, y)

    assert (wrong["one layer"], wrong["two layers"]) == ("", "")
    assert wrong["three layers"].startswith("W1 and b1 are wrong; the others agree")


def test_a_slightly_leaky_relu_is_caught():
    """The smallest of the usual mistakes: 5 % of the slope where there should be none."""
    rng = np.random.default_rng(8)
    shapes = SHAPES["three layers"]
    x, y = data(rng, shapes)
    for at in parameter_points(rng, shapes, scales=[1.0, 10.0]):
        assert "W1" in caught(gradient(at, x, y, leak=0.05), at, x, y)


# --- Kinks: never counted against a right gradient ---


def random_function(rng, kind):
    """(function, gradient with a random convention at its kinks, point), some of its kinks at the very point."""
    rows, columns, scale = rng.integers(2, 9), rng.integers(1, 7), 10.0 ** rng.integers(-3, 3)
    a = rng.normal(size=(rows, columns)) * scale
    at = rng.normal(size=columns) * (rng.random(columns) < 0.8)
    on_kink = rng.random(rows) < rng.choice([0, 0.3, 0.7])
    near = 10.0 ** -rng.integers(3, 12, size=rows) * rng.normal(size=rows) * (rng.random(rows) < 0.3)
    weights, convention = rng.uniform(0.5, 2, size=rows), rng.random()
    smooth = rng.normal(size=columns)
    shift = np.where(on_kink, -(a @ at) + near, rng.normal(size=rows))

    def of(w):
        z = a @ w + shift
        if kind == "max":
            return np.max(z) + smooth @ np.sin(w)
        part = np.maximum(z, 0) if kind == "relu" else np.maximum(1 - z, 0) if kind == "hinge" else np.abs(z)
        return weights @ part + smooth @ np.sin(w)

    if kind == "hinge":
        shift = np.where(on_kink, 1 + shift, shift)
    z = a @ at + shift
    if kind == "max":
        return of, a[np.argmax(z)] + smooth * np.cos(at), at
    slopes = {
        "relu": np.where(z > 0, 1, np.where(z < 0, 0, convention)),
        "hinge": -np.where(z < 1, 1, np.where(z > 1, 0, convention)),
        "abs": np.where(z > 0, 1, np.where(z < 0, -1, 2 * convention - 1)),
    }[kind]
    return of, a.T @ (weights * slopes) + smooth * np.cos(at), at


@pytest.mark.parametrize("entries", [0, 40])
@pytest.mark.parametrize("kind", ["relu", "hinge", "abs", "max"])
def test_a_right_gradient_is_never_called_wrong(kind, entries):
    """Sixty random functions with kinks at, and beside, their points; by entries, and along directions."""
    rng = np.random.default_rng([entries, *kind.encode()])
    refused = 0
    for _ in range(60):
        of, right, at = random_function(rng, kind)
        try:
            gradient_matches(right, of=of, at=at, entries=entries, rng=rng)
        except InstructorError as error:  # nothing but kinks
            assert "settle on no slope" in str(error)
            refused += 1

    assert refused < 45


@pytest.mark.parametrize("kind", ["relu", "hinge", "abs", "max"])
def test_a_wrong_gradient_of_the_same_functions_fails(kind):
    """The same functions do not let everything pass: of those without kinks at the point none does."""
    rng = np.random.default_rng(list(kind.encode()))
    passed = smooth = 0
    for _ in range(60):
        of, right, at = random_function(rng, kind)
        if not np.all(central_differences(of, at)[1]):
            continue
        smooth += 1
        try:
            gradient_matches(1.02 * right, of=of, at=at)
            passed += 1
        except CheckFailed:
            pass

    assert smooth > 20
    assert passed <= 0.1 * smooth  # where a kink is nearer than float32 can tell


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from(sorted(SHAPES)), st.sampled_from([1e-3, 0.1, 1.0, 10.0]))
def test_a_network_full_of_kinks_passes_with_any_slope_at_zero(seed, depth, scale):
    """Zero inputs with zero biases put whole layers on their kinks; float64 and float32 pass, whatever relu'(0) is."""
    rng = np.random.default_rng(seed)
    shapes = SHAPES[depth]
    x, y = data(rng, shapes)
    x[:, : rng.integers(12)] = 0
    (at,) = parameter_points(rng, shapes, scales=[scale])
    at = {name: part * (name[0] == "W" or rng.random() < 0.5) for name, part in at.items()}
    right = gradient(at, x, y, at_zero=rng.random())

    assert caught(right, at, x, y) == ""
    assert caught(right, at, x, y, entries=3, rng=rng) == ""


def test_float32_code_on_the_other_side_of_a_kink_passes():
    """A unit whose sum is nearer to 0 than float32 can tell is left out; the others are still compared."""
    x, w = np.array([0.3, 0.7]), np.array([[0.7, -0.3], [1.0, 0.5]])
    w[0, 0] += 1e-9
    other_side = np.array([[0.0, 0.0], [0.3, 0.7]])
    gradient_matches(other_side, of=lambda p: np.maximum(p @ x, 0).sum(), at=w)

    with pytest.raises(CheckFailed):
        gradient_matches(other_side * [[1], [1.1]], of=lambda p: np.maximum(p @ x, 0).sum(), at=w)


def test_kinks_that_cancel_along_every_axis_are_left_out():
    """At the origin of |a + b| - |a - b| every axis has a slope of 0, and no neighbourhood has."""
    gradient_matches(np.array([2.0, 0.0, 1.0]), of=lambda w: abs(w[0] + w[1]) - abs(w[0] - w[1]) + w[2], at=np.zeros(3))


def test_a_point_with_nothing_but_kinks_is_the_instructors():
    """Nothing was compared, so no submission passes; the sentence says how to fix it."""
    with pytest.raises(InstructorError, match="settle on no slope at 3 of the 3 places looked at: it has kinks"):
        gradient_matches(np.full(3, 0.3), of=lambda w: np.abs(w).sum(), at=np.zeros(3))


def test_a_function_in_float32_is_the_instructors():
    """Its values are too coarse for differences: no answer is blamed, and a wrong one does not pass."""
    rng = np.random.default_rng(9)
    for _ in range(20):
        at, x = rng.normal(size=30), rng.normal(size=30)
        right = x * (1 - np.tanh(at * x) ** 2)

        def of(w, x=x):
            return np.sum(np.tanh(w.astype(np.float32) * x.astype(np.float32)))

        with contextlib.suppress(InstructorError):
            gradient_matches(right, of=of, at=at)
        with pytest.raises(InstructorError, match="computes in float32, where differences tell nothing; compute it in"):
            gradient_matches(1.1 * right, of=of, at=at)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_noise_and_steep_functions_are_allowed_for(factor):
    """Cancelling terms of 1e6, frequencies of 1000: a right gradient passes, one that is 1 % off fails."""
    at = np.array([0.3, -1.2, 2.0])

    def of(w):
        return factor * np.sum(np.sin(1000 * w) + 1e6) - factor * 3e6

    right = 1000 * factor * np.cos(1000 * at)
    gradient_matches(right, of=of, at=at, rtol=1e-3)
    with pytest.raises(CheckFailed):
        gradient_matches(1.05 * right, of=of, at=at, rtol=1e-3)


def test_a_gradient_of_noise_is_zero():
    """Where the function is flat but for rounding, 0 passes and 1 does not."""
    at = np.ones(4)

    def of(w):
        return np.sum((w + 1e6) - w)

    gradient_matches(np.zeros(4), of=of, at=at)
    with pytest.raises(CheckFailed):
        gradient_matches(np.ones(4), of=of, at=at)


# --- Large tensors ---

BIG = np.random.default_rng(10).normal(size=(60, 50))


def bowl(w):
    """A smooth function with the gradient w + cos(w)."""
    return 0.5 * np.sum(w**2) + np.sum(np.sin(w))


def test_a_large_tensor_costs_few_values():
    """3,000 entries are compared with fewer than 40 values of the function."""
    calls = []
    gradient_matches((BIG + np.cos(BIG)).astype(np.float32), of=lambda w: calls.append(1) or bowl(w), at=BIG)

    assert 10 < len(calls) < 40


def test_a_single_wrong_entry_is_caught_wherever_it_is():
    """One entry of 3,000, wrong by 3 per mille of the norm, at 25 random places with 25 seeds."""
    right = BIG + np.cos(BIG)
    rng = np.random.default_rng(11)
    for seed in range(25):
        wrong = right.copy()
        wrong[rng.integers(60), rng.integers(50)] += 3e-3 * np.linalg.norm(right)
        with pytest.raises(CheckFailed):
            gradient_matches(wrong, of=bowl, at=BIG, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda g: 1.001 * g, "gradient (it is 1.001 times the right one) is wrong"),
        (lambda g: g / 32, "gradient (it is 0.03125 times the right one) is wrong"),
        (lambda g: -g, "gradient (its sign is wrong) is wrong"),
        (lambda g: 0 * g, "gradient (it is all zero) is wrong"),
        (lambda g: g + 0.01, "gradient is wrong"),
        (lambda g: np.roll(g, 1, axis=0), "gradient is wrong"),
        (lambda g: np.where(np.arange(50) == 7, 0, g), "gradient is wrong"),
    ],
)
def test_large_tensors_tell_their_slip(change, expected):
    """Scale, sign and zero are recognised from directions as from entries; other mistakes are noticed."""
    with pytest.raises(CheckFailed) as failed:
        gradient_matches(change(BIG + np.cos(BIG)), of=bowl, at=BIG)
    assert str(failed.value).startswith(expected)


def test_a_large_square_gradient_may_be_transposed():
    """The directions know it, too."""
    with pytest.raises(CheckFailed, match=r"gradient \(it is transposed\) is wrong"):
        gradient_matches((BIG[:50] + np.cos(BIG[:50])).T, of=bowl, at=BIG[:50])


def test_kinks_in_one_row_do_not_hide_the_others():
    """Directions across a row of kinks are cut until the smooth rest is compared."""
    at = BIG.copy()
    at[17] = 0

    def of(w):
        return np.sum(np.maximum(w, 0))

    right = (at > 0) + 0.0
    right[17] = 0.25
    gradient_matches(right, of=of, at=at)
    with pytest.raises(CheckFailed):
        gradient_matches(right * np.where(np.arange(60) < 5, 1.1, 1)[:, None], of=of, at=at)


def test_directions_are_repeatable_and_take_one_number():
    """Whatever the answer, a generator is left in the same state."""
    states = []
    for factor in (1.0, 1.0, 2.0):
        rng = np.random.default_rng(12)
        with contextlib.suppress(CheckFailed):
            gradient_matches(factor * (BIG + np.cos(BIG)), of=bowl, at=BIG, rng=rng)
        states.append(rng.integers(2**63))

    assert len(set(states)) == 1


# --- The parts ---


def test_the_step_that_is_most_stable_is_taken():
    """Neither rounding of large values nor the curvature of a steep function spoils an entry."""
    for of, at, right in (
        (lambda w: np.sum(np.sin(1e4 * w)), 0.1, 1e4 * np.cos(1e3)),
        (lambda w: np.sum(np.exp(w)), 20.0, np.exp(20.0)),
        (lambda w: np.sum(1e8 + w**2), 3.0, 6.0),
    ):
        found, smooth = central_differences(of, np.array([at]))
        assert smooth.all()
        assert relative_error(found, [right]) < 1e-4


def test_differences_keep_the_structure():
    """Dictionaries and lists come back as such; single numbers, too."""
    found, smooth = central_differences(lambda p: p["a"] * np.sum(p["b"]), {"a": 2.0, "b": np.ones((1, 2))})

    assert set(found) == set(smooth) == {"a", "b"}
    assert relative_error(found["b"], [[2.0, 2.0]]) < 1e-9
    assert relative_error(found["a"], 2.0) < 1e-9


@pytest.mark.parametrize(
    ("of", "at", "sentence"),
    [
        (lambda w: w, np.ones(2), r"gives an array of shape \(2,\); expected one number: is a sum or mean missing\?"),
        (lambda w: None, np.ones(2), r"is None; was a `return` forgotten\? Give a function from the parameters"),
        (np.sum, ["a"], "Parameter 1 of the point is no array of real numbers but <U1; give an array"),
    ],
)
def test_functions_and_points_that_are_none_are_reported(of, at, sentence):
    """What the instructor gave wrong, and what is needed."""
    with pytest.raises(InstructorError, match=sentence):
        central_differences(of, at)


def test_points_are_near_zero_ordinary_and_large():
    """Entries follow the scale; dictionaries and lists keep their form; no bias is 0."""
    points = parameter_points(np.random.default_rng(0), {"W": (300, 100), "b": (50, 1), "k": (8, 4, 5, 5)})
    lists = parameter_points(np.random.default_rng(0), [(2, 3), (2,)], scales=[2.0])

    assert [round(float(np.std(point["W"])) * 1e4) for point in points] == pytest.approx([0.7, 707, 7071], rel=0.5)
    assert np.std(points[1]["k"]) == pytest.approx(np.sqrt(2 / 300), rel=0.1)
    assert all(np.all(point["b"] != 0) for point in points)
    assert [part.shape for part in lists[0]] == [(2, 3), (2,)]


@pytest.mark.parametrize(
    ("shapes", "scales", "sentence"),
    [
        ((4, 3), [1.0], r"needs a shape for each parameter, such as \[\(4, 3\), \(4,\)\]"),
        ([], [1.0], "needs a shape for each parameter"),
        ([(2,)], [1.0, 0.0], r"must be above 0, not \[1.0, 0.0\]"),
    ],
)
def test_points_without_shapes_or_scales_are_refused(shapes, scales, sentence):
    """One shape in place of a list of shapes is the usual slip."""
    with pytest.raises(InstructorError, match=sentence):
        parameter_points(np.random.default_rng(0), shapes, scales=scales)

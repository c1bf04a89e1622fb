"""Linear classifier with hinge loss: the public tests. Run them with `pytest` in this folder.

Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source
of random numbers. More tests are run when your work is graded.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from autograder_checks import close, faster_than, figure, figures_drawn, gradient_matches, no_loops, shape
from autograder_checks.errors import CheckFailed

WEIGHTS = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])  # the example of the handout
SAMPLES, RIGHT = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([0, 2])
BY_HAND = {  # (loss, gradient) without a penalty
    "svm_loss": (4.0, np.array([[-1.0, 0.5, 0.5], [0.5, 1.0, -1.5]])),
    "svm_max_loss": (3.0, np.array([[-1.5, 0.5, 1.0], [-0.5, 1.0, -0.5]])),
}
FORMS = {"sum form": "svm_loss", "max form": "svm_max_loss"}


def faster_without_loops(student, form, rng):
    """Compare with the reference's loops, or at home with one's own; new samples in each round.

    Right code without loops is 6 to 50 times faster here, and code with a loop over the samples no faster than loops
    (docs/fairness.md); 3 leaves room on both sides.
    """
    names = f"{form}_vectorized", f"{form}_naive"
    fast, slow = (getattr(student, name) for name in names)

    def same(got, want):
        for name, mine, loops in zip((f"the loss of {names[0]}", "its gradient"), got, want, strict=True):
            close(mine, loops, name=name, rtol=1e-4)

    faster_than(
        partial(student.cost_of, fast),
        partial(student.baseline_cost_of, slow),
        factor=3,
        inputs=lambda: (*problem(rng, n=12_000, d=2, classes=5), 0.5),
        name=names[0],
        baseline_name="the same with loops",
        agree=lambda got, want: same(pair(got, (2, 5), names[0]), pair(want, (2, 5), names[1])),
    )


def pair(answer, expected, name):
    """(loss, gradient) from what a function returned, the gradient of the expected shape."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise CheckFailed(f"{name} must return two things: a number, and the gradient.")
    shape(answer[1], expected, name=f"the gradient of {name}")
    return answer


def worked_out(student, name, *, with_gradient=False):
    """Compare with the example of the handout, without a penalty and with strength 2, whose penalty is 7."""
    value, gradient = BY_HAND[name.rsplit("_", 1)[0]]
    for reg, penalty in ((0.0, 0.0), (2.0, 7.0)):
        got, slope = pair(getattr(student, name)(WEIGHTS, SAMPLES, RIGHT, reg), WEIGHTS.shape, name)
        close(got, value + penalty, name=f"the loss of {name} with reg {reg:g}", n=2)
        if with_gradient:
            close(slope, gradient + reg * WEIGHTS, name=f"the gradient of {name} with reg {reg:g}", n=2)


def agrees_with_differences(student, name, rng):
    """Compare a gradient with central differences of the loss; never at W = 0, where margins tie."""
    W, X, y = problem(rng, n=12, d=6, classes=5)
    form = "sum" if name.startswith("svm_loss") else "max"
    _, gradient = pair(getattr(student, name)(W, X, y, 0.5), W.shape, name)
    gradient_matches(gradient, of=lambda V: defined(V, X, y, 0.5, form), at=W, names=[f"the gradient of {name}"])


def defined(W, X, y, reg, form):
    """The loss with its penalty, from the definition."""
    total = 0.0
    for row, right in zip(np.matmul(X, W), y, strict=True):
        margins = np.delete(1 + row - row[right], right)
        total += np.sum(np.maximum(margins, 0)) if form == "sum" else max(0.0, np.max(margins))
    return total / len(X) + reg / 2 * np.sum(W**2)


def problem(rng, n, d, classes):
    """(W, X, y) with pixels between -128 and 128 and scores of a few units, none of them near a kink.

    Some margins of most samples are violated, and some samples have none that is: half of them get the class with the
    largest score as their right one. Samples near a kink are drawn again, because float32 may decide otherwise there.
    """
    W = rng.normal(size=(d, classes)) * 3 / (74 * np.sqrt(d))  # uniform pixels have the standard deviation 74
    X, y = np.zeros((n, d)), np.zeros(n, np.int64)
    missing = np.ones(n, bool)
    while np.any(missing):
        count = int(np.sum(missing))
        X[missing] = rng.uniform(-128, 128, size=(count, d))
        scores = X[missing] @ W  # (count, classes)
        best = np.argmax(scores, axis=1)
        y[missing] = np.where(rng.random(count) < 0.5, best, rng.integers(classes, size=count))
        missing[missing] = near_a_kink(scores, y[missing])
    return W, X, y


def near_a_kink(scores, y):
    """Which samples have a margin near 0, or two largest margins that are nearly the same."""
    right = np.reshape(y, (-1, 1))
    distances = scores + 1 - np.take_along_axis(scores, right, axis=1)  # the margins, and 1 at the right class
    np.put_along_axis(distances, right, -1e9, axis=1)
    ordered = np.sort(distances, axis=1)
    return (ordered[:, -1] - ordered[:, -2] < 1e-4) | np.any(np.abs(distances) < 1e-4, axis=1)


PIXELS, GROUPS = 12, 4
COMBINATIONS = {
    "rates": (3e-5, 1e-4, 1e-12, 2e-4, 1e-5, 5e-5),
    "strengths": (0.1, 0.5, 1.0, 0.2, 9.0, 20.0),
    "norms": (1, 2, 1, 2, 1, 2),
    "batch_sizes": (10, 20, 15, 30, 12, 25),
}
KEYS = {"rates": "learning_rate", "strengths": "strength", "norms": "norm", "batch_sizes": "batch_size"}
NAMES = ("owl", "fox", "elk", "cod", "ant", "bee", "jay", "ram", "pig", "hen")


def groups(rng, count):
    """Samples of four classes that overlap a little, so that classifiers differ, and their classes."""
    y = rng.permutation(np.arange(count) % GROUPS)
    return 40 * np.eye(GROUPS, PIXELS)[y] + rng.normal(size=(count, PIXELS)) * 25, y


def toy(rng):
    """Settings of all classifiers of a small search."""
    return {"classes": GROUPS, "epochs": 4, "seed": int(rng.integers(2**31))}


def zipped(combinations):
    """Combinations as the settings of classifiers."""
    rows = zip(*combinations.values(), strict=True)
    return [dict(zip(KEYS.values(), row, strict=True)) for row in rows]


def searched(answer, combinations):
    """(best, results) of a search, the results being those of the combinations in order."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2:
        raise CheckFailed("search must return two things: the best classifier, and a list of results.")
    best, results = answer
    if best is None or isinstance(best, (int, float, str, bytes, list, tuple, dict, np.ndarray)):
        raise CheckFailed(f"search must return the best classifier first, not {type(best).__name__}.")
    expected = zipped(combinations)
    if not isinstance(results, (list, tuple)) or len(results) != len(expected):
        count = len(results) if isinstance(results, (list, tuple, dict)) else "no list of"
        raise CheckFailed(
            f"search returned {count} results for {len(expected)} combinations; the lists of settings are zipped, one "
            "result for each place."
        )
    for place, (result, combination) in enumerate(zip(results, expected, strict=True)):
        if not isinstance(result, dict):
            raise CheckFailed(f"Result {place + 1} of search is no dictionary.")
        for key, value in combination.items():
            close(number(result, key), value, name=f"{key} of result {place + 1} of search", atol=0.0)
    return best, results


def number(result, key):
    """A number of a result of the search."""
    value = result.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise CheckFailed(f"A result of search has no number {key!r}; it is a dictionary as in the docstring.")
    return float(value)


# --- (a) The loss with loops: 9 points ---


@pytest.mark.question("a", "The loss with loops")
def test_question_a_is_attempted(attempted):
    """What question (a) asks for is written."""
    attempted("regularization", "svm_loss_naive", "svm_max_loss_naive")


@pytest.mark.question("a", "The loss with loops")
@pytest.mark.parametrize("case", ["norm 2", "norm 1", "norm 1 at a weight of 0"])
def test_penalty_by_hand(student, case):
    """The penalty and its gradient are right for both norms, also where a weight is 0."""
    norm = int(case.split()[1])
    W = np.array([[1.0, -2.0], [0.0, 3.0]]) if case.endswith("0") or norm == 2 else np.array([[1.0, -2.0], [1.0, 3.0]])
    name = f"regularization(W, 0.5, {norm})"
    got, gradient = pair(student.regularization(W, 0.5, norm), W.shape, name)
    close(got, 0.25 * np.sum(W**2) if norm == 2 else 0.5 * np.sum(np.abs(W)), name=f"the penalty of {name}")
    close(gradient, 0.5 * W if norm == 2 else 0.5 * np.sign(W), name=f"the gradient of {name}")


@pytest.mark.question("a", "The loss with loops")
@pytest.mark.parametrize("case", ["sum form", "max form"])
def test_losses_by_hand_with_loops(student, case):
    """The losses of two samples with loops are those worked out in the handout, in both forms."""
    worked_out(student, f"{FORMS[case]}_naive")


@pytest.mark.question("a", "The loss with loops")
def test_gradient_of_the_sum_form_with_loops(student, rng):
    """At a random point, the gradient of the sum form with loops agrees with differences of the loss."""
    agrees_with_differences(student, "svm_loss_naive", rng)


@pytest.mark.question("a", "The loss with loops")
def test_gradient_of_the_max_form_with_loops(student, rng):
    """At a random point, the gradient of the max form with loops agrees with differences of the loss."""
    agrees_with_differences(student, "svm_max_loss_naive", rng)


# --- (b) The loss without loops: 9 points ---


@pytest.mark.question("b", "The loss without loops")
def test_question_b_is_attempted(attempted):
    """What question (b) asks for is written."""
    attempted("svm_loss_vectorized", "svm_max_loss_vectorized")


@pytest.mark.question("b", "The loss without loops")
@pytest.mark.parametrize("case", ["sum form", "max form"])
def test_losses_by_hand_without_loops(student, case):
    """The losses of two samples without loops are those worked out in the handout, with their gradients."""
    worked_out(student, f"{FORMS[case]}_vectorized", with_gradient=True)


@pytest.mark.question("b", "The loss without loops")
def test_no_loop_is_left(student):
    """svm_loss_vectorized and svm_max_loss_vectorized have no loop."""
    for name in ("svm_loss_vectorized", "svm_max_loss_vectorized"):
        worked_out(student, name)  # a stub has no loop either
        no_loops(student.source_of(name), name)


@pytest.mark.question("b", "The loss without loops")
def test_sum_form_is_faster_than_loops(student, rng):
    """On 12,000 samples, svm_loss_vectorized is at least 3 times faster than the same with loops."""
    faster_without_loops(student, "svm_loss", rng)


@pytest.mark.question("b", "The loss without loops")
def test_max_form_is_faster_than_loops(student, rng):
    """On 12,000 samples, svm_max_loss_vectorized is at least 3 times faster than the same with loops."""
    faster_without_loops(student, "svm_max_loss", rng)


# --- (c) The classifier: 9 points ---


@pytest.mark.question("c", "The classifier")
def test_question_c_is_attempted(attempted):
    """What question (c) asks for is written."""
    attempted("LinearClassifier.loss", "LinearClassifier.step", "LinearClassifier.scores", "LinearClassifier.predict")


@pytest.mark.question("c", "The classifier")
def test_predictions_by_hand(student):
    """With weights and a mean image worked out by hand, scores and predictions are right."""
    model = student.LinearClassifier(classes=3, epochs=0).fit(SAMPLES, RIGHT)
    model.W, model.b, model.mean = WEIGHTS, np.array([0.0, 0.5, -3.0]), np.array([1.0, 1.0])
    close(model.scores(SAMPLES), [[2.0, 0.5, 1.0], [0.0, 1.5, -4.0]], name="scores(X)")
    close(model.predict(SAMPLES), [0, 1], name="predict(X)")


# --- (d) Search, losses and templates: 9 points ---


@pytest.mark.question("d", "Search, losses and templates")
def test_question_d_is_attempted(attempted):
    """What question (d) asks for is written."""
    attempted("search", "plot_losses", "plot_templates")


@pytest.mark.question("d", "Search, losses and templates")
def test_eight_combinations_are_no_grid(student, rng):
    """The search trains one classifier for each combination, in order, and returns both accuracies of each."""
    x, y = groups(rng, 60)
    few = {name: values[:3] for name, values in COMBINATIONS.items()}
    best, results = searched(student.search((x[:40], y[:40]), (x[40:], y[40:]), **few, **toy(rng)), few)
    for result in results:
        for name in ("training_accuracy", "validation_accuracy"):
            if not 0 <= number(result, name) <= 1:
                raise CheckFailed(f"The {name} {result[name]:g} of a result is no fraction between 0 and 1.")
    shape(best.predict(x[40:]), (20,), name="what the best classifier predicts for 20 samples")


@pytest.mark.question("d", "Search, losses and templates")
def test_losses_are_drawn(student):
    """plot_losses draws two curves over the iterations, with labelled axes and a legend."""
    student.plot_losses({"iteration": [0, 100, 200], "training_loss": [9.5, 6, 5], "validation_loss": [9, 7, 6.5]})
    plot = figure(student.figures()).axes("loss|hinge|objective").labelled(x="iter|step", y="").has_legend()
    for name in ("train", "val"):
        plot.line(name)


@pytest.mark.question("d", "Search, losses and templates")
def test_ten_templates_are_drawn(student, rng):
    """plot_templates draws ten images, each under the name of its class."""
    student.plot_templates(rng.normal(size=(3072, 10)), NAMES)
    figures = figures_drawn(student.figures(), plots=10)
    for name in NAMES:
        figures.axes(rf"\b{name}\b")

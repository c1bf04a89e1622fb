"""The operators of an audit: each makes its mistakes, and no others."""

from __future__ import annotations

import pytest

from autograder.quality.mutation import Mutant, generate
from autograder.quality.mutation.operators import OPERATORS

CASES = {
    "sign": [
        ("return a + b", ["return a - b"]),
        ("return a - b", ["return a + b"]),
        ("return -(a @ b)", ["return (a @ b)"]),
        ("return (a) + (b)", ["return (a) - (b)"]),
        ("return a[n - 1]", ["return a[n + 1]"]),
        ("return a[-1]", []),
        ("return 'x' + a", []),
    ],
    "max-not-subtracted": [
        ("return np.exp(a - np.max(a))", ["return np.exp(a)"]),
        ("return a - a.max(axis=1, keepdims=True)", ["return a"]),
    ],
    "factor-dropped": [
        ("return (a + b) / len(a)", ["return (a + b)"]),
        ("return a * b", ["return b", "return a"]),
        ("return a * (b + 1)", ["return (b + 1)", "return a"]),
        ("return 'x' * n", []),
    ],
    "factor-twice": [
        ("return a / len(b)", ["return a / len(b) / len(b)"]),
        ("return lr * a", ["return lr * a * lr"]),
        ("return a * relu_prime(b)", ["return a * relu_prime(b) * relu_prime(b)"]),
        ("return a * b", []),
    ],
    "factor-two": [("return a - b", ["return 2 * (a - b)"]), ("return a / n", ["return 2 * a / n"])],
    "order": [
        ("return np.dot(a, b)", ["return np.dot(b, a)"]),
        ("return (a + b) @ c", ["return c @ (a + b)"]),
        ("return a - b", ["return b - a"]),
        ("return np.maximum(a, b)", []),
        ("return f(*a, b)", []),
    ],
    "returned-swapped": [("return dw, db, c", ["return db, dw, c"])],
    "transpose": [
        ("return a.T @ b", ["return a.T @ b.T", "return a @ b"]),
        ("return (a + b).T", ["return (a + b)"]),
        ("return np.transpose(a)", ["return a"]),
        ("return a.transpose()", ["return a"]),
        ("return a.dot(b)", ["return a.dot(b.T)"]),
    ],
    "axis": [
        ("return a.sum(axis=1)", ["return a.sum(axis=0)", "return a.sum()"]),
        ("return np.sum(a, axis=0)", ["return np.sum(a, axis=1)", "return np.sum(a)"]),
        ("return a.sum(keepdims=True)", ["return a.sum(keepdims=False)"]),
        ("return np.stack(a, axis=-1)", ["return np.stack(a, axis=0)", "return np.stack(a)"]),
    ],
    "twin": [
        ("return np.argmax(a)", ["return np.argmin(a)"]),
        ("return a.mean()", ["return a.sum()"]),
        ("return np.zeros(n)", ["return np.ones(n)"]),
        ("return max(a)", ["return min(a)"]),
        ("return sum(a)", []),
    ],
    "integers": [
        ("return a * b", ["return (a * b).astype(int)"]),
        ("a = np.zeros(n, dtype=float)", ["a = np.zeros(n, dtype=int)"]),
    ],
    "alias": [
        ("w = a.copy()", ["w = a"]),
        ("w = copy.deepcopy(a)", ["w = a"]),
        ("w = list(a)", ["w = a"]),
        ("w = a[:]", ["w = a"]),
        ("w = np.array([1.0, 2.0])", []),
        ("return np.array([1.0, 2.0])", []),
        ("w = np.array(2 * a)", ["w = (2 * a)"]),
        ("w = list([a, b])", []),
        ("w = list(c for c in a)", ["w = ((c for c in a))"]),
        ('w = list("ab")', ['w = "ab"']),
        ("w = (a + b).copy()", []),
    ],
    "activation-dropped": [
        ("return relu(a @ b)", ["return (a @ b)"]),
        ("return np.maximum(a, 0)", ["return a"]),
        ("return np.sum(np.exp(a))", ["return np.sum(a)"]),
    ],
    "activation-added": [("return a @ b + c", ["return relu(a @ b + c)"]), ("return a + b", [])],
    "zeroed": [
        ("db = delta.sum()", ["db = 0 * delta.sum()"]),
        ("grads = [a, b + c]", ["grads = [0 * a, b + c]", "grads = [a, 0 * (b + c)]"]),
        ("dw.append(a @ b)", ["dw.append(0 * (a @ b))"]),
        ("total = a @ b", []),
    ],
    "shuffle": [
        ("order = rng.permutation(n)", ["order = np.arange(n)"]),
        ("loader = DataLoader(a, shuffle=True)", ["loader = DataLoader(a, shuffle=False)"]),
    ],
    "comparison": [
        ("return a > 0.3", ["return a >= 0.3", "return a < 0.3"]),
        ("return a == b", ["return a != b"]),
        ("return a <= b", ["return a < b", "return a >= b"]),
        ("return rng.random() < a", ["return rng.random() > a"]),
    ],
    "constant": [
        ("w = 0", ["w = 1"]),
        ("return a ** 2", ["return a ** 1"]),
        ("return f(0.5)", ["return f(1.0)"]),
        ("return f(100, 0.3)", []),
        ("return a[0]", []),
    ],
    "off-by-one": [
        ("return a[0]", ["return a[1]"]),
        ("return a[-1]", ["return a[-2]"]),
        ("return a[n - 1]", ["return a[n - 2]"]),
        ("return a[1:]", ["return a[2:]", "return a[1:-1]"]),
        ("return a[:-1]", ["return a[1:-1]", "return a[:-2]"]),
        ("return a[:, 1]", ["return a[:, 0]"]),
        ("return a[n]", []),
        ("return [a[i] for i in b]", []),
        ("return range(n)", ["return range(n - 1)", "return range(n + 1)"]),
        ("return range(1, n + 1)", ["return range(2, n + 1)", "return range(1, n)", "return range(1, n + 2)"]),
        (
            "return [a[i] for i in range(n)]",
            [
                "return [a[i - 1] for i in range(n)]",
                "return [a[i] for i in range(n - 1)]",
                "return [a[i] for i in range(n + 1)]",
            ],
        ),
    ],
    "augmented": [("w += a", ["w = a", "w -= a"]), ("w /= n", ["w = n", "w *= n"])],
    "reversed": [("return reversed(a)", ["return a"])],
    "derivative-added": [
        ("delta = a - b", ["delta = (a - b) * relu_prime(a)"]),
        ("delta = f(a[-1], b)", ["delta = f(a[-1], b) * relu_prime(a[-1])"]),
        ("dz = self.loss_grad(a) - b", []),
        ("total = a - b", []),
    ],
    "derivative-place": [
        ("return a * relu_prime(b)", ["return a * relu_prime(relu(b))"]),
        ("return c[0] * relu_prime(a[1])", ["return c[0] * relu_prime(relu(a[1]))", "return c[0] * relu_prime(c[1])"]),
        ("return relu(a)", []),
    ],
    "in-place": [
        ("w = w - lr * a", ["w -= lr * a"]),
        ("self.w = self.w * a", ["self.w *= a"]),
        ("n = n + 1", []),
        ("a = [np.zeros(3) for _ in range(n)]", ["a = [np.zeros(3)] * n"]),
        ("a = [np.zeros(3) for _ in b]", ["a = [np.zeros(3)] * len(b)"]),
        ("a = [np.zeros(m) for m in b]", []),
    ],
    "update-order": [("w -= a", [])],
    "regulariser": [
        (
            "return f(a) + lam * np.sum(w ** 2)",
            [
                "return f(a) + 0.5 * lam * np.sum(w ** 2)",
                "return f(a) + lam * np.sum(w ** 2) + lam * np.sum(b ** 2)",
            ],
        ),
        ("return a + weight_decay * c", ["return a + 0.5 * weight_decay * c"]),
        ("return lr * a", []),
    ],
    "train-eval": [
        ("model.train()", ["model.eval()"]),
        ("model.eval()", ["model.train()"]),
        ("return f(a, training=False)", ["return f(a, training=True)"]),
        ("return a if self.training else b", ["return a if (not self.training) else b"]),
        ("return a if not self.training else b", ["return a if self.training else b"]),
    ],
    "labels-not-shuffled": [("a, b = shuffle(a, b)", ["a, b = shuffle(a), b"]), ("return a[n], b[c]", [])],
    "test-data": [
        ("f.fit(x_train, y_train), x_test, y_test", ["f.fit(x_test, y_test), x_test, y_test"]),
        ("return f.score(x_test, y_test), x_train, y_train", ["return f.score(x_train, y_train), x_train, y_train"]),
        ("f.fit(x_train, y_train), x_test", []),
        ("f.fit(a[train], b)", ["f.fit(a, b)"]),
        ("f.fit(a, b)", []),
    ],
    "scaler": [
        ("x_test = scaler.transform(x_test)", ["x_test = scaler.fit_transform(x_test)"]),
        ("scaler.fit(x_train), x_test", ["scaler.fit(np.concatenate([x_train, x_test])), x_test"]),
        (
            "return scaler.fit_transform(x_train), x_test",
            ["return scaler.fit(np.concatenate([x_train, x_test])).transform(x_train), x_test"],
        ),
        ("return x_train.mean(axis=0), x_test", ["return np.concatenate([x_train, x_test]).mean(axis=0), x_test"]),
        ("return x_train.mean(axis=0)", []),
        ("model.fit(x_train), x_test", []),
    ],
    "statement-dropped": [
        ("optimizer.zero_grad()", ["pass"]),
        ("random.shuffle(a)", ["pass"]),
        ("a -= lr * b", ["pass"]),
        ("self.w = a", ["pass"]),
        ("fresh = a", []),
    ],
}
PARAMETERS = "self, a, b, c, f, n, w, lr"


def module(*lines: str) -> str:
    """A module with an activation, and a function whose solution is some lines."""
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "def relu(x):\n    return x\n\n\ndef relu_prime(x):\n    return 1\n\n\n"
        f"def g({PARAMETERS}):\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION\n"
    )


def changed(mutant: Mutant) -> str:
    """The one line that a mutant has instead of another."""
    removed, added = [line for line in mutant.diff.splitlines()[2:] if not line.startswith("@@")]
    assert removed.startswith("-") and added.startswith("+")
    return added[1:].strip()


@pytest.mark.parametrize(
    ("operator", "line", "expected"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_an_operator_makes_its_mistakes(operator: str, line: str, expected: list[str]) -> None:
    """Each mistake changes one line, to exactly this."""
    mutants = generate({"hw.py": module(line)})

    assert [changed(mutant) for mutant in mutants if mutant.operator == operator] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plt.subplots(figsize=(2 * n, 3))", ["pass"]),
        ("place.axis('off')", []),
        ("figure.tight_layout()", []),
        ("plt.plot(a, linewidth=2 * n)", ["pass"]),
        ("axes[0].margins(2 * n)", []),
        ("plt.xticks(a, rotation=2 * n)", ["pass"]),
    ],
)
def test_the_look_of_a_plot_is_no_mistake(line: str, expected: list[str]) -> None:
    """How large and how neat a plot is, is a matter of taste: nothing is changed there."""
    assert [changed(mutant) for mutant in generate({"hw.py": module(line)})] == expected


@pytest.mark.parametrize("line", ["w = f.empty(n, layout=a > 3)", "w.rotate(a, rotation=a > 3)", "w.grid(a > 3)"])
def test_names_that_plots_share_with_other_libraries_are_changed_there(line: str) -> None:
    """An argument or a call that has the name of one of matplotlib's, on another object, is code like any other."""
    assert line.replace(">", ">=") in [changed(mutant) for mutant in generate({"hw.py": module(line)})]


SEVERAL = {
    "max-not-subtracted": (["m = np.max(a, axis=1)", "return np.exp(a - m)"], ["return np.exp(a)"]),
    "derivative-place": (["z = relu(a)", "return c * relu_prime(a) + z"], ["return c * relu_prime(z) + z"]),
    "update-order": (
        ["d = c @ self.w.T", "self.w -= lr * a", "return d"],
        ["self.w -= lr * a", "d = c @ self.w.T"],
    ),
    "regulariser": (
        ["dw = a + lam * w", "db = c.sum()"],
        ["dw = a + 0.5 * lam * w", "db = c.sum() + lam * b"],
    ),
    "labels-not-shuffled": (
        ["p = rng.permutation(n)", "i = p[0:lr]", "return f(a[i], b[i])"],
        ["return f(a[0:lr], b[i])", "return f(a[i], b[0:lr])"],
    ),
    "labels-not-shuffled ": (
        ["p = np.arange(n)", "rng.shuffle(p)", "a, b = a[p], b[p]"],
        ["a, b = a, b[p]", "a, b = a[p], b"],
    ),
    "labels-not-shuffled  ": (
        ["p = rng.permutation(n)", "f(a[p[0:lr]], b[p[0:lr]])"],
        ["f(a[0:lr], b[p[0:lr]])", "f(a[p[0:lr]], b[0:lr])"],
    ),
    "activation-added": (
        ["import torch", "return self.fc2(a)"],
        ["return torch.relu(self.fc2(a))"],
    ),
    "activation-added ": (
        ["import torch", "return nn.Sequential(nn.Linear(a, b), nn.Linear(b, c))"],
        ["return nn.Sequential(nn.Linear(a, b), nn.Linear(b, c), nn.ReLU())"],
    ),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_an_operator_sees_what_stands_around(case: str) -> None:
    """Mistakes that need more than one line to be made: which lines are there instead, mutant by mutant."""
    lines, expected = SEVERAL[case]
    mutants = [m for m in generate({"hw.py": module(*lines)}) if m.operator == case.strip()]
    added = [line[1:].strip() for m in mutants for line in m.diff.splitlines()[2:] if line.startswith("+")]

    assert added == expected or (case == "update-order" and added in ([expected[0]], [expected[1]]))


def test_a_list_in_the_place_of_an_array_that_is_promised() -> None:
    """Where the docstring says that an array is returned, a list is a mistake, and checks are to see it."""
    source = (
        "import numpy as np\n\ndef g(a):\n    'Returns an array.'\n"
        "    ### BEGIN SOLUTION\n    return np.array([a, 2 * a])\n    ### END SOLUTION\n"
    )
    lists = [mutant for mutant in generate({"hw.py": source}) if mutant.operator == "alias"]
    assert [changed(mutant).strip() for mutant in lists] == ["return [a, 2 * a]"]
    assert not [each for each in generate({"hw.py": source.replace("an array", "both")}) if each.operator == "alias"]


def test_nothing_is_exchanged_across_the_edge_of_a_solution() -> None:
    """A step that stands outside of the solution stays where it is."""
    source = "def g(w, c):\n    d = c @ w\n    ### BEGIN SOLUTION\n    w -= c\n    ### END SOLUTION\n    return d\n"

    assert "update-order" not in {mutant.operator for mutant in generate({"hw.py": source})}


def test_every_operator_is_tested() -> None:
    """No mistake without a case above."""
    assert set(CASES) == set(OPERATORS)

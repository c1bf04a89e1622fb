"""What a draft says of arguments, ties, plots and searches; and what becomes of a reference that ends Python."""

from __future__ import annotations

import inspect
import json
import random
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from test_new import CONFIG, made_from, written

from autograder import loader
from autograder.checks.errors import CheckFailed, StudentError
from autograder.checks.local.student import LocalStudent
from autograder.scaffold import Recipe, start_from
from autograder.scaffold.helpers import PLOTS
from autograder.scaffold.recorded_functions import left_open, settled
from autograder.scaffold.variations import disturbed

pytestmark = pytest.mark.long


@pytest.fixture
def root(tmp_path) -> Path:
    """An empty course."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grader_config.py").write_text(CONFIG)
    return folder


def drafted(root: Path, text: str) -> str:
    """The assignment.py that is drafted for the text of a module."""
    made_from(root, textwrap.dedent(text))
    return written(root)


def faults(root: Path, *changes: tuple[str, str], seed: int = 1) -> list[str]:
    """What the drafted checks say of the reference with some texts replaced by others."""
    loaded = loader.load(root, "fresh")
    (file,) = loaded.assignment.files
    text = (loaded.reference_folder / file).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder = root.parent / f"student-{len(list(root.parent.iterdir()))}"
    folder.mkdir()
    (folder / file).write_text(text)
    names, found = loaded.interface.names, []
    for check in [check for question in loaded.assignment.questions for check in question.checks]:
        sides = {
            "student": LocalStudent(folder, names),
            "reference": LocalStudent(loaded.reference_folder, names, reference=True),
            "rng": np.random.default_rng(seed),
        }
        random.seed(seed)
        np.random.seed(seed)
        try:
            check.function(**{name: sides[name] for name in inspect.signature(check.function).parameters})
        except (CheckFailed, StudentError) as error:
            found.append(str(error))
    return found


TEXTS = """
    def count_words(text):
        ### BEGIN SOLUTION
        return {word: text.split().count(word) for word in text.split()}
        ### END SOLUTION

    def shared(one, other):
        ### BEGIN SOLUTION
        return sum(left == right for left, right in zip(one, other))
        ### END SOLUTION

    def opened(mode):
        ### BEGIN SOLUTION
        return {"read": 1}[mode]
        ### END SOLUTION

    if __name__ == "__main__":
        count_words("a b a")
        shared("kitten", "sitting")
        opened("read")
"""


class TestTexts:
    """Functions that are given texts, the same ones in every call of the example."""

    def test_hidden_checks_have_other_texts_than_the_public_one(self, root) -> None:
        """Who returns the public example's answer fails; where no other text works, a TODO stands instead."""
        text = drafted(root, TEXTS)
        assert faults(root) == []
        checks = [check for question in loader.load(root, "fresh").assignment.questions for check in question.checks]
        titles = {check.id: check.title for check in checks}
        assert titles["count_words_agrees_with_the_reference"].startswith("On several inputs, count_words returns")
        assert "opened_agrees_with_the_reference" not in titles
        assert "TODO: it is called with one text" in " ".join(text.replace("#", "").split())
        answers = [
            ("return {word: text.split().count(word) for word in text.split()}", "return {'a': 2, 'b': 1}"),
            ("return sum(left == right for left, right in zip(one, other))", "return 4"),
        ]
        for change in answers:
            assert len(faults(root, change)) == 1


CENTRED = """
    import numpy as np

    def centred(x, scale):
        ### BEGIN SOLUTION
        x = x - x.mean(axis=0)
        return scale * x
        ### END SOLUTION

    class Model:
        def fit(self, X, y):
            "Sets w (d,)."
            ### BEGIN SOLUTION
            X = X / 2
            self.w = X.T @ y
            return self
            ### END SOLUTION

    if __name__ == "__main__":
        rng = np.random.default_rng(0)
        centred(rng.normal(size=(6, 3)), 2.0)
        Model().fit(rng.normal(size=(6, 3)), rng.normal(size=6))
"""


class TestArguments:
    """A call leaves its arguments as they were, where the reference leaves them."""

    def test_changing_an_argument_is_noticed(self, root) -> None:
        """A function or a method that works in the array that it is given loses points, and the sentence says which."""
        drafted(root, CENTRED)
        assert faults(root) == []
        questions = loader.load(root, "fresh").assignment.questions
        checks = {check.id: check for question in questions for check in question.checks}
        title = checks["centred_agrees_with_the_reference"].title
        assert title.endswith("returns the expected answer and changes no argument.")
        found = faults(root, ("x = x - x.mean(axis=0)", "x -= x.mean(axis=0)"))
        assert len(found) == 1
        assert found[0].startswith("x after the call of centred")
        found = faults(root, ("X = X / 2", "X /= 2"))
        assert [each.partition("[")[0] for each in found] == ["X after the call of fit"]

    def test_a_reference_that_changes_them_asks_for_nothing(self, root) -> None:
        """Where the reference itself changes an argument beside its answer, students may do so or not."""
        text = drafted(root, CENTRED.replace("x = x - x.mean(axis=0)", "x -= x.mean(axis=0)"))
        assert "x after the call of centred" not in text
        assert "the docstring does not say that it changes what it is given" in " ".join(text.replace("#", "").split())
        assert "X after the call of fit" in text
        assert faults(root, ("x -= x.mean(axis=0)", "x = x - x.mean(axis=0)")) == []

    def test_a_function_that_only_changes_them_is_checked(self, root) -> None:
        """Where nothing is returned, what the arguments are afterwards is compared with the reference."""
        drafted(
            root,
            """
            import numpy as np

            def clip(x, low):
                "Replace what is below low, in place."
                ### BEGIN SOLUTION
                x[x < low] = low
                ### END SOLUTION

            if __name__ == "__main__":
                clip(np.random.default_rng(0).normal(size=8), -0.2)
            """,
        )
        assert faults(root) == []
        assert faults(root, ("x[x < low] = low", "x = np.maximum(x, low)"))[0].startswith("what clip changes")
        assert faults(root, ("x[x < low] = low", "np.maximum(x, low, out=x)")) == []


SHOP = """
    import numpy as np
    import pandas as pd

    def ranked(df):
        "All rows by rooms, the most rooms first, with a new index."
        ### BEGIN SOLUTION
        return df.sort_values("rooms", ascending=False).reset_index(drop=True)
        ### END SOLUTION

    def smallest(df, k):
        "The k rows with the fewest rooms."
        ### BEGIN SOLUTION
        return df.sort_values("rooms").head(k)
        ### END SOLUTION

    def cities(df):
        "How often each city comes."
        ### BEGIN SOLUTION
        return df["city"].value_counts()
        ### END SOLUTION

    def kept(df):
        "All rows by rooms; rows with equal rooms stay in their order."
        ### BEGIN SOLUTION
        return df.sort_values("rooms", kind="stable")
        ### END SOLUTION

    if __name__ == "__main__":
        rng = np.random.default_rng(0)
        rooms, city = rng.integers(1, 5, size=20), rng.choice(["Ulm", "Bonn", "Hof"], size=20)
        df = pd.DataFrame({"rooms": rooms, "price": rng.normal(size=20), "city": city})
        ranked(df), smallest(df, 3), cities(df), kept(df)
"""


class TestTiesOfTables:
    """Rows that are equal in what they are sorted by may stand in any order, unless the docstring says in which."""

    def test_the_order_of_equal_rows_is_not_asked_for(self, root) -> None:
        """Other right orders lose nothing, wrong orders and wrong rows do; a promised order is asked for."""
        pytest.importorskip("pandas", reason="this homework is about pandas, which the toolkit does not need")
        text = drafted(root, SHOP)
        assert 'sorting="-rooms"' in text
        assert faults(root) == []
        other = (
            'df.sort_values("rooms", ascending=False)',
            'df[::-1].sort_values("rooms", ascending=False, kind="stable")',
        )
        assert faults(root, other) == []
        assert (
            faults(root, ('df.sort_values("rooms").head(k)', 'df[::-1].sort_values("rooms", kind="stable").head(k)'))
            == []
        )
        assert faults(root, ('df["city"].value_counts()', 'df["city"][::-1].value_counts()')) == []
        assert faults(root, ("ascending=False", "ascending=True"))
        assert faults(root, ('df.sort_values("rooms").head(k)', 'df.sort_values("price").head(k)'))
        assert faults(root, ('df.sort_values("rooms", kind="stable")', 'df[::-1].sort_values("rooms", kind="stable")'))

    @pytest.mark.parametrize(
        ("work", "usual", "other"),
        [
            ("s.sort_values().index.tolist()", [1, 3, 0, 2], [3, 1, 2, 0]),
            ('s.sort_values(kind="stable").index.tolist()', [1, 3, 0, 2], [1, 3, 0, 2]),
            ("s.idxmax()", 0, 2),
            ("s.argmin()", 1, 3),
            ("s.nlargest(1).index.tolist()", [0], [2]),
            ('s.nlargest(1, keep="first").index.tolist()', [0], [0]),
            ("s.value_counts().index.tolist()", [5, 2], [2, 5]),
            ("s.argsort().tolist()", [1, 3, 0, 2], [3, 1, 2, 0]),
            ('s.to_frame("a").sort_values("a").index.tolist()', [1, 3, 0, 2], [3, 1, 2, 0]),
            ('s.to_frame("a").idxmax().tolist()', [0], [2]),
            ('s.to_frame("a").nsmallest(1, "a").index.tolist()', [1], [3]),
        ],
    )
    def test_pandas_decides_otherwise(self, work, usual, other, tmp_path) -> None:
        """What sorts, counts or looks for the largest takes another one of equal rows, where none is promised."""
        pandas = pytest.importorskip("pandas", reason="this is about pandas, which the toolkit does not need")
        module = ModuleType("solution")
        code = f"def f(s):\n    return {work}\n"
        exec(compile(code, str(tmp_path / "solution.py"), "exec"), vars(module))
        series = pandas.Series([5, 2, 5, 2])
        assert module.f(series) == usual
        with disturbed(tmp_path, [module], [], 2, ties=True, drawn=[]):
            assert module.f(series) == other
        assert module.f(series) == usual

    @pytest.mark.parametrize(
        ("text", "is_settled"),
        [
            ("The rows, the cheapest first.", False),
            ("The first principal components.", False),
            ("The label; of equal ones the smallest.", True),
            ("The index; in a tie the first index.", True),
            ("The rows by price, in the original order where it is equal.", True),
        ],
    )
    def test_sorting_alone_settles_no_tie(self, text, is_settled) -> None:
        """That something comes first says nothing of equal ones; a word about equal ones does."""
        assert bool(settled({"a.py": f'def f(x):\n    """{text}"""\n'})) is is_settled


class TestObjectsOfPackages:
    """Torch modules, optimizers and fitted estimators are compared by what is plain of them."""

    def test_layers_and_settings_of_torch(self, root) -> None:
        """A wrong width or learning rate is noticed; whether an activation is a layer or a function is left open."""
        pytest.importorskip("torch", reason="this homework is about torch, which the toolkit does not need")
        text = drafted(
            root,
            """
            import torch
            from torch import nn

            def network(width, dropout=0.5):
                ### BEGIN SOLUTION
                torch.manual_seed(0)
                return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 3))
                ### END SOLUTION

            def begun():
                ### BEGIN SOLUTION
                model = nn.Linear(4, 2)
                return {"sgd": (model, torch.optim.SGD(model.parameters(), lr=5e-5))}
                ### END SOLUTION

            if __name__ == "__main__":
                network(5), network(6, 0.25), network(6, 0), begun()
            """,
        )
        ids = re.findall(r"^def (\w+)\(", text, re.MULTILINE)
        assert len(set(ids)) == len(ids)
        assert faults(root) == []
        assert faults(root, ("nn.ReLU(), ", "")) == []
        assert faults(root, ("nn.Linear(8, width)", "nn.Linear(8, width, bias=False)"))
        assert faults(root, ("nn.Dropout(dropout)", "nn.Dropout(0.5)"))
        assert faults(root, ("lr=5e-5", "lr=1e-4"))
        assert faults(root, ("optim.SGD", "optim.Adam"))

    def test_fitted_estimators(self, root) -> None:
        """Of a search the mean scores and the best setting are compared, of another estimator what it learned."""
        pytest.importorskip("sklearn", reason="this homework is about scikit-learn")
        drafted(
            root,
            """
            import numpy as np
            from sklearn.linear_model import Ridge
            from sklearn.model_selection import GridSearchCV

            def fitted(x, y):
                ### BEGIN SOLUTION
                return Ridge(alpha=2.0).fit(x, y)
                ### END SOLUTION

            def search(x, y, strengths):
                ### BEGIN SOLUTION
                return GridSearchCV(Ridge(), {"alpha": list(strengths)}, cv=3).fit(x, y)
                ### END SOLUTION

            if __name__ == "__main__":
                rng = np.random.default_rng(0)
                x, y = rng.normal(size=(30, 3)), rng.normal(size=30)
                fitted(x, y), search(x, y, [0.1, 1.0, 50.0])
            """,
        )
        assert faults(root) == []
        assert faults(root, ("alpha=2.0", "alpha=1.0"))
        assert faults(root, ("cv=3", "cv=2"))


class TestOpenAnswers:
    """What the docstring leaves to students is not asked for."""

    def test_a_choice_of_ones_own_has_no_check(self, root) -> None:
        """A function that gives "a network of your own" gets a TODO, and none of the reference's numbers."""
        text = drafted(
            root,
            '''
            def double(x):
                ### BEGIN SOLUTION
                return 2 * x
                ### END SOLUTION

            def settings():
                """Settings of your own choice."""
                ### BEGIN SOLUTION
                return {"rate": 0.1}
                ### END SOLUTION

            if __name__ == "__main__":
                double(1.5), settings()
            ''',
        )
        assert "TODO: its docstring leaves to students what it gives; write what holds of each right answer." in text
        assert "0.1" not in text.replace("rtol", "")

    def test_which_docstrings_leave_it_open(self) -> None:
        """The function's own docstring counts, not that of its class."""
        source = textwrap.dedent('''
            class Net:
                """A class of your own."""

                def a(self):
                    """The sum."""

                def b(self):
                    """As many units as you like."""
            ''')
        assert left_open({"a.py": source}) == {"Net.b"}


def test_a_reference_that_ends_python_is_a_todo(root) -> None:
    """A function that takes Python down with drafted inputs has no check and a TODO; the others are drafted."""
    text = drafted(
        root,
        """
        import os
        import signal

        def double(x):
            ### BEGIN SOLUTION
            return 2 * x
            ### END SOLUTION

        def choosy(x):
            ### BEGIN SOLUTION
            if x != 1.25:
                os._exit(7)
            return x
            ### END SOLUTION

        def broken(x):
            ### BEGIN SOLUTION
            if x != 1.25:
                os.kill(os.getpid(), signal.SIGKILL)
            return x
            ### END SOLUTION

        def late(x):
            ### BEGIN SOLUTION
            return 3 * x
            ### END SOLUTION

        if __name__ == "__main__":
            double(1.25), choosy(1.25), broken(1.25), late(1.25)
        """,
    )
    flat = " ".join(text.replace("# ", "").split())
    assert (
        "choosy, which has no check --- TODO: with inputs like the recorded ones it ended Python with exit code 7, "
        in flat
    )
    assert (
        "broken, which has no check --- TODO: with inputs like the recorded ones it ended Python by the signal SIGKILL"
        in flat
    )
    assert "def double_agrees_with_the_reference(" in text
    assert "def late_agrees_with_the_reference(" in text
    assert "choosy(" not in text


def test_a_reference_that_raises_is_a_todo(root) -> None:
    """A function that raises with drafted inputs has no check and a TODO with its error; the others are drafted."""
    text = drafted(
        root,
        """
        def double(x):
            ### BEGIN SOLUTION
            return 2 * x
            ### END SOLUTION

        def choosy(x):
            ### BEGIN SOLUTION
            return {1.25: 2}[x]
            ### END SOLUTION

        if __name__ == "__main__":
            double(1.25), choosy(1.25)
        """,
    )
    flat = " ".join(text.replace("# ", "").split())
    assert "choosy, which has no check --- TODO: with inputs like the recorded ones it did not work: " in flat
    assert "`choosy` raised KeyError" in flat
    assert "def double_agrees_with_the_reference(" in text


def test_a_fault_of_the_toolkit_is_a_todo(root, monkeypatch) -> None:
    """Where drafting one function fails by autograder's own fault, that is said, and the others are drafted."""
    from autograder.scaffold import child
    from autograder.scaffold.recorded_functions import Drafted

    def failing(name, *_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(child, "draft", failing)
    found = child._drafted("double", None, "", {}, None, {})
    assert isinstance(found, Drafted)
    assert found.checks == []
    (note,) = found.notes
    assert note.startswith(
        "double: no check could be drafted, by a fault of autograder's (ZeroDivisionError in test_new_"
    )
    assert note.endswith("division by zero); write one.")


class TestPlots:
    """What a function draws."""

    DRAWING = """
        import matplotlib.pyplot as plt
        import numpy as np

        def draw(history):
            ### BEGIN SOLUTION
            plt.plot(range(len(history["loss"])), history["loss"], label="training")
            plt.plot(range(len(history["loss"])), history["validation"], label="validation")
            plt.legend()
            ### END SOLUTION

        def show(images):
            ### BEGIN SOLUTION
            _, axes = plt.subplots(1, len(images))
            for place, image in zip(axes, images):
                place.imshow(image)
            ### END SOLUTION

        if __name__ == "__main__":
            rng = np.random.default_rng(0)
            draw({"loss": [3.0, 2.0, 1.0, 0.5], "validation": [3.5, 2.5, 2.0, 2.2]})
            show(rng.uniform(size=(3, 8, 8, 3)))
        """

    def test_curves_that_start_alike_up_to_rounding_are_the_same_curves(self) -> None:
        """Each curve is compared with the nearest one, so 0.1 + 0.2 in the place of 0.3 exchanges none."""
        helper: dict[str, Any] = {"np": np}
        exec(PLOTS, helper)
        heights = helper["heights"]
        low, high = [0.0, 1.0, 2.0], [0.0, 5.0, 9.0]

        def plot(*curves: list[Any]) -> list[dict[str, Any]]:
            return [{"lines": [{"y": curve} for curve in curves], "images": []}]

        expected = plot([0.3, *low], [0.1 + 0.2, *high])
        drawn = plot([0.3, *high], [0.1 + 0.2, *low])
        np.testing.assert_allclose(heights(drawn, expected), heights(expected))
        assert heights(plot(["a", "b"], [1.0]), plot([1.0, 2.0], [3.0])) == [[1.0], ["a", "b"]]

    def test_curves_show_the_numbers_and_images_are_counted(self, root) -> None:
        """The wrong list, exchanged axes and a missing image are noticed; the order of the curves is not."""
        drafted(root, self.DRAWING)
        assert faults(root) == []
        assert faults(root, ('history["validation"], label', 'history["loss"], label'))
        swapped = ('range(len(history["loss"])), history["loss"]', 'history["loss"], range(len(history["loss"]))')
        assert any("do not rise" in each for each in faults(root, swapped))
        assert faults(root, ("zip(axes, images)", "zip(axes, images[1:])"))
        one, two = (
            f'    plt.plot(range(len(history["loss"])), history["{name}"], label="{label}")\n'
            for name, label in (("loss", "training"), ("validation", "validation"))
        )
        assert faults(root, (one + two, two + one)) == []

    def test_the_plots_that_have_a_title_keep_one(self, root) -> None:
        """Where only some plots have a title, it may say what it likes, but stands above these."""
        source = """
            import matplotlib.pyplot as plt
            import numpy as np

            def show(images):
                ### BEGIN SOLUTION
                _, axes = plt.subplots(1, len(images))
                for place, image in zip(axes, images):
                    place.imshow(image)
                axes[0].set_title("images")
                ### END SOLUTION

            if __name__ == "__main__":
                show(np.random.default_rng(0).uniform(size=(3, 8, 8, 3)))
            """
        drafted(root, source)
        assert faults(root, ('"images"', '"some images"')) == []
        assert any("Plot 1 of the figure has no title" in each for each in faults(root, ("axes[0].set", "axes[1].set")))


def test_ways_of_calling_have_titles_of_their_own(root) -> None:
    """Three kinds of arguments make three checks, each with a title of its own."""
    source = """
        import numpy as np

        def doubled(x):
            ### BEGIN SOLUTION
            return [2 * each for each in x] if isinstance(x, list) else 2 * x
            ### END SOLUTION

        if __name__ == "__main__":
            doubled(np.arange(4.0))
            doubled(3.0)
            doubled([1.0, 2.0])
        """
    drafted(root, source)
    titles = [check.title for question in loader.load(root, "fresh").assignment.questions for check in question.checks]
    assert any("arguments of another kind" in each for each in titles)
    assert any("arguments of a third kind" in each for each in titles)
    assert len(set(titles)) == len(titles)


def test_values_that_functions_use_belong_to_the_module(root) -> None:
    """In a notebook, a value that is computed and that a function uses is there also where a script calls it."""
    cells = [
        "import numpy as np",
        "SCALE = np.full(2, 3.0)\nUNUSED = np.array([SCALE[0] / 0])\nTABLE = open('gone.txt').read()",
        "def scaled(x):\n    ### BEGIN SOLUTION\n    return SCALE * x\n    ### END SOLUTION",
    ]
    made = [
        {"cell_type": "code", "id": str(n), "metadata": {}, "source": s, "outputs": [], "execution_count": None}
        for n, s in enumerate(cells)
    ]
    folder = root.parent / "solved"
    folder.mkdir()
    notebook = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "hw.ipynb").write_text(json.dumps(notebook))
    (folder / "show.py").write_text("from hw import scaled\nimport numpy as np\nscaled(np.array([1.0, -2.0]))\n")
    start_from(root, "fresh", Recipe(folder / "hw.ipynb", folder / "show.py", seconds=20))
    assert "scaled_agrees_with_the_reference" in written(root)


class TestSearches:
    """A search gives the best of its trials, whichever measure it draws."""

    SEARCH = """
        import numpy as np

        def search(x, y, rates):
            "Returns (best rate, trials): a dictionary for each rate, with its rate and its score."
            ### BEGIN SOLUTION
            rng = np.random.default_rng(0)
            trials = []
            for rate in rates:
                trials.append({"rate": rate, "score": float(rng.normal()) - abs(rate)})
            rate = max(trials, key=lambda each: each["score"])["rate"]
            return rate, trials
            ### END SOLUTION

        if __name__ == "__main__":
            rng = np.random.default_rng(0)
            search(rng.normal(size=(6, 2)), rng.normal(size=6), [0.1, 0.5, 1.0])
        """

    def test_the_best_trial_is_asked_for(self, root) -> None:
        """The worst trial, a wrong setting and a missing key are noticed, although the scores are drawn."""
        text = drafted(root, self.SEARCH)
        assert "best_of(" in text
        assert faults(root) == []
        assert faults(root, ("rate = max(", "rate = min("))
        assert faults(root, ('"rate": rate,', '"rate": 2 * rate,'))
        assert faults(root, ('"rate": rate,', ""))

    def test_a_training_that_does_not_learn_is_noticed(self, root) -> None:
        """Histories that fall with the reference fall under most seeds, or the check fails."""
        drafted(
            root,
            """
            import numpy as np

            def train(epochs):
                ### BEGIN SOLUTION
                w, losses = np.random.standard_cauchy(), []
                for epoch in range(epochs):
                    w = 0.5 * w
                    losses.append(abs(w))
                return {"losses": losses}
                ### END SOLUTION

            if __name__ == "__main__":
                train(4)
            """,
        )
        assert faults(root) == []
        assert faults(root, ("w = 0.5 * w", "pass"))


COUNTED = '''
    import numpy as np

    def clear_negatives(a):
        """Set the negative entries of the array a to zero, in place; returns how many there were."""
        ### BEGIN SOLUTION
        found = a < 0
        count = int(found.sum())
        a[found] = 0.0
        return count
        ### END SOLUTION

    if __name__ == "__main__":
        print(clear_negatives(np.array([1.0, -2.0, 3.0, -0.5])))
'''


def test_a_function_that_returns_something_and_changes_its_argument_is_checked_for_both(root) -> None:
    """A solution that returns the right number and changes nothing fails the drafted checks."""
    text = drafted(root, COUNTED)
    assert "clear_negatives_changes_its_arguments" in text
    assert faults(root) == []
    assert len(faults(root, ("a[found] = 0.0", "pass"))) == 1
    assert faults(root, ("return count", "return count + 1"))

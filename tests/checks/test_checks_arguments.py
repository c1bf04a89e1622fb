"""Wrong arguments of checks blame the check: one sentence that names the argument, what was given, and what may be."""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_checks_manual import EXAMPLES, NAMES

from autograder import checks
from autograder.checks.arguments import COUNT, SHAPE, TEXT, either, optional, takes
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.messages import TO_BE_CORRECTED
from autograder.results import Verdict

FLATS = pd.DataFrame({"city": ["Ulm", "Bonn"], "rooms": [1, 2]})
RNG = np.random.default_rng(0)


def train(*_: object) -> Any:
    """What no test here calls."""
    raise AssertionError("a wrong argument is reported before anything is run")


SENTENCES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: checks.close(1, 1, "loss", 1e-6),  # type: ignore[misc]
        "close(...): too many arguments without a name; only got and want can be given without one, all others by "
        "name: name=..., rtol=..., atol=..., n=...",
    ),
    (
        lambda: checks.table(FLATS, FLATS, colums=["city"]),  # type: ignore[call-arg]
        "table(...): there is no argument 'colums'; its arguments are got, ",
    ),
    (lambda: checks.close(1), "close(...): the argument 'want' is missing; its arguments are got, want, name"),  # type: ignore[call-arg]
    (
        lambda: checks.table(FLATS, FLATS, columns="city"),
        "table(columns='city'): give labels in brackets, such as [\"price\"], or None.",
    ),
    (
        lambda: checks.table(FLATS, FLATS, columns=["cty"]),
        "table(columns=['cty']): the expected table has no column 'cty'; its columns are ['city', 'rooms'].",
    ),
    (
        lambda: checks.table(FLATS, FLATS, dtypes={"room": "int64"}),
        "table(dtypes={'room': 'int64'}): the expected table has no column 'room'; its columns are ['city', 'rooms'].",
    ),
    (
        lambda: checks.table(FLATS, FLATS, sorting=["rooms", "-cty"]),
        "table(sorting=['rooms', '-cty']): the expected table has no column 'cty'; its columns are ['city', 'rooms'].",
    ),
    (
        lambda: checks.table(FLATS, FLATS, dtypes={"rooms": "float"}),
        "table(dtypes={'rooms': 'float'}): 'float' of 'rooms' is no dtype; write 'float64'.",
    ),
    (
        lambda: checks.table(FLATS, FLATS, dtypes={"rooms": "flot"}),
        "table(dtypes={'rooms': 'flot'}): 'flot' of 'rooms' is no dtype; write it as df.dtypes does, such as 'float64'",
    ),
    (lambda: checks.table(FLATS, FLATS, order="row"), "table(order='row'): give 'both', 'columns', 'rows' or 'none'."),
    (lambda: checks.table(FLATS, {"a": 1}), "table(expected={'a': 1}): give a list for each column."),
    (lambda: checks.close(1.0, 1.0, rtol="loose"), "close(rtol='loose'): give a number from 0."),
    (lambda: checks.close(1.0, 1.0, atol=-1), "close(atol=-1): give a number from 0."),
    (lambda: checks.close([1.0], [1.0], n=2.5), "close(n=2.5): give a whole number from 0."),
    (lambda: checks.same(1, 1, name=3), "same(name=3): give a text in quotes."),
    (lambda: checks.shape([1], 1), "shape(expected=1): give a shape, such as (3, None)."),
    (lambda: checks.accuracy([0, 1], ["a", "b"]), "accuracy(y=['a', 'b']): give numbers, as an array or a list."),
    (lambda: checks.accuracy([0, 1], [0.5, 1]), "accuracy(y=[0.5, 1]): give labels, which are whole numbers."),
    (lambda: checks.r2([0, 1], None), "r2(y=None): give numbers, as an array or a list."),
    (
        lambda: checks.accuracy([0, 1], [0, 1]).points_at([0.9]),
        "Measurement.points_at(thresholds=[0.9]): give thresholds with the share of the points of each",
    ),
    (lambda: checks.accuracy([0], [0]).points_at({0.9: 5}), "Measurement.points_at(thresholds={0.9: 5}): give"),
    (lambda: checks.Measurement(7.0, 10), "Measurement(value=7): give a fraction from 0 to 1, or interval="),
    (lambda: checks.over_seeds(train, 3), "Seeds are derived from a numpy Generator, such as the `rng`"),
    (lambda: checks.over_seeds(train, RNG, rule="mean"), "over_seeds(rule='mean'): give 'best', 'median', 'all' or"),
    (lambda: checks.raises(ValueError, train), "raises(exception=<class 'ValueError'>): give a text in quotes."),
    (lambda: checks.curve([2, 1]).steady(80), "Curve.steady(share=80): give a number from 0 to 1."),
    (lambda: checks.weights_changed([1.0], [2.0], names="w"), "weights_changed(names='w'): give texts in brackets"),
    (lambda: checks.gradient_matches([1.0], [1.0], rng=0), "gradient_matches(rng=0): give a numpy Generator"),
    (lambda: checks.faster_than(train, 3.0, factor=2), "faster_than(baseline=3): give a function, such as a lambda."),
    (lambda: checks.grid_scores({}, "ridge__alpha"), "grid_scores(axes='ridge__alpha'): give pairs of a parameter and"),
    (lambda: checks.no_loops("def f(): pass", "f"), "no_loops(source='def f(): pass'): give what student.source_of"),
    (lambda: checks.parameter_points(RNG, 3), "parameter_points needs a shape for each parameter, such as"),
    (lambda: checks.relative_error([1.0], [1.0, 2.0]), "relative_error(b=[1.0, 2.0]): give numbers, both of one"),
    (
        lambda: checks.faster_than(train, train, factor=2, inputs=lambda: None),
        "inputs= must return arguments in a tuple, such as (X, y); it returned None.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), SENTENCES, ids=[sentence[:50] for _, sentence in SENTENCES])
def test_a_wrong_argument_is_the_instructor_s(call: Callable[[], object], sentence: str) -> None:
    """One sentence names the function, the argument, what was given, and what may be given."""
    with pytest.raises(InstructorError) as raised:
        call()
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


BAD: list[Any] = [
    *(None, "x", b"x", -1, 3.5, float("nan"), 10**400, True, [], {}, object(), [None], ["x"], {"x": 1}, (1, 2, 3)),
    *(np.zeros((2, 2)), np.array(["x"]), lambda *_: None),
]
CLASSES = [each for each in vars(checks).values() if inspect.isclass(each)]
RECORDS = {"Cost", "Layer", "Measured", "Parameter", "Structure", "Threshold"}  # the toolkit makes them
OWN_CODE = {("autograd_gradient", "at"), ("central_differences", "at")}  # goes into the instructor's own function


def named(call: ast.Call) -> Iterator[Callable[..., Any]]:
    """The functions of the kit that a call in an example may mean."""
    if isinstance(call.func, ast.Name) and call.func.id not in RECORDS:
        yield from filter(None, [getattr(checks, call.func.id, None)])
    elif isinstance(call.func, ast.Attribute):
        methods = [vars(each).get(call.func.attr) for each in CLASSES]
        yield from [each for each in methods if inspect.isfunction(each)][:1]


def wronged() -> Iterator[tuple[str, str, str]]:
    """Each example of the manual with each argument of its calls replaced by `BAD`: function, argument, code."""
    seen = set()
    for example, _ in EXAMPLES:
        tree = ast.parse(example, mode="eval")
        for place, call in enumerate(each for each in ast.walk(tree) if isinstance(each, ast.Call)):
            for function in named(call):
                own = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
                for number, parameter in enumerate(own):
                    name = function.__qualname__, parameter.name
                    if name in seen | OWN_CODE or parameter.kind is parameter.VAR_KEYWORD:
                        continue
                    changed = copy.deepcopy(tree)
                    other = [each for each in ast.walk(changed) if isinstance(each, ast.Call)][place]
                    bad = ast.Name("BAD", ast.Load())
                    if parameter.kind is parameter.VAR_POSITIONAL or number < len(other.args):
                        other.args[number:] = [bad, *other.args[number + 1 :]]
                    else:
                        remaining = [each for each in other.keywords if each.arg != parameter.name]
                        other.keywords = [*remaining, ast.keyword(parameter.name, bad)]
                    seen.add(name)
                    yield *name, ast.unparse(ast.fix_missing_locations(changed))


WRONGED = tuple(wronged())


def test_the_table_of_wrong_arguments_is_long() -> None:
    """Every function of the kit that takes an answer is in it."""
    functions = {name.partition(".")[0] for name, _, _ in WRONGED}
    untried = {name for name in checks.__all__ if inspect.isfunction(getattr(checks, name))} - functions
    assert not untried - {"real"}
    assert len(WRONGED) > 150


@pytest.mark.parametrize("code", [code for *_, code in WRONGED], ids=[f"{f} {a}" for f, a, _ in WRONGED])
@pytest.mark.filterwarnings("ignore")
def test_whatever_an_argument_is_the_sentence_is_ours(code: str) -> None:
    """A bad value passes, fails the check or is the instructor's mistake; Python's own errors never come through."""
    for bad in BAD:
        try:
            eval(code, {**NAMES, "BAD": bad})
        except CheckFailed:
            continue
        except InstructorError as error:
            assert str(error).endswith(".")
        except IndexError:
            assert code.endswith("[0]")  # the example takes the first of no alarms
        except AttributeError as error:
            assert code.rpartition(".")[2] in str(error)  # the example asks for an attribute of what came


def test_rules_know_their_values() -> None:
    """Ordinary forms of a value are one; what only looks like it is none."""
    assert all(map(COUNT.holds, (0, 3, np.int64(3), 3.0)))
    assert not any(map(COUNT.holds, (-1, True, "3", None, 2.5, float("inf"), 10**400)))
    assert all(map(SHAPE.holds, ((), (3, None), [2, 2], (np.int64(2),))))
    assert not any(map(SHAPE.holds, (3, "32", (-1,), {3: 1}, (2.5,))))
    assert optional(TEXT).holds(None)
    assert either(TEXT, COUNT).allowed == "a text in quotes, or a whole number from 0"


def test_rules_hold_for_positional_and_further_arguments() -> None:
    """However an argument is given, it is examined; the function keeps its name and signature."""

    @takes(first=COUNT, rest=TEXT, more=TEXT)
    def asked(first: int, *rest: str, more: str = "") -> int:
        """Its own words."""
        return first + len(rest) + len(more)

    assert asked(1, "a", more="b") == 3
    assert (asked.__name__, asked.__doc__) == ("asked", "Its own words.")
    for call in (lambda: asked(-1), lambda: asked(first=-1), lambda: asked(1, "a", 2), lambda: asked(1, more=3)):
        with pytest.raises(InstructorError, match=r"asked\((first|rest|more)=.*\): give "):
            call()


def test_a_wrong_argument_costs_nobody_a_point(course: Path, hand_in, bubblewrap) -> None:
    """In grading such a check is INTERNAL for right and wrong work alike, and staff read which argument to correct."""
    body = '\n\n@doubling.check(points=1)\ndef more(student):\n    """."""\n    close(student.double(2), 4, rtol="x")\n'
    with (course / "assignments" / "small" / "assignment.py").open("a") as file:
        file.write(body)
    text = (course / "reference" / "small" / "hw.py").read_text()
    for student, source in (("right", text), ("wrong", text.replace("2 * x", "3 * x"))):
        report = grade(load(course, "small"), hand_in(source, student=student), bubblewrap, None, RunOptions(seed="s"))
        found = next(check for question in report.questions for check in question.checks if check.id == "more")
        assert found.verdict is Verdict.INTERNAL
        assert found.staff_message == f"{TO_BE_CORRECTED}: close(rtol='x'): give a number from 0."


@pytest.mark.parametrize(
    ("pred", "sentence"),
    [
        (
            [0.2, 0.7, 0.9],
            "The prediction holds probabilities such as 0.2; expected labels: the class of the",
        ),
        ([[0.2], [0.7], [0.9]], "The prediction holds probabilities such as 0.2; expected labels"),
        (0.93, "The prediction is one number (0.93); expected the labels of 3 samples."),
    ],
)
def test_probabilities_in_place_of_labels_are_recognised(pred: object, sentence: str) -> None:
    """The sentence says what came and how labels are made of it; scores of classes and labels are not changed."""
    with pytest.raises(CheckFailed) as failed:
        checks.accuracy(pred, [0, 1, 1])
    assert str(failed.value).startswith(sentence)
    assert checks.accuracy([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5]], [0, 1, 1]).value == pytest.approx(2 / 3)
    assert checks.accuracy([0.0, 1.0, 0.5], [0, 1, 1]).value == pytest.approx(2 / 3)

"""The public tests of a release in a running notebook: on what its cells have defined, with verdicts below the cell.

`test_public.py` is read with a stand-in for pytest, so nothing but numpy is needed. The random numbers of the notebook
go on afterwards as if nothing had been tested. It is shipped to students.
"""

from __future__ import annotations

import ast
import inspect
import random
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..errors import CheckFailed, GraderError, StudentError, Verdict
from ..measurement import Credit
from ..wording import counted, series
from .kernel import Kernel, kernel_of
from .notebook_code import is_notebook
from .public_tests import attempted, called_in, not_attempted, rng_for
from .student import LocalStudent
from .variants import read_variant

__all__ = ["Hints", "LiveTests", "Outcome", "Result", "Verdicts"]

_MARKS = {"passed": "✓", "partly passed": "◐", "not attempted": "○"}
_FAILED = "✗"
_STUB = " is not written yet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test found: the verdict in words, the title of the test, what is wrong, and one's own traceback.

    Where something is not written yet, the title says what.
    """

    verdict: str
    title: str
    message: str = ""
    trace: str = ""

    @property
    def mark(self) -> str:
        """One character in front of the words."""
        return _MARKS.get(self.verdict, _FAILED)


@dataclass(frozen=True, slots=True)
class Result:
    """The outcomes of one question."""

    id: str
    title: str
    outcomes: tuple[Outcome, ...]

    @property
    def headline(self) -> str:
        """The question, and how many of its tests are passed."""
        passed = sum(each.verdict == "passed" for each in self.outcomes)
        said = f"{passed} of {counted(len(self.outcomes), 'public test')} passed" if self.outcomes else _NO_TESTS
        if [each.verdict for each in self.outcomes] == ["not attempted"]:
            said = "not attempted"
        return f"({self.id}) {self.title}: {said}"


_NO_TESTS = "no public tests; it is tested when your work is graded"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a notebook shows below ``check(...)``; `said` is a sentence in place of results."""

    results: tuple[Result, ...] = ()
    said: str = ""

    def __repr__(self) -> str:
        lines = [self.said] if self.said else []
        for result in self.results:
            lines.append(result.headline)
            for each in result.outcomes:
                lines.append(f"  {each.mark} {each.verdict}: {each.title}")
                lines += [f"      {line}" for text in (each.message, each.trace) for line in text.splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self.said)}</p>"] if self.said else []
        for result in self.results:
            parts.append(f"<p><strong>{escape(result.headline)}</strong></p>")
            items = "".join(f"<li>{_html_of(each)}</li>" for each in result.outcomes)
            parts.append(f'<ul style="list-style: none; padding-left: 1em">{items}</ul>' if items else "")
        return f"<div>{''.join(parts)}</div>"


def _html_of(outcome: Outcome) -> str:
    text = f'<span aria-hidden="true">{outcome.mark}</span> <strong>{escape(outcome.verdict)}</strong>: '
    text += escape(outcome.title)
    if outcome.message:
        text += f'<div style="padding-left: 1.5em; white-space: pre-wrap">{escape(outcome.message)}</div>'
    if outcome.trace:
        text += f'<pre style="padding-left: 1.5em">{escape(outcome.trace)}</pre>'
    return text


@dataclass(frozen=True, slots=True)
class Hints:
    """What a notebook shows below ``hint(...)``: the steps so far, and how to see the next."""

    steps: tuple[str, ...]
    said: str

    def __repr__(self) -> str:
        return "\n".join([*(f"{number}. {step}" for number, step in enumerate(self.steps, 1)), self.said])

    def _repr_html_(self) -> str:
        steps = "".join(f"<li>{escape(step)}</li>" for step in self.steps)
        return f"<div>{f'<ol>{steps}</ol>' if steps else ''}<p>{escape(self.said)}</p></div>"


class LiveTests:
    """The public tests in a folder, asked from a notebook; it remembers how many hints were given.

    Args:
        folder: holds ``test_public.py`` and ``conftest.py``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._given: dict[str, int] = {}

    @classmethod
    def beside(cls, kit: str) -> LiveTests:
        """Those of the release that holds the kit, or of the current folder, where the kit is an installed one."""
        release = Path(kit).parent.parent
        return cls(release if (release / "test_public.py").is_file() else Path.cwd())

    def check(self, questions: Sequence[str], names: Mapping[str, Any]) -> Verdicts | None:
        """The verdicts of some questions, or all; None where `names` are not those of a running notebook."""
        kernel = kernel_of(names)
        if kernel is None:
            return None
        try:
            tests = _read(self.folder)
        except _CannotTest as error:
            return Verdicts(said=str(error))
        if unknown := [each for each in questions if not _is_known(each, tests)]:
            return Verdicts(said=_unknown(unknown[0], tests.titles))
        files = _names(self.folder)
        live = next(iter(_by_what_is_there(files, names)), "")
        called = called_in(self.folder / "test_public.py")
        student = LocalStudent(self.folder, files, kernel=kernel.running(live, self.folder), functions=called)
        with _random_numbers_kept():
            results = [_tested(each, tests, student, self.folder, files, kernel) for each in questions or tests.titles]
        return Verdicts(tuple(results))

    def hint(self, question: str | None, names: Mapping[str, Any]) -> Hints | None:
        """One hint more than the last time; None where `names` are not those of a running notebook."""
        if kernel_of(names) is None:
            return None
        try:
            tests = _read(self.folder)
        except _CannotTest as error:
            return Hints((), str(error))
        if question is None:
            return Hints((), f"Name a question, such as hint({next(iter(tests.titles), 'a')!r}).")
        if not _is_known(question, tests):
            return Hints((), _unknown(question, tests.titles))
        steps = tests.hints.get(question, ())
        if not steps:
            return Hints((), f"There is no hint for question ({question}).")
        count = self._given[question] = min(self._given.get(question, 0) + 1, len(steps))
        left = len(steps) - count
        more = f'{counted(left, "more hint")}: call hint("{question}") again.' if left else "That is all."
        return Hints(tuple(steps[:count]), more)


# --- test_public.py, read without pytest ---


class _CannotTest(Exception):
    """The folder's tests cannot be used; one sentence for the student."""


@dataclass(slots=True)
class _Tests:
    """What `test_public.py` defines; filled while it is read."""

    titles: dict[str, str] = field(default_factory=dict)
    functions: list[FunctionType] = field(default_factory=list)
    fixtures: dict[str, FunctionType] = field(default_factory=dict)
    hints: Mapping[str, Sequence[str]] = field(default_factory=dict)


class _Marks:
    """`pytest.mark`: what it notes on a function, `call` reads; every other mark changes nothing."""

    def question(self, id: str, title: str) -> Callable[[FunctionType], FunctionType]:
        return _noting(question=(id, title))

    def parametrize(self, _: str, cases: Sequence[str]) -> Callable[[FunctionType], FunctionType]:
        return _noting(cases=tuple(cases))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *_, **__: _noting()


def _noting(**notes: Any) -> Callable[[FunctionType], FunctionType]:
    def noted(function: FunctionType) -> FunctionType:
        vars(function).update(notes)
        return function

    return noted


def _read(folder: Path) -> _Tests:
    """The tests in a folder.

    Raises:
        _CannotTest: there are none, or something that they import is not installed.
    """
    path = folder / "test_public.py"
    found = _Tests()

    def fixture(name: str) -> Callable[[FunctionType], FunctionType]:
        return lambda function: found.fixtures.setdefault(name, function)

    pytest, module = ModuleType("pytest"), ModuleType("test_public")
    vars(pytest).update(mark=_Marks(), fixture=fixture)
    module.__file__ = str(path)
    standing_in: dict[str, ModuleType] = {"pytest": pytest, "test_public": module}
    before = {name: sys.modules.get(name) for name in standing_in}
    try:
        sys.modules.update(standing_in)
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102
    except FileNotFoundError:
        raise _CannotTest(
            f"There is no test_public.py in {folder}; open the notebook in the folder that you were given, "
            "with everything that lies beside it."
        ) from None
    except ImportError as error:
        raise _CannotTest(
            f"The public tests need {error.name}, which is not installed: %pip install -r requirements.txt"
        ) from None
    finally:
        for name, old in before.items():
            sys.modules.pop(name, None)
            if old is not None:
                sys.modules[name] = old
    for value in vars(module).values():
        question = getattr(value, "question", None)
        if isinstance(value, FunctionType) and question:
            found.titles.setdefault(*question)
            found.functions.append(value)
    found.hints = getattr(module, "HINTS", {})
    return found


def _names(folder: Path) -> dict[str, str]:
    """Each public name with its file, as `conftest.py` lists them."""
    for node in ast.parse((folder / "conftest.py").read_bytes()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NAMES":
            found: dict[str, str] = ast.literal_eval(node.value)
            return found
    return {}


def _by_what_is_there(files: Mapping[str, str], names: Mapping[str, Any]) -> list[str]:
    """The notebooks among the files, first the one that most of the names in the running one are of."""
    count = {file: 0 for file in files.values() if is_notebook(file)}
    for name, file in files.items():
        if file in count:
            count[file] += name in names
    return sorted(count, key=lambda file: -count[file])


def _is_known(question: object, tests: _Tests) -> bool:
    return isinstance(question, str) and question in tests.titles


def _unknown(question: object, titles: Iterable[str]) -> str:
    return f"There is no question {question!r}; the questions are {series(list(titles))}."


# --- running them ---


@contextmanager
def _random_numbers_kept() -> Iterator[None]:
    """What a test draws, the notebook still has before it."""
    torch = sys.modules.get("torch")
    before = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        if torch:
            torch.set_rng_state(before[2])


def _tested(
    question: str, tests: _Tests, student: LocalStudent, folder: Path, files: Mapping[str, str], kernel: Kernel
) -> Result:
    """The outcomes of the tests of a question; of one that is not written yet, that alone."""

    def ask(*solution: str) -> None:
        own = [name for name in solution if is_notebook(files[name.partition(".")[0]])]
        if waiting := [name for name in own if not _is_written(name, kernel.names)]:
            raise not_attempted(waiting)
        attempted(folder, files, [name for name in solution if name not in own])

    outcomes = []
    for function in tests.functions:
        if vars(function)["question"][0] != question:
            continue
        if "attempted" in inspect.signature(function).parameters:
            outcome = _outcome(function, "", {"attempted": ask}, tests)
            if outcome.verdict != "passed":
                return Result(question, tests.titles[question], (outcome,))
            continue
        given = {"student": student, "variant": partial(read_variant, folder)}
        outcomes += [_outcome(function, case, given, tests) for case in vars(function).get("cases", ("",))]
    return Result(question, tests.titles[question], tuple(outcomes))


def _outcome(function: FunctionType, case: str, given: Mapping[str, Any], tests: _Tests) -> Outcome:
    name = f"{function.__name__}[{case}]" if case else function.__name__
    title = " ".join((inspect.getdoc(function) or function.__name__).split("\n\n")[0].split())
    title = f"{title} [{case}]" if case else title
    available = {**given, "case": case, "rng": rng_for(name)}
    try:
        result = _call(function, available, tests)
    except StudentError as error:
        if error.verdict == Verdict.NOT_ATTEMPTED:
            return Outcome("not attempted", error.message.removeprefix("Not attempted: "))
        return Outcome("failed", title, error.message, error.trace)
    except CheckFailed as error:
        return Outcome("failed", title, str(error))
    except GraderError as error:
        return Outcome("not tested", title, f"The test itself failed, which is no fault of yours: {error}")
    except Exception as error:  # noqa: BLE001  (a mistake in a test must not look like one of the student's)
        reason = "".join(traceback.format_exception_only(error)).strip()
        return Outcome("not tested", title, f"The test itself failed, which is no fault of yours: {reason}")
    if isinstance(result, Credit) and result.fraction < 1:
        verdict = "partly passed" if result.fraction > 0 else "failed"
        return Outcome(verdict, title, f"{result.fraction:.0%} of the points. {result.message}".rstrip())
    return Outcome("passed", title)


def _call(function: FunctionType, available: Mapping[str, Any], tests: _Tests) -> Any:
    """Call a test or what it builds on, with what its parameters name."""
    given = {}
    for parameter in inspect.signature(function).parameters:
        known = parameter in available
        if parameter == "variant":
            given[parameter] = available[parameter]()
            continue
        given[parameter] = available[parameter] if known else _call(tests.fixtures[parameter], available, tests)
    return function(**given)


def _is_written(name: str, names: Mapping[str, Any]) -> bool:
    """Whether a function, class or method of the running notebook is there and no stub any more."""
    first, *inner = name.split(".")
    value = names.get(first, ...)
    for each in inner:
        value = getattr(value, each, ...)
    if value is ...:
        return False
    methods = list(vars(value).values()) if isinstance(value, type) else [value]
    functions = [inspect.unwrap(getattr(each, "__func__", each)) for each in methods if callable(each)]
    return not any(_holds_stub(each.__code__) for each in functions if isinstance(each, FunctionType))


def _holds_stub(code: CodeType) -> bool:
    if "NotImplementedError" in code.co_names and any(
        isinstance(each, str) and each.endswith(_STUB) for each in code.co_consts
    ):
        return True
    return any(_holds_stub(each) for each in code.co_consts if isinstance(each, CodeType))

"""Doctests and files of tests as checks of the functions that they call, each tried on the reference first."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from autograder.scaffold.foreign_tests import Foreign, doctests_in, tests_in
from autograder.scaffold.helpers import AGREE
from autograder.scaffold.recorded_functions import Drafted
from autograder.scaffold.trial_runner import Failed, TrialRunner
from autograder.scaffold.writing import DraftedCheck

__all__ = ["add_doctests", "add_tests"]


SEEDS = (1, 2, 3, 4)


def add_doctests(drafted: Sequence[Drafted], sources: Mapping[str, str], trial_runner: TrialRunner) -> None:
    """Put a public check of the examples in a docstring in the place of the one with a made-up example.

    Args:
        drafted: each function.
        sources: the text of the module of each function, by the function's name.
        trial_runner: where checks are tried.
    """
    for each in drafted:
        found = _docstring(each.name, sources[each.name])
        test = doctests_in(each.name, *found, tuple(trial_runner.names)) if found else None
        if test is None:
            continue
        why = test.stays or _fault(test, trial_runner)
        if why:
            each.notes.append(f"{each.name}: the doctest at line {test.line} {why}.")
            continue
        each.checks[:] = [check for check in each.checks if not check.id.endswith("_of_a_small_example")]
        each.checks.insert(0, _draft(test, test.id))


def add_tests(
    drafted: Sequence[Drafted], files: Mapping[str, str], modules: Sequence[str], trial_runner: TrialRunner
) -> list[str]:
    """Add each test of some files to the function that it calls first; returns sentences on what became no check.

    Args:
        drafted: each function.
        files: the text of each file of tests.
        modules: names of the reference's modules.
        trial_runner: where checks are tried.
    """
    notes = []
    taken = {check.id for each in drafted for check in each.checks}
    for file, text in files.items():
        try:
            tests = tests_in(text, tuple(trial_runner.names), modules)
        except SyntaxError as error:
            notes.append(f"{file}:{error.lineno}: this is no Python ({error.msg}).")
            continue
        for test in tests:
            owner = _owner(test, drafted)
            why = test.stays or _fault(test, trial_runner)
            if why or owner is None:
                notes.append(f"{file}:{test.line}: {test.id} {why or 'calls nothing that students write'}.")
                continue
            name, count = test.id, 1
            while name in taken:
                count += 1
                name = f"{test.id}_{count}"
            taken.add(name)
            owner.checks.append(_draft(test, name))
    return notes


def _docstring(name: str, source: str) -> tuple[str, int] | None:
    """The docstring of a function or method, and the line on which it begins."""
    owner, _, short = name.rpartition(".")
    for node in ast.parse(source).body:
        inner = node.body if isinstance(node, ast.ClassDef) and node.name == owner else [] if owner else [node]
        for each in inner:
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name == short:
                text = ast.get_docstring(each)
                return (text, each.body[0].lineno) if text else None
    return None


def _fault(test: Foreign, trial_runner: TrialRunner) -> str:
    """Why a test is no fair check, as the end of a sentence; "" if it is one."""
    helper = _helper(test)
    try:
        trial_runner.run(test.lines, helper, seed=SEEDS[0])
    except Failed as error:
        return f"does not hold for the reference as a check ({str(error).rstrip('.')})"
    if not trial_runner.passes(test.lines, helper, seeds=SEEDS):
        return "asks for the random draws of the reference itself, which a right solution may draw otherwise"
    return ""


def _owner(test: Foreign, drafted: Sequence[Drafted]) -> Drafted | None:
    """The function that a test is about: the first that it calls, of a class the first of its methods."""
    text = "\n".join(test.lines)
    for name in test.names:
        for each in drafted:
            if each.name == name:
                return each
        methods = [each for each in drafted if each.name.startswith(f"{name}.")]
        called = [each for each in methods if re.search(rf"\.{re.escape(each.name.rpartition('.')[2])}\(", text)]
        if called or methods:
            return (called or methods)[0]
    return None


def _helper(test: Foreign) -> str:
    return AGREE if any(re.search(r"\bagree\(", line) for line in test.lines) else ""


def _draft(test: Foreign, id: str) -> DraftedCheck:
    text = "\n".join(test.lines)
    names = tuple(name for name in ("student", "reference", "rng") if re.search(rf"\b{name}\b", text))
    hint = "Call it as its docstring describes, and compare." if test.hidden else ""
    return DraftedCheck(id, test.title, test.lines, test.hidden, names, hint, _helper(test), test.points)

"""The process that runs an instructor's example: what to do comes in as JSON, what was found goes out as JSON.

`python -m autograder.scaffold.child TASK ANSWER` reads the file TASK and writes the file ANSWER. Meanwhile the file
that the task calls `at` holds the name of the function that is being drafted: should that one end the process, the
task comes again, with its name among those that `crashed`.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import resource
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.assignment.interface import interface_of
from autograder.scaffold.accuracy import accuracy_checks
from autograder.scaffold.drafting import draft
from autograder.scaffold.existing_tests import add_doctests, add_tests
from autograder.scaffold.files import beside, reading
from autograder.scaffold.recorded_functions import (
    Drafted,
    given_attributes,
    left_open,
    reproducible,
    settled,
    with_stated_values,
)
from autograder.scaffold.tracing import Cut, Traced, examples_in, trace
from autograder.scaffold.trial_runner import Failed, TrialRunner

__all__ = ["main", "parameters_of"]


def main(task_file: str, answer_file: str) -> None:
    """Trace the example and draft the checks; the answer is {"drafted": ..., "cut": ...} or {"fault": sentence}."""
    task = json.loads(Path(task_file).read_text("utf-8"))
    folder = Path(task["folder"])
    try:
        answer = _work(task, folder)
    except Cut:
        answer = {
            "fault": f"{folder}: importing the modules takes longer than {task['seconds']:g} s; give it --seconds."
        }
    except BaseException as error:  # noqa: BLE001 (whatever the example raises is a sentence for its author)
        answer = {"fault": _sentence(error, folder)}
    Path(answer_file).write_text(json.dumps(answer), encoding="utf-8")


def parameters_of(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Every function and method by qualified name, with its parameters; `self` and `cls` are left out."""
    found = {}
    for source in sources.values():
        for node in ast.parse(source).body:
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for each in node.body if isinstance(node, ast.ClassDef) else [node]:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    names = [arg.arg for arg in (*each.args.posonlyargs, *each.args.args)]
                    if owner and names and not any(ast.unparse(d) == "staticmethod" for d in each.decorator_list):
                        names = names[1:]
                    found[f"{owner}{each.name}"] = names + [arg.arg for arg in each.args.kwonlyargs]
    return found


def _work(task: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    sources: dict[str, str] = task["sources"]
    expected: list[tuple[str, str]] = [(file, name) for file, name in task["expected"]]
    sys.argv = [task["example"] or next(iter(sources)), *task["arguments"]]
    example = Path(task["example"]) if task["example"] else None
    own = example is not None or any(map(examples_in, sources.values()))
    with reading() as read:
        traced = trace(folder, sources, expected, example, task["seconds"], run=own)
    traced.calls = {name: with_stated_values(calls, sources) for name, calls in traced.calls.items()}
    given_files = beside(Path(task["home"]), read.paths, sys.modules, sources)
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close("all")
    names = [name for _, name in expected]
    public = interface_of(sources, expected=set(names)).names
    trial_runner = TrialRunner(folder, public, names, settled(sources), reproducible(sources), left_open(sources))
    given = {owner: names for file, text in sources.items() for owner, names in given_attributes(text, file).items()}
    parameters = parameters_of(sources)
    crashed: dict[str, str] = task["crashed"]
    at = Path(task["at"])
    if own:
        drafted = []
        for file, name in expected:
            at.write_text(name, encoding="utf-8")
            if name in crashed:
                drafted.append(Drafted(name, notes=[_crash(name, crashed[name])]))
            else:
                drafted.append(_drafted(name, traced, sources[file], given, trial_runner, parameters))
                _add_accuracy(drafted[-1], traced, trial_runner, parameters, given)
        at.unlink()
    else:
        drafted = [Drafted(name) for _, name in expected]
    add_doctests(drafted, {name: sources[file] for file, name in expected}, trial_runner)
    notes = add_tests(drafted, task["tests"], [Path(file).stem for file in sources], trial_runner)
    for each in drafted:
        if any(note.endswith("the example never calls it.") for note in each.notes) and each.checks:
            each.notes.clear()
        elif not each.checks and not each.notes:
            each.notes.append(f"{each.name}: no example and no test calls it.")
    seconds, mib = _measured(drafted, trial_runner)
    return {
        "drafted": [asdict(each) for each in drafted],
        "cut": traced.cut,
        "example": traced.example,
        "notes": notes,
        "seconds": seconds,
        "example_seconds": traced.seconds,
        "mib": mib,
        "beside": given_files,
    }


def _drafted(
    name: str,
    traced: Traced,
    source: str,
    given: Mapping[str, Any],
    trial_runner: TrialRunner,
    parameters: Mapping[str, list[str]],
) -> Drafted:
    """The checks of one function; where drafting them fails, that is said, and the others get theirs."""
    try:
        return draft(name, traced, source, given, trial_runner, parameters)
    except Exception as error:  # noqa: BLE001 (a fault of this toolkit, which must not cost the other functions theirs)
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}: {' '.join(str(error).split())}"
        note = f"{name}: no check could be drafted, by a fault of autograder's ({text.rstrip('.')}); write one."
        return Drafted(name, notes=[note])


def _measured(drafted: list[Drafted], trial_runner: TrialRunner) -> tuple[float, int]:
    """CPU seconds of the checks of the slowest question, both sides together, and the peak of memory in MiB."""
    slowest = 0.0
    for each in drafted:
        begun = time.process_time()
        for check in each.checks:
            with contextlib.suppress(Failed):
                trial_runner.run(check.lines, check.helper, seed=1, seconds=60)
        slowest = max(slowest, time.process_time() - begun)
    return slowest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _crash(name: str, how: str) -> str:
    """What stands in the place of the checks of a function that ends the whole process."""
    return f"{name}: with inputs like the recorded ones it ended Python {how}, so no check could be drafted; write one."


def _add_accuracy(
    each: Drafted,
    traced: Traced,
    trial_runner: TrialRunner,
    parameters: Mapping[str, list[str]],
    given: Mapping[str, Any],
) -> None:
    found = accuracy_checks(each.name, traced, trial_runner, parameters, given)
    if found:
        each.checks.append(found)
        each.notes = [note for note in each.notes if "write one" not in note and "nothing that a check" not in note]


def _sentence(error: BaseException, folder: Path) -> str:
    """File, line and text of what the example raised; the line is the last one in the instructor's own files."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder] or [
        frame for frame in frames if "autograder" not in Path(frame.filename).parts and frame.filename[:1] == "/"
    ]
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}:{error.lineno}"
    else:
        place = f"{own[-1].filename}:{own[-1].lineno}" if own else str(folder)
    linecache.clearcache()
    text = " ".join(str(error).split()) or "no message"
    return f"{place}: the example raised {type(error).__name__}: {text}"


if __name__ == "__main__":
    main(*sys.argv[1:3])

"""Checks as pytest tests: each `assignment.py` is a file of tests, run on one submission in the course's sandbox.

`autograder.pytest_options` registers this when ``--submission`` is given. A check that is not passed is a failed
test with the check's sentence, and its frame in `assignment.py` is where ``--pdb`` begins; a check that is not run, or
meets the stub, is skipped; INTERNAL is an error.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

from autograder import loader
from autograder.assignment.question import Check, Question
from autograder.checks.errors import GraderError
from autograder.course import course_seed, find_root, open_course
from autograder.grading import Runner, RunOptions, Shared
from autograder.grading.context import Case
from autograder.grading.grading import drawn_for, restore_given
from autograder.grading.notebooks import repair_notebooks
from autograder.grading.predictions import HandedInPredictions
from autograder.grading.preparing import caps_for, dataset_for, settings_of, start_sandbox
from autograder.results import Verdict
from autograder.sandbox import Sandbox, note_on
from autograder.submissions import Recogniser, collect_one

if TYPE_CHECKING:
    from autograder.grading.sandboxes import Room

__all__ = ["Plugin"]

_FILE = "assignment.py"
_YOU = "submission"
_SKIPPED = (Verdict.SKIPPED, Verdict.NOT_ATTEMPTED)


class Plugin:
    """What pytest asks, and the benches on which the checks of each assignment run."""

    def __init__(self, config: pytest.Config) -> None:
        for path in config.getoption("submission"):
            if not (config.invocation_params.dir / path).exists():
                raise pytest.UsageError(f"--submission: {path} does not exist; name a file, a folder or an archive.")
        self.all_prepared: list[_Prepared] = []
        for kind, who in (("hidden", "staff only"), ("public", "students, too")):
            config.addinivalue_line("markers", f"{kind}: a check that is run by {who}.")

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """An assignment.py is ours alone, also when it is named in the call."""
        found = yield
        if file_path.name != _FILE:
            return found
        return [_AssignmentFile.from_parent(parent, path=file_path, plugin=self)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What is our own fault is no failed test, but an error."""
        report = yield
        if isinstance(item, _CheckItem) and item.internal and report.when == "call":
            report.when = "setup"  # pytest's word for it: a failure that is not the test's
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found out about submission and data."""
        for line in dict.fromkeys(line for prepared in self.all_prepared for line in prepared.notes):
            terminalreporter.write_line(line)

    def pytest_sessionfinish(self) -> None:
        """End every sandbox, and remove the copies."""
        for prepared in self.all_prepared:
            prepared.close()


class _Prepared:
    """One assignment and the submission, with a started sandbox from the first check on."""

    def __init__(self, config: pytest.Config, file: Path) -> None:
        self.root = find_root(file.parent)
        self.loaded = loader.load(self.root, file.parent.name)
        self.config = config
        self.notes: list[str] = []
        self.said: dict[str, str] = {}  # sentences about errors, with the check that said each first
        self._open = ExitStack()
        self._runner: Runner | None = None
        self._room: tuple[str, Room] | None = None
        self._broken = ""

    def runner(self) -> Runner:
        """Who runs the checks; the first call stages the submission and starts the sandbox.

        Raises:
            GraderError: it cannot be done; a later call says the same at once.
        """
        if self._broken:
            raise GraderError(self._broken)
        if self._runner is None:
            try:
                self._runner = self._start()
            except GraderError as error:
                self._broken = str(error)
                raise
        return self._runner

    def _start(self) -> Runner:
        config, loaded = self.config, self.loaded
        _, course = open_course(self.root)
        here = config.invocation_params.dir
        paths = [here / path for path in config.getoption("submission")]
        data = config.getoption("submission_data")
        dataset, said = dataset_for(loaded, settings_of(Path(data) if data else None, course, loaded))
        options = RunOptions(
            course_seed(None, os.environ),
            config.getoption("submission_full"),
            limits=dict(course.limits.get(loaded.id, {})),
        )
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="autograder-pytest-"))
        recogniser = Recogniser.of(loaded, accept=course.accept_close_names)
        caps = caps_for(loaded, dataset)
        submission = collect_one(tuple(paths), loaded.assignment.handed_in, Path(folder), _YOU, caps, recogniser)
        asked = config.getoption("submission_sandbox") or course.sandbox
        backend: Sandbox = start_sandbox(asked, loaded)
        sandbox = self._open.enter_context(backend)
        if asked == "auto" and (note := note_on(sandbox.name)):
            self.notes.append(note)
        if sandbox.name == "none":
            self.notes.append("Sandbox: none. The submission ran as you, with no isolation; only for your own code.")
        variant = loaded.example_variant
        shared = self._open.enter_context(Shared())
        notebooks = repair_notebooks(loaded, submission, shared.reader, variant)
        predictions = HandedInPredictions(loaded, submission.folder, options.seed, shared.predictions)
        restored = restore_given(loaded, submission, dataset, variant)
        said_of_variant = drawn_for(variant)
        self.notes += [*filter(None, [said]), *submission.notes, *said_of_variant, *restored, *notebooks.notes]
        case = Case(loaded, submission, sandbox, dataset, options, variant, predictions, notebooks=notebooks)
        self._open.callback(case.close)
        return Runner(case)

    def room(self, question: Question) -> Room:
        """The sandbox of a question; that of another one ends."""
        if self._room is None or self._room[0] != question.id:
            self.leave()
            self._room = (question.id, self.runner().room(question))
        return self._room[1]

    def leave(self) -> None:
        if self._room is not None:
            self._room[1].close()
        self._room = None

    def close(self) -> None:
        self.leave()
        self._open.close()


class _AssignmentFile(pytest.File):
    """One assignment.py of a course."""

    def __init__(self, *, plugin: Plugin, **more: Any) -> None:
        super().__init__(**more)
        self.plugin = plugin

    def collect(self) -> Iterator[pytest.Collector]:
        """Its questions."""
        try:
            prepared = _Prepared(self.config, self.path)
        except GraderError as error:
            raise self.CollectError(str(error)) from None
        self.plugin.all_prepared.append(prepared)
        for question in prepared.loaded.assignment.questions:
            if question.checks:
                yield _QuestionNode.from_parent(self, name=question.id, prepared=prepared, question=question)


class _QuestionNode(pytest.Collector):
    """One question."""

    def __init__(self, *, prepared: _Prepared, question: Question, **more: Any) -> None:
        super().__init__(**more)
        self.prepared = prepared
        self.question = question

    def collect(self) -> Iterator[pytest.Item]:
        """Its checks."""
        for check in self.question.checks:
            yield _CheckItem.from_parent(
                self, name=check.id, prepared=self.prepared, question=self.question, check=check
            )


class _CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, prepared: _Prepared, question: Question, check: Check, **more: Any) -> None:
        super().__init__(**more)
        self.prepared = prepared
        self.question = question
        self.check = check
        self.internal = False
        self.sentence = ""
        self.add_marker("hidden" if check.hidden else "public")

    def setup(self) -> None:
        """Have a sandbox ready."""
        try:
            self.prepared.runner()
        except GraderError as error:
            pytest.fail(str(error), pytrace=False)

    def runtest(self) -> None:
        """Run the check, and raise what it raised."""
        runner, room = self.prepared.runner(), self.prepared.room(self.question)
        before = room.output
        found = runner.run(self.check, room)
        if printed := room.output.removeprefix(before):
            self.add_report_section("call", "submission", printed)
        result = found.result
        self.sentence = result.staff_message
        if result.verdict is Verdict.PASSED:
            return
        if result.verdict in _SKIPPED:
            raise pytest.skip.Exception(self.sentence.splitlines()[0], _use_item_location=True)
        self.internal = result.verdict is Verdict.INTERNAL
        first = self.prepared.said.setdefault(self.sentence, self.name)
        if first != self.name and result.verdict is not Verdict.FAILED:
            self.sentence = f"The same as in {first}: {self.sentence.splitlines()[0][:60]} ..."
            pytest.fail(self.sentence, pytrace=False)
        if found.error is None:
            pytest.fail(self.sentence, pytrace=False)
        raise found.error.with_traceback(self.trimmed(found.error.__traceback__))

    def trimmed(self, trace: TracebackType | None) -> TracebackType | None:
        """The frames down to the last one in assignment.py, where a debugger is of use; all, if none is there."""
        last, each = None, trace
        while each is not None:
            if each.tb_frame.f_code.co_filename == str(self.path):
                last = each
            each = each.tb_next
        if last is not None and not self.internal:
            last.tb_next = None
        return trace

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The check's sentence, and the line that it failed in; of our own faults the whole trace."""
        if self.internal or not self.sentence:
            return super().repr_failure(excinfo, style)
        own = [entry for entry in excinfo.traceback if str(entry.path) == str(self.path)]
        place = f"\n{self.nodeid.partition('::')[0]}:{own[-1].lineno + 1}: {own[-1].statement}" if own else ""
        return f"{self.sentence}{place}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line from 0, and what a failure is headed with."""
        line = self.check.function.__code__.co_firstlineno
        return self.path, line - 1, f"({self.question.id}) {self.question.assignment.title_of(self.check)}"

"""The sandboxes of one question: the submission's, the reference's, and one for each set of parts that are replaced."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from autograder.assignment.question import Check
from autograder.checks.errors import MisuseError, StudentError, Verdict
from autograder.checks.local.notebook_code import is_notebook
from autograder.grading.context import Case, Standing
from autograder.grading.reference import Solved
from autograder.grading.time_limits import Budget
from autograder.grading.usage import OverBudgetError
from autograder.remote.artefacts import Kept
from autograder.remote.student import Controls, RemoteStudent
from autograder.remote.substitution import Substitution, parts_of, substitute
from autograder.results import Limits
from autograder.sandbox import Session

__all__ = ["Room"]

_KEPT_OUTPUT = 8192
_LEAST_SHARE = 0.01  # 0 would be for ever
_EXTRA_SECONDS = 2.0  # after an interrupt, for a cell that cleans up; then its sandbox ends


@dataclass(frozen=True, slots=True)
class _Carried:
    """A sandbox in which the reference stands in for some parts, and who answers for these."""

    stand_in: RemoteStudent
    session: Session
    substituted: Substitution


class Room:
    """The sandbox of one question: opened when first needed, and again after a death.

    Args:
        case: the submission with all that it is graded against.
        limits: what the sandboxes of the question may use together (`Budget`). Where notebooks
            are run, one sandbox serves all questions and may use what all of them may; the calls of the question,
            without the notebooks' own time, may still take no longer than `limits` say.
        passed: whether the check of a function is passed; for ``unless``.
        solved: the reference, where one sandbox of it serves all questions.
        unread: whether no student reads what public checks say, so that they may follow hidden ones in one sandbox.
    """

    def __init__(
        self,
        case: Case,
        limits: Limits,
        passed: Callable[[Callable[..., Any]], bool],
        solved: Solved | None = None,
        *,
        unread: bool = False,
    ) -> None:
        self.case = case
        self.limits = limits
        self.budget = Budget(limits)
        self.passed = passed
        self.unread = unread
        self.session: Session | None = None
        self.stand_in: RemoteStudent | None = None
        self._reported = 0
        self._granted = 0.0
        self._broken: StudentError | None = None
        self.shown = self.printed = ""
        self._drawn: tuple[list[str], list[str]] = ([], [])
        self._check: Check | None = None
        self._carried: dict[frozenset[str], _Carried] = {}
        self._solved = solved or Solved(case, limits)
        self._solved_is_shared = solved is not None

    def student(self, check: Check) -> RemoteStudent:
        """The stand-in, with the submission's random numbers seeded for this check.

        Raises:
            StudentError: earlier checks used up the time of the question (TIME).
            SandboxError: no sandbox could be opened.
        """
        self._check = check
        read = not (check.hidden or self.unread)
        if read and self.stand_in is not None and Controls(self.stand_in).tainted:
            self.leave()  # it has seen hidden inputs, and what a public check tells may be read
        self._refuse_without_time()
        if self.session is None or self.stand_in is None:
            self._enter(self.case.spare.take(hidden=check.hidden or self.unread) or self._opened())
            assert self.stand_in is not None
        controls = Controls(self.stand_in)
        if check.hidden:
            controls.conceal()
        controls.seed(self.case.seed_inside(check.id))
        return self.stand_in

    def reference(self, check: Check) -> RemoteStudent:
        """The stand-in for the reference, with its random numbers seeded as the submission's are.

        Raises:
            SandboxError: it ran into its limits in too many checks.
        """
        return self._solved.student(self.case.seed_inside(check.id), self.limits)

    def _opened(self) -> Standing:
        limits = self.case.notebook_time.limits if self._shared else self.budget.left()
        session, limits = self.case.open(limits)
        return Standing(session, self._stand_in(session, limits))

    def _enter(self, standing: Standing) -> None:
        self.session, self.stand_in, self._reported = standing.session, standing.student, standing.reported
        controls = Controls(self.stand_in)
        controls.substitute_with(self._with_reference)
        controls.limit(self.limits)
        controls.count_before(self.budget.wall, self.budget.cpu)
        if self._shared:
            self._granted = self.budget.left().wall_seconds
            self.session.grant(self._granted)

    @property
    def _used(self) -> float:
        """Seconds of the question's wall time that the submission's own sandbox has used so far."""
        if self.session is None:
            return 0.0
        return self._granted - self.session.granted if self._shared else self.session.waited

    @property
    def _shared(self) -> bool:
        """Whether one sandbox serves all questions."""
        return bool(self.case.notebooks.files)

    def home_of(self, kept: Kept) -> RemoteStudent:
        """Where something that was kept comes to life again: the same parts are the reference's as where it was made.

        Raises:
            MisuseError: a public check is given something made with parts of the reference.
            SandboxError: no sandbox could be opened.
        """
        if kept.of_reference:
            assert self._check is not None
            return self.reference(self._check)
        home = self._lending(kept.substitution) if kept.substitution else self.stand_in
        assert home is not None  # the check has been given its student
        if kept.concealed:
            Controls(home).conceal()
        return home

    @property
    def carried(self) -> tuple[str, ...]:
        """Names of the parts that the reference stands in for in the present check."""
        return tuple(dict.fromkeys(name for names in self._carried for name in sorted(names)))

    @property
    def output(self) -> str:
        """The beginning of what was printed so far, for staff."""
        head = self.session.output.head[self._reported :] if self.session else b""
        return (self.printed + head.decode(errors="replace"))[:_KEPT_OUTPUT]

    @property
    def concealed(self) -> bool:
        """Whether something here has seen hidden inputs, so that its words may not be shown."""
        return self.stand_in is not None and Controls(self.stand_in).concealing

    def take_pictures(self) -> tuple[list[str], list[str]]:
        """Pictures of figures since the last time, and sentences about those that were left out."""
        if self.stand_in is not None:
            self._keep_pictures(self.stand_in)
        taken, self._drawn = self._drawn, ([], [])
        return taken

    def _keep_pictures(self, stand_in: RemoteStudent) -> None:
        drawn, left_out = Controls(stand_in).take_pictures()
        self._drawn = (self._drawn[0] + drawn, self._drawn[1] + left_out)

    # --- parts of the reference ---

    def _with_reference(
        self, names: tuple[str, ...], unless: Callable[..., Any] | Iterable[Callable[..., Any]]
    ) -> RemoteStudent:
        """What `student.with_reference` gives."""
        checks = (unless,) if callable(unless) else tuple(unless)
        parts_of(self.case.loaded.interface, names)
        self._refuse_public()
        if checks and all(self.passed(each) for each in checks):
            assert self.stand_in is not None
            return self.stand_in
        return self._lending(frozenset(names))

    def _lending(self, names: frozenset[str]) -> RemoteStudent:
        self._refuse_public()
        if names not in self._carried:
            parts = parts_of(self.case.loaded.interface, sorted(names))
            beside = [max(each.session.waited, each.substituted.used) for each in self._carried.values()]
            session, limits = self.case.open(self.budget.left(running=self._used + sum(beside)))
            stand_in = self._stand_in(session, limits)
            substituted = Substitution(parts, self.case.loaded.interface, limits, self.case.open_reference)
            self._carried[names] = _Carried(stand_in, session, substituted)
            controls = Controls(stand_in)
            controls.conceal()  # its answers come from the reference, which nobody may read out
            substitute(stand_in, substituted)
            if self._check is not None:
                controls.seed(self.case.seed_inside(self._check.id))
        return self._carried[names].stand_in

    def _refuse_public(self) -> None:
        if self._check is not None and not self._check.hidden:
            raise MisuseError(
                f"The public check {self._check.id!r} asks for student.with_reference, and students have no reference; "
                "make the check hidden."
            )

    def _stand_in(self, session: Session, limits: Limits) -> RemoteStudent:
        interface, case = self.case.loaded.interface, self.case
        handed_in = case.handed_in
        stand_in = RemoteStudent(session, interface, self.limits, handed_in.absent, case.submission.folder, handed_in)
        controls = Controls(stand_in)
        controls.run_notebooks_with(lambda file: self._run_notebook(stand_in, session, file, limits.cpu))
        controls.explain_with(case.notebooks.failing_cell, self._importing_first)
        controls.import_with(lambda module, error: self._importing(limits, module, error))
        controls.count_before(self.budget.wall, self.budget.cpu)
        controls.measure_beside(self._measured_reference)
        return stand_in

    def _measured_reference(self) -> RemoteStudent:
        """The reference under the question's limits, for what a call of it costs."""
        assert self._check is not None
        return self.reference(self._check)

    def _importing(self, limits: Limits, module: str, error: StudentError | None) -> None:
        """Before an import and after a failed one, in a sandbox with those limits, of which less may be left by now."""
        left = max(min(limits.wall_seconds, self.limits.wall_seconds - self.budget.wall), _LEAST_SHARE)
        tell = self.case.imports.watched(replace(limits, wall_seconds=left))
        if error is not None and error.verdict is Verdict.TIME:
            self._broken = error
        tell(module, error)

    def _refuse_without_time(self) -> None:
        """Nothing more is run when the question's time is used up; where an import used it, that is what is said."""
        try:
            self.case.usage.refuse()
            self.budget.left(running=self._used if self.budget.wall else 0.0)
        except StudentError as error:
            self.leave()
            known = None if isinstance(error, OverBudgetError) else self._broken
            raise (known or error).with_traceback(None) from None

    def _importing_first(self, file: str) -> StudentError | None:
        """How importing a file fails in a fresh sandbox, which has seen nothing of a hidden check; None if it works."""
        known = self.case.first_imports
        if file not in known and not is_notebook(file):
            try:
                session, limits = self.case.open(self.budget.left())
            except StudentError:
                return None  # another question may have the time for it
            known[file] = None
            stand_in = self._stand_in(session, limits)
            try:
                Controls(stand_in).import_file(file)
            except StudentError as error:
                known[file] = error if error.open else None
            finally:
                outcome = session.close()
                self.case.ended(session, outcome)
                if Controls(stand_in).ended:
                    self.budget.pay(session.waited, outcome.cpu_seconds)
        return known.get(file)

    def _run_notebook(self, stand_in: RemoteStudent, session: Session, file: str, cpu_seconds: float) -> None:
        assignment, controls = self.case.loaded.assignment, Controls(stand_in)
        seconds: float | Callable[[], float] = assignment.cell_seconds
        granted, budget = session.granted, self.case.notebook_time
        allowed = budget.left("earlier runs of the notebooks").wall_seconds
        session.grant(allowed)  # a notebook's time is no single question's
        if assignment.cell_seconds:
            controls.limit(replace(self.limits, wall_seconds=assignment.cell_seconds), spare=_EXTRA_SECONDS)
        else:
            seconds = partial(self._share, controls, session)
        try:
            self.case.notebooks.run(
                stand_in,
                file,
                run_on=assignment.run_on,
                seconds=seconds,
                seed=assignment.cell_seed,
                cpu_seconds=cpu_seconds,
                kept=_EXTRA_SECONDS if assignment.cell_seconds else math.inf,
            )
        finally:
            controls.limit(self.limits)
            budget.pay(allowed - session.granted, 0.0)
            session.grant(granted)

    def _share(self, controls: Controls, session: Session) -> float:
        """Seconds for the next cell: half of what is left, so that the others can run whatever one cell does."""
        seconds = max(_LEAST_SHARE, round(session.granted / 2, 2))
        controls.limit(replace(self.limits, wall_seconds=seconds), spare=min(_EXTRA_SECONDS, seconds / 2))
        return seconds

    # --- ending ---

    def end_of_check(self) -> None:
        """No other check may meet what knows answers of the reference: such sandboxes end with their check."""
        for each in self._carried.values():
            self._keep_pictures(each.stand_in)
            controls = Controls(each.stand_in)
            controls.leave()
            outcome = each.session.close()
            self.case.ended(each.session, outcome)
            self._pay(max(each.session.waited, each.substituted.used), outcome.cpu_seconds)
            each.substituted.close()
            self.printed = (self.printed + each.session.output.head.decode(errors="replace"))[:_KEPT_OUTPUT]
        self._carried = {}

    def _pay(self, wall: float, cpu: float) -> None:
        """Time that a sandbox for one check used; the submission's own has so much less from now on."""
        before = self._used
        self.budget.pay(wall, cpu)
        if self.session is None or self.stand_in is None:
            return
        left = self.limits.wall_seconds - self.budget.wall - before
        if self._shared:
            self._granted = left + before
        self.session.grant(left)
        Controls(self.stand_in).count_before(self.budget.wall, self.budget.cpu)

    def settle(self) -> None:
        """After a fault of the submission's: if that ended the worker, the next check gets a fresh one."""
        if self.stand_in is None or Controls(self.stand_in).ended:
            self.leave()

    def leave(self) -> None:
        """End the sandbox, and keep what was printed and used."""
        if self.session is None or self.stand_in is None:
            return
        self._keep_pictures(self.stand_in)
        outcome = Standing(self.session, self.stand_in).end()
        self.case.ended(self.session, outcome)
        if Controls(self.stand_in).ended and not self._shared:
            self.budget.pay(self.session.waited, outcome.cpu_seconds)
        self._gone()

    def _gone(self) -> None:
        """Keep what was printed here, of a sandbox that is not ours any more."""
        assert self.session is not None
        assert self.stand_in is not None
        if self._shared:
            self.budget.pay(self._granted - self.session.granted, 0.0)
        head = self.session.output.head
        self.printed = (self.printed + head[self._reported :].decode(errors="replace"))[:_KEPT_OUTPUT]
        may_be_seen = head[self._reported : Controls(self.stand_in).tainted_from]
        self.shown = (self.shown + may_be_seen.decode(errors="replace"))[:_KEPT_OUTPUT]
        self.session = self.stand_in = None

    def close(self) -> None:
        """The question is done; a sandbox in which notebooks have run is left for the next."""
        self.end_of_check()
        if not self._solved_is_shared:
            self._solved.close()
        if self.case.notebooks.files and self.session is not None and self.stand_in is not None:
            self._keep_pictures(self.stand_in)
            if self.case.spare.put(Standing(self.session, self.stand_in, len(self.session.output.head))):
                self._gone()
        self.leave()

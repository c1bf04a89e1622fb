"""`test_public.py`: the public checks, cut out of assignment.py with all that they use and nothing else."""

from __future__ import annotations

import ast
import re
import symtable
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

from autograder.assignment.declaration import Assignment
from autograder.assignment.question import Check, Question
from autograder.checks.errors import InstructorError
from autograder.checks.local.kit import KIT, OURS
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.wording import counted
from autograder.markers import bound_names, text_lines
from autograder.notebooks.stubs import Asked
from autograder.release.leaks import bare
from autograder.release.predictions import form_test

__all__ = ["PublicTests", "solution_of"]

_STAFF_ONLY = ("reference", "hidden", "data", "full", "share")
_PUBLIC = ("student", "rng", "case", "variant")
_SHIPPED = "autograder.checks"


@dataclass(frozen=True)
class PublicTests:
    """The public part of one assignment.py.

    Args:
        source: text of assignment.py.
        file: its name, for messages.
        assignment: what it declares.
        names: each public name of the reference with its file.
        methods: each class of the reference with its methods.
        packages: what the released modules import, so that students have it.
    """

    source: str
    file: str
    assignment: Assignment
    names: Mapping[str, str]
    methods: Mapping[str, tuple[str, ...]]
    packages: frozenset[str] = frozenset()

    def text(self) -> str:
        """The whole of test_public.py.

        Raises:
            InstructorError: a public check uses what students do not have; the sentence names file and line.
        """
        parts = [self._head()]
        shared = [self._lines(statement) for statement in self.used if not _is_import(statement)]
        parts += shared
        for question in self.assignment.questions:
            parts += self._question(question)
        parts += self._hints()
        return re.sub(rf"\b{re.escape(_SHIPPED)}\b", KIT, _spaced(parts))

    @cached_property
    def lines(self) -> frozenset[str]:
        """Every line of assignment.py that goes into the public tests, bare."""
        statements = [*self.used, *self._checks.values()]
        return frozenset(bare(line) for each in statements for line in text_lines(self._lines(each)))

    @cached_property
    def rows_without_hints(self) -> tuple[str, ...]:
        """The lines of assignment.py with the texts of hints, which are written for students, cut out of them."""
        rows = [row.encode() for row in self._rows]
        calls = [node for node in ast.walk(ast.parse(self.source, self.file)) if isinstance(node, ast.Call)]
        hints = [each.value for call in calls for each in call.keywords if each.arg == "hint"]
        for text in (node for hint in hints for node in ast.walk(hint) if _is_text(node)):
            for place in range(text.lineno - 1, text.end_lineno or text.lineno):
                start = text.col_offset if place == text.lineno - 1 else 0
                end = text.end_col_offset if place + 1 == text.end_lineno else len(rows[place])
                rows[place] = rows[place][:start] + b" " * ((end or 0) - start) + rows[place][end:]
        return tuple(row.decode() for row in rows)

    @cached_property
    def used(self) -> tuple[ast.stmt, ...]:
        """The statements of assignment.py that public checks use, directly or not, in the order of the file."""
        bound: dict[str, list[ast.stmt]] = {}
        for name, statement in bound_names(self._body):
            bound.setdefault(name, []).append(statement)
        checks = {id(node) for node in self._checks.values()}
        expected: dict[int, ast.stmt] = {}
        for check_id, node in self._checks.items():
            waiting: list[ast.stmt] = [node]
            while waiting:
                statement = waiting.pop()
                self._no_secrets(statement, check_id)
                for name in _globals_of(self._lines(statement)):
                    for needed in bound.get(name, []):
                        if id(needed) not in expected:
                            self._may_be_shipped(needed, name, check_id, checks)
                            expected[id(needed)] = needed
                            if not _is_import(needed):
                                waiting.append(needed)
        return tuple(statement for statement in self._body if id(statement) in expected)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The questions that a notebook handout has a cell for, to test them in it."""
        every = (
            Asked(each.id, solution_of(each, self.assignment, self.names, self.methods), bool(each.hints))
            for each in self.assignment.questions
        )
        return tuple(each for each in every if each.solution)

    @property
    def private(self) -> tuple[ast.stmt, ...]:
        """The statements that stay with staff: hidden checks, what only they use, and the declarations."""
        public = {id(each) for each in (*self.used, *self._checks.values())}
        return tuple(
            each
            for each in self._body
            if id(each) not in public and not _is_import(each) and not isinstance(each, ast.Expr)
        )

    # --- what is there ---

    @cached_property
    def _body(self) -> list[ast.stmt]:
        return ast.parse(self.source, self.file).body

    @cached_property
    def _rows(self) -> list[str]:
        return text_lines(self.source)

    @cached_property
    def _checks(self) -> dict[str, ast.FunctionDef]:
        """The function of each public check."""
        functions = {node.name: node for node in self._body if isinstance(node, ast.FunctionDef)}
        found = {}
        made = {name for each in self.assignment.predictions for name in each.checks}  # in no text of assignment.py
        for check in self.assignment.checks:
            if check.hidden or check.id in made:
                continue
            if check.id not in functions:
                raise InstructorError(
                    f"{self.file}: the public check {check.id!r} is no function at the top level of the file; "
                    "write it there, so that it can be released."
                )
            self._parameters_are_public(check, functions[check.id])
            found[check.id] = functions[check.id]
        return found

    def _parameters_are_public(self, check: Check, node: ast.FunctionDef) -> None:
        public = {known.id for known in self.assignment.checks if not known.hidden}
        for parameter in check.parameters:
            if parameter in _STAFF_ONLY or (
                parameter not in ("student", "rng", "case", "variant") and parameter not in public
            ):
                raise InstructorError(
                    f"{self.file}:{node.lineno}: the public check {check.id!r} asks for {parameter!r}, which students "
                    "do not have; make the check hidden, or do without."
                )

    def _no_secrets(self, statement: ast.stmt, check: str) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and node.attr == "with_reference":
                raise InstructorError(
                    f"{self.file}:{node.lineno}: the public check {check!r} asks for with_reference, and students have "
                    "no reference; make the check hidden."
                )
            secret = (isinstance(node, ast.Name) and node.id == "__file__") or (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.replace("\\", "/").startswith(("hidden/", "./hidden/"))
            )
            if secret:
                raise InstructorError(
                    f"{self.file}:{getattr(node, 'lineno', 0)}: the public check {check!r} uses files of the "
                    "assignment's folder, which students do not have; make the check hidden, or do without."
                )

    def _may_be_shipped(self, statement: ast.stmt, name: str, check: str, checks: set[int]) -> None:
        where = f"{self.file}:{statement.lineno}: the public check {check!r} uses {name!r}"
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            for module in _modules(statement, name):
                top = module.partition(".")[0]
                had = {"numpy", *self.packages, *sys.stdlib_module_names}
                if not (f"{module}.".startswith(f"{_SHIPPED}.") or top in had - OURS):
                    raise InstructorError(
                        f"{where} from {module}, which students do not have; public checks may import "
                        f"{_SHIPPED}, numpy, the standard library and what the released modules import."
                    )
        elif id(statement) in checks or name in {known.id for known in self.assignment.checks}:
            raise InstructorError(f"{where}, which is a check itself; move what both share to a function of its own.")
        elif _declares(statement):
            raise InstructorError(f"{where}, which belongs to the declaration of the assignment; do without it there.")

    # --- what is written ---

    def _lines(self, statement: ast.stmt) -> str:
        """A statement's own lines, decorators included, except those of a check."""
        first = statement.lineno
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and not self._is_check(statement):
            first = min([first, *(each.lineno for each in statement.decorator_list)])
        return "\n".join(self._rows[first - 1 : statement.end_lineno])

    def _is_check(self, statement: ast.stmt) -> bool:
        return isinstance(statement, ast.FunctionDef) and statement.name in {each.id for each in self.assignment.checks}

    def _head(self) -> str:
        title = self.assignment.title.replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            f'"""{title}: the public tests. Run them with `pytest` in this folder.',
            "",
            "Each test of a question is given `student`, which stands for your code, and may be given `rng`, a source",
            "of random numbers. More tests are run when your work is graded.",
            '"""',
            "",
        ]
        if any(isinstance(each, ast.ImportFrom) and each.module == "__future__" for each in self._body):
            lines += ["from __future__ import annotations", ""]
        groups: dict[int, list[str]] = {0: [], 1: ["import pytest"], 2: []}
        used = set[str]()
        for statement in (*self._checks.values(), *(each for each in self.used if not _is_import(each))):
            used |= _globals_of(self._lines(statement))
        for statement in self.used:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for group, line in _imports(statement, used):
                    groups[group].append(line)
        for imports in groups.values():
            if imports:
                lines += [*sorted(set(imports), key=lambda line: (line.startswith("from"), line)), ""]
        return "\n".join(lines).rstrip("\n")

    def _question(self, question: Question) -> list[str]:
        solution = solution_of(question, self.assignment, self.names, self.methods)
        checks = [check for check in question.checks if check.id in self._checks]
        asked = [each for each in self.assignment.predictions if each.checks[0] in {c.id for c in question.checks}]
        if not solution and not checks and not asked:
            return []
        points = f"{counted(question.max_points, 'point')}{', bonus' if question.bonus else ''}"
        parts = [f"# --- ({question.id}) {question.title}: {points} ---"]
        mark = f"@pytest.mark.question({_quoted(question.id)}, {_quoted(question.title)})\n"
        if solution:
            arguments = ", ".join(map(_quoted, solution))
            call = f"    attempted({arguments})"
            if len(call) > 120:
                call = "    attempted(\n" + "".join(f"        {_quoted(each)},\n" for each in solution) + "    )"
            name = re.sub(r"\W", "_", question.id)
            parts.append(
                f"{mark}def test_question_{name}_is_attempted(attempted):\n"
                f'    """What question ({question.id}) asks for is written."""\n'
                f"{call}"
            )
        parts += [mark + self._test(check) for check in checks]
        parts += [form_test(each, question.id, question.title) for each in asked]
        needed = {name for check in self.assignment.checks if not check.hidden for name in check.parameters}
        parts += [_fixture(check) for check in checks if check.id in needed]
        return parts

    def _hints(self) -> list[str]:
        """What `hint` shows in a notebook handout."""
        hints = {each.id: each.hints for each in self.assignment.questions if each.hints}
        if not hints or not any(map(is_notebook, self.assignment.files)):
            return []
        rows = "".join(
            f"    {_quoted(question)}: (\n" + "".join(f"        {_quoted(step)},\n" for step in steps) + "    ),\n"
            for question, steps in hints.items()
        )
        return [f"# --- hints: hint(...) in the notebook shows them one at a time ---\nHINTS = {{\n{rows}}}"]

    def _test(self, check: Check) -> str:
        text = self._lines(self._checks[check.id])
        if check.cases:
            text = f"{_parametrized(check)}\n{text}"
        return re.sub(rf"^def(\s+){re.escape(check.id)}\b", rf"def\1test_{check.id}", text, count=1, flags=re.MULTILINE)


def solution_of(
    question: Question, assignment: Assignment, names: Mapping[str, str], methods: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Qualified names of what students write for a question.

    A question with checks but no solution of its own builds on the first question that has one.
    """
    solution = question.solution
    if not solution and question.checks:
        solution = next((each.solution for each in assignment.questions if each.solution), ())
    qualified = []
    for name in solution:
        owners = [owner for owner, known in methods.items() if name in known]
        qualified.append(name if name.partition(".")[0] in names or not owners else f"{owners[0]}.{name}")
    return tuple(qualified)


def _globals_of(text: str) -> set[str]:
    """The names that a top-level statement looks up outside of itself."""

    def names(table: symtable.SymbolTable, top: bool) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (top or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from names(child, False)

    return set(names(symtable.symtable(text, "assignment.py", "exec"), True))


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Import, ast.ImportFrom))


def _modules(statement: ast.Import | ast.ImportFrom, name: str) -> list[str]:
    """The module from which an import statement takes a name."""
    if isinstance(statement, ast.ImportFrom):
        return [f"{'.' * statement.level}{statement.module or ''}"]
    return [alias.name for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) == name]


def _imports(statement: ast.Import | ast.ImportFrom, used: set[str]) -> Iterator[tuple[int, str]]:
    """Group (0 standard library, 1 others, 2 autograder) and line of each import that is used."""
    chosen = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in used]

    def written(alias: ast.alias) -> str:
        return f"{alias.name} as {alias.asname}" if alias.asname else alias.name

    def group(module: str) -> int:
        top = module.partition(".")[0]
        return 2 if top in OURS else int(top not in sys.stdlib_module_names)

    if isinstance(statement, ast.ImportFrom):
        if chosen and statement.module != "__future__":
            module = str(statement.module)
            yield group(module), f"from {module} import {', '.join(sorted(map(written, chosen)))}"
        return
    for alias in chosen:
        yield group(alias.name), f"import {written(alias)}"


def _declares(statement: ast.stmt) -> bool:
    """Whether a statement makes the assignment or one of its questions."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in ("Assignment", "question"):
                return True
    return False


def _fixture(check: Check) -> str:
    """What a check found, for the checks that take it as a parameter."""
    parameters = ", ".join(each for each in check.parameters if each != "case")
    value = f"test_{check.id}({', '.join(check.parameters)})"
    if check.cases:
        names = ", ".join(_quoted(each.name) for each in check.cases)
        value = f"{{case: {value} for case in ({names},)}}"
    return (
        f"@pytest.fixture(name={_quoted(check.id)})\n"
        f"def value_of_{check.id}({parameters}):\n"
        f'    """What `test_{check.id}` returns{", for each case" if check.cases else ""}."""\n'
        f"    return {value}"
    )


def _parametrized(check: Check) -> str:
    """The decorator by which pytest runs a test for each case."""
    names = [_quoted(each.name) for each in check.cases]
    line = f'@pytest.mark.parametrize("case", [{", ".join(names)}])'
    if len(line) <= 120:
        return line
    return (
        '@pytest.mark.parametrize(\n    "case",\n    [\n'
        + "".join(f"        {each},\n" for each in names)
        + "    ],\n)"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _spaced(parts: list[str]) -> str:
    """Two empty lines around functions, classes and headings, none between constants that follow each other."""
    text = ""
    for part, previous in zip(parts, [None, *parts], strict=False):
        if previous is not None:
            short = not any(_is_block(each) for each in (part, previous)) and not previous.startswith('"""')
            text += "\n" if short else ("\n\n" if not _is_block(part) and previous.startswith('"""') else "\n\n\n")
        text += part
    return text + "\n"


def _is_block(part: str) -> bool:
    return part.startswith(("def ", "class ", "@", "# ---", "async def "))

"""Otter's notebook format (v1): raw cells that begin and end blocks, with what they configure, read into records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from autograder.checks.errors import InstructorError
from autograder.formats.otter import settings
from autograder.formats.otter.notebook import Master, MasterCell, without_ignored
from autograder.formats.otter.settings import PointsError, resolved

__all__ = ["Case", "OtterAssignment", "OtterQuestion", "Part", "parse"]

_BOUNDARY = re.compile(r"#\s*(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)\s*", re.IGNORECASE)
_CONFIG = re.compile(r"#\s*ASSIGNMENT\s+CONFIG\s*", re.IGNORECASE)
_MISPLACED = re.compile(r"#\s*(ASSIGNMENT\s+CONFIG|(BEGIN|END)\s+(QUESTION|TESTS))\s*", re.IGNORECASE)
_OLD = re.compile(r"^\s*(```\s*|\"\"\"\s*#?\s*|#\s*)?BEGIN\s+(ASSIGN|QUESTION)\b", re.IGNORECASE | re.MULTILINE)
_IGNORED_CELL = re.compile(r"(#+|<!--)\s*ignore\b.*", re.IGNORECASE)
_HIDDEN = re.compile(r"#.*\bhidden\b.*", re.IGNORECASE)
_BEGIN_CONFIG = re.compile(r"(?:\w\s*=\s*)?(\"\"\"|''')\s*#\s*BEGIN\s+TEST\s+CONFIG\s*", re.IGNORECASE)
_END_CONFIG = re.compile(r"(\"\"\"|''');?\s*#\s*END\s+TEST\s+CONFIG\s*", re.IGNORECASE)

_INCLUDE = "otter_include"
_QUESTION = {"name", "points", "manual", "all_or_nothing", "check_cell", "export"}
_CASE = {"name", "hidden", "points", "success_message", "failure_message"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test cell: its code without configuration, and what its output was."""

    number: int
    source: str
    output: str
    failed: str
    ran: bool
    hidden: bool
    points: Fraction = Fraction(0)
    success: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class OtterQuestion:
    """A question: `points` is what all of it gives; a `manual` one is read by people."""

    name: str
    number: int
    points: Fraction
    manual: bool
    all_or_nothing: bool
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A cell that is not a test: `block` is "", "prompt" or "solution", `question` the name of its question, or ""."""

    cell: MasterCell
    question: str = ""
    block: str = ""


@dataclass(frozen=True)
class OtterAssignment:
    """A whole master notebook.

    `hidden_files` are for staff alone, `seed_variable` is to have the `seed_value`, `cell_seed` seeds random numbers
    before each cell, and `notes` are sentences on what was not taken over.
    """

    file: str
    name: str
    parts: tuple[Part, ...]
    questions: tuple[OtterQuestion, ...]
    files: tuple[str, ...] = ()
    hidden_files: tuple[str, ...] = ()
    seed_variable: str = ""
    seed_value: int | None = None
    cell_seed: int | None = None
    doctests: bool = True
    notes: tuple[str, ...] = ()


def parse(master: Master) -> OtterAssignment:
    """The blocks of a master notebook.

    Raises:
        InstructorError: blocks are not paired, a configuration is wrong, or there is no question in this format.
    """
    return _Parser(master).run()


@dataclass
class _Open:
    """A question while its cells are read."""

    number: int
    config: Mapping[str, Any]
    cases: list[tuple[Case, object]] = field(default_factory=list)


class _Parser:
    """Goes through the cells once, with the blocks that are open."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self.config: dict[str, Any] = {}
        self.open: list[tuple[str, int]] = []
        self.question: _Open | None = None
        self.parts: list[Part] = []
        self.questions: list[OtterQuestion] = []
        self.notes: list[str] = []

    def run(self) -> OtterAssignment:
        for cell in self.master.cells:
            self.take(cell)
        if self.open:
            block, number = self.open[-1]
            raise self.fault(number, f"'# BEGIN {block}' has no '# END {block}'; add a raw cell with it.")
        if not self.questions:
            old = any(_OLD.search(cell.source) for cell in self.master.cells)
            raise InstructorError(
                f"{self.master.file} is written in Otter's older format (v0); convert it with Otter first "
                "(python -m otter.assign.v0.convert)."
                if old
                else f"{self.master.file} holds no raw cell with '# BEGIN QUESTION'; give the master notebook, "
                "not the one that students get."
            )
        return self.assignment()

    def fault(self, at: int | MasterCell, sentence: str, line: int = 1) -> InstructorError:
        number, before = (at, 0) if isinstance(at, int) else (at.number, at.before)
        return InstructorError(f"{self.master.file}, cell {number}, line {before + line}: {sentence}")

    def take(self, cell: MasterCell) -> None:
        """The next cell."""
        if not cell.source.strip() or (cell.kind != "raw" and _IGNORED_CELL.fullmatch(cell.first)):
            return
        if cell.kind == "raw":
            boundary = _BOUNDARY.fullmatch(cell.first)
            if _CONFIG.fullmatch(cell.first):
                self.config.update(self.with_file(cell))
            elif boundary:
                word, block = boundary[1].upper(), boundary[2].upper()
                (self.begin if word == "BEGIN" else self.end)(block, cell)
            else:
                self.notes.append(f"Cell {cell.number} is a raw cell that says nothing to Otter; it was left out.")
            return
        if _MISPLACED.fullmatch(cell.first):
            raise self.fault(cell, f"'{cell.first}' stands in a {cell.kind} cell; make it a raw cell.")
        block = self.open[-1][0] if self.open else ""
        if block == "TESTS":
            self.test(cell)
        else:
            name = str(self.question.config["name"]) if self.question else ""
            kind = block.lower() if block in ("PROMPT", "SOLUTION") else ""
            if kind == "solution" and cell.kind == "markdown" and _INCLUDE in cell.tags:
                manual = self.question is not None and bool(self.question.config.get("manual", False))
                kind = "prompt" if manual else ""  # students get it, and where people grade they write below it
            self.parts.append(Part(cell, name, kind))

    def begin(self, block: str, cell: MasterCell) -> None:
        if block == "QUESTION":
            if self.open:
                raise self.fault(cell, f"a question begins inside the {self.open[-1][0].lower()} block of cell "
                                              f"{self.open[-1][1]}; end that one first.")  # fmt: skip
            self.question = _Open(cell.number, self.question_config(cell))
        elif self.question is None:
            raise self.fault(cell, f"'# BEGIN {block}' stands outside of a question; put it into one.")
        elif len(self.open) > 1:
            raise self.fault(cell, f"'# BEGIN {block}' stands inside the {self.open[-1][0].lower()} block of "
                                          f"cell {self.open[-1][1]}; end that one first.")  # fmt: skip
        self.open.append((block, cell.number))

    def end(self, block: str, cell: MasterCell) -> None:
        if not self.open or self.open[-1][0] != block:
            inside = (
                f"cell {self.open[-1][1]} begins a {self.open[-1][0].lower()} block" if self.open else "none is open"
            )
            raise self.fault(cell, f"'# END {block}' ends no block, for {inside}; pair the raw cells.")
        self.open.pop()
        if block == "QUESTION" and self.question:
            self.finish(self.question)
            self.question = None

    # --- configuration ---

    def yaml(self, cell: MasterCell, text: str | None = None, first: int = 1) -> dict[str, Any]:
        """The YAML of a cell (comments are YAML's, too), {} where there is none; `text` begins with line `first`."""
        import yaml

        text = cell.source if text is None else text
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = first + (mark.line if mark else 0)
            raise self.fault(cell, f"this is no YAML: {getattr(error, 'problem', None) or error}.", line) from None
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self.fault(cell, "a configuration is made of lines 'key: value'; this one is not.", first)
        return {str(key): value for key, value in found.items()}

    def with_file(self, cell: MasterCell) -> dict[str, Any]:
        """The assignment's configuration; the file that it may name comes first."""
        config = self.yaml(cell)
        name = config.get("config_file")
        if not name:
            return config
        try:
            text = (self.master.folder / str(name)).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise self.fault(cell, f"config_file: {name} cannot be read; put it beside the notebook.") from None
        return {**self.yaml(cell, text), **config}

    def question_config(self, cell: MasterCell) -> dict[str, Any]:
        config = self.yaml(cell)
        name = config.get("name")
        if name is None or not str(name).strip():
            raise self.fault(cell, "this question has no name; add a line such as 'name: q1'.")
        if any(known.name == str(name) for known in self.questions):
            raise self.fault(cell, f"two questions have the name {name!r}; rename one of them.")
        self.unknown(set(config) - _QUESTION, f"question {name}")
        return {**config, "name": str(name)}

    def unknown(self, keys: set[str], where: str) -> None:
        for key in sorted(keys):
            self.notes.append(f"'{key}' of {where} is not a setting that was taken over.")

    # --- questions ---

    def test(self, cell: MasterCell) -> None:
        """A test cell."""
        assert self.question is not None
        if cell.kind != "code":
            raise self.fault(cell, "only code cells may stand between '# BEGIN TESTS' and '# END TESTS'; "
                                          "move this one out.")  # fmt: skip
        lines = without_ignored(cell.source).split("\n")
        hidden = bool(_HIDDEN.fullmatch(lines[0].strip()))
        config: dict[str, Any] = {}
        begin = int(hidden)
        if begin < len(lines) and _BEGIN_CONFIG.fullmatch(lines[begin].strip()):
            ends = [at for at, line in enumerate(lines) if _END_CONFIG.fullmatch(line.strip())]
            if not ends:
                raise self.fault(cell, "this test configuration has no end; write '\"\"\" # END TEST CONFIG' "
                                              "on a line of its own below it.", begin + 1)  # fmt: skip
            config = self.yaml(cell, "\n".join(lines[begin + 1 : ends[0]]), begin + 2)
            begin = ends[0] + 1
        self.unknown(set(config) - _CASE, f"the test in cell {cell.number}")
        case = Case(
            number=cell.number,
            source="\n".join(lines[begin:]).strip("\n"),
            output=cell.output,
            failed=cell.failed,
            ran=cell.ran,
            hidden=bool(config.get("hidden", hidden)),
            success=str(config.get("success_message") or ""),
            failure=str(config.get("failure_message") or ""),
        )
        self.question.cases.append((case, config.get("points")))

    def finish(self, question: _Open) -> None:
        config, number = question.config, question.number
        cases = [case for case, _ in question.cases]
        manual = bool(config.get("manual", False))
        total = config.get("points")
        try:
            points = resolved(total, [own for _, own in question.cases])
            alone = Fraction(0) if cases else sum(resolved(total, [None]), Fraction(0))
        except PointsError as error:
            raise self.fault(number, f"question {config['name']}: {error}; correct the points.") from None
        if manual and not cases and total is None:
            self.notes.append(f"Question {config['name']} (cell {number}) says no points, so it is worth 1.")
        if not manual and not cases:
            self.notes.append(f"Question {config['name']} (cell {number}) has no tests; write its checks.")
        self.questions.append(
            OtterQuestion(
                name=str(config["name"]),
                number=number,
                points=sum(points, alone),
                manual=manual,
                all_or_nothing=bool(config.get("all_or_nothing", False)),
                cases=tuple(replace(case, points=each) for case, each in zip(cases, points, strict=True)),
            )
        )

    # --- the whole ---

    def assignment(self) -> OtterAssignment:
        config = self.config
        self.notes += settings.notes(config)
        generate = config.get("generate")
        if isinstance(generate, dict) and str(generate.get("lang", "python")).lower() != "python":
            raise InstructorError(
                f"{self.master.file}: 'lang' under 'generate' is {generate['lang']}; only Python can be imported."
            )
        tests = config.get("tests")
        variable, seed = self.seeds(config)
        return OtterAssignment(
            file=self.master.file,
            name=str(config.get("name") or ""),
            parts=tuple(self.parts),
            questions=tuple(self.questions),
            files=(*self.paths("files"), *self.paths("student_files")),
            hidden_files=self.paths("autograder_files"),
            seed_variable=variable,
            seed_value=seed if variable else None,
            cell_seed=None if variable else seed,
            doctests=tests.get("ok_format", True) is not False if isinstance(tests, dict) else True,
            notes=tuple(self.notes),
        )

    def paths(self, key: str) -> tuple[str, ...]:
        """A list of files of the configuration."""
        listed = self.config.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise InstructorError(f"{self.master.file}: '{key}' of the configuration must be a list of paths.")
        return tuple(listed)

    def seeds(self, config: Mapping[str, Any]) -> tuple[str, int | None]:
        """The variable that holds a seed, or "", and the seed with which Otter grades, if there is one.

        Raises:
            InstructorError: a seed is no whole number.
        """
        seed, generate = config.get("seed"), config.get("generate")
        variable = seed.get("variable") if isinstance(seed, dict) else None
        number = seed.get("autograder_value") if isinstance(seed, dict) and variable else None
        if isinstance(generate, dict):
            variable = variable or generate.get("seed_variable")
            number = generate.get("seed") if number is None else number
        if number is not None and type(number) is not int:
            raise InstructorError(f"{self.master.file}: the seed {number!r} of the configuration is no whole number.")
        return str(variable or ""), number

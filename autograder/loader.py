"""Load an assignment and its reference from the course's folders, and read the interface off the reference."""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib.machinery
import importlib.util
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from platformdirs import user_cache_path

from autograder import settings
from autograder.assignment.assertions import EXPLAIN, explained, rewritten
from autograder.assignment.dataset import Dataset
from autograder.assignment.declaration import Assignment
from autograder.assignment.given_files import OWN, handed_out, staged
from autograder.assignment.interface import Interface, interface_of
from autograder.assignment.question import Case, Question
from autograder.assignment.rubric import Item
from autograder.assignment.run_source import RunSource, run_source
from autograder.checks.errors import GraderError, InstructorError, StudentError, UsageError
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.local.variants import Variant, filled
from autograder.early_start import NOTEBOOK_FORM
from autograder.markers import BEGIN, END
from autograder.notebooks import read
from autograder.notebooks.markdown import answer_under, headings, is_untouched, text_stub
from autograder.notebooks.source import notebook_of, source_of, write
from autograder.notebooks.stubs import stub_of
from autograder.optional_packages import missing
from autograder.results import Limits

__all__ = ["NOTEBOOK_FORM", "Loaded", "folder_sha256", "load", "names", "reference_notebook", "template"]

_NOT_RUN = ("assignment.py", "handout.md", "mutants", "variants")
"""What of an assignment's folder decides no run; `run_source` tells what of `assignment.py` does."""


@dataclass(frozen=True)
class Loaded:
    """An assignment ready to be run: its checks, and where its reference lies.

    `assignment_sha256` covers every file of `folder`, `reference_sha256` every file of `reference_folder`, and `run`
    what decides a run: of `folder`, without points, titles, the handout, and what only `audit` and `validate` read.
    """

    id: str
    folder: Path
    assignment: Assignment
    reference_folder: Path
    interface: Interface
    assignment_sha256: str
    reference_sha256: str
    run: RunSource

    def variant_of(self, student: str, seed: str) -> Variant | None:
        """What is drawn for a student by the course's seed; None where everybody is given the same.

        Raises:
            InstructorError: it cannot be drawn, or draws a file of a name that is taken.
        """
        variants = self.assignment.variants
        return self._fitting(variants.of(self.id, student, seed)) if variants else None

    @property
    def example_variant(self) -> Variant | None:
        """What a release shows that is made for no student; None where everybody is given the same.

        Raises:
            InstructorError: as `variant_of`.
        """
        variants = self.assignment.variants
        return self._fitting(variants.example(self.id)) if variants else None

    def _fitting(self, variant: Variant) -> Variant:
        assignment = self.assignment
        taken = {*assignment.handed_in, *assignment.given, *assignment.extra_files, *OWN}
        for file in variant.files:
            if file in taken:
                raise InstructorError(
                    f"{self.folder / 'assignment.py'}: variants draw a file {file!r}, and another file of the release "
                    "is called that; rename one of them."
                )
        return variant

    @cached_property
    def given_sizes(self) -> tuple[int, ...]:
        """Bytes of each file that is handed out complete, and that may therefore be handed in as well."""
        return tuple((self.reference_folder / file).stat().st_size for file in self.assignment.extra_files)

    @cached_property
    def given_folder(self) -> Path | None:
        """A copy, for sandboxes, of what is handed out complete beside modules and notebooks; None for nothing."""
        return self.staged_with({}, "")

    def staged_with(self, more: Mapping[str, bytes], digest: str) -> Path | None:
        """The same with more files, by their path; `digest` stands for them."""
        files = {file: self.reference_folder / file for file in self.assignment.extra_files}
        return staged({**files, **more}, self.reference_sha256 + digest)


def names(root: Path) -> tuple[str, ...]:
    """The assignments of a course: folders of ``assignments/`` that hold an ``assignment.py``, sorted."""
    return tuple(sorted(path.parent.name for path in (root / "assignments").glob("*/assignment.py")))


def load(root: Path, name: str) -> Loaded:
    """Load ``assignments/NAME/assignment.py`` and read the interface of ``reference/NAME/``.

    ``NAME-notebook`` is the same assignment with the modules of its reference as one notebook, ``NAME.ipynb``.

    Args:
        root: folder of the course, which holds ``assignments/`` and ``reference/``.
        name: the assignment's folder.

    Raises:
        UsageError: there is no such assignment; the sentence gives near names and the list.
        InstructorError: the assignment or its reference is wrong; the sentence gives file and line.
    """
    known = names(root)
    base = name.removesuffix(NOTEBOOK_FORM)
    if name not in known and base not in known:
        raise UsageError(_unknown(root, name, known))
    as_notebook = name not in known
    folder, reference = (root / place / (base if as_notebook else name) for place in ("assignments", "reference"))
    assignment = _assignment(folder / "assignment.py")
    script = folder / "assignment.py"
    for file in assignment.handed_in:
        if not (reference / file).is_file() and not file.endswith(".pdf"):
            raise InstructorError(f"{script} names {file!r}, but {reference / file} does not exist.")
    out = handed_out(assignment, reference, str(script))
    assignment = assignment.handing_out(out.modules, out.others, folder)
    if as_notebook:
        reference = _notebook_reference(assignment, reference, base)
        assignment = assignment.handed_in_as(f"{base}.ipynb")
    interface = interface_of(
        {
            file: _text(reference / file, assignment.cells_of(file))
            for file in (*assignment.files, *assignment.given)
            if file.endswith((".py", ".ipynb"))
        },
        expected={name for question in assignment.questions for name in question.solution},
    )
    _solutions_exist(assignment, interface, folder)
    _answers_exist(assignment, reference)
    return Loaded(
        id=name,
        folder=folder,
        assignment=assignment,
        reference_folder=reference,
        interface=interface,
        assignment_sha256=folder_sha256(folder),
        reference_sha256=folder_sha256(reference),
        run=run_source(
            _read(script), folder_sha256(folder, without=_NOT_RUN), read_by_others=_names_its_script(folder)
        ),
    )


def _notebook_reference(assignment: Assignment, reference: Path, base: str) -> Path:
    """A folder in the user's cache with the reference's modules as one notebook, and the files that go with it."""
    if any(map(is_notebook, assignment.files)):
        raise UsageError(f"{base} is handed in as a notebook already; leave {NOTEBOOK_FORM!r} out of the name.")
    content = write(notebook_of({file: _read(reference / file) for file in assignment.files}, assignment.title))
    digest = hashlib.sha256(content + folder_sha256(reference).encode()).hexdigest()[:32]
    folder = user_cache_path("autograder") / "notebooks" / digest
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            inner = Path(made) / "reference"
            inner.mkdir()
            (inner / f"{base}.ipynb").write_bytes(content)
            answers = (file for file in assignment.answers if (reference / file).is_file())
            for file in (*assignment.given, *assignment.extra_files, *answers):
                (inner / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(reference / file, inner / file)
            with contextlib.suppress(OSError):  # somebody else was quicker
                inner.rename(folder)
    return folder


def _names_its_script(folder: Path) -> bool:
    """Whether Python beside `assignment.py` says the name of that file, so that it may import it and read constants."""
    others = (path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in _NOT_RUN)
    return any(b"assignment" in path.read_bytes() for path in others if path.is_file())


def folder_sha256(folder: Path, without: Collection[str] = ()) -> str:
    """A hash over names and contents of all files of a folder, without what Python and editors leave behind.

    `without` names files and folders right in it that do not count.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if inner.parts[0] in without:
            continue
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in inner.parts):
            content = path.read_bytes()
            digest.update(f"{inner.as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _unknown(root: Path, name: str, known: tuple[str, ...]) -> str:
    if not known:
        return f"There is no assignment in {root / 'assignments'}; run this in the folder of the course."
    near = difflib.get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"There is no assignment {name!r}.{hint} The assignments are: {', '.join(known)}."


def _assignment(file: Path) -> Assignment:
    """Run an assignment.py and take its `assignment`."""
    module = _run(file)
    assignment = getattr(module, "assignment", None)
    if not isinstance(assignment, Assignment):
        raise InstructorError(
            f"{file} does not define 'assignment'; add assignment = Assignment(\"Title\", files=[...])."
        )
    return assignment


def _run(file: Path) -> ModuleType:
    """Run a file as a module of a name of its own, from its source: a cached form could be stale, and litters.

    Its assertions say what was compared.
    """
    name = f"autograder_assignment_{hashlib.sha256(os.fsencode(file.absolute())).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None:
        raise InstructorError(f"{file} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it runs
    try:
        tree = rewritten(ast.parse(_read(file), str(file)))
        vars(module)[EXPLAIN] = explained
        exec(compile(tree, str(file), "exec", dont_inherit=True), vars(module))  # noqa: S102
    except GraderError as error:
        text = str(error)
        raise InstructorError(text if str(file) in text else f"{_place(error, file)}: {text}") from error
    except SyntaxError as error:
        raise InstructorError(f"{error.filename or file}:{error.lineno}: this is not Python: {error.msg}.") from error
    except (Exception, SystemExit) as error:
        known = (Assignment, Assignment.question, Question.check, Question.written, Case, Dataset, Item, Limits)
        said = f"{missing(error, 'the assignment')}." if missing(error) else settings.said(error, known)
        raise InstructorError(f"{_place(error, file)}: {said}") from error
    finally:
        del sys.modules[name]
    return module


def _place(error: BaseException, file: Path) -> str:
    """The file, with the line of the innermost frame in it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{lines[-1]}" if lines else str(file)


def _text(file: Path, graded: Mapping[str, float]) -> str:
    """A module's text, also of a notebook, whose markers are judged here so that mistakes are reported by cell."""
    if not is_notebook(file.name):
        return _read(file)
    try:
        notebook = read(file.read_bytes(), file.name)
    except StudentError as error:
        raise InstructorError(f"{file.parent}: {error.message}") from None
    stub_of(notebook, file.name, graded)
    return source_of(notebook).text


def _read(file: Path) -> str:
    return settings.python_text(file)


def _solutions_exist(assignment: Assignment, interface: Interface, folder: Path) -> None:
    for question in assignment.questions:
        for solution in question.solution:
            owner, _, method = solution.partition(".")
            if interface.file_of(owner) is None or (method and method not in interface.methods_of(owner)):
                raise InstructorError(
                    f"{folder / 'assignment.py'}: question {question.id!r} names the solution {solution!r}, "
                    f"which no file of the reference defines."
                )


def template(loaded: Loaded, file: str, variant: Variant | None = None) -> str:
    """A Markdown file of answers as it is handed out, to the student of a variant.

    Raises:
        InstructorError: its solution markers are wrong, it is no text, or it names what the variant has not.
    """
    return filled(text_stub(_markdown(loaded.reference_folder / file), file), variant, file)


def reference_notebook(loaded: Loaded, file: str, variant: Variant | None = None) -> bytes:
    """A notebook of the reference, with the values of a variant where its cells name them.

    Raises:
        InstructorError: it names what the variant has not.
    """
    content = (loaded.reference_folder / file).read_bytes()
    return filled(content.decode(), variant, file, in_json=True).encode() if variant else content


def _markdown(file: Path) -> str:
    return settings.utf8_text(file)


def _answers_exist(assignment: Assignment, reference: Path) -> None:
    """Each written answer of a Markdown file has one heading in it, and a solution."""
    for written in assignment.written:
        for place in written.places:
            if place.is_pdf or place.is_cell:
                continue
            solved = _markdown(reference / place.file)
            stub = text_stub(solved, str(reference / place.file))
            parts = [each for each in headings(stub) if place.name in each.names]
            if place.name and len(parts) != 1:
                raise InstructorError(
                    f"{reference / place.file} has {len(parts) or 'no'} headings for the answer {written.id!r}; "
                    f"write one such as '## ({place.name}) {written.title}'."
                )
            answer = answer_under(solved, place.name, stub) if place.name else solved
            handed_out = answer_under(stub, place.name, stub) if place.name else stub
            if is_untouched(answer or "", handed_out or ""):
                raise InstructorError(
                    f"{reference / place.file} holds no solution of the written answer {written.id!r}; put "
                    f"{BEGIN} and {END} around one, which is cut out of what students get."
                )

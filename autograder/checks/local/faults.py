"""The sentences about a submission's fault, and about a check's misuse of it, that both stand-ins say.

Students read the same at home, where their code runs in this process (`loaded_folder`), and in feedback, where it runs
in a sandbox (`autograder.remote`). It is shipped to students.

What is said of a call that failed is read from the submission's own text: the process that runs it may have seen hidden
inputs, so nothing of it is quoted. These sentences hold names of the assignment and of the handed-in text alone, and
may be shown in hidden checks as well.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SandboxError, StudentError
from .sources import Frame, HandedIn, cell_words, parsed

__all__ = [
    "NO_ESTIMATOR",
    "NO_ITEMS",
    "NO_LENGTH",
    "NO_TORCH_MODULE",
    "STEP_OF_ITERATORS",
    "Call",
    "cannot_cross",
    "defines",
    "ended_python",
    "is_stub",
    "lacks",
    "needs_function",
    "not_attempted",
    "not_defined",
    "not_plain",
    "overwritten",
    "place_of",
    "raised",
    "refusal",
    "still_dots",
    "stub_called",
    "text_of",
    "too_many_drawn",
    "trace_of",
    "unknown_name",
    "unwritten",
]

NO_TORCH_MODULE = "Expected a torch.nn.Module, to look at its layers."
NO_ESTIMATOR = "Expected a scikit-learn estimator, to look at its steps."
NO_LENGTH = "an iterator has no length; make a list of it first"
NO_ITEMS = "an iterator has no items by number; make a list of it first"
_LONGEST_MESSAGE = 2000
STEP_OF_ITERATORS = "End it after the items that the handout asks for."


def not_defined(name: str, file: str) -> str:
    """A public name that its file does not define."""
    return f"`{name}` is not defined in {file}."


def still_dots(name: str) -> str:
    """A constant whose stub was left as it is."""
    return f"Not attempted: {name} is still `...`"


def not_attempted(what: str) -> str:
    """A stub that was called: what it raised, or what was called."""
    return f"Not attempted: {what}"


def stub_called(stub: str, where: str) -> str:
    """A function that is written, and calls a stub."""
    return f"Not attempted: `{stub}` is not written yet, and `{where}` calls it."


def raised(where: str, name: str, place: str, message: str) -> str:
    """An exception of the submission's own."""
    return f"`{where}` raised {name}{place}: {message or 'no message'}"


def ended_python(where: str, place: str) -> str:
    """A call of exit() and the like."""
    return f"`{where}` called exit(){place}; a module that is graded must not end Python."


def not_plain(where: str, why: str) -> str:
    """A result that has no form in which it can be judged."""
    return f"`{where}` returned a value that cannot be judged: {why}"


def too_many_drawn(items: int, mib: int) -> str:
    """An iterator that gives more than one answer may hold."""
    return f"More than {items:,} items or {mib} MiB came out of one iterator."


def lacks(owner: str, names: Sequence[str]) -> str:
    """An object or a class without attributes that the handout names."""
    if len(names) > 1:
        return f"`{owner}` lacks the methods {', '.join(f'`{name}`' for name in names)}; keep the names of the handout."
    return f"`{owner}` has no `{names[0]}`; keep the names of the handout."


def place_of(frame: Frame | None, where: str, handed_in: HandedIn) -> str:
    """The line, in parentheses: with its text where the whole file or cell is what was run, else with its file."""
    if frame is None:
        return ""
    part = f"{cell_words(frame.cell)} of {frame.file}" if frame.cell else frame.file
    if part != where:
        return f" (line {frame.line} of {part})"
    quote = handed_in.quote(frame)
    return f" (line {frame.line}{f': `{quote}`' if quote else ''})"


# --- mistakes of a check ---


def unknown_name(name: str) -> str:
    """A name that is no public one of the reference."""
    return f"A check asks for student.{name}, which no file of the reference defines."


def needs_function(verb: str) -> str:
    """A method of the stand-in that was given something else than a function of the submission."""
    return f"student.{verb} needs a function of the student's, such as student.relu or model.predict."


def cannot_cross(why: object) -> str:
    """An argument that has no plain form."""
    return f"A check gives a submission something that cannot cross into the sandbox: {why}"


def text_of(error: BaseException) -> str:
    """What an exception says, shortened; its class may be the submission's and raise anything."""
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return str(text)[:_LONGEST_MESSAGE]
    except Exception:  # noqa: BLE001
        return "(its text cannot be read)"


def trace_of(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    """What Python would print, without our own frames; "" where that is the message alone."""
    if not (frames or isinstance(error, SyntaxError) or hasattr(error, "__notes__")):
        return ""
    try:
        ending = "".join(traceback.format_exception_only(error))
    except Exception:  # noqa: BLE001
        ending = type(error).__name__
    head = "Traceback (most recent call last):\n" if frames else ""
    return head + "".join(traceback.format_list(frames[-20:])) + ending


# --- what the submission's own text says about a call that failed ---

_PACKAGE_TYPE = re.compile(r"(?:numpy|torch|pandas)\.\w{1,40}")
_NOTHING = "NoneType"
_STUB = " is not written yet"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Call:
    """How a check calls something: the number of positional arguments, and the names of the others."""

    positional: int
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Binding:
    """A statement at the top level of a module, or of a cell (0: no notebook), that gives a name its value."""

    cell: int
    node: ast.stmt


def refusal(title: str, file: str, call: Call, handed_in: HandedIn, *, may_show: bool) -> str:
    """One sentence about a call whose arguments the function does not take; "" where its text takes them.

    Args:
        title: what was called: ``function``, ``Class`` or ``Class.method``.
        file: which defines it.
        call: what it was given.
        handed_in: the files of the submission.
        may_show: whether the names of the given arguments may be shown; in a hidden check they are the instructor's.
    """
    owner, _, method = title.rpartition(".")
    signature = _signature(owner or title, method if owner else "__init__", _bindings(file, handed_in))
    if signature is None:
        return ""
    try:
        signature.bind(*[None] * call.positional, **dict.fromkeys(call.keywords))
    except TypeError as error:
        why = str(error).replace(": ", " ", 1)
    else:
        return ""
    if "unexpected keyword" in why:
        unknown = [name for name in call.keywords if name not in signature.parameters]
        why = f"it has no parameter '{unknown[0]}'" if unknown and may_show else "its parameters have other names"
    return f"`{title}` does not accept the arguments of the handout: {why}."


def defines(name: str, file: str, handed_in: HandedIn) -> bool:
    """Whether the text of a file defines a function or class of that name."""
    return any(name in _names(each.node) and _defines(each.node) for each in _bindings(file, handed_in))


def overwritten(name: str, kind: str, file: str, handed_in: HandedIn, *, is_class: bool = False) -> str:
    """One sentence about the name of a function, or of a class, that holds another value.

    Args:
        name: of the function.
        kind: class of the value, such as ``"numpy.ndarray"``; only one of Python or of a known package is named.
        file: which should define it.
        handed_in: the files of the submission.
        is_class: whether a class should have this name; else the text says so.
    """
    found = [each for each in _bindings(file, handed_in) if name in _names(each.node)]
    is_class = is_class or any(isinstance(each.node, ast.ClassDef) for each in found)
    expected = "a class" if is_class else "a function"
    places = [each for each in found if not _defines(each.node)]
    place = "another line"
    if places:
        last = places[-1]
        place = f"{cell_words(last.cell)} of {file}" if last.cell else f"line {last.node.lineno} of {file}"
    return f"`{name}` is {_described(kind)}{expected}; {place} gives its name to another value."


def unwritten(frame: Frame, title: str, public: Collection[str], handed_in: HandedIn) -> str:
    """The public function, or method, whose stub stands in a line, where it is not what was called; else "".

    Args:
        frame: the line that raised NotImplementedError.
        title: what was called.
        public: names of the assignment's functions and classes.
        handed_in: the files of the submission.
    """
    tree = _tree(frame.file, frame.cell, handed_in)
    for statement in _statements(tree.body if tree else ()):
        if isinstance(statement, _Function):
            found, functions = "", [statement]
        elif isinstance(statement, ast.ClassDef):
            found, functions = f"{statement.name}.", [each for each in statement.body if isinstance(each, _Function)]
        else:
            continue
        for function in functions:
            if statement.name in public and _raises_not_implemented(function, frame.line):
                stub = f"{found}{function.name}"
                return "" if stub in (title, f"{title}.__init__") else stub
    return ""


def is_stub(frame: Frame | None, message: str, handed_in: HandedIn) -> bool:
    """Whether a NotImplementedError is that of a stub, and not one of a library or of code that was written.

    A stub says so itself, or its raise gives no message, or it is all that its function (or cell) does.

    Args:
        frame: the innermost line of the submission that led to the error, if any did.
        message: of the error.
        handed_in: the files of the submission.
    """
    if message.endswith(_STUB):
        return True
    tree = _tree(frame.file, frame.cell, handed_in) if frame else None
    if tree is None or frame is None or not _raises_not_implemented(tree, frame.line):
        return False
    if not message:
        return True
    for part in ast.walk(tree):
        if isinstance(part, (ast.Module, _Function)) and _raises_not_implemented(part, frame.line):
            documented = ast.get_docstring(part, clean=False) is not None
            if len(part.body) - documented == 1 and isinstance(part.body[-1], ast.Raise):
                return True
    return False


def _raises_not_implemented(code: ast.AST, line: int) -> bool:
    """Whether a line of a module or function raises NotImplementedError."""
    return any(
        isinstance(node, ast.Raise)
        and node.lineno <= line <= (node.end_lineno or node.lineno)
        and any(isinstance(part, ast.Name) and part.id == "NotImplementedError" for part in ast.walk(node))
        for node in ast.walk(code)
    )


def _described(kind: str) -> str:
    """How the class of a value is written, with what follows it."""
    if kind == _NOTHING:
        return "None, not "
    known = _PACKAGE_TYPE.fullmatch(kind) or isinstance(getattr(builtins, kind, None), type)
    if not known:
        return "not "
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}, not "


def _signature(name: str, method: str, bindings: Iterable[_Binding]) -> inspect.Signature | None:
    """The parameters of the last function (or class: of its method) of a name; None if the text does not say them."""
    last = next((each.node for each in reversed(list(bindings)) if name in _names(each.node)), None)
    if isinstance(last, _Function):
        return _parameters(last.args) if method == "__init__" and not last.decorator_list else None
    if not isinstance(last, ast.ClassDef) or last.decorator_list:
        return None
    found = next((each for each in last.body if isinstance(each, _Function) and each.name == method), None)
    if found is None:
        return None
    marks = [each.id if isinstance(each, ast.Name) else "" for each in found.decorator_list]
    if marks not in ([], ["classmethod"], ["staticmethod"]):
        return None
    return _parameters(found.args, bound=marks != ["staticmethod"])


def _parameters(given: ast.arguments, *, bound: bool = False) -> inspect.Signature | None:
    """A signature with those parameters, without the first where that is the object."""
    kinds = inspect.Parameter
    positional: list[tuple[str, Any]] = [(each.arg, kinds.POSITIONAL_ONLY) for each in given.posonlyargs]
    positional += [(each.arg, kinds.POSITIONAL_OR_KEYWORD) for each in given.args]
    optional = len(positional) - len(given.defaults)
    made = [
        kinds(name, kind, default=kinds.empty if number < optional else None)
        for number, (name, kind) in enumerate(positional)
    ]
    if bound and made:
        del made[0]
    if given.vararg:
        made.append(kinds(given.vararg.arg, kinds.VAR_POSITIONAL))
    for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        made.append(kinds(each.arg, kinds.KEYWORD_ONLY, default=kinds.empty if default is None else None))
    if given.kwarg:
        made.append(kinds(given.kwarg.arg, kinds.VAR_KEYWORD))
    try:
        return inspect.Signature(made)
    except ValueError:
        return None  # no Python that runs


def _bindings(file: str, handed_in: HandedIn) -> Iterator[_Binding]:
    """What gives names their values at the top level of a file, in order; of a notebook, cell by cell as they run."""
    for cell in list(handed_in.cells.get(file, ())) or (0,):
        tree = _tree(file, cell, handed_in)
        yield from (_Binding(cell, each) for each in _statements(tree.body if tree else ()))


def _tree(file: str, cell: int, handed_in: HandedIn) -> ast.Module | None:
    """The text of a file or cell; None where it cannot be parsed."""
    try:
        return parsed(handed_in.source(file, cell), file)
    except (StudentError, SandboxError):  # it would only have made a sentence clearer
        return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in order, with those inside of loops, conditions and the like, but not of functions and classes."""
    waiting: list[ast.AST] = [*reversed(body)]  # a chain of many `elif` is nested deeper than Python may call itself
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.stmt):
            yield statement
        if not _defines(statement):
            parts = [getattr(statement, part, ()) for part in ("body", "handlers", "orelse", "finalbody")]
            waiting += reversed([each for part in parts if isinstance(part, list) for each in part])


def _defines(statement: ast.AST) -> bool:
    """Whether a statement makes a function or a class."""
    return isinstance(statement, (_Function, ast.ClassDef))


def _names(statement: ast.stmt) -> set[str]:
    """The names to which a statement itself gives a value."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {each.asname or each.name.partition(".")[0] for each in statement.names}
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return set()
    targets: list[ast.expr] = list(getattr(statement, "targets", ()))
    if target := getattr(statement, "target", None):
        targets.append(target)
    targets += [each.optional_vars for each in getattr(statement, "items", ()) if each.optional_vars]
    parts = (part for each in targets for part in ast.walk(each))
    return {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}

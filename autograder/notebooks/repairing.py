"""Bring a submitted notebook back into the form of the one that was handed out, and say what was done.

Students delete cells, copy them, move them, edit tests, and turn code into Markdown. None of that is a reason not to
grade the rest: given cells are taken from the release, written ones from the student, in the order of the release, and
what the student added stays behind the cell that it followed. The stub of a deleted cell is put back so that it undoes
nothing: never behind a cell in which the student set one of its names.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from autograder.checks.local.notebook_code import python_lines
from autograder.notebooks.reading import Cell, Notebook

__all__ = ["Changes", "Repaired", "changes_of", "repair"]

_ANYTHING = ("exec", "eval", "globals", "locals", "vars", "setattr", "get_ipython")
_RUNS_OTHER_CODE = ("%run", "%load", "%reset", "%store", "%macro")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a cell does to the names of its notebook.

    `values` are names that it assigns, defines as function or class, or whose object it changes (``x[0] = 1``,
    ``x.append(1)``); `imports` are names that it imports. `anything` says that it may set names that its text does not
    show: a star import, ``exec``, ``%run``.
    """

    values: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    anything: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.values | self.imports


def changes_of(source: str) -> Changes:
    """What a code cell does to the names of its notebook; a cell that is no Python does nothing."""
    try:
        nodes = list(_in_scope(ast.parse("\n".join(python_lines(source)))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Changes()
    imports = {name for node in nodes for name in _imported(node)}
    values = {name for node in nodes for name in _set(node)}
    magic = any(line.lstrip().startswith(_RUNS_OTHER_CODE) for line in source.split("\n"))
    return Changes(frozenset(values), frozenset(imports - {"*"}), magic or "*" in imports or any(map(_hides, nodes)))


def _in_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run in the notebook's own scope; of functions and classes only what they set outside."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _SCOPES):
            inner = (each for each in ast.walk(node) if isinstance(each, ast.Global))
            yield from inner
        elif isinstance(node, _COMPREHENSIONS):
            yield from (each for each in ast.walk(node) if isinstance(each, (ast.NamedExpr, ast.Call)))
        else:
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def _set(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Global(names=names):
            yield from names
        case ast.NamedExpr(target=ast.Name(id=name)):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield from _root(node)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
            yield from _root(method)


def _root(node: ast.AST) -> Iterator[str]:
    """The name in front of ``name.a[0].b``; none of what a call returns."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _hides(node: ast.AST) -> bool:
    """Whether a node may set names that nobody can read off the text."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ANYTHING


_ALIKE = 0.6
_TELLING = 30  # characters
_COMMON = re.compile(r"\s*(?:import|from|%|#)")
_NUMBERED = re.compile(r"(?:cell|answer)-\d+")
_COMPARED = 20_000  # characters; comparing longer texts would take longer than it is worth


@dataclass(frozen=True, slots=True)
class Repaired:
    """The notebook to be graded, and one sentence for each thing that was repaired.

    `missing` are names of cells that students write and that were not handed in: they stand there as handed out.
    `foreign` says that no cell of the release was found, so that this is another notebook.
    """

    notebook: Notebook
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    foreign: bool = False


def repair(submitted: Notebook, released: Notebook) -> Repaired:
    """The submitted notebook with the cells of the release repaired.

    A cell of the release is one with a role (nbgrader's metadata); cells without one are the student's to change.
    Which cell is meant follows from its grade id; where that is lost, from the functions and classes that it defines,
    or from its text.

    Args:
        submitted: what the student handed in.
        released: what was handed out.
    """
    notes: list[str] = []
    expected = [cell for cell in released.cells if cell.role]
    read = cache(changes_of)  # each text once, however many cells are missing
    owners = _owners(submitted.cells, expected, notes, read)
    placed = {place: name for name, place in owners.items()}
    followers = _followers(submitted.cells, placed)
    _note_order(expected, owners, notes)
    cells = list(followers.get("", ()))
    missing = []
    for cell in expected:
        place = owners.get(cell.name)
        cells.append(_restored(cell, None if place is None else submitted.cells[place], notes))
        if place is None and not _is_given(cell):
            missing.append(cell.name)
        cells += followers.get(cell.name, ())
    for name in missing:
        notes.append(_without_undoing(cells, name, missing, read))
    found = ((cell, submitted.cells[owners[cell.name]]) for cell in expected if cell.name in owners)
    lost = [cell for cell in expected if cell.name in missing]
    if (
        expected
        and not any(_is_evidence(cell, each, read) for cell, each in found)
        and not _sets(submitted, lost, read)
    ):
        one = len(expected) == 1
        count = "the one cell" if one else f"none of the {len(expected)} cells"
        notes = [f"This looks like another notebook: {count} of the handout {'is not' if one else 'is'} in it."]
        return Repaired(replace(submitted, cells=tuple(cells)), tuple(notes), tuple(missing), foreign=True)
    return Repaired(replace(submitted, cells=tuple(cells)), tuple(notes), tuple(missing))


def _sets(submitted: Notebook, lost: Sequence[Cell], read: Callable[[str], Changes]) -> bool:
    """Whether the student's cells set a part of what the stubs of these cells set: an answer typed anew, begun."""
    names = {name for cell in lost if cell.kind == "code" for name in read(cell.source).values}
    return any(names & read(cell.source).names for cell in submitted.code)


def _is_evidence(cell: Cell, found: Cell, read: Callable[[str], Changes]) -> bool:
    """Whether the cell in the place of one of the release shows that the notebook is made from it.

    A name that is only a number, a short text and imports show nothing: other notebooks have the same.
    """
    if found.role is not None and found.role.grade_id == cell.name and not _NUMBERED.fullmatch(cell.name):
        return True
    telling = [line for line in cell.source.split("\n") if line.strip() and not _COMMON.match(line)]
    same = found.source.strip() == cell.source.strip() or _alike(cell, found)
    if same and len("".join(telling)) >= _TELLING:
        return True
    if cell.kind != "code" or found.kind != "code" or _is_given(cell):
        return False
    changes = read(found.source)
    return changes.anything or bool(changes.names & read(cell.source).values)


def _without_undoing(cells: list[Cell], name: str, missing: Sequence[str], read: Callable[[str], Changes]) -> str:
    """Give a stub that was put back a place where it undoes nothing that the student's cells set.

    It moves in front of the first of them that sets a name of the stub; where they set all of its names, a comment
    takes its place.

    Args:
        cells: of the repaired notebook; changed in place.
        name: of the stub.
        missing: names of all stubs that were put back.
        read: `changes_of`.

    Returns:
        A sentence about the cell.
    """
    at = next(place for place, cell in enumerate(cells) if cell.role and cell.name == name)
    stub = cells[at]
    sentence = f"The cell {name!r} was not handed in"
    code = [(place, cell) for place, cell in enumerate(cells) if cell.kind == "code"]
    packages = {each for _, cell in code if _is_given(cell) or cell is stub for each in read(cell.source).imports}
    sets = read(stub.source).values - packages if stub.kind == "code" else frozenset()
    own = [
        (place, read(cell.source))
        for place, cell in code
        if not _is_given(cell) and not (cell.role and cell.name in missing)
    ]
    answers = [place for place, found in own if found.anything or found.names & sets]
    answered = {each for _, found in own for each in found.names & sets}
    if not sets or not answers:
        return f"{sentence}; it counts as not written."
    if answered == sets:
        elsewhere = f"other cells set {', '.join(sorted(sets))}"
        cells[at] = replace(stub, source=f"# This cell was not handed in; {elsewhere}.")
        return f"{sentence}; {elsewhere}, so its stub was not run."
    if answers[0] < at:
        cells.insert(answers[0], cells.pop(at))
        return f"{sentence}; its stub was run before the cells that may set what it sets."
    return f"{sentence}; it counts as not written."


def _owners(
    cells: Sequence[Cell], expected: Sequence[Cell], notes: list[str], read: Callable[[str], Changes]
) -> dict[str, int]:
    """The place in the submission of each expected cell, by name."""
    by_name = {cell.name: cell for cell in expected}
    owners: dict[str, int] = {}
    copies: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = cell.role.grade_id if cell.role else ""
        if name in owners:
            copies[name] = copies.get(name, 1) + 1
        elif name in by_name:
            owners[name] = place
    by_id = {cell.id: place for place, cell in enumerate(cells) if cell.id and not cell.role}
    for cell in expected:  # a notebook that never had names, such as the reference, has the ids of the one made from it
        if cell.name not in owners and cell.id in by_id and cells[by_id[cell.id]].kind == cell.kind:
            meant = cells[by_id[cell.id]]
            if not _is_given(cell) or meant.source.strip() == cell.source.strip() or _alike(cell, meant):
                owners[cell.name] = by_id[cell.id]  # else an answer in a cell that got the same id elsewhere
    for name, count in copies.items():
        kept = "the handed-out one was used" if _is_given(by_name[name]) else "all of them run, and the first is graded"
        notes.append(f"The cell {name!r} is there {count} times; {kept}.")
    _anchor(cells, expected, owners)
    for cell in expected:
        if cell.name not in owners and not _is_given(cell):
            place_found = _recognised(cell, cells, taken=set(owners.values()), names=by_name)
            if place_found is None:
                place_found = _answered(cell, cells, expected, owners, read)
            if place_found is not None:
                owners[cell.name] = place_found
                notes.append(f"The cell {cell.name!r} has lost its name; it was recognised by what it says.")
    return owners


def _recognised(cell: Cell, cells: Sequence[Cell], *, taken: set[int], names: Mapping[str, Cell]) -> int | None:
    """The place of a cell that has lost its name: it defines the same things, or reads nearly the same."""
    free = [
        (place, each)
        for place, each in enumerate(cells)
        if place not in taken and each.kind == cell.kind and not (each.role and each.role.grade_id in names)
    ]
    expected = _defined(cell)
    if expected:
        for place, each in free:
            if expected <= _defined(each):
                return place
    likely = [(_likeness(cell.source, each.source), -place) for place, each in free]
    best, place = max(likely, default=(0.0, 0))
    return -place if best >= _ALIKE else None


def _anchor(cells: Sequence[Cell], expected: Sequence[Cell], owners: dict[str, int]) -> None:
    """Find given cells that have lost their names by their text, which is the handed-out one, so that order is kept."""
    known = {cell.name for cell in expected}
    taken = set(owners.values())
    last = -1
    for cell in expected:
        if cell.name in owners:
            last = max(last, owners[cell.name])
        elif _is_given(cell):
            for place in range(last + 1, len(cells)):
                each = cells[place]
                free = place not in taken and not (each.role and each.role.grade_id in known)
                if free and each.kind == cell.kind and each.source.strip() == cell.source.strip():
                    owners[cell.name] = last = place
                    taken.add(place)
                    break


def _answered(
    cell: Cell,
    cells: Sequence[Cell],
    expected: Sequence[Cell],
    owners: Mapping[str, int],
    read: Callable[[str], Changes],
) -> int | None:
    """The place of an answer typed anew: a cell without name that sets all that the stub sets, where the stub stood."""
    sets = read(cell.source).values if cell.kind == "code" else frozenset()
    if not sets:
        return None
    order = [each.name for each in expected]
    at = order.index(cell.name)
    first = max((owners[name] + 1 for name in order[:at] if name in owners), default=0)
    last = min((owners[name] for name in order[at + 1 :] if name in owners), default=len(cells))
    taken = set(owners.values())
    for place in range(first, last):
        each = cells[place]
        free = place not in taken and each.kind == "code" and not (each.role and each.role.grade_id in order)
        if free and sets <= read(each.source).names:
            return place
    return None


def _followers(cells: Sequence[Cell], placed: Mapping[int, str]) -> dict[str, list[Cell]]:
    """The student's own cells by the expected cell that they come after, "" for those before all of them."""
    found: dict[str, list[Cell]] = {}
    after = ""
    expected = set(placed.values())
    for place, cell in enumerate(cells):
        if place in placed:
            after = placed[place]
        elif cell.role and cell.role.grade_id in expected and cell.role.given:
            continue  # a copy of a test runs where the test stands, and only there
        else:
            found.setdefault(after, []).append(replace(cell, role=None))
    return found


def _note_order(expected: Sequence[Cell], owners: Mapping[str, int], notes: list[str]) -> None:
    places = [owners[cell.name] for cell in expected if cell.name in owners]
    if places != sorted(places):
        notes.append("Cells stand in another order than in the handout; they were put back into that order.")


def _restored(cell: Cell, found: Cell | None, notes: list[str]) -> Cell:
    """The cell to be graded, in place of what was found under its name."""
    if _is_given(cell):
        if found is None:
            notes.append(f"The given cell {cell.name!r} was deleted; the handed-out one was used.")
        elif found.kind != cell.kind or found.source.strip() != cell.source.strip():
            notes.append(f"The given cell {cell.name!r} was changed; the handed-out one was used.")
        return cell
    if found is None:
        return cell
    if found.kind != cell.kind:
        notes.append(f"The cell {cell.name!r} was turned into {found.kind}; it was read as {cell.kind}.")
    return replace(cell, source=found.source, tags=found.tags, id=found.id)


def _is_given(cell: Cell) -> bool:
    return cell.role is not None and cell.role.given


def _defined(cell: Cell) -> set[str]:
    """Functions and classes that a code cell defines."""
    if cell.kind != "code":
        return set()
    try:
        return set(_definitions(ast.parse(cell.source).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _definitions(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement.name


def _alike(one: Cell, other: Cell) -> bool:
    return _likeness(one.source, other.source) >= _ALIKE


def _likeness(first: str, second: str) -> float:
    one, other = first.strip()[:_COMPARED], second.strip()[:_COMPARED]
    matcher = difflib.SequenceMatcher(None, one.splitlines(), other.splitlines(), autojunk=False)
    return matcher.ratio() if one and other else 0.0

"""Every small wrong version of a reference, each changed in one place inside a solution region."""

from __future__ import annotations

import ast
import difflib
import hashlib
import random
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder.assignment.interface import Interface
from autograder.assignment.question import Question
from autograder.markers import Region, regions
from autograder.quality.mutation.code import Code, Edit, plain_name
from autograder.quality.mutation.operators import OPERATORS

__all__ = ["REFERENCE", "Mutant", "belongs", "difference", "generate", "normal_form", "sample"]

REFERENCE = "reference"
"""What the reference is called among the mutants; all of them are graded with its variant, where any are drawn."""
LOOKS = ("figsize", "dpi", "fontsize", "linewidth", "markersize")
LOOKS_CALLED = ("tight_layout", "subplots_adjust")
"""Arguments and calls of matplotlib that only change how large or how neat a plot looks."""
SHARED_LOOKS = ("rotation", "layout")
SHARED_LOOKS_CALLED = ("grid", "axis", "margins")
"""More of them, whose names other libraries use as well: they count where a figure or axes are called."""
_OF_A_PLOT = re.compile(r"(plt|pyplot|pylab|figs?|figures?|ax|axs|axes|subplots?|panels?)\d*", re.IGNORECASE)
"""Names by which code calls matplotlib, its figures and its axes."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file of the reference with one mistake in it.

    `id` is made of the operator and the text that changed, so it stays when lines move. `region` is the qualified name
    of what the solution region stands in, `function` of what the mistake stands in. `about` says what the mistake is,
    where an instructor keeps it.
    """

    id: str
    operator: str
    file: str
    line: int
    region: str
    function: str
    diff: str
    source: str
    about: str = ""

    @property
    def place(self) -> str:
        """``file:line:operator``, the other name by which a survivor may be accepted."""
        return f"{self.file}:{self.line}:{self.operator}"


def generate(sources: Mapping[str, str]) -> tuple[Mutant, ...]:
    """All mutants of some modules, in the order of the text.

    What does not compile, means the same as the original, or the same as an earlier mutant, is left out.

    Raises:
        InstructorError: a module is no Python, or its solution markers are wrong.
    """
    return tuple(mutant for file, source in sources.items() for mutant in _of_module(file, source))


def belongs(mutant: Mutant, question: Question, interface: Interface) -> bool:
    """Whether a mistake lies in what students write for a question.

    A helper at module level belongs to every question with a solution in its file; to a question without solutions of
    its own, everything does.
    """
    if not mutant.region:
        files = {interface.file_of(name.partition(".")[0]) for name in question.solution}
        return not files or mutant.file in files
    region = f"{mutant.region}."
    return not question.solution or any(
        region.startswith(f"{name}.") or f"{name}.".startswith(region) for name in question.solution
    )


def sample(mutants: Sequence[Mutant], limit: int, seed: str) -> tuple[Mutant, ...]:
    """At most `limit` mutants, in their order, spread over operators and functions; the same for the same seed."""
    left = list(mutants)
    random.Random(seed).shuffle(left)  # noqa: S311 (nothing depends on it being hard to guess)
    taken: Counter[str] = Counter()
    chosen: set[str] = set()
    while left and len(chosen) < limit:
        mutant = min(left, key=lambda each: taken[each.operator] + taken[f"{each.file}/{each.function}"])
        left.remove(mutant)
        taken.update([mutant.operator, f"{mutant.file}/{mutant.function}"])
        chosen.add(mutant.id)
    return tuple(mutant for mutant in mutants if mutant.id in chosen)


def normal_form(source: str) -> str:
    """A text that two modules share only if they mean the same: without layout, and without steps that do nothing."""
    return ast.dump(_Simpler().visit(ast.parse(source)))


class _Simpler(ast.NodeTransformer):
    """Takes out factors 1, summands 0, double signs, and bounds that are there anyway."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.Pow(), right=ast.Constant(value=1)):
                return node.left
            case ast.BinOp(op=ast.Mult(), left=ast.Constant(value=1)):
                return node.right
            case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(value=0)):
                return node.left
            case ast.BinOp(op=ast.Add(), left=ast.Constant(value=0)):
                return node.right
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=ast.UnaryOp(op=ast.USub(), operand=inner)):
                return inner
        return node

    def visit_Slice(self, node: ast.Slice) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.lower, ast.Constant) and node.lower.value == 0 and node.step is None:
            node.lower = None
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=0), last]):
                node.args = [last]
        return node


def _of_module(file: str, source: str) -> Iterator[Mutant]:
    found = regions(source, file)
    code = Code(source)
    seen = {normal_form(source)}
    same: Counter[str] = Counter()
    for node, region in _inside(code, found):
        for name, operator in OPERATORS.items():
            for edit in operator(code, node):
                mutated = code.edited(edit)
                if not _compiles(mutated) or (form := normal_form(mutated)) in seen:
                    continue
                seen.add(form)
                diff = difference(file, source, mutated)
                function = code.function(node)
                known = _key(file, function, name, diff)
                same[known] += 1
                digest = hashlib.sha256(f"{known}\0{same[known]}".encode()).hexdigest()[:8]
                yield Mutant(f"{name}-{digest}", name, file, _line(code, edit), region.name, function, diff, mutated)


def _inside(code: Code, found: Iterable[Region]) -> Iterator[tuple[ast.AST, Region]]:
    """The nodes that lie in a solution region, in the order of the text.

    Texts are left alone, for Python 3.11 does not know where the parts of an f-string stand; so are annotations, and
    what only changes how large or how neat a plot looks, which is a matter of taste and no mistake.
    """
    skipped: set[ast.AST] = set()
    for node in ast.walk(code.tree):
        closed: list[ast.AST] = [node] if isinstance(node, ast.JoinedStr) or _is_taste(node) else []
        if isinstance(node, ast.Call) and _is_of_a_plot(node.func):
            closed += [each for each in node.keywords if each.arg in SHARED_LOOKS]
        closed += [part for name in ("annotation", "returns") if (part := getattr(node, name, None)) is not None]
        for part in closed:
            skipped.update(ast.walk(part))
    placed = [node for node in ast.walk(code.tree) if hasattr(node, "lineno") and node not in skipped]
    for node in sorted(placed, key=lambda each: (code.span(each)[0], -code.span(each)[1])):
        for region in found:
            if node.lineno in region and node.end_lineno in region:  # type: ignore[attr-defined]
                yield node, region


def _is_taste(node: ast.AST) -> bool:
    """Whether a part of the code is about the look of a plot alone: an argument or a call of its own."""
    if isinstance(node, ast.keyword):
        return node.arg in LOOKS
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return False
    name = call.func.attr
    said = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    shared = name in SHARED_LOOKS_CALLED and (_is_of_a_plot(call.func.value) or (name == "axis" and bool(said)))
    return name in LOOKS_CALLED or shared


def _is_of_a_plot(node: ast.AST) -> bool:
    """Whether an object is matplotlib, a figure or axes, as its name says: ``plt``, ``axes[0]``, ``plt.gca()``."""
    return any(_OF_A_PLOT.fullmatch(plain_name(each)) for each in ast.walk(node))


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def difference(file: str, before: str, after: str) -> str:
    """The unified diff of two texts, without lines around the changes."""
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), file, file, lineterm="", n=0))


def _key(file: str, function: str, operator: str, diff: str) -> str:
    """What an id is made of: nothing that changes when lines are added elsewhere."""
    lines = [line[0] + line[1:].strip() for line in diff.splitlines()[2:] if not line.startswith("@@")]
    return "\0".join([file, function, operator, *lines])


def _line(code: Code, edit: Edit) -> int:
    return code.bytes.count(b"\n", 0, edit.start) + 1

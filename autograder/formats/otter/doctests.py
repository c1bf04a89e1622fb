"""A test case of Otter's as the body of a check: what its output said becomes a comparison of values."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.formats.otter.master import Case
from autograder.formats.otter.names import Names
from autograder.formats.otter.remote_calls import Outside
from autograder.formats.otter.statements import Expected, Stays, expected, parsed, said
from autograder.scaffold.writing import double_quoted, wrapped

__all__ = ["Moved", "move"]

_TRUTHS = ("isinstance", "all", "any", "callable", "hasattr", "issubclass", "bool")
_TRUE_CALLS = ("isclose", "allclose", "array_equal", "all", "any", "startswith", "endswith", "isin", "issubset")
_RETURNS_TEXT = ("str", "repr", "format", "join", "upper", "lower", "strip")
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Moved:
    """The lines of a check without indentation, its parameters, what it imports and uses, and words for its title."""

    lines: tuple[str, ...]
    parameters: tuple[str, ...]
    imports: tuple[str, ...]
    checks: frozenset[str]
    asked: frozenset[str]
    title: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """One value that a test shows: the expression, what its text says, and whether it was printed."""

    node: ast.expr
    text: str
    printed: bool


def move(case: Case, names: Names, *, doctests: bool) -> Moved:
    """A test case as a check that runs outside.

    A public check holds the expected value; a hidden one takes it from the reference when it is graded. Nothing is run.

    Args:
        case: the test cell.
        names: what the reference defines.
        doctests: whether what the cell shows is compared; else it defines functions that fail by exceptions.

    Raises:
        Stays: it cannot be moved; the text says why.
    """
    if case.failed:
        raise Stays(f"ended with {case.failed} in the notebook itself; correct it there first")
    body = parsed(case.source)
    doctests = doctests and not _only_defines(body)
    body = _bodies(body) if not doctests else body
    if not body:
        raise Stays("holds no code")
    return _Moving(case, body, names).run(doctests=doctests)


def _bodies(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The bodies of the test functions, whose parameters name what they take from the notebook."""
    found: list[ast.stmt] = []
    functions = [each for each in body if isinstance(each, ast.FunctionDef)]
    if not functions:
        raise Stays("defines no test function, though the assignment says 'ok_format: false'")
    tests = [each for each in functions if each.name.startswith("test")] or functions[-1:]
    for statement in body:
        if statement not in tests:
            if not _tries(statement, {each.name for each in tests}):
                found.append(statement)
            continue
        assert isinstance(statement, ast.FunctionDef)
        arguments = statement.args
        names = {each.arg for each in arguments.args}
        if "env" in names:
            raise Stays("takes env, the notebook's whole namespace")
        if arguments.defaults or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise Stays(f"has parameters of its own ({statement.name}); Otter fills them by name only")
        if any(isinstance(node, ast.Return) for node in ast.walk(statement)) and len(tests) > 1:
            raise Stays("defines several test functions that return")
        found += [each for each in statement.body if not _is_text(each)]
    return found


def _only_defines(body: Sequence[ast.stmt]) -> bool:
    """Whether a test only defines functions: then they fail by exceptions, whatever the configuration says."""
    defining = (ast.FunctionDef, ast.Import, ast.ImportFrom)
    return all(isinstance(each, defining) for each in body) and any(isinstance(each, ast.FunctionDef) for each in body)


def _tries(statement: ast.stmt, tests: set[str]) -> bool:
    """Whether a statement calls a test, which Otter does by itself."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in tests
    return False


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Moving:
    """One test on its way out."""

    def __init__(self, case: Case, body: list[ast.stmt], names: Names) -> None:
        self.case = case
        self.names = names
        self.body = [each for each in body if not _is_text(each) or each is body[-1]]
        self.outside = Outside(names, self.body)

    def run(self, *, doctests: bool) -> Moved:
        shown = self.shown() if doctests else []
        kept = [each for each in self.body if not any(_shows(each, one.node) for one in shown)]
        title = self.title(shown)
        if any(_prints(each) for each in kept):
            raise Stays("prints in several places; compare what is printed with same()")
        if shown and self.case.hidden and not all(self.is_stated(each) for each in shown):
            lines = self.beside_the_reference(kept, shown)
        else:
            lines = self.lines(kept, self.outside)
            for each in shown:
                lines += _unparsed([ast.Expr(self.comparison(each))])
        if not self.outside.asked:
            raise Stays("asks nothing of what students write, so from outside it would always pass")
        if not lines:
            raise Stays("compares nothing")
        used = {
            node.id for line in ["\n".join(lines)] for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)
        }
        return Moved(
            lines=tuple(lines),
            parameters=tuple(name for name in ("student", "reference") if name in used),
            imports=tuple(sorted(self.outside.imported.values())),
            checks=frozenset(self.outside.checks),
            asked=frozenset(self.outside.asked),
            title=title,
        )

    def title(self, shown: Sequence[_Shown]) -> str:
        """Words that distinguish it from other checks: its first comment, or what it looks at."""
        first = next((line.strip() for line in self.case.source.split("\n") if line.strip()), "")
        if first.startswith("#") and len(first.strip("# ")) > 3:
            return first.strip("# ").rstrip(".")
        if shown:
            return said(shown[-1].node)
        last = self.body[-1]
        if isinstance(last, ast.Try) and isinstance(last.body[0], (ast.Expr, ast.Assign)):
            return f"{said(last.body[0].value)} must raise an exception"
        return said(last.test) if isinstance(last, ast.Assert) else said(last).split("\n", maxsplit=1)[0]

    # --- what the test shows ---

    def shown(self) -> list[_Shown]:
        """The values that the test's output holds, in order."""
        prints = [each for each in self.body if isinstance(each, ast.Expr) and _is_print(each.value)]
        last = self.body[-1]
        final = last.value if isinstance(last, ast.Expr) and last not in prints else None
        output = self.case.output.strip("\n")
        if isinstance(last, ast.Try) and _handled(last) == output and output:
            return []  # it says that the exception came, and so does the check
        if not prints and final is None:
            if output:
                raise Stays(f"prints inside of other statements ({_brief(output)}); compare the values with same()")
            return []
        if final is not None and not prints:
            return self.final(final, output)
        lines = output.split("\n") if output else []
        values = [self.printed(each) for each in prints if isinstance(each, ast.Expr)]
        if len(values) == 1 and final is None and self.case.ran:
            return [_Shown(values[0], output, printed=True)]
        if not self.case.ran:
            return [_Shown(value, "", printed=True) for value in values] + (self.final(final, "") if final else [])
        count = len(values) + (final is not None and len(lines) > len(values))
        if len(lines) != count:
            raise Stays(f"has an output of {len(lines)} lines for {count} values; compare them with same()")
        found = [_Shown(value, line, printed=True) for value, line in zip(values, lines, strict=False)]
        return found + (self.final(final, lines[-1] if len(lines) > len(values) else "") if final is not None else [])

    def final(self, node: ast.expr, output: str) -> list[_Shown]:
        """The value of the last line, unless it is a call that shows nothing."""
        if self.case.ran and not output:
            if isinstance(node, ast.Call) and not self.outside.called(getattr(node.func, "id", "")):
                return []  # such as a test function of the cell's own, or np.testing
            return [_Shown(node, "None", printed=False)]
        return [_Shown(node, output, printed=False)]

    def printed(self, statement: ast.Expr) -> ast.expr:
        call = statement.value
        assert isinstance(call, ast.Call)
        if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
            raise Stays("prints several things in one line; compare them with same()")
        return call.args[0]

    # --- comparisons ---

    def is_stated(self, shown: _Shown) -> bool:
        """Whether the right answer needs no reference: it is a truth, or what one side of ``==`` says."""
        if not self.case.ran and not shown.text:
            return _is_truth(shown.node)
        known = expected(shown.text)
        return known is not None and (isinstance(known.value, bool) or known.value is None)

    def comparison(self, shown: _Shown) -> ast.expr:
        """The comparison of a value with the one that its text says."""
        node, text = shown.node, shown.text
        if not self.case.ran and not text:
            if not _is_truth(node):
                raise Stays("was never run, so its right answer is unknown; run the notebook, save it, import it again")
            text = "True"
        if shown.printed and _is_text_itself(node):
            return self.compared(node, Expected(text))
        known = expected(text)
        if known is None and shown.printed and _is_one_line(text):
            return self.compared(ast.Call(ast.Name("str", ast.Load()), [node], []), Expected(text), name=node)
        if known is None:
            raise Stays(f"shows an object that is no plain value ({_brief(text)}); compare its parts with same()")
        if known.value is True:
            return self.truth(node)
        return self.compared(node, known)

    def truth(self, node: ast.expr) -> ast.expr:
        """What must be True: where it is an equality, both sides are compared, which says more when it fails."""
        match node:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                return self.outside.judged("same", left, right)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="isclose"), args=[left, right]):
                if self.names.imports.get(name, ("",))[0] == "numpy" and {each.arg for each in node.keywords} <= {
                    "rtol",
                    "atol",
                }:
                    named = {str(each.arg): each.value for each in node.keywords}
                    return self.outside.judged("close", left, right, **named)
        return self.compared(node, Expected(True))

    def compared(self, node: ast.expr, known: Expected, name: ast.expr | None = None) -> ast.expr:
        source = known.source
        if len(source) > _LONGEST:
            raise Stays("has a right answer that is too long to be written down; compare with the reference")
        judge = "close" if known.inexact else "same"
        self.outside.checks.add(judge)
        value = ast.parse(source, mode="eval").body
        called = ast.keyword("name", ast.Constant(said(name or node)))
        return ast.Call(ast.Name(judge, ast.Load()), [self.outside.expression(node), value], [called])

    def beside_the_reference(self, kept: Sequence[ast.stmt], shown: Sequence[_Shown]) -> list[str]:
        """The same of the student and of the reference, compared."""
        judge = "close" if any(self.is_inexact(each) for each in shown) else "same"
        self.outside.checks.add(judge)
        name = ast.keyword("name", ast.Constant(", ".join(said(each.node) for each in shown)))
        function = ast.Name(judge, ast.Load())
        other = Outside(self.names, self.body, "reference")
        touching = [each for each in kept if self.outside.asks(each)]
        if len(shown) == 1 and not touching:
            sides = [one.expression(shown[0].node) for one in (self.outside, other)]
            return [*self.lines(kept, self.outside), *_unparsed([ast.Expr(ast.Call(function, sides, [name]))])]
        module = Outside(self.names, self.body, "module")
        inner = self.lines(kept, module)
        nodes = [module.expression(each.node) for each in shown]
        answer = nodes[0] if len(nodes) == 1 else ast.List(nodes, ast.Load())
        inner += _unparsed([ast.Expr(ast.Call(ast.parse("answers.append", mode="eval").body, [answer], []))])
        self.outside.asked |= module.asked
        self.outside.imported |= module.imported
        self.outside.checks |= module.checks
        starred: ast.expr = ast.Starred(ast.Name("answers", ast.Load()), ast.Load())
        return [
            "answers = []",
            "for module in (student, reference):",
            *(f"    {line}" for line in inner),
            *_unparsed([ast.Expr(ast.Call(function, [starred], [name]))]),
        ]

    def is_inexact(self, shown: _Shown) -> bool:
        """Whether a value must be compared with a tolerance, as far as its text tells.

        Raises:
            Stays: the text tells that it is no plain value.
        """
        known = expected(shown.text)
        is_text = shown.printed and _is_text_itself(shown.node)
        if known is None and self.names.pandas and "\n" in shown.text and not shown.text.startswith("<"):
            return True  # a table, which is compared as a whole
        if known is None and shown.text and not is_text and not (shown.printed and _is_one_line(shown.text)):
            raise Stays(f"shows an object that is no plain value ({_brief(shown.text)}); compare its parts with same()")
        if known is None:
            return not shown.text  # never run: it may be anything
        return not is_text and (known.inexact or known.array)

    def lines(self, statements: Sequence[ast.stmt], outside: Outside) -> list[str]:
        return _unparsed([made for each in statements for made in outside.statement(each)])


def _unparsed(statements: Sequence[ast.stmt]) -> list[str]:
    lines = "\n".join(ast.unparse(ast.fix_missing_locations(each)) for each in statements).split("\n")
    return [part for line in lines if line for part in wrapped(double_quoted(line))]


def _shows(statement: ast.stmt, node: ast.expr) -> bool:
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value
    return value is node or (_is_print(value) and isinstance(value, ast.Call) and value.args[:1] == [node])


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _prints(statement: ast.stmt) -> bool:
    return not isinstance(statement, ast.Try) and any(_is_print(node) for node in ast.walk(statement))


def _handled(statement: ast.Try) -> str:
    """What the handler of a ``try`` prints."""
    for each in statement.handlers[0].body if statement.handlers else ():
        match each:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Constant(value=str(text))])):
                return text
    return ""


def _is_text_itself(node: ast.expr) -> bool:
    """Whether an expression is surely a text, so that its print is the text and not the value's."""
    match node:
        case ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in _RETURNS_TEXT
    return False


def _is_one_line(text: str) -> bool:
    """Whether what was printed may be a text as it is, and not a table or an object's name."""
    return bool(text.strip()) and "\n" not in text and not text.startswith("<")


def _is_truth(node: ast.expr) -> bool:
    """Whether an expression is surely a truth value, of which a test wants True."""
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _TRUTHS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _TRUE_CALLS
    return False


def _brief(text: str) -> str:
    lines = text.strip().split("\n")
    first = lines[0].strip()
    return f"'{first[:40]}{'...' if len(first) > 40 or len(lines) > 1 else ''}'"

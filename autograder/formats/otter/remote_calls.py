"""A test that ran among the student's names, as code that asks a stand-in for them; nothing is run for it."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Sequence
from typing import TypeVar

from autograder.formats.otter.names import STAND_INS_OWN, Names, may_be_imported
from autograder.formats.otter.statements import Stays, bound_in, fails, names, parameters, said, says_nothing

__all__ = ["Outside"]

_FORBIDDEN = frozenset(
    ("globals", "locals", "vars", "exec", "eval", "compile", "open", "input", "dir", "__import__", "help", "breakpoint")
)
_LOOKING = ("len", "list", "sorted", "set", "tuple", "sum", "min", "max", "any", "all")  # of what stays inside
_CONSTANTS = ("pi", "e", "inf", "nan", "newaxis")
_TAKEN = frozenset(
    ("student", "reference", "same", "close", "table", "real", "raises", "answers", "module", "assignment")
)
_EQUAL = ("assert_frame_equal", "assert_series_equal", "assert_index_equal")
_SHOWN = 70

Expression = TypeVar("Expression", bound=ast.expr)


class Outside(ast.NodeTransformer):
    """Rewrites what a test does with the reference's names; `module` is the stand-in that is asked.

    `asked` and `imported` collect what was used. Every method raises `Stays` at the first thing that cannot be moved.
    """

    def __init__(self, names: Names, body: Sequence[ast.stmt], module: str = "student") -> None:
        self.names = names
        self.module = module
        self.asked: set[str] = set()
        self.imported: dict[str, str] = {}
        self.checks: set[str] = set()
        self.scopes: list[set[str]] = [bound_in(body)]
        self.callables = {each.name for each in body if isinstance(each, ast.FunctionDef)}
        self._no_change(body)

    def _no_change(self, body: Sequence[ast.stmt]) -> None:
        """A name of the notebook's may be hidden by one of the test's own, but not be changed."""
        own = self.scopes[0]
        clash = own & _TAKEN
        if clash:
            raise Stays(f"uses the name {min(clash)} for something of its own")
        for name in sorted(own & (self.names.asked | self.names.imports.keys())):
            stores = [n.lineno for n in names(body) if n.id == name and isinstance(n.ctx, ast.Store)]
            loads = [n.lineno for n in names(body) if n.id == name and isinstance(n.ctx, ast.Load)]
            updated = any(
                isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name
                for statement in body
                for node in ast.walk(statement)
            )
            if stores and (updated or (loads and min(loads) <= min(stores))):
                raise Stays(f"changes {name}, which the notebook defines")

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement, moved."""
        made = self.visit(copy.deepcopy(node))
        return [ast.fix_missing_locations(each) for each in (made if isinstance(made, list) else [made])]

    def expression(self, node: Expression) -> ast.expr:
        """An expression, moved."""
        made: ast.expr = self.visit(copy.deepcopy(node))
        return ast.fix_missing_locations(made)

    def asks(self, node: ast.AST) -> bool:
        """Whether a part of a test names something that the notebook defines."""
        return any(each.id in self.names.asked - self.scopes[0] for each in names([node]))

    # --- names ---

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name of the notebook's, of an import, of Python's or of the test's own."""
        name = node.id
        if any(name in scope for scope in self.scopes) or not isinstance(node.ctx, ast.Load):
            return node
        if name in self.names.functions:
            raise Stays(f"hands the function {name} on; functions stay inside the sandbox")
        if name in self.names.classes:
            raise Stays(f"uses the class {name} itself; classes stay inside the sandbox")
        if name in self.names.objects:
            raise Stays(f"looks into {name}, a table or a plot, which stays inside the sandbox")
        if name in self.names.values:
            return self.ask(name)
        if name in self.names.private:
            raise Stays(f"uses {name}, which a submission cannot be asked for: make it a plain assignment of a name "
                        "without '_'")  # fmt: skip
        if name in self.names.imports:
            module, line = self.names.imports[name]
            if not may_be_imported(module):
                raise Stays(f"uses {name} ({module}); checks have numpy, pandas and the standard library only")
            self.imported[name] = line
            return node
        if name in _FORBIDDEN:
            raise Stays(f"uses {name}, which looks into the notebook's own namespace or machine")
        if not hasattr(builtins, name):
            raise Stays(f"uses {name}, which no cell of the notebook defines")
        return node

    def ask(self, name: str) -> ast.expr:
        """``student.name``."""
        if name in STAND_INS_OWN:
            raise Stays(f"uses {name}, which is a name of the stand-in's own; rename it in the notebook")
        self.asked.add(name)
        return ast.Attribute(ast.Name(self.module, ast.Load()), name, ast.Load())

    def called(self, name: str) -> bool:
        """Whether a name is something of the notebook's that may be called."""
        hidden = any(name in scope for scope in self.scopes)
        return not hidden and (name in self.names.functions or name in self.names.classes)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call: what it is given crosses into the sandbox."""
        made = self.refusal(node) or self.of_pandas(node)
        if made is not None:
            return made
        match node.func:
            case ast.Name(id=name) if self.called(name):
                for argument in (*node.args, *(each.value for each in node.keywords)):
                    self.plain(argument)
                node.func = self.ask(name)
                node.args = [self.looked_into(each) for each in node.args]  # an object goes back in as it is
                node.keywords = [ast.keyword(each.arg, self.looked_into(each.value)) for each in node.keywords]
                return node
            case ast.Name(id="callable") if len(node.args) == 1 and isinstance(node.args[0], ast.Name):
                if self.called(node.args[0].id):
                    node.args = [self.ask(node.args[0].id)]
                    return node
            case ast.Name(id=name) if name in _LOOKING and not any(name in scope for scope in self.scopes):
                node.args = [self.looked_into(each) for each in node.args]
                return node
            case _:
                node.func = self.visit(node.func)
        node.args = [self.visit(each) for each in node.args]
        node.keywords = [self.visit(each) for each in node.keywords]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """An attribute; of a table or a plot it can be asked for, though the whole cannot."""
        node.value = self.visit(node.value) if node.attr[:1] == "_" else self.looked_into(node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """A part of something: of a table it is asked inside, but for several slices at once."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        if self.looks_inside(node.value) and any(isinstance(each, ast.Slice) for each in parts):
            raise Stays("takes slices of a table in several directions, which cannot cross into the sandbox")
        node.value = self.looked_into(node.value)
        node.slice = self.visit(node.slice)
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        """A loop, also over what stays inside."""
        node.target, node.iter = self.visit(node.target), self.looked_into(node.iter)
        node.body = [made for each in node.body for made in self.block(each)]
        node.orelse = [made for each in node.orelse for made in self.block(each)]
        return node

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """A statement inside of another one."""
        made = self.visit(statement)
        return made if isinstance(made, list) else [made]

    def looked_into(self, node: ast.expr) -> ast.expr:
        """An expression whose value is only looked into: it may be a table or a plot, which stays inside."""
        if self.is_object(node):
            assert isinstance(node, ast.Name)
            return self.ask(node.id)
        made: ast.expr = self.visit(node)
        return made

    def looks_inside(self, node: ast.expr) -> bool:
        """Whether an expression begins with the name of a table or a plot."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        return self.is_object(node)

    def is_object(self, node: ast.expr) -> bool:
        """Whether an expression is the name of a table or a plot."""
        own = isinstance(node, ast.Name) and any(node.id in scope for scope in self.scopes)
        return isinstance(node, ast.Name) and node.id in self.names.objects and not own

    def plain(self, argument: ast.expr) -> None:
        """What is given to the student's code must be plain data."""
        match argument:
            case ast.Lambda():
                raise Stays("gives a function to the student's code; only plain data can cross into the sandbox")
            case ast.Name(id=name) if (
                name in self.callables
                or (name in self.names.imports and not any(name in scope for scope in self.scopes))
                or (name not in self.scopes[0] and callable(getattr(builtins, name, None)))
            ):
                raise Stays(f"gives {name} to the student's code; only plain data can cross into the sandbox")
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if (
                name in self.names.imports and name not in self.scopes[0] and attr not in _CONSTANTS
            ):
                raise Stays(f"gives {name}.{attr} to the student's code; only plain data can cross into the sandbox")

    # --- scopes ---

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        """A function of the test's own."""
        self.scopes.append(parameters(node.args))
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """A function of the test's own."""
        if node.decorator_list:
            raise Stays("decorates a function, which may need the notebook itself")
        self.scopes.append(parameters(node.args) | bound_in(node.body))
        self.generic_visit(node)
        self.scopes.pop()
        return node

    def _comprehension(self, node: ast.expr) -> ast.expr:
        generators = getattr(node, "generators", [])
        for part in generators:
            if self.is_object(part.iter):
                part.iter = self.looked_into(part.iter)
        self.scopes.append({each.id for part in generators for each in names([part.target])})
        self.scopes[-1].add(self.module)
        self.generic_visit(node)
        self.scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    # --- statements ---

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """A comparison; ``x in table`` is asked inside, ``table == x`` cannot be."""
        if all(isinstance(each, (ast.In, ast.NotIn)) for each in node.ops):
            node.left = self.visit(node.left)
            node.comparators = [self.looked_into(each) for each in node.comparators]
            return node
        self.generic_visit(node)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """An assertion: an equality compares both sides, any other gets a message."""
        match node:
            case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]), msg=None):
                return ast.Expr(self.judged("same", left, right))
        message = ast.Constant(f"{said(node.test)} does not hold.")
        return ast.Assert(self.visit(node.test), self.visit(node.msg) if node.msg else message)

    def judged(self, judge: str, left: ast.expr, right: ast.expr, **named: ast.expr) -> ast.expr:
        """``same(got, want, name=...)``: what is asked of the student first."""
        if not self.asks(left) and (self.asks(right) or isinstance(left, ast.Constant)):
            left, right = right, left
        self.checks.add(judge)
        name = ast.keyword("name", ast.Constant(said(left)))
        keywords = [name, *(ast.keyword(key, value) for key, value in named.items())]
        return ast.Call(ast.Name(judge, ast.Load()), [self.visit(left), self.visit(right)], keywords)

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        """An import of the test's own."""
        for alias in node.names:
            if not may_be_imported(alias.name):
                raise Stays(f"imports {alias.name}; checks have numpy, pandas and the standard library only")
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        """An import of the test's own."""
        if node.level or not may_be_imported(node.module or ""):
            raise Stays(f"imports from {node.module}; checks have numpy, pandas and the standard library only")
        return node

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        """A call that must raise; other handlers would never see what the student's code raises inside."""
        if not self.asks(node):
            self.generic_visit(node)
            return node
        call = self.tried(node)
        if call is None or len(node.handlers) != 1 or not all(map(says_nothing, node.handlers[0].body)):
            raise Stays("catches exceptions, which the student's code raises inside the sandbox; use raises()")
        return ast.Expr(self.raising(node.handlers[0].type, call))

    def tried(self, node: ast.Try) -> ast.expr | None:
        """The call of a ``try`` that is followed by a failure."""
        after = [*node.body[1:], *node.orelse]
        if (
            node.finalbody
            or not after
            or not any(map(fails, after))
            or not all(fails(e) or says_nothing(e) for e in after)
        ):
            return None
        first = node.body[0]
        return first.value if isinstance(first, (ast.Expr, ast.Assign)) else None

    def visit_With(self, node: ast.With) -> ast.stmt:
        """``with pytest.raises(ValueError)`` and the like."""
        match node:
            case ast.With(
                items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr=attr), args=[kind], keywords=[]))],
                body=[ast.Expr(value=call) | ast.Assign(value=call)],
            ) if attr in ("raises", "assertRaises"):
                return ast.Expr(self.raising(kind, call))
        self.generic_visit(node)
        return node

    def refusal(self, node: ast.Call) -> ast.expr | None:
        """``np.testing.assert_raises(ValueError, f, 3)``."""
        match node:
            case ast.Call(
                func=ast.Attribute(attr="assert_raises"), args=[kind, function, *arguments], keywords=keywords
            ):
                return self.raising(kind, ast.Call(function, arguments, keywords))
        return None

    def of_pandas(self, node: ast.Call) -> ast.expr | None:
        """A call of pandas, which needs real tables: what comes from the student is a record, and is made one."""
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(ast.Name(id=name), "testing"), attr=attr), args=[left, right]
            ):
                if name in self.names.pandas and attr in _EQUAL:
                    return self.judged("table", left, right, **self.options(node))
            case ast.Call(func=ast.Name(id=attr), args=[left, right]) if attr in _EQUAL and attr in self.names.pandas:
                return self.judged("table", left, right, **self.options(node))
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, kind]) if self.is_of_pandas(kind):
                return ast.Call(node.func, [self.real(value), self.visit(kind)], [])
        if not self.is_of_pandas(node.func) or not any(map(self.asks, node.args)):
            return None
        keywords = [ast.keyword(each.arg, self.real(each.value)) for each in node.keywords]
        return ast.Call(self.visit(node.func), [self.real(each) for each in node.args], keywords)

    def options(self, node: ast.Call) -> dict[str, ast.expr]:
        """What a comparison of pandas' own asks for, as options of `table`."""
        found: dict[str, ast.expr] = {"dtypes": ast.Constant("exact")}
        for each in node.keywords:
            match each:
                case ast.keyword("check_dtype", ast.Constant(bool(value))):
                    found["dtypes"] = ast.Constant("exact" if value else "kind")
                case ast.keyword("check_like", ast.Constant(bool(value))):
                    found |= {"order": ast.Constant("none")} if value else {}
                case ast.keyword("check_exact", ast.Constant(bool(value))):
                    found |= {"rtol": ast.Constant(0.0), "atol": ast.Constant(0.0)} if value else {}
                case ast.keyword("rtol" | "atol" as name):
                    found[name] = each.value
                case ast.keyword("check_names" | "check_index_type" | "check_column_type" | "obj"):
                    pass  # names and classes of indexes are not compared
                case _:
                    raise Stays(f"compares tables with {each.arg}=, which table() does not have")
        return found

    def is_of_pandas(self, node: ast.AST) -> bool:
        """Whether an expression is something of pandas' own, such as ``pd.DataFrame``."""
        while isinstance(node, ast.Attribute):
            node = node.value
        own = isinstance(node, ast.Name) and any(node.id in scope for scope in self.scopes)
        return isinstance(node, ast.Name) and node.id in self.names.pandas and not own

    def real(self, node: ast.expr) -> ast.expr:
        """An expression whose value pandas is given: ``real(student.data)`` if it comes from the student."""
        if not self.asks(node):
            made: ast.expr = self.visit(node)
            return made
        self.checks.add("real")
        return ast.Call(ast.Name("real", ast.Load()), [self.visit(node)], [])

    def raising(self, kind: ast.expr | None, call: ast.expr) -> ast.expr:
        """``raises("ValueError", lambda: ...)``."""
        name = "Exception" if kind is None else kind.id if isinstance(kind, ast.Name) else ""
        known = getattr(builtins, name, None)
        if not (isinstance(known, type) and issubclass(known, Exception)) or known is NotImplementedError:
            raise Stays(
                f"waits for {said(kind) if kind else name}; raises() knows Python's own exceptions, and no stub's"
            )
        self.checks.add("raises")
        empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        keywords = [ast.keyword("name", ast.Constant(said(call)))]
        function = ast.Lambda(empty, self.visit(call))
        return ast.Call(ast.Name("raises", ast.Load()), [ast.Constant(name), function], keywords)

    def _refused(self, node: ast.AST) -> ast.AST:
        what = {"ClassDef": "defines a class", "Delete": "deletes something", "Await": "awaits something"}
        raise Stays(f"{what.get(type(node).__name__, 'needs names of the notebook itself')}; write it anew")

    visit_ClassDef = visit_Delete = visit_Global = visit_Nonlocal = visit_Await = _refused
    visit_Yield = visit_YieldFrom = visit_AsyncFunctionDef = visit_AsyncFor = visit_AsyncWith = _refused
    visit_TryStar = _refused

"""Given cells of a notebook, run past what the notebook may have done to the interpreter and to IPython.

Such cells hold an instructor's assertions, and they run among the student's own names. Here they are compiled and run
by us and not by IPython, whose transformers a notebook can change, and before each of them what is commonly patched is
put back: builtins, what assertions call, trace functions. It raises the price of a forgery; it cannot rule one out.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

__all__ = ["Given"]

_HOLDERS = (
    "ast",
    "asyncio",
    "builtins",
    "hashlib",
    "inspect",
    "math",
    "numpy",
    "numpy.linalg",
    "numpy.testing",
    "numpy.testing._private.utils",
    "pandas",
    "pandas.testing",
    "pandas._testing",
    "pandas._testing.asserters",
    "random",
    "torch",
    "torch.testing",
    "torch.testing._comparison",
    "types",
    "unittest",
    "unittest.case",
)
_CLASSES = (("unittest.case", "TestCase"), ("unittest.case", "_AssertRaisesContext"))
_OWN = ("__doc__", "__dict__", "__weakref__", "__abstractmethods__", "_")
_WATCHERS = ("sys.settrace", "sys.setprofile")


class Given:
    """Runs given cells; made before any cell of the student's has run.

    What given cells themselves change (a mock of ``input``, say) stays; what other cells change does not reach them.

    Args:
        shell: IPython's.
        names: the notebook's namespace.
        file: gives the file name of the cell that is about to run.
    """

    def __init__(self, shell: Any, names: dict[str, Any], file: Callable[[], str]) -> None:
        self._shell, self._names, self._file = shell, names, file
        self._compile, self._eval, self._parse = compile, eval, ast.parse
        self._trace, self._profile = sys.gettrace(), sys.getprofile()
        self._hooks = (shell.displayhook, shell.display_formatter, shell.display_trap.hook)
        self._kept: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._running = running = [False]

        def refuse_watchers(event: str, _: object) -> None:
            if running[0] and event in _WATCHERS:
                raise RuntimeError(f"{event} is not possible while a given cell runs")

        sys.addaudithook(refuse_watchers)
        self._keep()

    def run(self, source: str) -> tuple[BaseException | None, Any]:
        """What the cell raised, and the value of its last expression."""
        self._restore()
        assigned: frozenset[str] = frozenset()
        try:
            tree = self._tree(source)
            assigned = _assigned(tree)
            with self._alone():
                return None, self._value(tree, shown=not source.rstrip().endswith(";"))
        except BaseException as error:  # noqa: BLE001  (SystemExit and KeyboardInterrupt are answers, too)
            return error, None
        finally:
            self._keep(assigned)

    def _tree(self, source: str) -> ast.Module:
        from IPython.core.inputtransformer2 import TransformerManager

        transformer: Any = TransformerManager  # it has no types
        tree: ast.Module = self._parse(transformer().transform_cell(source), self._file())
        return tree

    def _value(self, tree: ast.Module, *, shown: bool) -> Any:
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        value = None
        with self._shell.builtin_trap, self._shell.display_trap:
            self._evaluated(tree, "exec")
            if isinstance(last, ast.Expr):
                value = self._evaluated(ast.Expression(last.value), "eval")
                if value is not None and shown:
                    self._shell.displayhook(value)
        return value

    def _evaluated(self, tree: ast.Module | ast.Expression, mode: str) -> Any:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: CodeType = self._compile(tree, self._file(), mode, flags=flags, dont_inherit=True)
        found = self._eval(code, self._names)
        if code.co_flags & inspect.CO_COROUTINE:
            from IPython.core import async_helpers

            loop: Any = async_helpers.get_asyncio_loop  # nor has it
            return loop().run_until_complete(found)
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody watches, and nobody begins to."""
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        threading.settrace(None)
        threading.setprofile(None)
        self._running[0] = True
        try:
            yield
        finally:
            self._running[0] = False

    def _keep(self, assigned: frozenset[str] = frozenset()) -> None:
        """Remember what things are now, where it was the given cell that assigned them."""
        for holder in _holders():
            now, kept = vars(holder), self._kept.setdefault(id(holder), (holder, dict(vars(holder))))[1]
            kept.update({name: now[name] for name in assigned if name in now})

    def _restore(self) -> None:
        """Make them that again; what was added stays."""
        self._keep()  # what has been loaded since is new here
        for holder, kept in self._kept.values():
            now = vars(holder)
            for name in [name for name, value in kept.items() if now.get(name, self) is not value]:
                if name not in _OWN:
                    setattr(holder, name, kept[name])
        self._names["__builtins__"] = builtins
        self._shell.displayhook, self._shell.display_formatter, self._shell.display_trap.hook = self._hooks


def _holders() -> Iterator[Any]:
    """Modules and classes whose contents are put back, as far as they are loaded."""
    for name in _HOLDERS:
        if name in sys.modules:
            yield sys.modules[name]
    for module, name in _CLASSES:
        if found := getattr(sys.modules.get(module), name, None):
            yield found


def _assigned(tree: ast.Module) -> frozenset[str]:
    """Names of attributes that a cell assigns: ``builtins.input = ...``, ``setattr(builtins, "input", ...)``."""
    names = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            names |= {each.value for each in node.args if isinstance(each, ast.Constant) and type(each.value) is str}
    return frozenset(names)

"""What comes from the docstrings of the student kit: the manual's tables, the kit's exports, the list of its files.

A function or class of `autograder/checks/` whose docstring has an example is for instructors: `autograder.checks`
exports it, and docs/checks.md shows it. So a new check is one file. An example looks like this:

    Examples:
        what is compared, as the manual's table says it

        >>> same('ridge', 'lasso', name='method')
        method is 'ridge'; expected 'lasso'.

The line behind `>>>` is run by a test; what follows is the sentence of the failure or of the credit, or the value.
Several examples have a text each. Private functions show examples of a sentence, without their name.

    python .ci/checks_manual.py            writes docs/checks.md, CONTRIBUTING.md and autograder/checks/__init__.py
    python .ci/checks_manual.py --check    says which of them would change
"""

from __future__ import annotations

import ast
import doctest
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
KIT = ROOT / "autograder" / "checks"
Function = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Example:
    """A row of a table: what is compared, the line to run, and what it says."""

    text: str
    line: str
    says: str


@dataclass(frozen=True)
class Entry:
    """A function, a class or a method with its examples; `name` is dotted for methods."""

    module: str
    name: str
    call: str
    examples: tuple[Example, ...]

    @property
    def public(self) -> bool:
        """Whether instructors call it."""
        return not self.name.startswith("_")


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of every module of the kit, by its name in the kit ("figures.curve")."""
    paths = (path for path in sorted(KIT.rglob("*.py")) if path.name != "__init__.py")
    return {".".join(path.relative_to(KIT).with_suffix("").parts): ast.parse(path.read_text("utf-8")) for path in paths}


@cache
def entries() -> tuple[Entry, ...]:
    """Everything with examples, in the order of modules and of what stands in them."""
    return tuple(
        Entry(module, name, f"{name}{_signature(node, tree)}", examples)
        for module, tree in trees().items()
        for name, node in _definitions(tree)
        if (examples := tuple(_examples(ast.get_docstring(node) or "", f"{module}.{name}")))
    )


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        for inner in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                yield f"{node.name}.{inner.name}", inner


def _examples(docstring: str, of: str) -> Iterator[Example]:
    before, _, section = docstring.partition("\nExamples:\n")
    if ">>> " in before:  # the heading is misspelt, and the function would lose its place in the manual
        raise ValueError(f"autograder.checks.{of} has an example outside of its section `Examples:`; move it there.")
    text = ""
    for part in doctest.DocTestParser().parse(section):
        if isinstance(part, str):
            text = " ".join(part.split()) or text
        else:
            # A long line is continued behind "..."; it is broken behind commas.
            line = " ".join(each.strip() for each in part.source.splitlines())
            yield Example(text, line, " ".join(part.want.split()))
            text = ""


def _signature(node: Function, tree: ast.Module) -> str:
    """What a function takes, as it is called: no annotations, defaults written out; nothing for classes, properties."""
    decorators = [ast.unparse(each) for each in node.decorator_list]
    if isinstance(node, ast.ClassDef) or "property" in decorators:
        return ""
    constants = {
        target.id: each.value
        for each in tree.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    bare = ast.parse(ast.unparse(ast.FunctionDef("f", node.args, [ast.Pass()], [], None, lineno=0))).body[0]
    assert isinstance(bare, ast.FunctionDef)
    arguments = bare.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if each is not None:
            each.annotation = None
    arguments.args = [each for each in arguments.args if each.arg not in ("self", "cls")]
    defaults = {
        "defaults": [constants.get(getattr(each, "id", ""), each) for each in arguments.defaults],
        "kw_defaults": [each and constants.get(getattr(each, "id", ""), each) for each in arguments.kw_defaults],
    }
    for field, values in defaults.items():
        setattr(arguments, field, values)
    text = re.sub(r"\b1e-0(\d)\b", r"1e-\1", ast.unparse(arguments))
    return f"({text.replace('math.', '')})"


def exports() -> dict[str, str]:
    """Each public name of the kit with the module that defines it."""
    found = {entry.name.partition(".")[0]: entry.module for entry in entries() if entry.public}
    return dict(sorted(found.items()))


def table(modules: list[str]) -> str:
    """The rows of some modules (or packages); three columns where there are only private functions."""
    chosen = dict.fromkeys(
        entry for name in modules for entry in entries() if entry.module == name or entry.module.startswith(f"{name}.")
    )
    named = any(entry.public for entry in chosen)
    head = "| call | what is compared, or given | example | what it says |" if named else "| | example | what it says |"
    rows = [head, re.sub("[^|]+", "---", head)]
    for entry in chosen:
        call = f"`{entry.call}`"
        for example in entry.examples:
            cells = [example.text, f"`{example.line}`", example.says]
            rows.append(f"| {' | '.join([call, *cells] if named else cells)} |".replace("|  |", "| |"))
            call = ""
    return "\n".join(rows)


def manual(text: str) -> str:
    """docs/checks.md with its tables renewed; modules that no table names come last, each with its own heading."""
    said: set[str] = set()

    def renewed(match: re.Match[str]) -> str:
        modules = re.findall(r"[\w.]+", match[1])
        said.update(modules)
        return f"<!-- checks: {match[1]} -->\n{table(modules)}\n<!-- end -->"

    text = re.sub(r"<!-- checks: ([\w., ]+) -->\n.*?<!-- end -->", renewed, text, flags=re.DOTALL)
    others = [
        name
        for name in dict.fromkeys(entry.module for entry in entries())
        if name not in said and name.partition(".")[0] not in said
    ]
    parts = [f"\n## {_first_line(trees()[name])}\n\n{table([name])}\n" for name in others]
    return _between(text, "<!-- other checks -->\n", "<!-- end of other checks -->", "".join(parts))


def files(text: str) -> str:
    """CONTRIBUTING.md with a row for each module of the kit, and one for each package in it."""
    rows = [f"| `{name}` | {_first_line(tree)} |" for name, tree in trees().items() if "." not in name]
    for package in sorted(path.parent for path in KIT.glob("*/__init__.py")):
        inner = ", ".join(f"`{path.stem}`" for path in sorted(package.glob("*.py")) if path.stem != "__init__")
        head = _first_line(ast.parse((package / "__init__.py").read_text("utf-8")))
        rows.append(f"| `{package.name}/` | {head} ({inner}) |")
    return _between(
        text, "<!-- files of the kit -->\n", "<!-- end -->", "\n".join(["| file | |", "|---|---|", *rows, ""])
    )


def rooms(text: str) -> str:
    """docs/architecture.md with the number of modules of each room as it is."""
    home = KIT.parent
    found = Counter(
        "single modules" if path.parent == home else path.relative_to(home).parts[0]
        for path in home.rglob("*.py")
        if path.stem != "__init__"
    )

    def row(match: re.Match[str]) -> str:
        return f"| {match[1]} | {found[match[1].strip('`/')]} |"

    start, end = "<!-- modules of the rooms, counted by `make manual` -->\n", "<!-- end -->"
    inner = text.partition(start)[2].partition(end)[0]
    return _between(text, start, end, re.sub(r"^\| (`\w+/`|single modules) \| \d+ \|", row, inner, flags=re.MULTILINE))


def _first_line(tree: ast.Module) -> str:
    docstring = ast.get_docstring(tree) or ""
    return " ".join(docstring.partition("\n\n")[0].split())


def package(text: str) -> str:
    """autograder/checks/__init__.py with its lists of names renewed."""
    homes = exports()
    by_module: dict[str, list[str]] = {}
    for name, module in homes.items():
        by_module.setdefault(module, []).append(name)
    imports = "".join(f"    from .{module} import {', '.join(names)}\n" for module, names in sorted(by_module.items()))
    names = "".join(f'    "{name}",\n' for name in homes)
    modules = "".join(f'    "{name}": "{module}",\n' for name, module in homes.items())
    lists = f"if TYPE_CHECKING:\n{imports}\n__all__ = [\n{names}]\n\n_MODULES = {{\n{modules}}}\n"
    return _between(text, "# Written by `make manual`.\n", "# End of what is written.", lists)


def _between(text: str, start: str, end: str, inner: str) -> str:
    before, found, rest = text.partition(start)
    if not found or end not in rest:
        raise SystemExit(f"A page has lost its lines {start.strip()!r} and {end!r}; between them a list is written.")
    return f"{before}{start}{inner}{end}{rest.partition(end)[2]}"


def main(arguments: list[str]) -> int:
    """Write the four files, or say which are stale."""
    stale = []
    for path, renew in (
        (ROOT / "docs" / "checks.md", manual),
        (ROOT / "CONTRIBUTING.md", files),
        (KIT / "__init__.py", package),
        (ROOT / "docs" / "architecture.md", rooms),
    ):
        old = path.read_text("utf-8")
        new = renew(old)
        if new != old:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in arguments:
                path.write_text(new, "utf-8")
    if "--check" in arguments and stale:
        sys.stdout.write(f"Stale: {', '.join(stale)}. Run `make manual`.\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

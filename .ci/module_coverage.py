"""Which modules the short tests run: `python .ci/module_coverage.py [--below 50] [--keep FILE] [PYTEST ARGUMENTS]`.

It runs `pytest -m "not long"` and lists each module of which less than so many per cent of the lines in functions is
run; exit code 1 if there is one. Lines that every import runs (imports, `def`, `class`, constants) do not count, so a
module that is only imported has 0 %.

Every block of statements in a function sets one byte of a file that all processes map into their memory
(`module_marks.py`): that costs next to nothing, survives a kill, and what a forkserver forks into a sandbox can still
do it. What an image or another environment runs has code of its own, without marks.

With `--keep FILE` the blocks that ran are kept, and a later call adds to them those of modules that have not changed
since; so the tests can be run in parts.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import marshal
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / "autograder"
PACKAGE = Path(sysconfig.get_path("purelib"), "module_marks")
"""Where every process finds the marked code, those in a sandbox as well."""

MARK = "_ran_[{}] = 1"
NOT_HERE = {
    "autograder.sandbox.containers": "runs where Docker, Podman or Apptainer works",
    "autograder.sandbox.oci": "runs where Docker or Podman works",
    "autograder.sandbox.engines": "runs where Docker, Podman or Apptainer works",
    "autograder.sandbox.backends": "each back end runs where its program works",
    "autograder.isolation.usage": "measures containers",
    "autograder.cli.gradebook": "goes through nbgrader's own library, which takes seconds for each call",
    "autograder.worker.image_setup": "runs in a container, while its image is built",
    "autograder.worker.standalone": "runs in containers",
}
"""Packages and modules that short tests need not run, and why; long tests do where they can."""

_BODIES = ("body", "orelse", "finalbody", "handlers")


@dataclass(slots=True)
class Marked:
    """One module with a mark at the beginning of each block in a function.

    Args:
        first: the number of its first block.
        lines: of each block, how many lines it has without those of blocks inside.
    """

    first: int
    lines: list[int] = field(default_factory=list)

    def module(self, text: str) -> ast.Module:
        """The syntax tree with marks."""
        tree = ast.parse(text)
        for node in [each for each in ast.walk(tree) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]:
            self.block(node.body)
        return ast.fix_missing_locations(tree)

    def block(self, statements: list[ast.stmt]) -> None:
        """Mark a list of statements, and the lists in them; functions and classes inside have their own marks."""
        number, own = len(self.lines), set[int]()
        self.lines.append(0)
        for each in statements:
            inner = [part for name in _BODIES for part in getattr(each, name, ())]
            inner += [part.pattern for part in getattr(each, "cases", ())]
            last = min((part.lineno for part in inner), default=(each.end_lineno or 0) + 1)
            if not _is_text(each):
                own |= set(range(each.lineno, max(last, each.lineno + 1)))
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            for name in ("body", "orelse", "finalbody"):
                if getattr(each, name, None):
                    self.block(getattr(each, name))
            for part in (*getattr(each, "handlers", ()), *getattr(each, "cases", ())):
                self.block(part.body)
        self.lines[number] = len(own)
        place = 1 if statements and _is_text(statements[0]) else 0
        mark = ast.parse(MARK.format(self.first + number)).body[0]
        for node in ast.walk(mark):
            if hasattr(node, "lineno"):
                node.lineno = node.end_lineno = statements[min(place, len(statements) - 1)].lineno
        statements.insert(place, mark)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@dataclass(frozen=True, slots=True)
class Module:
    """A module, by its dotted name: where it stands, its hash, the numbers of its blocks, and how long they are."""

    name: str
    path: Path
    sha256: str
    first: int
    lines: tuple[int, ...]

    def share(self, ran: bytes) -> float:
        """How much of the lines in functions was run, in per cent."""
        done = sum(lines for at, lines in enumerate(self.lines, self.first) if ran[at])
        return 100 * done / sum(self.lines)


@contextmanager
def marked(kept: dict[str, dict[str, object]]) -> Iterator[tuple[list[Module], Path]]:
    """Put marked code beside the installed packages; the modules, and the file of bytes that are set."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    PACKAGE.mkdir(parents=True)
    modules, first = [], 0
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text("utf-8")
        of = Marked(first)
        to = PACKAGE / "code" / path.relative_to(HOME)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(marshal.dumps(compile(of.module(text), str(path), "exec", dont_inherit=True)))
        modules.append(Module(name, path, hashlib.sha256(text.encode()).hexdigest(), first, tuple(of.lines)))
        first += len(of.lines)
    ran = bytearray(first)
    for each in modules:
        before = kept.get(each.name, {})
        if before.get("sha256") == each.sha256:
            for at in before["ran"]:
                ran[each.first + at] = 1
    (PACKAGE / "ran").write_bytes(ran)
    (PACKAGE / "home").write_text(f"{HOME}/", "utf-8")
    shutil.copy(Path(__file__).with_name("module_marks.py"), PACKAGE / "__init__.py")
    start = PACKAGE.with_suffix(".pth")
    start.write_text("import module_marks\n", "utf-8")
    try:
        yield modules, PACKAGE / "ran"
    finally:
        start.unlink()
        shutil.rmtree(PACKAGE)


def _excused(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in NOT_HERE)


def main() -> int:
    """Run the tests, list the modules."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--below", type=float, default=50.0, metavar="PERCENT", help="list modules below this share")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="what ran, so that a later call adds to it")
    given, arguments = parser.parse_known_args()
    kept = json.loads(given.keep.read_text("utf-8")) if given.keep and given.keep.is_file() else {}
    with marked(kept) as (modules, file):
        run = [sys.executable, "-m", "pytest", "-q", "-m", "not long", *arguments]
        code = subprocess.run(run, cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}, check=False).returncode
        ran = file.read_bytes()
    if given.keep:
        now = {
            each.name: {"sha256": each.sha256, "ran": [at for at in range(len(each.lines)) if ran[each.first + at]]}
            for each in modules
        }
        given.keep.write_text(json.dumps(now), "utf-8")
    shares = {each: each.share(ran) for each in modules if sum(each.lines)}
    low = {each.name: share for each, share in shares.items() if share < given.below and not _excused(each.name)}
    lines = sum(sum(each.lines) for each in shares)
    done = sum(sum(each.lines) * share for each, share in shares.items()) / lines
    report = [f"The short tests run {done:.0f} % of {lines:,} lines in the functions of {len(shares)} modules."]
    report += [
        f"Less than {given.below:g} % of {len(low)}:",
        *(f"  {low[name]:3.0f} %  {name}" for name in sorted(low)),
    ]
    sys.stdout.write("\n".join(report) + "\n")
    return code or int(bool(low))


if __name__ == "__main__":
    sys.exit(main())

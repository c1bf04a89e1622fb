"""Which modules the short tests run: `python .ci/module_coverage.py [--below 50] [PYTEST ARGUMENTS]`.

It runs `pytest -m "not long"` under coverage, with all processes that tests start, and lists each module of which less
than so many per cent of the lines is run; exit code 1 if there is one. Without the lines that every import runs
(imports, `def`, `class`, constants), so that a module that is only imported has 0 %.

What runs inside a sandbox may write no file, so coverage hears nothing of it: of `worker/` and of what confines a
process only what tests call outside is seen. These modules are listed for their own sake and count for no failure.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSIDE = ("autograder/worker/", "autograder/isolation/", "autograder/sandbox/construction", "autograder/sandbox/jail")
SETTINGS = "[run]\nsource = {source}\ndata_file = {data}\nparallel = true\npatch = subprocess\nsigterm = true\n"


def bodies(path: Path) -> set[int]:
    """The lines inside functions, which no import runs."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            first = node.body[0] if isinstance(node.body, list) else node.body
            if first.lineno > node.lineno:
                found |= set(range(first.lineno, (node.end_lineno or first.lineno) + 1))
    return found


def shares(data: dict[str, dict[str, object]]) -> dict[str, float]:
    """Of each module with functions, the share in per cent of the lines in them that were run."""
    found = {}
    for name, file in data.items():
        inside = bodies(ROOT / name)
        ran = inside & set(file["executed_lines"])
        lines = ran | inside & set(file["missing_lines"])
        if lines:
            found[name] = 100 * len(ran) / len(lines)
    return found


def main() -> int:
    """Run the tests, list the modules."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--below", type=float, default=50.0, metavar="PERCENT", help="list modules below this share")
    parser.add_argument("--data", type=Path, help="a folder that keeps the data, so that a later call adds to it")
    given, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="coverage-") as temporary:
        folder = given.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "coverage.ini"
        settings.write_text(SETTINGS.format(source=ROOT / "autograder", data=folder / "data"), "utf-8")
        coverage = [sys.executable, "-m", "coverage"]
        run = [*coverage, "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-m", "not long", *arguments]
        environment = {**os.environ, "COVERAGE_PROCESS_START": str(settings)}
        code = subprocess.run(run, cwd=ROOT, env=environment, check=False).returncode
        report = folder / "report.json"
        combined = [*coverage, "combine", "-q", "--keep", f"--rcfile={settings}", str(folder)]
        subprocess.run(combined, cwd=ROOT, check=True)
        subprocess.run([*coverage, "json", "-q", f"--rcfile={settings}", "-o", str(report)], cwd=ROOT, check=True)
        found = shares(json.loads(report.read_text("utf-8"))["files"])
    low = {name: share for name, share in found.items() if share < given.below}
    for title, inside in (("run by the short tests", False), ("run inside sandboxes, seen only outside", True)):
        chosen = sorted((share, name) for name, share in low.items() if name.startswith(INSIDE) is inside)
        lines = [f"{len(chosen)} modules below {given.below:g} % of the lines in functions, {title}:"]
        lines += [f"  {share:3.0f} %  {name}" for share, name in chosen]
        sys.stdout.write("\n".join(lines) + "\n")
    return code or int(any(not name.startswith(INSIDE) for name in low))


if __name__ == "__main__":
    sys.exit(main())

"""Write the prepared submissions of an assignment into a folder: one folder for each, as students would hand them in.

    python tests/corpus/build.py backprop OUT
    python tests/corpus/build.py clustering OUT examples

`corpus.toml` says how each one differs from the reference, and what verdict each check must give it (with the digits
data, trainings shortened; checks that are not named must give `verdict`). `edits` change a file, `texts` are whole files that
are handed in beside or in place of those, and `without` names files that are not.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Prepared", "build", "read"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared submission: its name, a sentence about it, its files, and the expected verdicts.

    `verdict` holds for every check that `verdicts` does not name; `points` is None where no number is expected.
    """

    name: str
    about: str
    files: dict[str, str]
    verdict: str
    verdicts: dict[str, str]
    points: float | None = None

    def expected(self, check: str) -> str:
        """The verdict that a check must give."""
        return self.verdicts.get(check, self.verdict)


def read(assignment: str, *, course: Path = ROOT, described: Path | None = None) -> tuple[Prepared, ...]:
    """All prepared submissions of an assignment of a course, in the order of the file in which they are described.

    Raises:
        ValueError: an edit whose old text does not occur exactly once in the reference's file.
    """
    described = described or ROOT / "tests" / "corpus" / assignment / "corpus.toml"
    corpus = tomllib.loads(described.read_text(encoding="utf-8"))
    texts = {name: (course / "reference" / assignment / name).read_text(encoding="utf-8") for name in corpus["files"]}
    return tuple(_prepared(each, texts) for each in corpus["submission"])


def build(assignment: str, out: Path, *, course: Path = ROOT, described: Path | None = None) -> tuple[Prepared, ...]:
    """Write every prepared submission to ``out/NAME/``, and return them."""
    prepared = read(assignment, course=course, described=described)
    for each in prepared:
        (out / each.name).mkdir(parents=True, exist_ok=True)
        for name, text in each.files.items():
            (out / each.name / name).write_text(text, encoding="utf-8")
    return prepared


def _prepared(entry: dict[str, Any], texts: dict[str, str]) -> Prepared:
    files = {name: _cells(text) if name.endswith(".ipynb") else [text] for name, text in texts.items()}
    for edit in entry.get("edits", ()):
        parts = files[edit["file"]]
        found = sum(part.count(edit["old"]) for part in parts)
        if found != 1:
            raise ValueError(f"{entry['name']}: {edit['old']!r} occurs {found} times in {edit['file']}, not once.")
        files[edit["file"]] = [part.replace(edit["old"], edit["new"]) for part in parts]
    done = {name: _handed_in(name, parts, texts[name], entry) for name, parts in files.items()}
    done = {name: text for name, text in done.items() if name not in entry.get("without", ())} | entry.get("texts", {})
    verdicts, points = entry.get("verdicts", {}), entry.get("points")
    return Prepared(entry["name"], entry["about"], done, entry["verdict"], verdicts, points)


def _handed_in(name: str, parts: list[str], reference: str, entry: dict[str, Any]) -> str:
    """What a student hands in as a file: without markers, in the cells of the notebook that was handed out."""
    from autograder.notebooks.stubs import release_notebook
    from autograder.notebooks.markdown import text_stub
    from autograder.release import stub_text

    stub = entry.get("stub", False)
    if not name.endswith(".ipynb"):
        text = (text_stub if name.endswith(".md") else stub_text)(parts[0], name) if stub else parts[0]
        return _without_markers(text)
    notebook = json.loads(release_notebook(reference.encode(), name))
    if not stub:
        for cell, source in zip(notebook["cells"], parts, strict=True):
            cell["source"] = _without_markers(source)
    for source in entry.get("cells", ()):
        added = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        notebook["cells"].append({"id": f"added-{len(notebook['cells'])}", **added})
    return json.dumps(notebook, indent=1)


def _cells(text: str) -> list[str]:
    """The sources of a notebook's cells."""
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def _without_markers(text: str) -> str:
    """Students' files have no marked regions, and nothing of a stub text."""
    lines, stub = [], False
    for line in text.splitlines(keepends=True):
        if "### BEGIN SOLUTION" in line or "### END SOLUTION" in line:
            stub = False
        elif "### STUB" in line:
            stub = True
        elif not stub:
            lines.append(line)
    return "".join(lines)


def main() -> None:
    """Read the arguments, write the folders, say what was written."""
    if len(sys.argv) not in (3, 4):
        raise SystemExit("Usage: python tests/corpus/build.py ASSIGNMENT OUT [COURSE]")
    name, out, *course = sys.argv[1:]
    where = {"course": Path(course[0]), "described": Path(course[0], "submissions", f"{name}.toml")} if course else {}
    for each in build(name, Path(out), **where):
        print(f"{each.name:28} {each.about}")  # noqa: T201


if __name__ == "__main__":
    main()

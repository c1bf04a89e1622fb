"""Write the prepared submissions of an assignment into a folder: one folder for each, as students would hand them in.

    python tests/corpus/build.py backprop OUT

`corpus.toml` says how each one differs from the reference, and what verdict each check must give it (with the digits
data, trainings shortened; checks that are not named must give `verdict`).
"""

from __future__ import annotations

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


def read(assignment: str) -> tuple[Prepared, ...]:
    """All prepared submissions of an assignment, in the order of its `corpus.toml`.

    Raises:
        ValueError: an edit whose old text does not occur exactly once in the reference's file.
    """
    folder = ROOT / "tests" / "corpus" / assignment
    corpus = tomllib.loads((folder / "corpus.toml").read_text(encoding="utf-8"))
    texts = {name: (ROOT / "reference" / assignment / name).read_text(encoding="utf-8") for name in corpus["files"]}
    return tuple(_prepared(each, texts) for each in corpus["submission"])


def build(assignment: str, out: Path) -> tuple[Prepared, ...]:
    """Write every prepared submission to ``out/NAME/``, and return them."""
    prepared = read(assignment)
    for each in prepared:
        (out / each.name).mkdir(parents=True, exist_ok=True)
        for name, text in each.files.items():
            (out / each.name / name).write_text(text, encoding="utf-8")
    return prepared


def _prepared(entry: dict[str, Any], texts: dict[str, str]) -> Prepared:
    files = dict(texts)
    for edit in entry.get("edits", ()):
        found = files[edit["file"]].count(edit["old"])
        if found != 1:
            raise ValueError(f"{entry['name']}: {edit['old']!r} occurs {found} times in {edit['file']}, not once.")
        files[edit["file"]] = files[edit["file"]].replace(edit["old"], edit["new"])
    if entry.get("stub", False):
        from autograder.notebooks.texts import text_stub
        from autograder.release import stub_text

        files = {name: (text_stub if name.endswith(".md") else stub_text)(text, name) for name, text in files.items()}
    files = {name: _without_markers(text) for name, text in files.items()}
    return Prepared(entry["name"], entry["about"], files, entry["verdict"], entry.get("verdicts", {}), entry.get("points"))


def _without_markers(text: str) -> str:
    """Students' files have no marked regions."""
    kept = [line for line in text.splitlines(keepends=True) if "### BEGIN SOLUTION" not in line]
    return "".join(line for line in kept if "### END SOLUTION" not in line)


def main() -> None:
    """Read the arguments, write the folders, say what was written."""
    if len(sys.argv) != 3:
        raise SystemExit("Usage: python tests/corpus/build.py ASSIGNMENT OUT")
    for each in build(sys.argv[1], Path(sys.argv[2])):
        print(f"{each.name:28} {each.about}")  # noqa: T201


if __name__ == "__main__":
    main()

"""How often `autograder similar` lists independent submissions, how often it finds copies, and how long a class takes.

    python benchmarks/similarity.py                         # the solutions of this repository, as one class
    python benchmarks/similarity.py --independent FOLDER    # and classes of your own: FOLDER/ASSIGNMENT/AUTHOR.py
    python benchmarks/similarity.py --speed                 # a class of 300
    python benchmarks/similarity.py --figure docs/similarity.png

Independent are solutions that different authors wrote for one handout; a file `stub.py` of an assignment is its base.
Each listed pair of them counts as false, also where both authors used one public source. A copy is made of every author
by each of the known edits of `tests/copy_edits.py`, joins the class, and is a hit when it is listed with its source;
authors who are in a listed pair already are left out, and those who wrote too little for any evidence are counted
apart. Exit code 1: more false pairs, fewer hits or more seconds than is promised.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests")

from copy_edits import EDITS  # noqa: E402
from tiny_course import make_course  # noqa: E402

from autograder.insight.similarity.fragments import (  # noqa: E402
    Fragments,
    fragments_of,
    tokens_of,
)
from autograder.insight.similarity.pairs import LEAST_EVIDENCE, LEAST_SHARE, compare, weighed  # noqa: E402

MOST_SECONDS = 60.0
MOST_FALSE = 0.005
LEAST_HITS = 0.85
STUDENTS = 300


@dataclass
class Found:
    """Pairs that were compared and listed; copies that were made and found, by edit; authors who wrote too little."""

    compared: int = 0
    false: list[str] = field(default_factory=list)
    made: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EDITS, 0))
    hits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EDITS, 0))
    short: int = 0
    independent: list[float] = field(default_factory=list)
    shares: dict[str, list[float]] = field(default_factory=lambda: {edit: [] for edit in EDITS})


def read(text: str) -> Fragments:
    """The fragments of a text."""
    return fragments_of(tokens_of(text.encode()))


def class_of(folder: Path) -> dict[str, str]:
    """The texts of one assignment, by author."""
    return {path.stem: path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.py"))}


def own_class() -> dict[str, str]:
    """The solutions of this repository: ten problems, and for each of them three other ways."""
    solved = class_of(ROOT / "tests" / "solved")
    ways = sorted((ROOT / "tests" / "right_variants").glob("*/*.py"))
    return solved | {f"{path.parent.name}-{path.stem}": path.read_text("utf-8") for path in ways}


def measure(name: str, texts: dict[str, str], found: Found, *, every: int) -> None:
    """Add what one class gives."""
    base = [read(texts.pop("stub"))] if "stub" in texts else []
    authors = [*texts]
    own = [read(texts[author]) for author in authors]
    first = compare(own, base=base)
    found.compared += first.compared
    found.independent += weighed(own, base).share[np.triu_indices(len(own), 1)].tolist()
    found.false += [f"{name}: {authors[pair.first]}, {authors[pair.second]} ({pair.share:.2f})" for pair in first.pairs]
    paired = {place for pair in first.pairs for place in (pair.first, pair.second)}
    for place in range(0, len(authors), every):
        if place in paired:
            continue
        if weighed([*own, own[place]], base).evidence[place, len(own)] < LEAST_EVIDENCE:
            found.short += 1  # even an exact copy weighs less than LEAST_EVIDENCE
            continue
        for edit, made in EDITS.items():
            try:
                copy = made(texts[authors[place]])
            except SyntaxError:  # an edit needs a tree
                continue
            found.made[edit] += 1
            joined = [*own, read(copy)]
            found.hits[edit] += any(
                (pair.first, pair.second) == (place, len(own)) for pair in compare(joined, base=base).pairs
            )
            found.shares[edit].append(float(weighed(joined, base).share[place, len(own)]))


def say(found: Found) -> bool:
    """Print a table; whether it is as promised."""
    rate = len(found.false) / max(found.compared, 1)
    print(f"{len(found.false)} of {found.compared:,} independent pairs listed ({100 * rate:.2f} %)")
    for each in found.false:
        print(f"  {each}")
    if found.short:
        print(f"{found.short} authors wrote too little for an evidence of {LEAST_EVIDENCE:g}")
    print("| edit | copies | found |\n|---|---|---|")
    for edit, count in found.made.items():
        print(f"| {edit} | {count} | {found.hits[edit]} ({100 * found.hits[edit] / max(count, 1):.0f} %) |")
    single = [edit for edit in EDITS if edit != "all of them"]
    share = sum(found.hits[edit] for edit in single) / max(sum(found.made[edit] for edit in single), 1)
    return rate <= MOST_FALSE and share >= LEAST_HITS


def draw(found: Found, path: Path) -> None:
    """A picture with a row of dots for the independent pairs, and one for the copies by each edit."""
    from matplotlib.figure import Figure

    rows = {"independent": found.independent, **found.shares}
    figure = Figure((8, 3.6), layout="constrained")
    axes = figure.subplots()
    for place, (name, shares) in enumerate(rows.items()):
        up = place + np.random.default_rng(0).uniform(-0.28, 0.28, len(shares))
        axes.plot(shares, up, ".", markersize=4, alpha=0.5, color="#ad2323" if name == "independent" else "#2f5bd0")
    axes.axvline(LEAST_SHARE, color="#555c66", linewidth=1)
    axes.set(xlim=(-0.02, 1.02), xlabel="share of a pair; listed from the line on", yticks=range(len(rows)))
    axes.set_yticklabels([f"{name} ({len(shares)})" for name, shares in rows.items()])
    axes.invert_yaxis()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def speed() -> bool:
    """A class of 300, each with the code of six solutions of this repository, one in ten a copy; by the command."""
    from autograder.cli.similar import Call, compare_class

    draw = np.random.default_rng(0)
    texts = [*own_class().values()]
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        root = make_course(Path(name) / "course")
        kept: list[str] = []
        for number in range(STUDENTS):
            chosen: Sequence[int] = draw.choice(len(texts), 6, replace=False).tolist()
            text = EDITS["names"](kept[int(draw.integers(len(kept)))]) if number % 10 == 9 else ""
            kept.append(text or "\n".join(EDITS["names"](texts[place]) for place in chosen))
            (root / "subs" / f"s{number:03}").mkdir(parents=True)
            (root / "subs" / f"s{number:03}" / "tiny.py").write_text(kept[-1])
        began, used = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            compare_class(Call("tiny", root / "subs", Path(name) / "out", (), (), 0.65, 2, root))
        seconds = time.perf_counter() - began
        listed = len((Path(name) / "out" / "similar.csv").read_text().splitlines()) - 1
        print(f"{STUDENTS} submissions, {sum(map(len, kept)) // len(kept):,} characters each, {listed} pairs listed: "
              f"{seconds:.1f} s (of these {time.process_time() - used:.1f} s of CPU in the main process); "
              f"at most {MOST_SECONDS:g} s")  # fmt: skip
    return seconds < MOST_SECONDS


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--independent", type=Path, metavar="FOLDER", help="FOLDER/ASSIGNMENT/AUTHOR.py")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="copies of every Nth author only")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw the shares of this repository's pairs")
    parser.add_argument("--speed", action="store_true", help="only measure the time of a class of 300")
    asked = parser.parse_args()
    if asked.speed:
        return 0 if speed() else 1
    print("The solutions of this repository")
    own = Found()
    measure("own", own_class(), own, every=asked.every)
    good = say(own)
    if asked.figure:
        draw(own, asked.figure)
    if asked.independent:
        others = Found()
        for folder in sorted(path for path in asked.independent.iterdir() if path.is_dir()):
            measure(folder.name, class_of(folder), others, every=asked.every)
        print(f"\nThe classes of {asked.independent}")
        good &= say(others)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""`autograder similar`: which submissions of a class share more than the handout and common idiom explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import loader
from autograder.checks.errors import UsageError
from autograder.checks.wording import counted
from autograder.cli.common import console, staging
from autograder.course import open_course
from autograder.grading.preparing import caps_for
from autograder.insight.similarity.pairs import Comparison, class_is_small, compare, side_by_side
from autograder.insight.similarity.reading import Sample, code_in, read_samples
from autograder.loader import Loaded
from autograder.release.building import stub_text
from autograder.reports import pages
from autograder.reports.files import file_names, write_text
from autograder.reports.pages import staff as similar_pages
from autograder.reports.pages.text import visible
from autograder.submissions import Recogniser, collect, refuse_class

__all__ = ["Call", "compare_class"]

_PAGES = "similar"
_MOST_PAGES = 300
_MOST_ROWS = 40
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of `autograder similar`."""

    name: str
    submissions: Path | None
    out: Path
    earlier: tuple[Path, ...]
    base: tuple[Path, ...]
    least_share: float
    jobs: int | None
    course: Path | None


def compare_class(call: Call) -> None:
    """Compare a class, write similar.html, similar.csv and a page for each listed pair under `call.out`, print a table.

    Raises:
        UsageError: a folder that is not there or holds no submission; `out` cannot be written.
        InstructorError: the assignment cannot be loaded.
        SandboxError: the process that reads the code could not be started.
    """
    screen = console()
    root, course = open_course(call.course)
    loaded = loader.load(root, call.name)
    source = call.submissions or root / "submissions" / call.name
    for folder in (source, *call.earlier, *call.base):
        refuse_class(folder)
    jobs = course.jobs_at_once(call.jobs)
    with staging(call.out) as folder:
        current = _handed_in(loaded, source, folder / "current", "")
        if len(current) < 2:
            raise UsageError(f"{source} holds one submission; there is nothing to compare it with.")
        before = [
            each
            for number, path in enumerate(call.earlier)
            for each in _handed_in(loaded, path, folder / f"earlier-{number}", f"{path.resolve().name}/")
        ]
        base = [*_ours(loaded), *(each for path in call.base for each in _public(path))]
        samples = read_samples([*current, *before, *base], jobs)
    of_class, of_earlier = samples[: len(current)], samples[len(current) : len(current) + len(before)]
    found = compare(
        [each.fragments for each in of_class],
        [each.fragments for each in of_earlier],
        [each.fragments for each in samples[len(current) + len(before) :]],
        least_share=call.least_share,
    )
    shown = _written(call.out, of_class, of_earlier, found, pages.Heading(course.title, loaded.assignment.title))
    _print(screen, shown, call.out)


def _handed_in(loaded: Loaded, source: Path, folder: Path, before: str) -> list[tuple[str, Mapping[str, bytes]]]:
    """Name and code of each submission, staged as for grading."""
    assignment = loaded.assignment
    found = collect(source, assignment.handed_in, folder, caps_for(loaded, None), Recogniser.of(loaded, accept=True))
    return [(f"{before}{each.student}", code_in(each.folder)) for each in found]


def _ours(loaded: Loaded) -> list[tuple[str, Mapping[str, bytes]]]:
    """The stub, the reference and what is given."""
    assignment, files = loaded.assignment, {}
    for file in (*assignment.files, *assignment.given):
        if file.endswith((".py", ".ipynb")):
            files[file] = (loaded.reference_folder / file).read_bytes()
    stubs = {file: stub_text(data.decode(), file).encode() for file, data in files.items() if file.endswith(".py")}
    return [("reference", files), ("stub", stubs)] if stubs else [("reference", files)]


def _public(path: Path) -> list[tuple[str, Mapping[str, bytes]]]:
    """Each file of a folder of known solutions by itself, or one file.

    Raises:
        UsageError: there is no code.
    """
    found = {path.name: path.read_bytes()} if path.is_file() else code_in(path)
    if not found:
        raise UsageError(f"{path} holds no .py or .ipynb file; name a folder of known solutions with --base.")
    return [(name, {name: data}) for name, data in found.items()]


def _written(
    out: Path, current: Sequence[Sample], earlier: Sequence[Sample], found: Comparison, heading: pages.Heading
) -> similar_pages.SimilarClass:
    """Write every file; pages of an earlier run that are not made again are removed."""
    everybody = [*current, *earlier]
    names = file_names([each.name for each in everybody])
    cluster = {place: number for number, group in enumerate(found.clusters, 1) for place in group}
    likenesses = []
    for number, pair in enumerate(found.pairs, 1):
        first, second = everybody[pair.first].name, everybody[pair.second].name
        page = f"{_PAGES}/{number:03}-{names[first][:40]}-{names[second][:40]}.html" if number <= _MOST_PAGES else ""
        likenesses.append(similar_pages.Likeness(first, second, pair, cluster[pair.first], page))
    shown = similar_pages.SimilarClass(
        tuple(likenesses),
        tuple(tuple(everybody[place].name for place in group) for group in found.clusters),
        len(current),
        len(earlier),
        found.compared,
        found.typical,
        found.limit,
        class_is_small([each.fragments for each in current], [each.fragments for each in earlier]),
        tuple((each.name, each.problem) for each in everybody if each.problem),
    )
    made = {each.page for each in likenesses}
    for path in sorted((out / _PAGES).glob("[0-9][0-9][0-9]-*.html")):
        if f"{_PAGES}/{path.name}" not in made:
            path.unlink()
    for each in likenesses:
        if each.page:
            *sides, regions = side_by_side(everybody[each.pair.first], everybody[each.pair.second], found.counted)
            write_text(out / each.page, similar_pages.pair_page(each, sides, regions, shown, heading))
    write_text(out / "similar.csv", similar_pages.similar_csv(shown))
    write_text(out / "similar.html", similar_pages.similar_page(shown, heading))
    return shown


def _print(screen: Console, found: similar_pages.SimilarClass, out: Path) -> None:
    what = f"{counted(found.submissions, 'submission')}, {counted(found.compared, 'pair')}"
    if found.pairs:
        table = Table(box=box.SIMPLE, pad_edge=False)
        for title in ("First", "Second"):
            table.add_column(title, max_width=_LONGEST_NAME)
        for title in ("Share", "Evidence", "Cluster"):
            table.add_column(title, justify="right")
        for each in found.pairs[:_MOST_ROWS]:
            numbers = (f"{100 * each.pair.share:.0f} %", f"{each.pair.evidence:.0f}", str(each.cluster))
            table.add_row(escape(visible(each.first)), escape(visible(each.second)), *numbers)
        screen.print(table)
        if len(found.pairs) > _MOST_ROWS:
            screen.print(f"And {len(found.pairs) - _MOST_ROWS} more in similar.csv.")
        screen.print(
            f"Compared:   {what}; the middle pair shares {100 * found.typical:.1f} %. These {len(found.pairs)} are "
            "evidence to be read, and no verdict.",
            soft_wrap=True,
        )
    else:
        screen.print(f"Compared:   {what}; the middle pair shares {100 * found.typical:.1f} %. No pair stands out.")
    if found.small:
        screen.print("Few submissions: it cannot be seen what is common idiom; --earlier adds those of other years.")
    for name, why in found.unread:
        screen.print(f"Not compared: {escape(visible(name))}. {escape(visible(why))}", soft_wrap=True)
    screen.print(f"Pages:      {escape(str(out / 'similar.html'))}", soft_wrap=True)

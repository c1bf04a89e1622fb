"""A new course: its settings, a first assignment that validates, and what a repository of it needs."""

from __future__ import annotations

from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.scaffold import blank
from autograder.scaffold.start import title_of, write_all

__all__ = ["FIRST", "start_course"]

FIRST = "warm_up"
"""The first assignment of a new course."""

_CONFIG = '''\
"""The course. `autograder doctor` says in one sentence what is wrong with a value, if anything is."""

from pathlib import Path  # for what the comments show

from autograder import Dataset
from autograder.course import AttemptRule, Course, Dates, Extension, HomeworkSet, LateDays, LateRule

course = Course(
    # Shown at the top of summaries.
    title="{title}",
    #
    # Each assignment is a folder in assignments/ and one in reference/; `autograder new NAME` makes both.
    assignments=("{first}",),
    #
    # Assignments that are graded together, with one cap:
    # (HomeworkSet(id="hw1", title="Homework 1", assignments=("{first}",), cap=100),)
    # Also drop_lowest=1, and round_to=0.5 with rounding="nearest", "up" or "down".
    homework_sets=(),
    #
    # What isolates a submission: "auto" takes the strongest sandbox that works on this machine; or name one:
    # "bubblewrap", "podman", "docker", "apptainer", "landlock"; "none" isolates nothing, for your own code.
    sandbox="auto",
    #
    # Submissions graded at the same time; 0 means one for each CPU core.
    jobs=0,
    #
    # Limits where this machine needs others than an assignment states:
    # {{"{first}": {{"wall_seconds": 120, "memory_mib": 4096}}}}
    limits={{}},
    #
    # Folder with the data sets, such as Path("/srv/data"); None: the one in AUTOGRADER_DATA, else the user's cache.
    data=None,
    #
    # Data sets of your own that several assignments share:
    # (Dataset("flats", files=["shared/flats.csv"], label="sold"),)
    datasets=(),
    #
    # Who takes the course: a CSV file with the columns id, name, e-mails, section, group and aliases, such as
    # Path("roster.csv"); None: roster.csv in this folder, if it is there.
    roster=None,
    #
    # Groups by the ids of their members, in place of those of the roster: {{"Team 1": ("ada", "ben")}}
    groups={{}},
    #
    # The zone of times without an offset, such as "Europe/Berlin".
    timezone=None,
    #
    # When each assignment is released and due; nothing counts that is handed in after the late deadline. For example
    # {{"{first}": Dates(release="2026-10-01 08:00", deadline="2026-10-15 23:59", late_deadline="2026-10-22 23:59")}}
    # Also late=LateRule(...), attempts=AttemptRule(...) and late_days=False, for one assignment.
    dates={{}},
    #
    # What lateness costs: LateRule(percent=10, per="day", grace_minutes=15, floor=50, cut_off_hours=120); or
    # LateRule(steps=((0, 10), (24, 30)), of="maximum"), or early_percent=1, early_most=5 for being early.
    late=None,
    #
    # Days that each student may be late at no cost: LateDays(total=4, each=2), or spent="as stated" in late_days.csv.
    late_days=None,
    #
    # Which attempt counts: counts="last", "first" or "best"; at_most=3; late="if none in time".
    attempts=AttemptRule(),
    #
    # More time for some; the reason is for staff:
    # (Extension("a sick note of 12 October", students=("ada",), assignments=("{first}",), days=3),)
    # Also groups=("Team 1",), sections=("A",), hours=12 and until="2026-10-20 12:00".
    extensions=(),
    #
    # Where results are kept: None for grader.db in the folder of --out, or an address of SQLite or PostgreSQL.
    database=None,
    #
    # The folder of files that checks left, such as trained models: None for the one beside a SQLite file, else for
    # example Path("artefacts"), which a PostgreSQL database needs.
    artefacts=None,
    #
    # Folders on the web where `autograder data fetch` looks first.
    mirrors=(),
    #
    # Whether the only file that defines what a missing one should define is graded in its place, with a note.
    accept_close_names=True,
    #
    # What an hour of CPU time costs, such as 0.05; forecasts say then what a class costs.
    price_per_cpu_hour=None,
)
'''

_IGNORED = """\
# results and submissions hold personal data
/graded*/
/submissions/
/hand_ins/
/autograded/
/source/
/*.csv
*.db
# the copy of the student kit in each release
release/*/autograder_checks/
release/*.zip
__pycache__/
.pytest_cache/
.venv/
"""

_ACTIONS = """\
# Each assignment is tried before it can be handed out: https://docs.github.com/actions
name: validate
on: [push, pull_request]
jobs:
  validate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: sudo apt-get update && sudo apt-get install --yes bubblewrap
      - run: python -m pip install autograder-ml
      - run: autograder doctor
      - run: for folder in assignments/*/; do autograder validate "$(basename "$folder")"; done
        env: {AUTOGRADER_SEED: ci}
"""

_ABOUT = "The first assignment shows how the parts fit together; replace it by one of your own."


def start_course(folder: Path, title: str) -> tuple[Path, ...]:
    """Write a course that can be graded at once.

    Args:
        folder: made if it is not there; else it must be empty, but for hidden files such as ``.git``.
        title: of the course, for people.

    Returns:
        The files that were written, sorted.

    Raises:
        UsageError: something is there already, or the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a new folder for the course.")
    if found := sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []:
        raise UsageError(f"{folder} is not empty (it holds {found[0]}); name a new folder for the course.")
    if not title.isprintable() or not title.strip() or '"' in title or "\\" in title:
        raise UsageError(f"--title {title!r}: give a line of text without quotation marks and backslashes.")
    words = {"title": title_of(FIRST), "module": FIRST}
    files = {
        folder / "grader_config.py": _CONFIG.format(title=title, first=FIRST),
        folder / ".gitignore": _IGNORED,
        folder / ".github" / "workflows" / "validate.yml": _ACTIONS,
        folder / "reference" / FIRST / f"{FIRST}.py": blank.REFERENCE.format(**words),
        folder / "assignments" / FIRST / "assignment.py": blank.ASSIGNMENT.format(**words),
        folder / "assignments" / FIRST / "handout.md": blank.HANDOUT.format(**words).replace(blank.OPEN, _ABOUT),
    }
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there already; name a new folder for the course.")
    return tuple(sorted(write_all(files)))

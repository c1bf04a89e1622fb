"""The course of this repository. Change the values below; the comments say what each one does.

After a change, `autograder doctor` reads this file and says in one sentence what is wrong, if anything is.
"""

from autograder.course import AttemptRule, Course, HomeworkSet

course = Course(
    # Shown at the top of summaries.
    title="Machine learning: homework",
    #
    # Assignments of this course. Each one is a folder in assignments/ and one in reference/.
    assignments=("linear_hinge", "backprop", "svm_pipelines", "deep_svm", "alexnet", "theory"),
    #
    # Assignments that are graded together. The points and bonus points of all of them are added, and the sum stops
    # at the cap. A set may name assignments that are not in this repository yet: `autograder doctor` says so, and their
    # points count as soon as they exist. With drop_lowest=1 the assignment with the fewest points is left out; with
    # round_to=0.5 the sum is rounded to halves: to the nearest, or with rounding="up" or "down".
    homework_sets=(
        HomeworkSet(
            id="hw4",
            title="Homework set 4",
            assignments=("theory", "backprop", "alexnet"),
            cap=100,
        ),
    ),
    #
    # What isolates a submission: "bubblewrap", "podman", "docker", "apptainer" or "landlock"; "none" (nothing at all:
    # only for your own code); or "auto", which takes the strongest one that works on this machine, never "apptainer" or
    # "none". Where a stronger one has worked before, `autograder grade` with "auto" stops and asks for the weaker one
    # by name.
    sandbox="auto",
    #
    # How many submissions are graded at the same time; 0 means one for each CPU core.
    jobs=0,
    #
    # Limits of an assignment, if this machine needs others than those in its assignment.py. For example
    # {"backprop": {"wall_seconds": 120, "memory_mib": 4096}}. `--limit` on the command line takes precedence.
    limits={},
    #
    # Folder with the data sets, such as Path("/srv/data"); None means: the folder in AUTOGRADER_DATA, else the user's
    # cache.
    data=None,
    #
    # Where results are stored. None means grader.db in the folder given by --out; else an address of a SQLite file
    # or of PostgreSQL, such as "postgresql://grader@db.example.org/course".
    database=None,
    #
    # The folder of files that checks left, such as trained models. None means: beside the SQLite file; a PostgreSQL
    # database needs one that all graders share, such as Path("/srv/course/artefacts").
    artefacts=None,
    #
    # Web folders that `autograder data fetch` tries before those that come with the toolkit, such as
    # ("https://data.example.org/mnist/",).
    mirrors=(),
    #
    # Whether a file with another name is accepted for a missing one, with a note on the student's page: the only file
    # that defines what the missing one should define. With False it is only named, and the checks are MISSING.
    accept_close_names=True,
    #
    # Data sets of your own that several assignments share, such as
    # (Dataset("flats", files=["shared/flats.csv"], label="sold"),); their files are in this folder.
    datasets=(),
    #
    # Who takes the course: a CSV file with the columns id, name, e-mails, section, group and aliases, such as
    # Path("roster.csv"); None: roster.csv in this folder, if it is there.
    roster=None,
    #
    # Groups by the ids of their members, in place of those of the roster: {"Team 1": ("ada", "ben")}
    groups={},
    #
    # The zone of times without an offset, such as "Europe/Berlin".
    timezone=None,
    #
    # When each assignment is released and due; nothing counts that is handed in after the late deadline. For example
    # {"backprop": Dates(release="2026-10-01 08:00", deadline="2026-10-15 23:59", late_deadline="2026-10-22 23:59")}
    # Also late=LateRule(...), attempts=AttemptRule(...) and late_days=False, for one assignment.
    dates={},
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
    # (Extension("a sick note of 12 October", students=("ada",), assignments=("backprop",), days=3),)
    # Also groups=("Team 1",), sections=("A",), hours=12 and until="2026-10-20 12:00".
    extensions=(),
    #
    # What an hour of CPU time costs, such as 0.05; forecasts say then what a class costs.
    price_per_cpu_hour=None,
)

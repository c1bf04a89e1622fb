"""Notebooks as they come: of other editors and versions, with what people write in their cells."""

from __future__ import annotations

import json

import pytest

from autograder.checks.local.student import LocalStudent
from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.pictures.raster import data_url, words_of
from autograder.pictures.vector import is_ours
from autograder.sandbox import start, why_not
from autograder.submissions import collect_one

SCRIPT = '''
from autograder import Assignment
from autograder.checks import close

assignment = Assignment("Sums", files=["hw.ipynb"]{more})
a = assignment.question("Total", id="a", solution="total")
b = assignment.question("Twice", id="b", solution="twice")


@a.check(points=1)
def totals(student):
    """The sum is right."""
    close(student.total([1, 2, 3]), 6)


@b.check(points=1)
def doubles(student):
    """Twice as much."""
    close(student.twice(3), 6)
'''
IMPORTS = "import numpy as np"
TOTAL = "def total(x):\n    ### BEGIN SOLUTION\n    return float(np.sum(x))\n    ### END SOLUTION"
TWICE = "def twice(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
PLAIN = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def cell(source, kind="code", **more):
    made = {"cell_type": kind, "metadata": {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {}) | more


def file_of(cells, metadata=PLAIN, major=4, minor=4):
    return {"cells": cells, "metadata": metadata, "nbformat": major, "nbformat_minor": minor}


@pytest.fixture(scope="module")
def sandbox():
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "matplotlib.pyplot", "autograder.worker.warmed")) as started:
        yield started


@pytest.fixture
def make(tmp_path):
    """A function that makes the course, with more settings of the assignment."""

    def made(more=""):
        for place in ("assignments", "reference"):
            (tmp_path / "course" / place / "sums").mkdir(parents=True)
        (tmp_path / "course/assignments/sums/assignment.py").write_text(SCRIPT.format(more=more).lstrip())
        (tmp_path / "course/assignments/sums/handout.md").write_text("# Sums\n")
        cells = [cell(source, id=f"c{n}") for n, source in enumerate((IMPORTS, TOTAL, TWICE))]
        (tmp_path / "course/reference/sums/hw.ipynb").write_text(json.dumps(file_of(cells, minor=5)))
        return load(tmp_path / "course", "sums")

    return made


@pytest.fixture
def graded(make, tmp_path, sandbox):
    """A function that grades a notebook, given as its file's content or as sources of cells."""

    def run(*cells, more="", file=None, limits=None):
        loaded = make(more)
        content = file or file_of([each if isinstance(each, dict) else cell(each) for each in cells])
        (tmp_path / "hw.ipynb").write_text(json.dumps(content))
        submission = collect_one([tmp_path / "hw.ipynb"], loaded.assignment.handed_in, tmp_path / "staged", "ada")
        return grade(loaded, submission, sandbox, None, RunOptions("sums", limits=limits or {}))

    return run


def at_home(tmp_path, *cells, file=None):
    """The stand-in that students have, for the same notebook."""
    (tmp_path / "home").mkdir()
    content = file or file_of([each if isinstance(each, dict) else cell(each) for each in cells])
    (tmp_path / "home/hw.ipynb").write_text(json.dumps(content))
    return LocalStudent(tmp_path / "home", {"total": "hw.ipynb", "twice": "hw.ipynb"})


def results(report):
    return {check.id: check for question in report.questions for check in question.checks}


def verdicts(report):
    return [str(check.verdict) for check in results(report).values()]


def text_of(report, number):
    (notebook,) = report.notebooks
    return next(each.text for each in notebook.cells if each.number == number)


def right(report):
    return verdicts(report) == ["PASSED", "PASSED"]


# --- a failing cell ---


def test_a_failing_cell_costs_its_own_points(graded):
    """The others run, each question is judged by what it needs, and the cell is named with its line."""
    report = graded(IMPORTS, "weights = np.ones(3)\nwrong = weights @ np.ones(4)\n" + TOTAL, TWICE)
    assert verdicts(report) == ["RAISED", "PASSED"]
    message = results(report)["totals"].message
    assert "`cell 2 of hw.ipynb` raised ValueError (line 2: `wrong = weights @ np.ones(4)`): matmul" in message


def test_a_question_that_needs_no_failed_cell_is_judged_as_ever(graded):
    """Cells that fail before and after cost nothing."""
    assert right(graded("import no_such_package", IMPORTS, TOTAL, "1 / 0", TWICE, "x = ("))


def test_stopping_at_the_first_failing_cell_is_the_option(graded):
    """With run_on=False the notebook ends there, and what came before counts."""
    report = graded(IMPORTS, TOTAL, "1 / 0", TWICE, more=", run_on=False")
    assert verdicts(report) == ["PASSED", "RAISED"]
    assert "cell 3 of hw.ipynb" in results(report)["doubles"].message


# --- files of other editors and versions ---

COLAB = {
    "colab": {"provenance": [], "toc_visible": True, "gpuType": "T4"},
    "accelerator": "GPU",
    "kernelspec": {"name": "python3", "display_name": "Python 3"},
    "language_info": {"name": "python"},
}
CODE = {
    "kernelspec": {"name": "python3", "display_name": ".venv (3.12.3)", "language": "python"},
    "language_info": {"name": "python", "version": "3.12.3", "codemirror_mode": {"name": "ipython", "version": 3}},
    "vscode": {"interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b9275f58929596ceb00d14d90e3e16cd6"}},
}
WIDGETS = PLAIN | {
    "widgets": {
        "application/vnd.jupyter.widget-state+json": {
            "state": {"0a1b": {"model_module": "@jupyter-widgets/base", "model_name": "LayoutModel", "state": {}}},
            "version_major": 2,
            "version_minor": 0,
        }
    }
}


def test_a_notebook_of_colab_is_graded(graded):
    """Its metadata, forms and its mount of a drive stand in no one's way."""
    mount = "#@title Setup { display-mode: \"form\" }\nfrom google.colab import drive, files\n" \
        "drive.mount('/content/drive')\nlearning_rate = 0.1 #@param {type:\"number\"}"  # fmt: skip
    cells = [
        cell(text, metadata={"id": f"x{n}", "cellView": "form"})
        for n, text in enumerate((IMPORTS, mount, TOTAL, TWICE))
    ]
    report = graded(file=file_of(cells, COLAB, minor=0))
    assert right(report)
    assert "drive.mount is passed over" in text_of(report, 2)


def test_what_only_colab_can_do_gets_a_sentence(graded):
    """An upload waits for somebody who chooses a file."""
    report = graded(IMPORTS, "from google.colab import files\nup = files.upload()\n" + TOTAL, TWICE)
    assert verdicts(report) == ["RAISED", "PASSED"]
    assert "files.upload() waits for somebody who chooses a file" in results(report)["totals"].message


def test_a_path_on_the_drive_gets_a_sentence(graded):
    """The file is beside the notebook, and is to be named so."""
    report = graded(IMPORTS, "rows = open('/content/drive/MyDrive/hw/flats.csv').read()\n" + TOTAL, TWICE)
    assert verdicts(report) == ["RAISED", "PASSED"]
    assert "/content/drive/MyDrive/hw/flats.csv" in results(report)["totals"].message
    assert "'flats.csv'" in results(report)["totals"].message


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_of_colab_runs_at_home(tmp_path):
    """The public checks pass with it as they do when it is graded."""
    mount = "from google.colab import drive\ndrive.mount('/content/drive')\n" + IMPORTS
    student = at_home(tmp_path, mount, TOTAL, TWICE)
    assert (student.total([1, 2, 3]), student.twice(3)) == (6, 6)


@pytest.mark.parametrize("metadata", [CODE, WIDGETS, {}], ids=["VS Code", "widgets", "none"])
def test_metadata_of_other_editors_changes_nothing(graded, metadata):
    """Of VS Code, with the state of widgets, and with none at all."""
    cells = [cell(text, metadata={"vscode": {"languageId": "python"}}) for text in (IMPORTS, TOTAL, TWICE)]
    assert right(graded(file=file_of(cells, metadata)))


@pytest.mark.parametrize("minor", range(6))
def test_every_version_of_format_4_is_graded(graded, minor):
    """With ids of cells and, in the newest as in the older ones, without."""
    ids = [{"id": f"a{n}"} if minor == 5 and n else {} for n in range(3)]
    cells = [cell(text, **more) for text, more in zip((IMPORTS, TOTAL, TWICE), ids, strict=True)]
    assert right(graded(file=file_of(cells, minor=minor)))


def test_a_notebook_of_format_3_is_graded(graded):
    """Its cells stand in worksheets, and their text under another name."""
    cells = [
        {"cell_type": "code", "input": text, "language": "python", "outputs": [], "metadata": {}}
        for text in (IMPORTS, TOTAL, TWICE)
    ]
    file = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]}
    assert right(graded(file=file))


@pytest.mark.parametrize("name", ["conda-env-ml-py", "python310", "xeus-python", "pyodide"])
def test_kernels_of_other_names_are_python(graded, name):
    """What a kernel is called on a student's machine decides nothing."""
    kernel = {"kernelspec": {"display_name": "ML", "language": "python", "name": name}}
    assert right(graded(file=file_of([cell(text) for text in (IMPORTS, TOTAL, TWICE)], kernel)))


def test_a_notebook_in_another_language_gets_a_sentence(graded):
    """It names the language and what to do."""
    kernel = {"kernelspec": {"display_name": "R", "language": "R", "name": "ir"}}
    report = graded(file=file_of([cell("total <- function(x) sum(x)"), cell("twice <- function(x) 2 * x")], kernel))
    assert verdicts(report) != ["PASSED", "PASSED"]
    assert results(report)["totals"].message == (
        "hw.ipynb is a notebook in R. Choose a Python kernel, and write the notebook of this assignment."
    )


# --- what stands in cells ---


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "%matplotlib widget",
        "%matplotlib notebook",
        "%config InlineBackend.figure_format = 'retina'",
        "%load_ext autoreload\n%autoreload 2",
        "%load_ext tensorboard",
        "%env OMP_NUM_THREADS=1",
        "%precision 3",
        "%cd .",
        "%time x = 3",
        "%timeit -n 1 -r 1 sum([1])",
        "%who",
        "%reset_selective -f nothing",
        "%pip install numpy",
        "!pip install -q numpy",
        "!ls",
        "!nvidia-smi",
        "!wget https://example.org/x.csv",
        "files = !ls",
    ],
)
def test_magics_and_commands_disturb_nothing(graded, line):
    """Those that need a screen, a network or another package are skipped or fail quietly, as in Jupyter."""
    report = graded(f"{line}\n{IMPORTS}", TOTAL, TWICE)
    assert right(report), [results(report), report.notebooks]


def test_cells_under_time_define_names(graded):
    """``%%time``, ``%%capture`` and ``%%timeit``'s kin run their cells."""
    assert right(graded(IMPORTS, f"%%time\n{TOTAL}", f"%%capture out\n{TWICE}"))


def test_input_gets_a_sentence(graded):
    """Nobody sits at the keyboard, and only this cell is lost."""
    report = graded(IMPORTS, "n = int(input('n? '))\n" + TOTAL, TWICE)
    assert verdicts(report) == ["RAISED", "PASSED"]
    assert "input() waits for the keyboard" in results(report)["totals"].message


@pytest.mark.parametrize("module", ["tqdm", "tqdm.auto", "tqdm.notebook"])
def test_progress_bars_cost_nothing(graded, module):
    """In a terminal's form or a notebook's, in cells and in functions that checks call."""
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    bar = f"from {module} import tqdm\nfor _ in tqdm(range(50)):\n    pass\n{IMPORTS}"
    total = "def total(x):\n    return float(sum(each for each in tqdm(x, desc='sum')))"
    assert right(graded(bar, total, TWICE))


def test_figures_of_plotly_cost_nothing(graded):
    """They are shown as their plain text; no browser is started."""
    pytest.importorskip("plotly", reason="plotly is not installed")
    draw = "import plotly.graph_objects as go\nfig = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))\nfig.show()\nfig"
    report = graded(f"{IMPORTS}\n{draw}", TOTAL, TWICE)
    assert right(report), [results(report), report.notebooks]
    assert not report.notebooks[0].cells[0].error


def test_figures_of_cells_are_drawn_from_their_records(graded):
    """They are text and lines, as those of functions; one whose record is large is painted, and all are shown."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])\nplt.title('squares');"
    large = "import numpy as np\nplt.imshow(np.eye(700));"
    report = graded(plot, large, TOTAL, TWICE)
    drawn, painted = (each.pictures for each in report.notebooks[0].cells[:2])

    assert right(report), [results(report), report.notebooks]
    assert [is_ours(each) for each in (*drawn, *painted)] == [True, False]
    assert words_of(drawn[0]).startswith("Plot “squares”: curve of 3 points")
    assert data_url(painted[0]).startswith("data:image/png")


def test_figures_of_seaborn_are_kept(graded):
    """They are matplotlib's, and are shown with their picture."""
    pytest.importorskip("seaborn", reason="seaborn is not installed")
    draw = "import seaborn as sns\nsns.set_theme()\nsns.lineplot(x=[1, 2, 3], y=[1, 4, 9]);"
    report = graded(f"{IMPORTS}\n{draw}", TOTAL, TWICE)
    assert right(report), [results(report), report.notebooks]
    assert len(report.notebooks[0].cells[0].pictures) == 1


def test_the_workers_of_a_data_loader_work(graded):
    """Torch's processes share memory with the notebook, inside the sandbox."""
    loader = (
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "pairs = TensorDataset(torch.arange(8.0))\n"
        "seen = sum(float(x.sum()) for (x,) in DataLoader(pairs, batch_size=2, num_workers=2))\n"
    )
    report = graded(IMPORTS, loader, "def total(x):\n    return seen - 22", TWICE)
    assert right(report), [results(report), report.notebooks]


def test_a_data_loader_over_a_class_of_the_notebook_works(graded):
    """The class is found by the processes, too."""
    loader = (
        "import torch\nclass Squares(torch.utils.data.Dataset):\n    def __len__(self):\n        return 4\n"
        "    def __getitem__(self, n):\n        return n * n\n"
        "loader = torch.utils.data.DataLoader(Squares(), num_workers=1, persistent_workers=True)\n"
    )
    report = graded(IMPORTS, loader, "def total(x):\n    return sum(int(x) for x in loader) - 8", TWICE)
    assert right(report), [results(report), report.notebooks]


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib_with_all_processors_works(graded, backend):
    """``n_jobs=-1`` means as many as the sandbox has."""
    work = (
        "from joblib import Parallel, delayed\ndef square(n):\n    return n * n\n"
        f"found = Parallel(n_jobs=-1, backend={backend!r})(delayed(square)(n) for n in range(3))\n"
    )
    report = graded(IMPORTS, work, "def total(x):\n    return sum(found) + 1", TWICE)
    assert right(report), [results(report), report.notebooks]


@pytest.mark.long
def test_a_search_of_scikit_learn_with_all_processors_works(graded):
    """As most notebooks write it."""
    search = (
        "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import GridSearchCV\n"
        "X = np.arange(40.0).reshape(20, 2)\n"
        "found = GridSearchCV(Ridge(), {'alpha': [0.1, 1.0]}, n_jobs=-1, cv=2).fit(X, X[:, 0]).best_params_\n"
    )
    report = graded(IMPORTS, search, "def total(x):\n    return 6 if found else 0", TWICE)
    assert right(report), [results(report), report.notebooks]

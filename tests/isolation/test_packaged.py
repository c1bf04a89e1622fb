"""Data sets that come with packages: hidden inside, unless the assignment allows them; code stays where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_course import make_course

from autograder import datasets, loader
from autograder.datasets import DataSettings
from autograder.isolation import landlock
from autograder.isolation import packaged_data as finding
from autograder.isolation.namespaces import bubblewrap_arguments
from autograder.isolation.packaged_data import packaged_data, uses_packaged_data
from autograder.results import Limits
from autograder.sandbox import Request, start, why_not
from autograder.wire import decode, encode

pytest.importorskip("sklearn")

SUBMISSION = """
from sklearn.linear_model import LogisticRegression

def digits():
    from sklearn.datasets import load_digits
    return load_digits().target[:3]

def made():
    from sklearn.datasets import make_blobs
    x, y = make_blobs(20, random_state=0)
    return float(LogisticRegression().fit(x, y).score(x, y)) > 0
"""


def ask(sandbox: str, function: str, folder: Path, *, allowed: bool) -> tuple[object, ...]:
    """The answer of a function of the submission, in a sandbox that hides the data or not."""
    if reason := why_not(sandbox):
        pytest.skip(f"the sandbox {sandbox} does not work here: {reason}")
    folder.chmod(0o755)
    (folder / "hw.py").write_text(SUBMISSION)
    (folder / "hw.py").chmod(0o644)
    with start(sandbox, preload=("numpy", "sklearn"), packaged_data=allowed) as started:
        session = started.open(Request(folder, Limits(memory_mib=2048)))
        try:
            answer: tuple[object, ...] = decode(session.exchange(encode(("call", "hw", function, (), {}))))
        finally:
            session.close()
    return answer


@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_an_assignment_can_allow_packaged_data(sandbox: str, tmp_path: Path) -> None:
    """With packaged_data=True, scikit-learn's digits are loaded inside."""
    verb, value = ask(sandbox, "digits", tmp_path, allowed=True)
    assert verb == "value"
    assert list(value) == [0, 1, 2]  # type: ignore[call-overload]


@pytest.mark.long
@pytest.mark.parametrize(
    ("sandbox", "kind", "text"),
    [
        ("bubblewrap", "FileNotFoundError", "not available while submissions are graded"),
        ("landlock", "PermissionError", "Permission denied"),
    ],
)
def test_packaged_data_is_hidden(sandbox: str, kind: str, text: str, tmp_path: Path) -> None:
    """Without it, loading them raises an error that says so; functions that generate data still work."""
    verb, fault = ask(sandbox, "digits", tmp_path, allowed=False)
    assert (verb, fault["kind"]) == ("raised", kind)  # type: ignore[index,call-overload]
    assert text in fault["message"]  # type: ignore[index,call-overload]
    assert ask(sandbox, "made", tmp_path, allowed=False) == ("value", True)


def test_the_embedded_digits_are_loaded_outside() -> None:
    """The toolkit's own stand-in for MNIST is made of the same files, where nobody hides them."""
    assert len(datasets.find("digits", DataSettings()).train) == 1000


def test_an_assignment_declares_it(tmp_path: Path) -> None:
    """Hidden unless it is said."""
    root = make_course(tmp_path / "course")
    assert not loader.load(root, "tiny").assignment.packaged_data
    file = root / "assignments" / "tiny" / "assignment.py"
    file.write_text(file.read_text().replace("files=[", "packaged_data=True, files=[", 1))
    assert loader.load(root, "tiny").assignment.packaged_data


def test_code_beside_the_data_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without code is hidden as a whole; of one with code, the files that are none."""
    home = tmp_path / "site-packages"
    for path, text in {
        "statsmodels/datasets/__init__.py": "from . import iris",
        "statsmodels/datasets/iris/__init__.py": "from .data import load",
        "statsmodels/datasets/iris/data.py": "def load(): pass",
        "statsmodels/datasets/iris/iris.csv": "1,2",
        "statsmodels/datasets/raw/plain.dat": "1 2",
        "vega_datasets/_data/cars.json": "[]",
        "vega_datasets/__init__.py": "import json",
        "skimage/data/__init__.py": "# nothing",
        "skimage/data/coins.png": "png",
        "elsewhere/data.csv": "1",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    monkeypatch.syspath_prepend(str(home))
    found = {path.removeprefix(f"{home}/") for path in packaged_data() if path.startswith(str(home))}
    assert found == {
        "statsmodels/datasets/iris/iris.csv",
        "statsmodels/datasets/raw",
        "vega_datasets/_data",
        "skimage/data",
    }


def test_data_in_the_tests_of_packages_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of tests with data is hidden with its code; where the package imports its tests, only the data is."""
    home = tmp_path / "site-packages"
    for path, text in {
        "scipy/spatial/__init__.py": "from . import distance",
        "scipy/spatial/tests/__init__.py": "",
        "scipy/spatial/tests/test_distance.py": "import numpy",
        "scipy/spatial/tests/data/iris.txt": "5.1 3.5",
        "anything/deep/below/test/old.pkl": "x",
        "astropy/__init__.py": "import os\nfrom .tests.runner import TestRunner",
        "astropy/tests/runner.py": "class TestRunner: ...",
        "astropy/tests/data/stars.csv": "1",
        "plain/tests/test_it.py": "import plain",
        "skimage/data/tests/coins.png": "png",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    monkeypatch.syspath_prepend(str(home))
    found = {path.removeprefix(f"{home}/") for path in packaged_data() if path.startswith(str(home))}
    assert found == {"scipy/spatial/tests", "anything/deep/below/test", "astropy/tests/data", "skimage/data"}


def test_what_was_found_is_remembered_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked through again where all folders and files are as they were; a data set that appears deep inside
    of a package, and code beside one, are noticed; a damaged memory is none."""
    home, cache = tmp_path / "site-packages", tmp_path / "own" / "found.json"
    data = home / "gensim" / "test" / "test_data"
    data.mkdir(parents=True)
    (data / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setattr(finding, "_homes", lambda: [str(home)])
    monkeypatch.setattr(finding, "_ELSEWHERE", ())
    monkeypatch.setattr(finding, "_COARSEST", 0)

    def found(*, again: bool) -> list[str]:
        with monkeypatch.context() as patched:
            if not again:
                patched.setattr(finding, "_tests_below", None)
            return [path.removeprefix(f"{home}/") for path in packaged_data(str(cache))]

    assert found(again=True) == found(again=False) == ["gensim/test"]
    (data / "__init__.py").write_text("import json")
    assert found(again=True) == found(again=False) == []
    (data / "labels.csv").write_text("1")
    (home / "plain" / "deep").mkdir(parents=True)
    (home / "plain" / "deep" / "tests").mkdir()
    assert found(again=True) == found(again=False)
    (home / "plain" / "deep" / "tests" / "iris.csv").write_text("1")
    last = found(again=True)
    assert "plain/deep/tests" in last
    for damaged in ("", "[]", '{"about": 3}', cache.read_text()[:-9]):
        cache.write_text(damaged)
        assert found(again=True) == last


def test_what_has_just_changed_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could change once more within the same tick of the file system's clock."""
    home, cache = tmp_path / "site-packages", tmp_path / "found.json"
    (home / "plain" / "tests").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setattr(finding, "_homes", lambda: [str(home)])
    monkeypatch.setattr(finding, "_COARSEST", 10**15)

    assert packaged_data(str(cache)) == packaged_data()
    assert not cache.exists()


def test_packages_of_another_python_are_hidden_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed where this interpreter imports nothing is one hidden folder."""
    other = tmp_path / "lib" / "python3.11" / "site-packages"
    (other / "scipy" / "tests").mkdir(parents=True)
    (other / "scipy" / "tests" / "iris.txt").write_text("1")
    monkeypatch.setattr("sys.base_prefix", str(tmp_path))
    assert [path for path in packaged_data() if path.startswith(str(tmp_path))] == [str(other)]
    monkeypatch.syspath_prepend(str(other))
    assert [path for path in packaged_data() if path.startswith(str(tmp_path))] == [str(other / "scipy" / "tests")]


LOOKING = """
import os, sys

def readable():
    found = []
    for top in {*sys.path, sys.base_prefix, "/usr/lib/python3", "/usr/share/nltk_data"}:
        for folder, _, files in os.walk(top):
            for file in files:
                if file.lower().startswith("iris.") and not file.endswith((".py", ".pyc")):
                    try:
                        open(os.path.join(folder, file), "rb").read(1)
                        found.append(os.path.join(folder, file))
                    except OSError:
                        pass
    return found
"""


@pytest.mark.long
@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_no_iris_is_readable_inside(sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever searches all that is installed for iris reads none; scipy can be imported."""
    monkeypatch.setitem(globals(), "SUBMISSION", LOOKING + "\nimport scipy.spatial, scipy.stats, scipy.io\n")
    assert ask(sandbox, "readable", tmp_path, allowed=False) == ("value", [])


def test_what_is_hidden_is_covered_by_a_mount() -> None:
    """Each path gets what is to be seen in its place, read-only."""
    covers = {"/usr/lib/python3/dist-packages/sklearn/datasets/data": "/ours/covered"}
    arguments = bubblewrap_arguments(Path("/s"), {}, Limits(), user_namespace=False, covers=covers)
    at = arguments.index("/ours/covered")
    assert arguments[at - 1 : at + 2] == ["--ro-bind", "/ours/covered", *covers]


def test_where_nothing_is_to_be_explained_an_empty_folder_covers() -> None:
    """An empty path stands for a folder of its own without entries, into which nobody may write."""
    covers = {"/usr/lib/python3/dist-packages/scipy/tests": ""}
    arguments = bubblewrap_arguments(Path("/s"), {}, Limits(), user_namespace=False, covers=covers)
    at = arguments.index(*covers)
    assert arguments[at - 5 : at + 1] == ["--size", "4096", "--perms", "0555", "--tmpfs", *covers]


def test_landlock_hides_a_file_and_nothing_beside_it(tmp_path: Path) -> None:
    """What is beside the way to a hidden file stays readable, also when it was written later."""
    import os

    if not landlock.abi():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("a/b/hidden", "a/b/beside", "a/above"):
        (tmp_path / name).write_text(name)
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("a")
    ruleset = landlock.all_but([str(tmp_path / "a/b/hidden")])
    (tmp_path / "other" / "later").write_text("x")
    pid = os.fork()
    if pid == 0:
        import ctypes

        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
        landlock.apply(ruleset)
        code = 0
        for number, name in enumerate(("a/b/beside", "a/above", "other/later", "a/b/hidden", "link/b/hidden")):
            try:
                (tmp_path / name).read_text()
                code |= 1 << number
            except PermissionError:
                pass
        os._exit(code)
    os.close(ruleset)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0b00111


@pytest.mark.parametrize(
    ("source", "uses"),
    [
        ("from sklearn.datasets import load_iris", True),
        ("X, y = datasets.load_digits(return_X_y=True)", True),
        ("import statsmodels.api as sm\nsm.datasets.get_rdataset('x')", True),
        ("from skimage import data", True),
        ("from vega_datasets import data", True),
        ("from sklearn.datasets import make_moons", False),
        ("from torchvision import datasets", False),
        ("def load_data(path): ...", False),
    ],
)
def test_sources_that_load_packaged_data_are_known(source: str, uses: bool) -> None:
    """Imported and new assignments allow it where their own code loads it."""
    assert uses_packaged_data(source) is uses


@pytest.mark.parametrize(("imports", "allowed"), [("\nfrom sklearn.datasets import load_iris", True), ("", False)])
def test_a_course_in_nbgraders_folders_allows_what_its_own_notebook_loads(
    tmp_path: Path, imports: str, *, allowed: bool
) -> None:
    """Such a course says nothing of packaged data, so its source decides."""
    from nbgrader_course import make_course as make_nbgrader_course

    from autograder.formats.nbgrader import load, open_course

    folder = make_nbgrader_course(tmp_path / "course", {}, imports=imports)
    assert load(open_course(folder), "hw1").packaged_data is allowed


@pytest.mark.parametrize("allowed", [True, False])
def test_new_and_imported_assignments_say_that_they_load_packaged_data(*, allowed: bool) -> None:
    """The line is in the assignment.py that is written, or is not."""
    from autograder.formats.otter.writing import assignment_text as imported_text
    from autograder.scaffold.writing import assignment_text as new_text

    imported = imported_text("T", (), source="hw.ipynb", files=["hw.ipynb"], packaged_data=allowed)
    settings = {"source": "hw", "files": ["hw.py"], "given": [], "preload": ("numpy",), "limits": {}}
    new = new_text("T", (), (), **settings, packaged_data=allowed)  # type: ignore[arg-type]
    for text in (imported, new):
        compile(text, "assignment.py", "exec")
        assert ("packaged_data=True," in text) is allowed

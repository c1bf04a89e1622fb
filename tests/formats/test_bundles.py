"""Archives for other platforms, each run as its platform does: Gradescope, GitHub Actions, Classroom 50."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from command_line import refused, run, run_here
from tiny_course import RIGHT, WRONG, make_course

from autograder.checks.errors import InstructorError
from autograder.formats.bundles import BUNDLES
from autograder.formats.github.classroom50_runner import result_of
from autograder.formats.gradescope import harness
from autograder.formats.gradescope.bundle import pinned

SEED = "the-seed-of-this-course-which-nobody-may-read"
HOSTILE = '''
import os

def look():
    seen = []
    for path in ("/autograder", "/autograder/source", "/autograder/results", "/root", "/opt/autograder/../.."):
        try:
            seen.append(os.listdir(path))
        except OSError as error:
            seen.append(type(error).__name__)
    for path in (
        "/autograder/source/seed", "/autograder/source/course/assignments/tiny/assignment.py",
        "/autograder/source/course/reference/tiny/tiny.py", "/autograder/submission_metadata.json",
    ):
        try:
            seen.append(open(path).read())
        except OSError as error:
            seen.append(type(error).__name__)
    for path in ("/autograder/results/results.json", "/autograder/source/bundle.json", "/autograder/run_autograder"):
        try:
            open(path, "w").write('{"score": 100}')
            seen.append("WRITTEN")
        except OSError as error:
            seen.append(type(error).__name__)
    for number in range(2, 400):
        try:
            os.kill(number, 0) if number != os.getpid() else None
            seen.append("REACHED") if number != os.getpid() else None
        except OSError:
            pass
    return seen + [f"user {os.getuid()}"]

def double(x):
    raise ValueError(look())
'''  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """The tiny course."""
    return make_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def archives(course, tmp_path_factory) -> dict[str, Path]:
    """The archive for each platform; the next step is said when it is made."""
    folder = tmp_path_factory.mktemp("archives")
    for platform in BUNDLES:
        done = bundled(course, platform, folder / f"{platform}.zip")
        assert done.stdout.count("\n") == 2
    return {platform: folder / f"{platform}.zip" for platform in BUNDLES}


def bundled(course: Path, platform: str, archive: Path) -> subprocess.CompletedProcess[str]:
    """Make the archive for a platform."""
    done = run_here("bundle", "tiny", "--for", platform, "--out", archive, "--seed", SEED, cwd=course)
    assert done.returncode == 0, done.stderr
    return done


def unpacked(archive: Path, folder: Path) -> Path:
    """A folder with what is in an archive."""
    subprocess.run(["unzip", "-q", archive, "-d", folder / "unpacked"], check=True)
    return folder / "unpacked"


# --- Gradescope ---


def why_no_container() -> str:
    """Why no container like Gradescope's can be made here; "" where it can."""
    if os.geteuid() != 0:
        return "only root can make a container whose root may change users"
    return "" if shutil.which("bwrap") else "bubblewrap is missing"


class Box:
    """A container as Gradescope documents it: root without the right to mount, and /autograder."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.home, self.opt = folder / "autograder", folder / "opt"
        self.opt.mkdir()
        for name in ("submission", "results"):
            (self.home / name).mkdir(parents=True)
        shutil.copytree(source, self.home / "source")
        for name in ("setup.sh", "run_autograder"):
            (self.home / "source" / name).chmod(0o755)
        shutil.copy(source / "run_autograder", self.home / "run_autograder")
        (self.home / "run_autograder").chmod(0o755)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        rights = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETUID", "SETGID", "SETPCAP", "SYS_CHROOT")
        box = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"]
        box += ["--cap-drop", "ALL", *(word for each in rights for word in ("--cap-add", f"CAP_{each}"))]
        for path in ("/usr", "/etc"):
            box += ["--ro-bind", path, path]
        for link in ("bin", "lib", "lib64", "sbin"):
            box += ["--symlink", f"usr/{link}", f"/{link}"] if Path("/", link).is_symlink() else []
        box += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chmod", "1777", "/tmp", "--tmpfs", "/root"]
        box += ["--bind", str(self.opt), "/opt", "--bind", str(self.home), "/autograder", "--chdir", "/autograder"]
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
        environment = {**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        return subprocess.run(
            [*box, *command], env=environment, capture_output=True, text=True, check=False, timeout=900
        )

    def graded(self, **files: str) -> dict:
        """The results of a submission of these files, by their stem."""
        for name in ("submission", "results"):
            shutil.rmtree(self.home / name)
            (self.home / name).mkdir()
        for stem, text in files.items():
            (self.home / "submission" / f"{stem}.py").write_text(text)
        before = [{"score": 1, "autograder_error": True, "results": {}}, {"score": 0, "autograder_error": False}]
        about = {"id": 77, "created_at": "2026-11-30T10:00:00Z", "users": [], "previous_submissions": before}
        (self.home / "submission_metadata.json").write_text(json.dumps(about))
        done = self.run("/autograder/run_autograder")
        assert done.returncode == 0, done.stdout + done.stderr
        self.said = done.stdout + done.stderr
        return json.loads((self.home / "results" / "results.json").read_text())


@pytest.fixture(scope="module")
def box(archives, tmp_path_factory) -> Box:
    """A container in which setup.sh has run."""
    if reason := why_no_container():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("gradescope")
    made = Box(folder, unpacked(archives["gradescope"], folder))
    done = made.run("/autograder/source/setup.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tiny is ready to be graded here." in done.stdout
    return made


@pytest.mark.long
def test_a_hostile_submission_reads_and_writes_nothing_on_gradescope(box) -> None:
    """It is another user, sees neither hidden checks, seed nor reference, reaches no process and writes no result. The
    right one after it has full points, hidden checks after publication, its id, and how many attempts counted before.
    """
    results = box.graded(tiny=HOSTILE)
    text = json.dumps(results)

    assert results["score"] == 0
    assert "PermissionError" in text
    for secret in (
        SEED,
        "doubles_minus_seven(student)",
        "BEGIN SOLUTION",
        "WRITTEN",
        "REACHED",
        "previous_submissions",
    ):
        assert secret not in text
    assert "user 0" not in text
    assert json.loads((box.home / "source" / "bundle.json").read_text())["assignment"] == "tiny"

    results = box.graded(tiny=RIGHT)
    assert results["score"] == 6, box.said
    assert [each["visibility"] for each in results["tests"]] == ["visible", "after_published", "visible"]
    assert results["output_format"] == "text"
    about = results["extra_data"]
    assert (about["submission_id"], about["attempts_before"], about["max_points"]) == (77, 1, 5)


@pytest.mark.long
def test_gradescope_grades_a_wrong_submission_and_none(box) -> None:
    """Points for what is right; a submission without the file has none, and reads so. A link to the reference, which
    only root could read, is no solution."""
    assert box.graded(tiny=WRONG)["score"] == 2
    missing = box.graded(other="x = 1\n")
    assert missing["score"] == 0
    assert "tiny.py" in json.dumps(missing)

    link = box.home / "submission" / "tiny.py"
    link.symlink_to("/autograder/source/course/reference/tiny/tiny.py")
    done = box.run("/autograder/run_autograder")
    results = json.loads((box.home / "results" / "results.json").read_text())
    assert done.returncode == 0
    assert results["score"] == 0
    assert "return 2 * x" not in json.dumps(results)


def test_the_archive_for_gradescope_holds_what_it_needs_and_is_the_same_each_time(course, archives, tmp_path) -> None:
    """Both programs can be run, the hidden check and the reference are in, other people's things are not."""
    bundled(course, "gradescope", tmp_path / "again.zip")
    with zipfile.ZipFile(archives["gradescope"]) as archive:
        names = archive.namelist()
        modes = {name: archive.getinfo(name).external_attr >> 16 for name in ("setup.sh", "run_autograder", "seed")}
        pins = archive.read("requirements.txt").decode().splitlines()

    assert archives["gradescope"].read_bytes() == (tmp_path / "again.zip").read_bytes()
    assert modes == {"setup.sh": 0o755, "run_autograder": 0o755, "seed": 0o644}
    assert {"course/assignments/tiny/assignment.py", "course/reference/tiny/tiny.py"} <= set(names)
    assert "toolkit/autograder/formats/gradescope/harness.py" in names
    assert not any("__pycache__" in name for name in names)
    assert all("==" in pin for pin in pins)
    assert {"numpy", "msgspec", "typer"} <= {pin.partition("==")[0] for pin in pins}


def test_packages_are_pinned_with_those_that_they_need_in_turn() -> None:
    """The core brings no notebooks; its extra does, and each package has the version that is installed here."""
    core, more = pinned("autograder-ml"), pinned("autograder-ml", "notebooks")
    names = {each.partition("==")[0] for each in core}

    assert {"jinja2", "markupsafe", "numpy"} <= names
    assert not {"ipython", "nbformat", "torch"} & names
    assert {"ipython", "nbformat", "traitlets"} <= {each.partition("==")[0] for each in more}
    assert f"numpy=={metadata.version('numpy')}" in core
    with pytest.raises(InstructorError, match="nowhere-to-be-found is not installed"):
        pinned("nowhere-to-be-found")


def test_other_assignments_of_the_course_are_not_in_the_archive(tmp_path) -> None:
    """Their folders are there, because the configuration names them, and hold nothing of theirs."""
    root = make_course(tmp_path / "course")
    shutil.copytree(root / "assignments" / "tiny", root / "assignments" / "later")
    config = root / "grader_config.py"
    config.write_text(config.read_text().replace('("tiny",)', '("tiny", "later")'))
    bundled(root, "gradescope", tmp_path / "x.zip")
    files = unpacked(tmp_path / "x.zip", tmp_path)

    assert [path.name for path in (files / "course" / "assignments" / "later").iterdir()] == ["README"]


def with_config(root: Path, before: str, field: str) -> Path:
    """A course whose configuration begins with some lines, and has a field more."""
    make_course(root)
    config = root / "grader_config.py"
    config.write_text(before + config.read_text().replace("jobs=1)", f"jobs=1, {field})"))
    return root


DATES = 'dates={"tiny": Dates("2026-10-15 23:59")}, timezone="UTC"'


@pytest.mark.long
def test_what_the_configuration_needs_is_in_the_archive(tmp_path) -> None:
    """The roster, and modules of the course's folder that it imports, in turn; the unpacked course can be opened."""
    before = "import my_dates\nfrom pathlib import Path\nfrom autograder.course import Dates\n"
    root = with_config(tmp_path / "course", before, f'roster=Path("people/all.csv"), {DATES}')
    (root / "my_dates.py").write_text("import tools.more\n")
    (root / "not_needed.py").write_text("")
    (root / "tools").mkdir()
    (root / "tools" / "__init__.py").write_text("")
    (root / "tools" / "more.py").write_text("")
    (root / "people").mkdir()
    (root / "people" / "all.csv").write_text("id,name\nada,Ada\n")
    done = run("bundle", "tiny", "--for", "gradescope", "--out", "x.zip", "--seed", SEED, cwd=root)
    assert done.returncode == 0, done.stderr
    subprocess.run(["unzip", "-q", root / "x.zip", "-d", tmp_path / "unpacked"], check=True)

    course = tmp_path / "unpacked" / "course"
    for each in ("my_dates.py", "tools/__init__.py", "tools/more.py", "people/all.csv"):
        assert (course / each).is_file()
    assert not (course / "not_needed.py").exists()
    command = [sys.executable, "-m", "autograder.formats.gradescope.harness", "--prepare", course.parent]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "tiny is ready to be graded here.\n"), done.stderr
    (course / "people" / "all.csv").unlink()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "all.csv cannot be read" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("before", "field", "options", "sentence"),
    [
        ("import elsewhere\n", "", (), "nothing could be graded: "),
        ("from pathlib import Path\n", 'roster=Path("../all.csv")', (), "outside of the course's folder, so it cannot"),
        ("from pathlib import Path\n", 'roster=Path("all.csv")', (), "The roster {root}/all.csv cannot be read"),
        ("from pathlib import Path\nPath('more.txt').read_text()\n", "", (), "nothing could be graded: "),
        ("", "", ("--data", "/nonexistent/xyz"), "The data folder /nonexistent/xyz does not exist"),
    ],
    ids=["module", "outside", "roster", "file", "data"],
)
def test_what_a_bundle_would_lack_is_said_while_it_is_made(
    tmp_path, monkeypatch, before, field, options, sentence
) -> None:
    """Nothing is written, and the sentence says what is missing."""
    root = with_config(tmp_path / "course", before, field)
    (root / "more.txt").write_text("")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "elsewhere.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path / "path")
    call = ("bundle", "tiny", "--for", "gradescope", "--out", tmp_path / "x.zip", "--seed", SEED, *options)
    done = run_here(*call, cwd=root, COLUMNS="400")
    sys.modules.pop("elsewhere", None)
    refused(done, sentence.format(root=root))
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize("data", ["not there", "[]", "{}", '{"previous_submissions": [1]}', "{"])
def test_grading_needs_no_metadata(tmp_path, data) -> None:
    """What is missing or of another form is left out of the results."""
    (tmp_path / "metadata.json").write_text(data)

    assert set(harness._metadata(tmp_path / "metadata.json")) <= {"submission_id", "created_at", "attempts_before"}


def test_a_failing_grader_leaves_a_result_without_a_score(tmp_path, capsys) -> None:
    """Without a course there is a sentence for the student, none of ours in it, and the reason for staff."""
    assert harness.main([str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results" / "results.json").read_text())

    assert set(results) & {"score", "tests"} == set()
    assert results["output"] == (
        "The grader could not grade this; that costs no points and no attempt. Please tell the course staff."
    )
    assert "bundle.json cannot be read" in capsys.readouterr().out
    assert oct((tmp_path / "source").stat().st_mode)[-3:] == "700"


def test_whatever_fails_leaves_a_results_file(tmp_path, capsys, monkeypatch) -> None:
    """Even a fault that nobody thought of is a sentence for the student, and for staff its kind."""

    def failing(base: Path) -> dict:
        raise LookupError(base)

    monkeypatch.setattr(harness, "_graded", failing)
    assert harness.main([str(tmp_path)]) == 0

    results = json.loads((tmp_path / "results" / "results.json").read_text())
    assert "costs no points and no attempt" in results["output"]
    assert "score" not in results
    assert "LookupError" in capsys.readouterr().out


def test_no_submission_is_too_deep_or_too_wide_to_be_copied(tmp_path, capsys, monkeypatch) -> None:
    """What lies too deep, or comes after too many files, is left out, and the rest is there."""
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "tiny.py").write_text(RIGHT)
    below = os.open(deep, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=below)
        inner = os.open("a", os.O_RDONLY, dir_fd=below)
        os.close(below)
        below = inner
    os.close(below)
    harness._copied(deep, tmp_path / "copy" / "deep")
    subprocess.run(["rm", "-rf", deep], check=True)

    assert (tmp_path / "copy" / "deep" / "tiny.py").read_text() == RIGHT
    assert "folders more than 40 levels deep." in capsys.readouterr().out
    monkeypatch.setattr(harness, "_MOST_FILES", 2)
    (tmp_path / "wide").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "wide" / name).write_text("")
    harness._copied(tmp_path / "wide", tmp_path / "copy" / "wide")
    assert "everything after the first 2." in capsys.readouterr().out


def test_a_bundle_that_cannot_be_loaded_ends_the_building(tmp_path, capsys) -> None:
    """`--prepare` is how setup.sh finds out, while an instructor looks."""
    assert harness.main(["--prepare", str(tmp_path)]) == 1
    assert "make the bundle again" in capsys.readouterr().out
    assert harness.main([]) == 2


def test_the_grader_ends_before_the_platform_ends_it(tmp_path, capsys) -> None:
    """After its time it is killed with its children, and that is said."""
    (tmp_path / "seed").write_text(SEED)
    (tmp_path / "course").mkdir()

    assert harness._run([sys.executable, "-c", "pass"], tmp_path, 60)
    assert not harness._run([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path, 1)
    assert "because the platform would end it soon" in capsys.readouterr().out


def test_a_small_container_leaves_less_memory_to_the_submission(tmp_path) -> None:
    """The smallest limit of the container counts; "max" is none."""
    (tmp_path / "one").write_text("max\n")
    (tmp_path / "two").write_text(f"{768 << 20}\n")

    assert harness.container_mib([str(tmp_path / "one"), str(tmp_path / "two"), "/nowhere"]) == 768
    assert harness.container_mib(["/nowhere"]) == float("inf")


# --- GitHub ---

WORKSPACE = "/home/runner/work/tiny/tiny"  # where a hosted runner checks a repository out, by GitHub's documentation


BESIDE = "/home/runner/work/tiny/autograders/tiny"


def on_runner(
    checkout: Path, *command: str, beside: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a container laid out as a hosted runner: the user's home, the checkout, Python on the path."""
    box = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"]
    for path in ("/usr", "/etc", "/opt", *dict.fromkeys((sys.prefix, sys.base_prefix))):
        box += ["--ro-bind-try", path, path]
    for link in ("bin", "lib", "lib64", "sbin"):
        box += ["--symlink", f"usr/{link}", f"/{link}"] if Path("/", link).is_symlink() else []
    box += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/home/runner"]
    box += ["--ro-bind", str(beside), BESIDE] if beside else []
    box += ["--bind", str(checkout), WORKSPACE, "--chdir", WORKSPACE]
    runner = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": WORKSPACE, "RUNNER_OS": "Linux"}
    runner["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of this environment are not there
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
    environment = {
        **kept,
        **runner,
        "HOME": "/home/runner",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        **variables,
    }
    return subprocess.run([*box, *command], env=environment, check=False, capture_output=True, text=True, timeout=300)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("bwrap"), reason="a container like a runner's is made by bubblewrap")
def test_the_workflow_for_github_runs_the_public_checks(archives, tmp_path) -> None:
    """Its steps, run on a runner, pass for a right solution and fail for the stub; nothing hidden is in it."""
    folder = unpacked(archives["github"], tmp_path)
    workflow = yaml.safe_load((folder / ".github/workflows/public-checks.yml").read_text())
    install, check = (each["run"] for each in workflow["jobs"]["public-checks"]["steps"] if "run" in each)

    def code_of(step: str) -> int:
        return on_runner(folder, "bash", "-e", "-c", step).returncode

    assert [code_of(install), code_of(check)] == [0, 1]
    (folder / "tiny.py").write_text(RIGHT)
    assert code_of(check) == 0
    assert workflow["permissions"] == {"contents": "read"}
    assert (folder / "public-checks.xml").is_file()
    assert "doubles_minus_seven" not in "".join(path.read_text() for path in folder.rglob("*.py"))


# --- Classroom 50 ---


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("bwrap"), reason="a container like a runner's is made by bubblewrap")
def test_classroom50_gets_its_result_file(archives, tmp_path) -> None:
    """The runner's variables, whole scores, and a line for each public check; the student's own tests do not count."""
    here = unpacked(archives["classroom50"], tmp_path) / "autograders" / "tiny"
    repository = tmp_path / "repository"
    repository.mkdir()
    names = ("CLASSROOM", "ASSIGNMENT", "OWNER", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL", "REVIEW_URL")
    (repository / "tiny.py").write_text(WRONG)
    (repository / "test_public.py").write_text("def test_doubles_text(): pass\n")
    variables = {name: name.lower() for name in names}
    done = on_runner(repository, "python", f"{BESIDE}/autograder.py", beside=here, **variables)
    assert done.returncode == 0, done.stderr
    result = json.loads((repository / "result.json").read_text())

    assert (result["score"], result["max-score"], result["schema"]) == (2, 3, "classroom50/result/v1")
    assert [
        result[each] for each in ("classroom", "assignment", "owner", "submission", "commit", "release", "review")
    ] == [each.lower() for each in names]
    assert result["tests"][0] == {
        "test-name": "doubles_one: Twice one is two.", "passed": True, "score": 2, "max-score": 2,
    }  # fmt: skip
    assert [each["passed"] for each in result["tests"]] == [True, False]


def test_classroom50_scores_are_whole_and_a_check_that_did_not_run_has_none() -> None:
    """What pytest says nothing about has not passed."""
    about = {"checks": [{"id": "a", "title": "A.", "most": 1}, {"id": "b", "title": "B.", "most": 3}]}
    result = result_of(about, {"a": True}, {"COMMIT_URL": "c"})

    assert (result["score"], result["max-score"], result["review"]) == (1, 4, "c")
    assert [each["passed"] for each in result["tests"]] == [True, False]


# --- the verb ---


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("--for", "moodle"),
            "--for moodle: there is no such platform; the names are classroom50, github, grades",
        ),
        (
            ("--for", "gradescope", "--hidden", "never"),
            "--hidden never: give one of visible, after_due_date, ",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(course, tmp_path, options, sentence) -> None:
    """What is not known is named with what is."""
    refused(run_here("bundle", "tiny", *options, "--out", tmp_path / "x.zip", "--seed", SEED, cwd=course), sentence)
    assert not (tmp_path / "x.zip").exists()


def test_each_platform_has_a_module(archives) -> None:
    """The registry's lines lead to bundles, and the next step is said."""
    assert archives.keys() == BUNDLES.keys()
    assert all(zipfile.is_zipfile(archive) for archive in archives.values())

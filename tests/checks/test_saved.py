"""Files of saved numbers: read in the sandbox, never outside, and never believed."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder.assignment.interface import interface_of
from autograder.checks.errors import InstructorError, StudentError
from autograder.checks.inspection import saved_files
from autograder.checks.local.student import LocalStudent
from autograder.checks.records import Tensor
from autograder.grading import RunOptions, grade
from autograder.loader import Loaded, load
from autograder.release import build
from autograder.remote.student import RemoteStudent
from autograder.results import Limits, Verdict
from autograder.sandbox import Request, start, why_not
from autograder.submissions import Submission, collect

LIMITS = Limits(wall_seconds=20, cpu_seconds=10, memory_mib=128, reply_mib=4)
INTERFACE = interface_of({"hw.py": "def lie(reason): pass"})
MIB = 2**20

HOMEWORK = '''
"""A linear model."""


def scores(x, w, b):
    """The scores of each class."""
    ### BEGIN SOLUTION
    return x @ w + b
    ### END SOLUTION
'''

ASSIGNMENT = '''
"""A linear model."""
import numpy as np

from autograder import Assignment, Limits
from autograder.checks import accuracy, same

assignment = Assignment("Linear", files=["hw.py"], limits=Limits(wall_seconds=20, cpu_seconds=5, memory_mib=128))
training = assignment.question("Training", id="a", solution="scores")


@training.check(points=1)
def weights_have_their_shape(student):
    """The file weights.npz holds a matrix w of shape (2, 3)."""
    same(student.saved("weights.npz")["w"].shape, (2, 3), name="the shape of w")


@training.check(points=4, hidden=True, hint="Train longer.")
def weights_are_right_on_unseen_points(student, rng):
    """The saved weights are right on at least 90 % of unseen points."""
    weights = student.saved("weights.npz")
    x = rng.normal(size=(400, 2))
    angles = np.arctan2(x[:, 1], x[:, 0])
    labels = np.floor_divide(angles + np.pi, 2 * np.pi / 3).astype(int) % 3
    return accuracy(x @ weights["w"], labels).points_at({0.9: 1.0})
'''

MIDDLES = np.pi * np.array([-2, 0, 2]) / 3
RIGHT = np.stack([np.cos(MIDDLES), np.sin(MIDDLES)])


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.fixture(scope="module")
def sandbox():
    """A started bubblewrap sandbox in which torch is loaded."""
    if reason := why_not("bubblewrap"):
        pytest.skip(f"the sandbox bubblewrap does not work here: {reason}")
    with start("bubblewrap", preload=("numpy", "torch")) as started:
        yield started


@pytest.fixture
def folder(tmp_path) -> Path:
    """A staged submission."""
    (tmp_path / "staged").mkdir(mode=0o755)
    return tmp_path / "staged"


@pytest.fixture
def behind_a_wall(sandbox, folder):
    """The stand-in for the submission in the sandbox."""
    with contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session:
        yield RemoteStudent(session, INTERFACE, LIMITS)


@pytest.fixture(params=["in a sandbox", "in this process"])
def student(request, folder):
    """The stand-in for the submission, of either kind."""
    if request.param == "in this process":
        return LocalStudent(folder, INTERFACE.names)
    return request.getfixturevalue("behind_a_wall")


def refused(student, name: str) -> tuple[str, str]:
    """Verdict and sentence of a file that cannot be read."""
    with pytest.raises(StudentError) as caught:
        student.saved(name)
    return caught.value.verdict, caught.value.message


def equal(got, expected) -> bool:
    """Whether two results are the same, types and dtypes included; tensors come as arrays, in ordered dictionaries."""
    if isinstance(expected, dict):
        return (
            isinstance(got, dict) and [*got] == [*expected] and all(equal(got[key], expected[key]) for key in expected)
        )
    if isinstance(expected, np.ndarray):
        return type(got) in (np.ndarray, Tensor) and got.dtype == expected.dtype and np.array_equal(got, expected)
    return type(got) is type(expected) and got == expected


def header(shape: str, descr: str = "<f8") -> bytes:
    """The first bytes of an .npy file that says it holds an array of that shape."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def bomb(path: Path, head: bytes) -> None:
    """A zip file of a few MiB with one member: a beginning, and a GiB of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("w.npy", "w", force_zip64=True) as member,
    ):
        member.write(head)
        for _ in range(64):
            member.write(bytes(16 * MIB))


# --- right files ---


def test_a_state_dict_comes_back_exactly(student, folder):
    """Names in order, values and dtypes as saved; bfloat16, which numpy lacks, as float32."""
    weights = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    state = OrderedDict(
        {
            "0.weight": weights,
            "0.bias": weights[:, 0].to(torch.bfloat16),
            "1.running_mean": weights.double().t(),
            "1.num_batches_tracked": torch.tensor(7),
        }
    )
    torch.save(state, folder / "weights.pt")

    expected = {
        "0.weight": weights.numpy(),
        "0.bias": weights[:, 0].to(torch.bfloat16).float().numpy(),
        "1.running_mean": weights.double().t().numpy(),
        "1.num_batches_tracked": np.array(7),
    }
    assert equal(student.saved("weights.pt"), expected)


def test_a_checkpoint_keeps_its_structure(student, folder):
    """Numbers and texts beside the state dict come through; dictionaries stay inside each other."""
    model = torch.nn.Linear(2, 1)
    torch.save({"model": model.state_dict(), "epoch": 3, "losses": [0.5, 0.25], "note": "good"}, folder / "end.pth")

    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    assert equal(student.saved("end.pth"), {"model": state, "epoch": 3, "losses": [0.5, 0.25], "note": "good"})


def test_the_old_format_of_torch_is_read(student, folder):
    """A state dict from before torch wrote zip files is as good."""
    torch.save({"w": torch.ones(2)}, folder / "old.pt", _use_new_zipfile_serialization=False)

    assert equal(student.saved("old.pt"), {"w": np.ones(2, np.float32)})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_is_a_dictionary_of_arrays(student, folder, save):
    """Compressed or not, with every dtype as it was."""
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(5), "ok": np.array([True, False])}
    save(folder / "weights.npz", **arrays)

    assert equal(student.saved("weights.npz"), arrays)


@pytest.mark.parametrize(
    "array",
    [
        np.linspace(0, 1, 7),
        np.int64(5),
        np.zeros((0, 3), np.float32),
        np.asfortranarray(np.eye(3, 2)),
        np.ones(3, "f2"),
    ],
    ids=["float64", "a number", "empty", "fortran order", "float16"],
)
def test_an_npy_is_one_array(student, folder, array):
    """It comes as an array, whatever its shape and order."""
    np.save(folder / "w.npy", array)

    assert equal(student.saved("w.npy"), np.asarray(array))


def test_another_byte_order_becomes_this_machines(student, folder):
    """A file of another machine has the same numbers."""
    np.save(folder / "w.npy", np.arange(3, dtype=">f4"))

    assert equal(student.saved("w.npy"), np.arange(3, dtype=np.float32))


def test_a_safetensors_file_is_a_dictionary_of_arrays(student, folder):
    """Where the package is installed, bfloat16 included."""
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    safetensors.save_file({"w": torch.ones(2, 3), "b": torch.ones(2).bfloat16()}, folder / "w.safetensors")
    (folder / "w.safetensors").chmod(0o644)  # it is written for its owner alone; staged files are for everybody

    assert equal(student.saved("w.safetensors"), {"b": np.ones(2, np.float32), "w": np.ones((2, 3), np.float32)})


# --- what is no such file ---


def test_a_file_that_was_not_handed_in_is_missing(student, folder):
    """A folder of that name is not a file, either."""
    (folder / "weights.npz").mkdir()

    assert refused(student, "weights.pt") == ("MISSING", "weights.pt was not handed in.")
    assert refused(student, "weights.npz") == ("MISSING", "weights.npz was not handed in.")


@pytest.mark.parametrize("name", ["weights", "weights.csv", "deep/w.npz", "../w.npz", "/w.npz", "..", ".npz", ""])
def test_a_check_that_asks_for_no_such_file_is_the_instructors_fault(student, name):
    """An unknown ending or a path is refused before anything is asked of the submission."""
    with pytest.raises(InstructorError, match=r"A check asks for student\.saved\(.*\.npz, \.pt, \.pth, \.safetensors"):
        student.saved(name)


def test_a_package_that_is_not_installed_is_named(folder, monkeypatch):
    """Who has no torch reads that, and not that the file is bad."""
    (folder / "w.pt").write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, "torch", None)

    assert refused(LocalStudent(folder, {}), "w.pt") == (
        "RAISED",
        "w.pt cannot be read, because torch is not installed here.",
    )


def test_a_file_of_the_reference_that_cannot_be_read_is_the_instructors_fault(folder):
    """The reference's file is named with its folder."""
    with pytest.raises(InstructorError, match=r"The reference in .* failed: w\.npz was not handed in\."):
        LocalStudent(folder, {}, reference=True).saved("w.npz")


# --- attacks ---


@pytest.mark.parametrize("name", ["whole.pt", "bare.pt", "old.pt", "array.npz", "array.npy"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
def test_code_in_a_file_is_not_run(student, folder, tmp_path, name):
    """A pickle that runs a command is refused with a sentence that says how to save weights; nothing was run."""
    code = Touch(tmp_path / "touched")
    torch.save({"w": code}, folder / "whole.pt")
    torch.save({"w": code}, folder / "old.pt", _use_new_zipfile_serialization=False)
    (folder / "bare.pt").write_bytes(pickle.dumps(code))
    np.savez(folder / "array.npz", w=np.array([code], object))
    np.save(folder / "array.npy", np.array([code], object))

    verdict, sentence = refused(student, name)

    assert verdict == "FAILED"
    assert sentence.startswith(f"{name} is damaged, or cannot be read without running code from it; save it with ")
    assert not code.marker.exists()


def test_a_whole_model_is_refused_with_what_to_do(student, folder):
    """The honest mistake: `torch.save(model)` instead of its state dict."""
    torch.save(torch.nn.Linear(2, 1), folder / "weights.pt")

    assert refused(student, "weights.pt") == (
        "FAILED",
        "weights.pt is damaged, or cannot be read without running code from it; "
        "save it with torch.save(model.state_dict(), 'weights.pt').",
    )


@pytest.mark.parametrize("name", ["w.npy", "w.npz", "w.pt", "w.pth"])
@pytest.mark.parametrize("kind", ["empty", "a text", "cut off", "of the other kind"])
def test_a_damaged_file_is_refused(student, folder, name, kind):
    """Nothing in it, no such file at all, its end missing, or named after another format."""
    path = folder / name
    np.save(folder / "whole.npy", np.arange(1000.0))
    np.savez(folder / "whole.npz", w=np.arange(1000.0))
    torch.save({"w": torch.arange(1000.0)}, folder / "whole.pt")
    torch.save({"w": torch.arange(1000.0)}, folder / "whole.pth", _use_new_zipfile_serialization=False)
    other = {".npy": ".npz", ".npz": ".npy", ".pt": ".npz", ".pth": ".npy"}[path.suffix]
    path.write_bytes(
        {
            "empty": b"",
            "a text": b"0.5 0.25\n" * 20,
            "cut off": (folder / f"whole{path.suffix}").read_bytes()[:-150],
            "of the other kind": (folder / f"whole{other}").read_bytes(),
        }[kind]
    )

    verdict, sentence = refused(student, name)

    assert verdict == "FAILED"
    assert sentence.startswith(f"{name} is damaged, or cannot be read")


@pytest.mark.parametrize(
    "shape",
    [
        "(1 << 60,)",
        "(1000000000,)",
        f"({2**60},)",
        f"({2**62}, 4)",
        f"({10**30},)",
        "(-5,)",
        f"{'(' * 3000}{')' * 3000}",
    ],
    ids=["expression", "8 GB", "2^63 bytes", "overflow", "large number", "negative", "nested"],
)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_header_that_promises_more_than_there_is_takes_no_memory(student, folder, shape):
    """The header is an expression that the student wrote; it is neither evaluated nor believed."""
    (folder / "w.npy").write_bytes(header(shape) + bytes(64))

    assert refused(student, "w.npy")[0] == "FAILED"


@pytest.mark.parametrize("head", [header(f"({2**27},)"), b"no array"], ids=["an array", "plain bytes"])
def test_a_zip_bomb_meets_the_memory_limit(behind_a_wall, folder, head):
    """A GiB that was packed into a few MiB is MEMORY, before the limit on CPU time is reached."""
    bomb(folder / "w.npz", head)

    assert refused(behind_a_wall, "w.npz")[0] == "MEMORY"


def test_one_number_that_stands_for_many_is_output(behind_a_wall, folder):
    """A tensor that repeats its one element is small in the file and large as an answer, and is never written out."""
    torch.save({"w": torch.zeros(1).expand(2**28)}, folder / "w.pt")

    assert refused(behind_a_wall, "w.pt") == ("OUTPUT", "An answer larger than 4 MiB came in `w.pt`.")


def test_more_than_an_answer_may_hold_is_output(behind_a_wall, folder):
    """The limit on answers holds here, too."""
    np.savez_compressed(folder / "w.npz", w=np.zeros(MIB))

    assert refused(behind_a_wall, "w.npz") == ("OUTPUT", "An answer larger than 4 MiB came in `w.npz`.")


def test_a_name_that_is_no_text_does_not_cross(behind_a_wall, folder):
    """Half a character in a name of the state dict is a verdict, and the session lives on."""
    torch.save({"\udc80": torch.ones(1)}, folder / "odd.pt")
    np.save(folder / "w.npy", np.ones(1))

    verdict, sentence = refused(behind_a_wall, "odd.pt")

    assert verdict == "FAILED"
    assert "cannot cross" in sentence
    assert equal(behind_a_wall.saved("w.npy"), np.ones(1))


@pytest.mark.parametrize(("call", "reason"), [(1, "absent"), (2, "made up"), (2, "{0.__class__}")])
def test_a_refusal_that_was_made_up_is_not_believed(sandbox, folder, call, reason):
    """Only a file that was asked for can be refused, and only for a reason that is known."""
    (folder / "hw.py").write_text(
        "import sys\nserve = sys.modules['autograder.worker.serve']\n"
        "truth = serve.encode\n"
        "def lie(call, reason):\n"
        "    def false(answer, **limits): return truth(('refused', reason))\n"
        "    def later(answer, **limits): serve.encode = false; return truth(answer)\n"
        "    serve.encode = false if call == 1 else later\n"
    )
    with contextlib.closing(sandbox.open(Request(folder, LIMITS))) as session:
        behind_a_wall = RemoteStudent(session, INTERFACE, LIMITS)
        if call == 2:
            behind_a_wall.lie(call, reason)
        with pytest.raises(StudentError, match="An answer out of turn came back") as caught:
            behind_a_wall.lie(call, reason) if call == 1 else behind_a_wall.saved("w.npy")

    assert caught.value.verdict == "CRASHED"


# --- from what was handed in to a report ---


@pytest.fixture
def linear(tmp_path) -> Loaded:
    """An assignment that judges weights which the student trained."""
    root = tmp_path / "course"
    for part in ("assignments", "reference"):
        (root / part / "linear").mkdir(parents=True)
    (root / "assignments" / "linear" / "assignment.py").write_text(ASSIGNMENT.lstrip())
    (root / "assignments" / "linear" / "handout.md").write_text("# Linear\n\nHand in hw.py and weights.npz.\n")
    (root / "reference" / "linear" / "hw.py").write_text(HOMEWORK.lstrip())
    np.savez(root / "reference" / "linear" / "weights.npz", w=RIGHT)
    return load(root, "linear")


@pytest.fixture
def inbox(tmp_path) -> Path:
    """A class's folder with one student's, who has written the module."""
    (tmp_path / "inbox" / "ada").mkdir(parents=True)
    (tmp_path / "inbox" / "ada" / "hw.py").write_text(HOMEWORK)
    return tmp_path / "inbox"


def staged(inbox: Path) -> Submission:
    """What is graded of it."""
    (submission,) = collect(inbox, ("hw.py",), inbox.parent / "staging")
    return submission


def judged(linear: Loaded, submission: Submission, sandbox) -> dict[str, tuple[Verdict, str]]:
    """Verdict and message of each check."""
    report = grade(linear, submission, sandbox, None, RunOptions(seed="a secret"))
    return {check.id: (check.verdict, check.message) for question in report.questions for check in question.checks}


def test_weights_are_judged_outside_where_nobody_opens_the_file(linear, inbox, bubblewrap, monkeypatch):
    """Good weights get all points, though every reader is out of order in the grader's own process."""
    np.savez(inbox / "ada" / "weights.npz", w=RIGHT)
    submission = staged(inbox)

    def opened(*_, **__):
        raise AssertionError("the grader opened a student's file")

    for place, name in (
        (np, "load"),
        (np.lib.format, "open_memmap"),
        (torch, "load"),
        (saved_files, "read"),
        (zipfile, "ZipFile"),
        (pickle, "load"),
    ):
        monkeypatch.setattr(place, name, opened)

    verdicts = {verdict for verdict, _ in judged(linear, submission, bubblewrap).values()}
    assert verdicts == {Verdict.PASSED}


def test_weights_that_do_not_fit_the_labels_fail_with_the_hint(linear, inbox, bubblewrap):
    """The labels stay outside, and so does the number of right answers."""
    np.savez(inbox / "ada" / "weights.npz", w=RIGHT[:, ::-1])

    results = judged(linear, staged(inbox), bubblewrap)

    assert results["weights_have_their_shape"] == (Verdict.PASSED, "")
    assert results["weights_are_right_on_unseen_points"] == (
        Verdict.FAILED,
        "The answer is not the expected one. Train longer.",
    )


def test_weights_of_another_name_are_the_students_fault(linear, inbox, bubblewrap):
    """A check that falls over the file stands with the reference's."""
    np.savez(inbox / "ada" / "weights.npz", v=RIGHT)

    verdict, message = judged(linear, staged(inbox), bubblewrap)["weights_have_their_shape"]

    assert verdict is Verdict.FAILED
    assert "KeyError: 'w'" in message


def test_a_damaged_file_is_reported_also_in_a_hidden_check(linear, inbox, bubblewrap):
    """The sentence is ours and holds nothing of the check, so everybody may read it."""
    (inbox / "ada" / "weights.npz").write_bytes(b"")

    assert set(judged(linear, staged(inbox), bubblewrap).values()) == {
        (
            Verdict.FAILED,
            "weights.npz is damaged, or cannot be read without running code from it; "
            "save it with numpy.savez('weights.npz', name=array).",
        )
    }


def test_a_link_is_left_out_and_the_file_is_missing(linear, inbox, bubblewrap):
    """A link to somebody else's weights leads nowhere."""
    np.savez(inbox.parent / "elsewhere.npz", w=RIGHT)
    (inbox / "ada" / "weights.npz").symlink_to(inbox.parent / "elsewhere.npz")
    submission = staged(inbox)

    assert submission.notes == ("Left out: weights.npz (is a link, not a file).",)
    message = "weights.npz was not handed in. Keep the names that the handout gives."
    assert set(judged(linear, submission, bubblewrap).values()) == {(Verdict.MISSING, message)}


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".pt", ".pth", ".safetensors"])
def test_a_binary_file_in_a_zip_file_arrives_as_it_was(tmp_path, suffix):
    """What is beside the module is staged byte by byte, line ends included."""
    (tmp_path / "inbox").mkdir()
    content = b"\r\n\r\x00\xff\xef\xbb\xbf" * 1000
    with zipfile.ZipFile(tmp_path / "inbox" / "ada.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("work/hw.py", HOMEWORK)
        archive.writestr(f"work/weights{suffix}", content)
    submission = staged(tmp_path / "inbox")

    assert (submission.problem, submission.notes) == ("", ())
    assert (submission.folder / f"weights{suffix}").read_bytes() == content


def test_the_public_tests_read_a_students_own_file(linear, tmp_path):
    """In the released folder the same check passes under plain pytest, with what is shipped there."""
    build(linear, tmp_path / "release")
    (tmp_path / "release" / "hw.py").write_text(HOMEWORK)
    np.savez(tmp_path / "release" / "weights.npz", w=RIGHT)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "release",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "release")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
    assert {path.name for path in (tmp_path / "release").iterdir() if path.is_dir()} - {"__pycache__"} == {
        "autograder_checks"
    }

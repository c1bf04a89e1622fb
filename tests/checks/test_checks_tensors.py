"""Torch tensors in checks, and gradients by torch; nothing imports torch for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from autograder.checks import autograd_gradient, close, finite, gradient_matches, same, shape
from autograder.checks.errors import CheckFailed, InstructorError
from autograder.checks.inspection.arrays import is_tensor

torch = pytest.importorskip("torch")

A = np.arange(6.0).reshape(2, 3)
T = torch.tensor(A)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.bfloat16, torch.int64])
def test_tensors_are_arrays(kind):
    """On either side, of any type, with a graph or without, inside lists and dictionaries."""
    got = T.to(kind)
    close(got, A)
    close(A, got)
    close([got, {"a": (got[0], 1)}], [A, {"a": (A[0], 1)}])
    same(got, A)
    same([got, got], [A, A])
    shape(got, (2, None))
    finite([got, {"a": got}])


def test_a_graph_does_not_hinder():
    """Parameters and losses come as they are."""
    loss = (torch.nn.Parameter(T) ** 2).sum()
    close(loss, 55.0)
    close([loss, loss], np.array([55.0, 55.0]))
    gradient_matches([torch.nn.Parameter(T)], [A])
    gradient_matches(torch.nn.Parameter(T), T)


def test_wrong_tensors_get_the_same_sentences():
    """The worst entry, its index, the slip."""
    with pytest.raises(CheckFailed) as failed:
        close([-T], [A], name="dW")
    assert str(failed.value) == "dW[0][1, 2] is -5; expected 5 (5 of 6 entries differ). The sign looks wrong."
    with pytest.raises(CheckFailed, match=r"^result\[0, 1\] is NaN"):
        finite(T / T.new_tensor([1.0, 0.0, 1.0]) * 0)
    with pytest.raises(CheckFailed, match=r"^W has the shape \(2, 3\); expected \(3, any\)\.$"):
        shape(T, (3, None), name="W")


def test_a_sparse_tensor_is_read_as_its_numbers():
    """As it is when it crosses."""
    close(T.to_sparse(), A)


def test_only_the_class_of_a_thing_is_asked_whether_it_is_a_tensor():
    """A stand-in that answers every attribute is none."""

    class Anything:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert not is_tensor(Anything())
    assert is_tensor(T)


def test_autograd_gives_the_gradient():
    """In float64, in the structure of the point, 0 for what is not used, and the point is not changed."""
    at = {"W": A.astype(np.float32), "b": torch.ones(2), "unused": np.ones(3)}
    found = autograd_gradient(lambda p: (p["W"] ** 2).sum() * p["b"].sum(), at)

    assert found["W"].dtype == np.float64
    gradient_matches({"W": 4 * A, "b": [55.0, 55.0], "unused": np.zeros(3)}, found)
    with pytest.raises(CheckFailed, match=r"^W \(it is 0.5 times the right one\) is wrong; the others agree"):
        gradient_matches({"W": 2 * A, "b": [55.0, 55.0], "unused": np.zeros(3)}, found)
    assert np.array_equal(at["W"], A)


def test_differences_and_autograd_agree_through_a_module():
    """`of` may give a tensor, `at` may hold some."""
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).double()
    x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(5, 4)

    def of(parameters):
        tensors = {name: torch.as_tensor(part) for name, part in parameters.items()}
        return torch.func.functional_call(module, tensors, (x,)).pow(2).mean()

    at = dict(module.named_parameters())
    right = autograd_gradient(of, at)
    gradient_matches({name: torch.tensor(part).float() for name, part in right.items()}, of=of, at=at)
    with pytest.raises(CheckFailed, match=r"^2\.bias \(its sign is wrong\) is wrong; the others agree"):
        gradient_matches(right | {"2.bias": -right["2.bias"]}, of=of, at=at)


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        (lambda w: w, r"must give a tensor of one number; it is a tensor of shape \(2, 3\)"),
        (lambda w: 3.0, "must give a tensor of one number; it is of type float"),
        (lambda w: w.detach().sum(), r"does not depend on its parameters; were they made numbers or copied with"),
    ],
)
def test_what_autograd_cannot_differentiate_is_reported(of, sentence):
    """What the instructor's function gives, and what it must give."""
    with pytest.raises(InstructorError, match=sentence):
        autograd_gradient(of, A)


def test_without_torch_the_way_out_is_reported(monkeypatch):
    """Differences need none."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InstructorError, match="needs torch, which is not installed here; give gradient_matches of="):
        autograd_gradient(lambda w: w.sum(), A)


def test_checks_do_not_import_torch():
    """Not even when they compare."""
    code = "import sys; from autograder.checks import close, gradient_matches; close([1.0], [1.0]); "
    code += "gradient_matches(2.0, of=lambda w: w * w, at=1.0); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"

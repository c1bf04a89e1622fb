"""The gradient of a function of torch tensors, by torch itself; torch is only looked for when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .arguments import FUNCTION, takes
from .errors import InstructorError
from .inspection.tensors import is_tensor, to_array
from .parameters import copies_of, like

__all__ = ["autograd_gradient"]


@takes(of=FUNCTION)
def autograd_gradient(of: Callable[[Any], object], at: object) -> Any:
    """The gradient of a function of torch tensors by automatic differentiation, for ``gradient_matches(got, want)``.

    Args:
        of: from float64 tensors in the structure of `at` to a tensor of one number.
        at: the point: an array or tensor, or a list or a dictionary of them; not changed.

    Returns:
        The gradient in the structure of `at`, as float64 arrays; 0 for what the function does not depend on.

    Raises:
        InstructorError: torch is not installed, or the function gives no tensor of one number that depends on `at`.

    Examples:
        nothing: the gradient by torch, for `want`; `of` is given float64 tensors

        >>> autograd_gradient(lambda w: (w * w).sum(), np.ones(2))
        [2. 2.]
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise InstructorError(
            "autograd_gradient needs torch, which is not installed here; give gradient_matches of= and at= instead."
        ) from None
    leaves = [torch.from_numpy(part).requires_grad_() for part in copies_of(at)]
    with torch.enable_grad():
        value: Any = of(like(at, leaves))
    if not is_tensor(value) or value.numel() != 1:
        what = f"a tensor of shape {tuple(value.shape)}" if is_tensor(value) else f"of type {type(value).__name__}"
        raise InstructorError(f"What autograd_gradient differentiates must give a tensor of one number; it is {what}.")
    if not value.requires_grad:
        raise InstructorError(
            "What autograd_gradient differentiates does not depend on its parameters; were they made numbers or "
            "copied with .detach() or .data?"
        )
    found = torch.autograd.grad(value.reshape(()), leaves, allow_unused=True, materialize_grads=True)
    return like(at, [to_array(each) for each in found])

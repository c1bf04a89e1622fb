"""What is found out by trying: which lengths belong together, and which inputs work."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from autograder.scaffold.bodies import Subject
from autograder.scaffold.inputs import Inputs
from autograder.scaffold.shared_lengths import _bundles, _Place
from autograder.scaffold.tracing import Traced
from autograder.scaffold.trial_runner import Failed, TrialRunner
from autograder.scaffold.values import Spec
from autograder.scaffold.working_inputs import Working


def test_an_attribute_that_other_sizes_do_not_make_follows_from_them() -> None:
    """A constructor may make an attribute for some sizes alone: both of its lengths stay together."""
    me = Spec(
        "object", keys=("hidden",), parts=(Spec("int", values=(4,), tops=(5,)),), text="Net",
        attributes={"W": Spec("array", lengths=((4,), (4,)))}, order=("hidden",),
    )  # fmt: skip
    inputs = Inputs({}, me, ("W",))
    places = [_Place("W", 0, own=True), _Place("W", 1, own=True)]

    def made(changed: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        hidden = changed.get("hidden", 4)
        return {"W": (hidden, hidden), "b": (hidden,)} if hidden % 2 == 0 else {"b": (hidden,)}

    assert list(_bundles(places, inputs, made)) == [tuple(places)]


class Warns(Working):
    """The mean of an empty slice: a number and a warning."""

    def value(self, *_: Any, **__: Any) -> Any:
        """What the reference returns."""
        try:
            warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=2)
        except RuntimeWarning as error:
            raise Failed(str(error)) from None
        return 1.0


def test_inputs_that_fail_for_a_warning_alone_work_where_warnings_are_none() -> None:
    """What was found while warnings were errors does not count afterwards."""
    subject = Subject("mean", ("x",), Inputs({"x": Spec("array", lengths=((4,),))}))
    row = subject.inputs.rows(1)[0]
    tried = Warns("mean", Traced({}), "", TrialRunner.__new__(TrialRunner))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert not tried.works(subject, row, (1,), fresh=True)
        assert tried.reason == "Mean of empty slice"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert tried.works(subject, row, (1,))

"""What is found out by trying: which lengths belong together, and which inputs work."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.scaffold.inputs import Inputs
from autograder.scaffold.shared_lengths import _bundles, _Place
from autograder.scaffold.values import Spec


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

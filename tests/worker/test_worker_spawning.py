"""What worker processes of a notebook's process pool begin with."""

from __future__ import annotations

import pytest

from autograder.worker.process_pools import definitions


def run(*sources: str) -> dict[str, object]:
    """The names of the module that a worker runs."""
    names: dict[str, object] = {"__name__": "__mp_main__"}
    exec(definitions(sources), names)
    return names


def test_a_worker_knows_definitions_and_constants_and_computes_nothing() -> None:
    """Imports, functions, classes and constants are there; calls and what follows from them are not."""
    names = run(
        "from __future__ import annotations\nimport math\nN = 3\nM: int = -4",
        "%matplotlib inline\ndef f(a: Never) -> int:\n    return math.floor(a) + N\n\nclass C:\n    pass",
        "print(undefined)\nresult = f(2)\nfor i in range(3):\n    pass",
    )
    assert {"math", "N", "M", "f", "C"} <= set(names)
    assert not {"result", "i"} & set(names)
    assert names["f"](2.5) == 5  # type: ignore[operator]


def test_what_fails_or_is_no_python_is_passed_over() -> None:
    """One bad cell hides none of the others."""
    names = run("def f(:", "import no_such_module", "@undefined\ndef g(): pass", "def h(): return 1")
    assert names["h"]() == 1  # type: ignore[operator]


def test_a_name_that_a_worker_cannot_know_is_a_sentence() -> None:
    """A pool would wait forever for a worker that died of it."""
    absent = run("x = 1")["__getattr__"]("square")  # type: ignore[operator]
    with pytest.raises(NameError, match="'square' is not defined in worker processes; define it by def at the top"):
        absent(3)

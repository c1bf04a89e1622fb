"""Solution regions are found, faults in them are told with file and line, and stubs are cut."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import InstructorError
from autograder.markers import Region, cut, regions

MODULE = '''\
"""A module."""
import math


def area(r):
    """Area of a circle."""
    ### BEGIN SOLUTION
    square = r * r
    return math.pi * square
    ### END SOLUTION


class Network:
    """A network."""

    def backprop(self, x):
        """Gradients."""
        given = x + 1
        for _ in range(3):
            ### BEGIN SOLUTION
            given += 1
            ### END SOLUTION
        return given
'''


def module(text: str) -> str:
    """An indented text as a module."""
    return textwrap.dedent(text).lstrip("\n")


def test_regions_know_their_lines_and_their_function():
    """A region has file, first and last line with the markers, and the qualified name around it."""
    assert regions(MODULE, "m.py") == (
        Region("m.py", 7, 10, "area", True),
        Region("m.py", 20, 22, "Network.backprop", True),
    )
    assert 8 in regions(MODULE, "m.py")[0]
    assert 11 not in regions(MODULE, "m.py")[0]


def test_the_stub_raises_and_names_the_function():
    """Each region becomes a NotImplementedError of its own indentation that names the function."""
    expected = MODULE.replace(
        "    ### BEGIN SOLUTION\n    square = r * r\n    return math.pi * square\n    ### END SOLUTION\n",
        '    raise NotImplementedError("area is not written yet")\n',
    ).replace(
        "            ### BEGIN SOLUTION\n            given += 1\n            ### END SOLUTION\n",
        '            raise NotImplementedError("Network.backprop is not written yet")\n',
    )

    assert cut(MODULE, "m.py") == expected


def test_the_stub_runs_until_it_is_called():
    """A stub can be imported, and says on a call what is to be written."""
    space: dict[str, object] = {}
    exec(cut(MODULE, "m.py"), space)

    with pytest.raises(NotImplementedError, match=r"^area is not written yet$"):
        space["area"](1)
    with pytest.raises(NotImplementedError, match=r"^Network\.backprop is not written yet$"):
        space["Network"]().backprop(1)


def test_a_module_without_regions_stays_as_it_is():
    """Nothing else is changed, comments and spaces included."""
    source = "x = 1   # one\n\n\n\ny = 2\n"

    assert cut(source, "m.py") == source
    assert regions(source, "m.py") == ()


def test_a_region_at_module_level_leaves_nothing():
    """A helper class of the solution's disappears with its markers."""
    source = module("""
        x = 1
        ### BEGIN SOLUTION
        class Helper:
            def f(self):
                return 1
        ### END SOLUTION
        y = 2
        """)

    assert cut(source, "m.py") == "x = 1\ny = 2\n"
    assert regions(source, "m.py")[0].name == ""


def test_a_region_that_is_a_whole_class_body_leaves_dots():
    """A class must keep something in its body."""
    source = module("""
        class Empty:
            ### BEGIN SOLUTION
            def f(self):
                return 1
            ### END SOLUTION
        """)

    assert cut(source, "m.py") == "class Empty:\n    ...\n"


def test_a_nested_function_is_named_in_full():
    """Names of functions in functions are joined by dots."""
    source = module("""
        def outer():
            def inner():
                ### BEGIN SOLUTION
                return 1
                ### END SOLUTION
            return inner
        """)

    assert regions(source, "m.py")[0].name == "outer.inner"


def test_a_helper_inside_a_region_does_not_give_the_name():
    """A function that the solution defines for itself is no name for the region."""
    source = module("""
        def outer():
            ### BEGIN SOLUTION
            def helper():
                return 1
            return helper()
            ### END SOLUTION
        """)

    assert regions(source, "m.py")[0].name == "outer"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("### END SOLUTION\n", r"m\.py:1: '### END SOLUTION' without"),
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\n", r"m\.py:2: '### BEGIN SOLUTION' has no"),
        (
            "### BEGIN SOLUTION\nx = 1\n### BEGIN SOLUTION\ny = 1\n### END SOLUTION\n",
            r"m\.py:3: a solution begins inside the one of line 1",
        ),
        ("x = 1  ### BEGIN SOLUTION\n### END SOLUTION\n", r"m\.py:1: this looks like a solution marker"),
        ("## BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", r"m\.py:1: this looks like a solution marker"),
        ("### begin solution\nx = 1\n### END SOLUTION\n", r"m\.py:1: this looks like a solution marker"),
        ("### BEGIN SOLUTION here\nx = 1\n### END SOLUTION\n", r"m\.py:1: this looks like a solution marker"),
        ('x = 1\ny = """\n### BEGIN SOLUTION\n"""\n', r"m\.py:3: a solution marker stands inside a text"),
        ("### BEGIN SOLUTION\n# nothing\n### END SOLUTION\n", r"m\.py:1: this solution is empty"),
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n\n\ndef g():\n    return 2\n    ### END SOLUTION\n",
            r"m\.py:2: this solution reaches to line 8, out of f",
        ),
        ("def f(:\n", r"m\.py:1: this is not Python"),
        ("x = [\n### BEGIN SOLUTION\n1,\n### END SOLUTION\n2]\n", None),
        (
            "if True:\n### BEGIN SOLUTION\n    x = 1\n### END SOLUTION\n",
            r"m\.py: without its solutions the module is no Python",
        ),
        (
            "### BEGIN SOLUTION\nimport math\n### END SOLUTION\ndef f():\n    return math.pi\n",
            r"m\.py:2: math is bound inside a solution but used outside",
        ),
    ],
)
def test_faults_are_told_with_file_and_line(source, sentence):
    """Every wrong marker, and every region that leaves a broken stub, is one sentence with its place."""
    if sentence is None:
        assert cut(source, "m.py") == "x = [\n2]\n"
        return
    with pytest.raises(InstructorError, match=sentence):
        cut(source, "m.py")


def test_a_text_may_speak_of_markers():
    """A docstring that only mentions a marker in a sentence is no marker."""
    source = '"""Write between ### BEGIN SOLUTION and ### END SOLUTION."""\n'

    assert cut(source, "m.py") == source


def test_a_name_bound_in_both_places_is_not_lost():
    """A name that the given part binds as well may be used by it."""
    source = "### BEGIN SOLUTION\nx = 2\n### END SOLUTION\nx = 1\nprint(x)\n"

    assert cut(source, "m.py") == "x = 1\nprint(x)\n"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=6))
def test_a_stub_has_no_line_of_a_solution_and_no_region(parts):
    """Whatever the number and order of regions: solved lines go, given lines stay, and nothing is left to cut."""
    source = ""
    for number, (name, solved) in enumerate(parts):
        body = f"    return secret_{number}\n" if solved else f"    return given_{number}\n"
        marked = f"    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n" if solved else body
        source += f"def {name}{number}():\n{marked}\n"
    stub = cut(source, "m.py")

    assert "secret" not in stub
    assert stub.count("given") == sum(not solved for _, solved in parts)
    assert regions(stub, "m.py") == ()
    assert stub.count("NotImplementedError") == sum(solved for _, solved in parts)

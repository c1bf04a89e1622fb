"""Solution regions are found, faults in them are reported with file and line, and stubs are cut."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import InstructorError
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
        Region("m.py", 7, 10, "area", True, 10),
        Region("m.py", 20, 22, "Network.backprop", True, 22),
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
            r"m\.py:1: without its solutions the module is no Python",
        ),
        (
            "### BEGIN SOLUTION\nimport math\n### END SOLUTION\ndef f():\n    return math.pi\n",
            r"m\.py:2: math is bound inside a solution but used outside",
        ),
    ],
)
def test_faults_are_reported_with_file_and_line(source, sentence):
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


PAGE = Path(__file__).parents[2] / "docs" / "solutions.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize(("marked", "stub"), list(zip(BLOCKS[::2], BLOCKS[1::2], strict=True)))
def test_the_examples_of_the_page_are_cut_as_it_says(marked, stub):
    """Each pair of blocks in docs/solutions.md is a marked function and its stub."""
    assert cut(marked, "m.py") == stub


# --- stub texts, and Otter's spellings ---


def body(*lines: str) -> str:
    """A function f whose body is some lines."""
    return "def f(x):\n" + "".join(f"    {line}\n" if line else "\n" for line in lines)


RAISES = 'raise NotImplementedError("f is not written yet")'


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (
            ["### BEGIN SOLUTION", "return 2 * x", "### STUB", "# # Double it:", "# y = ...", "", "### END SOLUTION"],
            ["# Double it:", RAISES, "y = ...", ""],
        ),
        (
            ["### BEGIN SOLUTION", "return 2 * x", "### STUB", "# for _ in x:", "#     pass", "### END SOLUTION"],
            [RAISES, "for _ in x:", "    pass"],
        ),
        (
            ["### BEGIN SOLUTION", "return x", "### STUB", "# # Double it.", "### END SOLUTION"],
            ["# Double it.", RAISES],
        ),
        (
            ["### BEGIN SOLUTION", "return x", "### STUB", "# raise NotImplementedError()", "### END SOLUTION"],
            [RAISES],
        ),
        (["# BEGIN SOLUTION", "y = 1", "return y", "# END SOLUTION"], [RAISES]),
        (["x = 3", "# BEGIN SOLUTION NO PROMPT", "x += 1", "# END SOLUTION", "return x"], ["x = 3", "return x"]),
        (
            [
                "# BEGIN SOLUTION NO PROMPT",
                "return x",
                "# END SOLUTION",
                "",
                '""" # BEGIN PROMPT',
                "# Now you.",
                "pass",
                '"""; # END PROMPT',
            ],
            ["# Now you.", RAISES, "pass"],
        ),
        (
            ["# BEGIN SOLUTION", "return x", "# END SOLUTION", "''' # BEGIN PROMPT", "y = ...", "''' # END PROMPT"],
            [RAISES, "y = ..."],
        ),
        (["return 2 * x  # SOLUTION"], [RAISES]),
        (["y = 2 * x  # SOLUTION", "return y"], ["y = ...", RAISES, "return y"]),
        (["y: list = [", "    x]  # SOLUTION", "return y"], ["y: list = ...", RAISES, "return y"]),
        (["é, y = (", "    x, 1)  # SOLUTION", "return y"], ["é, y = ...", RAISES, "return y"]),
        (["x += 1  # SOLUTION", "return x"], [RAISES, "return x"]),
        (["y = 1  # SOLUTION NO PROMPT", "return x"], ["return x"]),
        (["y = 1  #SOLUTION", "return x"], ["y = ...", RAISES, "return x"]),
    ],
)
def test_a_stub_text_and_otters_spellings(marked, expected):
    """What is marked goes, what a stub text says comes, and the raise stands before the first statement of it."""
    source = body(*marked)
    stub = cut(source, "m.py")

    assert [line.strip() for line in stub.splitlines()[1:]] == [line.strip() for line in expected]
    assert cut(stub, "m.py") == stub


def test_a_stub_text_keeps_its_inner_indentation():
    """One "# " is taken off; what is deeper stays deeper, at the indentation of the marker."""
    source = body("### BEGIN SOLUTION", "return x", "### STUB", "# if x:", "#     y = 1", "### END SOLUTION")

    assert cut(source, "m.py").endswith(f"    {RAISES}\n    if x:\n        y = 1\n")


@pytest.mark.parametrize(
    ("source", "stub"),
    [
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n", "...\n"),
        ("# BEGIN SOLUTION NO PROMPT\nx = 1\n# END SOLUTION\ny = 2\n", "y = 2\n"),
        ("x = 1  # SOLUTION\nprint(x)\n", "x = ...\nprint(x)\n"),
        ("print(1)  # SOLUTION\n", "...\n"),
        ("### BEGIN SOLUTION\nx = 1\n### STUB\n# # Yours.\n### END SOLUTION\ny = 2\n", "# Yours.\ny = 2\n"),
        (
            "class A:\n    ### BEGIN SOLUTION\n    x = 1\n    ### STUB\n    # # Yours.\n    ### END SOLUTION\n",
            "class A:\n    # Yours.\n    ...\n",
        ),
    ],
)
def test_outside_of_functions_nothing_is_raised(source, stub):
    """At module level and in classes the stub text stands alone; Otter's spelling leaves dots."""
    assert cut(source, "m.py") == stub


def test_a_region_knows_where_its_solution_ends():
    """Stub texts, ours and Otter's, belong to the region, but are no solution."""
    ours = body("### BEGIN SOLUTION", "return x", "### STUB", "# # Yours.", "### END SOLUTION")
    otters = body(
        "# BEGIN SOLUTION", "return x", "# END SOLUTION", '""" # BEGIN PROMPT', "    pass", '""" # END PROMPT'
    )
    (first,), (second,) = regions(ours, "m.py"), regions(otters, "m.py")

    assert (first.first, first.solved, first.last) == (2, 3, 6)
    assert (second.first, second.solved, second.last) == (2, 4, 7)
    assert [first.solves(line) for line in (1, 2, 3, 4)] == [False, True, True, False]
    assert 6 in first and 7 not in first


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["# BEGIN SOLUTION", "return x", "### END SOLUTION"], "4: '### END SOLUTION' ends what '# BEGIN SOLUTION' of"),
        (["### BEGIN SOLUTION", "return x", "# END SOLUTION"], "4: '# END SOLUTION' ends what '### BEGIN SOLUTION' of"),
        (["# BEGIN SOLUTION", "return x"], "2: '# BEGIN SOLUTION' has no '# END SOLUTION'"),
        (["return x", "# END SOLUTION"], "3: '# END SOLUTION' without a '# BEGIN SOLUTION'"),
        (["# BEGIN SOLUTION NO PROMT", "return x", "# END SOLUTION"], "2: this looks like a solution marker"),
        (["### BEGIN SOLUTON", "return x", "### END SOLUTION"], "2: this looks like a solution marker"),
        (["### BEGINSOLUTION", "return x", "### END SOLUTION"], "2: this looks like a solution marker"),
        (["### SOLUTION BEGIN", "return x", "### END SOLUTION"], "2: this looks like a solution marker"),
        (["return x  # solution"], "2: this looks like a solution marker"),
        (["### STUP", "### STUB", "return x"], "3: '### STUB' belongs once between"),
        (["## STUB", "return x"], "2: this looks like a solution marker"),
        (["# SOLUTION", "return x"], "2: '# SOLUTION' stands behind no statement"),
        (["x = 1; y = 2  # SOLUTION", "return x"], "2: '# SOLUTION' must stand at the end of one statement"),
        (["if x: y = 2  # SOLUTION", "return x"], "2: '# SOLUTION' must stand at the end of one statement"),
        (["for y in x:  # SOLUTION", "    pass"], "2: '# SOLUTION' must stand at the end of one statement"),
        (["y = [  # SOLUTION", "    1]"], "2: '# SOLUTION' must stand at the end of one statement"),
        (
            ["### BEGIN SOLUTION", "return x  # SOLUTION", "### END SOLUTION"],
            "3: '# SOLUTION' stands inside the solution",
        ),
        (
            ["y = [", "### BEGIN SOLUTION", "1,", "### END SOLUTION", "2]  # SOLUTION"],
            "6: '# SOLUTION' marks a statement that holds another solution",
        ),
        (["### BEGIN SOLUTION", "return x", "### STUB", "### END SOLUTION"], "4: this stub text is empty"),
        (
            ["### BEGIN SOLUTION", "return x", "### STUB", "y = 1", "### END SOLUTION"],
            "5: behind '### STUB' every line",
        ),
        (
            ["### BEGIN SOLUTION", "return x", "### STUB", "# # a", "### STUB", "### END SOLUTION"],
            "6: '### STUB' belongs once between",
        ),
        (["### BEGIN SOLUTION", "### STUB", "# # a", "### END SOLUTION", "pass"], "2: this solution is empty"),
        (["# BEGIN SOLUTION", "return x", "### STUB", "# # a", "# END SOLUTION"], "4: '### STUB' belongs once between"),
        (
            ["### BEGIN SOLUTION", "return x", "### STUB", "# y = (", "### END SOLUTION", "z = 1"],
            "2: without its solutions the module is no Python",
        ),
        (['""" # BEGIN PROMPT', "pass", '""" # END PROMPT'], "2: this prompt belongs to no solution"),
        (
            ["### BEGIN SOLUTION", "x = 1", "### END SOLUTION", '""" # BEGIN PROMPT', "pass", '""" # END PROMPT'],
            "5: this prompt belongs to no solution",
        ),
        (
            ["# BEGIN SOLUTION", "x = 1", "# END SOLUTION", "x = 2", '""" # BEGIN PROMPT', "pass", '""" # END PROMPT'],
            "6: this prompt belongs to no solution",
        ),
        (
            ["# BEGIN SOLUTION", "x = 1", '""" # BEGIN PROMPT', "pass", '""" # END PROMPT', "# END SOLUTION"],
            "4: this prompt stands inside the solution of line 2",
        ),
        (
            ["# BEGIN SOLUTION", "x = 1", "# END SOLUTION", '""" # BEGIN PROMPT', "pass", '"""'],
            "5: this prompt has no end",
        ),
        (
            ["# BEGIN SOLUTION", "x = 1", "# END SOLUTION", '""" # BEGIN PROMPT', "", '""" # END PROMPT'],
            "5: this prompt is empty",
        ),
        (
            ["# BEGIN SOLUTION", "x = 1", "# END SOLUTION", '""" # BEGIN PROMPT', "# SOLUTION", '""" # END PROMPT'],
            "6: a solution marker stands inside a text",
        ),
        (["return x", "# END PROMPT"], "3: this looks like a solution marker"),
    ],
)
def test_every_mistake_has_its_place(lines, sentence):
    """A marker that is wrong in any way is one sentence with file and line."""
    with pytest.raises(InstructorError) as caught:
        cut(body(*lines), "m.py")
    assert str(caught.value).startswith(f"m.py:{sentence}")


def test_ordinary_comments_are_no_markers():
    """Comments that speak of solutions and stubs, and commands of other tools, are left alone."""
    source = body(
        "# The solution is found by bisection, see the stub.", "# Solution", "return x  # a solution of f", ""
    )

    assert cut(source, "m.py") == source


def test_lines_are_counted_as_python_does():
    """A form feed or a line separator inside a line ends none, so that the right lines are cut."""
    source = "a = 1\n\x0c\nb = '\u2028'\n" + MODULE
    stub = cut(source, "m.py")

    assert "square" not in stub and "given += 1" not in stub
    assert stub.startswith("a = 1\n\x0c\nb = '\u2028'\n")


PIECES = st.sampled_from(
    [
        ["given = 1"],
        ["### BEGIN SOLUTION", "secret = 1", "### END SOLUTION"],
        ["### BEGIN SOLUTION", "secret = 1", "### STUB", "# # text", "# value = ...", "### END SOLUTION"],
        ["# BEGIN SOLUTION", "secret = 1", "# END SOLUTION"],
        ["# BEGIN SOLUTION NO PROMPT", "secret = 1", "# END SOLUTION"],
        ["# BEGIN SOLUTION", "secret = 1", "# END SOLUTION", '""" # BEGIN PROMPT', "    # text", '""" # END PROMPT'],
        ["value = secret(1)  # SOLUTION"],
        ["secret(2)  # SOLUTION"],
        ["secret = 1  # SOLUTION NO PROMPT"],
    ]
)


@given(st.lists(st.tuples(PIECES, st.booleans()), min_size=1, max_size=5))
def test_no_spelling_leaves_a_solution(parts):
    """In any order, in functions and at module level: no solution is left, the stub is a module and its own stub."""
    source = "import math\n"
    for number, (lines, inside) in enumerate(parts):
        indentation = "    " if inside else ""
        source += f"def f{number}():\n    pass\n" if inside else ""
        source += "".join(f"{indentation}{line if inside else line.strip()}\n" for line in lines)
    stub = cut(source, "m.py")

    assert "secret" not in stub
    assert stub.count("given = 1") == source.count("given = 1")
    assert stub.count("text") == source.count("text")
    assert regions(stub, "m.py") == ()
    assert cut(stub, "m.py") == stub
    compile(stub, "m.py", "exec")


@given(st.text(alphabet="#BEGINDSOLUTION STUB\n x=1\"':;()", max_size=80))
def test_any_text_is_cut_or_refused_with_its_place(source):
    """Whatever a module holds, the answer is a stub without regions, or one sentence with file and line."""
    try:
        stub = cut(source, "m.py")
    except InstructorError as error:
        assert str(error).startswith("m.py:")
        assert str(error)[5:].partition(":")[0].isdigit()
    else:
        assert cut(stub, "m.py") == stub

"""How a solution is written: imports, names and loops, by its syntax tree."""

from __future__ import annotations

import textwrap
import time

import pytest

from autograder.checks import call_graph, forbidden, no_imports, no_loops, required, uses
from autograder.checks.errors import CheckFailed, InstructorError, StudentError
from autograder.checks.local.sources import MAX_BYTES, Source, read


@pytest.fixture
def source(tmp_path):
    """A function that makes the source of ``hw.py`` from its text, with other files beside it."""

    def made(text: str, **beside: str):
        for name, content in {"hw": text, **beside}.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        return read(tmp_path, ("hw.py",), ("hw.py", "given.py"))

    return made


def says(call) -> str:
    """The sentence of a failure, "" of none."""
    try:
        call()
    except CheckFailed as failed:
        return str(failed)
    return ""


IMPORTS = {
    "import torch": 1,
    "import torch.nn as t": 1,
    "import numpy\nimport os, torch": 2,
    "from torch import nn": 1,
    "from torch.nn import *": 1,
    "def f():\n    import torch": 2,
    "if False:\n    import torch": 2,
    "__import__('torch')": 1,
    "import importlib\nimportlib.import_module('torch.nn')": 2,
    "from importlib import import_module as get\nget('torch')": 2,
    "import importlib as i\nget = i.import_module\nget('torch')": 3,
}


@pytest.mark.parametrize(("text", "line"), IMPORTS.items())
def test_an_import_is_found_in_every_spelling(source, text, line):
    """The sentence gives file and line."""
    assert says(lambda: no_imports(source(text), "torch")) == (
        f"hw.py, line {line}, imports torch; write it without torch."
    )


@pytest.mark.parametrize(
    "text",
    [
        "import torchvision",
        "import numpy as torch",
        "# import torch",
        "'import torch'",
        "from numpy import linalg",
        "import importlib\nimportlib.import_module('numpy')",
        "torch = 3",
    ],
)
def test_what_only_looks_like_the_import_passes(source, text):
    """Longer names, aliases, comments and texts are no imports."""
    no_imports(source(text), "torch", strict=False)
    no_imports(source(text), "torch")


def test_all_places_of_an_import_are_counted(source):
    """The first is reported, the others are counted."""
    text = "import torch\nimport os\nfrom torch import nn\nfrom torch import optim\n"

    assert says(lambda: no_imports(source(text), "tensorflow", "torch")) == (
        "hw.py, line 1, imports torch (and 2 more places); write it without torch."
    )


def test_part_of_a_package_may_be_named(source):
    """``from scipy import linalg`` imports scipy.linalg."""
    assert "imports scipy.linalg" in says(lambda: no_imports(source("from scipy import linalg"), "scipy.linalg"))
    no_imports(source("from scipy import stats"), "scipy.linalg")


def test_an_import_in_a_helper_module_is_found(source):
    """A module of the student's own hides nothing; a given one may import what it likes."""
    text = "import helper\nimport given\n"
    found = source(text, helper="import torch\n", given="import torch\n")

    assert says(lambda: no_imports(found, "torch")) == "helper.py, line 1, imports torch; write it without torch."
    no_imports(source(text, helper="import numpy\n", given="import torch\n"), "torch")


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("exec('import tor' + 'ch')", "exec"),
        ("eval(input())", "eval"),
        ("__import__('tor' + 'ch')", "__import__"),
        ("name = 'torch'\nimport importlib\nimportlib.import_module(name)", "importlib.import_module"),
        ("list(map(__import__, ['torch']))", "__import__"),
        ("run = exec\nrun('1')", "exec"),
        ("import builtins\nbuiltins.exec('1')", "builtins"),
        ("__builtins__['exec']('1')", "__builtins__"),
        ("import sys\nsys.modules['torch']", "sys.modules"),
        ("import numpy as np\ngetattr(np, input())", "getattr(numpy, ...)"),
        ("print.__self__.__subclasses__()", "__subclasses__"),
    ],
)
def test_what_hides_what_is_run_is_refused(source, text, way):
    """Unless the check says that it does not mind."""
    sentence = says(lambda: no_imports(source(text), "torch"))

    assert f"uses {way}, which hides what is run; write that as ordinary code." in sentence
    no_imports(source(text), "torch", strict=False)


@pytest.mark.parametrize(
    "text",
    [
        "def f(model):\n    model.eval()\n    return re.compile('a')",
        "def f(self, i):\n    return getattr(self, f'W{i}')",
        "import numpy as np\ngetattr(np, 'sum')",
        "def compile(model):\n    return model\ncompile(3)",
        "import re\nre.compile('a')",
        "import torch\ntorch.compile(3)",
    ],
)
def test_ordinary_code_hides_nothing(source, text):
    """Methods and functions of the same names are no `eval` and no `compile`."""
    no_imports(source(text), "tensorflow")
    forbidden(source(text), "np.einsum")


USES = [
    "import numpy as np\nx = np.linalg.inv(a)",
    "import numpy\nx = numpy.linalg.inv(a)",
    "import numpy as anything\nx = anything.linalg.inv(a)",
    "import numpy.linalg as la\nx = la.inv(a)",
    "from numpy import linalg\nx = linalg.inv(a)",
    "from numpy.linalg import inv as turn\nx = turn(a)",
    "from numpy.linalg import *\nx = inv(a)",
    "import numpy as np\nx = getattr(np.linalg, 'inv')(a)",
    "import numpy as np\nn = np\nl = n.linalg\nf = l.inv\nx = f(a)",
    "import numpy as np\ndef f(a, turn=np.linalg.inv):\n    return turn(a)",
    "import numpy as np\na, b = np.sum, np.linalg.inv\nb(3)",
    "def f():\n    import numpy as np\n    return np.linalg.inv",
]


@pytest.mark.parametrize("text", USES)
def test_a_name_is_found_under_every_alias(source, text):
    """Whatever it is called there."""
    assert says(lambda: forbidden(source(text), "np.linalg.inv")).startswith("hw.py uses np.linalg.inv (line ")
    required(source(text), "np.linalg.inv")
    assert says(lambda: forbidden(source(text), "np.linalg"))


@pytest.mark.parametrize(
    "text",
    ["import numpy as np\nx = np.linalg.pinv(a)", "def inv(a):\n    return a\ninv(3)", "x = 'np.linalg.inv(a)'"],
)
def test_other_names_are_not_taken_for_it(source, text):
    """A longer name, a function of the student's own and a text are something else."""
    forbidden(source(text), "np.linalg.inv")
    assert says(lambda: required(source(text), "np.linalg.inv|np.linalg.solve")) == (
        "hw.py does not use np.linalg.inv or np.linalg.solve, which is asked for."
    )


def test_a_forbidden_name_tells_where(source):
    """Line and file of the first, the number of the others."""
    text = "import numpy as np\nnp.dot(1, 2)\n\nnp.dot(3, 4)\n"

    assert says(lambda: forbidden(source(text), "np.dot")) == (
        "hw.py uses np.dot (line 2 of hw.py and 1 more place); do without it."
    )


def test_built_in_names_methods_and_operators_can_be_named(source):
    """`sorted` by itself, methods with a dot in front, the product of matrices as ``@``."""
    text = "def f(x, w):\n    sorted(x)\n    x.dot(w)\n    return x @ w\n"

    assert uses(source(text), "sorted") == ("line 2 of hw.py",)
    assert uses(source(text), ".dot") == ("line 3 of hw.py",)
    assert uses(source(text), "@|np.matmul") == ("line 4 of hw.py",)
    assert uses(source("def sorted(x):\n    return x\nsorted(3)"), "sorted") == ()
    assert uses(source("def f(sorted):\n    return sorted(3)"), "sorted") == ()


def test_a_use_may_be_asked_of_one_function(source):
    """With what that function uses; elsewhere it does not count."""
    text = """
    import numpy as np
    def helper(a):
        return np.einsum("i,i", a, a)
    def one(a):
        return helper(a)
    def two(a):
        return a
    """

    assert uses(source(text), "np.einsum", within="one") == ("line 4 of hw.py, in helper",)
    assert says(lambda: required(source(text), "np.einsum", within="two")) == (
        "two does not use np.einsum, which is asked for."
    )
    forbidden(source(text), "np.einsum", within="two")
    assert says(lambda: forbidden(source(text), "np.einsum", within="three")) == "three is not defined in hw.py."


def test_checks_without_names_are_the_instructors_fault(source):
    """Nothing would be judged."""
    for call in (no_imports, forbidden, required):
        with pytest.raises(InstructorError, match="need"):
            call(source("x = 1"))


# --- loops ---

VECTORISED = """
import numpy as np
SIZES = [2 ** i for i in range(4)]
TABLE = list(map(str, range(3)))

def naive(X):
    return [np.sum(x) for x in X]

def scores(X, W):
    return X @ W + SIZES[0] + len(TABLE)

def loss(X, W):
    mean = scores(X, W).mean()
    for _ in ():
        break
    return mean

class Net:
    def mean(self):
        return [1 for _ in range(3)]

    def forward(self, X):
        return scores(X, self.W)

class Other(Net):
    pass
"""
VECTORISED_LOSS = VECTORISED.replace("    for _ in ():\n        break\n", "")


def test_a_vectorised_function_passes(source):
    """Loops elsewhere, tables computed at import and arrays' own methods do not count."""
    for function in ("loss", "scores", "Net.forward", "Other.forward"):
        no_loops(source(VECTORISED_LOSS), function)


def test_a_loop_is_reported_with_its_line(source):
    """Kind, line and file."""
    assert says(lambda: no_loops(source(VECTORISED), "loss")) == (
        "loss has a loop (for in line 14 of hw.py); use operations on whole arrays."
    )
    assert says(lambda: no_loops(source(VECTORISED), "naive")) == (
        "naive has a loop (for of a comprehension in line 7 of hw.py); use operations on whole arrays."
    )


BODIES = {
    "while X:\n        X = X[1:]": "while",
    "return {x: 1 for x in X}": "for of a comprehension",
    "return sum(x for x in X)": "for of a comprehension",
    "return list(map(lambda x: x, X))": "map",
    "return list(filter(None, X))": "filter",
    "return np.vectorize(abs)(X)": "np.vectorize",
    "return np.apply_along_axis(abs, 0, X)": "np.apply_along_axis",
    "return functools.reduce(max, X)": "functools.reduce",
    "m = map\n    return m(abs, X)": "map",
    "return many(X)": "np.vectorize",
    "return picked(X)": "for in line",
    "return Box(X) @ Box(X)": "for in line",
    "return Box(X).walk()": "for in line",
    "return helper.far(X)": "for in line",
    "return far(X)": "for in line",
    "return handed(X)": "for in line",
    "return later(X)": "for in line",
    "return package.inner.deep(X)": "for in line",
    "return f(X[1:])": "f calls itself",
    "return ping(X)": "calls itself",
    "def inner(x):\n        for _ in x: pass\n    return inner(X)": "for in line",
    "return (lambda g: g(g, X))(lambda g, x: [y for y in x])": "for of a comprehension",
    "return sorted(range(9), key=one)": "sorted with a key in line",
    "s = sorted\n    return s(X, key=one)": "sorted with a key",
    "return max(X, key=lambda x: one(x))": "max with a key",
    "return heapq.nlargest(3, X, key=one)": "heapq.nlargest with a key",
    "X.sort(key=one)": "sort with a key",
    "return sorted(X, **{'key': one})": "sorted with a key",
    "return (lambda g, **k: g(X, **k))(sorted, key=one)": "sorted in line",
    "return list(iter(one, 9))": "iter with a function",
    "return reduced(one, X)": "functools.reduce",
    "return getattr(np, 'vectorize')(one)(X)": "a function given to a call",
    "v = np.vectorize\n    return v(one)(X)": "np.vectorize",
    "return np.frompyfunc(one, 1, 1)(X)": "np.frompyfunc",
    "return np.apply_over_axes(one, X, [0])": "np.apply_over_axes",
    "return np.fromiter(X, float)": "np.fromiter",
    "return np.fromfunction(one, (9,))": "np.fromfunction",
    "return [*np.nditer(X)]": "np.nditer",
    "return dict(np.ndenumerate(X))": "np.ndenumerate",
    "return pd.DataFrame(X).apply(one)": ".apply in line",
    "return pd.DataFrame(X).applymap(abs)": ".applymap in line",
    "return pd.Series(X).map(one)": "a function given to map",
    "return list(pd.DataFrame(X).iterrows())": ".iterrows in line",
    "return list(pd.DataFrame(X).itertuples())": ".itertuples in line",
    "return pd.DataFrame(X).agg(one)": "a function given to",
    "return pool.map(one, X)": "a function given to pool.map",
    "return re.sub('x', one, 'xxx')": "a function given to re.sub",
    "return pool.submit(partial(one, X))": "a function given to pool.submit",
    "g = lambda x: x\n    return pool.each(X, by=g)": "a function given to pool.each",
    "return pool.each(Box.walk)": "a function given to pool.each",
    "return pool.each(far)": "a function given to pool.each",
    "return list(Steps())": "__next__ in line",
    "return list(Items())": "__getitem__ in line",
}
HEAD = """
import functools, heapq, re
import numpy as np
import pandas as pd
import helper, package.inner, pool
from functools import reduce as reduced
from helper import far, handed
from functools import partial
def one(x):
    return x
def loop(X):
    for x in X:
        pass
many = np.vectorize(one)
picked = partial(loop)
later = lambda X: loop(X)
def ping(X):
    return pong(X)
def pong(X):
    return ping(X)
class Steps:
    def __iter__(self):
        return self
    def __next__(self):
        return one(0)
class Items:
    def __getitem__(self, i):
        return one(i)
class Box:
    def __matmul__(self, other):
        loop(other)
    def walk(self):
        return self._walk()
    def _walk(self):
        loop(3)
def f(X):
    """


@pytest.mark.parametrize(("body", "what"), BODIES.items())
def test_a_loop_in_disguise_is_found(source, body, what):
    """In helpers, methods, operators, other modules, wrappers, recursion."""
    found = source(
        HEAD + body + "\n",
        helper="from more import handed\ndef far(X):\n    for x in X: pass\n",
        more="def handed(X):\n    for x in X: pass\n",
        **{"package/__init__": "", "package/inner": "def deep(X):\n    for x in X: pass\n"},
    )

    assert what in says(lambda: no_loops(found, "f"))


def test_a_loop_in_a_helper_names_it(source):
    """And the file that it stands in."""
    found = source("from helper import far\ndef f(X):\n    return far(X)\n", helper="def far(X):\n    while X: pass\n")

    assert says(lambda: no_loops(found, "f")) == (
        "f has a loop (while in line 2 of helper.py, in far); use operations on whole arrays."
    )


def test_loops_may_be_allowed_by_number(source):
    """One over the layers is right, a second one is over the samples."""
    one = "class Net:\n    def backprop(self, X):\n        for W in self.W:\n            X = X @ W\n"
    two = one + "            X = [max(x, 0) for x in X]\n"

    no_loops(source(one), "Net.backprop", allow=1)
    assert says(lambda: no_loops(source(two), "Net.backprop", allow=1)) == (
        "Net.backprop has 2 loops (for in line 3 of hw.py; for of a comprehension in line 5 of hw.py); "
        "at most 1 is allowed."
    )
    no_loops(source(two), "Net.backprop", allow=2)


def test_many_loops_are_cut_short(source):
    """Four are reported, the others counted."""
    text = "def f(X):\n" + "    for x in X: pass\n" * 7

    assert "line 5 of hw.py and 3 more)" in says(lambda: no_loops(source(text), "f"))


def test_exec_in_a_vectorised_function_is_refused(source):
    """A loop may be hidden in a text."""
    text = "def f(X):\n    exec('for x in X: pass')\ndef g(X):\n    globals()['f'](X)\n"

    for function, way in (("f", "exec"), ("g", "globals")):
        assert f"uses {way}, which hides what is run" in says(lambda name=function: no_loops(source(text), name))
        no_loops(source(text), function, strict=False)


SLOW = "def slow(*X):\n    for x in X: pass\n"
NET = """class Net:
    def __init__(self, sizes):
        self.W = [0 for _ in sizes]
    def f(self, X):
        return X
"""
CALLING = NET.replace("return X", "return g(X)")
FACTORY = """def make():
    def slow(X):
        for x in X: pass
    return slow
g = make()
"""
WRAPPED = """def wrap(g):
    return lambda self, X: [g(self, x) for x in X]
class Net:
    @wrap
    def f(self, X):
        return X
"""


@pytest.mark.parametrize(
    "text",
    [
        f"{SLOW}{NET}Net.f = slow\n",
        f"{SLOW}{NET}if 1:\n    setattr(Net, 'f', slow)\n",
        f"{SLOW}{NET.replace('self.W', 'self.g = slow; self.W').replace('return X', 'return self.g(X)')}",
        f"{SLOW}T = {{'a': slow}}\n{NET.replace('return X', 'return T[0](X)')}",
        f"{SLOW}{NET.replace('self, X', 'self, X, g=slow').replace('return X', 'return g(X)')}",
        f"{NET.replace('return X', 'return self.g')}    @property\n    def g(self):\n        while 1: pass\n",
        FACTORY + CALLING,
        WRAPPED,
    ],
    ids=["assigned", "setattr", "attribute", "table", "default", "property", "factory", "decorator"],
)
def test_a_loop_that_is_put_in_place_elsewhere_is_found(source, text):
    """Whatever a name was set to counts: which one is the last, only running tells."""
    assert "has a loop" in says(lambda: no_loops(source(text), "Net.f"))


@pytest.mark.parametrize(
    "body",
    [
        "return sorted(X)", "return max(1, min(2, 3))", "X.sort()", "return np.sort(X, axis=1)", "return apply(X)",
        "return apply(near, X)", "return np.piecewise(X, [X > 0], [near, 0])", "return isinstance(near, type)",
        "return partial(near, X)()", "return np.max(X, key)", "return self.apply(X)",
        "key = near\n        return key(X)",
    ],
)  # fmt: skip
def test_calls_that_loop_over_nothing_pass(source, body):
    """Sorting without a key, functions of the student's own that take functions, and what calls a function once."""
    head = "import numpy as np\nfrom functools import partial\ndef near(X):\n    return X\n"
    head += "def apply(f, X=0):\n    return f(X)\n"
    text = NET.replace("return X", body) + "    def apply(self, X):\n        return X\n"
    no_loops(source(head + text), "Net.f")


def test_a_step_of_an_iterator_may_be_judged_itself(source):
    """It is a loop where somebody else calls it, and not where its own lines are examined."""
    no_loops(source("class Data:\n    def __getitem__(self, i):\n        return self.X[i] + 1\n"), "Data.__getitem__")


@pytest.mark.parametrize(
    "body",
    ["return X @ self.W[0]", "slow = X.mean()\n        return slow + 1", "map = X\n        return map @ map"],
)
def test_names_that_only_look_like_a_loop_pass(source, body):
    """A list that was made once, a variable with the name of a function."""
    no_loops(source(SLOW + NET.replace("return X", body)), "Net.f")


def test_a_network_that_calls_another_ones_method_is_no_recursion(source):
    """A method of the same name of an object inside is not itself."""
    no_loops(source("class Net:\n    def forward(self, X):\n        return self.inner.forward(X)\n"), "Net.forward")


def test_a_function_from_a_module_beside_it_is_found(source):
    """It is judged where it is defined."""
    found = source("from helper import f\n", helper="def f(X):\n    for x in X: pass\n")

    assert "line 2 of helper.py" in says(lambda: no_loops(found, "f"))
    assert says(lambda: no_loops(found, "g")) == "g is not defined in hw.py and helper.py."


# --- reading ---


@pytest.mark.parametrize(
    ("text", "verdict", "sentence"),
    [
        ("x = (", "RAISED", "hw.py, line 1: this is not Python 3.11: '(' was never closed."),
        ("-" * 20_000 + "1", "FAILED", "hw.py is nested too deeply to be judged; write it with shorter expressions."),
        ("a" + ".a" * 50_000, "FAILED", "hw.py is nested too deeply to be judged; write it with shorter expressions."),
        ("# coding: latin-17\n", "RAISED", "hw.py, line 1: this is not Python 3.11: unknown encoding: latin-17."),
        (
            "x = 1\n" * (MAX_BYTES // 6 + 1),
            "FAILED",
            "hw.py is larger than 256 KiB, too large to be judged; leave out what is not code.",
        ),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(source, text, verdict, sentence):
    """Text that breaks a parser costs the student the check, and nobody else anything."""
    with pytest.raises(StudentError) as caught:
        source(text)

    assert (caught.value.verdict, caught.value.message) == (verdict, sentence)


def test_bytes_that_are_no_text_are_a_sentence(tmp_path):
    """Latin letters without a declared encoding."""
    (tmp_path / "hw.py").write_bytes(b"x = '\xe9'\n")

    with pytest.raises(StudentError, match="hw.py") as caught:
        read(tmp_path, ("hw.py",), ("hw.py",))

    assert caught.value.verdict in ("RAISED", "FAILED")


def test_a_missing_file_is_missing(tmp_path):
    """The sentence names it."""
    with pytest.raises(StudentError, match=r"The file hw.py is missing\.") as caught:
        read(tmp_path, ("hw.py",), ("hw.py",))

    assert caught.value.verdict == "MISSING"


def test_modules_without_end_are_refused(tmp_path):
    """A chain of imports is followed only so far."""
    for number in range(40):
        (tmp_path / f"m{number}.py").write_text(f"import m{number + 1}\n")

    with pytest.raises(StudentError, match="More than 32 modules"):
        read(tmp_path, ("m0.py",), ("m0.py",))


def test_nothing_outside_the_folder_is_read(source, tmp_path):
    """Neither by dots nor by links, and not the toolkit that is shipped beside a solution."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_text("import torch\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "outside" / "secret.py")
    found = source(
        "from .. import outside\nimport link\nimport autograder.checks\n", **{"autograder/checks": "import torch\n"}
    )

    assert set(found.trees) == {"hw.py"}


def test_warnings_of_the_parser_are_kept_quiet(source, recwarn):
    """An escape that Python will refuse some day is not the grader's matter."""
    source("x = '\\d'\n")

    assert len(recwarn) == 0


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        "".join(f"def f{number or ''}(): f{number + 1}()\n" for number in range(5_000)),
        "def f(x):\n" + " x.y.m\n" * 9_000 + "".join(f"class C{each}:\n def m(s): pass\n" for each in range(4_000)),
        "def f():\n" + " g()\n" * 9_000 + "def g(): pass\n" * 9_000,
    ],
    ids=["chain", "methods", "definitions"],
)
def test_text_that_is_made_to_be_slow_to_read_is_read(source, text):
    """The work grows with the length of the text and not with its square."""
    began = time.process_time()
    no_loops(source(text), "f")

    assert time.process_time() - began < 30


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"class C{i}:\n    def m(s): return s.x.m()\n" for i in range(300)) + "def f(x): return x.m()",
        "".join(f"class C{i}:\n    def __init__(s): pass\n" for i in range(300))
        + f"def f(x): return ({', '.join(f'C{i}()' for i in range(300))})",
    ],
)
def test_many_classes_are_looked_through_once(monkeypatch, text):
    """Text in which every class may use every other takes no longer than its length asks for."""
    looked_up = []
    named = call_graph._named
    monkeypatch.setattr(call_graph, "_named", lambda *given, **more: looked_up.append(0) or named(*given, **more))

    no_loops(Source.of(text), "f")

    assert len(looked_up) <= 1_000


def test_the_dictionary_of_a_module_hides_what_is_used():
    """``np.linalg.__dict__["inv"]`` is refused as ``vars`` is, and that of an object of the student's own is not."""
    with pytest.raises(CheckFailed) as caught:
        forbidden(Source.of('import numpy as np\nnp.linalg.__dict__["inv"](3)'), "np.linalg.inv")
    assert str(caught.value) == (
        "hw.py, line 2, uses numpy.linalg.__dict__, which hides what is run; write that as ordinary code."
    )
    forbidden(Source.of("class A:\n    def f(self): return self.__dict__"), "np.linalg.inv")


OBJECTS = """
import numpy as np
class Lazy:
    def __init__(self, v): self.v = v
    def __add__(self, other): return Lazy(self.v + other.v)
def f(X):
    return np.array([Lazy(1), Lazy(2)], dtype={dtype}).sum()
"""


@pytest.mark.parametrize("dtype", ["object", "np.object_", "'O'"])
def test_arrays_of_objects_with_operators_of_their_own_are_loops(source, dtype):
    """numpy calls a class's own `__add__` once for each entry."""
    with pytest.raises(CheckFailed, match="an array of objects with operators of their own in line 7"):
        no_loops(source(OBJECTS.replace("{dtype}", dtype)), "f")
    no_loops(source(OBJECTS.replace("{dtype}", "float")), "f")
    no_loops(source(OBJECTS.replace("{dtype}", "object").replace("__add__", "added")), "f")


def test_the_largest_value_of_a_dictionary_is_no_loop(source):
    """`max(d, key=d.get)` runs nothing of the submission's, unless it has a `get` of its own."""
    text = "def f(d):\n    return max(d, key=d.get)\n"
    no_loops(source(text), "f")
    for own in ("class D(dict):\n    def get(self, k): return k\n", "D = dict\nD.get = len\n"):
        with pytest.raises(CheckFailed, match="max with a key"):
            no_loops(source(own + text), "f")

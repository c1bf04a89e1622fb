"""Similar submissions: what makes no difference, what explains, what is rare, and what a hostile text may not do."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from copy_edits import EDITS
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.insight.similarity import fragments as fragments_module
from autograder.insight.similarity import reading
from autograder.insight.similarity.fragments import LENGTH, MOST_TOKENS, Fragments, fragments_of, runs, tokens_of
from autograder.insight.similarity.pairs import COMMON, Pair, compare, side_by_side
from autograder.insight.similarity.reading import Sample, code_in, read_samples
from autograder.reports.pages import Heading
from autograder.reports.pages.staff import Likeness, SimilarClass, pair_page

SOLVED = Path(__file__).parent.parent / "solved"
SOURCES = {path.stem: path.read_text("utf-8") for path in sorted(SOLVED.glob("*.py"))}
LONG = SOURCES["kmeans"]


def texts(source: str) -> list[str]:
    """What the tokens of a text say."""
    return [token.text for token in tokens_of(source.encode())]


def fragments(source: str) -> Fragments:
    """The fragments of a text."""
    return fragments_of(tokens_of(source.encode()))


def numbers(*values: int) -> Fragments:
    """Fragments by their numbers."""
    return Fragments(np.array(values, np.uint64), np.arange(len(values)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("total = price * 2", "s = p*2"),
        ("x = 0.001", "x = 1e-3"),
        ("x = 1_000", "x = 1000"),
        ("x = 0x10", "x = 16"),
        ("x = 'a'", 'x = """b"""'),
        ("x += y", "x = x + y"),
        ("x = (y)", "x = y"),
        ("a, b = 1, 2", "(a, b) = (1, 2)"),
        ("for a, b in c:\n    f(a)", "for (a, b) in c:\n    f(a)"),
        ("x = f(a, b)", "x = f(\n    a,\n    b,\n)"),
        ("x = 1  # one", "# a comment\n\nx = 1"),
        ("def f(x: int) -> int:\n    return x", "def g(y):\n    'Text.'\n    return y"),
        ("import numpy as np\nx = np.exp(y)", "from numpy import exp as e\nx = e(y)"),
        ("import numpy as np\nx = np.exp(y)", "import numpy\nx = numpy.exp(y)"),
        ("class A:\n    def __init__(self):\n        self.w = 1", "class B:\n    def __init__(me):\n        me.v = 1"),
        ("x = 1\nprint(x)", "x = 1"),
    ],
)
def test_spelling_makes_no_difference(one: str, other: str) -> None:
    """Names, comments, formatting, literals, annotations, docstrings and ways of importing are not compared."""
    assert texts(one) == texts(other)
    assert texts(one)


@pytest.mark.parametrize(
    ("one", "other"), [("x = y + 1", "x = y - 1"), ("x = a.sum()", "x = a.mean()"), ("x = 2", "x = 3")]
)
def test_what_is_done_makes_a_difference(one: str, other: str) -> None:
    """Operators, names of packages and values of numbers are compared."""
    assert texts(one) != texts(other)


def test_the_order_of_functions_makes_no_difference() -> None:
    """The same functions from last to first have the same fragments."""
    assert (fragments(LONG).different == fragments(EDITS["order"](LONG)).different).all()


def test_a_comprehension_and_its_loop_share_what_is_computed() -> None:
    """The clause and the value stand in the order in which they are done."""
    body = "a.exp(x + 1) * b.log(x - 2) / c.sqrt(x)"
    loop = fragments(f"def f(y):\n    out = []\n    for x in y:\n        out.append({body})\n    return out")
    comprehension = fragments(f"def f(y):\n    return [{body} for x in y]")
    assert len(np.intersect1d(loop.different, comprehension.different)) > 4


@pytest.mark.parametrize("edit", [name for name in EDITS if name != "all of them"])
@pytest.mark.parametrize("name", ["kmeans", "viterbi", "q_learning"])
def test_a_copy_that_was_edited_is_found(name: str, edit: str) -> None:
    """Each known edit of a solution is listed with it, and nothing else is."""
    copy = EDITS[edit](SOURCES[name])
    everybody = [*SOURCES.values(), copy]
    found = compare([fragments(each) for each in everybody])
    assert [(pair.first, pair.second) for pair in found.pairs] == [(list(SOURCES).index(name), len(SOURCES))]
    assert found.clusters == ((list(SOURCES).index(name), len(SOURCES)),)


def test_code_with_a_syntax_error_is_compared_all_the_same() -> None:
    """A copy whose author left a bracket open is found."""
    broken = LONG.replace("return ", "return (", 1).replace("import numpy", "imprt numpy", 1)
    with pytest.raises(SyntaxError):
        compile(broken, "broken", "exec")
    found = compare([*map(fragments, SOURCES.values()), fragments(broken)])
    assert len(found.pairs) == 1
    assert found.pairs[0].share > 0.8


def test_what_the_base_has_explains() -> None:
    """Two that hand in the reference, or a known solution, are not a pair."""
    twice = [*map(fragments, SOURCES.values()), fragments(EDITS["names"](LONG))]
    assert len(compare(twice).pairs) == 1
    assert compare(twice, base=[fragments(LONG)]).pairs == ()


def test_earlier_years_are_compared_with_the_class_and_not_with_each_other() -> None:
    """A submission that comes back after a year is a pair; two of last year are not."""
    current = [fragments(SOURCES[name]) for name in ("kmeans", "viterbi", "pca")]
    earlier = [fragments(EDITS["names"](SOURCES[name])) for name in ("q_learning", "q_learning", "kmeans")]
    found = compare(current, earlier)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 5)]
    assert found.compared == 3 + 9


def test_what_much_of_the_class_has_is_idiom() -> None:
    """A fragment has no weight when more than a quarter of the others have it, and the more the fewer have it."""
    idiom, rare = range(100), range(100, 200)
    own = [range(1000 * place, 1000 * place + 100) for place in range(1, 21)]
    everybody = [numbers(*idiom, *each) for each in own]
    assert compare(everybody).pairs == ()
    assert not np.isin(np.array(idiom, np.uint64), compare(everybody).counted).any()

    weights = []
    for count in (2, 3, 4):
        shared = [numbers(*rare, *each) if place < count else each_own for place, (each, each_own) in
                  enumerate(zip(own, everybody, strict=True))]  # fmt: skip
        weights.append(compare(shared, least_share=0.1).pairs[0].evidence)
    assert all(before > after for before, after in pairwise(weights))
    assert 0 < COMMON < 1


def test_a_class_that_shares_much_still_shows_exact_copies() -> None:
    """However much everybody shares with everybody, nearly all of the weight is listed."""
    draw = np.random.default_rng(0)
    blocks = [range(1000 * place, 1000 * place + 60) for place in range(30)]
    everybody = [numbers(*(n for place in draw.choice(30, 6, replace=False) for n in blocks[place])) for _ in range(40)]
    found = compare([*everybody, everybody[7]])
    assert found.typical > 0.05
    assert (7, 40) in [(pair.first, pair.second) for pair in found.pairs]


CLASSES = st.lists(st.lists(st.integers(0, 60), max_size=40), min_size=2, max_size=7)


@settings(deadline=None, max_examples=60)
@given(CLASSES, st.randoms(use_true_random=False))
def test_the_order_of_submissions_makes_no_difference(found: list[list[int]], random: object) -> None:
    """The same class in another order has the same pairs, and shares are between 0 and 1."""
    order = list(range(len(found)))
    random.shuffle(order)  # type: ignore[attr-defined]
    one = compare([numbers(*each) for each in found], least_share=0.0)
    other = compare([numbers(*found[place]) for place in order], least_share=0.0)
    back = {
        (min(order[p.first], order[p.second]), max(order[p.first], order[p.second])): (p.share, p.evidence, p.fragments)
        for p in other.pairs
    }
    mine = {(p.first, p.second): (p.share, p.evidence, p.fragments) for p in one.pairs}
    assert mine.keys() == back.keys()
    for pair, values in mine.items():
        assert values == pytest.approx(back[pair])
        assert 0 <= values[0] <= 1 + 1e-9
        assert values[1] >= 0
    assert one.typical == pytest.approx(other.typical)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 4), max_size=30), st.lists(st.integers(0, 4), max_size=30))
def test_shared_runs_do_not_overlap(first: list[int], second: list[int]) -> None:
    """No fragment of either side is in two runs, and each run is the same on both sides."""
    one, other = numbers(*first), numbers(*second)
    found = runs(one, other, np.arange(1, 5, dtype=np.uint64)).found
    for side in (0, 1):
        places = [place for run in found for place in range(run[side], run[side] + run[2])]
        assert len(places) == len(set(places))
    for mine, theirs, size in found:
        assert first[mine : mine + size] == second[theirs : theirs + size]


@pytest.mark.parametrize("rare", [0, 100])
def test_a_text_that_repeats_itself_is_marked_in_few_steps(monkeypatch: pytest.MonkeyPatch, rare: int) -> None:
    """The steps do not grow with the square of the length, and what both share once is marked all the same."""
    steps = 0
    same = fragments_module._same

    def counted(*where: object) -> int:
        nonlocal steps
        found = same(*where)  # type: ignore[arg-type]
        steps += found
        return found

    monkeypatch.setattr(fragments_module, "_same", counted)
    repeated, own = [1, 2] * 50_000, range(10, 10 + rare)
    one, other = numbers(*repeated, *own), numbers(7, *own, 8, *repeated)
    found = runs(one, other, np.arange(1, 200, dtype=np.uint64))
    assert steps < 600_000
    assert not found.complete
    assert found.found[0] == (0, rare + 3 - 1, 100_000)
    assert (100_000, 1, rare) in found.found or not rare
    assert runs(numbers(*own), numbers(*own, 9), np.arange(1, 200, dtype=np.uint64)).complete


def test_a_page_says_when_its_marks_are_not_complete() -> None:
    """Only where looking for shared regions was stopped."""
    line = "    y = y.exp(a)\n"
    for repeated, said in ((5, False), (8_000, True)):
        one, other = sample(f"def f(y):\n{line * repeated}"), sample(f"def g(y):\n{line * repeated}")
        *sides, regions = side_by_side(one, other, np.unique(one.fragments.numbers))
        assert regions == 1
        likeness = Likeness("a", "b", Pair(0, 1, 1.0, 30.0, 50, 5), 1, "")
        found = SimilarClass((likeness,), ((likeness.first, likeness.second),), 2, 0, 1, 0.1, 0.65, False, ())
        page = pair_page(likeness, sides, regions, found, Heading("hw", "HW"))
        assert ("The marks are not complete:" in page) == said


def test_notebooks_and_modules_are_read_alike(tmp_path: Path) -> None:
    """The code cells of a notebook are compared as if they were a module; text cells and magics are not."""
    cells = [
        {"cell_type": "markdown", "source": "text", "metadata": {}},
        {"cell_type": "code", "source": "%matplotlib inline\n" + LONG, "metadata": {}, "outputs": []},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    (tmp_path / "b.py").write_text(LONG)
    (tmp_path / "checks").mkdir()
    files = code_in(tmp_path)
    notebook, module = read_samples([("n", {"a.ipynb": files["a.ipynb"]}), ("m", {"b.py": files["b.py"]})], 1)
    assert (notebook.fragments.different == module.fragments.different).all()
    assert notebook.problem == module.problem == ""


def test_a_text_that_breaks_limits_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long, is too large or is no notebook is not compared, with the reason; others are."""
    monkeypatch.setattr(reading, "CPU_SECONDS", 1)
    monkeypatch.setattr(reading, "LARGEST", 1 << 20)
    asked = [
        ("deep", {"a.py": b"f(" * 200_000}),
        ("large", {"a.py": b"x = 1\n" * 200_000}),
        ("outputs", {"a.ipynb": b" " * (9 << 20)}),
        ("none", {}),
        ("broken", {"a.ipynb": b"{"}),
        ("bytes", {"a.py": b"\xff\xfe\x00x = 1"}),
        ("good", {"a.py": LONG.encode()}),
    ]
    deep, large, outputs, none, broken, strange, good = read_samples(asked, 1)
    assert deep.problem == "Reading it takes more than 1 s."
    assert large.problem == "More than 1,024 KiB of code."
    assert outputs.problem == "More than 8,192 KiB of notebooks."
    assert none.problem == "No code was handed in."
    assert broken.problem.startswith("broken") or "a.ipynb" in broken.problem
    assert strange.problem == good.problem == ""
    assert len(good.fragments.numbers) > 100


def test_nesting_without_end_is_walked_without_recursion() -> None:
    """Python's own recursion limit has no say."""
    assert len(tokens_of(b"-" * 3000 + b"1")) > 2000
    assert len(tokens_of(b"x = 0\n" * (MOST_TOKENS // 3 + 10))) == MOST_TOKENS


def sample(source: str) -> Sample:
    """A text as it is compared."""
    tokens = tokens_of(source.encode())
    lines = np.array([each.line for each in tokens])
    return Sample("s", (("a.py", source),), fragments_of(tokens), np.zeros(len(tokens), np.int64), lines)


SHARED = """def step(x, w, b):
    s = x.dot(w) + b
    h = s.exp() / (1 + s.exp())
    return h.sum(axis=1) - s.max(axis=0) * 3
"""
OWN = """def alpha(m):
    text = "a %s b"
    return m.clip(2, 5)
"""
NESTED = """def outer(x, w, b):
    s = x.dot(w) + b
    h = s.exp() / (1 + s.exp())
    def inside(m):
        t = m.clip(7, 9)
        return t.cumsum(0)
    return h.sum(axis=1) - s.max(axis=0) * 3
"""


def marked(source: str, other: str) -> list[str]:
    """The lines of the first text that are marked as shared with the second."""
    one, two = read_samples([("one", {"a.py": source.encode()}), ("two", {"a.py": other.encode()})], 1)
    first, *_ = side_by_side(one, two, np.unique(one.fragments.numbers))
    return [line for file in first.files for block in file.blocks if block.region for line in block.lines]


@pytest.mark.parametrize("sign", ["\f", "\v", "\x1c", "\x85", "\u2028"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_lines_that_are_shared_are_marked_whatever_ends_them(end: str, sign: str) -> None:
    """A sign that ends a line for some readers, and not for Python, moves no mark."""
    source = f"{sign if sign == chr(12) else ''}\n{OWN % sign}\n{SHARED}".replace("\n", end)
    assert marked(source, SHARED) == SHARED.splitlines()


def test_a_run_around_an_inner_function_marks_what_is_around_it() -> None:
    """The inner function, which the other has not, is not marked as shared."""
    other = "".join(line for line in NESTED.splitlines(keepends=True) if "inside" not in line and line[4] != " ")
    around = [line for line in NESTED.splitlines() if "inside" not in line and line[4] != " "]
    assert marked(other, NESTED) == around
    assert [line for line in marked(NESTED, other) if line not in around] == []


def test_regions_are_numbered_the_same_on_both_sides() -> None:
    """Every shared region has lines on both sides, and every line is shown or counted."""
    one, other = sample(LONG), sample("# mine\n" * 40 + EDITS["order"](LONG))
    *sides, count = side_by_side(one, other, np.unique(one.fragments.numbers))
    assert count >= 2
    for side, source in zip(sides, (one, other), strict=True):
        (file,) = side.files
        assert {block.region for block in file.blocks} - {0} == set(range(1, count + 1))
        assert sum(len(block.lines) + block.left_out for block in file.blocks) == len(source.texts[0][1].splitlines())
    assert sides[1].files[0].blocks[0].left_out > 20
    assert LENGTH > 1

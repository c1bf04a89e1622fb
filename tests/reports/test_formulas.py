"""Formulas between dollar signs: MathML on pages, made of harmless elements alone; text where they cannot be read."""

from __future__ import annotations

import html
import random
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latex2mathml import commands
from samples import check, question, report

from autograder.reports.pages import Asked, Heading, answers_page, staff_page, student_page, summary_page
from autograder.reports.pages.text import CPU_SECONDS, LONGEST, MOST, formulas_in_html, mathml, with_formulas
from autograder.results import Verdict

ELEMENTS = re.compile(
    "math|semantics|annotation|mrow|mi|mn|mo|mtext|mspace|ms|mfrac|msqrt|mroot|mstyle|mpadded|mphantom|menclose|mover"
    "|munder|munderover|msub|msup|msubsup|mmultiscripts|mprescripts|mtable|mtr|mtd"
)
HARMLESS = re.compile(
    "accent|accentunder|align|columnalign|columnlines|columnspacing|depth|display|displaystyle|encoding|fence|form|frame"
    "|height|largeop|linethickness|lspace|mathvariant|maxsize|minsize|movablelimits|notation|rowalign|rowlines"
    "|rowspacing|rspace|scriptlevel|separator|stretchy|symmetric|voffset|width"
)
HEADING = Heading("Course", "Theory")


def shown(text: str) -> str:
    """What a reader sees of a text with its formulas: characters of elements, without the copies of what was typed."""
    plain = re.sub("<annotation.*?</annotation>", "", str(with_formulas(text)), flags=re.DOTALL)
    return html.unescape(re.sub("<[^>]*>", "", plain))


def parsed(text: str) -> ElementTree.Element:
    """The page's part of a text, as a tree."""
    return ElementTree.fromstring(f"<p>{with_formulas(text)}</p>")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (r"the loss $L = -\sum_i y_i \log p_i$ falls", "the loss L=\N{MINUS SIGN}∑iyilogpi falls"),
        (r"$$\frac{\partial L}{\partial W} = X^\top (P - Y)$$", "∂L∂W=X\N{DOWN TACK}(P\N{MINUS SIGN}Y)"),
        (r"\(a < b\) and \[c \ge d\]", "a<b and c≥d"),
        (
            r"$W \in \mathbb{R}^{n \times d}$, $\lVert w \rVert_2^2$",
            "W∈\u211dn\u00d7d, ‖w‖22",
        ),
        (r"$\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}$", "(1234)"),
        ("one $x\n+ y$ over two lines", "one x+y over two lines"),
    ],
)
def test_a_formula_is_drawn(text: str, seen: str) -> None:
    """Inline and display formulas, in Markdown's and LaTeX's spelling, with the text around them."""
    assert shown(text) == seen
    assert "$" not in shown(text)


def test_display_and_inline_are_distinguished() -> None:
    """What stands in two dollar signs or brackets has a line of its own, and what was typed goes along for copying."""
    assert [each.get("display") for each in parsed(r"$a$ $$b$$ \(c\) \[d\]").iter("math")] == [
        "inline",
        "block",
        "inline",
        "block",
    ]
    (typed,) = parsed(r"$a_1 < \beta$").iter("annotation")
    assert typed.text == r"a_1 < \beta"


@pytest.mark.parametrize(
    "text",
    [
        "it costs $5 or $6",
        "from $5-$6",
        "$ x $",
        r"\$x\$",
        "`$x$` in code",
        "```\n$x$ $$y$$\n```\n",
        "~~~python\ncost = '$x$'\n~~~",
        "$x\n\ny$",
        "$$",
        "$",
        "US$3 and A$4",
        r"$\frac{1}$",
        r"$\left( x$",
        r"$\nosuchthing x$",
        r"$\text{\nosuchthing}$",
        r"$\unicode{202E} x$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\style{position:fixed}{x}$",
        r"$\class{card}{x}$",
        r"$\def\a{x}\a$",
        r"$\newcommand{\a}{x}\a$",
        r"$\input{/etc/passwd}$",
        f"${'x' * (LONGEST + 1)}$",
        f"${'{' * 400}x{'}' * 400}$",
        "<b>&amp;</b> \"'",
    ],
)
def test_what_is_no_formula_or_cannot_be_read_stays_as_it_was_typed(text: str) -> None:
    """Sums of money, code, broken and too long formulas, definitions, links and styles: the text, escaped."""
    assert "<" not in str(with_formulas(text))
    assert html.unescape(str(with_formulas(text))) == text


def harmless(text: str) -> None:
    """Of a text come only elements and attributes of mathematics, and short lengths."""
    for element in parsed(text).iter():
        if element.tag != "p":
            assert ELEMENTS.fullmatch(element.tag)
            assert all(map(HARMLESS.fullmatch, element.attrib))
            assert not any(re.search(r"[<>\"'&;:()]|\d{4}", value) for value in element.attrib.values())


@pytest.mark.parametrize(
    "text",
    [
        r"$x\hspace{-500em}y$ $\kern{9999px}z$ $\raise{300em}{x}$ $\rule{900em}{900em}$",
        r"$\color{red}{x}$ $\textcolor{#fff}{x}$ $\colorbox{black}{x}$",
        r"$\text{<script>alert(1)</script>}$ $\mbox{&lt;img src=x onerror=y&gt;}$",
        r"$\hspace{1em\" onclick=\"x}y$ $\mathbb{\"}$ $\operatorname{<b>}$",
        r"$&#60;script&#62;$ $\text{&#60;b&#62;}$",
    ],
)
def test_no_formula_leaves_its_place(text: str) -> None:
    """Colours, addresses, scripts and long lengths come to nothing: nobody paints over a verdict."""
    harmless(text)
    assert "script>alert" not in str(with_formulas(text)).replace("&lt;", "")
    assert "red" not in [value for each in parsed(text).iter() for value in each.attrib.values()]


WORDS = sorted({each for each in vars(commands).values() if isinstance(each, str) and each})
PIECES = [*WORDS, *"{}[]()&^_'|=$ \n", "{x}", "{2em}", r"\begin{matrix}", r"\end{matrix}", r"\left(", r"\right)", "<b>"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_is_harmless_and_nothing_is_lost(inside: str) -> None:
    """Commands of the library in any order, and any text: mathematics or what was typed, and never an error."""
    inside = "".join(each for each in inside if each in "\n\t" or each.isprintable())
    for text in (f"${inside}$", f"a $${inside}$$ b", inside):
        harmless(text)


def test_many_formulas_cost_little() -> None:
    """The longest text of an answer, made of what costs most, stays below a fixed amount of processor time."""
    rng = random.Random(0)
    costly = [
        *(r"\[" * 25_000, "$a " * 16_000, r"\(a" * 16_000, "$" + "a" * 49_000 + "$", "`" * 50_000, "```\n" * 12_000),
        *("$a$ " * 12_000, ("$" + r"\projlim\choose\thickspace" * 38 + "$ ") * 50),
        "".join(f"${''.join(rng.choices(PIECES, k=60))}$ " for _ in range(200))[:50_000],
    ]
    for text in costly:
        began = time.process_time()
        drawn = str(with_formulas(text))
        assert time.process_time() - began < CPU_SECONDS + 2
        assert drawn.count("<math") <= MOST


def test_formulas_behind_the_limit_stay_as_text() -> None:
    """A text has so many formulas at most; the rest is there as it was typed."""
    assert shown("$a$ " * (MOST + 2)) == "a " * MOST + "$a$ " * 2


def test_definitions_do_not_grow() -> None:
    """Macros that double themselves are not expanded."""
    bomb = r"\def\a{xx}" + "".join(rf"\def\{chr(98 + n)}{{\{chr(97 + n)}\{chr(97 + n)}}}" for n in range(20)) + r"\u"
    began = time.process_time()
    assert mathml(bomb) == ""
    assert time.process_time() - began < 1


def test_pages_show_formulas() -> None:
    """In written answers, in titles and in rubrics, on the pages of student, staff, class and graders."""
    read = replace(
        check("why", Verdict.MANUAL, points=0),
        title=r"Why is $\alpha$ small?",
        message=r"A person grades this answer: 2 points: says that $\beta > 0$ (2).",
        staff_message=r"A person grades this answer: 2 points: says that $\gamma > 0$ (2).",
        by_hand=2.0,
        answer=r"Because $\delta < \epsilon$ <b>.",
    )
    failed = replace(check("c", Verdict.FAILED, failure="costs $x$"), title=r"The gradient is $\nabla f$.")
    one = report("ada", replace(question("a", read, failed), title=r"Size of $\eta$"))
    for page, letters in ((student_page, "αβδη∇"), (staff_page, "αβγδη∇")):
        text = page(one, HEADING)
        assert all(f"<mi>{each}</mi>" in text or f"<mo>{each}</mo>" in text for each in letters)
        assert "costs $x$" in text  # what code says is no formula
        assert "&lt;b&gt;" in text
    asked = Asked("a", "why", r"Why is $\alpha$ small?", r"2 points, $\beta$")
    answers = answers_page(asked, [one], HEADING, {"ada": "ada"})
    assert all(f"<mi>{each}</mi>" in answers for each in "αβγδ")
    summary = summary_page([one], HEADING, {"ada": "ada"}, dataset="", sandbox="none")
    assert "<mo>∇</mo>" in summary or "<mi>∇</mi>" in summary


def test_formulas_in_the_html_of_a_notebook() -> None:
    """What nbconvert made of Markdown keeps its elements, and has its formulas drawn outside of code."""
    made = formulas_in_html('<p class="a">so $a &lt; b$</p>\n<pre><code>$c$</code></pre><p><code>$d$</code> $e$</p>')
    assert made.count("<math") == 2
    assert "<pre><code>$c$</code></pre>" in made
    assert made.startswith('<p class="a">so <math')
    assert "a &lt; b</annotation>" in made


@pytest.mark.parametrize(
    "page",
    [
        '<p class="a>">t</p><p class=" onmouseover=alert(1) x">hover</p>',
        '<p class=\'a">$x$\'>t</p><p class=" onmouseover=alert(1) x">hover</p>',
        '<a href="http://example.org/>$b$">t</a>',
        '<a href="http://example.org/&lt;b>">t</a> $c$',
    ],
)
def test_a_tag_ends_where_its_attributes_have_ended(page: str) -> None:
    """No attribute of a submission's can hold what makes the page lose a quotation mark, and so become attributes."""
    assert tags(formulas_in_html(page)) == tags(page)


def tags(page: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """The tags of a page as a browser reads it, but for those of formulas."""
    found: list[tuple[str, list[tuple[str, str | None]]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: found.append((tag, attributes))  # type: ignore[method-assign]
    reader.feed(page)
    reader.close()
    return [(tag, attributes) for tag, attributes in found if not ELEMENTS.fullmatch(tag)]


def test_the_parts_of_a_page_share_the_limit_of_formulas() -> None:
    """A page of many paragraphs has as many formulas as one text."""
    assert formulas_in_html("<p>$x$</p>" * (MOST + 2)).count("<math") == MOST

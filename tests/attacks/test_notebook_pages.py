"""What students wrote into notebooks is only text, in a real browser: on our pages and in formgrader's template."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from nbgrader_folders import ESSAY, PNG, RIGHT, STUB, graded, notebook, role
from test_pages import (  # noqa: F401  (fixtures)
    MARKUP,
    UNSEEN,
    beacon,
    browser,
    harmless,
    hostile,
    looked_at,
    pages,
)

from autograder.formats.nbgrader.conversions import html_page
from autograder.notebooks import read
from autograder.reports.graded_notebook import graded_notebooks, notebook_node
from autograder.reports.notebook_outputs import neutral
from autograder.reports.pages.text import visible

RELEASED = {"hw": read(notebook(STUB, ESSAY), "hw.ipynb")}
DEED = "window.pwned=1;alert(1);fetch('BEACON/ran')"
MARKDOWN = (
    f"[link](javascript:{DEED}) <javascript:{DEED}> [other][there]\n\n[there]: javascript:{DEED}",
    "![image](BEACON/image) ![](BEACON/image 'title') ![other][there]\n\n[there]: BEACON/image",
    f"```mermaid\n</pre><script>{DEED}</script>\n```",
    f"$x < y$ $$<img src=x onerror={DEED}>$$ \\begin{{a}}<script>{DEED}</script>\\end{{a}}",
    f"`<script>{DEED}</script>` `` <img src=x onerror={DEED}> ``",
    f"> <script>{DEED}</script>\n\n* <img src=x onerror={DEED}>\n\n| <svg onload={DEED}> | b |\n|---|---|\n| a | b |",
    f"# <img src=x onerror={DEED}>\n\nsetext <b onclick={DEED}>\n===",
    f"&lt;script&gt;{DEED}&lt;/script&gt; \\<script>{DEED}\\</script> &#60;img src=x onerror={DEED}&#62;",
    f"[^note]\n\n[^note]: <script>{DEED}</script>",
    f"[![both](BEACON/image)](javascript:{DEED})",
    f"![a](attachment:x.svg) <img src=attachment:x.svg onload={DEED}>",
)


def enemy(texts: tuple[str, ...]) -> bytes:
    """A notebook that holds the texts in every place that a file has."""
    every = "\n\n".join(texts)
    svg = {"x.svg": {"image/svg+xml": every}}
    rich = {
        "text/html": every,
        "text/markdown": every,
        "text/latex": every,
        "image/svg+xml": every,
        "application/javascript": every,
        "application/vnd.jupyter.widget-view+json": {"model_id": every},
    }
    outputs = [
        v4.new_output("display_data", rich),
        v4.new_output("execute_result", {**rich, "text/plain": every}, metadata={"text/html": {"isolated": True}}),
        v4.new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"width": every, "alt": every}}),
        v4.new_output("display_data", {"image/png": every, "image/jpeg": every}),
        v4.new_output("stream", name="stderr", text=every),
        v4.new_output("error", ename=every, evalue=every, traceback=[every]),
    ]
    cells = [v4.new_code_cell(text) for text in texts]
    cells += [v4.new_markdown_cell(text, attachments=svg) for text in texts]
    cells += [v4.new_raw_cell(text, metadata={"raw_mimetype": "text/html"}) for text in texts]
    cells += [
        v4.new_code_cell(RIGHT, metadata={**role("add", solution=True), "tags": texts}, outputs=outputs),
        v4.new_markdown_cell(every, metadata=role("essay", grade=True, solution=True, points=5)),
    ]
    metadata = {"title": every, "language_info": {"name": every, "pygments_lexer": every}, "widgets": {"x": every}}
    return nbformat.v4.writes(v4.new_notebook(cells=cells, metadata=metadata)).encode("utf-8", "replace")


def node(texts: tuple[str, ...]) -> Any:
    """The graded notebook of such a submission, with the texts in the report and in a file, too."""
    every = "\n".join(texts)
    (one,) = graded("ada").questions
    checks = tuple(replace(one.checks[0], id=f"t{n}", message=text) for n, text in enumerate(texts))
    report = replace(graded("ada"), questions=(replace(one, checks=checks, output=every),), notes=texts)
    files = {"hw.ipynb": enemy(texts), f"{texts[0]}.py": every.encode("utf-8", "replace")}
    (made,) = graded_notebooks(report, files, RELEASED)
    return notebook_node(made)


def test_a_page_of_a_notebook_does_nothing(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:  # noqa: F811
    """Cells, outputs, metadata, files and messages full of markup stand there as text; the one picture is clean."""
    folder, address = pages
    texts = hostile(MARKUP + UNSEEN + MARKDOWN, beacon)
    (folder / "notebook.html").write_text(html_page(node(texts), "\n".join(hostile(MARKUP, beacon))), "utf-8")

    with looked_at(browser, f"{address}/notebook.html", beacon) as seen:
        text = harmless(seen, f"{address}/notebook.html")
        assert seen.page.locator("img").count() == 1
        assert seen.page.title().startswith("<script>")
        assert [each for each in hostile(MARKUP, beacon) if visible(each) not in text] == []
        assert neutral(hostile(MARKUP, beacon)[1]) in text
        hrefs = seen.page.evaluate("[...document.links].map(each => each.protocol)")
        assert set(hrefs) <= {"http:", "https:"}


def test_a_notebook_does_nothing_in_formgrader(browser: Any, beacon: Any, pages: tuple[Path, str]) -> None:  # noqa: F811
    """Formgrader's template has scripts and no content policy: what is written for it must be harmless by itself."""
    folder, address = pages
    texts = hostile(MARKUP + UNSEEN + MARKDOWN, beacon)
    (folder / "formgrade.html").write_text(in_formgrader(node(texts)), "utf-8")

    with looked_at(browser, f"{address}/formgrade.html", beacon) as seen:
        assert (seen.reached, seen.dialogs) == ([], [])
        assert seen.page.evaluate("window.pwned") is None
        body = "document.querySelector('#notebook')"
        assert seen.page.evaluate(f"{body}.querySelectorAll('script, iframe, object, form, svg, style').length") == 0
        assert seen.page.evaluate(f"[...{body}.querySelectorAll('img')].map(each => each.src.slice(0, 15))") == [
            "data:image/png;"
        ]
        hrefs = seen.page.evaluate(f"[...{body}.querySelectorAll('a[href]')].map(each => each.getAttribute('href'))")
        assert all(each.startswith(("#", "http://", "https://")) for each in hrefs)


def test_the_same_notebook_as_it_was_handed_in_would_be_seen(
    browser: Any,  # noqa: F811
    beacon: Any,  # noqa: F811
    pages: tuple[Path, str],  # noqa: F811
) -> None:
    """Formgrader runs what stands in a notebook that nobody made harmless: the test above can fail."""
    folder, address = pages
    script = hostile((f"<script>{DEED}</script>",), beacon)[0]
    raw = v4.new_notebook(cells=[v4.new_markdown_cell(script)])
    (folder / "raw.html").write_text(in_formgrader(raw), "utf-8")

    with looked_at(browser, f"{address}/raw.html", beacon) as seen:
        assert seen.page.evaluate("window.pwned") == 1


def in_formgrader(made: Any) -> str:
    """The page that formgrader makes of a notebook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbconvert import HTMLExporter
        from nbgrader.server_extensions.formgrader import handlers

        exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
        names = ("assignment_id", "notebook_id", "submission_id", "student", "last_name", "first_name")
        resources = {**dict.fromkeys(names, "x"), "index": 0, "total": 1, "base_url": "", "notebook_path": ""}
        page, _ = exporter.from_notebook_node(made, resources=resources)
    return str(page)


@pytest.mark.parametrize("text", [*MARKUP, *MARKDOWN])
def test_neutral_markdown_keeps_every_sign(text: str) -> None:
    """Without spaces it is the same text."""
    assert neutral(text).replace(" ", "") == visible(text).replace(" ", "")

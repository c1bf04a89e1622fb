"""Graded notebooks as HTML and PDF: nbconvert writes them, with a template that forbids all but text and pictures.

PDF is printed by a browser from the same page. The way through LaTeX is not taken: a student's Markdown may hold
commands that read files of the machine on which it is typeset.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.reports.pages.student import TEMPLATES as FEEDBACK
from autograder.reports.pages.text import formulas_in_html

__all__ = ["BROWSERS", "html_page", "pdf_of"]

TEMPLATES = Path(__file__).parent / "templates"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 120
_TEXT = ("blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "hr", "p", "pre", "s", "span", "strong")
_PARTS = (
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ol",
    "ul",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
)
TAGS = frozenset(("a", *_TEXT, *_PARTS))
ATTRIBUTES = {"*": ["class"], "a": ["href"]}
"""What Markdown and highlighted code may become. Any other tag is shown as text, any other attribute is dropped."""


def html_page(node: Any, title: str) -> str:
    """One page without scripts, with nothing from elsewhere, from a notebook of `graded_notebook.notebook_node`.

    Raises:
        UsageError: nbconvert is not complete here.
    """
    style, policy = _style()
    page = {"title": title, "style": style, "policy": policy}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text, _ = _exporter().from_notebook_node(node, resources={"page": page})
        except ValueError as error:
            if "No template sub-directory" not in str(error):
                raise
            raise UsageError(
                "nbconvert's own templates are not where it looks for them; install nbconvert into this environment, "
                "or set JUPYTER_PATH to the share/jupyter that has them."
            ) from None
    return str(text)


@cache
def _exporter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from bleach import clean
            from nbconvert import HTMLExporter
        except ImportError as error:
            raise UsageError(
                f"The pages cannot be made: {error}; install it: `pip install 'autograder-ml[notebooks]'`."
            ) from None
        return HTMLExporter(
            template_name="graded",
            extra_template_basedirs=[str(TEMPLATES)],
            filters={
                "clean_html": lambda html: formulas_in_html(
                    clean(html, tags=TAGS, attributes=ATTRIBUTES, protocols=["http", "https"])
                )
            },
            sanitize_html=True,
            exclude_anchor_links=True,
        )


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and the content policy that allows it and pictures that lie in the page, and nothing else."""
    from pygments.formatters import HtmlFormatter

    parts = (
        (FEEDBACK / "style.css").read_text("utf-8"),
        (TEMPLATES / "graded" / "notebook.css").read_text("utf-8"),
        HtmlFormatter(style="default").get_style_defs(".highlight"),
    )
    style = "\n".join(parts).strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src data:"
    return style, f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def pdf_of(page: str) -> bytes:
    """A page of `html_page` as PDF: printed by a chromium of this machine, else by playwright's through nbconvert.

    Raises:
        UsageError: there is no browser, or it did not print.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return _by_nbconvert(page)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        source.write_text(page, "utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
        ]
        if os.geteuid() == 0:  # chromium's own sandbox does not start for root; the page holds no script
            command.append("--no-sandbox")
        try:
            subprocess.run(
                [*command, f"--print-to-pdf={made}", source.as_uri()],
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
            return made.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise UsageError(
                f"{browser} did not print a page: {reason_of(error)}; leave out --pdf, or repair the browser."
            ) from None


def _by_nbconvert(page: str) -> bytes:
    try:
        from nbconvert import WebPDFExporter

        return bytes(WebPDFExporter(disable_sandbox=os.geteuid() == 0).run_playwright(page))
    except (ImportError, RuntimeError):
        raise UsageError(
            "A PDF needs a browser to print it, and there is none: install chromium (Debian, Ubuntu: "
            "`apt install chromium`), or `pip install nbconvert[webpdf]` and `playwright install chromium`; "
            "the HTML pages can be made without."
        ) from None

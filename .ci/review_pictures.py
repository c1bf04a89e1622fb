"""Pictures of the pages of `autograder review`, for docs/review.md: `python .ci/review_pictures.py`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "review")]

from test_review_in_browser import BROWSER, graded, served  # noqa: E402 - a class and its server, as the tests have them

ANSWERS = (
    r"The exponential of a large score is more than a float holds: $e^{1000} = \infty$, and $\infty / \infty$ is nan.",
    r"For example with the scores (1000, 0): exp(1000) overflows.",
    "Because the numbers get too big.",
)


def main() -> None:
    """Write docs/review-class.png and docs/review-answer.png."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as name, sync_playwright() as driver:
        folder = graded(Path(name), {f"student{n:02}": ANSWERS[n % 3] for n in range(12)})
        running = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        page = running.new_page(viewport={"width": 1120, "height": 720})
        with served(folder) as address:
            root = address.partition("?")[0]
            page.goto(address)
            page.goto(f"{root}assignments/tiny/answers/why/1")
            page.keyboard.press("1")
            page.locator("textarea").first.fill("Well explained.")
            page.keyboard.press("Tab")
            page.locator("#state", has_text="Saved.").wait_for()
            page.screenshot(path=ROOT / "docs" / "review-answer.png")
            page.goto(f"{root}assignments/tiny")
            page.screenshot(path=ROOT / "docs" / "review-class.png")
        running.close()


if __name__ == "__main__":
    main()

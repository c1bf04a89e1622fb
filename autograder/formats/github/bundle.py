"""A repository for students: the release, and a GitHub Actions workflow that runs its public checks at each push.

The workflow needs no secret and holds nothing hidden: everybody may read it, and a fork runs it, too. It may read the
repository and nothing else.
"""

from __future__ import annotations

import re

from autograder.formats.bundles import Asked, Bundle, Packed, dataset_of
from autograder.release import contents
from autograder.release.writing import RECORD

__all__ = ["BUNDLE", "WORKFLOW", "released"]

WORKFLOW = ".github/workflows/public-checks.yml"
_PYTHON = "3.12"
_TEXT = """\
# Runs the public checks of {title} at each push: https://docs.github.com/actions
name: public checks
on: [push, pull_request, workflow_dispatch]
permissions:
  contents: read
jobs:
  public-checks:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - name: Install what the checks need
        run: python -m pip install --disable-pip-version-check --requirement requirements.txt
      - name: Run the public checks
        run: python -m pytest --junit-xml=public-checks.xml
      - name: Keep the results
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: public-checks
          path: public-checks.xml
"""


def released(asked: Asked) -> dict[str, Packed]:
    """The files of the release, without the record of which files were generated.

    Raises:
        InstructorError: the release would show a solution or a hidden check.
    """
    files = contents(asked.loaded, dataset_of(asked))
    return {path: Packed(data) for path, data in files.items() if path != RECORD}


def _contents(asked: Asked) -> dict[str, Packed]:
    title = re.sub(r"\s+", " ", asked.loaded.assignment.title)
    workflow = _TEXT.format(title=title, python=_PYTHON)
    return {**released(asked), WORKFLOW: Packed(workflow.encode())}


BUNDLE = Bundle(
    _contents,
    "Unpack it into an empty repository, push that, and mark it as a template: each repository made from it runs the "
    "public checks at each push, under Actions.",
)

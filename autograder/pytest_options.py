"""pytest's way into the checks: ``pytest assignments/NAME --submission PATH`` runs them all as tests.

pytest loads this in every run, so it does nothing without ``--submission``. The work is in `autograder.pytest_plugin`.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run of checks."""
    group = parser.getgroup("autograder", "checks of an assignment, run on one submission")
    group.addoption(
        "--submission",
        action="append",
        default=[],
        metavar="PATH",
        help="run the checks of every assignment.py on this submission: a folder, an archive, or its files one by one",
    )
    group.addoption(
        "--submission-sandbox", default="", metavar="NAME", help="sandbox of the submission, else the course's"
    )
    group.addoption("--submission-full", action="store_true", help="trainings at full length")
    group.addoption(
        "--submission-data", default="", metavar="PATH", help="where the data sets are, else where the course says"
    )


def pytest_configure(config: pytest.Config) -> None:
    """With a submission, `assignment.py` is a file of tests."""
    if config.getoption("submission"):
        from autograder.pytest_plugin import Plugin

        config.pluginmanager.register(Plugin(config), "autograder-checks")

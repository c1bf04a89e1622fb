"""A class from each kind of download to each format that grades leave in; benchmarks/course.py does it with 300."""

from __future__ import annotations

from pathlib import Path

import pytest
from class_downloads import NAMES, SOURCES, collected, exported, to_nbgrader

from autograder.formats import sources
from autograder.formats.exporters import EXPORTERS

COUNT = len(NAMES)


@pytest.mark.parametrize("source", SOURCES)
def test_a_class_gets_from_each_source_to_each_target(source: str, tmp_path: Path) -> None:
    """Everybody is collected, a second time changes nothing, and each grade stands in its cell and in no other.

    Names are of several languages, and some look like formulas.
    """
    (tmp_path / "download").mkdir()
    download = SOURCES[source](tmp_path / "download", COUNT)
    collected(download, tmp_path / "submissions", COUNT)
    assert set(exported(tmp_path / "submissions", tmp_path, COUNT)) == {*EXPORTERS}


@pytest.mark.long
def test_a_class_gets_from_nbgrader_to_nbgrader(tmp_path: Path) -> None:
    """From its submitted/ into its gradebook, where each student has the score."""
    (tmp_path / "download").mkdir()
    collected(SOURCES["nbgrader"](tmp_path / "download", COUNT), tmp_path / "submissions", COUNT)
    exported(tmp_path / "submissions", tmp_path, COUNT)
    to_nbgrader(tmp_path / "submissions", tmp_path)


def test_every_kind_of_download_is_among_them() -> None:
    """A new source takes its place here."""
    assert {each.name for each in sources.SOURCES} == {name.partition("-")[0] for name in SOURCES}

"""nbgrader's own files, opened by its own library: the course's configuration, and the gradebook."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.checks.errors import UsageError

__all__ = ["course_directory", "opened_gradebook"]

CONFIG = "nbgrader_config.py"


def course_directory(home: Path) -> Any:
    """nbgrader's `CourseDirectory` of a folder: its defaults, and what its `nbgrader_config.py` says.

    Raises:
        UsageError: nbgrader is not installed, or the file is wrong.
    """
    with _quiet():
        try:
            from nbgrader.coursedir import CourseDirectory
        except ImportError as error:
            raise UsageError(
                f"nbgrader cannot be used here: {error}; install it with `pip install 'autograder-ml[nbgrader]'`."
            ) from None
        course = CourseDirectory(config=_config(home))
        if not course.config.CourseDirectory.get("root"):
            course.root = str(home.resolve())
    return course


def _config(home: Path) -> Any:
    from traitlets.config.loader import Config, PyFileConfigLoader

    if not (home / CONFIG).is_file():
        return Config()
    try:
        return PyFileConfigLoader(CONFIG, path=str(home)).load_config()
    except Exception as error:  # noqa: BLE001 (whatever their file raises is about their file)
        raise UsageError(f"{home / CONFIG}: {type(error).__name__}: {error}; correct the file.") from None


@contextmanager
def opened_gradebook(address: str, course_id: str) -> Iterator[Any]:
    """nbgrader's gradebook, made where there is none.

    nbgrader runs the program `alembic` for a new one, after it has made the tables; without it the gradebook would be
    left without a version. That program is often not on PATH; here it is.
    """
    with _quiet(), _alembic_on_path():
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with Gradebook(address, course_id) as gradebook:
                yield gradebook
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split("\n")[0].split()).rstrip(".")
            raise UsageError(
                f"Cannot use the gradebook {address}: {reason}; "
                "if it is an old one, run `nbgrader db upgrade` in its folder."
            ) from None


@contextmanager
def _alembic_on_path() -> Iterator[None]:
    """A program `alembic` of this interpreter comes first on PATH meanwhile."""
    if importlib.util.find_spec("alembic") is None:
        raise UsageError("nbgrader needs alembic for its gradebook; install it: `pip install alembic`.")
    before = os.environ.get("PATH")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "alembic")
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m alembic "$@"\n', "utf-8")
        program.chmod(0o700)
        os.environ["PATH"] = os.pathsep.join([folder, *filter(None, [before])])
        try:
            yield
        finally:
            if before is None:
                del os.environ["PATH"]
            else:
                os.environ["PATH"] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """nbgrader's library warns about what newer versions of what it is built on will do; that is not for our users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

"""Databases for tests of the store: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from postgres_server import postgres_server, why_no_postgres

from autograder.store import sqlite_address


def needed(why_not: str, environ: Mapping[str, str]) -> None:
    """Skip where there is no server, with the reason; where everything has to be tested (CI), that is a failure."""
    if why_not and environ.get("CI"):
        pytest.fail(f"Nothing is known about PostgreSQL: {why_not}")
    if why_not:
        pytest.skip(why_not)


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[str]:
    """The folder of the socket of a running server."""
    needed(why_no_postgres(), os.environ)
    with postgres_server() as folder:
        yield folder


@pytest.fixture
def postgres_address(postgres_folder: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of a running server, which goes with the test."""
    import psycopg

    name = f"t{abs(hash(request.node.nodeid)):x}"
    at = f"host={postgres_folder} user=grader"
    with psycopg.connect(f"{at} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"postgresql://grader@/{name}?host={postgres_folder}"
    with psycopg.connect(f"{at} dbname=postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "sqlalchemy", "postgresql"])
def any_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind: SQLite by Python's library and by SQLAlchemy, and PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_address"))
    return sqlite_address(tmp_path / "grader.db") + ("?timeout=30" if request.param == "sqlalchemy" else "")

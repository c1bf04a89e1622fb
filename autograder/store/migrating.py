"""A database of an earlier version brought to the newest one, by alembic, in one transaction.

Alembic and SQLAlchemy are imported here and nowhere on the way of a database that is up to date. The scripts lie in
`migrations/versions`, one for each version. SQLite and PostgreSQL undo what a transaction did to tables as well as to
rows, so a migration that is killed, or refused because the disk is full, leaves the database as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from autograder.store.any_database import AnyDatabase
from autograder.store.database import Step, no_step
from autograder.store.schema import FIRST, HEAD, version_of

__all__ = ["SCRIPTS", "migrate", "scripts"]

SCRIPTS = Path(__file__).with_name("migrations")
"""The folder of alembic's scripts, without an ``env.py``: what that would say is said here."""


def scripts() -> ScriptDirectory:
    """The scripts as alembic reads them."""
    return ScriptDirectory(str(SCRIPTS))


def migrate(address: str, step: Step = no_step) -> None:
    """Bring the tables of a database to the newest version; nothing is done where another process was first.

    Args:
        address: an SQLAlchemy address.
        step: called before each statement, for tests that stop in between.

    Raises:
        DatabaseError: the database refuses it; it is as it was.
    """
    database = AnyDatabase(address, step)
    try:
        with database.transaction():  # one at a time: another process waits here, and then finds nothing to do
            version = version_of(database)
            if version == HEAD:
                return
            if version == FIRST and "alembic_version" not in database.tables():
                database.change(
                    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
                )
                database.change("INSERT INTO alembic_version (version_num) VALUES (:version)", {"version": FIRST})
            with database.connection() as connection:
                _run(connection)
    finally:
        database.close()


def _run(connection: Connection) -> None:
    """Run what leads to the newest version, in the transaction that the connection has."""
    found = scripts()

    def steps(current: str | tuple[str, ...], _: MigrationContext) -> Iterable[MigrationStep]:
        for script in reversed([*found.iterate_revisions(HEAD, current)]):
            yield MigrationStep.upgrade_from_script(found.revision_map, script)

    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    with Operations.context(context):
        context.run_migrations()

"""Answers that are graded on the page: each change of points and comments with what was there before."""

from __future__ import annotations

from alembic import op

from autograder.store.schema import statements_of

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, and the column that says what `marks.csv` had."""
    connection = op.get_bind()
    for statement in statements_of(revision, connection.dialect.name):
        connection.exec_driver_sql(statement)

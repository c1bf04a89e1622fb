"""The one table of reports, with which the store began; such databases carry no version."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table; no toolkit of today does so, but alembic's chain of versions begins here."""
    op.execute(
        'CREATE TABLE results (id INTEGER NOT NULL, "key" VARCHAR(128) NOT NULL, assignment VARCHAR(255) NOT NULL, '
        "student VARCHAR(255) NOT NULL, finished TIMESTAMP NOT NULL, internal BOOLEAN NOT NULL, report TEXT NOT NULL, "
        "PRIMARY KEY (id))"
    )

"""The tables of the store, by version, and how a database is brought to the newest one.

A new database is made by these statements alone, and whether one is up to date is read by two queries, so that grading
into a file imports neither SQLAlchemy nor alembic. A database of an earlier version is migrated by alembic
(`migrating`), whose scripts run the same statements; the version stands where alembic looks for it.

Times are UTC in ISO 8601. A student's name stands in `students` alone (and in the text of reports), and texts that
people wrote stand in `comments` and `requests` alone: everything else refers to them by number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from autograder.store.database import Database, DatabaseError

__all__ = ["BOOLEANS", "FIRST", "HEAD", "STEPS", "TABLES", "create", "prepare", "statements_of", "version_of"]

FIRST = "0001"
"""The version of databases that have the table `results` and nothing else, no version either."""
HEAD = "0003"
"""The version that this toolkit reads and writes."""

TABLES = (
    "students",
    "assignments",
    "attempts",
    "runs",
    "check_results",
    "artefacts",
    "marks",
    "comments",
    "publications",
    "requests",
    "log",
    "readings",
)
"""All tables of the newest version, in an order in which each refers to earlier ones only."""

BOOLEANS = frozenset({"internal", "hidden", "flagged"})
"""The columns that are true or false, for which SQLite has numbers."""

_ABOUT = (
    "student_id BIGINT NOT NULL REFERENCES students (id), assignment_id BIGINT NOT NULL REFERENCES assignments (id)"
)
_ITEM = f"id {{id}}, {_ABOUT}, question VARCHAR(255) NOT NULL, answer VARCHAR(255) NOT NULL, item TEXT NOT NULL"

_COURSE = (
    "CREATE TABLE students (id {id}, name VARCHAR(255) NOT NULL UNIQUE, forgotten VARCHAR(32))",
    "CREATE TABLE assignments (id {id}, name VARCHAR(255) NOT NULL UNIQUE)",
    f"CREATE TABLE attempts (id {{id}}, {_ABOUT}, sha256 VARCHAR(64) NOT NULL, received VARCHAR(32), "
    "first_run VARCHAR(32) NOT NULL, "
    "UNIQUE (student_id, assignment_id, sha256))",
    "CREATE TABLE runs (id {id}, attempt_id BIGINT NOT NULL REFERENCES attempts (id), "
    "student_id BIGINT NOT NULL REFERENCES students (id), key VARCHAR(128) NOT NULL, finished VARCHAR(32) NOT NULL, "
    "internal BOOLEAN NOT NULL, points {real}, max_points {real}, bonus_points {real}, report TEXT NOT NULL, "
    "UNIQUE (key, student_id))",
    "CREATE INDEX runs_by_attempt ON runs (attempt_id)",
    "CREATE TABLE check_results (run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, "
    "position INTEGER NOT NULL, question VARCHAR(255) NOT NULL, check_id VARCHAR(255) NOT NULL, "
    "hidden BOOLEAN NOT NULL, verdict VARCHAR(32) NOT NULL, points {real} NOT NULL, max_points {real} NOT NULL, "
    "by_hand {real} NOT NULL, seconds {real} NOT NULL, key VARCHAR(128) NOT NULL, PRIMARY KEY (run_id, position))",
    "CREATE INDEX check_results_by_key ON check_results (key)",
    "CREATE TABLE artefacts (id {id}, run_id BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, "
    "check_id VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, sha256 VARCHAR(64) NOT NULL, size BIGINT NOT NULL, "
    "UNIQUE (run_id, check_id, name))",
    "CREATE INDEX artefacts_by_hash ON artefacts (sha256)",
    f"CREATE TABLE marks ({_ITEM}, most {{real}} NOT NULL, points {{real}} NOT NULL, marked VARCHAR(32) NOT NULL, "
    "who VARCHAR(255) NOT NULL, place TEXT NOT NULL, UNIQUE (student_id, assignment_id, answer, item))",
    f"CREATE TABLE comments ({_ITEM}, text TEXT NOT NULL, written VARCHAR(32) NOT NULL, who VARCHAR(255) NOT NULL, "
    "place TEXT NOT NULL)",
    "CREATE INDEX comments_by_item ON comments (student_id, assignment_id, answer)",
    f"CREATE TABLE publications (id {{id}}, {_ABOUT}, run_id BIGINT REFERENCES runs (id) ON DELETE SET NULL, "
    "published VARCHAR(32) NOT NULL, who VARCHAR(255) NOT NULL, points {real}, max_points {real}, "
    "bonus_points {real}, sha256 VARCHAR(64) NOT NULL)",
    "CREATE INDEX publications_by_student ON publications (student_id, assignment_id)",
    f"CREATE TABLE requests (id {{id}}, {_ABOUT}, question VARCHAR(255) NOT NULL, text TEXT NOT NULL, "
    "made VARCHAR(32) NOT NULL, state VARCHAR(16) NOT NULL CHECK (state IN ('open', 'answered', 'closed')), "
    "answer TEXT NOT NULL, changed VARCHAR(32) NOT NULL, who VARCHAR(255) NOT NULL)",
    "CREATE INDEX requests_by_state ON requests (state)",
    "CREATE TABLE log (id {id}, at VARCHAR(32) NOT NULL, who VARCHAR(255) NOT NULL, verb VARCHAR(32) NOT NULL, "
    "student_id BIGINT REFERENCES students (id), assignment_id BIGINT REFERENCES assignments (id), "
    "subject TEXT NOT NULL, before TEXT, after TEXT)",
    "CREATE INDEX log_by_student ON log (student_id)",
)
_APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER log_keeps_{event} BEFORE {event} ON log "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        for event in ("update", "delete")
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'the log is append-only'; END$$",
        "CREATE TRIGGER log_keeps_rows BEFORE UPDATE OR DELETE OR TRUNCATE ON log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log()",
    ),
}
_WORDS = {
    "sqlite": {"id": "INTEGER PRIMARY KEY AUTOINCREMENT", "real": "REAL"},
    "postgresql": {"id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "real": "DOUBLE PRECISION"},
}

Statements = Callable[[str], tuple[str, ...]]


def statements_of(version: str, dialect: str) -> tuple[str, ...]:
    """The statements that lead to a version from the one before it, for ``"sqlite"`` or ``"postgresql"``."""
    return STEPS[version](dialect)


def _course(dialect: str) -> tuple[str, ...]:
    words = _WORDS[dialect]
    made = [each.replace("{id}", words["id"]).replace("{real}", words["real"]) for each in _COURSE]
    return (*made, *_APPEND_ONLY[dialect])


def _readings(dialect: str) -> tuple[str, ...]:
    words = _WORDS[dialect]
    return (
        f"ALTER TABLE marks ADD COLUMN filed {words['real']}",
        f"CREATE TABLE readings (id {words['id']}, {_ABOUT}, answer VARCHAR(255) NOT NULL, revision INTEGER NOT NULL, "
        "undoes INTEGER, flagged BOOLEAN NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, "
        "changed VARCHAR(32) NOT NULL, who VARCHAR(255) NOT NULL, "
        "UNIQUE (student_id, assignment_id, answer, revision))",
        "CREATE INDEX readings_by_answer ON readings (assignment_id, answer)",
    )


STEPS: Mapping[str, Statements] = MappingProxyType({"0002": _course, "0003": _readings})
"""What makes each version of the one before it; what was released is not edited, a new version is added."""


def prepare(database: Database, migrate: Callable[[], None]) -> None:
    """Make the tables of a database that has none, and bring one of an earlier version to the newest.

    Args:
        database: it is open.
        migrate: brings it to the newest version; called only where that is due.

    Raises:
        DatabaseError: it is refused, or was written by a newer toolkit.
    """
    version = version_of(database)
    if version == HEAD:
        return
    if version is None:
        with database.transaction():
            version = version_of(database)  # another one may have been first
            if version is None:
                create(database)
                return
    if version == HEAD:
        return
    if version not in (FIRST, *STEPS):
        raise DatabaseError(
            f"its tables have the version {version}, which a newer autograder writes; this one knows {HEAD} at most",
            "update autograder, or name another database with --db",
        )
    migrate()


def version_of(database: Database) -> str | None:
    """The version of the tables; None where there are none of ours.

    Raises:
        DatabaseError: there is no reading it.
    """
    tables = database.tables()
    if "alembic_version" not in tables:
        return FIRST if "results" in tables else None
    found = database.rows("SELECT version_num FROM alembic_version")
    return str(found[0][0]) if found else None


def create(database: Database) -> None:
    """Make all tables, inside a transaction of the caller's, in a database that has none."""
    database.change(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    for version in STEPS:
        for statement in statements_of(version, database.dialect):
            database.change(statement)
    database.change("INSERT INTO alembic_version (version_num) VALUES (:version)", {"version": HEAD})

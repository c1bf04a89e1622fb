"""The results database: every finished report, kept at once and for good, found again by what it depends on."""

from autograder.store.results import Store, check_address, sqlite_address

__all__ = ["Store", "check_address", "sqlite_address"]

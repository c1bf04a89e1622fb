"""The store: students, attempts, runs, check results, marks, publications, requests, and a log of every change.

`Store` opens a database and keeps reports; queries about the rest are functions of the database that it opened.
"""

from autograder.store.results import Store, check_address, sqlite_address

__all__ = ["Store", "check_address", "sqlite_address"]

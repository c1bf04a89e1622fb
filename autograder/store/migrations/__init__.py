"""Scripts that alembic runs, one for each version of the tables, in `versions`."""

"""Gradescope: the export of the submissions of an assignment."""

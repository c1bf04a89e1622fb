"""Moodle: the download of all submissions of an assignment."""

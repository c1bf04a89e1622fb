"""Courses and files of other graders, one folder each."""

"""A small course: five homeworks as an instructor writes them from the documentation alone."""

from autograder.course import Course

course = Course(
    title="Machine learning, five examples", assignments=("clustering", "attention", "flats", "birds", "levels")
)

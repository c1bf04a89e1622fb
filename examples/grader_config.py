"""A small course: three homeworks as an instructor writes them from the documentation alone."""

from autograder.course import Course

course = Course(title="Machine learning, three examples", assignments=("clustering", "attention", "flats"))

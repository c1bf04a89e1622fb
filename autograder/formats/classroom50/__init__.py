"""Classroom 50: the autograder of an assignment, which writes the result file that its runner reads."""

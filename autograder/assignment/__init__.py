"""What an instructor declares: an assignment, its questions and checks, rubrics, data sets, files that are given."""

"""One module for each back end, named as the back end is (`autograder.backends`)."""

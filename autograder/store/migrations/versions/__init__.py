"""One script for each version of the tables; what was released is not edited."""

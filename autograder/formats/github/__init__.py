"""GitHub: a repository for students whose Actions run the public checks."""

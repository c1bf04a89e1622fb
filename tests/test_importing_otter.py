"""Otter assignments become ours: what is read, what is written, what the points are, and what is refused."""

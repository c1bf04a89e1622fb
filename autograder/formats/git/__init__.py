"""Repositories of git: a folder of clones, or a list of addresses."""

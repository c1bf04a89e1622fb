"""Packages that only some courses need: each belongs to an extra, which a sentence names when one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXTRAS", "missing"]

EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "IPython": "notebooks",
        "PIL": "plots",
        "bleach": "notebooks",
        "cryptography": "cluster",
        "dask": "cluster",
        "distributed": "cluster",
        "kubernetes": "kubernetes",
        "submitit": "slurm",
        "matplotlib": "plots",
        "nbconvert": "notebooks",
        "nbformat": "notebooks",
        "nbgrader": "nbgrader",
        "psycopg": "postgresql",
        "py7zr": "archives",
        "pyarrow": "parquet",
        "requests": "canvas",
        "sklearn": "sklearn",
        "starlette": "review",
        "torch": "torch",
        "traitlets": "notebooks",
        "tree_sitter": "similar",
        "tree_sitter_python": "similar",
        "urllib3": "kubernetes",
        "uvicorn": "review",
        "xlsxwriter": "excel",
    }
)
"""The extra that brings a module, by the module's name (`pip install 'autograder-ml[EXTRA]'`)."""


def missing(error: BaseException, what: str = "this") -> str:
    """The sentence about a failed import of such a package; "" for any other error.

    Args:
        error: what was raised.
        what: what needs the package, such as ``"The sandbox"``.
    """
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name not in EXTRAS:
        return ""
    return f"{what} needs {name}, which is not installed; pip install 'autograder-ml[{EXTRAS[name]}]'"

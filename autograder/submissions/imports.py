"""What the submissions of a class import, so that heavy packages are imported once for all of them.

A forkserver that has a package imported already hands it to every sandbox; otherwise each sandbox of each submission
imports it again, a second or two for torch. The text of the files is looked through up to a bound, and nothing is run.
A submission chooses from the modules of `KNOWN` alone, which all belong to packages that are installed here: nothing
that it brings itself is ever imported outside of a sandbox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from autograder.submissions.records import Submission

__all__ = ["KNOWN", "imported", "to_preload"]

_SKLEARN = (
    "cluster decomposition discriminant_analysis ensemble kernel_approximation linear_model manifold metrics "
    "model_selection naive_bayes neighbors neural_network pipeline preprocessing svm tree"
)
_SCIPY = "io linalg ndimage optimize signal sparse spatial special stats"
KNOWN: Mapping[str, tuple[str, ...]] = {
    "matplotlib": ("matplotlib.pyplot",),
    "pandas": (),
    "PIL": ("PIL.Image",),
    "scipy": tuple(f"scipy.{name}" for name in _SCIPY.split()),
    "seaborn": (),
    "skimage": ("skimage.io", "skimage.transform"),
    "sklearn": tuple(f"sklearn.{name}" for name in _SKLEARN.split()),
    "statsmodels": ("statsmodels.api",),
    "sympy": (),
    "torch": (),
    "torchvision": ("torchvision.transforms",),
}
"""Packages that take long to import and do nothing else then, each with those of its modules that count separately."""

_SUFFIXES = (".py", ".ipynb")
_MOST_FILES = 200
_FILE_BYTES = 1 << 18
_ALL_BYTES = 1 << 21
# A line of a module, or one inside the quotes of a notebook's JSON.
_STATEMENT = re.compile(rb'(?:^|\\n|")[ \t]{0,100}(from|import)[ \t]{1,20}([^\r\n\\"#;]{1,300})', re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][\w.]*")


def to_preload(submissions: Sequence[Submission], already: Iterable[str] = ()) -> dict[str, int]:
    """Modules of `KNOWN` that are installed here, each with the number of submissions that import it.

    Left out is a package of which some submission brings a file or folder of that name, because it means its own.

    Args:
        submissions: staged ones.
        already: what is preloaded anyway.
    """
    own = {path.name.partition(".")[0] for each in submissions for path in _listed(each.folder)}
    counts = Counter(name for each in submissions for name in imported(each))
    left_out = set(already)
    return {
        name: counts[name]
        for name in sorted(counts)
        if name not in left_out and (top := name.partition(".")[0]) not in own and find_spec(top) is not None
    }


def imported(submission: Submission) -> frozenset[str]:
    """Modules of `KNOWN` that stand in import statements of a submission's files."""
    found: set[str] = set()
    for text in _texts(submission.folder):
        for kind, rest in _STATEMENT.findall(text):
            found.update(_known(kind, rest.decode("utf-8", "replace")))
    return frozenset(found)


def _known(kind: bytes, rest: str) -> Iterator[str]:
    """Of ``from sklearn import svm, tree`` the modules ``sklearn``, ``sklearn.svm`` and ``sklearn.tree``."""
    base, _, names = rest.partition(" import ")
    parts = [base.strip()] if kind == b"from" else rest.split(",")
    if kind == b"from":
        parts += [f"{base.strip()}.{each.strip()}" for each in names.strip("( )").split(",") if each.strip()]
    for part in parts:
        name = match[0] if (match := _NAME.match(part.strip())) else ""
        top = name.partition(".")[0]
        if top in KNOWN:
            yield top
            yield from (each for each in KNOWN[top] if name == each or name.startswith(f"{each}."))


def _texts(folder: Path) -> Iterator[bytes]:
    left = _ALL_BYTES
    paths = (path for path in _listed(folder, deep=True) if path.suffix in _SUFFIXES)
    for _, path in zip(range(_MOST_FILES), paths, strict=False):
        try:
            with path.open("rb") as file:
                text = file.read(min(left, _FILE_BYTES))
        except OSError:
            continue
        left -= len(text)
        yield text
        if left <= 0:
            return


def _listed(folder: Path, *, deep: bool = False) -> Iterator[Path]:
    """What a staged folder holds, which is regular files and folders only; nothing where there is none."""
    try:
        yield from sorted(folder.rglob("*") if deep else folder.iterdir())
    except OSError:
        return

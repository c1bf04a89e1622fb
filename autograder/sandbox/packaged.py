"""Data sets that come with installed packages: labels that a submission could look up where it should predict them.

Inside a sandbox they are closed, unless the assignment says `packaged_data=True`. Standard library only: this
is part of the images that containers start from.
"""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable

__all__ = ["COVER", "PACKAGED", "make_covers", "packaged_data", "uses_packaged_data"]

PACKAGED: dict[str, tuple[str, ...]] = {
    "sklearn": ("datasets/data", "datasets/images", "datasets/descr", "datasets/tests"),
    "statsmodels": ("datasets",),
    "seaborn": ("data",),
    "scipy": ("datasets", "misc"),
    "skimage": ("data",),
    "torchvision": ("datasets",),
    "mlxtend": ("data",),
    "vega_datasets": ("_data",),
    "plotly": ("package_data/datasets",),
    "bokeh": ("sampledata",),
    "bokeh_sampledata": ("",),
    "pydataset": ("",),
    "palmerpenguins": ("data",),
    "yellowbrick": ("datasets",),
    "lifelines": ("datasets",),
    "sktime": ("datasets",),
    "aeon": ("datasets",),
    "tslearn": ("datasets", ".cached_datasets"),
    "pmdarima": ("datasets",),
    "river": ("datasets",),
    "shap": ("datasets", "cached_data"),
    "gensim": ("test/test_data",),
    "nltk_data": ("",),
}
"""Per package, the folders below it that hold data sets; "" for all of it. One more line hides one more."""

_ELSEWHERE = ("/usr/share/nltk_data", "/usr/local/share/nltk_data", "/usr/lib/R/library/datasets")
_CODE = (".py", ".pyi", ".pyc", ".pyx", ".pxd", ".so", ".typed", ".build")

COVER = '''"""Stands where a package has its data sets, in sandboxes of assignments that do not allow them."""

raise FileNotFoundError(
    "the data sets that come with installed packages are not available while submissions are graded"
    " (an assignment that needs them says packaged_data=True)"
)
'''

_USES = re.compile(
    r"\bload_(iris|digits|wine|breast_cancer|diabetes|linnerud|sample_images?|boston)\b"
    r"|\b(statsmodels|sm|lifelines|river|sktime|aeon|tslearn|pmdarima|yellowbrick)(\.api)?[. ]+(import +)?datasets\b"
    r"|\b(skimage|mlxtend|plotly|px|bokeh)[. ]+(import +)?(data|sampledata)\b"
    r"|\b(vega_datasets|pydataset|palmerpenguins|nltk\.corpus)\b"
)


def uses_packaged_data(source: str) -> bool:
    """Whether a module or a cell seems to load a data set that comes with a package."""
    return bool(_USES.search(source))


def packaged_data() -> tuple[str, ...]:
    """Every folder and file of data sets of this machine that a sandbox would show, by its real path.

    A folder is one of them where nothing below it is code; else the files in it that are none, so that what a package
    imports stays there.
    """
    roots = {
        os.path.join(home, package, part) for home in _homes() for package, parts in PACKAGED.items() for part in parts
    }
    found: set[str] = set()
    for root in {os.path.realpath(each) for each in (*roots, *_ELSEWHERE) if os.path.isdir(each)}:
        found |= _data_below(root)
    return tuple(sorted(found))


def make_covers(folder: str) -> tuple[str, str]:
    """Make, in a folder of ours, what is shown in place of a folder with data and of a file: their paths."""
    place, file = os.path.join(folder, "covered"), os.path.join(folder, "closed")
    os.mkdir(place)
    with open(os.path.join(place, "__init__.py"), "w", encoding="utf-8") as explained:
        explained.write(COVER)
    os.chmod(os.path.join(place, "__init__.py"), 0o644)
    os.chmod(place, 0o755)  # noqa: S103  (whoever runs inside may read why there is nothing)
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o000))
    os.chmod(file, 0o000)
    return place, file


def _data_below(root: str) -> set[str]:
    code, files, below = False, set[str](), dict[str, set[str]]()
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    below[entry.path] = _data_below(entry.path)
            elif not entry.name.endswith(_CODE):
                files.add(entry.path)
            elif entry.name != "__init__.py" or _does_something(entry.path):
                code = True
    if not code and all(found == {folder} for folder, found in below.items()):
        return {root}
    return files.union(*below.values())


def _does_something(path: str) -> bool:
    with open(path, encoding="utf-8", errors="replace") as file:
        return re.search(r"^\s*(import|from|def|class)\b", file.read(), re.MULTILINE) is not None


def _homes() -> Iterable[str]:
    """Folders of installed packages: this Python's, and those of the system's that are shown as well."""
    found = {entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))}
    for prefix in {sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))} | {
        "/usr",
        "/usr/local",
    }:
        for kind in ("site-packages", "dist-packages"):
            found |= set(glob.glob(f"{prefix}/lib*/python3*/{kind}"))
    return sorted(found)

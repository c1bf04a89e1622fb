"""Data sets that come with installed packages: labels that a submission could look up where it should predict them.

A table names the folders in which packages hold data sets. The tests of any package may hold more (scipy's do: iris
with its labels), and nothing imports them at run time, so that folders of tests with data are closed as a whole; and so
is what is installed for another interpreter, which nothing inside imports. Inside a sandbox they are closed, unless the
assignment says `packaged_data=True`. Standard library only: this is part of the images that containers start from.
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator

__all__ = ["COVER", "PACKAGED", "holds_no_package", "make_covers", "packaged_data", "uses_packaged_data"]

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
_TESTS = frozenset(("test", "tests", "_tests", "test_data", "testdata"))
_HOMES = ("site-packages", "dist-packages")
_PASSED_OVER = ("__pycache__", "include", "node_modules")
_CODE = (".py", ".pyi", ".pyc", ".pyx", ".pxd", ".so", ".typed", ".build")

COVER = '''"""Stands where a package has its data sets, in sandboxes of assignments that do not allow them."""

raise FileNotFoundError(
    "the data sets that come with installed packages are not available while submissions are graded"
    " (an assignment that needs them says packaged_data=True)"
)
'''

_COARSEST = 2_000_000_000  # nanoseconds in which two changes may have the same time

_USES = re.compile(
    r"\bload_(iris|digits|wine|breast_cancer|diabetes|linnerud|sample_images?|boston)\b"
    r"|\b(statsmodels|sm|lifelines|river|sktime|aeon|tslearn|pmdarima|yellowbrick)(\.api)?[. ]+(import +)?datasets\b"
    r"|\b(skimage|mlxtend|plotly|px|bokeh)[. ]+(import +)?(data|sampledata)\b"
    r"|\b(vega_datasets|pydataset|palmerpenguins|nltk\.corpus)\b"
)


def uses_packaged_data(source: str) -> bool:
    """Whether a module or a cell seems to load a data set that comes with a package."""
    return bool(_USES.search(source))


def packaged_data(cache: str = "") -> tuple[str, ...]:
    """Every folder and file of data sets of this machine that a sandbox would show, by its real path.

    A folder of the table is one of them where nothing below it is code; else the files in it that are none, so that
    what a package imports stays there. A folder of tests that holds data is one of them, code or not, unless the
    package that it belongs to imports it. So are all packages of an interpreter other than this one. What lies below
    one of them is left out: each costs a mount per sandbox.

    `cache` is a file of our own user that remembers what was found, and the time and number of every folder and file
    that was read for it; "" for none. Where one of these is another one now, everything is looked for again.
    """
    imported = {os.path.realpath(entry) for entry in sys.path}
    homes = {os.path.realpath(home) for home in _homes()}
    found = {home for home in homes - imported if not any(_is_below(entry, home) for entry in imported)}
    named = {
        os.path.join(home, package, part)
        for home in homes - found
        for package, parts in PACKAGED.items()
        for part in parts
    }
    roots = {os.path.realpath(each) for each in (*named, *_ELSEWHERE) if os.path.isdir(each)}
    about = json.dumps([_state(__file__), sorted(imported), sorted(homes), sorted(roots)])
    if (known := _remembered(cache, about)) is not None:
        return known
    began, read = time.time_ns(), set[str]()
    for root in roots:
        found |= _data_below(root, read)
    for home in homes - found:
        for tests in _tests_below(home, read):
            data = _data_below(tests, read)
            found |= data if not data or _is_imported(tests, read) else {tests}
    outermost = _outermost(found)
    if cache:
        _remember(cache, about, read, outermost, began - _COARSEST)
    return outermost


def _remembered(cache: str, about: str) -> tuple[str, ...] | None:
    """What was found, if nothing has changed since."""
    if not cache:
        return None
    try:
        with open(cache, encoding="utf-8") as file:
            known = json.load(file)
        if known["about"] != about or any(_state(path) != state for path, state in known["read"].items()):
            return None
        return tuple(map(str, known["found"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _remember(cache: str, about: str, read: Iterable[str], found: tuple[str, ...], before: int) -> None:
    """Remember what was found, unless something that was read has changed after a moment, in nanoseconds: it may have
    changed after it was read as well, with the same time. A cache that cannot be written only costs time."""
    states = {path: _state(path) for path in sorted(read)}
    if any(state is None or max(state[:2]) >= before for state in states.values()):
        return
    try:
        os.makedirs(os.path.dirname(cache), mode=0o700, exist_ok=True)
        draft = f"{cache}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump({"about": about, "read": states, "found": found}, file)
        os.replace(draft, cache)
    except OSError:
        return


def _state(path: str) -> list[int] | None:
    """When a folder or file was changed last, and which one it is; None where it is not there."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return [about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_dev]


def holds_no_package(path: str) -> bool:
    """Whether an empty folder can stand in place of a hidden one: no program loads its data by the package's own means,
    so that nobody needs the sentence of `COVER`. An empty one costs a tenth of the mount that shows another folder."""
    name = os.path.basename(path)
    return os.path.isdir(path) and (name in _TESTS or name in _HOMES)


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


def _data_below(root: str, read: set[str]) -> set[str]:
    read.add(root)
    code, files, below = False, set[str](), dict[str, set[str]]()
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    below[entry.path] = _data_below(entry.path, read)
            elif not entry.name.endswith(_CODE):
                files.add(entry.path)
            elif entry.name != "__init__.py" or _does_something(entry.path, read):
                code = True
    if not code and all(found == {folder} for folder, found in below.items()):
        return {root}
    return files.union(*below.values())


def _tests_below(folder: str, read: set[str]) -> Iterator[str]:
    """The outermost folders of tests below a folder."""
    read.add(folder)
    with os.scandir(folder) as entries:
        below = [each for each in entries if each.is_dir(follow_symlinks=False) and each.name not in _PASSED_OVER]
    for entry in below:
        if entry.name in _TESTS:
            yield entry.path
        elif not entry.name.endswith((".dist-info", ".egg-info", ".libs")):
            yield from _tests_below(entry.path, read)


def _is_imported(tests: str, read: set[str]) -> bool:
    """Whether the package around a folder of tests imports it, as astropy does: it is needed when the package is."""
    folder, name = os.path.split(tests)
    imports = rf"^\s*(from|import)\s+[\w.]*\b{name}\b|^\s*from\s+\.\s+import\b.*\b{name}\b"
    path = os.path.join(folder, "__init__.py")
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            read.add(path)
            return re.search(imports, file.read(), re.MULTILINE) is not None
    except FileNotFoundError:
        return False


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}{os.sep}")


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths, sorted, without those that lie below another one."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda each: f"{each}{os.sep}"):
        if not kept or not _is_below(path, kept[-1]):
            kept.append(path)
    return tuple(kept)


def _does_something(path: str, read: set[str]) -> bool:
    read.add(path)
    with open(path, encoding="utf-8", errors="replace") as file:
        return re.search(r"^\s*(import|from|def|class)\b", file.read(), re.MULTILINE) is not None


def _homes() -> Iterable[str]:
    """Folders of installed packages: this Python's, and those of the system's that are shown as well."""
    found = {entry for entry in sys.path if entry.endswith(_HOMES)}
    for prefix in {sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))} | {
        "/usr",
        "/usr/local",
    }:
        for kind in _HOMES:
            found |= set(glob.glob(f"{prefix}/lib*/python3*/{kind}"))
    return sorted(found)

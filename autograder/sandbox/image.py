"""Build the image that containers start from: Python, the modules an assignment preloads, and our worker.

Nothing of an assignment, a reference or a check goes in: the image is public. It can be built on an image of a
registry, on a root file system of one's own, or on this machine's Python alone.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import autograder
from autograder.backends import code_of
from autograder.checks.errors import InstructorError, SandboxError, UsageError
from autograder.checks.wording import reason_of
from autograder.sandbox.engines import last_line

__all__ = ["CONTAINERFILE", "build_image", "default_base", "image_name", "local_rootfs", "requirements", "worker_files"]

CONTAINERFILE = """\
# The sandbox of one assignment: Python, what the assignment preloads, and a worker that answers calls.
ARG BASE
FROM ${BASE}
ARG PYTHON=python3
ARG PIP=""
COPY . /opt/autograder
RUN ["/bin/sh", "-c", "exec \\"$PYTHON\\" -B -s /opt/autograder/setup.py"]
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/opt/autograder/start"]
"""

_SETUP = "worker/image_setup.py"
_ALWAYS = ("numpy", "msgspec")
_LEFT_OUT = ("test", "tests", "idlelib", "turtledemo", "tkinter", "ensurepip", "lib2to3", "__pycache__", "*.a")
_PROGRAMS = ("/bin/sh", "/usr/bin/env")
_PATIENCE_SECONDS = 3600


def image_name(assignment: str) -> str:
    """The name of an assignment's image."""
    return f"localhost/autograder-{assignment.lower()}"


def default_base() -> str:
    """The registry's image with the grader's own version of Python."""
    return f"docker.io/library/python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def requirements(modules: Iterable[str]) -> tuple[str, ...]:
    """The packages that modules come from, at the versions that the grader itself runs with.

    Raises:
        InstructorError: a module that is not installed here.
    """
    known = importlib.metadata.packages_distributions()
    expected = set()
    for module in (*_ALWAYS, *modules):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        if top not in known:
            raise InstructorError(
                f"preload: {module!r} is not installed here, so its package is not known; install it."
            )
        expected.add(known[top][0])
    return tuple(sorted(f"{name}=={importlib.metadata.version(name)}" for name in expected))


def build_image(
    engine: str,
    name: str,
    modules: Sequence[str],
    *,
    base: str = "",
    base_rootfs: Path | None = None,
    python: str = "python3",
    pip: str = "",
    network: str = "",
    runtime: str = "",
) -> str:
    """Build the image and give it a name.

    Args:
        engine: its name, one of `autograder.backends.ENGINES`.
        name: the image's name; see `image_name`.
        modules: what the assignment preloads.
        base: the image to begin with; else `default_base`.
        base_rootfs: a folder or a tar file to begin with instead, where no registry can be reached.
        python: the interpreter inside the base.
        pip: more arguments for ``pip install``, such as ``--index-url ...``.
        network: network of the build, such as ``"host"`` or ``"none"``; else the engine's default.
        runtime: another OCI runtime by name, where the engine takes one for builds.

    Returns:
        The image's name.

    Raises:
        UsageError: there is no such base.
        InstructorError: a module that is not installed here.
        SandboxError: the engine failed; its own words are in the sentence.
    """
    expected = requirements(modules)
    if base_rootfs is not None:
        base = _imported(engine, base_rootfs, f"{name}-base")
    program, special = code_of(engine).ENGINE.build(runtime)
    with tempfile.TemporaryDirectory(prefix="autograder-image-") as folder:
        context = Path(folder)
        write_context(context, modules, expected)
        arguments = ["--file", str(context / "Containerfile"), "--tag", name]
        arguments += ["--build-arg", f"BASE={base or default_base()}", "--build-arg", f"PYTHON={python}"]
        arguments += ["--build-arg", f"PIP={pip}", *(["--network", network] if network else []), *_lowered()]
        arguments += ["--force-rm", *special]  # leave nothing half done
        _must([*program, "build", *arguments, str(context)], f"The image {name} could not be built")
    return name


def worker_files() -> tuple[str, ...]:
    """All of the toolkit that is in an image: the worker, and every module that it imports, in turn.

    Returns:
        Paths inside the package `autograder`, sorted.
    """
    home = Path(autograder.__file__).parent
    found: set[Path] = set()
    waiting = [home / "__init__.py", *(path for path in (home / "worker").glob("*.py") if path != home / _SETUP)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [each for each in _imported_files(path, home) if each not in found]
    return tuple(sorted(path.relative_to(home).as_posix() for path in found))


def _imported_files(path: Path, home: Path) -> Iterator[Path]:
    """The files of the toolkit that a module imports when it runs, with the packages that they lie in."""
    package = path.parent.relative_to(home.parent).parts
    for node in _run_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == home.name:
                for number in range(1, len(parts) + 1):
                    inner = home.parent.joinpath(*parts[:number])
                    yield from (each for each in (inner / "__init__.py", inner.with_suffix(".py")) if each.is_file())


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, but for what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield child
            yield from _run_nodes(child)


def write_context(context: Path, modules: Iterable[str], expected: Iterable[str]) -> None:
    """Write what the engine builds an image from."""
    source = Path(autograder.__file__).parent
    for each in worker_files():
        target = context / "autograder" / each
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / each, target)
    (context / "Containerfile").write_text(CONTAINERFILE)
    shutil.copyfile(source / _SETUP, context / "setup.py")
    (context / "requirements.txt").write_text("\n".join(expected) + "\n")
    (context / "modules.txt").write_text("\n".join((*_ALWAYS, *modules)) + "\n")
    (context / ".dockerignore").write_text("Containerfile\n.dockerignore\n")


def _lowered() -> list[str]:
    """Engines ask for more open files and processes than some machines may give."""
    files, processes = (resource.getrlimit(which)[1] for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    most = [number if number >= 0 else 65536 for number in (files, processes)]
    return ["--ulimit", f"nofile={min(most[0], 65536)}", "--ulimit", f"nproc={min(most[1], 16384)}"]


def _imported(engine: str, rootfs: Path, name: str) -> str:
    """A folder or a tar file as an image."""
    if rootfs.is_dir():
        with subprocess.Popen(["tar", "--directory", str(rootfs), "--create", "."], stdout=subprocess.PIPE) as tar:
            _must([engine, "import", "-", name], f"{rootfs} could not be made an image", stdin=tar.stdout)
        if tar.returncode:
            raise SandboxError(f"{rootfs} could not be read as a whole; read it as the user who made it.")
    elif rootfs.is_file():
        _must([engine, "import", str(rootfs), name], f"{rootfs} could not be made an image")
    else:
        raise UsageError(f"--base-rootfs: there is no folder or tar file {rootfs}.")
    return name


def _must(command: Sequence[str], failure: str, stdin: object = subprocess.DEVNULL) -> str:
    try:
        tried = subprocess.run(
            command,
            stdin=stdin,  # type: ignore[call-overload]
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_SECONDS,
        )
    except OSError as error:
        raise UsageError(f"{failure}: {reason_of(error)}: {command[0]}.") from None
    if tried.returncode:
        said = _reason(f"{tried.stdout}\n{tried.stderr}") or command[0]
        raise SandboxError(f"{failure}: {said}")
    return str(tried.stdout)


def _reason(text: str) -> str:
    """The last errors that a build printed: pip's or Python's own, and the engine's."""
    errors = [line.strip() for line in text.splitlines() if re.match(r"\s*(ERROR|Error|\w*Error)\b", line)]
    return "; ".join(list(dict.fromkeys(errors))[-3:])[-1000:] or last_line(text)


# --- a root file system from this machine ---


def local_rootfs(folder: Path, modules: Iterable[str]) -> str:
    """Write a small root file system: this Python at its own path, the packages of modules, and what they link to.

    Args:
        folder: must not exist yet.
        modules: as in `requirements`; what their packages require comes along.

    Returns:
        The path of the interpreter inside.

    Raises:
        InstructorError: a module that is not installed here.
    """
    library = Path(sysconfig.get_path("stdlib"))
    interpreter = Path(os.path.realpath(sys.executable))
    left_out = shutil.ignore_patterns(*_LEFT_OUT, "site-packages", "dist-packages")
    _copy_tree(library, folder, left_out)
    site = _under(folder, library) / "site-packages"
    sources = _package_files(each.partition("==")[0] for each in requirements(modules))
    for source, place in sources:
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, site / place)
    programs = [Path(each) for each in _PROGRAMS] + [interpreter]
    objects = [path for path in _under(folder, library).rglob("*.so*") if path.is_file()]
    for source in (*programs, *_linked([*objects, *programs])):
        target = _under(folder, source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for name in ("tmp", "proc", "dev", "sys", "etc", "run", "submission", "files"):
        (folder / name).mkdir(exist_ok=True)
    for parent in (_under(folder, library), *_under(folder, library).parents):
        if parent.is_relative_to(folder):
            parent.chmod(0o755)
    return str(interpreter)


def _under(folder: Path, path: Path) -> Path:
    return folder / path.relative_to("/")


def _copy_tree(source: Path, folder: Path, left_out: object) -> None:
    shutil.copytree(source, _under(folder, source), symlinks=True, ignore=left_out)  # type: ignore[arg-type]


def _package_files(names: Iterable[str]) -> list[tuple[Path, Path]]:
    """Files of packages and of all that they require, with their places in site-packages."""
    files, waiting, seen = [], list(names), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        waiting += [re.split(r"[^\w.-]", each)[0] for each in found.requires or () if "extra ==" not in each]
        for each in found.files or ():
            source = Path(str(found.locate_file(each)))
            if ".." not in each.parts and not {"tests", "__pycache__"} & set(each.parts) and source.is_file():
                files.append((source, Path(*each.parts)))
    return files


def _linked(objects: Sequence[Path]) -> list[Path]:
    """The system's libraries that programs and libraries load."""
    said = subprocess.run(["ldd", *map(str, objects)], capture_output=True, text=True, check=False).stdout
    found = {Path(each) for each in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE)}
    own = {path.resolve() for path in objects}
    return sorted(path for path in found if path.resolve() not in own)

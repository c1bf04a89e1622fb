"""Images for tests of containers: this machine's own Python, no network needed."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
from pathlib import Path

from platformdirs import user_cache_dir

import autograder
from autograder.sandbox.engines import run
from autograder.sandbox.image import build_image, local_rootfs, requirements, worker_files
from autograder.sandbox.oci import why_not_oci

__all__ = ["DATA", "made_image"]

DATA = "vega_datasets/_data/cars.json"
HOME = Path(autograder.__file__).parent


def made_image(engine: str) -> str:
    """An image of this machine's own Python, built once and kept until something in it changes.

    A made-up package in it comes with a data set.
    """
    cache = Path(user_cache_dir("autograder"))
    cache.mkdir(parents=True, exist_ok=True)
    sources = [HOME / each for each in (*worker_files(), "worker/image_setup.py", "sandbox/image.py")]
    parts = [DATA, sys.version, *requirements(()), *(path.read_text() for path in sources)]
    name = f"localhost/autograder-tests-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:16]}"
    with (cache / f"image-{engine}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if why_not_oci(engine, name):
            remove_images(engine)
            rootfs = cache / f"rootfs-{engine}"
            shutil.rmtree(rootfs, ignore_errors=True)
            python = local_rootfs(rootfs, ["numpy"])
            (site,) = rootfs.rglob("site-packages")
            for file, text in ((DATA, "[1, 2]"), (DATA.replace("_data/cars.json", "__init__.py"), "import json")):
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).write_text(text)
            build_image(engine, name, ["numpy"], base_rootfs=rootfs, python=python, network="none")
            shutil.rmtree(rootfs)
    return name


def remove_images(engine: str) -> None:
    """The images of earlier versions of the tests."""
    listed = run([engine, "images", "--format", "{{.Repository}}"]).stdout.split()
    for name in {each for each in listed if each.startswith("localhost/autograder-tests-")}:
        run([engine, "rmi", "--force", name])

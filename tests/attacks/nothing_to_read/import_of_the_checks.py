"""Imports the grader's own modules and asks them for the assignment."""

import sys

from kit import FOLDERS, SECRETS, breach, look_for_secrets

sys.path += [*FOLDERS, *{path.rsplit("/", 1)[0] for path in SECRETS}]
for name in ("assignment", "hidden", "grader_config", "autograder.loader", "autograder.store"):
    try:
        look_for_secrets(open(__import__(name).__file__).read(), name)
    except Exception:
        continue
    if name == "autograder.loader":
        for folder in FOLDERS:
            try:
                sys.modules[name].load(__import__("pathlib").Path(folder), "target")
                breach(f"the assignment was loaded from {folder}")
            except BaseException:
                pass

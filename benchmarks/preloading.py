"""What it saves to import once what the submissions of a class import: seconds with and without, in one run.

Each submission imports torch in a file of an assignment that preloads numpy alone, and has two questions, so two
sandboxes.

    python benchmarks/preloading.py               # 10 submissions, once each way; half a minute
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from autograder.grading import RunOptions, grade
from autograder.loader import load
from autograder.sandbox import start
from autograder.submissions import Submission, to_preload

QUESTION = """
{id} = assignment.question("Double {id}", id="{id}", solution="double")

@{id}.check(points=1)
def doubles_{id}(student):
    \"\"\"Twice three is six, in question {id}.\"\"\"
    same(student.double(3), 6)
"""
ASSIGNMENT = """
from autograder import Assignment, Limits
from autograder.checks import same

assignment = Assignment("Doubling", files=["hw.py"], limits=Limits(wall_seconds=60, cpu_seconds=60))
""" + "".join(QUESTION.format(id=name) for name in "ab")
REFERENCE = """\"\"\"Doubling.\"\"\"


def double(x):
    \"\"\"Twice x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
"""
SUBMISSION = "import torch\n\ndef double(x):\n    return int(torch.tensor(x) * 2)\n"


def main() -> None:
    """Grade the class both ways and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=10)
    count = parser.parse_args().submissions
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for name, text in (("assignments/hw/assignment.py", ASSIGNMENT), ("reference/hw/hw.py", REFERENCE)):
            (root / name).parent.mkdir(parents=True)
            (root / name).write_text(text)
        (root / "assignments/hw/handout.md").write_text("# Doubling\n")
        loaded, everyone = load(root, "hw"), []
        for number in range(count):
            folder = root / "staged" / f"student{number}"
            folder.mkdir(parents=True)
            (folder / "hw.py").write_text(SUBMISSION)
            everyone.append(Submission(folder.name, folder, str(number)))
        root.chmod(0o755)
        began = time.perf_counter()
        found = to_preload(everyone, loaded.assignment.preload)
        print(f"Found {', '.join(found)} in {1000 * (time.perf_counter() - began):.1f} ms.")
        for title, foreseen in (("imported in each sandbox", ()), ("imported once", tuple(found))):
            began = time.perf_counter()
            with start("auto", preload=loaded.assignment.preload, foreseen=foreseen) as sandbox:
                ready = time.perf_counter() - began
                for submission in everyone:
                    report = grade(loaded, submission, sandbox, None, RunOptions("benchmark"))
                    assert report.points == 2, report
            print(f"{count} submissions, torch {title}: {time.perf_counter() - began:.1f} s ({ready:.1f} s to start)")


if __name__ == "__main__":
    main()

"""How long the pages of `autograder review` take at the server: `python benchmarks/review.py [--students 1000]`.

A class whose reports have 20 checks and a written answer each, put into a SQLite file. Each page is asked for several
times through the whole application, without a network: opening the database, the queries and drawing are in it. A
change is on disk when its answer comes. Exit code 1: a page takes more than 200 ms of CPU time, or a change more than
50 ms (the clock depends on what else runs).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from samples import check, question, report

from autograder.assignment.rubric import RubricItem
from autograder.results import Verdict
from autograder.review.access import Access
from autograder.review.app import application
from autograder.review.page import Review
from autograder.store import Store, sqlite_address
from autograder.store.readings import reading_of

RUBRIC = {"why": (RubricItem("names the cause", 3.0, "cause"), RubricItem("gives an example", 2.0, "example"))}
CHECKS = 20
MOST_PAGE, MOST_CHANGE = 0.2, 0.05


def fill(path: Path, students: int) -> None:
    """The class."""
    with Store(sqlite_address(path)) as store:
        for number in range(students):
            checks = [check(f"check{n}", Verdict.FAILED if (number + n) % 3 else Verdict.PASSED) for n in range(CHECKS)]
            text = f"Answer {number % (students // 2)}: " + "because the exponential of 1000 overflows. " * 10
            why = replace(check("why", Verdict.MANUAL, points=0), by_hand=5.0, answer=text)
            store.keep(report(f"student{number:04}", question("a", *checks, why), key=f"k{number}"))


async def timed(what: str, ask: Callable[[], Awaitable[httpx.Response]], rounds: int, most: float) -> bool:
    """Print what an answer takes; whether its median CPU time is within what it may."""
    clocks, cpus, size = [], [], 0
    for _ in range(rounds):
        clock, cpu = time.perf_counter(), time.process_time()
        answer = await ask()
        clocks.append(time.perf_counter() - clock)
        cpus.append(time.process_time() - cpu)
        assert answer.status_code in (200, 303), answer.text
        size = len(answer.content)
    median = statistics.median(cpus)
    print(
        f"{what:<28} {1000 * min(cpus):6.1f} ms CPU at least, {1000 * median:6.1f} median, "
        f"{1000 * statistics.median(clocks):6.1f} ms on the clock, {size / 1000:6.0f} kB   at most {1000 * most:.0f} ms"
    )
    return median <= most


async def measured(path: Path, rounds: int) -> bool:
    """Ask for each page."""
    access = Access("token", 8765)
    app = application(Review(sqlite_address(path), access, "kim", lambda _: RUBRIC))
    headers = {"cookie": f"{access.cookie}=token", "accept": "application/json"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765", headers=headers) as client:
        pages = {
            "course": "/",
            "assignment": "/assignments/tiny",
            "assignment, by points": "/assignments/tiny?sort=points&order=down&search=9",
            "submission": "/assignments/tiny/students/7",
            "answer": "/assignments/tiny/answers/why/7",
        }
        good = [
            await timed(what, lambda address=address: client.get(address), rounds, MOST_PAGE)
            for what, address in pages.items()
        ]
        with Store(sqlite_address(path)) as store:
            free = reading_of(store.database, "tiny", "student0000", "why").stamp
        good.append(await timed("change", changes(client, access, free), rounds, MOST_CHANGE))
    return all(good)


def changes(client: httpx.AsyncClient, access: Access, free: str) -> Callable[[], Awaitable[httpx.Response]]:
    """Asks for a change of one student after the other, none of whom was graded before."""
    students = iter(range(1, 1_000_000))

    def ask() -> Awaitable[httpx.Response]:
        form = {"key": access.form_key, "stamp": free, "points-0": "3", "points-1": "0", "action": "save"}
        return client.post(f"/assignments/tiny/answers/why/{next(students)}", data=form)

    return ask


def main() -> None:
    """Make the class, and ask."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=11)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        path = Path(folder) / "grader.db"
        fill(path, given.students)
        print(f"{given.students:,} students, {CHECKS} checks and a written answer each")
        sys.exit(not asyncio.run(measured(path, given.rounds)))


if __name__ == "__main__":
    main()

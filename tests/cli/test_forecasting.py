"""`autograder grade --forecast`, `--budget` and `--jobs` on the command line."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module

import pytest
from command_line import refused, run, run_here
from nbgrader_course import handed_in
from nbgrader_course import make_course as make_nbgrader
from tiny_course import RIGHT, WRONG, hand_in, make_course


@pytest.mark.long
def test_a_forecast_is_printed_and_nothing_is_graded(tmp_path):
    """One line from the reference's run; where everything is graded already, that is said."""
    root = make_course(tmp_path / "course")
    files = hand_in(tmp_path / "handed in", ann=RIGHT, ben=WRONG)
    words = ["grade", "tiny", files, "--out", tmp_path / "out", "--course", root]
    said = run(*words, "--forecast", cwd=root)
    assert "Forecast: 2 submissions in 1 job need about" in said.stdout
    assert "from the reference's run." in said.stdout
    assert not (tmp_path / "out" / "reports").exists()
    assert not (tmp_path / "out" / "grader.db").exists()
    graded = run(*words, cwd=root)
    assert "Used:           " in graded.stdout
    assert " MiB of memory for one submission\n" in graded.stdout
    assert (
        "Forecast: every submission is graded already; nothing will be run."
        in run(*words, "--forecast", cwd=root).stdout
    )


def test_a_budget_is_a_number_of_seconds(tmp_path):
    """What is none is refused before anything is read."""
    done = run_here("grade", "tiny", tmp_path, "--out", tmp_path / "out", "--budget", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "'0' is no number from 0.1 to 2,000,000." in " ".join(done.stderr.split())


def test_a_budget_is_not_for_nbgrader_s_courses(tmp_path):
    """Their notebooks run as a whole, under the limits of their own."""
    course = make_nbgrader(tmp_path, {"ann": handed_in()})
    done = run_here("grade", "hw1", "--course", course, "--out", tmp_path / "out", "--budget", "10", cwd=tmp_path)
    refused(done, "--budget is for assignments of our own; leave it out for nbgrader's.")


def test_idle_jobs_that_threads_leave_no_processor_for_are_ended(tmp_path, monkeypatch):
    """They are forked before the assignment is read, which says how many threads each job may use."""
    root = make_course(tmp_path / "course")
    files = hand_in(tmp_path / "in", ann=RIGHT, ben=RIGHT, cem=RIGHT, dan=RIGHT)
    ended, forked, left = [], [], []

    class Waiting:
        def end(self):
            ended.append(self)

    @contextmanager
    def idle_jobs(count, _strangers=()):
        forked.extend(Waiting() for _ in range(count))
        yield [*forked]

    def grade_class(*_, idle, jobs, **__):
        left.append((len(idle), jobs))
        raise KeyboardInterrupt

    command = import_module("autograder.cli.grade")
    monkeypatch.setattr(command, "idle_jobs", idle_jobs)
    monkeypatch.setattr(command, "grade_class", grade_class)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    words = ("--jobs", 0, "--limit", "threads=8", "--course", root)
    run_here("grade", "tiny", files, "--out", tmp_path / "out", *words, cwd=root)
    assert (len(forked), len(ended), left) == (4, 2, [(2, 2)])

"""Read submissions for a comparison, in a process apart and under limits: their text may be made to break a parser.

The process is `autograder.notebooks.reading_process.Reader`: a child for each submission gives up files, network and
other processes before it looks at the text, runs nothing of it, and returns numbers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import numpy as np

from autograder.checks.errors import SandboxError, StudentError
from autograder.checks.local.kit import OURS
from autograder.checks.local.limited_process import CRASHES, stopped_by_cpu_limit
from autograder.checks.local.notebook_code import is_notebook
from autograder.checks.wording import reason_of
from autograder.insight.similarity.fragments import Fragments, Token, fragments_of, tokens_of
from autograder.notebooks.reading import read
from autograder.notebooks.reading_process import Ended, Reader, serve
from autograder.notebooks.source import source_of

__all__ = ["CPU_SECONDS", "LARGEST", "MEMORY_MIB", "Sample", "code_in", "read_samples", "serve_texts"]

CPU_SECONDS = 5
"""What reading the code of one submission may take; an ordinary one takes some hundredths of a second."""
MEMORY_MIB = 512
LARGEST = 1 << 20
"""Bytes of code of one submission that are read; notebooks may be larger by their outputs, up to eight times that."""
_COMMAND = "from autograder.insight.similarity.reading import serve_texts; serve_texts()"
_TRIES = 2

Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One submission as it is compared.

    `texts` are its files' names and code, in which only ``\\n`` ends a line; a notebook's is that of its code cells.
    `file` and `line`, both (n,), say where each of its n tokens stands: which of `texts`, and the line, counted from 1.
    `problem` says in a sentence why it was not read, or is "".
    """

    name: str
    texts: tuple[tuple[str, str], ...] = ()
    fragments: Fragments = field(default_factory=lambda: fragments_of(()))
    file: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    line: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    problem: str = ""


class _Answer(msgspec.Struct, frozen=True):
    texts: tuple[tuple[str, str], ...]
    numbers: bytes
    places: bytes
    file: bytes
    line: bytes
    problem: str = ""


def code_in(folder: Path) -> dict[str, bytes]:
    """The modules and notebooks below a folder, by their path there, without the student kit's; links are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix in (".py", ".ipynb") and name.parts[0] not in OURS and path.is_file() and not path.is_symlink():
            found[str(name)] = path.read_bytes()
    return found


def read_samples(asked: Sequence[tuple[str, Mapping[str, bytes]]], jobs: int = 0) -> tuple[Sample, ...]:
    """Read submissions, several at a time.

    Args:
        asked: name and files of each.
        jobs: processes; 0 for one on each processor.

    Raises:
        SandboxError: no process could be started, or was ended twice by something other than its own limits.
    """
    count = min(jobs or len(os.sched_getaffinity(0)), max(len(asked), 1))
    readers = [Reader(_COMMAND) for _ in range(count)]
    free: SimpleQueue[Reader] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def one(each: tuple[str, Mapping[str, bytes]]) -> Sample:
        reader = free.get()
        try:
            return _read(*each, reader)
        finally:
            free.put(reader)

    try:
        with ThreadPoolExecutor(count) as threads:
            return tuple(threads.map(one, asked))
    finally:
        for reader in readers:
            reader.close()


def _read(name: str, files: Mapping[str, bytes], reader: Reader) -> Sample:
    if not files:
        return Sample(name, problem="No code was handed in.")
    if sum(len(data) for file, data in files.items() if not is_notebook(file)) > LARGEST:
        return Sample(name, problem=f"More than {LARGEST >> 10:,} KiB of code.")
    if sum(map(len, files.values())) > 8 * LARGEST:
        return Sample(name, problem=f"More than {LARGEST >> 7:,} KiB of notebooks.")
    fault = ""
    for attempt in range(_TRIES):
        try:
            ended = reader.ask(msgspec.msgpack.encode(dict(files)), CPU_SECONDS, MEMORY_MIB)
        except OSError as error:
            fault = reason_of(error)
            continue
        if problem := _too_much(ended, last=attempt == _TRIES - 1):
            return Sample(name, problem=problem)
        if not (ended.signal or ended.code):
            return _sample(name, msgspec.msgpack.decode(ended.text, type=_Answer))
        fault = f"signal {ended.signal}, exit code {ended.code}, {ended.text.decode(errors='replace')[-300:]}"
    raise SandboxError(f"The code of {name} could not be read, by no fault of its author: {fault}.")


def _too_much(ended: Ended, *, last: bool) -> str:
    """The sentence about a text that takes more than it may; "" for another end."""
    if stopped_by_cpu_limit(ended.signal):
        return f"Reading it takes more than {CPU_SECONDS} s."
    if ended.code and ended.peak_mib > MEMORY_MIB / 2:
        return f"Reading it takes more than {MEMORY_MIB} MiB."
    return "It breaks the parser." if last and ended.signal in CRASHES else ""


def _sample(name: str, answer: _Answer) -> Sample:
    fragments = Fragments(np.frombuffer(answer.numbers, np.uint64), np.frombuffer(answer.places, np.int64))
    file, line = np.frombuffer(answer.file, np.int64), np.frombuffer(answer.line, np.int64)
    return Sample(name, answer.texts, fragments, file, line, answer.problem)


# The process's side.


def serve_texts() -> None:
    """Answer questions from standard input: files of a submission to its fragments."""
    _answered(msgspec.msgpack.encode({"a.py": b"def f(x):\n    return x + 1\n", "b.ipynb": _NOTEBOOK}))  # imports all
    serve(_answered)


_NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}], "nbformat": 4}'


def _answered(question: bytes) -> bytes:
    files = msgspec.msgpack.decode(question, type=dict[str, bytes])
    texts: list[tuple[str, str]] = []
    tokens: list[Token] = []
    file: list[int] = []
    problem = ""
    for name, content in files.items():
        try:
            text = source_of(read(content, name)).text if is_notebook(name) else content.decode("utf-8", "replace")
        except StudentError as error:
            problem = problem or error.message
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n")  # as Python does; the parser counts the latter alone
        parts = 1 + max((each.part for each in tokens), default=0)
        found = tokens_of(text.encode("utf-8", "replace"))
        tokens += [Token(each.text, each.line, each.part + parts) for each in found]
        file += [len(texts)] * len(found)
        texts.append((name, text.encode("utf-8", "replace").decode()))
    fragments = fragments_of(tokens)
    lines = np.array([each.line for each in tokens], np.int64)
    answer = _Answer(
        tuple(texts),
        fragments.numbers.tobytes(),
        fragments.places.tobytes(),
        np.array(file, np.int64).tobytes(),
        lines.tobytes(),
        "" if texts else problem,
    )
    return msgspec.msgpack.encode(answer)

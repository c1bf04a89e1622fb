"""The last look before a release is written: no line of a solution, none of a hidden check, and no model answer.

Words of a model answer are looked for in the rubric that students read, and anywhere else in what they get. They are
compared without their endings, and without words such as "the". What the question itself says gives nothing away: its
titles, its part of the handout, and what stands above the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from autograder.assignment.rubric import Place, RubricItem, Written
from autograder.checks.errors import InstructorError
from autograder.loader import Loaded
from autograder.markers import regions, text_lines
from autograder.notebooks import read
from autograder.notebooks.markdown import ANSWER, answer_under, headings, solved_lines, text_stub

__all__ = [
    "Secret",
    "Secrets",
    "bare",
    "lines_of",
    "numbers",
    "refuse_leaks",
    "refuse_model_answers",
    "solution_lines",
    "telling",
]

_FEWEST_TOKENS = 4
_SHORTEST = 12
_DOES_SOMETHING = frozenset("([=+-*/@%<>&|^~")
_MANY_DIGITS = 5
_NUMBER = re.compile(r"(?<![\w.])\d*\.\d+(?:[eE][-+]?\d+)?(?![\w.]*\w)")
_WORD = re.compile(r"[^\W\d]\w*")
_COMMENT = re.compile(r"\s+#[^'\"]*$")
_WRITTEN = ("", ".cfg", ".html", ".ini", ".ipynb", ".md", ".py", ".rst", ".tex", ".toml", ".txt")
_BEGINNING = 1 << 13
_LONGEST_DATA = 1 << 20  # of text in which lines of code are looked for
_MARKER = re.compile(r"#+ ?(BEGIN|END) SOLUTION.*")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a line that must not be released stands, and what it is: ``"the solution"`` or ``"a hidden check"``."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that must not be released, each with where it comes from.

    `lines` are bare; `words` are names of hidden checks, `numbers` expected values with many digits, `contents` whole
    files that only staff have.
    """

    lines: Mapping[str, Secret]
    words: Mapping[str, Secret] = field(default_factory=dict)
    numbers: Mapping[float, Secret] = field(default_factory=dict)
    contents: Mapping[bytes, Secret] = field(default_factory=dict)


def telling(line: str) -> bool:
    """Whether a line says enough to give something away: it calls, computes or assigns; ``return a, b`` does not."""
    text = line.strip()
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return len(text) >= _SHORTEST and len(tokens) >= _FEWEST_TOKENS and bool(_DOES_SOMETHING.intersection(tokens))


def bare(line: str) -> str:
    """A line without its indentation and without a comment behind its code."""
    text = line.strip()
    code = _COMMENT.sub("", text)
    return code or text


def solution_lines(sources: Mapping[str, str]) -> tuple[dict[str, Secret], frozenset[str]]:
    """The telling lines of all solution regions, bare, without those that are given elsewhere; and the given lines."""
    secret: dict[str, Secret] = {}
    given: set[str] = set()
    for file, source in sources.items():
        found = regions(source, file)
        for number, line in enumerate(text_lines(source), start=1):
            code = bare(line)
            if any(region.solves(number) for region in found):
                if telling(code) and not _MARKER.fullmatch(code):
                    secret.setdefault(code, Secret(file, number, "the solution"))
            else:
                given.add(code)
    return {line: where for line, where in secret.items() if line not in given}, frozenset(given)


def numbers(text: str) -> set[float]:
    """The numbers of a text that nobody writes by chance: with a point and five digits that count, or more."""
    return {float(found) for found in _NUMBER.findall(text) if len(_digits(found)) >= _MANY_DIGITS}


def refuse_leaks(files: Mapping[str, bytes], secrets: Secrets) -> None:
    """Look for what is secret in the files of a release, in the cells of notebooks, too.

    Comments behind code are not compared: with or without its comment a line tells the same.

    Args:
        files: path in the release to content.
        secrets: what to look for.

    Raises:
        InstructorError: something was found; the sentence names both places.
    """
    for path, content in files.items():
        if where := secrets.contents.get(content):
            raise InstructorError(f"{path} of the release is {where.what} ({where.file}); leave it out of extra_files.")
    for path, number, line in _lines(files):
        where = secrets.lines.get(line) or secrets.lines.get(bare(line))
        if where:
            raise InstructorError(
                f"{path}:{number} of the release would show a line of {where.what} "
                f"({where.file}:{where.line}): {line}  Rewrite one of them."
            )
        words = [secrets.words[word] for word in _WORD.findall(line) if word in secrets.words]
        found = numbers(line) if _is_written(path) else ()  # among many numbers of data, one is there by chance
        values = [secrets.numbers[value] for value in found if value in secrets.numbers]
        for where in (*words, *values):
            raise InstructorError(
                f"{path}:{number} of the release would show {where.what} ({where.file}:{where.line}): {line}  "
                "Take it out."
            )


def _is_written(path: str) -> bool:
    """Whether this is a file that people write and read, and no data."""
    return PurePosixPath(path).suffix.lower() in _WRITTEN


def _digits(number: str) -> str:
    return re.sub(r"[eE].*", "", number).replace(".", "").strip("0")


def _lines(files: Mapping[str, bytes]) -> Iterable[tuple[str, int, str]]:
    for path, content in files.items():
        if not _is_written(path) and (b"\0" in content[:_BEGINNING] or len(content) > _LONGEST_DATA):
            continue
        for number, line in enumerate(lines_of(path, content), start=1):
            yield path, number, line.strip()


def lines_of(path: str, content: bytes) -> list[str]:
    """The lines of a file of a release as students read them; of a notebook, all that its cells hold."""
    text = content.decode("utf-8", errors="replace")
    return _of_notebook(text) if path.endswith(".ipynb") else text.splitlines()


def _of_notebook(text: str) -> list[str]:
    """All lines that the cells of a notebook hold, outputs included; of what is no notebook, its own."""
    try:
        found = list(_texts(json.loads(text)))
    except ValueError:
        return text.splitlines()
    return "".join(each if each.endswith("\n") else f"{each}\n" for each in found).splitlines()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))


# --- model answers ---

_IN_A_ROW = 5
"""So many words in a row come from the answer, and not by chance."""
_FEWEST = 3
"""So many words of an item at least come from the answer, and not by chance; all of them where it has fewer."""
_SAME_SENTENCE = 0.6
_NEW_WORDS = 0.5
_WORD_OR_END = re.compile(r"(?P<word>[^\W\d_]{2,})|(?P<end>[.!?;:](?=\s|$)|\n[ \t]*\n)|(?P<line>\n)")
_ENDINGS = ("ingly", "edly", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "ly")
_SHORTEST_STEM = 3
_COMMON = frozenset(
    """
    a about after all also an and any are as at be because been before behind beside between both but by can could
    did do does each every few for from had has have he her here his how if in into is it its just least less may
    might more most must no nor not of on one only or other others our out over same she should so some such than
    that the their them then there these they this those three to too two under until up very was we were what when
    where whether which while who why will with would you your
    """.split()  # noqa: SIM905  (a list of a hundred words is a page)
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word without its ending, as it is `written`, in which line, and in which sentence, both counted from 1."""

    stem: str
    written: str
    line: int
    sentence: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """The model answer of a question: its words, the words of the question itself, and where it stands."""

    asked: Written
    place: str
    words: tuple[_Word, ...]
    known: tuple[_Word, ...]


def refuse_model_answers(files: Mapping[str, bytes], handout: str, loaded: Loaded, quoted: Iterable[str]) -> None:
    """Look for words of model answers in what students would read.

    An item of a rubric gives the answer away where most of its words (at least three) stand in one sentence of the
    answer, or half of them (at least three, or all that it has) are words of the answer that the question does not say.
    In any other text five words in a row do, unless the
    handout has them as well: answers may quote it.

    Args:
        files: path in the release to content.
        handout: the text of handout.md.
        loaded: the assignment with its reference.
        quoted: paths of files that are not looked at, such as data.

    Raises:
        InstructorError: something was found; the sentence names both places.
    """
    answers = [answer for written in loaded.assignment.written for answer in _answers(written, handout, loaded)]
    for answer in answers:
        for item in answer.asked.rubric:
            _refuse_item(item, answer)
    left_out = {"handout.md", *quoted}
    secret: dict[tuple[str, ...], tuple[_Answer, int]] = {}
    for answer in answers:
        quoted_rows = {*_rows(answer.known), *_rows(_words(handout))}
        secret |= {row: (answer, at) for row, at in _rows(answer.words).items() if row not in quoted_rows}
    for path, content in files.items() if secret else ():
        if path in left_out:
            continue
        words = _words("\n".join(lines_of(path, content)))
        for row, first in _rows(words).items():
            if row in secret:
                text = " ".join(each.written for each in words[first : first + _IN_A_ROW])
                answer, at = secret[row]
                line = answer.words[at].line
                raise InstructorError(
                    f"{path}:{words[first].line} of the release would show words of the model answer of "
                    f"{answer.asked.id!r} ({answer.place}:{line}): {text}  Rewrite one of them."
                )


def _refuse_item(item: RubricItem, answer: _Answer) -> None:
    words = {word.stem: word.written for word in _words(item.student)}
    best, line = _closest(words, answer.words)
    there = {word.stem for word in answer.words}
    known = {word.stem for word in answer.known}
    new = [stem for stem in words if stem in there and stem not in known]
    as_a_sentence = len(best) >= max(_FEWEST, _SAME_SENTENCE * len(words))
    as_a_sentence = as_a_sentence and len(best) > len(_closest(words, answer.known)[0])
    enough = min(len(words), max(_FEWEST, _NEW_WORDS * len(words)))
    if not words or (not as_a_sentence and len(new) < enough):
        return
    text = ", ".join(words[stem] for stem in (best if as_a_sentence else new))
    if not as_a_sentence:
        line = next(word.line for word in answer.words if word.stem in new)
    raise InstructorError(
        f"The rubric of {answer.asked.id!r} tells students the model answer ({answer.place}:{line}): "
        f"{item.student!r} shares with it {text}. Give students other words, such as "
        f'Item({item.points:g}, student="says why").'
    )


def _closest(words: Iterable[str], text: Iterable[_Word]) -> tuple[list[str], int]:
    """Those of some words that one sentence of a text has, where it has most; and the line in which it begins."""
    sentences: dict[int, list[_Word]] = {}
    for word in text:
        sentences.setdefault(word.sentence, []).append(word)
    found = [([stem for stem in words if any(stem == word.stem for word in each)], each[0].line)
             for each in sentences.values()]  # fmt: skip
    return max(found, key=lambda each: len(each[0]), default=([], 0))


def _answers(written: Written, handout: str, loaded: Loaded) -> Iterator[_Answer]:
    """What the reference holds in each place of a written answer that is text."""
    question = next(each for each in loaded.assignment.questions if each.id == written.question)
    about = answer_under(handout, question.id, handout) or ""
    for place in written.places:
        if place.is_pdf:
            continue
        part, above, file, offset = _part(place, loaded)
        solved = dict(solved_lines(part, file))
        stub = text_stub(part, file).replace(ANSWER, "")
        known = "\n\n".join((written.title, question.title, above, stub, about))
        lines = (solved.get(number, "") for number in range(1, max(solved, default=0) + 1))
        yield _Answer(written, file, tuple(_words("\n".join(lines), offset)), tuple(_words(known)))


def _part(place: Place, loaded: Loaded) -> tuple[str, str, str, int]:
    """The text in which a model answer stands, the heading above it, the file's name, and the lines in front of it."""
    content = (loaded.reference_folder / place.file).read_bytes()
    if place.is_cell:
        for number, cell in enumerate(read(content, place.file).cells, start=1):
            names = [name for each in headings(cell.source) for name in each.names]
            if cell.kind != "code" and place.name in (*names, *cell.tags, cell.id, cell.role and cell.role.grade_id):
                return cell.source, "", f"{place.file}, cell {number}", 0
        return "", "", place.file, 0
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    for heading in headings(text):
        if place.name and place.name in heading.names:
            below = text.split("\n")[heading.line :]
            blank = next((count for count, line in enumerate(below) if line.strip()), 0)
            return answer_under(text, place.name, text) or "", heading.text, place.file, heading.line + blank
    return text, "", place.file, 0


def _words(text: str, offset: int = 0) -> list[_Word]:
    """The words of a text that say something; `offset` is the number of lines in front of it."""
    found = []
    line, sentence = offset + 1, 1
    for match in _WORD_OR_END.finditer(text):
        if match["end"]:
            sentence += 1
        elif match["word"] and match["word"].lower() not in _COMMON:
            found.append(_Word(_stem(match["word"].lower()), match["word"], line, sentence))
        line += match[0].count("\n")
    return found


def _stem(word: str) -> str:
    """The word without endings of English, one behind the other: "differed" is "differ", and that "diff"."""
    ending = next((each for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= _SHORTEST_STEM), "")
    if ending:
        return _stem(word.removesuffix(ending))
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


def _rows(words: Sequence[_Word]) -> dict[tuple[str, ...], int]:
    """Every row of words in a text, by their stems; and the place of its first."""
    stems = [word.stem for word in words]
    return {tuple(stems[at : at + _IN_A_ROW]): at for at in reversed(range(len(stems) - _IN_A_ROW + 1))}

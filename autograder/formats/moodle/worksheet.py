"""Moodle: the grading worksheet that was downloaded, with the grades filled, and a zip file of feedback.



Moodle splits the name of a folder at its underscores into name, number of the participant, type and name of the plugin
that files were handed in by; so a name must have none. Files whose names begin with a dot or a tilde are passed over.
The archive is made of the same bytes each time.

Every header is in the language of whoever downloaded it, and so are yes and no. `mod_assign` always writes the columns
in one order: the identifier (a word and a number), the full name unless grading is blind, what identifies people on
this site, the status, perhaps group and marker, the grade, its maximum or scale, perhaps the workflow's state, whether
the grade can be changed, times and feedback. So columns are found by the words that are known here (a language that is
missing needs no entry where its columns are recognised otherwise), and those around the grade by what is in them. What
identifies a student is found by known words alone: a wrong column would give a student the grade of another.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of
from autograder.formats.class_grades import (
    CHANGEABLE,
    COLUMN,
    INTO,
    MISSING,
    SCALE,
    ClassGrades,
    Exporter,
    Grade,
    Request,
    Written,
)
from autograder.formats.filled_table import Table, number_of, read_table
from autograder.formats.filling import PLATFORM, Column, Line, fill, place, written_file
from autograder.formats.moodle.download import is_hidden
from autograder.reports.files import write_bytes
from autograder.reports.pages import Heading, student_page
from autograder.settings import near
from autograder.submissions.term import folded

__all__ = ["EXPORTER", "folder_name"]

FULL_NAME = frozenset({
    "full name", "vollständiger name", "nom complet", "nombre completo", "nome completo", "volledige naam",
    "pełna nazwa", "imię i nazwisko", "полное имя", "שם מלא", "الاسم الكامل", "fullständigt namn", "koko nimi",
    "fulde navn", "fullt navn", "celé jméno", "teljes név", "ad\u0131 soyad\u0131", "全名", "フルネーム", "성명",
    "nom", "nombre", "nome", "name", "cognome / nome", "nombre / apellido(s)", "vorname / nachname",
    "first name / last name",
})  # fmt: skip

GRADE = frozenset({
    "grade", "bewertung", "note", "calificación", "nota", "valutazione", "cijfer", "beoordeling", "ocena", "оценка",
    "ציון", "الدرجة", "درجة", "betyg", "arvosana", "karakter", "známka", "osztályzat", "pont", "not", "成绩", "成績",
    "評点", "评分", "성적", "avaliação", "punkte",
})  # fmt: skip

IDENTITIES = frozenset({
    "email address", "email", "e-mail", "e-mail address", "e-mails", "mail", "e-mail-adresse", "e-mailadresse",
    "e-mailadres", "adresse de courriel", "adresse électronique", "courriel", "adresse e-mail", "adresse email",
    "dirección de correo", "correo electrónico", "correo", "dirección email", "dirección de correo electrónico",
    "endereço de e-mail", "endereço de email", "correio eletrónico", "indirizzo email", "indirizzo e-mail",
    "adres e-mail", "adres email", "adres poczty elektronicznej", "адрес электронной почты", "эл. почта",
    "דואר אלקטרוני", "כתובת דואר אלקטרוני", "כתובת דוא\"ל", "عنوان البريد الإلكتروني", "البريد الإلكتروني",
    "e-postadress", "e-post", "epost", "e-postadresse", "sähköpostiosoite", "sähköposti", "e-mailová adresa",
    "e-mail cím", "e-mail-cím", "email cím", "e-posta adresi", "e-posta", "helbide elektronikoa", "电子邮件地址",
    "电邮地址", "メールアドレス", "이메일", "이메일 주소",
    "username", "user name", "login", "anmeldename", "benutzername", "nom d'utilisateur", "nom d\u2019utilisateur",
    "nombre de usuario", "usuario", "nome de utilizador", "identificação de usuário", "nome de usuário",
    "nome utente", "username (login)", "gebruikersnaam", "nazwa użytkownika", "логин", "имя пользователя", "שם משתמש",
    "اسم المستخدم", "användarnamn", "käyttäjätunnus", "brugernavn", "brukernavn", "uživatelské jméno",
    "felhasználónév", "kullan\u0131c\u0131 ad\u0131", "erabiltzaile-izena", "用户名", "ユーザ名", "사용자 아이디",
    "id number", "student id", "student number", "sid", "matrikelnummer", "matriculation number", "id-nummer",
    "numéro d'identification", "numéro d\u2019identification", "número de id", "número de identificação", "numero id",
    "numero di matricola", "matricola", "matrícula", "numer id", "numer albumu", "индивидуальный номер", "מספר זהות",
    "מספר זיהוי", "رقم التعريف", "رقم الهوية", "id-numero", "opiskelijanumero", "identifikační číslo",
    "azonosító szám", "kimlik numaras\u0131", "id zenbakia", "学号", "idナンバー", "학번",
})  # fmt: skip
"""Headers of e-mail addresses, user names and numbers of students, whose cells say whose line it is."""

MAXIMUM = frozenset({
    "maximum grade", "max grade", "bestwertung", "höchstbewertung", "note maximale", "calificación máxima",
    "puntuación máxima", "nota máxima", "valutazione massima", "voto massimo", "maximumcijfer", "maximale beoordeling",
    "ocena maksymalna", "maksymalna ocena", "максимальная оценка", "ציון מירבי", "ציון מרבי",
    "الدرجة العظمى", "الدرجة القصوى",
    "maxbetyg", "maksimiarvosana", "maksimal karakter", "maksimumkarakter", "nejvyšší známka", "maximális pontszám",
    "en yüksek not", "最高分", "最大成绩", "最大評点", "최고 성적",
})  # fmt: skip

SCALE_HEADERS = frozenset({
    "scale", "skala", "bewertungsskala", "barème", "escala", "scala", "schaal", "шкала", "סולם", "סולם הערכה", "مقياس",
    "المقياس", "asteikko", "škála", "skála", "ölçek", "等级", "評価尺度",
})  # fmt: skip

CHANGEABLE_HEADERS = frozenset({
    "grade can be changed", "bewertung kann geändert werden", "la note peut être modifiée",
    "la calificación puede ser cambiada", "la calificación puede cambiarse", "se puede cambiar la calificación",
    "a nota pode ser alterada", "la valutazione può essere modificata", "cijfer kan gewijzigd worden",
    "ocenę można zmienić", "оценка может быть изменена", "ניתן לשנות את הציון", "הציון ניתן לשינוי",
    "يمكن تغيير الدرجة", "not değiştirilebilir", "kalifikazioa alda daiteke", "允许更改成绩", "betyget kan ändras",
})  # fmt: skip

GROUP = frozenset({
    "group", "gruppe", "groupe", "grupo", "gruppo", "groep", "grupa", "группа", "קבוצה", "المجموعة", "grupp", "ryhmä",
    "skupina", "csoport", "grup", "小组", "グループ", "모둠",
})  # fmt: skip

YES = frozenset({
    "yes", "ja", "oui", "sí", "si", "sì", "sim", "tak", "да", "כן", "نعم", "kyllä", "ano", "igen", "evet", "bai", "是",
    "はい", "예",
})  # fmt: skip

NO = frozenset({
    "no", "nein", "non", "não", "nee", "nie", "нет", "לא", "لا", "nej", "nei", "ei", "ne", "nem", "hay\u0131r", "ez",
    "否", "いいえ", "아니오",
})  # fmt: skip


_FILE = "feedback.html"
_FORBIDDEN = re.compile(r'[\\/:*?"<>|&\x00-\x1f\x7f_]+')
_LONGEST = 150  # bytes of a name; the whole path has to fit into what file systems and zip programs take
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def folder_name(name: str, participant: str) -> str:
    """The folder of a participant, as Moodle's own download calls it.

    Examples:
        >>> folder_name("Ada_Lovelace", "1234567")
        'Ada Lovelace_1234567_assignsubmission_file'
    """
    clean = " ".join(_FORBIDDEN.sub(" ", name).split()).strip(".~ ")
    while len(clean.encode("utf-8", "replace")) > _LONGEST:
        clean = clean[:-1]
    return f"{clean or 'Participant'}_{participant}_assignsubmission_file"


def write_feedback(path: Path, pages: Mapping[tuple[str, str], Path | str | None]) -> tuple[Path, ...]:
    """Pack the page of each participant; returns the archive, or nothing where there are no pages.

    Args:
        path: of the archive.
        pages: the file or the content, by name and number of the participant.

    Raises:
        UsageError: a page cannot be read, or the archive cannot be written.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for (name, participant), page in sorted(pages.items(), key=lambda each: int(each[0][1])):
            if page is None:
                continue
            info = zipfile.ZipInfo(f"{folder_name(name, participant)}/{_FILE}", _EARLIEST)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            try:
                archive.writestr(info, page.encode("utf-8", "replace") if isinstance(page, str) else page.read_bytes())
            except OSError as error:
                raise UsageError(f"{page} cannot be read: {reason_of(error)}; grade again.") from None
        found = archive.namelist()
    if not found:
        return ()
    write_bytes(path, made.getvalue())
    return (path,)


_IDENTIFIER = re.compile(r"\D*?(?P<id>\d+)\s*")
_KEY = re.compile(r"(?P<name>.*)_(?P<id>\d+)", re.DOTALL)
_HOW = "In Moodle: the assignment, View all submissions, Grading action, Download grading worksheet."


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand; -1 for what is not there. `identities` are the columns that hold an id of a student."""

    grade: int
    maximum: int
    changeable: int
    name: int
    group: int
    identities: tuple[int, ...]


def _write(grades: ClassGrades, request: Request) -> Written:
    assert request.into is not None
    table = read_table(request.into)
    rows = range(1, len(table.rows))
    if not rows or not all(_IDENTIFIER.fullmatch(table.rows[row][0]) for row in rows):
        raise UsageError(
            f"{request.into} is no grading worksheet of Moodle: its first column does not hold numbers of "
            f"participants. {_HOW}"
        )
    found = _columns(table, request)
    yes = _yes(table, found.changeable, request)
    signs = [each for each in (found.grade, found.maximum) if each >= 0]
    column = Column(found.grade, table.rows[0][found.grade], table.decimal_sign(signs), capped=True)
    lines = [_line(table, found, row, yes) for row in rows]
    placed = place(lines, grades.grades, "moodle", _ids_of)
    filled = fill(table, column, lines, placed, request, grades.ungraded)
    written = written_file(request, filled)
    folders = {
        _folder(table, found, row): _page(grades, grade)
        for row, grade in placed.grades.items()
        if grade.page is not None and grade.points is not None
    }
    feedback = write_feedback(request.to / "feedback.zip", folders)
    return Written((*written.files, *feedback), written.sentences, written.incomplete)


def _page(grades: ClassGrades, grade: Grade) -> Path | str | None:
    """The feedback page; once the grades are published, one that shows all that publication shows."""
    if not grade.published:
        return grade.page
    return student_page(grade.report, Heading(grades.course, grades.title), grades.moment_of(grade), grade.requests)


def _ids_of(key: str) -> tuple[str, ...]:
    """What a download's key, ``Full name_1234567``, says about who is meant.

    The number of a team is no participant's, so it counts only together with the name; where names are hidden, alone.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return ()
    return (match["id"],) if is_hidden(match["name"]) else (_id_and_name(match["id"], match["name"]),)


def _id_and_name(participant: str, name: str) -> str:
    return f"{participant} {folded(name.replace('_', ' '))}"


def _columns(table: Table, request: Request) -> _Columns:
    head = [" ".join(cell.casefold().split()) for cell in table.rows[0]]
    if any(each in SCALE_HEADERS for each in head):
        raise UsageError(f"{table.path.name} is about an assignment that is graded on a scale; points cannot go there.")
    grade = _grade(table, head, request)
    maximum = _first(head, MAXIMUM, after=grade)
    if maximum < 0 and _is_constant(table, grade + 1):
        maximum = grade + 1
    changeable = _first(head, CHANGEABLE_HEADERS, after=grade)
    if changeable < 0:
        changeable = _changeable(table, max(grade, maximum), request.changeable.casefold())
    name = _first(head, FULL_NAME)
    if name < 0 and grade > 2 and len({*_values(table, 1)}) > 1:
        name = 1  # with hidden names, this is the status, of which there are few
    group = _first(head, GROUP)
    # known headers alone: others, such as the marker's, may hold the id of a student whose line it is not
    identities = tuple(each for each in range(1, grade) if head[each] in IDENTITIES and each != name)
    return _Columns(grade, maximum, changeable, name, group, identities)


def _grade(table: Table, head: Sequence[str], request: Request) -> int:
    """The column of grades: the one that was named, else that with a known header, else the one before the maximum.

    Raises:
        UsageError: there is no such column, or it is not recognised.
    """
    named = " ".join(request.column.casefold().split())
    if named:
        if named in head:
            return head.index(named)
        raise UsageError(
            f"--column: there is no column {request.column!r} in {table.path.name}; "
            f"{near(request.column, list(table.rows[0]))}"
        )
    known = [at for at, each in enumerate(head) if each in GRADE]
    if len(known) == 1:
        return known[0]
    before = [at for at in range(1, len(head) - 1) if _is_constant(table, at + 1) and _is_numbers(table, at)]
    if len(before) == 1 and not known:
        return before[0]
    listed = ", ".join(repr(cell) for cell in table.rows[0])
    raise UsageError(f"Which column of {table.path.name} holds the grades? Name it with --column: {listed}.")


def _first(head: Sequence[str], words: frozenset[str], after: int = -1) -> int:
    return next((at for at in range(after + 1, len(head)) if head[at] in words), -1)


def _values(table: Table, column: int) -> Iterator[str]:
    return (row[column].strip() if column < len(row) else "" for row in table.rows[1:])


def _is_constant(table: Table, column: int) -> bool:
    """Whether every line has the same positive number there, as the maximum is."""
    values = {*_values(table, column)}
    return len(values) == 1 and (number_of(values.pop()) or 0) > 0


def _is_numbers(table: Table, column: int) -> bool:
    return all(value in ("", "-") or number_of(value) is not None for value in _values(table, column))


def _changeable(table: Table, after: int, yes: str) -> int:
    """The first column behind with a known yes or no in every line, or with the word that was named."""
    for column in range(after + 1, len(table.rows[0])):
        values = {value.casefold() for value in _values(table, column)}
        if values <= YES | NO or yes in values - {""}:
            return column
    return -1


def _yes(table: Table, column: int, request: Request) -> frozenset[str]:
    """The words for yes in that column.

    Raises:
        UsageError: it holds a word that is neither, or there is no such column.
    """
    values = {value.casefold() for value in _values(table, column)} if column >= 0 else set()
    word = request.changeable.casefold()
    if word:
        if word not in values:
            raise UsageError(f"--changeable: no column of {table.path.name} says {request.changeable!r}.")
        return frozenset({word})
    if not values:
        raise UsageError(
            f"{table.path.name} has no column in a known language that says which grades can be changed; name its word "
            "for yes with --changeable."
        )
    if unknown := sorted(values - YES - NO):
        raise UsageError(
            f"The column {table.rows[0][column]!r} of {table.path.name} says {unknown[0]!r}, which is neither a known "
            "yes nor a known no; name its word for yes with --changeable."
        )
    return YES


def _line(table: Table, found: _Columns, row: int, yes: frozenset[str]) -> Line:
    cells = table.rows[row]

    def cell(column: int) -> str:
        return cells[column].strip() if 0 <= column < len(cells) else ""

    participant, name = _participant(table, row), cell(found.name)
    ids = [(PLATFORM, participant), (PLATFORM, _id_and_name(participant, name))]
    ids += [(table.rows[0][at], cell(at)) for at in found.identities if cell(at)]
    kept = "" if cell(found.changeable).casefold() in yes else "Moodle says that the grade cannot be changed"
    most = number_of(cell(found.maximum))
    return Line(row, name or cells[0], tuple(ids), (name,) if name else (), cell(found.group), kept, most)


def _participant(table: Table, row: int) -> str:
    match = _IDENTIFIER.fullmatch(table.rows[row][0])
    assert match is not None
    return match["id"]


def _folder(table: Table, found: _Columns, row: int) -> tuple[str, str]:
    """Name and number of a participant, for the name of a folder."""
    name = table.rows[row][found.name] if found.name >= 0 else "Participant"
    return name, _participant(table, row)


EXPORTER = Exporter(
    """Fill Moodle's grading worksheet, and pack the feedback.

    FILE is what Download grading worksheet gave, in any language. Only its grades are filled, and the result is
    uploaded by Upload grading worksheet; feedback.zip beside it by Upload multiple feedback files in a zip.
    Participants are found by their number (in what was collected from Moodle), by e-mail or another id in the file,
    then by name; who is not found, or whose grade cannot be changed, is listed and left as it is. Exit code 1: somebody
    was not found.

    Example: autograder export moodle graded --into Grades-ML101-Backprop-4711.csv --scale""",
    _write,
    frozenset({INTO, COLUMN, SCALE, MISSING, CHANGEABLE}),
    _HOW,
)

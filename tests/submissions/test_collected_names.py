"""Names in odd encodings, rosters of every sort, and which file is meant."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from downloads import tarred, zipped
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.errors import InstructorError, UsageError
from autograder.submissions import Recogniser
from autograder.submissions.expected_files import Placed, place
from autograder.submissions.file_trees import open_tree
from autograder.submissions.folders import Unfit
from autograder.submissions.names import name_in_zip, readable
from autograder.submissions.records import Caps, Contents
from autograder.submissions.term import Person, Roster, read_roster


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ("Müller.py", "Müller.py"),
        ("Mu\u0308ller.py", "Müller.py"),
        ("MÃ¼ller.py", "Müller.py"),
        ("M├╝ller.py", "Müller.py"),
        ("M#U00fcller.py", "Müller.py"),
        ("M%C3%BCller.py", "Müller.py"),
        ("my%20file.py", "my file.py"),
        ("M\udcfcller.py", "Müller.py"),
        ("משה.py".encode().decode("latin-1"), "משה.py"),
        ("\u202bמשה\u202c.py", "משה.py"),
        ("100%.py", "100%.py"),
        ("a%2Fb.py", "a%2Fb.py"),
    ],
)
def test_names_are_read_again(odd, expected) -> None:
    """What can be undone without doubt is undone; nothing becomes another path."""
    assert readable(odd) == expected


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_reading_a_name_again_is_done_once(name) -> None:
    """A readable name is left alone, and no name gets more parts."""
    once = readable(name)
    assert readable(once) == once or not once.isascii() or "%" in once or "#U" in once
    assert once.count("/") <= name.count("/") + name.count("#U")


def test_names_in_zip_files_that_do_not_say_their_encoding() -> None:
    """UTF-8 without its flag is read as UTF-8, and a header with the right name goes before."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("xMuellerxxxx.py", "1")
    data = made.getvalue().replace(b"xMuellerxxxx.py", "xMüllerxxxxx".encode()[:12] + b".py")
    (info,) = zipfile.ZipFile(io.BytesIO(data)).infolist()

    assert name_in_zip(info) == "xMüllerxxxx.py"


def place_files(files: dict[str, bytes | str], *expected: str, defines: dict | None = None, **answers: str) -> Placed:
    """Place files by their paths."""
    contents = Contents(Caps())
    for name, data in files.items():
        contents.files[tuple(name.split("/"))] = data.encode() if isinstance(data, str) else data
    recogniser = Recogniser(defines or {}, accept=True)
    said = {name.replace("__", "."): answer for name, answer in answers.items()}
    return place(contents, expected or ("tiny.py",), recogniser=recogniser, answers=said)


def shown(placed: Placed) -> dict[str, str]:
    """What lies where, and what it was."""
    return {"/".join(path): "/".join(was) for path, was in placed.origins.items()}


@pytest.mark.parametrize("name", ["tiny.py", "tiny (1).py", "Tiny.py", "tiny-2.py", "tiny - Copy.py", "tiny.py.txt"])
def test_a_name_that_can_mean_one_file_only_is_repaired(name) -> None:
    """Whatever browsers and platforms did to the name, the file gets the right one, with a note."""
    placed = place_files({f"hw/{name}": "x", "hw/helper.py": "y"})

    assert shown(placed) == {"tiny.py": f"hw/{name}", "helper.py": "hw/helper.py"}
    assert not placed.questions
    assert placed.notes


def test_copies_are_one_file() -> None:
    """The same content twice is no question."""
    placed = place_files({"a/tiny.py": "x", "b/tiny.py": "x"})
    assert shown(placed) == {"tiny.py": "a/tiny.py", "b/tiny.py": "b/tiny.py"}
    assert placed.notes[0] == "a/tiny.py is there more than once, with the same content (b/tiny.py)."


def test_different_files_of_one_name_are_a_question() -> None:
    """Which of two is meant is never guessed; the outermost one is meant, where there is just one."""
    assert place_files({"a/tiny.py": "x", "b/tiny.py": "y"}).questions[0].candidates == ("a/tiny.py", "b/tiny.py")
    assert shown(place_files({"tiny.py": "x", "old/tiny.py": "y"}))["tiny.py"] == "tiny.py"


def test_the_stub_is_not_taken_for_the_solution() -> None:
    """A copy of what was handed out does not make the solution ambiguous."""
    contents = Contents(Caps(), files={("a", "tiny.py"): b"stub\n\n", ("b", "tiny.py"): b"solved"})
    placed = place(contents, ("tiny.py",), recogniser=Recogniser({}, stubs={"tiny.py": "stub\n"}))
    assert placed.files[("tiny.py",)] == b"solved"
    assert "a/tiny.py was not looked at, because it is as it was handed out." in placed.notes


def test_files_of_several_folders_come_together() -> None:
    """Each file that is asked for is found where it is, with what lies beside it."""
    placed = place_files({"1/a.py": "x", "2/b.py": "y", "2/data.csv": "z"}, "a.py", "b.py")
    assert shown(placed) == {"a.py": "1/a.py", "b.py": "2/b.py", "data.csv": "2/data.csv"}


def test_a_file_is_known_by_what_it_defines() -> None:
    """Of several modules, the one that defines the names is meant; helpers beside what was found are no question."""
    defines = {"tiny.py": ("double", "halve")}
    both = "def double(x): ...\ndef halve(x): ...\n"
    assert shown(place_files({"final.py": both, "util.py": "x = 1"}, defines=defines))["tiny.py"] == "final.py"
    placed = place_files({"a.py": "x", "util.py": "x = 1"}, "a.py", "tiny.py", defines=defines)
    assert not placed.questions
    assert placed.notes == ["tiny.py is missing."]


def test_archives_in_archives_are_opened() -> None:
    """Where files are missing without, archives are opened, three deep; one that is damaged is said."""
    inner = zipped({"tiny.py": "x", "__MACOSX/._tiny.py": "", ".DS_Store": "", "~$tiny.docx": ""})
    placed = place_files({"hw.zip": zipped({"hw.tar.gz": tarred({"deep.zip": inner})})})
    assert placed.files == {("tiny.py",): b"x"}
    assert "Left by a system or program, and not taken: .DS_Store, __MACOSX/._tiny.py, ~$tiny.docx." in placed.notes
    placed = place_files({"hw.zip": b"PK nonsense"})
    assert any("hw.zip is damaged" in note for note in placed.notes)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_an_archive_that_unpacks_to_too_much_is_not_read(tmp_path, ending) -> None:
    """Sizes are counted while reading, whatever the archive says."""
    files = {f"{number}.bin": b"\0" * 2**20 for number in range(6)}
    data = zipped(files) if ending == "zip" else tarred(files, "w" if ending == "tar" else "w:gz")
    (tmp_path / f"a.{ending}").write_bytes(data)
    caps = Caps(file_mib=0.5, submission_mib=1, entries=100)
    if ending == "zip":
        with open_tree(tmp_path / "a.zip", caps) as tree, pytest.raises(Unfit, match="is larger than 0.5 MiB"):
            next(iter(tree.files.values())).read(caps.file_bytes)
    else:
        with pytest.raises(Unfit, match="unpacks to more than 4 MiB"), open_tree(tmp_path / f"a.{ending}", caps):
            pass


def test_too_many_entries_are_refused(tmp_path) -> None:
    """The number of files of a download is limited."""
    (tmp_path / "a.zip").write_bytes(zipped({f"{number}.txt": "" for number in range(50)}))
    with pytest.raises(Unfit, match="holds more than 20 files"), open_tree(tmp_path / "a.zip", Caps(entries=20)):
        pass


def test_a_7z_file_needs_its_extra(tmp_path, monkeypatch) -> None:
    """Without py7zr, a sentence says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    with (
        pytest.raises(UsageError, match=r"A 7z file needs py7zr.*autograder-ml\[archives\]"),
        open_tree(tmp_path / "a.7z"),
    ):
        pass


def roster_of(tmp_path: Path, text: str | bytes) -> Roster:
    """A roster of that text."""
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


@pytest.mark.parametrize(
    "text",
    [
        "id,name,e-mails,section,group,aliases\nada,Ada Lovelace,a@x.org; ada@y.org,1,A,lovelace\n",
        "\ufeffID;Vorname;Nachname;E-Mail-Adresse;Gruppe\r\nada;Ada;Lovelace;a@x.org;A\r\n",
        "Student\tID\tSection\n    Points Possible\t\t\nLovelace, Ada\tada\t1\n",
        "id,name\nada,Ada Lovelace\n".encode("utf-16"),
    ],
)
def test_rosters_of_several_sorts(tmp_path, text) -> None:
    """Commas, semicolons and tabs, several languages, and a gradebook of Canvas are read."""
    roster = roster_of(tmp_path, text)
    assert [person.id for person in roster.find((), ("ada lovelace",))] == ["ada"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("colour,size\nred,1\n", "roster.csv:1: the roster has no column for an id"),
        ("id,name\nada,Ada\nada,Bob\n", "roster.csv:3: the id 'ada' is on the roster twice"),
        ("id,name\n,Ada\n", "roster.csv:2: this line of the roster has no id"),
        ("id,name\n", "names nobody"),
    ],
)
def test_what_is_wrong_with_a_roster_is_said(tmp_path, text, sentence) -> None:
    """One sentence, with the line."""
    with pytest.raises(InstructorError, match=sentence):
        roster_of(tmp_path, text)


def test_a_roster_that_is_not_there(tmp_path) -> None:
    """A wrong path is one sentence."""
    with pytest.raises(UsageError, match="The roster .* cannot be read"):
        read_roster(tmp_path / "none.csv")


@pytest.mark.parametrize("written", ["Bob Ross", "Ross, Bob", "rossbob", "BOB  ROSS", "bob@x.org", "b0b", "ross_bob"])
def test_people_are_found_however_they_are_written(written) -> None:
    """Order, case, spaces, e-mails and aliases lead to the same person."""
    roster = Roster((Person("17", "Bob Ross", ("bob@x.org",), aliases=("b0b",)), Person("18", "Ross Bobson")))
    assert [person.id for person in roster.find((written,), (written,))] == ["17"]


def test_one_name_of_two_people_is_not_decided() -> None:
    """Both are given, and names that only look alike are no match."""
    roster = Roster((Person("1", "Jürgen Groß"), Person("2", "Jurgen Gross"), Person("3", "משה כהן")))
    assert [person.id for person in roster.find((), ("Jürgen Groß",))] == ["1", "2"]
    assert roster.find((), ("Jürgen Grass",)) == ()
    assert {person.id for person in roster.like(("Jürgen Grass",))} == {"1", "2"}
    assert [person.id for person in roster.like(("משה",))] == ["3"]


@pytest.mark.parametrize(
    ("name", "other"), [("राम कुमार", "रमा कुमार"), ("กน", "กิน"), ("Annabel", "Ann Abel"), ("Ann Marie", "Annm Arie")]
)
def test_a_name_with_other_vowels_or_other_spaces_is_another_name(name, other) -> None:
    """Vowel signs are letters, and a space is where it is: such a name is asked about."""
    roster = Roster((Person("1", name),))
    assert [person.id for person in roster.find((), (name,))] == ["1"]
    assert roster.find((), (other,)) == ()


def test_a_number_of_the_platform_is_not_taken_for_an_id_of_the_roster() -> None:
    """A foreign number decides between people of one name; where it contradicts the name, both are given."""
    roster = Roster((Person("12345", "Ada Lovelace"), Person("12346", "Bob Ross"), Person("12347", "Ross Bob")))

    def ids(*arguments: tuple[str, ...], foreign: bool = False) -> list[str]:
        return [person.id for person in roster.meant(*arguments, foreign=foreign)]

    assert ids(("12345",), ("Ada Lovelace",), foreign=True) == ["12345"]
    assert ids(("12347",), ("rossbob",), foreign=True) == ["12347"]
    assert ids(("12345",), ("Cy Young",), foreign=True) == []
    assert ids(("12345",), ("Cy Young",)) == ["12345"]
    assert set(ids(("12345",), ("rossbob",), foreign=True)) == {"12345", "12346", "12347"}
    assert ids(("99",), ("rossbob",), foreign=True) == ["12346", "12347"]

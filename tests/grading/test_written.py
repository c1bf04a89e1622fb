"""Written answers: declared, handed out, found in what was handed in, shown to the student."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner
from written_course import ANSWERS, ASSIGNMENT, HANDED_OUT, PDF, answered, hand_in, make_course

from autograder.assignment.declaration import Assignment
from autograder.assignment.rubric import Item, RubricItem
from autograder.checks.errors import InstructorError, UsageError
from autograder.cli import app
from autograder.grading import RunOptions, grade
from autograder.grading.written_answers import LONGEST_ANSWER, MAX_PDF_MIB
from autograder.loader import Loaded, load
from autograder.notebooks.markdown import answer_under, is_untouched, text_stub
from autograder.quality.validation import validate
from autograder.quality.validation.static_analysis import handout, leaks, points, titles
from autograder.release import build, contents
from autograder.reports.marks import filled, write_marks
from autograder.reports.pages import Heading, student_page
from autograder.results import CheckResult, Report, Verdict
from autograder.sandbox import Sandbox, start
from autograder.submissions import collect_one

TOLD = "A person grades this answer: 5 points: names the cause (3), gives an example (2)."


def question() -> tuple[Assignment, object]:
    """An assignment with a question."""
    made = Assignment("T", files=["x.py", "x.ipynb"])
    return made, made.question("Q", id="q")


# --- declaring ---


def test_an_answer_has_points_a_rubric_and_a_place() -> None:
    """Its id is the name of its place; its points are not checks' points; its file is handed in."""
    assignment, q = question()
    made = q.written("Why?", points=5, rubric={"one": 3, "two": 2}, answer="answers.md#why")
    assert (made.id, made.points, made.question) == ("why", 5, "q")
    assert made.rubric == (RubricItem("one", 3, "one"), RubricItem("two", 2, "two"))
    assert (assignment.max_points, assignment.by_hand, q.by_hand) == (0, 5, 5)
    assert (assignment.files, assignment.answers) == (("x.py", "x.ipynb"), ("answers.md",))
    assert assignment.handed_in == ("x.py", "x.ipynb", "answers.md")


def test_answers_may_be_named_among_the_files() -> None:
    """They are handed in, and are no code."""
    assignment = Assignment("T", files=["essay.pdf", "x.py"])
    assert (assignment.files, assignment.answers) == (("x.py",), ("essay.pdf",))


def test_points_of_a_bonus_question_are_not_among_the_manual_ones() -> None:
    """As with checks."""
    assignment = Assignment("T", files=["x.py"])
    assignment.question("Q", id="q", bonus=True).written("Why?", points=5, answer="a.md", id="w")
    assert assignment.by_hand == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"rubric": {"one": 3, "two": 1}}, "The rubric of 'why' gives 4 points in all, but the answer is worth 5"),
        ({"rubric": {"one": 5, "two": 0}}, "The rubric of 'why' gives 0 points for 'two'; name each item"),
        ({"rubric": {"one": 2, " one": 3}}, "The rubric of 'why' has two items of the same name"),
        ({"points": 0}, "The written answer 'why' is worth 0 points; give it more than 0."),
        ({"title": " "}, "The written answer 'why' has no title"),
        ({"answer": "answers.md"}, "'Why\\?' has no id; say id="),
        ({"answer": ()}, "'Why\\?' stands nowhere; say answer="),
        ({"answer": "answers.txt#why"}, "answer='answers.txt#why' is no place for an answer; say"),
        ({"answer": "deep/answers.md#why"}, "is no place for an answer"),
        ({"answer": "essay.pdf#why"}, "no place in a PDF can be found; say answer='essay.pdf'"),
        ({"answer": "x.ipynb", "id": "why"}, 'say which cell: answer="x.ipynb#NAME"'),
        ({"answer": "x.ipynb#other", "id": "why"}, "in a notebook the id is the name of the cell"),
        ({"answer": "y.ipynb#why"}, "stands in y.ipynb, which is none of the assignment's files; name it in files"),
        ({"id": "a/b"}, "needs an id without spaces around it and '/', '.' or ':'"),
    ],
)
def test_what_cannot_be_is_reported(more: dict[str, object], sentence: str) -> None:
    """One sentence, with what to do."""
    with pytest.raises(InstructorError, match=sentence):
        question()[1].written(**{"title": "Why?", "points": 5, "answer": "answers.md#why", **more})


def test_ids_are_those_of_one_thing_each() -> None:
    """Neither two answers nor an answer and a check have the same."""
    _, q = question()
    q.written("Why?", points=5, answer="a.md#why")
    with pytest.raises(InstructorError, match="'why' has the id of something else; give it another one"):
        q.written("Why again?", points=5, answer="b.md#why")

    def why(student: object) -> None:
        """A check."""

    with pytest.raises(InstructorError, match="has the name of an earlier check"):
        q.check(points=1)(why)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_any_rubric_with_the_right_sum_is_taken(quarters: list[int]) -> None:
    """Quarter points add up, whatever binary makes of them."""
    rubric = {f"item {number}": worth / 4 for number, worth in enumerate(quarters)}
    made = question()[1].written("Why?", points=sum(quarters) / 4, rubric=rubric, answer="a.md#why")
    assert {each.staff: each.points for each in made.rubric} == rubric


def test_an_item_has_words_for_staff_and_words_for_students() -> None:
    """Students read theirs; where there are none, both read the same."""
    rubric = {"the sum of all": Item(3, student="names the  cause"), "an example": Item(1), "a proof": 1}
    made = question()[1].written("Why?", points=5, rubric=rubric, answer="answers.md#why")
    assert made.summary == "A person grades this answer: 5 points: names the cause (3), an example (1), a proof (1)."
    assert (
        made.summary_for_staff
        == "A person grades this answer: 5 points: the sum of all (3), an example (1), a proof (1)."
    )


# --- texts ---


def test_solutions_are_cut_out_of_a_text() -> None:
    """As in text cells of notebooks; what is cut already stays."""
    assert text_stub(ANSWERS, "answers.md") == HANDED_OUT
    assert text_stub(HANDED_OUT, "answers.md") == HANDED_OUT


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a\n### BEGIN SOLUTION\nb", "a.md:2: '### BEGIN SOLUTION' has no '### END SOLUTION'"),
        ("### END SOLUTION", "a.md:1: '### END SOLUTION' without a '### BEGIN SOLUTION'"),
        ("a\n## Begin Solution", "a.md:2: '## Begin Solution' is no marker; write '### BEGIN SOLUTION'"),
        ("#### END SOLUTION", "a.md:1: '#### END SOLUTION' is no marker; write '### END SOLUTION'"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION", "a.md:2: a solution begins inside the one of line 1"),
    ],
)
def test_markers_that_are_wrong_are_reported(text: str, sentence: str) -> None:
    """With the line: an answer must not be handed out."""
    with pytest.raises(InstructorError, match=sentence):
        text_stub(text, "a.md")


def test_the_part_under_a_heading_ends_at_the_next_one_of_the_handout() -> None:
    """Headings of the student's own, and what looks like one in code, end nothing."""
    text = "# T\n## Why?\nBecause.\n# Mine\n```\n## Proof\n```\nMore.\n## Proof\nClear."
    template = "# T\n## Why?\n\n## Proof\n"
    assert answer_under(text, "why", template) == "Because.\n# Mine\n```\n## Proof\n```\nMore."
    assert answer_under(text, "proof", template) == "Clear."
    assert answer_under(text, "other", template) is None


def test_headings_below_one_belong_to_it() -> None:
    """A question may have parts."""
    template = "## (1) First\n### Part\n## (2) Second\n"
    assert answer_under("## (1) First\nA\n### Part\nB\n## (2) Second\nC", "1", template) == "A\n### Part\nB"


@given(st.text(alphabet="ab\n #`", max_size=60))
def test_what_was_handed_out_is_untouched(text: str) -> None:
    """Whatever it is; and so is less of it."""
    assert is_untouched(text, text)
    assert is_untouched("\n".join(text.split("\n")[1:]), text)


# --- loading and handing out ---


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The assignment."""
    return load(make_course(tmp_path_factory.mktemp("course")), "theory")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (ANSWERS.replace("## Proof", "## Proved"), "answers.md has no headings for the answer 'proof'; write one such"),
        (ANSWERS + "\n## Proof\n", "answers.md has 2 headings for the answer 'proof'"),
        (HANDED_OUT, "answers.md holds no solution of the written answer 'why'; put ### BEGIN SOLUTION"),
        (ANSWERS.replace("### END", "### AND", 1), "answers.md:13: a solution begins inside the one of line 5"),
    ],
)
def test_a_reference_without_the_answer_is_reported(tmp_path: Path, answers: str, sentence: str) -> None:
    """Before anything is handed out."""
    with pytest.raises(InstructorError, match=sentence):
        load(make_course(tmp_path, answers=answers), "theory")


def test_a_reference_needs_its_markdown_but_no_pdf(tmp_path: Path, loaded: Loaded) -> None:
    """Nothing is handed out of a PDF."""
    assert "essay.pdf" in loaded.assignment.answers
    (make_course(tmp_path) / "reference" / "theory" / "answers.md").unlink()
    with pytest.raises(InstructorError, match=r"names 'answers.md', but .*answers.md does not exist"):
        load(tmp_path, "theory")


def test_the_release_has_a_template_and_the_rubric(loaded: Loaded, tmp_path: Path) -> None:
    """Where students write, and what the points are given for."""
    files = contents(loaded)
    assert files["answers.md"].decode() == HANDED_OUT
    readme = files["README.md"].decode()
    assert "- `answers.md`: write your answers here and hand it in.\n" in readme
    assert "- `essay.pdf`: make it and hand it in.\n" in readme
    assert "`answers.md#why` or `essay.pdf` | 5 | names the cause (3); gives an example (2) |" in readme
    assert tmp_path / "answers.md" in build(loaded, tmp_path)


def test_a_solution_that_is_elsewhere_in_the_release_is_refused(tmp_path: Path) -> None:
    """A line of a written solution is a secret as a line of code is."""
    root = make_course(tmp_path)
    (root / "assignments/theory/handout.md").write_text("exp(1000) is more than a float holds, so x = inf / inf = nan.")
    with pytest.raises(InstructorError, match=r"handout.md:1 of the release would show .*answers.md:6"):
        contents(load(root, "theory"))


ITEMS = 'rubric={"names the cause": 3,'
EXPLAINED = """# Answers

## (why) Why does softmax overflow?

### BEGIN SOLUTION
The lists are zipped, so two combinations differ in the rate, the strength and the size at once,
and what one of them changes cannot be distinguished from what the others change.
### END SOLUTION

## Proof

### BEGIN SOLUTION
Clear by induction.
### END SOLUTION
"""


@pytest.mark.parametrize(
    ("wording", "shared"),
    [
        ("no: from one combination to the next everything changes at once", "combination, changes, once"),
        ("rates and strengths and sizes differ", "rates, strengths, sizes, differ"),
        ("they differ in strength", "differ, strength"),
        ("zipped", "zipped"),
    ],
)
def test_a_rubric_that_tells_students_the_answer_is_refused(tmp_path: Path, wording: str, shared: str) -> None:
    """Other words for students are asked for, and taken."""
    root = make_course(tmp_path, ASSIGNMENT.replace(ITEMS, f'rubric={{"{wording}": 3,'), EXPLAINED)
    with pytest.raises(InstructorError) as caught:
        contents(load(root, "theory"))
    assert str(caught.value) == (
        f"The rubric of 'why' tells students the model answer (answers.md:6): {wording!r} shares with it {shared}. "
        'Give students other words, such as Item(3, student="says why").'
    )
    assert leaks(load(root, "theory")).said == str(caught.value)

    other = ASSIGNMENT.replace("import Assignment", "import Assignment, Item")
    other = other.replace(ITEMS, f'rubric={{"{wording}": Item(3, student="says whether it can, and why"),')
    files = contents(load(make_course(tmp_path / "other", other, EXPLAINED), "theory"))
    assert "says whether it can, and why (3); gives an example (2)" in files["README.md"].decode()
    assert not [name for name, content in files.items() if wording.encode() in content]


@pytest.mark.parametrize("place", ["reference/theory/tiny.py", "reference/theory/answers.md"])
def test_a_row_of_words_of_a_model_answer_is_refused_anywhere(tmp_path: Path, place: str) -> None:
    """In a docstring or above an answer, with other small words and endings; a handout may be quoted by the answer."""
    root = make_course(tmp_path, answers=EXPLAINED)
    words = "They differed in a rate, a strength and sizes, once"
    path = root / place
    path.write_text(path.read_text().replace("Doubling.", f"{words}.").replace("## Proof\n", f"## Proof\n\n{words}.\n"))
    with pytest.raises(
        InstructorError, match=rf"{path.name}:\d+ of the release would show words of the model answer of 'why'"
    ):
        contents(load(root, "theory"))
    (root / "assignments/theory/handout.md").write_text(f"# Theory\n\n{words}.\n")
    assert contents(load(root, "theory"))


@pytest.mark.parametrize("wording", ["differs clearly", "it is not 2", "rates are named well and compared"])
def test_a_rubric_with_few_words_of_the_answer_gives_nothing_away(tmp_path: Path, wording: str) -> None:
    """Of up to three words one must be the item's own, of more than three at least three come from the answer."""
    root = make_course(tmp_path, ASSIGNMENT.replace(ITEMS, f'rubric={{"{wording}": 3,'), EXPLAINED)
    assert contents(load(root, "theory"))


def test_what_the_question_says_gives_nothing_away(tmp_path: Path) -> None:
    """An item made of the words of the title, or of the question's part of the handout, is as good as plain words."""
    handout = "# Theory\n\n## (b) Why\n\nSay how combinations differ in rate, strength and size.\n"
    wording = "says how combinations differ in rate and strength"
    root = make_course(tmp_path, ASSIGNMENT.replace(ITEMS, f'rubric={{"{wording}": 3,'), EXPLAINED)
    (root / "assignments/theory/handout.md").write_text(handout)
    assert contents(load(root, "theory"))


def test_the_instructor_s_own_pdf_is_not_released(tmp_path: Path) -> None:
    """It holds the solution; naming it among other files is refused."""
    root = make_course(tmp_path, ASSIGNMENT.replace('["tiny.py"]', '["tiny.py"], extra_files=["essay.pdf"]'))
    (root / "reference/theory/essay.pdf").write_bytes(PDF)
    with pytest.raises(InstructorError, match=r"hands out 'essay\.pdf', which students write; leave it out of given"):
        load(root, "theory")


def test_the_notebook_form_has_the_same_answers(tmp_path: Path) -> None:
    """Modules become a notebook; what people read stays a file."""
    made = load(make_course(tmp_path), "theory-notebook")
    assert made.assignment.handed_in == ("theory-notebook.ipynb".replace("-notebook", ""), "answers.md", "essay.pdf")
    assert contents(made)["answers.md"].decode() == HANDED_OUT


# --- validating ---


def test_points_titles_and_handout_count_what_people_give(loaded: Loaded) -> None:
    """A question without checks is one, when people grade it."""
    assert points(loaded.assignment).good
    assert "people give 9 points for 2 written answers" in points(loaded.assignment).said
    assert titles(loaded.assignment).good
    assert handout(loaded).said == "2 statements agree."


def test_a_handout_that_states_other_points_is_reported(tmp_path: Path) -> None:
    """Checks and people together give a question's points."""
    root = make_course(tmp_path)
    (root / "assignments/theory/handout.md").write_text("## (b) Why, 5 points\n")
    assert "speaks of 5 points, but question (b) gives 9" in handout(load(root, "theory")).said


@pytest.mark.parametrize("place", ['"answers.md#why"', '"essay.pdf"'])
def test_an_assignment_of_answers_alone_is_fit_to_be_handed_out(tmp_path: Path, sandbox: Sandbox, place: str) -> None:
    """Without any code; for a PDF the reference needs no file."""
    text = f"""
from autograder import Assignment
assignment = Assignment("Theory", files=[])
assignment.question("Why", id="b").written("Explain why.", points=9, answer={place}, id="why")
"""
    made = load(make_course(tmp_path, text), "theory")
    (made.folder / "handout.md").write_text("# Theory\n")
    found = list(validate(made, sandbox, None, RunOptions("seed")))
    assert [each.said for each in found if not each.good] == []


def test_a_template_that_counts_as_an_answer_is_reported(tmp_path: Path, sandbox: Sandbox, monkeypatch) -> None:
    """Then people would read what nobody wrote."""
    monkeypatch.setattr("autograder.grading.written_answers.is_untouched", lambda *_: False)
    found = list(validate(load(make_course(tmp_path), "theory"), sandbox, None, RunOptions("seed"), quick=True))
    assert [each.said for each in found if not each.good] == ["why: taken for an answer; proof: taken for an answer"]


def test_audits_and_calibrations_pass_over_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants are caught by checks alone; where there are none, that is reported."""
    root = make_course(tmp_path)
    done = CliRunner().invoke(app, ["audit", "theory", "--limit", "2", "--course", str(root)], catch_exceptions=False)
    assert "2 of 2 mutants caught" in done.output
    assert "why" not in done.output
    only = 'assignment.question("Why", id="b").written("Explain why.", points=9, answer="answers.md#why")\n'
    text = f'from autograder import Assignment\nassignment = Assignment("Theory", files=[])\n{only}'
    (root / "assignments/theory/assignment.py").write_text(text)
    with pytest.raises(UsageError, match="theory has no checks, so nothing in it has a threshold; people grade it"):
        CliRunner().invoke(app, ["calibrate", "theory", "--course", str(root)], catch_exceptions=False)


# --- grading ---


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """No sandbox: nothing here is about them."""
    with start("none", preload=("numpy",)) as started:
        yield started


@pytest.fixture
def graded(loaded: Loaded, sandbox: Sandbox, tmp_path: Path):
    """A function that grades files beside right code, and gives the report."""

    def run(*, only: str = "", **files: bytes) -> Report:
        named = {name.replace("_", "."): content for name, content in files.items()}
        folder = hand_in(tmp_path / "in", ada=named) / "ada"
        submission = collect_one((folder,), loaded.assignment.handed_in, tmp_path / "staged", "ada")
        return grade(loaded, submission, sandbox, None, RunOptions("seed", only=only))

    return run


def answer(report: Report, id: str = "why") -> CheckResult:
    """The result of one written answer."""
    return next(check for question in report.questions for check in question.checks if check.id == id)


def test_an_answer_waits_for_a_person(graded) -> None:
    """It counts in no sum, the student reads the rubric, and the grader has the text."""
    report = graded(answers_md=answered("Because **exp** is large."))
    why = answer(report)
    assert (why.verdict, why.points, why.max_points, why.by_hand) == (Verdict.MANUAL, 0, 0, 5)
    assert (why.message, why.answer) == (TOLD, "Because **exp** is large.")
    assert (report.points, report.max_points, [each.id for each in report.waiting]) == (2, 2, ["why", "proof"])


@pytest.mark.parametrize(
    ("text", "verdict", "said"),
    [
        (answered(), Verdict.NOT_ATTEMPTED, "It is as it was handed out."),
        (HANDED_OUT.replace("YOUR ANSWER HERE", "").encode(), Verdict.NOT_ATTEMPTED, "It is empty."),
        (answered().replace(b"\n", b"\r\n"), Verdict.NOT_ATTEMPTED, "It is as it was handed out."),
    ],
)
def test_an_answer_that_was_not_written_is_reported(graded, text: bytes, verdict: Verdict, said: str) -> None:
    """Whatever the editor did to the ends of lines."""
    why = answer(graded(answers_md=text))
    assert (why.verdict, why.message, why.by_hand) == (verdict, f"{TOLD} {said}", 5)


def test_missing_files_are_reported_where_they_are_asked_for(graded) -> None:
    """Each place of the answer; there is no second sentence about it."""
    report = graded()
    assert answer(report).verdict is Verdict.MISSING
    assert answer(report).message == f"{TOLD} answers.md is missing. essay.pdf is missing."
    assert report.notes == ()


def test_a_heading_that_is_gone_hides_no_answer(graded) -> None:
    """Whoever grades it sees the whole file."""
    why = answer(graded(answers_md=b"I just write here."))
    assert (why.verdict, why.answer) == (Verdict.MANUAL, "I just write here.")
    assert why.message.endswith("answers.md has no heading 'why' any more; whoever grades it sees the whole file.")


def test_a_heading_that_is_gone_without_an_answer_is_missing(graded) -> None:
    """There is nothing to be read."""
    why = answer(graded(answers_md=b"# Answers\n"))
    assert why.verdict is Verdict.MISSING
    assert "answers.md has no heading 'why' any more, and no answer." in why.message


def test_a_pdf_stands_for_the_answer(graded) -> None:
    """It wins over a template that was handed in as it was."""
    why = answer(graded(answers_md=answered(), essay_pdf=PDF))
    assert (why.verdict, why.answer, why.answer_file) == (Verdict.MANUAL, "", "essay.pdf")
    assert why.message == f"{TOLD} The answer is essay.pdf."


def test_what_only_calls_itself_pdf_is_reported(graded) -> None:
    """Word files with another ending are common."""
    why = answer(graded(essay_pdf=b"PK\x03\x04"))
    assert why.verdict is Verdict.FAILED
    assert why.message.endswith("essay.pdf is no PDF: it does not begin with %PDF-; export it as PDF.")


def test_a_pdf_may_not_be_huge(loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, graded) -> None:
    """Its size is examined, and what to do is reported."""
    monkeypatch.setattr("autograder.grading.written_answers.MAX_PDF_MIB", 0)
    why = answer(graded(essay_pdf=PDF))
    assert (why.verdict, MAX_PDF_MIB) == (Verdict.FAILED, 16)
    assert "has more than 0 MiB; make it smaller" in why.message


def test_a_long_answer_is_cut(graded) -> None:
    """A report stays of bearable size, and says what is missing."""
    why = answer(graded(answers_md=answered("x" * (LONGEST_ANSWER + 7))))
    assert len(why.answer) < LONGEST_ANSWER + 50
    assert why.answer.endswith("… and 7 more characters")


def test_bytes_that_are_no_text_are_read_as_they_can_be(graded) -> None:
    """Nothing that is handed in stops a report."""
    assert answer(graded(answers_md=answered("caf\N{BULLET}").replace("\N{BULLET}".encode(), b"\xe9"))).answer == (
        "caf\N{REPLACEMENT CHARACTER}"
    )


def test_one_answer_can_be_asked_for_alone(graded) -> None:
    """--only takes its id, and the id of its question."""
    assert [check.id for q in graded(only="why").questions for check in q.checks] == ["why"]
    assert [check.id for q in graded(only="b").questions for check in q.checks] == ["why", "proof"]


def test_an_answer_alone_is_handed_in(loaded: Loaded, tmp_path: Path) -> None:
    """A PDF under the student's name means the one PDF that is asked for."""
    (tmp_path / "ada.pdf").write_bytes(PDF)
    staged = collect_one((tmp_path / "ada.pdf",), loaded.assignment.handed_in, tmp_path / "staged", "ada")
    assert (staged.problem, [path.name for path in staged.folder.iterdir()]) == ("", ["essay.pdf"])


def test_a_missing_module_does_not_hide_the_answers(loaded: Loaded, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each part is judged by itself."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "answers.md").write_bytes(answered("Because."))
    staged = collect_one((tmp_path / "in",), loaded.assignment.handed_in, tmp_path / "staged", "ada")
    report = grade(loaded, staged, sandbox, None, RunOptions("seed"))
    assert [check.verdict for q in report.questions for check in q.checks] == [
        Verdict.MISSING,
        Verdict.MANUAL,
        Verdict.NOT_ATTEMPTED,
    ]


def test_the_page_shows_rubric_answer_and_what_waits(graded) -> None:
    """What the student wrote is text; the chip says that nobody has graded it yet."""
    page = student_page(graded(answers_md=answered("<b>Because</b>")), Heading("C", "A"))
    assert (
        "9 points wait to be graded by a person, and are in no sum on this page until then: "
        "“Explain why softmax overflows” (5), “Prove it” (4, no answer handed in)."
    ) in page
    assert "names the cause (3), gives an example (2)" in page
    assert "&lt;b&gt;Because&lt;/b&gt;" in page
    assert "</span>waits for a person</span>" in page
    assert "manually graded" not in page


# --- the manual ---


def test_the_example_of_the_manual_works(sandbox: Sandbox, tmp_path: Path) -> None:
    """What docs/written.md declares, hands out and shows of marks.csv is what comes."""
    page = (Path(__file__).parents[2] / "docs" / "written.md").read_text("utf-8")
    (declared,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    solved, template = re.findall(r"```markdown\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    root = make_course(tmp_path, declared, solved)
    (root / "assignments/theory/handout.md").write_text("# Theory\n")
    made = load(root, "theory")
    assert contents(made)["answers.md"].decode() == template
    reports = []
    for student, files in (("ada", {"answers.md": template.replace("YOUR ANSWER HERE", "Because.")}), ("bob", {})):
        folder = tmp_path / "in" / student
        folder.mkdir(parents=True)
        for name, text in {**files, "notes.txt": "x"}.items():
            (folder / name).write_text(text)
        submission = collect_one((folder,), made.assignment.handed_in, tmp_path / "staged", student)
        reports.append(grade(made, submission, sandbox, None, RunOptions("seed")))
    rubrics = {each.id: each.rubric for each in made.assignment.written}
    write_marks(filled(None, reports, rubrics, tmp_path), tmp_path / "marks.csv")
    assert (tmp_path / "marks.csv").read_text("utf-8-sig") == shown

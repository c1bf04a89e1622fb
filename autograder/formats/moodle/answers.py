"""What Moodle's web services answer, as far as it is read here; fields that are not named are passed over."""

from __future__ import annotations

import msgspec

__all__ = [
    "NO_GRADE",
    "Area",
    "Assignment",
    "Assignments",
    "Course",
    "Fault",
    "Feedback",
    "File",
    "Flag",
    "Flags",
    "Function",
    "Grade",
    "Grades",
    "Group",
    "OfAssignment",
    "OfFlags",
    "OfGrades",
    "Participant",
    "Plugin",
    "Sent",
    "Setting",
    "Site",
    "Status",
    "Submission",
    "Submissions",
    "Text",
]

NO_GRADE = -1.0
"""What stands for no grade."""


class Fault(msgspec.Struct, frozen=True):
    """An error: Moodle answers with the status 200 all the same."""

    exception: str = ""
    errorcode: str = ""
    message: str = ""
    error: str = ""


class Function(msgspec.Struct, frozen=True):
    """A function that the service of a token has."""

    name: str


class Site(msgspec.Struct, frozen=True):
    """Who asks, and what the service of the token can do."""

    userid: int
    functions: list[Function] = []


class Setting(msgspec.Struct, frozen=True):
    """A setting of a plugin of an assignment."""

    plugin: str
    subtype: str
    name: str
    value: str = ""


class Assignment(msgspec.Struct, frozen=True):
    """An assignment: `id` is its own number, `cmid` that of its page; `grade` below 0 is a scale."""

    id: int
    cmid: int
    course: int
    name: str = ""
    duedate: int = 0
    grade: int = 0
    teamsubmission: int = 0
    blindmarking: int = 0
    revealidentities: int = 0
    markingworkflow: int = 0
    configs: list[Setting] = []


class Course(msgspec.Struct, frozen=True):
    """A course with its assignments."""

    id: int
    fullname: str = ""
    assignments: list[Assignment] = []


class Assignments(msgspec.Struct, frozen=True):
    """What `mod_assign_get_assignments` answers."""

    courses: list[Course] = []


class Group(msgspec.Struct, frozen=True):
    """A group of a course."""

    id: int
    name: str = ""


class Participant(msgspec.Struct, frozen=True):
    """Somebody who takes part; `recordid` is the number that stands for a name where grading is blind."""

    id: int
    fullname: str = ""
    username: str = ""
    email: str = ""
    idnumber: str = ""
    recordid: int = -1
    groupid: int = 0
    groupname: str = ""
    groups: list[Group] = []


class File(msgspec.Struct, frozen=True):
    """A file that was handed in, or given back."""

    filename: str = ""
    filepath: str = ""
    fileurl: str = ""
    filesize: int = 0
    timemodified: int = 0

    @property
    def name(self) -> str:
        """The path that it was handed in under: with its name in some versions, without in others."""
        path = self.filepath.strip("/")
        if self.filename and path.rpartition("/")[2] != self.filename:
            path = f"{path}/{self.filename}".lstrip("/")
        return path or "file"


class Area(msgspec.Struct, frozen=True):
    """The files of one area of a plugin."""

    area: str = ""
    files: list[File] = []


class Text(msgspec.Struct, frozen=True):
    """A text of a plugin, as HTML."""

    name: str = ""
    text: str = ""


class Plugin(msgspec.Struct, frozen=True):
    """What one plugin has of a submission or of feedback."""

    type: str
    fileareas: list[Area] = []
    editorfields: list[Text] = []


class Submission(msgspec.Struct, frozen=True):
    """The last attempt of a student, or of a team (`userid` 0)."""

    userid: int
    status: str = ""
    timemodified: int = 0
    groupid: int = 0
    plugins: list[Plugin] = []


class OfAssignment(msgspec.Struct, frozen=True):
    """The submissions of one assignment."""

    submissions: list[Submission] = []


class Submissions(msgspec.Struct, frozen=True):
    """What `mod_assign_get_submissions` answers."""

    assignments: list[OfAssignment] = []


class Grade(msgspec.Struct, frozen=True):
    """The grade of the last attempt."""

    userid: int
    grade: float = NO_GRADE


class OfGrades(msgspec.Struct, frozen=True):
    """The grades of one assignment."""

    grades: list[Grade] = []


class Grades(msgspec.Struct, frozen=True):
    """What `mod_assign_get_grades` answers."""

    assignments: list[OfGrades] = []


class Flag(msgspec.Struct, frozen=True):
    """How far the marking of a student is."""

    userid: int
    workflowstate: str = ""


class OfFlags(msgspec.Struct, frozen=True):
    """The flags of one assignment."""

    userflags: list[Flag] = []


class Flags(msgspec.Struct, frozen=True):
    """What `mod_assign_get_user_flags` answers."""

    assignments: list[OfFlags] = []


class Feedback(msgspec.Struct, frozen=True):
    """What staff gave a student."""

    plugins: list[Plugin] = []


class Status(msgspec.Struct, frozen=True):
    """What `mod_assign_get_submission_status` answers."""

    feedback: Feedback | None = None


class Sent(msgspec.Struct, frozen=True):
    """A file that was sent up, by the draft area that it lies in."""

    itemid: int

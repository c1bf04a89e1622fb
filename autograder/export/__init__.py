"""Results for people's other tools: one JSON report per student, a spreadsheet for the class."""

from autograder.export.grades import write_grades
from autograder.export.reports import encodable, file_names, read_reports, report_text, write_bytes, write_text

__all__ = ["encodable", "file_names", "read_reports", "report_text", "write_bytes", "write_grades", "write_text"]

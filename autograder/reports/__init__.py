"""Results for people's other tools: one JSON report per student, a spreadsheet for the class."""

from autograder.reports.files import encodable, file_names, read_reports, report_text, write_bytes, write_text
from autograder.reports.grades import write_grades

__all__ = ["encodable", "file_names", "read_reports", "report_text", "write_bytes", "write_grades", "write_text"]

"""The student's own code in this process: found, imported, called, and its errors explained."""

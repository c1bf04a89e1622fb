"""The stand-in for a submission in a sandbox: its calls cross a pipe."""

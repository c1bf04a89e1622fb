"""Stand-ins for a submission: `remote` behind a wall, `local` in this process. Import them by name."""

"""What a whole class shows."""

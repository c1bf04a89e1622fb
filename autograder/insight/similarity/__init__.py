"""Which submissions of a class share more than the handout and common idiom explain: evidence for a person to read."""

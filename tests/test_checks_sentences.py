"""The small words that sentences of checks are put together from."""

from __future__ import annotations

import pytest

from autograder.checks.sentences import are, series, small


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_several_words_become_one_text(words, text):
    """Commas stand between all but the last two, which "and" joins; nothing gives nothing."""
    assert series(words) == text


def test_the_verb_fits_the_number():
    """One thing "is"; several, and none, "are"."""
    assert [are("a"), are("ab"), are("")] == ["is", "are", "are"]


@pytest.mark.parametrize(("text", "inside"), [("Figure 1", "figure 1"), ("the plot", "the plot"), ("", "")])
def test_the_first_letter_gets_small(text, inside):
    """Only the first letter changes, so that names further on keep theirs."""
    assert small(text) == inside

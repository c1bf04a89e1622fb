"""The small words that sentences of checks are put together from."""

from __future__ import annotations

import pytest

from autograder.checks.wording import apart, are, labels_in_words, series, small


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


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([], "it has no curves"),
        ([""], "its only curve has no label; pass label= to plot()"),
        ([""] * 6, "none of its 6 curves has a label; pass label= to plot()"),
        (["a"], "the label of its only curve is 'a'"),
        (["a", "b"], "the labels of its 2 curves are 'a', 'b'"),
        (["a", "", ""], "only 1 of its 3 curves have a label, 'a'; pass label= to plot()"),
        (list("abcdefghi"), "the labels of its 9 curves are 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' ..."),
    ],
)
def test_labels_are_reported_or_asked_for(labels, text):
    """What has no label is counted, with the argument that gives it one."""
    assert labels_in_words(labels) == text


@pytest.mark.parametrize(
    ("got", "other", "named", "texts"),
    [
        (1.5, 2.0, {}, ("1.5", "2")),
        (2.9999, 3.0, {"digits": 2}, ("2.9999", "3")),
        (0.89998, 0.9, {"digits": 2, "kind": "f", "scale": 100}, ("89.998", "90.000")),
        (0.1 + 0.2, 0.3, {}, ("0.30000000000000004", "0.3")),
    ],
)
def test_two_numbers_never_look_alike(got, other, named, texts):
    """They get as many digits as it takes to tell them apart."""
    assert apart(got, other, **named) == texts

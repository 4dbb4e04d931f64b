"""Reasons: English as texts, ids and arguments in tables; nothing that is stored is lost or mistaken."""

import copy
import json
import pickle

import pytest

from syndication.content.reason import NO_REASON, Reason

FULL = Reason("The mail server refuses {} ({}): {}", Reason("the recipient"), 550, 'Größe {} [x] "y"')


@pytest.mark.parametrize(
    "reason",
    [
        NO_REASON,
        FULL,
        Reason("Plain."),
        Reason.quoted("Their words."),
        Reason.quoted("[]"),
        Reason.quoted('[{"id":"Plain."}]'),
        Reason.joined(FULL, "Their words.", Reason("Given up after {} tries.", 9)),
        Reason("The outlet is switched off: {}", Reason.joined(FULL, Reason("Plain."))),
    ],
)
def test_what_is_stored_is_read_again(reason: Reason) -> None:
    again = Reason.read(reason.stored())
    assert (again, again.parts) == (reason, reason.parts)
    for kept in (copy.deepcopy(reason), pickle.loads(pickle.dumps(reason))):
        assert (kept, kept.parts) == (reason, reason.parts)


def test_it_reads_as_english_and_is_stored_as_id_and_arguments() -> None:
    assert FULL == 'The mail server refuses the recipient (550): Größe {} [x] "y"'
    assert json.loads(FULL.stored()) == [
        {
            "id": "The mail server refuses {} ({}): {}",
            "with": [[{"id": "the recipient"}], "550", 'Größe {} [x] "y"'],
        }
    ]
    assert NO_REASON.stored() == ""


@pytest.mark.parametrize(
    "stored",
    [
        "The address answered 503. It will be tried again.",
        "[",
        "[1]",
        "[null]",
        '[{"with":[]}]',
        '[{"id":1}]',
        '[{"id":"a {}","with":[1]}]',
        '[{"id":"a {}","with":7}]',
        '{"id":"a"}',
        "[" * 10_000,
    ],
)
def test_what_is_no_stored_reason_is_kept_as_it_stands(stored: str) -> None:
    """Such as a sentence of an earlier version; and it is stored as it was."""
    reason = Reason.read(stored)
    assert (reason, reason.parts, reason.stored()) == (stored, None, stored)


def test_several_become_one_and_empty_ones_are_passed_over() -> None:
    assert Reason.joined("", NO_REASON) == ""
    one = Reason.joined(NO_REASON, Reason("A."), "", Reason("B {}.", "x"))
    assert one == "A. B x."
    assert Reason.joined(one, Reason("C.")).parts == (*(one.parts or ()), *(Reason("C.").parts or ()))


def test_only_what_is_not_ours_is_changed() -> None:
    """A secret may be a word of our own sentences, which stay what they are."""
    reason = Reason.joined(
        Reason("The mail server refuses {} ({}): {}", Reason("the recipient"), 550, "no mail"), "mail twice"
    )
    assert reason.changed(lambda text: text.replace("mail", "(secret)")) == (
        "The mail server refuses the recipient (550): no (secret) (secret) twice"
    )


def test_an_error_that_is_made_of_a_reason_says_it() -> None:
    assert isinstance(str(ValueError(FULL)), Reason)


def test_an_argument_has_an_end_and_no_character_that_no_table_takes() -> None:
    long = Reason("It says: {}", "x" * 100_000 + "\0")
    assert len(long) < 400
    assert len(long.stored()) < 400
    assert "\0" not in Reason.quoted("a\0b") + Reason("{}", "a\ud800b")


def test_a_value_too_few_or_too_many_breaks_nothing() -> None:
    assert Reason("{} and {}.", "a") == "a and ."
    assert Reason("Only {}.", "a", "b") == "Only a."
    assert Reason("No {} here.") == "No {} here."

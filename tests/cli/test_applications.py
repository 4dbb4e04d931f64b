"""Businesses that applied, decided at the command line by the service that the pages use."""

import json

from syndication.accounts import applications
from tests.accounts.test_applications import answered, letters, token
from tests.test_cli import Run, run

__all__ = ["run"]


def applied() -> None:
    answered()
    applications.confirm(token())


def test_what_waits_is_listed_and_admitted(run: Run) -> None:
    assert "Nobody waits for a decision." in run("merchants", "applications").output
    applied()
    assert "cafe-rosengarten" in run("merchants", "applications").output
    (row,) = json.loads(run("merchants", "applications", "--json").output)
    assert (row["slug"], row["proof"]) == ("cafe-rosengarten", "Mein Name steht im Impressum.")
    assert "may publish" in run("merchants", "admit", "cafe-rosengarten").output
    assert [one["to"] for one in letters("admitted")] == ["rosa@cafe.example"]
    assert "Nobody waits" in run("merchants", "applications").output


def test_to_decline_needs_a_sentence_and_something_that_waits(run: Run) -> None:
    applied()
    run("merchants", "decline", "cafe-rosengarten", code=2)
    said = run("merchants", "decline", "cafe-rosengarten", "--because", "Es gibt dort keinen Laden.").output
    assert "is declined" in said
    assert [one["because"] for one in letters("declined")] == ["Es gibt dort keinen Laden."]
    again = run("merchants", "decline", "cafe-rosengarten", "--because", "Nein.", code=1)
    assert "has decided about it already" in again.output
    assert len(letters("declined")) == 1

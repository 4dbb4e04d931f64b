"""Invitations: told by a mail, not more often than a mailbox bears, and nobody is renamed by whoever invites them."""

import pytest

from syndication.accounts import invitations, people, sessions
from syndication.accounts.people import Account
from syndication.accounts.sessions import Device
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Person
from tests import factories, town


@pytest.fixture
def rosa(database: str, settings: object) -> Account:
    """The owner of the café, signed in."""
    with db.transaction() as session:
        factories.merchant(session, "cafe")
    own = people.join("rosa@cafe.example", "cafe", "owner", name="Rosa")
    with db.transaction() as session:
        secret, _ = sessions.begin(session, session.get_one(Person, own.id), Device(), "link")
    known = sessions.account(secret)
    assert known is not None
    return known


def letters() -> list[str]:
    return [str((row.payload or {})["to"]) for row in town.deliveries("letter")]


def test_who_is_known_keeps_the_name_they_gave_themselves(rosa: Account) -> None:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    invitations.to_merchant(rosa, "boss@coburg.example", "cafe", "member", name="Nobody of note")
    invitations.to_city(rosa, "boss@coburg.example", "operator", name="Nobody of note")
    assert people.of_address("boss@coburg.example").name == "Berta Boss"
    assert invitations.to_merchant(rosa, "neu@cafe.example", "cafe", "member", name="Nele").name == "Nele"


def test_inviting_and_removing_again_and_again_floods_no_mailbox(rosa: Account) -> None:
    for number in range(10):
        spelled = f"anna+{number}@example.org" if number % 2 else "anna@example.org"
        if number < 2:
            own = invitations.to_merchant(rosa, spelled, "cafe", "member").id
            people.leave(own, "cafe")
        else:
            with pytest.raises(Conflict, match="tomorrow"):
                invitations.to_merchant(rosa, spelled, "cafe", "member")
    assert len(letters()) == 2, "the third is kept for a link, now that they may sign in"
    assert [one.email for one in people.members("cafe")] == ["rosa@cafe.example"], "refused is not done"
    invitations.to_merchant(rosa, "paul@cafe.example", "cafe", "member")
    assert letters()[-1] == "paul@cafe.example"


def test_what_others_had_sent_to_a_mailbox_counts(rosa: Account) -> None:
    for _ in range(3):
        town.sign_up("anna@example.org")
        town.later(700)
    with pytest.raises(Conflict, match="tomorrow"):
        invitations.to_merchant(rosa, "anna@example.org", "cafe", "member")

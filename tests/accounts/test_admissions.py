"""The town hall decides: once, with a sentence that is kept and told, the same from page, API and command line."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.accounts import admissions, applications, people
from syndication.content.base import new_id
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.insight.to_do import to_do
from syndication.models import Merchant
from syndication.publishing import merchants
from tests import factories
from tests.accounts.test_applications import answered, letters, token

pytestmark = pytest.mark.usefixtures("database", "settings")
BOSS = "Berta Boss <boss@coburg.example>"


def applied(**typed: str) -> UUID:
    """A business that applied and confirmed; the id of its merchant."""
    answered(**typed)
    applications.confirm(token())
    (newest,) = [one for one in admissions.waiting() if one.name == typed.get("name", "Café Rosengarten")]
    return newest.merchant_id


def test_who_waits_longest_stands_first() -> None:
    for number in range(3):
        applied(name=f"Laden {number}", email=f"l{number}@shop.example")
        clock.travel(timedelta(minutes=1))
    assert [one.name for one in admissions.waiting()] == ["Laden 0", "Laden 1", "Laden 2"]
    assert to_do().applications == 3


def test_what_nobody_confirmed_is_shown_to_nobody() -> None:
    answered()
    assert admissions.waiting() == []
    assert to_do().applications == 0


def test_to_be_admitted_is_told_by_mail_once() -> None:
    merchant = applied()
    for _ in range(2):
        assert admissions.admit(merchant, BOSS).state == "admitted"
    (letter,) = letters("admitted")
    assert (letter["to"], letter["name"]) == ("rosa@cafe.example", "Rosa Rosen")
    found = admissions.standing(merchant)
    assert found is not None
    assert (found.state, [(one.act, one.by, one.because) for one in found.steps]) == (
        "admitted",
        [("admitted", BOSS, "")],
    )
    assert to_do().applications == 0


def test_to_be_asked_and_declined_is_kept_with_its_sentence_and_told() -> None:
    merchant = applied()
    admissions.ask_back(merchant, "Wo ist der Laden?", BOSS)
    assert to_do().applications == 1, "it goes on waiting"
    admissions.decline(merchant, "Es gibt dort\nkeinen Laden.", BOSS)
    said = [(one["because"], one["reply_to"]) for name in ("asked_back", "declined") for one in letters(name)]
    assert said == [
        ("Wo ist der Laden?", "operator@coburg.example"),
        ("Es gibt dort\nkeinen Laden.", "operator@coburg.example"),
    ]
    assert merchants.read(merchant).state == "applied"
    found = admissions.standing(merchant)
    assert found is not None
    assert [one.act for one in found.steps] == ["asked back", "declined"]
    for late in (admissions.decline, admissions.ask_back):
        with pytest.raises(Conflict):
            late(merchant, "Noch einmal.", BOSS)
    admissions.admit(merchant, BOSS)
    assert len(letters("admitted")) == 1, "a town hall may change its mind"


@pytest.mark.parametrize("because", ["", "  \n", "x" * 1001, "\x00"])
def test_a_sentence_is_needed(because: str) -> None:
    merchant = applied()
    for act in (admissions.decline, admissions.ask_back):
        with pytest.raises(Invalid) as refused:
            act(merchant, because, BOSS)
        assert [one.field for one in refused.value.faults] == ["because"]
    assert to_do().applications == 1


def test_one_business_that_applied_twice_is_decided_at_once() -> None:
    for email, name in (
        ("rosa@cafe.example", "Café"),
        ("kim@bar.example", "Bar"),
        ("rosa@cafe.example", "CAFÉ"),
    ):
        answered(email=email, name=name)
        clock.travel(timedelta(minutes=1))
        applications.confirm(token())
    assert [one.name for one in admissions.waiting()] == ["Café", "Bar"]
    assert to_do().applications == 2
    admissions.decline(admissions.waiting()[0].merchant_id, "Nein.", BOSS)
    assert to_do().applications == 1
    assert len(letters("declined")) == 1


def test_a_merchant_that_the_town_hall_took_in_by_itself_is_admitted_without_a_letter() -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session, "cafe", state="suspended").id
    assert admissions.admit(merchant, BOSS).state == "admitted"
    assert letters("admitted") == []
    assert admissions.standing(merchant) is None
    with pytest.raises(NotFound):
        admissions.admit(new_id(), BOSS)


def test_somebody_who_was_forgotten_since_is_told_as_the_applicant() -> None:
    merchant = applied()
    people.remove("rosa@cafe.example")
    admissions.decline(merchant, "Nein.", BOSS)
    assert [(one["to"], one["name"]) for one in letters("declined")] == [("rosa@cafe.example", "Rosa Rosen")]


@pytest.mark.parametrize(
    ("name", "email", "same"),
    [
        ("Bar Rosengarten", "bar@rosengarten.example", True),
        ("BAR  rosengarten!", "bar@rosengarten.example", True),
        ("Bar Rosengarten am Markt", "bar@rosengarten.example", False),
        ("Bar", "bar@rosengarten.example", False),
        ("Etwas anderes", "rosa@cafe.example", True),
        ("カフェ", "cafe@tokyo.example", False),
    ],
)
def test_namesakes_are_pointed_out(name: str, email: str, same: bool) -> None:
    applied()
    with db.transaction() as session:
        factories.merchant(session, "other", name=name, email=email)
    answered(name="Bar Rosengarten")
    applications.confirm(token())
    (one,) = [row for row in admissions.waiting() if row.name == "Bar Rosengarten"]
    slugs = {row.slug for row in admissions.namesakes(one)}
    assert ("other" in slugs) == same
    with db.reading() as session:
        own = session.scalars(select(Merchant.slug).where(Merchant.id == one.merchant_id)).one()
    assert own not in slugs

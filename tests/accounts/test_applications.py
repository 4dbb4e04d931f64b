"""Businesses apply: only who has the mailbox applies, no mailbox is flooded, and the operators are told once an hour."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.accounts import admissions, applications, people, sign_in
from syndication.errors import Invalid, NotFound
from syndication.infra import db, wakeups
from syndication.ledger import sealed_links
from syndication.models import Application, ApplicationStep, Delivery, Merchant, Person, SignUp
from tests import town

TYPED = {
    "name": "Café Rosengarten",
    "address": "Herrngasse 12, 96450 Coburg",
    "about": "Café mit eigenen Torten",
    "contact": "Rosa Rosen",
    "email": "rosa@cafe.example",
    "proof": "Mein Name steht im Impressum.",
}
pytestmark = pytest.mark.usefixtures("database", "settings")


def apply(**typed: str) -> None:
    """A business applies; no worker looks at it."""
    applications.ask(applications.checked({**TYPED, **typed}, language="de", wording="Ja, gern."))


def answered(**typed: str) -> None:
    """It applies, and a worker writes the letter."""
    apply(**typed)
    with db.reading() as session:
        ids = session.scalars(select(Application.id).where(Application.state == "new")).all()
    for one in ids:
        applications.answer(one)


def letters(name: str = "apply") -> list[dict[str, Any]]:
    """The payloads of all letters of a name, their links opened."""
    rows = [row.payload or {} for row in town.deliveries("letter")]
    return [{**one, "connect": sealed_links.opened(one)} for one in rows if one["letter"] == name]


def token() -> str:
    return str(letters()[-1]["connect"].rpartition("/")[2])


def all_of(table: type[Any]) -> list[Any]:
    with db.reading() as session:
        return list(session.scalars(select(table)))


def test_a_request_rings_and_knows_nobody(woken: list[tuple[str, tuple[str, ...]]]) -> None:
    apply()
    (row,) = all_of(Application)
    assert woken == [("application", (str(row.id),))]
    assert (row.state, row.wording) == ("new", "Ja, gern.")
    assert all_of(Merchant) == all_of(Person) == all_of(Delivery) == []


def test_whoever_has_the_mailbox_becomes_the_owner_of_a_merchant_that_may_not_post_yet() -> None:
    answered(email="Rosa@Cafe.Example", url="www.rosengarten.example", phone="09561 / 12 34-0 (Laden)")
    (letter,) = letters()
    assert (letter["to"], letter["language"]) == ("rosa@cafe.example", "de")
    assert not any("Rosengarten" in str(one) for one in letter.values()), "no stranger's words in the letter"
    assert not applications.asked(token()).confirmed
    assert all_of(Merchant) == [], "looking does nothing"
    assert applications.confirm(token()).confirmed
    (merchant,), person = all_of(Merchant), people.of_address("rosa@cafe.example")
    assert (merchant.state, merchant.slug) == ("applied", "cafe-rosengarten")
    assert merchant.url == "https://www.rosengarten.example"
    assert (person.name, person.merchants) == ("Rosa Rosen", {"cafe-rosengarten": "owner"})


def test_confirming_twice_and_applying_twice_makes_one_merchant() -> None:
    answered()
    first = token()
    answered(name="café ROSENGARTEN")
    for one in (first, first, token(), token()):
        assert applications.confirm(one).confirmed
    assert len(all_of(Merchant)) == 1


def test_somebody_who_is_known_keeps_their_name_and_gets_a_second_merchant() -> None:
    people.add("rosa@cafe.example", name="Rosa Rosen")
    answered(name="Bar Rosengarten", contact="Jemand anders")
    applications.confirm(token())
    person = people.of_address("rosa@cafe.example")
    assert (person.name, person.merchants) == ("Rosa Rosen", {"bar-rosengarten": "owner"})


@pytest.mark.parametrize(
    "name", ["カフェ", "Ω", "☕☕", "Ünsal & Söhne", "x" * 200, "<script>alert(1)</script>"]
)
def test_every_name_that_is_taken_can_be_confirmed(name: str) -> None:
    answered(name=name)
    applications.confirm(token())
    (merchant,) = all_of(Merchant)
    assert merchant.name == name
    assert merchant.slug


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "x" * 201}, {"name"}),
        ({"address": ""}, {"address"}),
        ({"about": "", "proof": ""}, {"about", "proof"}),
        ({"contact": ""}, {"contact"}),
        ({"email": "rosa"}, {"email"}),
        ({"email": "rosa@cafe.example\r\nBcc: x@y.example"}, {"email"}),
        ({"email": "", "name": ""}, {"email", "name"}),
        ({"phone": "ruf mich an"}, {"phone"}),
        ({"url": "javascript:alert(1)"}, {"url"}),
        ({"url": "ftp://rosengarten.example"}, {"url"}),
        ({"url": "rosa@rosengarten.example"}, {"url"}),
        ({"url": "mailto:rosa@rosengarten.example"}, {"url"}),
        ({"url": "www.rosengarten.example und Facebook"}, {"url"}),
        ({"url": "keine"}, {"url"}),
        ({"proof": "x" * 401}, {"proof"}),
    ],
)
def test_every_field_that_is_wrong_is_named(typed: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        apply(**typed)
    assert {one.field for one in refused.value.faults} == fields
    assert all_of(Application) == []


@pytest.mark.parametrize(
    "web", ["", "  ", "rosengarten.example", "https://rosengarten.example/", "http://www.cafe.example"]
)
def test_a_web_site_may_be_typed_as_people_do(web: str) -> None:
    apply(url=web)
    (row,) = all_of(Application)
    assert (row.url or "").startswith("http") == bool(web.strip())


def test_a_mailbox_gets_three_mails_a_day_whatever_forms_are_used() -> None:
    """Number 42: ten thousand forms for one victim, in all spellings of its address."""
    town.sign_up("victim@example.org")
    for number in range(40):
        answered(email=f"Victim+{number}@example.org", name=f"Laden {number}")
        town.sign_up(f"victim+{number}@example.org")
    assert len(town.deliveries("letter")) == 3
    assert all_of(SignUp) == []
    answered(email="other@example.org")
    assert len(town.deliveries("letter")) == 4, "others get theirs"
    clock.travel(timedelta(hours=24, seconds=1))
    answered(email="victim@example.org")
    assert len(town.deliveries("letter")) == 5


def test_what_nobody_confirms_is_forgotten_after_seven_days_with_its_letter() -> None:
    answered()
    link = token()
    clock.travel(applications.CONFIRM_WITHIN - timedelta(seconds=1))
    applications.forget()
    assert not applications.asked(link).confirmed
    clock.travel(timedelta(seconds=1))
    with pytest.raises(NotFound, match="no longer good"):
        applications.confirm(link)
    applications.forget()
    assert all_of(Application) == all_of(Delivery) == []


@pytest.mark.parametrize(
    ("act", "days"), [("nothing", 90), ("asked back", 90), ("declined", 90), ("admitted", 365)]
)
def test_an_application_is_forgotten_some_time_after_the_last_word_about_it(act: str, days: int) -> None:
    answered()
    applications.confirm(token())
    clock.travel(timedelta(days=5))
    (one,) = admissions.waiting()
    if act == "admitted":
        admissions.admit(one.merchant_id, "Berta")
    elif act != "nothing":
        answer = admissions.decline if act == "declined" else admissions.ask_back
        answer(one.merchant_id, "Wo ist der Laden?", "Berta")
    clock.travel(timedelta(days=days - (5 if act == "nothing" else 0), seconds=-10))
    applications.forget()
    assert len(all_of(Application)) == 1
    clock.travel(timedelta(seconds=20))
    applications.forget()
    assert all_of(Application) == all_of(ApplicationStep) == []
    assert len(all_of(Merchant)) == 1


def test_who_applies_once_more_after_that_is_the_same_merchant() -> None:
    answered()
    applications.confirm(token())
    clock.travel(timedelta(days=91))
    applications.forget()
    answered(name="CAFÉ Rosengarten")
    applications.confirm(token())
    assert len(all_of(Merchant)) == 1
    assert [one.slug for one in admissions.waiting()] == ["cafe-rosengarten"]


@pytest.mark.parametrize("text", ["", "x", "x" * 5000, "\x00", "ä" * 43])
def test_what_is_no_token_confirms_nothing(text: str) -> None:
    answered()
    with pytest.raises(NotFound):
        applications.confirm(text)


def test_no_link_is_kept_in_the_clear() -> None:
    answered()
    kept = " ".join(repr(vars(row)) for table in (Application, Delivery) for row in all_of(table))
    assert token() not in kept


def test_a_wake_up_that_was_lost_costs_seconds_and_one_that_comes_twice_nothing() -> None:
    wakeups.use(None)
    apply()
    assert applications.sweep() == 0, "its wake-up may still be on the way"
    clock.travel(timedelta(seconds=3))
    assert applications.sweep() == 1
    for one in all_of(Application):
        applications.answer(one.id)
    assert applications.sweep() == 0
    assert len(letters()) == 1


def test_the_operators_get_one_mail_an_hour() -> None:
    people.add("boss@coburg.example", role="operator")
    people.add("looks@coburg.example", role="viewer")
    for number in range(3):
        answered(email=f"owner{number}@shop.example", name=f"Laden {number}")
        applications.confirm(token())
        applications.sweep()
    assert [(one["to"], one["names"]) for one in letters("applications")] == [
        ("boss@coburg.example", "Laden 0")
    ]
    clock.travel(timedelta(hours=1, seconds=1))
    for _ in range(2):
        applications.sweep()
    assert [one["names"] for one in letters("applications")] == ["Laden 0", "Laden 1, Laden 2"]


def test_without_operators_the_citys_address_is_told() -> None:
    answered()
    applications.confirm(token())
    assert [one["to"] for one in letters("applications")] == ["operator@coburg.example"]


def test_an_applicant_can_sign_in_once_the_address_is_confirmed_and_not_before() -> None:
    answered()
    with pytest.raises(NotFound):
        sign_in.link("rosa@cafe.example")
    applications.confirm(token())
    assert sign_in.link("rosa@cafe.example")[0]

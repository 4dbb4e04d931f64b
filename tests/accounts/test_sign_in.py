"""Signing in by a link: good once and for minutes, written to those who are known and nobody else, told by mail."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.accounts import people, sessions, sign_in
from syndication.accounts.sessions import Device
from syndication.delivery import load  # noqa: F401 -- what opens a letter's link
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.ledger import sealed_links
from syndication.models import BrowserSession, Delivery, SignInLink, SignInRequest

PHONE = Device.of(
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
)


@pytest.fixture(autouse=True)
def _rosa(database: str, settings: object) -> None:
    people.add("rosa@cafe.example", name="Rosa")


def letters(name: str = "sign_in") -> list[dict[str, str]]:
    """The payloads of all letters of a name, their links opened."""
    with db.reading() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id)
        ).all()
    found = [dict(row.payload or {}) for row in rows if (row.payload or {})["letter"] == name]
    return [one | {"connect": sealed_links.opened(one)} for one in found]


def asked(email: str = "rosa@cafe.example") -> None:
    """Somebody asks, and the worker answers."""
    sign_in.ask(email)
    with db.reading() as session:
        waiting = session.scalars(select(SignInRequest.id)).all()
    for one in waiting:
        sign_in.answer(one)


def token(letter: int = -1) -> str:
    return letters()[letter]["connect"].rpartition("/")[2]


def test_a_link_signs_in_once() -> None:
    asked("Rosa@Cafe.example")
    (letter,) = letters()
    assert (letter["to"], letter["name"], letter["language"]) == ("rosa@cafe.example", "Rosa", "de")
    assert re.fullmatch(r"http://localhost:8000/sign-in/[\w-]{43}", letter["connect"])
    assert sign_in.whose(token()) == "Rosa"
    assert sign_in.whose(token()) == "Rosa", "looking uses up nothing"
    known = sessions.account(sign_in.use(token(), PHONE).secret)
    assert known is not None
    assert (known.name, known.email) == ("Rosa", "rosa@cafe.example")
    for again in (sign_in.whose, lambda text: sign_in.use(text, PHONE)):
        with pytest.raises(NotFound, match="no longer good"):
            again(token())


def test_a_link_is_good_for_fifteen_minutes() -> None:
    asked()
    clock.travel(timedelta(minutes=14, seconds=59))
    assert sign_in.whose(token()) == "Rosa"
    clock.travel(timedelta(seconds=1))
    with pytest.raises(NotFound):
        sign_in.use(token(), PHONE)


@pytest.mark.parametrize("text", ["", "x", "x" * 5000, "\x00", "../../etc/passwd", "ä" * 43])
def test_what_is_no_token_opens_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        sign_in.whose(text)


def test_nothing_that_opens_a_door_is_kept_in_the_clear() -> None:
    asked()
    secret = sign_in.use(token(), PHONE).secret
    with db.reading() as session:
        tables = (SignInLink, BrowserSession, Delivery)
        rows = [row for table in tables for row in session.scalars(select(table))]
        kept = " ".join(repr(vars(row)) for row in rows)
    assert token() not in kept
    assert secret not in kept


def test_who_is_not_known_gets_no_letter_and_no_other_answer() -> None:
    sign_in.ask("stranger@example.org")
    sign_in.ask("rosa@cafe.example")
    with db.reading() as session:
        waiting = session.scalars(select(SignInRequest.id)).all()
    assert len(waiting) == 2, "a request alone looks nobody up"
    for one in waiting:
        sign_in.answer(one)
    assert [one["to"] for one in letters()] == ["rosa@cafe.example"]
    with db.reading() as session:
        assert session.scalars(select(SignInRequest)).all() == []


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(Invalid):
        sign_in.ask("rosa")


def test_a_mailbox_is_not_flooded_and_its_owner_is_not_kept_out() -> None:
    for _ in range(10):
        asked()
    for _ in range(30):
        clock.travel(timedelta(minutes=16))
        asked()
    first, second, third = letters()
    assert ("until" in first, "until" in second) == (False, False)
    for over in (first, second):
        with pytest.raises(NotFound):
            sign_in.use(over["connect"].rpartition("/")[2], PHONE)
    # The last that somebody had sent lets the owner in until there may be another, and then is used.
    clock.travel(timedelta(hours=15))
    assert sign_in.use(third["connect"].rpartition("/")[2], PHONE).name == "Rosa"
    asked()
    assert len(letters()) == 4, "it was used, so whoever it is reads this mailbox"
    asked()
    assert len(letters()) == 4


def test_whoever_uses_their_links_gets_as_many_as_they_need() -> None:
    for _ in range(12):
        asked()
        sign_in.use(token(), PHONE)
    assert len(letters()) == 12
    assert not any("until" in one for one in letters())


def test_the_last_link_is_good_until_there_may_be_another() -> None:
    for _ in range(3):
        asked()
    over_at = datetime.fromisoformat(letters()[-1]["until"])
    clock.travel(over_at - clock.now() - timedelta(minutes=1))
    assert sign_in.whose(token()) == "Rosa"
    clock.travel(timedelta(minutes=2))
    asked()
    assert len(letters()) == 4


def test_a_wake_up_that_was_lost_costs_seconds() -> None:
    sign_in.ask("rosa@cafe.example")
    assert sign_in.sweep() == 0, "a wake-up may still be on its way"
    clock.travel(timedelta(seconds=3))
    assert sign_in.sweep() == 1
    assert len(letters()) == 1
    assert sign_in.sweep() == 0


def test_nobody_gets_a_link_an_hour_after_they_asked() -> None:
    sign_in.ask("rosa@cafe.example")
    clock.travel(timedelta(hours=1, seconds=1))
    assert sign_in.sweep() == 1
    assert letters() == []


def test_signing_in_by_a_link_is_told_by_mail() -> None:
    asked()
    sign_in.use(token(), PHONE)
    (letter,) = letters("signed_in")
    assert (letter["to"], letter["browser"], letter["system"]) == ("rosa@cafe.example", "Chrome", "Android")


def test_the_command_line_gives_a_link_without_a_mail() -> None:
    url, until = sign_in.link("ROSA@cafe.example")
    assert until - clock.now() <= sign_in.GOOD_FOR
    assert sign_in.use(url.rpartition("/")[2], PHONE).name == "Rosa"
    with pytest.raises(NotFound, match="people add"):
        sign_in.link("stranger@example.org")


def test_links_that_are_over_are_forgotten() -> None:
    asked()
    clock.travel(timedelta(days=8))
    sign_in.forget()
    with db.reading() as session:
        assert session.scalars(select(SignInLink)).all() == []


def test_whoever_is_removed_has_no_link_that_works() -> None:
    asked()
    link = token()
    people.remove("rosa@cafe.example")
    with pytest.raises(NotFound):
        sign_in.use(link, PHONE)
    assert letters() == []

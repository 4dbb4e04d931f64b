"""Browsers in which somebody is signed in: they last thirty days from the last visit, and their owner ends them."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.people import Account
from syndication.accounts.sessions import Device
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import BrowserSession, Person

_SAFARI, _CHROME = (
    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5",
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0",
)
AGENTS = {
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1": (
        "Safari",
        "iPhone",
    ),
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) {_SAFARI} Safari/605.1.15": ("Safari", "Mac"),
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36 Edg/125.0.0.0": ("Edge", "Windows"),
    f"Mozilla/5.0 (Linux; Android 13) {_CHROME} Mobile Safari/537.36": ("Chrome", "Android"),
    f"Mozilla/5.0 (Linux; Android 13) SamsungBrowser/25.0 {_CHROME} Safari/537.36": (
        "Samsung Internet",
        "Android",
    ),
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0": ("Firefox", "Linux"),
    "curl/8.5.0": ("", ""),
    "": ("", ""),
}


@pytest.fixture(autouse=True)
def _rosa(database: str, settings: object) -> None:
    people.add("rosa@cafe.example", name="Rosa")


def begun(email: str = "rosa@cafe.example") -> str:
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        return sessions.begin(session, person, Device("Firefox", "Linux"), "link")[0]


def account(secret: str) -> Account:
    found = sessions.account(secret)
    assert found is not None
    return found


@pytest.mark.parametrize(("agent", "said"), AGENTS.items())
def test_a_device_is_named_as_people_name_it(agent: str, said: tuple[str, str]) -> None:
    assert Device.of(agent) == Device(*said)


@pytest.mark.parametrize("secret", ["", "x", "x" * 1000, "\x00", "ä"])
def test_what_is_no_cookie_of_ours_is_nobody(secret: str) -> None:
    begun()
    assert sessions.account(secret) is None


def test_a_session_lasts_thirty_days_from_the_last_visit() -> None:
    secret = begun()
    for _ in range(3):
        clock.travel(timedelta(days=29))
        account(secret)
    clock.travel(timedelta(days=30, seconds=1))
    assert sessions.account(secret) is None
    sessions.sweep()
    with db.reading() as session:
        assert session.scalars(select(BrowserSession)).all() == []


def test_a_visit_is_noted_at_most_once_an_hour() -> None:
    secret, written = begun(), []
    event.listen(
        db.engine(),
        "before_cursor_execute",
        lambda *args: written.append(args[2]) if args[2].startswith("UPDATE") else None,
    )
    for _ in range(5):
        clock.travel(timedelta(minutes=11))
        account(secret)
    assert written == []
    clock.travel(timedelta(minutes=11))
    account(secret)
    assert len(written) == 1


def test_the_owner_ends_a_session_and_nobody_else_does() -> None:
    people.add("paul@cafe.example")
    here, there, other = account(begun()), account(begun()), account(begun("paul@cafe.example"))
    with pytest.raises(NotFound):
        sessions.end(other, here.session_id)
    assert [one.here for one in sessions.listed(here)].count(True) == 1
    sessions.end(here, there.session_id)
    assert [one.id for one in sessions.listed(here)] == [here.session_id]
    with pytest.raises(NotFound):
        sessions.end(here, there.session_id)
    assert len(sessions.listed(other)) == 1


def test_all_others_end_at_once() -> None:
    secrets = [begun() for _ in range(4)]
    sessions.end_others(account(secrets[2]))
    assert [sessions.account(one) is not None for one in secrets] == [False, False, True, False]


def test_the_oldest_end_where_there_are_too_many() -> None:
    first = begun()
    for _ in range(30):
        clock.travel(timedelta(seconds=1))
        newest = begun()
    assert sessions.account(first) is None
    assert len(sessions.listed(account(newest))) == 30


def test_what_somebody_may_do_counts_from_the_next_visit() -> None:
    secret = begun()
    assert account(secret).role is None
    people.add("rosa@cafe.example", role="editor")
    assert account(secret).role == "editor"
    people.remove("rosa@cafe.example")
    assert sessions.account(secret) is None


def test_the_token_of_a_form_is_bound_to_its_session() -> None:
    one, other = account(begun()), account(begun())
    assert sessions.is_form_token(one, sessions.form_token(one))
    assert not sessions.is_form_token(one, sessions.form_token(other))
    assert not any(sessions.is_form_token(one, text) for text in ("", "x", "ä", "0" * 32))

"""Signing up under attack: letters are counted by mailbox, floods stop their own network, nothing tells who is known."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from random import Random

import pytest
from fastapi import FastAPI
from sqlalchemy import event, select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.audience import readers
from syndication.infra import db
from syndication.models import Delivery, Reader
from syndication.web.app import create_app
from tests import factories, town
from tests.web.serving import served

WHERE = "/api/v1/readers"
#: Requests of each sort whose time is taken; with 200 chance alone moves the figure by 0.03.
EACH = 200


@pytest.fixture
def app(database: str, settings: config.Settings) -> FastAPI:
    return create_app(settings)


def visit(app: FastAPI, email: str, host: str = "203.0.113.7", **headers: str) -> int:
    """Somebody at `host` signs up over JSON; the status of the answer."""
    client = TestClient(app, client=(host, 40000))
    answer = client.post(WHERE, json={"email": email, "wording": "Ja"}, headers=headers)
    return answer.status_code


def anywhere(chance: Random) -> str:
    """An address in some network that nobody else in the test has."""
    return (
        f"{chance.randint(1, 223)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"
    )


def letters() -> list[str]:
    """To whom letters were written."""
    town.answer_sign_ups()
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id))
        return [str((row.payload or {})["to"]) for row in rows]


def capitals(text: str) -> list[str]:
    """Every way to write `text` with capitals."""
    return ["".join(one) for one in product(*[sorted({c.lower(), c.upper()}) for c in text])]


SPELLINGS = {
    "tags": [f"anna+{number}@example.org" for number in range(25)],
    "capitals at an international domain": [f"{one}@bücher.example" for one in capitals("anna")]
    + [f"{one}@xn--bcher-kva.example" for one in capitals("anna")[:4]],
    "capitals": [f"{one}@Example.org" for one in capitals("anna")],
    "umlauts and their capitals": [f"{one}@example.org" for one in capitals("änna")],
    "dots where the provider takes them away": [
        f"{one}@{domain}" for one in ("anna.b", "a.nnab", "an.na.b", "ANNAB") for domain in ("gmail.com", "googlemail.com")
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_mailbox_gets_three_letters_a_day_however_it_is_spelled(kind: str, app: FastAPI) -> None:
    chance = Random(1)
    for _ in range(2):  # at once, and again after each pause that lets a letter through
        for email in SPELLINGS[kind]:
            assert visit(app, email, anywhere(chance)) == 202
        assert len(letters()) <= 1
    for _ in range(4):
        clock.travel(timedelta(minutes=11))
        for email in SPELLINGS[kind]:
            assert visit(app, email, anywhere(chance)) == 202
        letters()
    assert len(letters()) == 3
    clock.travel(timedelta(hours=24))
    assert visit(app, SPELLINGS[kind][0], anywhere(chance)) == 202
    assert len(letters()) == 4


@pytest.mark.parametrize("email", ["Anna@Example.org", "ANNA@xn--bcher-kva.example", "ÄNNA@bücher.example"])
def test_capitals_make_no_second_reader(email: str, app: FastAPI) -> None:
    assert visit(app, email) == 202
    town.answer_sign_ups()
    clock.travel(timedelta(minutes=11))
    assert visit(app, email.swapcase().replace("XN--BCHER-KVA.EXAMPLE", "bücher.example")) == 202
    assert len(letters()) == 2
    with db.reading() as session:
        assert len(session.scalars(select(Reader)).all()) == 1


def test_tags_are_readers_of_their_own(app: FastAPI) -> None:
    for number, email in enumerate(("anna@example.org", "anna+stadt@example.org")):
        assert visit(app, email, f"203.0.113.{number}") == 202
        town.answer_sign_ups()
        clock.travel(timedelta(minutes=11))
    assert letters() == ["anna@example.org", "anna+stadt@example.org"]


def test_a_reader_of_the_time_when_capitals_counted_is_found(app: FastAPI) -> None:
    with db.transaction() as session:
        factories.reader(session, "ANNA@bücher.example")
    assert visit(app, "anna@bücher.example") == 202
    assert letters() == ["ANNA@bücher.example"]
    assert readers.leave_by_address("Anna@BÜCHER.example")


@pytest.mark.enough("sqlite")
def test_a_network_that_floods_stops_itself_and_nobody_else(app: FastAPI) -> None:
    chance = Random(2)
    flood, others = [], []
    for number in range(1000):
        host = f"2001:db8:1:{chance.randint(0, 0xFFFF):x}::{number:x}"
        flood.append(visit(app, f"f{number}@flood.example", host))
        if number % 5 == 0:
            others.append(visit(app, f"o{number}@example.org", anywhere(chance)))
            others.append(visit(app, f"p{number}@example.org", f"2a00:{chance.randint(1, 0xFFFF):x}:7::1"))
    assert set(others) == {202}
    assert flood.count(202) <= 60
    assert set(flood) == {202, 429}


@pytest.mark.enough("sqlite")
def test_many_networks_that_flood_slow_those_that_send_often_and_no_newcomer(app: FastAPI) -> None:
    flood = [
        visit(app, f"f{number}-{again}@flood.example", f"198.{number}.1.{again}")
        for again in range(1, 6)
        for number in range(60)
    ]
    assert flood.count(202) < 60 * 3 + 110
    assert set(flood) == {202, 503}
    chance = Random(3)
    assert {visit(app, f"o{number}@example.org", anywhere(chance)) for number in range(50)} == {202}


def test_the_answer_says_when_it_makes_sense_to_come_back(app: FastAPI) -> None:
    for number in range(5):
        assert visit(app, f"a{number}@example.org") == 202
    client = TestClient(app, client=("203.0.113.7", 1))
    answer = client.post(WHERE, json={"email": "b@example.org", "wording": "Ja"})
    assert answer.status_code == 429
    assert 600 < int(answer.headers["Retry-After"]) <= 720
    assert "try again" in answer.json()["detail"]


# Nothing tells who is known


def is_pending(email: str) -> None:
    town.sign_up(email)
    clock.travel(timedelta(hours=25))


def is_over_the_limit(email: str) -> None:
    for _ in range(4):
        town.sign_up(email)
        clock.travel(timedelta(minutes=11))


def with_state(state: str) -> Callable[[str], None]:
    def make(email: str) -> None:
        with db.transaction() as session:
            factories.reader(
                session, email, state=state, left_at=clock.now() if state != "confirmed" else None
            )

    return make


KNOWN: dict[str, Callable[[str], None]] = {
    "unknown": lambda _: None,
    "pending": is_pending,
    "confirmed": with_state("confirmed"),
    "left": with_state("left"),
    "suppressed": with_state("suppressed"),
    "over the limit": is_over_the_limit,
}


@pytest.fixture
def statements(database: str) -> Iterator[list[str]]:
    """What the database is told."""
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        heard.append(statement)

    event.listen(db.engine(), "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine(), "before_cursor_execute", hear)


@pytest.mark.parametrize("kind", KNOWN)
def test_the_same_work_is_done_for_every_address(
    kind: str, app: FastAPI, statements: list[str], woken: list[tuple[str, tuple[str, ...]]]
) -> None:
    KNOWN["confirmed"]("bert@example.org")  # the tables are never empty
    KNOWN[kind]("anna@example.org")
    visit(app, "someone@example.org", "192.0.2.1")
    done = []
    for host, email in (("192.0.2.2", "nobody@example.org"), ("192.0.2.3", "anna@example.org")):
        del statements[:], woken[:]
        assert visit(app, email, host) == 202
        done.append((list(statements), [name for name, _ in woken]))
    assert done[0] == done[1]
    assert done[0][1] == ["sign-up"]


def auc(some: list[float], others: list[float]) -> float:
    """How often one of `some` is greater than one of `others`: 0.5 tells nothing, 0 or 1 all (Mann and Whitney)."""
    wins = sum((a > b) + 0.5 * (a == b) for a in some for b in others)
    return wins / (len(some) * len(others))


@pytest.mark.alone
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_time_of_an_answer_tells_nothing(
    database: str, settings: config.Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from syndication.infra.http import Client

    with db.transaction() as session:
        for number in range(20 + EACH):
            factories.reader(session, f"known{number}@example.org")
    chance = Random(4)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    order = [f"{who}{number}" for number in range(20 + EACH) for who in took]
    chance.shuffle(order)
    http = Client(timeout=20, allow_private=True)
    with served(settings) as base:
        for email in order:
            headers = {"Content-Type": "application/json", "X-Forwarded-For": anywhere(chance)}
            body = f'{{"email": "{email}@example.org", "wording": "Ja"}}'.encode()
            started = clock.monotonic()
            answer = http.request("POST", base + WHERE, headers=headers, body=body)
            took[email.rstrip("0123456789")].append(clock.monotonic() - started)
            assert answer.status == 202
            town.answer_sign_ups()
    http.close()
    found = auc(took["known"][20:], took["unknown"][20:])
    with capsys.disabled():
        print(f" [AUC of the time for a known and an unknown address: {found:.3f}]", end="")
    assert 0.38 < found < 0.62, "0.55 is the promise; a machine with much else to do needs room"

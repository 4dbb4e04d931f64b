"""Attack 42, list bombing: 10,000 requests in a day that each would write to one victim, in every way there is.

Bar: three mails in 24 hours to the victim, whether they are nobody here or may sign in; whoever may sign in still can; others
are served meanwhile, at p99 less than twice as slow. In full it is 10,000 for one of them on one database; 400 where it is
tried whether the other, the other database, or another way that comes first makes a difference.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from random import Random

import httpx2
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import applications, invitations, people, sessions, sign_in
from syndication.accounts.people import Account
from syndication.accounts.sessions import Device
from syndication.audience import reader_imports
from syndication.errors import Conflict
from syndication.infra import db, mail_addresses
from syndication.ledger import sealed_links
from syndication.models import Application, Person, SignInRequest
from syndication.web import throttle
from syndication.web.site import stamps
from tests import factories, town
from tests.accounts.test_applications import TYPED
from tests.attacks.conftest import come_from
from tests.conftest import FULL
from tests.web.serving import served_apart

REQUESTS = 10_000 if FULL else 400
#: The day in which they come, in waves.
WAVES, BETWEEN = 4, timedelta(hours=5, minutes=50)
VICTIMS = {"nobody here": "victim@example.org", "somebody who may sign in": "paul@example.org"}


def spelled(email: str, number: int) -> str:
    """The same mailbox, spelled anew: with a tag where that is another address, with capitals else."""
    box, _, domain = email.partition("@")
    return (
        f"{box}+{number}@{domain}"
        if number % 3 == 0
        else f"{box.title()}@{domain}"
        if number % 3 == 1
        else email
    )


def host(number: int, chance: Random) -> str:
    """A thousand households of one network, and three hundred networks around the world."""
    if number % 2:
        return f"2001:db8:1:{chance.randint(0, 0xFFFF):x}::{number:x}"
    return f"{chance.randint(1, 150)}.{chance.randint(0, 1)}.7.{chance.randint(1, 254)}"


def owner() -> Account:
    """The owner of a business who has us invite."""
    with db.transaction() as session:
        factories.merchant(session, "cafe")
    people.join("evil@cafe.example", "cafe", "owner", name="Eve")
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == "evil@cafe.example")).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    known = sessions.account(secret)
    assert known is not None
    return known


def invite(eve: Account, email: str) -> int:
    try:
        own = invitations.to_merchant(eve, email, "cafe", "member", name="Buy now")
    except Conflict:
        return 409
    people.leave(own.id, "cafe")
    return 202


def ways(client: TestClient, eve: Account) -> list[Callable[[str, str], int]]:
    """Every way to have a mail written to an address; each takes it and a form's stamp, and says the status."""

    def by_form(email: str, stamp: str) -> int:
        return client.post("/sign-up", data={"email": email, "stamp": stamp, "rhythm": "daily"}).status_code

    def by_json(email: str, _stamp: str) -> int:
        return client.post("/api/v1/readers", json={"email": email, "wording": "Ja"}).status_code

    def by_sign_in(email: str, _stamp: str) -> int:
        return client.post("/sign-in", data={"email": email}).status_code

    def by_application(email: str, stamp: str) -> int:
        data = {**TYPED, "email": email, "stamp": stamp, "agreed": "1"}
        return client.post("/apply", data=data).status_code

    def by_invitation(email: str, _stamp: str) -> int:
        return invite(eve, email)

    return [by_invitation, by_form, by_json, by_sign_in, by_application]


def by_import(emails: list[str]) -> None:
    """The town hall was given a list without consent, and asks all of it."""
    table = "email\n" + "\n".join(emails)
    reader_imports.begin(reader_imports.check(table.encode(), "Berta Boss", "Ja, gern."))
    reader_imports.sweep()


def work() -> None:
    """What workers do with it."""
    town.answer_sign_ups()
    with db.reading() as session:
        asked = session.scalars(select(SignInRequest.id)).all()
        applied = session.scalars(select(Application.id).where(Application.state == "new")).all()
    for one in asked:
        sign_in.answer(one)
    for application_id in applied:
        applications.answer(application_id)


def mails(victim: str) -> int:
    """How many were written to a mailbox, however it was spelled."""
    box = mail_addresses.key(victim)
    return sum(mail_addresses.key(str((row.payload or {})["to"])) == box for row in town.deliveries("letter"))


@pytest.mark.timeout(900)
@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("who", VICTIMS)
@pytest.mark.parametrize(
    ("first", "requests"), [("invitation", 400), ("sign-ups", REQUESTS), ("sign-in", 400)]
)
def test_a_victim_gets_three_mails_a_day_in_all(
    who: str, first: str, requests: int, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    if db.engine().dialect.name != "sqlite" or who == "nobody here":
        requests = 400
    victim, chance, eve = VICTIMS[who], Random(7), owner()
    if who == "somebody who may sign in":
        people.add(victim, name="Paul")
    every = ways(client, eve)
    every = every[{"invitation": 0, "sign-ups": 1, "sign-in": 3}[first] :] + every
    others, refused = [], 0
    for wave in range(WAVES):
        throttle._buckets.cache_clear()  # hours went by
        given = [stamps.new() for _ in range(requests // WAVES)]
        clock.travel(timedelta(seconds=3))
        for number in range(requests // WAVES):
            come_from(client, host(number, chance))
            email = spelled(victim, wave * requests + number)
            status = every[number % len(every)](email, given[number])
            refused += status in (409, 429, 503)
            if number % 40 == 0:
                work()
                come_from(client, f"{chance.randint(160, 220)}.{chance.randint(0, 255)}.{number % 250}.9")
                others.append(every[-3](f"honest{wave}x{number}@example.org", ""))
        by_import([spelled(victim, number) for number in range(0, 90, 3)])
        work()
        clock.travel(BETWEEN)
    found = mails(victim)
    with capsys.disabled():
        print(f" [{who}, {requests} requests, {first} first: {found} mails, {refused} refused]", end="")
    assert 1 <= found <= 3
    assert set(others) == {202}
    if who == "somebody who may sign in":
        last = [
            row.payload or {}
            for row in town.deliveries("letter")
            if (row.payload or {})["letter"] == "sign_in"
        ][-1]
        clock.travel(-BETWEEN)
        assert sign_in.use(sealed_links.opened(last).rpartition("/")[2], Device()).name == "Paul"


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


@pytest.mark.alone
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_others_are_served_as_fast_while_a_mailbox_is_bombed(
    database: str, settings: config.Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty a second, which is 10,000 in eight minutes. The machine is shared: of four rounds one is enough."""
    config.use(settings.model_copy(update={"database_url": database}))
    visits, found = (300 if FULL else 100), list[float]()
    with served_apart(config.settings()) as (base, _):
        for number in range(4):
            quiet = p99(visited(base, visits))
            ended = threading.Event()
            bomber = threading.Thread(target=bomb, args=(base, ended, number))
            bomber.start()
            try:
                found.append(p99(visited(base, visits)) / quiet)
            finally:
                ended.set()
                bomber.join(30)
            if found[-1] < 2:
                break
    with capsys.disabled():
        print(f" [p99 while bombed: {', '.join(f'{one:.2f}' for one in found)} times]", end="")
    assert found[-1] < 2


def visited(base: str, count: int) -> list[float]:
    """How long others wait (seconds), who ask ten times a second."""
    took, pause = [], threading.Event()
    with httpx2.Client(base_url=base, timeout=30) as client:
        client.get("/")
        for _ in range(count):
            began = clock.monotonic()
            assert client.get("/").status_code == 200
            took.append(clock.monotonic() - began)
            pause.wait(0.02)
    return took


def bomb(base: str, ended: threading.Event, round_: int) -> None:
    with httpx2.Client(base_url=base, timeout=30) as client:
        number = 0
        while not ended.wait(0.05):
            number += 1
            headers = {"X-Forwarded-For": f"2001:db8:{round_}:{number:x}::1"}
            body = {"email": f"victim+{number}@example.org", "wording": "Ja"}
            assert client.post("/api/v1/readers", json=body, headers=headers).status_code in (202, 429, 503)

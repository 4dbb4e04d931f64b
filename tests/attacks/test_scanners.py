"""Attack 43, scanners: programs before a mailbox GET and HEAD every link of every mail, ten times each.

Bar: nothing at all is changed, and whoever then opens the mail still confirms, signs in, connects and unsubscribes.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import admissions, applications, invitations, people, sessions, sign_in
from syndication.accounts.sessions import Device
from syndication.audience import editions
from syndication.channels.built_in.letter import LETTERS, Letter
from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.delivery import access_notices, drain, trial_edition
from syndication.infra import db
from syndication.ledger import lifecycle
from syndication.models import Application, Delivery, Destination, Edition, Person, SignInRequest
from syndication.stack.mail_sink import MailSink
from syndication.web.app import create_app
from tests import factories, town
from tests.accounts.test_applications import TYPED
from tests.attacks.conftest import changed, rows
from tests.channels.samples import letter

TIMES = 10
#: What scanners say they are: browsers mostly.
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "curl/8.5.0",
)


def business(email: str) -> Application:
    """Somebody applies, and a worker writes to them."""
    wanted = applications.checked({**TYPED, "name": email, "email": email}, language="de", wording="Ja.")
    applications.ask(wanted)
    applications.answer(wanted.id)
    return wanted


def everything_is_written(cfg: config.Settings, sink: MailSink) -> None:
    """Each letter that there is, written by what writes it, and a newsletter; the mail server has them all."""
    people.add("boss@coburg.example", name="Berta", role="operator")
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
        merchant = factories.merchant(session, "cafe").id
        # Two: the letter about one ends the link of the one before.
        outlet, another = (
            factories.destination(session, "telegram", merchant_id=merchant, settings={"chat": chat}).id
            for chat in ("@a", "@b")
        )
    town.publish("museum", title="Weinabend")
    town.fan_out()
    town.sign_up("neu@example.org")
    town.sign_up("anna@example.org")
    for person in ("boss@coburg.example", "rosa@cafe.example"):
        people.join(person, "cafe", "owner", name="Rosa")
        sign_in.ask(person)
    with db.reading() as session:
        asked = session.scalars(select(SignInRequest.id)).all()
    for one in asked:
        sign_in.answer(one)
    business("wartet@neu.example")
    for act, email in (
        ("admit", "gut@neu.example"),
        ("decline", "nein@neu.example"),
        ("ask_back", "wer@neu.example"),
    ):
        business(email)
        drain.drain("mail")
        link = next(m.text for m in reversed(sink.mails) if m.recipient == email)
        found = re.search(r"/apply/(\S+)", link)
        assert found
        applications.confirm(found[1])
        decided = next(one for one in admissions.waiting() if one.email == email)
        if act == "admit":
            admissions.admit(decided.merchant_id, "Berta")
        else:
            getattr(admissions, act)(decided.merchant_id, "Weil.", "Berta")
    with db.transaction() as session:
        boss = session.scalars(select(Person).where(Person.email == "boss@coburg.example")).one()
        secret, _ = sessions.begin(session, boss, Device(), "passkey")
        row = session.get_one(Destination, outlet)
        now = clock.now()
        access_notices.owner(session, cfg, row, Reason("It said no."), now)
        access_notices.ending(session, cfg, session.get_one(Destination, another), now, now)
        access_notices.well_again(session, cfg, row, now)
    known = sessions.account(secret)
    assert known is not None
    invitations.to_merchant(known, "paul@cafe.example", "cafe", "member")
    url, _ = sign_in.link("boss@coburg.example")
    sign_in.use(url.rpartition("/")[2], Device())
    editions.sweep()
    with db.reading() as session:
        parts = session.scalars(select(Edition.parts)).first()
    assert parts is not None
    trial_edition.send(clock.now(), parts, known.person_id, known.email, "de")
    with db.transaction() as session:
        for name in set(LETTERS) - written():  # of outages: they hold no link of anybody
            payload = {**letter(name).payload, "to": cfg.operator_email}
            about = lifecycle.row(Letter, f"l{new_id().hex}", now, destination_id=outlet, payload=payload)
            session.add(Delivery(**about))
    drain.drain("mail")


def written() -> set[str]:
    return {str((row.payload or {})["letter"]) for row in town.deliveries("letter")}


def links(sink: MailSink) -> Iterator[str]:
    """The path of every address of ours in every part and head of every mail."""
    for mail in sink.mails:
        message = mail.message
        bodies = [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
        for text in (*bodies, *(str(value) for value in message.values())):
            for url in re.findall(r"http://localhost:8000[^\s\"'<>)]*", html.unescape(text)):
                parts = urlsplit(url)
                yield parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.mark.enough("sqlite")
def test_scanners_change_nothing_and_spoil_no_link(
    city: config.Settings, mail_sink: MailSink, capsys: pytest.CaptureFixture[str]
) -> None:
    everything_is_written(city, mail_sink)
    assert written() >= set(LETTERS)
    found = sorted(set(links(mail_sink)))
    ways = {path.split("/")[1] for path in found}
    assert ways >= {"confirm", "preferences", "leave", "sign-in", "apply", "connect", "posts"}
    client = TestClient(create_app(city), follow_redirects=False)
    before = rows()
    for path in found:
        for number in range(TIMES):
            for method in ("GET", "HEAD"):
                answer = client.request(
                    method, path, headers={"User-Agent": AGENTS[number % 2], "Accept": "text/html"}
                )
                dead = path.endswith("/test")  # a trial's links lead to nobody
                assert answer.status_code in ({404} if dead else {200, 303}), f"{method} {path}"
    with capsys.disabled():
        print(
            f" [{len(mail_sink.mails)} mails, {len(found)} links, {2 * TIMES * len(found)} requests]", end=""
        )
    assert changed(before) == {}
    _all_still_works(client, found)


def _all_still_works(client: TestClient, found: list[str]) -> None:
    for way in ("confirm", "sign-in", "apply", "preferences", "leave"):
        paths = [path for path in found if path.startswith(f"/{way}/") and not path.endswith("/test")]
        assert paths, way
        for path in paths:
            answer = client.post(path)
            assert answer.status_code in (200, 303), f"{path}: {answer.status_code}"
            client.cookies.clear()
    for path in (path for path in found if path.startswith("/connect/")):
        assert client.get(path).status_code == 200, path

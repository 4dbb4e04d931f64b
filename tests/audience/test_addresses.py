"""Addresses of all letters: who can be reached signs up, confirms and gets mail; one person is one reader, whatever the case."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import config
from syndication.audience import readers, signups
from syndication.content.interest import Interest
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Consent, Delivery, Reader, SignUp
from syndication.stack.mail_sink import MailSink
from syndication.web.app import create_app
from tests import factories, town
from tests.conftest import settings_for
from tests.pipelining_server import PipeliningServer


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("jörg@example.org", "jörg@example.org"),
        ("x@müller.example", "x@xn--mller-kva.example"),
        ("Ünal.Ö@STRAßE.example", "ünal.ö@xn--strae-oqa.example"),
        ("用户@例子.example", "用户@xn--fsqu00a.example"),
    ],
)
def test_an_address_of_any_letters_signs_up_confirms_and_gets_mail(
    typed: str, at: str, city: config.Settings, mail_sink: MailSink
) -> None:
    town.sign_up(typed, cadence="instantly")
    drain.drain("mail")
    (letter,) = mail_sink.await_mails(1)
    body = letter.message.get_body(("plain",))
    assert body is not None
    readers.confirm(str(body.get_content()).partition("/confirm/")[2].split()[0])
    town.publish(title="Weinabend")
    town.fan_out()
    drain.drain("mail")
    letter, edition = mail_sink.await_mails(2)
    for mail in (letter, edition):
        assert mail.recipient == at
        assert f"\r\nTo: <{at}>\r\n".encode() in mail.data
        assert mail.data.replace(at.encode(), b"").isascii(), "nothing else in it needs more than ASCII"


@pytest.fixture
def plain_server() -> Iterator[PipeliningServer]:
    """A mail server without SMTPUTF8."""
    with PipeliningServer() as server:
        yield server


@pytest.fixture
def plain_city(database: str, settings: config.Settings, plain_server: PipeliningServer) -> config.Settings:
    cfg = settings_for(settings.data_dir, smtp_port=plain_server.port)
    config.use(cfg)
    return cfg


def test_who_cannot_be_reached_is_told_at_the_sign_up(
    plain_city: config.Settings, plain_server: PipeliningServer
) -> None:
    app: FastAPI = create_app(plain_city)
    client = TestClient(app)
    for _ in range(3):
        answer = client.post("/api/v1/readers", json={"email": "jörg@example.org", "wording": "Ja"})
        assert answer.status_code == 422
        assert "letters beyond ASCII before the @" in answer.text
    assert plain_server.connections == 1, "the server is asked once"
    for reachable in ("joerg@example.org", "x@müller.example"):
        answer = client.post("/api/v1/readers", json={"email": reachable, "wording": "Ja"})
        assert answer.status_code == 202
    with db.reading() as session:
        assert session.scalars(select(SignUp.email).order_by(SignUp.email)).all() == [
            "joerg@example.org",
            "x@müller.example",
        ]


def test_a_server_that_does_not_answer_turns_nobody_away(database: str, settings: config.Settings) -> None:
    signups.checked(
        "jörg@example.org",
        language="de",
        interest=Interest(),
        cadence="instantly",
        source="form",
        wording="ja",
    )


def test_in_the_form_stands_a_sentence_and_what_was_typed(
    plain_city: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndication.web.site.stamps._FASTEST", -1)
    client = TestClient(create_app(plain_city), headers={"Accept-Language": "de"})
    stamp = client.get("/").text.partition('name="stamp" value="')[2].partition('"')[0]
    answer = client.post(
        "/sign-up", data={"email": "jörg@example.org", "stamp": stamp, "cadence": "instantly"}
    )
    assert "Unser Mailserver kann an keine Adresse zustellen" in answer.text
    assert 'value="jörg@example.org"' in answer.text


def rows() -> dict[str, str]:
    with db.reading() as session:
        return {one.email: one.state for one in session.scalars(select(Reader))}


def twins() -> dict[str, str]:
    """Tokens of readers of the time when capitals counted."""
    with db.transaction() as session:
        for email in ("Anna@Example.org", "anna@example.org", "anna+stadt@example.org", "bert@example.org"):
            factories.reader(session, email)
    return {email: readers.token_for(email) for email in rows()}


@pytest.mark.parametrize("by", ["Anna@Example.org", "anna@example.org"])
def test_each_link_of_somebody_listed_twice_unsubscribes_all_of_them(
    by: str, database: str, settings: config.Settings
) -> None:
    readers.leave(twins()[by])
    assert rows() == {
        "Anna@Example.org": "left",
        "anna@example.org": "left",
        "anna+stadt@example.org": "confirmed",
        "bert@example.org": "confirmed",
    }


@pytest.mark.parametrize("by", ["Anna@Example.org", "anna@example.org"])
def test_somebody_listed_twice_is_erased_as_a_whole(
    by: str, database: str, settings: config.Settings
) -> None:
    readers.erase(twins()[by])
    assert set(rows()) == {"anna+stadt@example.org", "bert@example.org"}


def test_of_an_address_that_is_listed_twice_one_reader_stays(
    database: str, settings: config.Settings
) -> None:
    tokens = twins()
    town.publish(title="Weinabend")
    town.fan_out()
    assert readers.merge() == 1
    assert readers.merge() == 0
    assert rows() == {
        "Anna@Example.org": "confirmed",
        "anna@example.org": "left",
        "anna+stadt@example.org": "confirmed",
        "bert@example.org": "confirmed",
    }
    with db.reading() as session:
        assert session.scalars(select(Consent.action)).all() == ["merged"]
        states = select(Reader.email, Delivery.state).join(Reader, Reader.id == Delivery.reader_id)
        assert {row.email: row.state for row in session.execute(states)} == {
            "Anna@Example.org": "waiting",
            "anna@example.org": "dropped",
            "anna+stadt@example.org": "waiting",
            "bert@example.org": "waiting",
        }
    readers.leave(tokens["anna@example.org"])
    assert rows()["Anna@Example.org"] == "left", "a link in an older mail still unsubscribes"

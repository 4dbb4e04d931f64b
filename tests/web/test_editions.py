"""The newsletter at the town hall's desk: looked at before it goes, introduced, held, released, sent to oneself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import people
from syndication.audience import editions
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Mailing
from syndication.stack.mail_sink import MailSink
from syndication.web.app import create_app
from tests.audience.test_mailings import daily, until
from tests.town import fan_out, publish
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/audience/test_mailings.py has what is kept, on both


@pytest.fixture
def client(city: config.Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    people.add("blick@coburg.example", name="Bo Blick", role="viewer")
    with TestClient(create_app(city), headers=BROWSER, client=("203.0.113.7", 40000)) as one:
        yield one


def tomorrow(*addresses: str) -> tuple[datetime, str]:
    """A newsletter of tomorrow with one post; its slot and its page."""
    slot = daily(*(addresses or ("a@example.org",)))
    publish(title="Weinabend <am> Fluss")
    fan_out()
    return slot, f"/desk/city/editions/{slot:%Y%m%dT%H%M%S}"


def act(client: TestClient, where: str, name: str, **typed: str) -> Any:
    return client.post(where, data={"token": token(client.get(where).text), "act": name, **typed})


def test_tomorrows_newsletter_is_held_introduced_and_released(
    client: TestClient, mail_sink: MailSink
) -> None:
    slot, page = tomorrow("a@example.org", "b@example.org")
    enter(client)
    listed = client.get("/desk/city/editions").text
    assert page in listed
    assert "2 Leser · 1 neuer Beitrag" in listed
    assert "Angehalten." in act(client, page, "hold").text
    kept = act(
        client, page, "introduce", introduction_de="Guten Morgen, <Coburg>!", introduction_en="Good morning!"
    )
    assert "Die Einleitung ist gespeichert." in kept.text
    assert "Guten Morgen, &lt;Coburg&gt;!" in kept.text
    until(slot)
    editions.sweep()
    drain.drain("mail")
    assert mail_sink.mails == []
    assert "angehalten" in client.get("/desk/city/editions").text
    assert "Freigegeben." in act(client, page, "release").text
    editions.sweep()
    drain.drain("mail")
    assert len(mail_sink.mails) == 2
    assert "Guten Morgen, <Coburg>!" in mail_sink.mails[0].text
    after = client.get(page).text
    assert "ist hinausgegangen" in after
    assert "<dt>Verschickt</dt><dd>2</dd>" in after
    assert "Weinabend" in client.get(f"{page}/mail?who=made.1").text


def test_the_mail_is_shown_in_a_frame_that_runs_and_loads_nothing(client: TestClient) -> None:
    _, page = tomorrow()
    enter(client)
    said = client.get(page)
    assert '<iframe class="mail" title="Die Mail" sandbox src="' in said.text
    assert "frame-src 'self'" in said.headers["content-security-policy"]
    assert "Weinabend &lt;am&gt; Fluss" in said.text  # in the text part
    frame = said.text.partition('sandbox src="')[2].partition('"')[0]
    mail = client.get(frame)
    policy = mail.headers["content-security-policy"]
    for rule in ("default-src 'none'", "sandbox", "form-action 'none'", "frame-ancestors 'self'"):
        assert rule in policy
    assert "Weinabend &lt;am&gt; Fluss" in mail.text
    assert "News from Coburg" in client.get(f"{page}?who={frame.partition('who=')[2][:-2]}en").text


def test_whoever_looks_may_not_decide(client: TestClient) -> None:
    _, page = tomorrow()
    enter(client, "blick@coburg.example")
    said = client.get(page).text
    assert "Anhalten" not in said
    assert "Einleitung" not in said
    assert act(client, "/desk/account", "x").status_code in (200, 303, 422)
    sealed = token(client.get("/desk/account").text)
    assert client.post(page, data={"token": sealed, "act": "hold"}).status_code == 403
    with db.reading() as session:
        assert session.scalars(select(Mailing)).all() == []


def test_a_test_comes_to_whoever_asked_and_to_no_reader(client: TestClient, mail_sink: MailSink) -> None:
    slot, page = tomorrow()
    enter(client)
    act(client, page, "introduce", introduction_de="Guten Morgen!")
    who = client.get(page).text.partition('name="who" value="')[2].partition('"')[0]
    assert "Er ist unterwegs an boss@coburg.example." in act(client, page, "test", who=who).text
    drain.drain("mail")
    (mail,) = mail_sink.mails
    assert mail.recipient == "boss@coburg.example"
    assert "Guten Morgen!" in mail.text
    until(slot)
    editions.sweep()
    drain.drain("mail")
    assert [one.recipient for one in mail_sink.mails[1:]] == ["a@example.org"]


@pytest.mark.parametrize(
    "address", ["x", "20261399T000000", "20301127T060000/mail?who=x", "20301127T060000/mail?who=daily.9.de",
                "20301127T060000/mail?who=daily 07:00.99.de", "20301127T060000?who=made.77"],
)  # fmt: skip
def test_addresses_that_lead_nowhere_are_no_error_of_ours(address: str, client: TestClient) -> None:
    enter(client)
    assert client.get(f"/desk/city/editions/{address}").status_code in (200, 404)


def test_a_newsletter_that_has_gone_cannot_be_held(client: TestClient) -> None:
    slot, page = tomorrow()
    enter(client)
    sealed = token(client.get(page).text)
    until(slot)
    editions.sweep()
    drain.drain("mail")
    answer = client.post(page, data={"token": sealed, "act": "hold"})
    assert answer.status_code == 409
    assert "schon ganz hinausgegangen" in answer.text


def test_what_went_to_none_is_said_so(client: TestClient) -> None:
    enter(client)
    empty = f"/desk/city/editions/{clock.now() + timedelta(days=3):%Y%m%dT%H%M%S}"
    assert "Noch gibt es nichts zu sagen." in client.get(empty).text

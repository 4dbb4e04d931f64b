"""The page about alerts: what is on, what was, who is told, the limits, and a test."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.insight import alert_rules
from syndication.models import Alert, AlertMessage, Destination, LogLine
from syndication.ops import alerts, doctor
from syndication.stack.mail_sink import MailSink
from syndication.web.app import create_app
from tests import factories
from tests.web.test_city import enter, page
from tests.web.test_desk import BROWSER, token

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/ops/test_alerts.py has what is kept, on both
HERE = "/desk/city/alerts"


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(city), headers=BROWSER, raise_server_exceptions=False) as one:
        enter(one, "operator")
        yield one


def begun(rule: str, *, name: str = "", ended: bool = False, said: str = "") -> None:
    began = clock.now() - timedelta(hours=2)
    with db.transaction() as session:
        session.add(
            Alert(
                rule=rule, about=name, name=name, began_at=began, found_at=began, on_at=began, seen_at=clock.now(),
                said=Reason.quoted(said), ended_at=began + timedelta(minutes=95) if ended else None,
            )
        )  # fmt: skip


def form(**changes: str) -> dict[str, str]:
    """As the page sends it when nothing was touched."""
    filled = {f"limit.{one.name}": f"{one.limit:g}" for one in alert_rules.RULES}
    filled |= {f"on.{one.name}": "1" for one in alert_rules.RULES}
    return {**filled, **changes}


def lines() -> list[LogLine]:
    with db.reading() as session:
        found = session.scalars(select(LogLine).where(LogLine.what.in_(("alerts.chosen", "alerts.tested"))))
        return list(found.all())


def test_it_says_what_is_on_since_when_whose_turn_it_is_and_what_to_do_first(client: TestClient) -> None:
    begun("disk", name="stadtserver", said="1.4 GB")
    begun("queue.mail", ended=True)
    said = page(client, HERE)
    assert "Die Platte von stadtserver ist fast voll" in said
    assert "Wer sich um den Server kümmert" in said
    assert "Zuerst: Platz schaffen" in said
    assert "Mails gehen nicht hinaus" in said
    assert "2 Stunden" in said, "95 minutes"
    assert "Warnungen (1)" in said, "in the menu"
    assert "Warnungen, die an sind: 1" in page(client, "/desk/city")


def test_nothing_is_said_to_be_nothing(client: TestClient) -> None:
    assert "Nichts. Alles ist unter seiner Grenze." in page(client, HERE)


def test_a_limit_is_changed_and_a_rule_switched_off(client: TestClient, city: Settings) -> None:
    typed = form(**{"limit.queue.mail": "0,5", "limit.disk": "12,5"})
    del typed["on.source.file"]
    answer = client.post(HERE, data={"token": token(client.get(HERE).text), **typed}, follow_redirects=False)
    assert answer.status_code == 422, "half a minute is too short"
    assert "muss eine Zahl von 1 bis 10000 sein" in answer.text
    assert 'value="12,5"' in answer.text, "what was typed stays"
    assert lines() == []
    typed["limit.queue.mail"] = "90"
    answer = client.post(HERE, data={"token": token(client.get(HERE).text), **typed}, follow_redirects=False)
    assert answer.status_code == 303
    now = alert_rules.limits()
    assert (now["queue.mail"].limit, now["disk"].limit, now["source.file"].on) == (90, 12.5, False)
    assert now["disk"].base == 12.5e9
    assert sorted(one.about_id for one in lines()) == ["disk", "queue.mail", "source.file"]
    answer = client.post(HERE, data={"token": token(client.get(HERE).text), **form()}, follow_redirects=False)
    assert alert_rules.limits()["disk"].limit == 2, "and back"
    assert city


def test_an_outlet_of_the_city_tells_of_alerts(client: TestClient) -> None:
    with db.transaction() as session:
        outlet_id = factories.destination(session, "ntfy", name="Ntfy Amt", settings={"topic": "x"}).id
    assert "Ntfy Amt" in page(client, HERE)
    typed = form(**{f"outlet.{outlet_id}": "1"})
    client.post(HERE, data={"token": token(client.get(HERE).text), **typed})
    with db.reading() as session:
        assert session.get_one(Destination, outlet_id).alarms
    client.post(HERE, data={"token": token(client.get(HERE).text), **form()})
    with db.reading() as session:
        assert not session.get_one(Destination, outlet_id).alarms


def test_the_button_sends_a_test_to_everybody(
    client: TestClient, city: Settings, mail_sink: MailSink
) -> None:
    answer = client.post(f"{HERE}/test", data={"token": token(client.get(HERE).text)})
    assert "Die Probe ist unterwegs" in answer.text
    assert "Noch nicht erreicht: 1" in answer.text
    assert alerts.deliver(city) == 1
    assert [mail.recipient for mail in mail_sink.mails] == ["operator@coburg.example"]
    assert "Sie ist bei allen angekommen." in page(client, HERE)
    assert [one.what for one in lines()] == ["alerts.tested"]


def test_who_may_look_only_sees_limits_without_a_form(client: TestClient) -> None:
    enter(client, "viewer")
    said = page(client, HERE)
    assert "Freier Platz auf der Platte: unter 2 GB" in said
    assert "<button" not in client.get(HERE).text.split("<h1>")[1]
    assert client.post(HERE, data={"token": token(client.get("/desk/account").text)}).status_code == 403


def test_the_doctor_says_the_same(client: TestClient, city: Settings) -> None:
    begun("disk", name="stadtserver", said="1.4 GB")
    found = list(doctor.look(city, parts=("alerts",)))
    assert [(one.verdict, str(one.said)) for one in found] == [
        ("warn", "Alert: The disk of stadtserver is nearly full. 1.4 GB")
    ]
    with db.reading() as session:
        assert session.scalars(select(AlertMessage)).all() == []

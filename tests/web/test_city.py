"""The town hall's desk: is all well, what fails by its cause, one delivery with every try, and acts on many."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people, reports, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.delivery import drain
from syndication.infra import db
from syndication.insight import tallies
from syndication.insight.to_do import ToDo, to_do
from syndication.ledger import bulk
from syndication.models import Attempt, Delivery, Destination, Heartbeat, Merchant, Person, Tally
from syndication.publishing import posts
from syndication.stack import redis_server
from syndication.stack.receiver import Receiver, Reply
from syndication.web import signed_in
from syndication.web.app import create_app
from syndication.web.desk.city import watch
from tests import factories
from tests.e2e.own_postgres import OwnPostgres
from tests.ledger.test_bulk import fill
from tests.town import deliveries, fan_out, hook, later, publish
from tests.web.test_desk import BROWSER, token

pytestmark = pytest.mark.enough(
    "sqlite"
)  # pages; tests/ledger/test_bulk.py and tests/insight have what is kept, on both


@pytest.fixture
def client(city: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(watch, "KEPT", 0.0)
    with TestClient(create_app(city), headers=BROWSER, raise_server_exceptions=False) as one:
        enter(one, "operator")
        yield one


def enter(client: TestClient, role: Any) -> None:
    """Sign somebody with that role in."""
    email = f"{role}@coburg.example"
    people.add(email, name=role.title(), role=role)
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)


@pytest.fixture
def refused(receiver: Receiver) -> Delivery:
    """A delivery to a café's own outlet that waits for its second try."""
    with db.transaction() as session:
        owner = factories.merchant(session, "cafe", name="Café Rosengarten").id
    hook(receiver, name="Unser Webshop", merchant_id=owner)
    receiver.answer = lambda _: Reply(503, body=b"gerade nicht")
    with db.reading() as session:
        assert session.get(Merchant, owner)
    posts.create(owner, factories.event("Weinabend"))
    fan_out()
    drain.drain("push")
    return deliveries()[0]


def ticked() -> None:
    """As if beat and a worker lived."""
    with db.transaction() as session:
        session.add(Heartbeat(name="beat", at=clock.now(), ahead=0.0))


def page(client: TestClient, address: str = "/desk/city") -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


def press(client: TestClient, where: str, address: str, **typed: Any) -> Any:
    return client.post(address, data={"token": token(client.get(where).text), **typed})


def test_a_quiet_day_says_that_all_goes_out(client: TestClient) -> None:
    ticked()
    said = page(client)
    assert "Alles geht hinaus." in said
    assert "Nichts wartet." in said
    assert "Nichts. Einen schönen Tag!" in said


def test_a_page_in_the_other_language_says_all_of_it_in_that_language(
    client: TestClient, refused: Delivery
) -> None:
    german = {"Der Taktgeber": "Beat has never ticked", "503 geantwortet": "answered 503"}
    met = set()
    for address in (
        "/desk/city",
        "/desk/city/now",
        "/desk/city/trouble",
        f"/desk/city/deliveries/{refused.id}",
    ):
        here, there = page(client, f"{address}?lang=de"), page(client, f"{address}?lang=en")
        for said, meant in german.items():
            assert (said in here, said in there) == (meant in there, False), address
            met |= {said} if said in here else set()
    assert met == set(german)
    assert "Beat has never ticked" in page(client), "and so does the page behind the next link"
    own = page(client, "/desk/account")
    assert '<html lang="en">' in own
    assert '<option value="de" lang="de" selected>' in own, "which one is theirs stays"
    press(client, "/desk/account", "/desk/account", name="Operator", language="de")
    assert "Der Taktgeber" in page(client)


def test_a_clockwork_that_stands_still_is_said_on_top_with_what_helps(client: TestClient) -> None:
    said = page(client)
    assert re.search(r'class="verdict failed".*Der Taktgeber hat noch nie getickt\.', said)
    assert "Was hilft:" in said


def says(client: TestClient, words: str) -> None:
    """The page says it within half a minute."""
    deadline = clock.monotonic() + 30
    while words not in page(client, "/desk/city/now"):
        assert clock.monotonic() < deadline, page(client, "/desk/city/now")
        threading.Event().wait(0.2)


def test_workers_that_are_gone_and_a_messenger_that_dies_are_said_within_half_a_minute(
    client: TestClient, city: Settings, tmp_path: Path
) -> None:
    ticked()
    with redis_server.start(tmp_path / "redis") as server:
        cfg = city.model_copy(update={"broker_url": server.url})
        client.app.state.watch = watch.Watch(cfg)  # type: ignore[attr-defined]  # the app's
        says(client, "Kein Arbeiter antwortet.")
        assert "Redis" in page(client)
    says(client, "antwortet nicht:")


def test_a_postgresql_that_dies_gives_a_page_and_one_that_is_back_as_well(city: Settings) -> None:
    with OwnPostgres() as server:
        db.connect(server.fresh("hall"))
        with TestClient(create_app(city), headers=BROWSER, raise_server_exceptions=False) as client:
            enter(client, "operator")
            assert page(client)
            server.stop()
            begun = clock.monotonic()
            answer = client.get("/desk/city")
            assert answer.status_code == 503
            assert "geht verloren" in answer.text
            assert client.get("/desk/city/now").status_code == 503
            assert clock.monotonic() - begun < 30
            server.start()
            assert page(client), "nobody need sign in again"
        db.engine().dispose()


def test_a_part_that_never_answers_is_said_to_be_silent(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_TOO_LONG", 0.0)
    assert "Keine Antwort seit 0 Sekunden." in page(client)


# A PostgreSQL that is away stands above; on SQLite a table that is missing is what a file that is missing is.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_away_gives_a_plain_page_that_says_what_it_means(
    client: TestClient, database: str
) -> None:
    assert page(client)
    with db.engine().connect() as connection:
        connection.execute(text("ALTER TABLE browser_sessions RENAME TO away"))
        connection.commit()
    try:
        for address in ("/desk/city", "/desk/city/now", "/desk"):
            answer = client.get(address)
            assert answer.status_code == 503
            for words in ("Die Datenbank antwortet", "Nichts, was angenommen war, geht verloren"):
                assert words in answer.text, answer.text
    finally:
        with db.engine().connect() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO browser_sessions"))
            connection.commit()
    assert page(client)


def test_what_fails_is_grouped_with_whose_move_it_is(client: TestClient, refused: Delivery) -> None:
    said = page(client, "/desk/city/trouble")
    for words in ("Unser Webshop", "wartet: 1", "niemand muss etwas tun", "503", "Jetzt versuchen"):
        assert words in said, words
    with db.transaction() as session:
        outlet = session.get_one(Destination, refused.destination_id)
        outlet.state, outlet.warned_at = "paused", clock.now()
    said = page(client, "/desk/city/trouble")
    assert "der Händler ist am Zug" in said
    assert "informiert:" in said
    assert "Jetzt versuchen" not in said


def test_4000_failures_of_one_cause_are_one_line(client: TestClient, receiver: Receiver) -> None:
    fill(hook(receiver, name="Stadtportal"), 4000)
    said = page(client, "/desk/city/trouble")
    assert said.count("Stadtportal</strong>") == 1
    assert "nicht angekommen: 4.000" in said
    assert len(said) < 20_000


def test_after_an_outage_all_that_waits_is_tried_by_one_button(
    client: TestClient, receiver: Receiver
) -> None:
    for name in ("Stadtportal", "Vereinsseite"):
        fill(hook(receiver, f"/{name}", name=name), 3, "waiting")
    said = page(client, "/desk/city/trouble")
    way = re.search(r'href="([^"]+)">Alles, was wartet, jetzt versuchen', said)
    assert way
    assert "Jetzt versuchen (6)" in page(client, way[1].replace("&amp;", "&"))


def test_one_delivery_shows_every_try_and_what_goes_there(client: TestClient, refused: Delivery) -> None:
    where = f"/desk/city/deliveries/{refused.id}"
    said = page(client, where)
    for words in (
        "Weinabend",
        "Unser Webshop",
        "gerade nicht",
        "503",
        "nächster Versuch",
        "wird noch einmal versucht",
    ):
        assert words in said, words
    shown = page(client, f"{where}?sent=1")
    assert "POST http" in shown
    assert "whsec_" not in shown


def test_trying_now_and_sending_again_keep_every_try(client: TestClient, refused: Delivery) -> None:
    where = f"/desk/city/deliveries/{refused.id}"
    press(client, where, f"{where}/retry")
    drain.drain("push")
    with db.reading() as session:
        assert len(session.scalars(select(Attempt)).all()) == 2
    answer = press(client, where, f"{where}/there")
    assert answer.status_code == 409
    assert "nicht mehr fraglich" in answer.text or "told" in answer.text
    assert press(client, where, f"{where}/eat").status_code == 404


def test_an_act_on_all_that_match_is_counted_done_stopped_and_gone_on(
    client: TestClient, receiver: Receiver
) -> None:
    ids = fill(hook(receiver, name="Stadtportal"), 900)
    fill(hook(receiver, name="Vereinsseite"), 2)
    listed = page(client, "/desk/city/trouble")
    way = re.search(
        r'href="(/desk/city/acts/new\?act=replay[^"]*)"[^>]*>[^<]*<span class="unseen"> \(Stadtportal\)',
        listed,
    )
    assert way
    ask = way[1].replace("&amp;", "&")
    said = page(client, ask)
    assert "Noch einmal senden (900)" in said
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', said))
    begun = client.post("/desk/city/acts", data=fields)
    assert "0 von 900" in begun.text
    act = bulk.latest()[0].id
    assert bulk.work(act, seconds=0)
    where = f"/desk/city/acts/{act}"
    assert "400 von 900" in page(client, f"{where}/now")
    press(client, where, f"{where}/stop")
    assert not bulk.work(act)
    assert "wurde angehalten" in page(client, where)
    press(client, where, f"{where}/go-on")
    while bulk.work(act):
        pass
    assert "900 von 900" in page(client, where)
    with db.reading() as session:
        again = session.scalars(
            select(Delivery.id).where(Delivery.state == "waiting").order_by(Delivery.id)
        ).all()
    assert again == ids
    assert client.post("/desk/city/acts", data=fields).status_code == 409
    assert client.post(f"{where}/stop", data={"token": fields["token"]}).status_code == 409


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?act=replay&state=eaten", 422),
        ("?act=replay&outlet=x", 422),
        ("?act=replay&cause=x", 422),
        ("?act=replay&days=-1", 422),
        ("?act=eat&state=failed", 404),
        ("?act=replay&merchant=nobody", 404),
        ("?act=replay", 409),
        ("?act=replay&state=failed", 200),
        ("?act=replay&state=&channel=&outlet=&merchant=&cause=&days=0", 409),
        ("?act=retry&channel=nothing", 200),
    ],
)
def test_whatever_stands_in_the_address_gets_a_sentence(client: TestClient, query: str, status: int) -> None:
    answer = client.get(f"/desk/city/acts/new{query}")
    assert answer.status_code == status, answer.text
    fields = dict(one.partition("=")[::2] for one in query.removeprefix("?").split("&"))
    posted = press(client, "/desk/account", "/desk/city/acts", **fields)
    assert posted.status_code in (403, 404, 409, 422)


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_only_looks_finds_no_buttons(client: TestClient, refused: Delivery, role: str) -> None:
    enter(client, role)
    for address in ("/desk/city", "/desk/city/trouble", "/desk/city/deliveries?state=waiting"):
        assert "/desk/city/acts/new" not in page(client, address)
    one = page(client, f"/desk/city/deliveries/{refused.id}")
    assert ("Jetzt versuchen" in one) == (role == "editor")
    assert client.get("/desk/city/acts/new?act=drop&state=failed").status_code == 403


def test_a_filter_finds_what_it_says_page_by_page(client: TestClient, receiver: Receiver) -> None:
    outlet = hook(receiver, name="Stadtportal")
    fill(outlet, 60)
    fill(outlet, 3, "sent")
    first = page(client, "/desk/city/deliveries?state=failed&channel=webhook")
    assert first.count('<li class="failed">') == 50
    onward = re.search(r'href="([^"]+)">Ältere', first)
    assert onward
    assert page(client, onward[1].replace("&amp;", "&")).count('<li class="failed">') == 10
    assert page(client, f"/desk/city/deliveries?state=sent&outlet={outlet}").count('<li class="sent">') == 3
    assert "Keine Sendung ist so." in page(client, "/desk/city/deliveries?state=sent&channel=mastodon")


def test_figures_of_today_come_from_the_hours(client: TestClient) -> None:
    now = clock.now()
    with db.transaction() as session:
        for outcome, count in (("sent", 212), ("failed", 3)):
            session.add(
                Tally(
                    metric=f"hourly_{outcome}", channel="newsletter", label=f"{now:%Y-%m-%d %H}", value=count
                )
            )
    said = page(client)
    assert "212 angekommen, 3 nicht" in said
    assert said.count('<rect class="arrived"') == 2
    assert "Newsletter: 212" in said


def test_attempts_are_counted_by_the_hour_in_which_they_were_made(
    client: TestClient, refused: Delivery
) -> None:
    tallies.fold()
    later(20)
    tallies.fold()
    with db.reading() as session:
        (hour,) = tallies.hours(session, refused.created_at)
    assert (hour.channel, hour.outcome, hour.count) == ("webhook", "later", 1)
    assert hour.at == refused.created_at.replace(minute=0, second=0, microsecond=0)
    later(60 * 86400)
    tallies.forget(clock.now())
    with db.reading() as session:
        assert tallies.hours(session, refused.created_at) == []


def test_twenty_open_pages_look_into_the_tables_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "KEPT", 3.0)
    looks: list[int] = []
    real = watch.today
    monkeypatch.setattr(watch, "today", lambda cfg: looks.append(1) or real(cfg))
    for _ in range(20):
        page(client, "/desk/city/now")
    assert len(looks) == 1


def test_outlets_of_the_city_that_are_paused_need_somebody(client: TestClient, receiver: Receiver) -> None:
    hook(receiver, name="Stadtportal", state="paused", reason=Reason("Somebody paused it."))
    publish()
    assert re.search(r"Stadtportal</strong></a><span>.*ist pausiert", page(client))


def test_whoever_decides_is_told_what_waits_for_a_decision_and_who_only_looks_is_not(
    client: TestClient, city: Settings
) -> None:
    with db.transaction() as session:
        owner = factories.merchant(session, "cafe").id
    post = posts.create(owner, factories.event())
    notice = reports.checked(
        {
            "explanation": "Das Bild ist von mir und nicht von ihnen.",
            "name": "Anna",
            "email": "anna@example.org",
        },
        children=False,
    )
    reports.take(post.id, notice, language="de", wording="Ja.")
    assert 'href="/desk/city/reports">Gemeldete Beiträge: 1</a>' in page(client)
    assert to_do() == ToDo(reports=1)
    enter(client, "viewer")
    assert "Gemeldete Beiträge" not in page(client)

"""Reporting a post without an account, and the town hall's pages about what is reported and what is to be removed."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config, insight
from syndication.accounts import people, reports, sessions
from syndication.accounts.reports import LONGEST
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Delivery, Destination, Person, Report
from syndication.publishing import posts, unlawful
from syndication.web import signed_in, throttle
from syndication.web.app import create_app
from tests import factories
from tests.accounts.test_applications import letters
from tests.town import fan_out, publish
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/accounts has what is kept, on both
BROWSER = {"Accept": "text/html", "Accept-Language": "de"}
TYPED = {
    "explanation": "Der zweite Satz beleidigt Frau M.\nDas ist § 185 StGB.",
    "name": "Anna Amsel",
    "email": "anna@example.org",
    "agreed": "1",
}
REASONS = {"why": "unlawful", "ground": "§ 130 StGB", "statement": "Der Text ruft zur Gewalt auf."}


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("otto@coburg.example", name="Otto Amt", role="operator")
    people.add("vera@coburg.example", name="Vera Amt", role="viewer")
    with TestClient(create_app(settings), headers=BROWSER, client=("203.0.113.9", 40000)) as one:
        yield one


def enter(client: TestClient, email: str = "otto@coburg.example") -> str:
    """Sign somebody in; the token of their forms."""
    with db.transaction() as session:
        person = people.find(session, email)
        assert isinstance(person, Person)
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)
    return token(client.get("/desk/account").text)


def send(client: TestClient, post_id: UUID, *, seconds: float = 3, **typed: str) -> Any:
    """The form is opened, filled in and sent."""
    at = f"/posts/{post_id}/report"
    stamp = re.findall(r'name="stamp" value="([^"]+)"', client.get(at).text)[0]
    clock.travel(timedelta(seconds=seconds))
    return client.post(at, data={**TYPED, "stamp": stamp, **typed})


def kept() -> list[Report]:
    with db.reading() as session:
        return list(session.scalars(select(Report).order_by(Report.at)))


# The form


def test_the_way_to_report_stands_on_every_post(client: TestClient) -> None:
    post = publish()
    assert f'href="/posts/{post.id}/report"' in client.get(f"/posts/{post.id}").text
    page = client.get(f"/posts/{post.id}/report").text
    assert post.content.title in page
    assert f"http://localhost:8000/posts/{post.id}" in page


def test_a_report_is_kept_word_by_word_and_confirmed(client: TestClient) -> None:
    post = publish()
    answer = send(client, post.id)
    assert answer.url.path == "/reported"
    assert "Danke, Ihre Meldung ist da" in answer.text
    (row,) = kept()
    assert (row.post_id, row.explanation, row.name, row.email) == (
        post.id,
        TYPED["explanation"],
        "Anna Amsel",
        "anna@example.org",
    )  # fmt: skip -- one under the other
    assert row.wording.startswith("Ich bin nach bestem Wissen")
    assert letters("report_received")[0]["to"] == "anna@example.org"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"explanation": ""}, "explanation"),
        ({"explanation": "x" * (LONGEST + 1)}, "explanation"),
        ({"name": ""}, "name"),
        ({"email": "anna@"}, "email"),
        ({"email": ""}, "email"),
        ({"agreed": ""}, "agreed"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    client: TestClient, wrong: dict[str, str], field: str
) -> None:
    answer = send(client, publish().id, **wrong)
    assert answer.status_code == 422
    assert re.findall(r'id="fault-(\w+)"', answer.text) == [field]
    if field != "explanation":
        assert "beleidigt Frau M." in answer.text
    assert kept() == []
    other = re.search(r'href="([^"]*lang=en[^"]*)"', answer.text)
    assert other
    again = client.get(other[1].replace("&amp;", "&"))
    assert again.status_code == 200
    if field != "explanation":
        assert "beleidigt Frau M." in again.text


def test_about_children_nobody_need_say_who_they_are(client: TestClient) -> None:
    answer = send(client, publish().id, name="", email="", children="1")
    assert answer.url.path == "/reported"
    assert (kept()[0].children, kept()[0].email, letters("report_received")) == (True, "", [])


@pytest.mark.parametrize("typed", [{"website": "https://spam.example"}, {"stamp": "made.up"}])
def test_a_robot_is_thanked_and_nothing_is_kept(client: TestClient, typed: dict[str, str]) -> None:
    assert send(client, publish().id, **typed).url.path == "/reported"
    assert send(client, publish("kino").id, seconds=0).url.path == "/reported"
    assert kept() == []


def test_what_is_not_out_cannot_be_reported(client: TestClient) -> None:
    gone = publish()
    posts.withdraw(None, gone.id)
    for nothing in (gone.id, UUID(int=1), "nothing"):
        assert client.get(f"/posts/{nothing}/report").status_code == 404
        assert client.post(f"/posts/{nothing}/report", data=TYPED).status_code == 404


def test_too_many_are_held_up_with_a_sentence_and_what_was_typed(
    client: TestClient, settings: Settings, redis_url: str
) -> None:
    config.use(settings.model_copy(update={"broker_url": redis_url}))
    post = publish()
    for _ in range(throttle.REPORTS.household.count):
        assert send(client, post.id).url.path == "/reported"
    answer = send(client, post.id)
    assert answer.status_code == 429
    assert "zu viele Meldungen" in answer.text
    assert "beleidigt Frau M." in answer.text
    assert int(answer.headers["retry-after"]) > 0


# The town hall


def test_the_queue_shows_who_waits_longest_and_leads_to_the_decision(client: TestClient) -> None:
    first, second = publish(title="Der erste"), publish("kino", title="Der zweite")
    for post in (first, second):
        send(client, post.id)
    sealed = enter(client)
    page = client.get("/desk/city/reports").text
    assert page.index("Der erste") < page.index("Der zweite")
    assert "Meldungen (2)" in page
    one = f"/desk/city/reports/{reports.waiting()[0].id}"
    shown = client.get(one).text
    for words in (
        "beleidigt Frau M.",
        "Anna Amsel",
        "anna@example.org",
        f"/desk/city/posts/{first.id}/remove",
    ):
        assert words in shown, words
    assert "Bitte schreiben Sie einen Satz" in client.post(one, data={"token": sealed}).text
    done = client.post(one, data={"token": sealed, "because": "Das ist eine Meinung."})
    assert "erfährt es per Mail" in done.text
    assert "Otto Amt" in done.text
    late = client.post(one, data={"token": sealed, "because": "Nein."})
    assert late.status_code == 409
    assert "hat schon jemand entschieden" in late.text
    assert len(letters("report_decided")) == 1


def test_whoever_may_only_look_sees_posts_and_no_reports(client: TestClient) -> None:
    post = publish()
    send(client, post.id)
    enter(client, "vera@coburg.example")
    page = client.get(f"/desk/city/posts/{post.id}")
    assert page.status_code == 200
    assert "/remove" not in page.text
    assert "/desk/city/reports" not in page.text
    for path in (
        "/desk/city/reports",
        f"/desk/city/reports/{kept()[0].id}",
        f"/desk/city/posts/{post.id}/remove",
    ):
        assert client.get(path).status_code == 403, path


def test_no_merchant_sees_who_reported_it(client: TestClient) -> None:
    post = publish()
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa")
    send(client, post.id)
    sealed = enter(client)
    client.post(f"/desk/city/posts/{post.id}/remove", data={"token": sealed, **REASONS})
    enter(client, "rosa@cafe.example")
    page = client.get(f"/desk/merchants/cafe/posts/{post.id}").text
    told = str(letters("removed"))
    assert "ruft zur Gewalt auf" in page
    for secret in ("Anna", "anna@", "Frau M."):
        assert secret not in page + told


def test_posts_are_found_by_title_merchant_and_address(client: TestClient) -> None:
    wine, film = publish(title="Weinabend"), publish("kino", title="Film im Park")
    enter(client, "vera@coburg.example")

    def found(q: str) -> set[str]:
        page = client.get("/desk/city/posts", params={"q": q}).text
        return {one for one in (str(wine.id), str(film.id)) if f"/desk/city/posts/{one}" in page}

    assert found("") == {str(wine.id), str(film.id)}
    for q in (
        "weinABEND",
        "Cafe",
        str(wine.id),
        f"http://localhost:8000/posts/{wine.id}?x=1",
        str(wine.id).upper(),
    ):
        assert found(q) == {str(wine.id)}, q
    for q in ("nichts", str(UUID(int=1)), "%", "'"):
        assert found(q) == set(), q


def test_all_posts_are_listed_page_by_page(client: TestClient) -> None:
    with db.transaction() as session:
        own = factories.merchant(session).id
    made = [str(posts.create(own, factories.event(f"Abend {number}")).id) for number in range(35)]
    enter(client, "vera@coburg.example")
    address, seen = "/desk/city/posts", list[str]()
    while address:
        page = client.get(address).text
        seen += re.findall(r'class="way" href="/desk/city/posts/([0-9a-f-]{36})"', page)
        more = re.search(r'href="(/desk/city/posts\?after=[^"]+)"', page)
        address = more[1] if more else ""
    assert seen == made[::-1]


def test_removing_asks_for_reasons_lists_what_stays_and_fills_in(client: TestClient) -> None:
    with db.transaction() as session:
        for name in ("Bleibt", "Weicht"):
            channel = "slack" if name == "Bleibt" else "webhook"
            factories.destination(
                session, channel, name=name, settings={"url": "http://127.0.0.1:1/a"} if channel == "webhook" else {},
            )  # fmt: skip
    post = publish(title="Unerhörter Titel")
    fan_out()
    with db.transaction() as session:
        for row in session.scalars(select(Delivery).where(Delivery.destination_id.is_not(None))):
            row.state, row.link = "sent", f"https://there.example/{row.channel}"
    sealed, at = enter(client), f"/desk/city/posts/{post.id}"
    asked = client.get(f"{at}/remove").text
    stays, goes = asked.partition("Was nicht zurückzuholen ist")[2].split("Was zurückgezogen wird")
    assert "Bleibt" in stays
    assert "https://there.example/slack" in stays
    assert "Weicht" in goes
    wrong = client.post(f"{at}/remove", data={"token": sealed, "statement": "Nur das."})
    assert wrong.status_code == 422
    assert set(re.findall(r'id="fault-(\w+)"', wrong.text)) == {"why", "ground"}
    assert "Nur das." in wrong.text
    assert posts.read(post.id).state == "published"
    done = client.post(f"{at}/remove", data={"token": sealed, **REASONS})
    assert "Er ist entfernt" in done.text
    assert "nerhört" not in done.text
    assert "Otto Amt" in done.text
    assert "wird gerade zurückgezogen" in done.text
    assert f'hx-get="{at}/went"' in done.text
    fan_out()
    with db.transaction() as session:
        for row in session.scalars(select(Delivery).where(Delivery.state == "waiting")):
            kind = session.get_one(Destination, row.destination_id).channel if row.destination_id else ""
            row.state = {"webhook": "sent", "slack": "dropped"}.get(kind, row.state)
    part = client.get(f"{at}/went").text
    assert re.search(r"Weicht.*?state sent\">ist dort weg", part, re.DOTALL)
    assert re.search(r"Bleibt.*?muss dort von Hand.*?https://there.example/slack", part, re.DOTALL)
    assert "hx-get" not in part
    late = client.post(f"{at}/remove", data={"token": sealed, **REASONS})
    assert late.status_code == 409
    assert "war schon zurückgezogen" in late.text


def test_what_mails_hold_is_said_to_stay(client: TestClient) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    post = publish()
    fan_out()
    with db.transaction() as session:
        for row in session.scalars(select(Delivery).where(Delivery.reader_id.is_not(None))):
            row.state, row.sent_at = "sent", clock.now()
    assert insight.journey(post.id).readers
    enter(client)
    assert "So viele Menschen haben es bekommen: 1" in client.get(f"/desk/city/posts/{post.id}/remove").text
    unlawful.withdraw(post.id)
    assert "bleibt in 1 Postfächern" in client.get(f"/desk/city/posts/{post.id}").text

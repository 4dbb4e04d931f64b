"""Writing a post at the desk, as a merchant does: the form, drafts, the check page, publishing, correcting, taking back."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import KeptDraft, Merchant, Person, Post
from syndication.publishing import drafts, merchants, posts
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories

HOME = "/desk/merchants/cafe"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten")
        factories.merchant(session, "wein")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    with TestClient(create_app(settings), headers={"Accept": "text/html"}) as one:
        with db.transaction() as session:
            person = session.scalars(select(Person).where(Person.email == "rosa@cafe.example")).one()
            secret, _ = sessions.begin(session, person, Device(), "link")
        one.cookies.set(signed_in._cookie(), secret)
        yield one


def token(page: str) -> str:
    return str(re.findall(r'name="token" value="(\w+)"', page)[0])


def begun(client: TestClient, kind: str = "event") -> tuple[str, str]:
    """Where the form of a new post leads, and the token of its forms."""
    page = client.get(f"{HOME}/new/{kind}").text
    return str(re.findall(r'action="(/desk/[^"]+/write)"', page)[0]), token(page)


def tomorrow(hour: str = "19:30") -> str:
    return f"{clock.now() + timedelta(days=1):%Y-%m-%d} {hour}"


def written(client: TestClient, kind: str = "event", **typed: str) -> tuple[Any, str, str]:
    """A post as it was typed: the answer, where it is written, and the token."""
    where, secret = begun(client, kind)
    data = {"token": secret, "kind": kind, "then": "check", **typed}
    return client.post(where, data=data), where.removesuffix("/write"), secret


def boxes(page: str) -> dict[str, str]:
    """What stands in the boxes of a form, as a browser would send it."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<(?:input|textarea|option)[^>]*>", page):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in said and "value" in said:
            found[said["name"]] = unescape(said["value"])
    for name, text in re.findall(r'<textarea[^>]* name="([\w.]+)"[^>]*>\n?([^<]*)</textarea>', page):
        found[name] = unescape(text)
    return found


def id_of(where: str) -> UUID:
    return UUID(where.rsplit("/", 1)[1])


def test_a_post_is_typed_checked_and_published_once(client: TestClient) -> None:
    page, where, secret = written(
        client, title="Klavier im Garten", starts_at=tomorrow(), price="frei", place="own"
    )
    assert page.status_code == 200, page.text
    assert page.url.path == f"{where}/check"
    assert "Klavier im Garten" in page.text
    assert posts.listed() == []
    for _ in range(2):  # the second tap
        out = client.post(f"{where}/check", data={"token": secret, "then": "publish"})
        assert out.status_code == 200
        assert out.url.path == where
        assert "Fertig" in out.text
    (record,) = posts.listed()
    assert record.id == id_of(where)
    content: Any = record.content
    assert content.price == 0
    assert content.place.name == "Café Rosengarten"
    assert drafts.listed(record.merchant_id) == []


def test_what_is_wrong_is_said_beside_its_box_and_nothing_typed_is_lost(client: TestClient) -> None:
    page, where, _ = written(client, starts_at="irgendwann", summary="Mit Kuchen", price="viel")
    assert page.status_code == 422
    assert 'value="Mit Kuchen"' in page.text
    assert 'value="irgendwann"' in page.text
    for box in ("title", "starts_at", "price"):
        assert f'id="fault-{box}"' in page.text, box
        assert f'href="#field-{box}"' in page.text, box
    again = client.get(f"{where}/write").text
    assert 'value="Mit Kuchen"' in again


def test_a_draft_is_kept_listed_opened_and_thrown_away(client: TestClient) -> None:
    page, where, secret = written(client, title="Noch nicht fertig", then="later")
    assert "Als Entwurf gespeichert" in page.text
    assert "Noch nicht fertig" in page.text
    assert 'value="Noch nicht fertig"' in client.get(f"{where}/write").text
    with db.reading() as session:
        assert session.scalars(select(Post)).all() == []
    gone = client.post(f"{where}/discard", data={"token": secret})
    assert "Noch nicht fertig" not in gone.text
    assert client.get(f"{where}/write").status_code == 404


def test_nobody_writes_in_anothers_draft_or_post(client: TestClient) -> None:
    with db.transaction() as session:
        wine = session.scalars(select(Merchant.id).where(Merchant.slug == "wein")).one()
    other = posts.create(wine, factories.event())
    secret = begun(client)[1]
    for where in (f"{HOME}/posts/{other.id}/write", f"{HOME}/posts/{other.id}/check"):
        data = {"token": secret, "kind": "event", "title": "Meins", "then": "later"}
        assert client.get(where).status_code == 404
        assert client.post(where, data=data).status_code == 404
    with db.reading() as session:
        assert session.scalars(select(KeptDraft)).all() == []


def test_a_correction_changes_what_was_typed_and_keeps_the_rest(client: TestClient) -> None:
    _, where, secret = written(
        client, title="Lesung", starts_at=tomorrow("19:00"), summary="Mit Wein", place="own"
    )
    client.post(f"{where}/check", data={"token": secret, "then": "publish"})
    before: Any = posts.read(id_of(where)).content
    typed = boxes(client.get(f"{where}/write").text)
    data = {**typed, "token": secret, "starts_at": tomorrow("20:00"), "then": "check"}
    check = client.post(f"{where}/write", data=data)
    assert "wird berichtigt, was schon draußen ist" in check.text
    client.post(f"{where}/check", data={"token": secret, "then": "publish"})
    after: Any = posts.read(id_of(where)).content
    assert after.starts_at - before.starts_at == timedelta(hours=1)
    assert (after.summary, after.place, after.title) == ("Mit Wein", before.place, "Lesung")


@pytest.mark.parametrize(
    ("how", "hour", "right"),
    [
        ("now", "", ("published", "")),
        ("later", "übermorgen 10:00", ("scheduled", "")),
        ("later", "", (None, "Bitte geben Sie auch die Uhrzeit an")),
        ("later", "übermorgen", (None, "Bitte geben Sie auch die Uhrzeit an")),
        ("later", "gestern 10:00", (None, "Das ist schon vorbei")),
        ("now", "übermorgen 10:00", (None, "gewählt ist aber „sofort“")),
    ],
)
def test_nothing_goes_out_at_once_that_was_to_wait(
    client: TestClient, how: str, hour: str, right: tuple[str | None, str]
) -> None:
    starts = f"{clock.now() + timedelta(days=5):%Y-%m-%d} 19:30"
    _, where, secret = written(client, title="Klavier", starts_at=starts)
    data = {"token": secret, "then": "publish", "how": how, "publish_at": hour}
    page = client.post(f"{where}/check", data=data)
    state, said = right
    assert [one.state for one in posts.listed()] == ([state] if state else [])
    assert said in page.text
    if not state:
        assert f'value="{hour}"' in page.text
        assert 'value="later" checked' in page.text


@pytest.mark.parametrize(
    ("how", "hour", "right"),
    [
        ("later", None, "as it was"),
        ("now", None, "now"),
        ("now", "", "now"),
        ("later", "moved", "moved"),
        ("later", "", "as it was"),
    ],
)
def test_a_post_that_waits_keeps_its_hour_or_comes_out_at_once_as_its_merchant_says(
    client: TestClient, how: str, hour: str | None, right: str
) -> None:
    starts = f"{clock.now() + timedelta(days=5):%Y-%m-%d} 19:30"
    _, where, secret = written(client, title="Klavier", starts_at=starts)
    data = {"token": secret, "then": "publish"}
    client.post(f"{where}/check", data=data | {"how": "later", "publish_at": "übermorgen 10:00"})
    before = posts.read(id_of(where))
    typed = boxes(client.get(f"{where}/write").text)
    check = client.post(f"{where}/write", data={**typed, "title": "Klavier und Geige", "then": "check"})
    assert 'value="later" checked' in check.text
    offered = boxes(check.text)["publish_at"]
    assert offered.endswith("10:00 Uhr")
    moved = f"{clock.now() + timedelta(days=3):%Y-%m-%d} 11:00"
    typed_hour = {None: offered, "moved": moved}.get(hour, "")
    answer = client.post(f"{where}/check", data=data | {"how": how, "publish_at": typed_hour})
    after = posts.read(id_of(where))
    if hour == "" and how == "later":  # an emptied box is asked for
        assert answer.status_code == 422
        assert after == before
        return
    assert after.content.title == "Klavier und Geige"
    posts.publish_due()
    assert posts.read(id_of(where)).state == ("published" if right == "now" else "scheduled")
    assert (after.publish_at == before.publish_at) is (right == "as it was")


def test_own_words_of_two_outlets_of_one_network_are_asked_for_once_and_go_with_an_emptied_box(
    client: TestClient,
) -> None:
    settings, secrets = {"chat": "@coburg"}, {"bot_token": "1:abc"}
    with db.transaction() as session:
        for name in ("Stadt", "Kultur"):
            factories.destination(session, "telegram", name=name, settings=settings, secrets=secrets)
    check, where, secret = written(client, title="Klavier", starts_at=tomorrow())
    assert check.text.count('name="text.telegram"') == 1
    kept = {"token": secret, "then": "words", "text.telegram": "Kommt!"}
    assert "Kommt!" in client.post(f"{where}/check", data=kept).text
    (draft,) = drafts.listed(merchants.by_slug("cafe").id)
    assert draft.texts == {"telegram": "Kommt!"}
    client.post(f"{where}/check", data={"token": secret, "then": "words"})  # a page without the box
    assert drafts.listed(merchants.by_slug("cafe").id)[0].texts == {"telegram": "Kommt!"}
    client.post(f"{where}/check", data=kept | {"text.telegram": " "})
    assert drafts.listed(merchants.by_slug("cafe").id)[0].texts == {}


def test_looking_at_other_words_keeps_the_hour_that_was_chosen(client: TestClient) -> None:
    _, where, secret = written(client, title="Klavier", starts_at=tomorrow())
    hour = tomorrow("9:15")
    chosen = {"token": secret, "then": "words", "how": "later", "publish_at": hour, "weekly": "1"}
    page = client.post(f"{where}/check", data=chosen).text
    assert re.search(rf'value="{hour}"[^>]* name="publish_at"|name="publish_at"[^>]* value="{hour}"', page)
    assert re.search(r'value="later"[^>]* checked', page)
    assert re.search(r'value="1" checked[^>]* name="weekly"', page)
    assert drafts.known(merchants.by_slug("cafe").id, id_of(where)) is not None, "nothing was published"
    too_long = client.post(f"{where}/check", data=chosen | {"publish_at": "x" * 300})
    assert too_long.status_code == 200


def test_who_is_signed_in_is_still_so_where_something_did_not_work(client: TestClient) -> None:
    page = client.get(f"{HOME}/posts/01900000-0000-7000-8000-000000000000")
    assert page.status_code == 404
    assert "Rosa Rosen" in page.text
    assert "/sign-in" not in page.text
    client.cookies.clear()
    assert "/sign-in" in client.get("/posts/01900000-0000-7000-8000-000000000000").text

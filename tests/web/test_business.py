"""Owners keep right what readers see of their business."""

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import merchants, posts
from syndication.publishing.merchants import Amendment
from syndication.web.app import create_app
from tests import factories
from tests.infra.test_images import drawn, seen
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # a page
PAGE = "/desk/merchants/cafe/business"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten", url="https://alt.example/")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    people.join("paul@cafe.example", "cafe", "member", name="Paul Klein")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def save(client: TestClient, **typed: str) -> Any:
    sealed = token(client.get(PAGE).text)
    return client.post(PAGE, data={"token": sealed, "address": "Markt 1", "url": "", **typed})


def test_what_an_owner_saves_stands_beside_the_posts(client: TestClient) -> None:
    post = posts.create(merchants.by_slug("cafe").id, factories.event())
    enter(client, "rosa@cafe.example")
    page = client.get(PAGE).text
    assert 'value="Markt 1, 96450 Coburg"' in page
    assert 'value="https://alt.example/"' in page
    assert "Gespeichert." in save(client, address="Herrngasse 12, 96450 Coburg", url="www.neu.example").text
    shown = client.get(f"/posts/{post.id}").text
    assert "Herrngasse 12, 96450 Coburg" in shown
    assert 'href="https://www.neu.example"' in shown
    assert save(client).status_code == 200
    assert merchants.by_slug("cafe").url is None


@pytest.mark.parametrize("typed", [{"url": "rosa@cafe.example"}, {"url": "nix da"}, {"address": "x" * 501}])
def test_what_is_wrong_is_said_and_stays(client: TestClient, typed: dict[str, str]) -> None:
    enter(client, "rosa@cafe.example")
    answer = save(client, **typed)
    assert answer.status_code == 422
    assert f'href="#field-{next(iter(typed))}"' in answer.text
    assert next(iter(typed.values())) in answer.text
    assert merchants.by_slug("cafe").url == "https://alt.example/"


def test_members_see_no_way_to_it_and_change_nothing(client: TestClient) -> None:
    enter(client, "paul@cafe.example")
    assert "Mein Geschäft" not in client.get("/desk/merchants/cafe").text
    assert client.get(PAGE).status_code == 403


def test_all_that_a_business_says_stands_beside_its_posts_and_in_the_form(client: TestClient) -> None:
    post = posts.create(merchants.by_slug("cafe").id, factories.event())
    enter(client, "rosa@cafe.example")
    page = save(
        client,
        mo="9–12:30, 14–18", tu="dito", sa="9-13", holidays="geschlossen", hours_note="abends nach Vereinbarung",
        phone="+49 (0)9561 1234", contact="hallo@cafe.example", imprint="www.cafe.example <b>",
        links="instagram.com/cafe\r\nhttp://www.facebook.com/cafe", license_texts="CC-BY-4.0",
        license_pictures="LicenseRef-all-rights-reserved",
    ).text  # fmt: skip
    assert "Mo–Di 9–12:30 und 14–18, Sa 9–13 Uhr" in page
    assert 'value="9–12:30, 14–18"' in page
    kept = merchants.by_slug("cafe")
    assert (
        kept.opening_hours
        == 'Mo-Tu 09:00-12:30,14:00-18:00; Sa 09:00-13:00; PH off || "abends nach Vereinbarung"'
    )
    assert kept.links == ("https://instagram.com/cafe", "https://www.facebook.com/cafe")
    shown = client.get(f"/posts/{post.id}").text
    for part in (
        "Mo–Di 9–12:30 und 14–18, Sa 9–13 Uhr<br>An Feiertagen geschlossen<br>abends nach Vereinbarung",
        '<a href="tel:+4995611234">+49 (0)9561 1234</a>',
        '<a href="mailto:hallo@cafe.example">hallo@cafe.example</a>',
        '<a href="https://www.facebook.com/cafe" rel="noopener nofollow">facebook.com</a>',
        "www.cafe.example</a> &lt;b&gt;",
        '<a href="https://creativecommons.org/licenses/by/4.0/" rel="license noopener">CC BY 4.0</a>',
        "Alle Rechte vorbehalten",
    ):
        assert part in shown
    assert "Mon–Tue 9:00–12:30 and 14:00–18:00" in client.get(f"/posts/{post.id}?lang=en").text
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("mo", "irgendwann"),
        ("holidays", "vielleicht"),
        ("closed.0.from", "irgendwann"),
        ("phone", "ruf an"),
        ("contact", "hallo"),
        ("links", "javascript:alert(1)"),
        ("links", "\n".join(f"www.example.org/{number}" for number in range(6))),
        ("imprint", "x" * 4001),
        ("hours_note", "x" * 201),
        ("license_texts", "GPL"),
    ],
)
def test_every_mistake_is_said_at_its_box_and_nothing_is_saved_or_lost(
    client: TestClient, field: str, typed: str
) -> None:
    enter(client, "rosa@cafe.example")
    answer = save(client, we="9-12", **{field: typed})
    assert answer.status_code == 422
    assert f'id="fault-{field}"' in answer.text
    assert 'value="9-12"' in answer.text
    if field != "license_texts":  # one of a list
        assert escape(typed) in answer.text
    assert merchants.by_slug("cafe").opening_hours is None


def test_a_logo_is_kept_whatever_is_wrong_beside_it_and_goes_when_its_owner_wants(client: TestClient) -> None:
    post = posts.create(merchants.by_slug("cafe").id, factories.event())
    enter(client, "rosa@cafe.example")
    answer = send(client, drawn(800, 400, "PNG"), phone="ruf an")
    assert answer.status_code == 422
    assert 'id="fault-phone"' in answer.text
    at = logo(client, post.id)
    first = client.get(at)
    assert seen(first.content).size == (480, 240)
    assert client.get(at, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert 'id="fault-logo"' in send(client, b"no picture").text
    assert logo(client, post.id) == at
    assert send(client, drawn(300, 300)).status_code == 200
    assert client.get(at).status_code == 404
    save(client, drop_logo="1")
    assert logo(client, post.id) == ""


def send(client: TestClient, picture: bytes, **typed: str) -> Any:
    sealed = token(client.get(PAGE).text)
    return client.post(PAGE, data={"token": sealed, **typed}, files={"files": ("logo.png", picture)})


def logo(client: TestClient, post_id: UUID) -> str:
    found = re.search(
        r'<img class="logo" src="([^"]+)" alt="Café Rosengarten"', client.get(f"/posts/{post_id}").text
    )
    return found[1] if found else ""


def test_a_form_that_is_saved_as_it_is_changes_nothing_whatever_the_api_kept(client: TestClient) -> None:
    closures = "; ".join(
        f"2030 {month} 01-2030 {month} 03 off" for month in ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
    )
    said = {
        "opening_hours": f'Mo 01:00-02:00,03:00-04:00,05:00-06:00,18:00+; Fr 18:00-02:00; PH 10:00-12:00; {closures} || "und so"',
        "phone": "+49 9561 1234", "contact": "hallo@cafe.example", "imprint": "https://cafe.example/impressum",
        "links": ["https://www.instagram.com/a", "https://www.facebook.com/b"], "license_texts": "CC0-1.0",
    }  # fmt: skip
    before = merchants.update(merchants.by_slug("cafe").id, Amendment.model_validate(said))
    enter(client, "rosa@cafe.example")
    page = client.get(PAGE).text
    typed = dict(re.findall(r'<input class="control"[^>]* value="([^"]*)"[^>]* name="([^"]+)"', page))
    typed = {name: unescape(value) for value, name in typed.items()}
    typed |= {name: unescape(value) for name, value in re.findall(r' name="([^"]+)" value="([^"]*)"', page)}
    typed |= {
        name: unescape(text)
        for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n([^<]*)<', page)
    }
    typed |= {"license_texts": "CC0-1.0"}  # the list's chosen line
    assert {"mo", "phone", "closed.5.until", "imprint", "links"} <= typed.keys()
    assert client.post(PAGE, data=typed).status_code == 200
    assert merchants.by_slug("cafe") == before

"""Parts of town: the town hall's pages, and readers who choose some of them."""

import html
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication.audience import district_acts
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import merchants
from syndication.web.app import create_app
from tests import factories
from tests.web.test_city import enter, page, press
from tests.web.test_desk import BROWSER
from tests.web.test_site import letters, stamp

pytestmark = pytest.mark.enough(
    "sqlite"
)  # pages; tests/audience/test_district_acts.py has what is kept, on both
AT = "/desk/city/districts"
ODD = "Nord/Ost & „See“ 100 %"


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(city), headers=BROWSER) as one:
        enter(one, "operator")
        yield one


@pytest.fixture
def cafe(city: Settings) -> UUID:
    with db.transaction() as session:
        factories.merchant(session, "bar", district=ODD)
        return factories.merchant(session, "cafe", district="Mitte").id


def one(name: str) -> str:
    return f"{AT}/one?{urlencode({'name': name})}"


def test_a_city_without_any_says_where_they_come_from(client: TestClient) -> None:
    assert "auf der Seite des Geschäfts" in page(client, AT)


def test_all_are_listed_and_one_with_any_name_has_its_page(client: TestClient, cafe: UUID) -> None:
    said = page(client, AT)
    assert "2 Stadtteile" in said
    assert f'href="{one("Mitte")}"' in said
    assert "<h1>Nord/Ost &amp; „See“ 100 %</h1>" in page(client, one(ODD))
    assert client.get(one("Süd")).status_code == 404
    assert "2 Stadtteile" in page(client, f"{AT}/one")


def test_one_is_called_otherwise_and_its_former_name_is_taken_apart(client: TestClient, cafe: UUID) -> None:
    done = press(client, one("Mitte"), f"{AT}/one", district="Mitte", name="Innenstadt", act="rename")
    assert "Er heißt jetzt Innenstadt" in done.text
    assert merchants.read(cafe).district == "Innenstadt"
    said = page(client, one("Innenstadt"))
    assert "<strong>Mitte</strong>" in said
    done = press(client, one("Innenstadt"), f"{AT}/one", district="Mitte", act="split")
    assert "wieder ein eigener Stadtteil, neben Innenstadt" in done.text
    wrong = press(client, one("Innenstadt"), f"{AT}/one", district="Innenstadt", name=" ", act="rename")
    assert wrong.status_code == 422
    assert 'id="fault-name"' in wrong.text


def test_two_become_one_after_it_was_said_what_that_means(client: TestClient, cafe: UUID) -> None:
    asked = press(
        client, one("Mitte"), f"{AT}/one", district="Mitte", name=f" {ODD.replace(' ', '   ')}", act="rename"
    )
    assert asked.status_code == 422
    assert "Aus Mitte und Nord/Ost &amp; „See“ 100 % wird einer. Stimmt das?" in asked.text
    assert "ab jetzt in Nord/Ost &amp; „See“ 100 % liegen: 1, neben 1" in asked.text
    assert merchants.read(cafe).district == "Mitte"
    press(client, one("Mitte"), f"{AT}/one", district="Mitte", name=ODD, act="join")
    assert merchants.read(cafe).district == ODD
    assert len(district_acts.listed()) == 1


def test_who_only_looks_finds_no_form(client: TestClient, cafe: UUID) -> None:
    enter(client, "viewer")
    assert "<form" not in page(client, one("Mitte")).split("<main")[1].split("</main>")[0]
    assert (
        client.post(f"{AT}/one", data={"district": "Mitte", "name": "X", "act": "rename"}).status_code == 403
    )


def test_readers_choose_parts_of_town_as_soon_as_there_are_two(client: TestClient, city: Settings) -> None:
    assert "Stadtteil" not in page(client, "/")
    with db.transaction() as session:
        factories.merchant(session, "cafe", district="Mitte")
    assert "Stadtteil" not in page(client, "/")
    with db.transaction() as session:
        factories.merchant(session, "bar", district=ODD)
    said = page(client, "/")
    assert "Nur aus manchen Stadtteilen" in said
    assert 'name="districts" value="Nord/Ost &amp; „See“ 100 %"' in said


def test_nobody_writes_into_a_mail_what_no_part_of_town_is_called(client: TestClient, cafe: UUID) -> None:
    typed = {"email": "anna@example.org", "districts": ["Mitte", "Kaufen Sie bei http://spam.example"]}
    refused = client.post("/sign-up", data={**typed, "stamp": stamp(client)})
    assert 'id="fault-districts"' in refused.text
    assert 'value="Mitte" checked' in refused.text
    assert "spam.example" not in refused.text
    client.post("/sign-up", data={**typed, "stamp": stamp(client), "districts": ["Mitte", ODD]})
    token = str(letters()[-1]["token"])
    assert f"Mitte, {ODD}" in html.unescape(client.post(f"/confirm/{token}").text)
    district_acts.rename("Mitte", "Innenstadt")
    assert f"Innenstadt, {ODD}" in html.unescape(client.get(f"/confirm/{token}").text)

"""The town hall's pages about merchants: found, looked at, given a quota, suspended with a reason, admitted again."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import merchants, posts
from syndication.web.app import create_app
from tests import factories
from tests.accounts.test_applications import letters
from tests.web.conftest import Party
from tests.web.test_city import enter, page, press
from tests.web.test_desk import BROWSER

pytestmark = pytest.mark.enough(
    "sqlite"
)  # pages; tests/accounts/test_suspensions.py has what is kept, on both
AT = "/desk/city/merchants"


@pytest.fixture
def cafe(database: str) -> UUID:
    with db.transaction() as session:
        factories.merchant(session, "museum", name="Stadtmuseum", address="Ämtergasse 3", state="applied")
        found = factories.merchant(session, "cafe", name="Café Rosengarten", address="Herrngasse 12").id
        factories.destination(
            session, "webhook", merchant_id=found, name="Webshop", state="disabled",
            settings={"url": "http://127.0.0.1:1/"},
        )  # fmt: skip
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    return found


@pytest.fixture
def client(settings: Settings, cafe: UUID) -> Iterator[TestClient]:
    with TestClient(create_app(settings), headers=BROWSER, raise_server_exceptions=False) as one:
        enter(one, "operator")
        yield one


def test_merchants_are_found_by_name_short_name_and_address_and_by_state(client: TestClient) -> None:
    def found(query: str) -> set[str]:
        return set(re.findall(r'href="/desk/city/merchants/([a-z]+)"', page(client, f"{AT}{query}")))

    assert found("") == {"cafe", "museum"}
    for query in ("?q=CAFÉ", "?q=herrngasse", "?q=cafe", "?state=admitted"):
        assert found(query) == {"cafe"}, query
    for query in ("?q=ämter", "?state=applied", "?q=museum&state=applied"):
        assert found(query) == {"museum"}, query
    assert found("?q=museum&state=suspended") == set()
    assert found("?skip=1") == {"museum"}
    assert found("?state=eaten&skip=-3") == {"cafe", "museum"}


def test_the_list_says_what_is_posted_and_which_outlets_are_in_trouble(
    client: TestClient, cafe: UUID
) -> None:
    posts.create(cafe, factories.event())
    clock.travel(timedelta(days=31))
    enter(client, "operator")  # nobody is signed in for a month
    posts.create(cafe, factories.event("Weinabend"))
    said = page(client, AT)
    assert "Beiträge in 30 Tagen: 1" in said
    assert "Beiträge in 30 Tagen: 0" in said
    assert "gestörte Kanäle: 1" in said


def test_the_page_of_one_has_people_outlets_and_posts(client: TestClient, cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabend"))
    said = page(client, f"{AT}/cafe")
    for words in (
        "Rosa Rosen",
        "rosa@cafe.example",
        "Webshop",
        "ist abgeschaltet",
        f"/desk/city/posts/{post.id}",
    ):
        assert words in said, words
    listed = page(client, "/desk/city/posts?of=cafe")
    assert "Alle Beiträge von Café Rosengarten" in listed
    assert str(post.id) not in page(client, "/desk/city/posts?of=museum")
    enter(client, "viewer")
    said = page(client, f"{AT}/cafe")
    assert "Rosa Rosen" in said
    for words in ("rosa@cafe.example", "Sperren", 'name="posts_per_day"'):
        assert words not in said, words
    assert client.get(f"{AT}/nobody").status_code == 404


def test_a_quota_is_changed_and_taken_back(client: TestClient, cafe: UUID) -> None:
    assert press(client, f"{AT}/cafe", f"{AT}/cafe/quota", posts_per_day="3").status_code == 200
    assert merchants.read(cafe).posts_per_day == 3
    assert "In 24 Stunden 3 neue Beiträge" in page(client, f"{AT}/cafe")
    for wrong in ("0", "viele", "-1", "10001"):
        answer = press(client, f"{AT}/cafe", f"{AT}/cafe/quota", posts_per_day=wrong)
        assert answer.status_code == 422, wrong
        assert 'id="fault-posts_per_day"' in answer.text
        assert f'value="{wrong}"' in answer.text
    press(client, f"{AT}/cafe", f"{AT}/cafe/quota", posts_per_day="")
    assert merchants.read(cafe).posts_per_day is None


def test_its_part_of_town_is_said_and_taken_back(client: TestClient, cafe: UUID) -> None:
    assert "Stadtteil" in page(client, f"{AT}/cafe")
    press(client, f"{AT}/cafe", f"{AT}/cafe/district", district=" Altstadt ")
    assert merchants.read(cafe).district == "Altstadt"
    assert '<option value="Altstadt">' in page(client, f"{AT}/cafe"), "the next one takes the same name"
    wrong = press(client, f"{AT}/cafe", f"{AT}/cafe/district", district="x" * 61)
    assert wrong.status_code == 422
    assert 'id="fault-district"' in wrong.text
    press(client, f"{AT}/cafe", f"{AT}/cafe/district", district="")
    assert merchants.read(cafe).district is None


def test_suspending_says_before_what_it_means_and_asks_for_a_reason(client: TestClient, cafe: UUID) -> None:
    posts.create(cafe, factories.event())
    posts.create(cafe, factories.event(publish_at=(clock.now() + timedelta(days=1)).isoformat()))
    said = page(client, f"{AT}/cafe/suspend")
    assert "Läuft gerade: 1" in said
    assert "Wartet auf seine Zeit: 1" in said
    wrong = press(client, f"{AT}/cafe/suspend", f"{AT}/cafe/suspend", until="gestern", stands="")
    assert wrong.status_code == 422
    assert set(re.findall(r'id="fault-(\w+)"', wrong.text)) >= {"because", "stands"}
    assert merchants.read(cafe).state == "admitted"
    day = (clock.now() + timedelta(days=5)).astimezone(config.settings().zone)
    typed = {"because": "Werbung für Tabak.", "until": f"{day:%d.%m.%Y}", "stands": "stays"}
    done = press(client, f"{AT}/cafe/suspend", f"{AT}/cafe/suspend", **typed)
    assert "Das Geschäft ist gesperrt" in done.text
    assert "Werbung für Tabak." in done.text
    assert "Operator" in done.text, "who did it"
    until = merchants.read(cafe).suspended_until
    assert until is not None
    assert until > day, "that day too"
    assert letters("suspended")[0]["to"] == "rosa@cafe.example"
    again = page(client, f"{AT}/cafe/suspend")
    assert f'value="{day:%d.%m.%Y}"' in again


def test_admitting_again_says_before_what_goes_on(client: TestClient, cafe: UUID) -> None:
    for hours in (2, 40):
        posts.create(cafe, factories.event(publish_at=(clock.now() + timedelta(hours=hours)).isoformat()))
    press(client, f"{AT}/cafe/suspend", f"{AT}/cafe/suspend", because="Ruhe.", stands="goes")
    clock.travel(timedelta(hours=30))
    said = page(client, f"{AT}/cafe/admit")
    for words in ("Geht zu seiner Zeit hinaus: 1", "Hat seine Zeit verpasst: 1", "Geht jetzt hinaus: 0"):
        assert words in said, words
    assert "Das Geschäft ist zugelassen" in press(client, f"{AT}/cafe/admit", f"{AT}/cafe/admit").text
    assert merchants.read(cafe).state == "admitted"


def test_the_api_suspends_with_a_reason_and_an_end(operator: Party, cafe: UUID) -> None:
    posts.create(cafe, factories.event())
    operator.client.headers["Accept"] = "application/json"
    until = (clock.now() + timedelta(days=3)).isoformat()
    body = {"because": "Ruhe.", "until": until, "withdraw": True}
    answer = operator("POST", "/merchants/cafe/suspend", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["suspended_because"] == "Ruhe."
    assert posts.listed(merchant_id=cafe)[0].state == "withdrawn"
    late = operator("POST", "/merchants/cafe/suspend", json={"until": "2020-01-01T00:00:00Z"})
    assert late.status_code == 422
    assert operator("POST", "/merchants/cafe/admit").json()["suspended_until"] is None

"""The town hall's pages about topics: said before it is done, done by one button; and old addresses of feeds lead on."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from syndication.accounts import people
from syndication.audience import topic_acts
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.infra import db
from syndication.web.app import create_app
from tests import factories
from tests.web.test_city_team import BROWSER, enter

pytestmark = pytest.mark.enough(
    "sqlite"
)  # pages; tests/audience/test_topic_acts.py has what becomes of it, on both
HOME = "/desk/city/topics"


@pytest.fixture
def hall(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    people.add("paul@coburg.example", name="Paul Klein", role="viewer")
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
        factories.reader(session, "anna@example.org", interest=Interest.model_validate({"topics": ["weine"]}))
    for name in ("Weine", "Wein"):
        factories.post(cafe, factories.event(topics=[name]))
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def test_what_it_comes_to_is_said_and_then_done(hall: TestClient) -> None:
    token = {"token": enter(hall, "boss@coburg.example")}
    assert "Leser, die es gewählt haben" in hall.get(HOME).text
    asked = hall.get(f"{HOME}/weine?into=wein").text
    assert "Aus Weine wird Wein. Richtig so?" in asked
    assert "Leser, die nur Weine gewählt haben: 1" in asked
    assert len(topic_acts.listed()) == 2, "nothing is done by looking"
    done = hall.post(f"{HOME}/weine", data={**token, "act": "merge", "into": "wein"})
    assert "Alles steht jetzt unter Wein" in done.text
    assert hall.get(f"{HOME}/weine").status_code == 404
    assert "Auch hier abgelegt" in hall.get(f"{HOME}/wein").text
    apart = hall.post(f"{HOME}/weine", data={**token, "act": "split"})
    assert "Weine ist wieder ein eigenes Thema" in apart.text


def test_a_name_that_is_taken_is_said_beside_its_box(hall: TestClient) -> None:
    token = {"token": enter(hall, "boss@coburg.example")}
    answer = hall.post(f"{HOME}/weine", data={**token, "act": "rename", "name": "WEIN"})
    assert answer.status_code == 422
    assert re.search(r'id="fault-name">Ein Thema Wein gibt es schon', answer.text)
    assert (
        "heißt jetzt überall Rebensaft"
        in hall.post(f"{HOME}/weine", data={**token, "act": "rename", "name": "Rebensaft"}).text
    )


def test_whoever_may_only_look_gets_no_form(hall: TestClient) -> None:
    token = {"token": enter(hall, "paul@coburg.example")}
    page = hall.get(f"{HOME}/weine").text
    assert "Umbenennen" not in page
    assert hall.post(f"{HOME}/weine", data={**token, "act": "rename", "name": "X1"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("topic/weine.rss", "topic/wein.rss"),
        ("topic/weine.ics", "topic/wein.ics"),
        ("kind/event/topic/weine/merchant/cafe.json", "kind/event/topic/wein/merchant/cafe.json"),
        ("topic/weine.atom?page=2", "topic/wein.atom?page=2"),
    ],
)
def test_an_old_address_of_a_feed_leads_to_the_new_one(hall: TestClient, path: str, to: str) -> None:
    if "page" not in path:
        assert hall.get(f"/feeds/{path}").status_code == 200
    topic_acts.merge("weine", "wein")
    answer = hall.get(f"/feeds/{path}", follow_redirects=False)
    for _ in range(20):  # what a process remembers holds for a tenth of a second
        if answer.status_code == 301:
            break
        answer = hall.get(f"/feeds/{path}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"/feeds/{to}")
    if "page" not in path:
        assert hall.get(f"/feeds/{path}").status_code == 200

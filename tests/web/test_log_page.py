"""The audit log as the town hall reads it: the page with its questions, the file, and the API for operators' keys."""

import csv
import io
import re
from datetime import timedelta

import pytest

from syndication import clock
from syndication.accounts import people
from syndication.audit import acting, log
from syndication.audit.log import About
from syndication.config import settings
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.publishing import merchants, posts
from tests import factories
from tests.web.conftest import Party
from tests.web.test_log import CAFE, Desk, desk

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/audit has the table, on both
__all__ = ["desk"]


def test_the_page_shows_who_did_what_and_finds_it_again(desk: Desk) -> None:
    post = posts.create(desk.merchant_id, factories.event("Klavier am Sonntag"))
    desk.post(f"{CAFE}/posts/{post.id}/acts/withdraw")
    page = desk.client.get("/desk/city/log").text
    for words in (
        "Wer hat was getan",
        "Klavier am Sonntag",
        "Beitrag zurückgezogen",
        "Rosa Rosen",
        "auf einer Seite",
    ):
        assert words in page, words
    for query, there, gone in (
        (f"by=person+{desk.person_id}", "Beitrag zurückgezogen", "der Dienst selbst"),
        ("what=post.created", "Neuer Beitrag", "Beitrag zurückgezogen"),
    ):
        table = desk.client.get(f"/desk/city/log?{query}").text.partition("<table")[2]
        assert there in table, query
        assert gone not in table, query
    assert "<table" not in desk.client.get("/desk/city/log?until=1999-12-31").text
    today = clock.now().astimezone(settings().zone).date().isoformat()  # as the town hall counts days
    assert "<table" in desk.client.get(f"/desk/city/log?since={today}&until={today}").text


@pytest.mark.parametrize(
    "query", ["since=gestern", "until=2026-13-01", "since=9999-12-31", "merchant=nobody"]
)
def test_a_question_that_cannot_be_answered_is_said_beside_its_box(desk: Desk, query: str) -> None:
    page = desk.client.get(f"/desk/city/log?{query}")
    assert page.status_code == 422
    assert f'id="fault-{query.partition("=")[0]}"' in page.text
    file = desk.client.get(f"/desk/city/log.csv?{query}")
    assert file.status_code in (404, 422)


@pytest.mark.parametrize("query", ["by=%00", "what=%00&merchant=", "after=99999999999999999999", "after=-1", "after=x",
                                   "by=" + "x" * 101, "by=person+x", "what=eaten", "after=4711"])  # fmt: skip
def test_nonsense_is_answered(desk: Desk, query: str) -> None:
    for path in ("/desk/city/log", "/desk/city/log.csv"):
        assert desk.client.get(f"{path}?{query}").status_code in (200, 422), path


def test_the_page_opens_in_the_other_language(desk: Desk) -> None:
    page = desk.client.get("/desk/city/log?what=key.made").text
    other = re.search(r'href="(/desk/city/log[^"]*lang=en[^"]*)"', page)
    assert other
    assert "Who did what" in desk.client.get(other[1].replace("&amp;", "&")).text


def test_page_after_page_leads_through_all_lines(desk: Desk) -> None:
    with db.transaction() as session:
        for number in range(120):
            log.record(session, "key.made", About("key", str(number), f"Schlüssel Nr. {number:03}"))
    address, seen = "/desk/city/log?what=key.made", list[str]()
    while address:
        page = desk.client.get(address).text
        seen += re.findall(r"Schlüssel Nr. (\d+)", page)
        more = re.search(r'href="(/desk/city/log\?[^"]*after=\d+)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == [f"{number:03}" for number in reversed(range(120))]


def test_the_file_holds_all_lines_and_no_formula(desk: Desk) -> None:
    with acting.entering("api", "key 1", "=HYPERLINK(1)"):
        merchants.update(desk.merchant_id, merchants.Amendment(name="+Café"))
    answer = desk.client.get("/desk/city/log.csv?what=merchant.changed")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["by_name"], row["about_name"], row["merchant"]) == ("'=HYPERLINK(1)", "'+Café", "cafe")


def test_the_operators_key_reads_the_log_page_by_page(operator: Party, cafe: Party) -> None:
    for title in ("Eins", "Zwei", "Drei"):
        cafe("POST", "/posts", json={"kind": "offer", "title": title})
    first = operator("GET", "/log?limit=2&what=post.created").json()
    assert [one["about_name"] for one in first["data"]] == ["Drei", "Zwei"]
    rest = operator("GET", f"/log?limit=2&what=post.created&after={first['next']}").json()
    assert [one["about_name"] for one in rest["data"]] == ["Eins"]
    assert rest["next"] is None
    assert operator("GET", "/log?merchant=cafe&since=2999-01-01T00:00:00Z").json()["data"] == []
    assert operator("GET", "/log?what=eaten").status_code == 422
    assert operator("GET", "/log?merchant=nobody").status_code == 404


def test_lines_come_in_the_order_of_time(desk: Desk) -> None:
    for _ in range(3):
        clock.travel(timedelta(minutes=1))
        people.amend(desk.person_id, name="Rosa Rosen", language="de")
    moments = [row.at for row in audit_log.lines(LogFilter())]
    assert moments == sorted(moments, reverse=True)

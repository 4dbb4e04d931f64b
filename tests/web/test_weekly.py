"""What comes every week at the desk: begun from a post with two taps, skipped, closed, changed for all, ended."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.infra import db
from syndication.models import Change, Merchant, Person, Post, Weekly
from syndication.publishing import posts, weekly, weekly_making
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_records import WeeklyDate
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories
from tests.web.test_writing import boxes, token, tomorrow, written

CITY = ZoneInfo("Europe/Berlin")
HOME = "/desk/merchants/cafe"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten")
        factories.merchant(session, "wein")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    with TestClient(create_app(settings), headers={"Accept": "text/html", "Accept-Language": "de"}) as one:
        with db.transaction() as session:
            person = session.scalars(select(Person).where(Person.email == "rosa@cafe.example")).one()
            secret, _ = sessions.begin(session, person, Device(), "link")
        one.cookies.set(signed_in._cookie(), secret)
        yield one


def merchant_id(slug: str = "cafe") -> UUID:
    with db.reading() as session:
        return session.scalars(select(Merchant.id).where(Merchant.slug == slug)).one()


def quiz(**fields: Any) -> posts.PostRecord:
    return factories.post(merchant_id(), factories.evening("Kneipenquiz", days=3, price="2.00", **fields))


def begun(client: TestClient, **typed: str) -> str:
    """The way of the page of what was begun."""
    at = f"{HOME}/posts/{quiz().id}/weekly"
    page = client.get(at).text
    found = client.post(at, data={**boxes(page), **typed})
    assert found.status_code == 200, found.text
    return str(found.url.path)


def tap(client: TestClient, at: str, way: str, **typed: str) -> Any:
    return client.post(f"{at}/{way}", data={"token": token(client.get(at).text), **typed})


def days(at: str) -> list[WeeklyDate]:
    return list(weekly.read(merchant_id(), UUID(at.rsplit("/", 1)[1])).dates)


def said(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_it_begins_with_two_taps_from_a_post_and_two_taps_on_the_button_begin_one(client: TestClient) -> None:
    post = quiz()
    assert f'href="{HOME}/posts/{post.id}/weekly"' in client.get(f"{HOME}/posts/{post.id}").text
    page = client.get(f"{HOME}/posts/{post.id}/weekly").text
    for _ in range(2):
        found = client.post(f"{HOME}/posts/{post.id}/weekly", data=boxes(page))
    assert "Es läuft" in found.text
    assert found.text.count("erscheint am") == 3
    with db.reading() as session:
        assert len(session.scalars(select(Weekly.id)).all()) == 1
    home = said(client.get(HOME).text)
    assert "Jede Woche Kneipenquiz nächster:" in home
    one = days(found.url.path)[0]
    assert "Ein Termin von dem, was jede Woche kommt" in client.get(f"{HOME}/posts/{one.post.id}").text


@pytest.mark.parametrize("at", ["", "8:00"])
def test_a_menu_that_is_being_written_is_posted_and_comes_every_week_from_there(
    client: TestClient, at: str
) -> None:
    day = f"{clock.now() + timedelta(days=2):%d.%m.%Y}"
    page, where, secret = written(
        client, "menu", title="Mittagstisch", from_date=day, until_date=day, dishes="Linsensuppe 6,80 €"
    )
    assert "und danach jede Woche" in page.text, page.text
    later = {"how": "later", "publish_at": f"{day} {at}"} if at else {"how": "now"}
    for _ in range(2):  # the second tap
        asked = client.post(
            f"{where}/check", data={"token": secret, "then": "publish", "weekly": "1", **later}
        )
        assert asked.url.path == f"{where}/weekly"
    assert ("Es erscheint am" if at else "Es geht jetzt hinaus") in said(asked.text)
    found = client.post(asked.url.path, data=boxes(asked.text))
    dates = [one.on for one in days(found.url.path)]
    first = (clock.now() + timedelta(days=2)).date()
    assert dates == [first + timedelta(weeks=n) for n in (1, 2, 3)]
    assert len(posts.listed(merchant_id=merchant_id())) == 4


def test_the_tick_stays_where_the_hour_is_wrong(client: TestClient) -> None:
    page, where, secret = written(client, title="Quiz", starts_at=tomorrow())
    typed = {"token": secret, "then": "publish", "how": "later", "publish_at": "", "weekly": "1"}
    page = client.post(f"{where}/check", data=typed)
    assert page.status_code == 422
    assert boxes(page.text)["weekly"] == "1"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("event", {"title": "Quiz", "starts_at": "jeden Donnerstag 19 Uhr"}),
        ("offer", {"title": "Torte"}),
    ],
)
def test_what_has_several_dates_or_no_end_is_posted_without_it_even_where_a_page_was_changed(
    client: TestClient, kind: str, typed: dict[str, str]
) -> None:
    page, where, secret = written(client, kind, **typed)
    assert page.url.path == f"{where}/check", page.text
    assert 'name="weekly"' not in page.text
    out = client.post(f"{where}/check", data={"token": secret, "then": "publish", "weekly": "1"})
    assert (out.status_code, out.url.path) == (200, where)


def test_what_is_wrong_stands_at_its_box_and_nothing_begins(client: TestClient) -> None:
    at = f"{HOME}/posts/{quiz().id}/weekly"
    filled = boxes(client.get(at).text)
    for typed, words in (
        ({"last": "irgendwann"}, "verstehen wir nicht"),
        ({"last": f"{clock.now() + timedelta(days=4):%d.%m.%Y}"}, "vor dem ersten Termin"),
        ({"told": "heute"}, "Bitte wählen Sie etwas davon"),
        ({"told": "99 99:99"}, "Bitte wählen Sie etwas davon"),
        ({"interval": "7"}, "Bitte wählen Sie etwas davon"),
    ):
        page = client.post(at, data={**filled, **typed})
        assert page.status_code == 422
        assert words in page.text
        assert f"fault-{next(iter(typed))}" in page.text
    assert boxes(page.text)["id"] == filled["id"]
    with db.reading() as session:
        assert session.scalars(select(Weekly.id)).all() == []


def test_what_cannot_come_every_week_is_not_offered_it_and_says_why(client: TestClient) -> None:
    post = quiz(recurrence="FREQ=WEEKLY")
    assert f"/posts/{post.id}/weekly" not in client.get(f"{HOME}/posts/{post.id}").text
    page = client.get(f"{HOME}/posts/{post.id}/weekly")
    assert page.status_code == 409
    assert "kann so nicht jede Woche kommen" in page.text


def test_a_date_is_skipped_and_takes_place_after_all(client: TestClient) -> None:
    at = begun(client)
    second = days(at)[1].on
    page = tap(client, at, f"dates/{second}/skip")
    assert "Dieser Termin fällt aus." in page.text
    assert [one.state for one in days(at)] == ["waits", "skipped", "waits", "waits"]
    coming = said(client.get(f"{HOME}?show=coming").text)
    assert coming.count("fällt aus") == 1
    page = tap(client, at, f"dates/{second}/take-place")
    assert [one.state for one in days(at)] == ["waits", "waits", "waits", "waits"]
    assert client.post(f"{at}/dates/{second}/burn", data={"token": token(page.text)}).status_code == 404
    assert client.post(f"{at}/dates/2020-01-01/skip", data={"token": token(page.text)}).status_code == 404
    assert client.post(f"{at}/dates/{second}/skip").status_code == 403  # a form of somebody else


def test_of_a_date_that_is_out_the_page_says_who_hears_of_it(client: TestClient) -> None:
    at = begun(client, told="7 09:00")
    due = days(at)[0].post.publish_at
    assert due is not None
    clock.travel(due - clock.now() + timedelta(hours=1))  # a day later it would have missed its hour
    posts.publish_due()
    first = next(one for one in days(at) if one.state == "out")
    assert "alle, die davon gehört haben" in client.get(at).text.lower()
    tap(client, at, f"dates/{first.on}/skip")
    page = said(client.get(at).text)
    assert "Abgesagt" in page
    assert "Doch nicht ausfallen lassen" in page


def test_closed_until_a_day_as_people_say_it(client: TestClient) -> None:
    at = begun(client)
    second = days(at)[1].on
    page = tap(client, at, "close", until=f"{second:%d.%m.%Y}")
    assert "Geschlossen bis" in said(page.text)
    assert [one.state for one in days(at)] == ["closed", "closed", "waits", "waits", "waits"]
    assert "Danach geht es von selbst weiter" in page.text
    page = tap(client, at, "go-on")
    assert "Geschlossen bis" not in said(page.text)
    assert {one.state for one in days(at)} == {"waits"}
    for until, words in (
        ("", "Bitte nennen Sie einen Tag"),
        ("gestern", "noch kommt"),
        ("Quark", "verstehen wir nicht"),
    ):
        page = tap(client, at, "close", until=until)
        assert (page.status_code, words in page.text, "fault-until" in page.text) == (422, True, True), until


def test_changed_for_all_it_says_which_dates_change_and_which_keep_their_words(client: TestClient) -> None:
    at = begun(client)
    weekly_id, third = at.rsplit("/", 1)[1], days(at)[2]
    own = f"{HOME}/posts/{third.post.id}/write"
    client.post(own, data={**boxes(client.get(own).text), "title": "Weihnachtsquiz", "then": "check"})
    check = own.replace("/write", "/check")
    preview = client.get(check).text
    assert "Sie ändern nur diesen Termin." in preview
    assert 'name="how"' not in preview
    client.post(check, data={"token": token(preview), "then": "publish"})
    assert [one.own for one in days(at)] == [False, False, True]
    assert days(at)[2].post.publish_at == third.post.publish_at
    form = f"{HOME}/posts/{weekly_id}/write"
    page = client.get(form).text
    assert "Für alle Termine: Kneipenquiz" in page
    page = client.post(form, data={**boxes(page), "price": "3 €", "then": "check"})
    assert page.url.path == f"{at}/check"
    assert "behält sie" in page.text
    assert client.get(f"{HOME}/posts/{weekly_id}/check").url.path == f"{at}/check"
    done = client.post(f"{at}/check", data={"token": token(page.text)})
    assert "Für alle Termine geändert." in done.text
    prices = [str(one.post.content.model_dump()["price"]) for one in days(at)]
    assert prices == ["3", "3", "2.00"]
    assert client.post(f"{at}/check", data={"token": token(page.text)}).url.path == at  # a second tap
    with db.reading() as session:
        assert session.get(Post, UUID(weekly_id)) is None


def test_several_times_of_being_closed_are_listed_and_each_taken_back(client: TestClient) -> None:
    at = begun(client)
    first, _, third = (one.on for one in days(at))
    tap(client, at, "close", **{"from": f"{first:%d.%m.%Y}", "until": f"{first:%d.%m.%Y}"})
    page = tap(client, at, "close", **{"from": f"{third:%d.%m.%Y}", "open": "1"})
    assert "bis Sie es sagen" in said(page.text)
    assert [one.state for one in days(at)] == ["closed", "waits", "closed", "closed"]
    page = tap(client, at, "go-on", first=f"{first:%d.%m.%Y}")
    assert [one.state for one in days(at)] == ["waits", "waits", "closed", "closed"]
    assert "bis Sie es sagen" in said(page.text)
    page = tap(client, at, "go-on", first=f"{third:%d.%m.%Y}")
    assert "bis Sie es sagen" not in said(page.text)


def test_closed_at_once_until_its_merchant_says_so_home_says_that(client: TestClient) -> None:
    at = begun(client)
    page = tap(client, at, "close", open="1")
    assert "Geschlossen, bis Sie es sagen." in said(page.text)
    assert re.search(r"<button[^>]*>Weitermachen", page.text)
    assert "geschlossen, bis Sie es sagen" in said(client.get(HOME).text)
    tap(client, at, "go-on")
    assert {one.state for one in days(at)} == {"waits"}


def test_another_day_and_rhythm_are_one_act_however_often_it_is_tapped(client: TestClient) -> None:
    at = begun(client)
    second = days(at)[1].on
    page = client.get(at).text
    form = {"token": token(page), "successor": str(new_id()), "told": "1 17:00", "interval": "2"}
    for typed, words in (({"first": ""}, "nennen Sie einen Tag"), ({"first": "gestern"}, "noch kommt"),
                         ({"first": "morgen", "interval": "9"}, "wählen Sie etwas davon")):  # fmt: skip
        refused = client.post(f"{at}/turn", data=form | typed)
        assert (refused.status_code, words in refused.text) == (422, True), refused.text
    for _ in range(2):
        done = client.post(f"{at}/turn", data=form | {"first": f"{second + timedelta(days=1):%d.%m.%Y}"})
        assert done.url.path == f"{HOME}/weekly/{form['successor']}"
    assert "Ab diesem Tag ist es wie hier" in done.text
    assert "Alle zwei Wochen" in done.text or "alle zwei Wochen" in done.text
    assert days(done.url.path)[0].on == second + timedelta(days=1)
    assert done.url.path in client.get(at).text
    assert "Anderer Wochentag" not in client.get(at).text


def test_another_hour_for_all_holds_from_the_day_that_is_chosen(client: TestClient) -> None:
    at = begun(client)
    first, _, third = (one.on for one in days(at))
    form = f"{HOME}/posts/{at.rsplit('/', 1)[1]}/write"
    page = client.post(form, data={**boxes(client.get(form).text), "title": "Spätquiz", "then": "check"})
    assert f'value="{third:%d.%m.%Y}"' in page.text
    assert f'value="{first:%d.%m.%Y}"' not in page.text, "that is at once"
    filled = {"token": token(page.text), "from": f"{third:%d.%m.%Y}", "successor": str(new_id())}
    done = client.post(f"{at}/check", data=filled)
    assert [one.post.content.title for one in days(at) if one.state == "waits"] == ["Kneipenquiz"] * 2
    assert {one.post.content.title for one in days(done.url.path)} == {"Spätquiz"}


def test_another_weekday_for_all_goes_on_from_that_day(client: TestClient) -> None:
    at = begun(client)
    form = f"{HOME}/posts/{at.rsplit('/', 1)[1]}/write"
    moved = days(at)[1].on + timedelta(days=1)
    page = client.post(
        form, data={**boxes(client.get(form).text), "starts_at": f"{moved:%d.%m.%Y} 19 Uhr", "then": "check"}
    )
    assert "Das ist ein anderer Wochentag" in page.text
    done = client.post(f"{at}/check", data=boxes(page.text))
    found = days(done.url.path)[0]
    begins = found.post.content.begins
    assert (found.on, begins and begins.astimezone(CITY).hour) == (moved, 19)


def test_another_weekday_said_as_if_from_now_on_is_refused_above_the_preview(client: TestClient) -> None:
    at = begun(client)
    form = f"{HOME}/posts/{at.rsplit('/', 1)[1]}/write"
    moved = days(at)[0].on + timedelta(days=1)
    page = client.post(
        form, data={**boxes(client.get(form).text), "starts_at": f"{moved:%d.%m.%Y} 20 Uhr", "then": "check"}
    )
    page = client.post(f"{at}/check", data={"token": token(page.text)})
    assert page.status_code == 422
    assert "Der Wochentag bleibt" in page.text


def test_its_last_date_and_its_hour_are_changed_and_it_is_ended(client: TestClient) -> None:
    at = begun(client)
    last = days(at)[1].on
    page = tap(client, at, "plan", told="0 08:00", last=f"{last:%d.%m.%Y}")
    assert "am Tag selbst um 8:00 Uhr" in page.text
    assert [one.state for one in days(at)] == ["waits", "waits", "closed"]
    assert tap(client, at, "plan", told="nie").status_code == 422
    assert tap(client, at, "burn").status_code == 404
    page = tap(client, at, "end")
    assert "Es ist beendet" in page.text
    assert "Kneipenquiz nächster" not in said(client.get(HOME).text)
    again = client.get(f"{HOME}/posts/{days(at)[0].post.id}").text
    assert f"/posts/{days(at)[0].post.id}/weekly" in again, "it may begin anew"


def test_what_keeps_it_from_going_on_is_said(client: TestClient) -> None:
    with db.transaction() as session:
        session.execute(update(Merchant).where(Merchant.slug == "cafe").values(posts_per_day=2))
    at = begun(client)
    page = said(client.get(at).text)
    assert "Der nächste Termin konnte nicht angelegt werden" in page
    assert len(days(at)) == 1
    with db.transaction() as session:
        session.execute(update(Merchant).where(Merchant.slug == "cafe").values(state="suspended"))
    clock.travel(timedelta(hours=1))
    weekly_making.sweep()
    assert "nichts geht verloren" in client.get(at).text


def test_of_another_merchant_nothing_is_seen(client: TestClient) -> None:
    other, weekly_id = merchant_id("wein"), new_id()
    weekly.begin(other, weekly_id, factories.event().content(), Plan())
    for path in (
        f"{HOME}/weekly/{weekly_id}",
        f"{HOME}/weekly/{weekly_id}/check",
        f"{HOME}/posts/{weekly_id}/write",
    ):
        assert client.get(path).status_code == 404
    assert client.get(f"/desk/merchants/wein/weekly/{weekly_id}").status_code == 404
    with db.reading() as session:
        assert session.scalars(select(Change.id)).all() == []

"""Whatever is typed into a form: a fault stands beside its field, the rest stays as it was ticked, and nothing breaks."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from syndication import clock
from syndication.audience import readers
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.web import throttle
from syndication.web.app import create_app
from tests import town
from tests.web.test_site import confirmed, letters, reader, stamp

CHOOSE = "Bitte wählen Sie aus dem, was hier angeboten wird."
KNOWN = Interest(topics=("musik",), kinds=("event",), merchants=("cafe",), districts=("Altstadt",))
GARBAGE = (
    b"", b"!", b"%00", b"%FF%FE", b"%0d%0a", b"-1", b"99999999999999999999", b"1e9", b"NaN", b"%F0%9F%A6%8A", b"../../etc/passwd",
    b"%3Cscript%3E", b"x" * 9000, b"{}", b"[]", b"null",
)  # fmt: skip
FIELDS = ("email", "website", "stamp", "kinds", "topics", "districts", "rhythm", "weekday", "hour", "minute", "language",
          "List-Unsubscribe", "server", "access_token", "")  # fmt: skip
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as one:
        yield one


def form_routes(settings: Settings) -> list[str]:
    """Every route of a page that takes a POST."""
    return sorted(
        path
        for route in iter_route_contexts(create_app(settings).routes)
        if "POST" in (getattr(route, "methods", None) or ()) and not (path := getattr(route, "path", "")).startswith("/api/")
    )  # fmt: skip


def test_garbage_in_any_field_of_any_form_is_never_a_failure_of_ours(
    client: TestClient, settings: Settings
) -> None:
    token = confirmed()
    routes = form_routes(settings)
    assert {
        "/sign-up",
        "/preferences/{token}",
        "/leave/{token}",
        "/confirm/{token}",
        "/connect/{token}",
    } <= set(routes)
    good = stamp(client).encode()
    for number, (route, field) in enumerate(product(routes, FIELDS)):
        path = route.replace("{token}", token)
        # All of it where a field is read, elsewhere a part.
        for value in GARBAGE if route in ("/sign-up", "/preferences/{token}") else GARBAGE[number % 4 :: 4]:
            throttle._buckets.cache_clear()  # as in another process
            body = b"stamp=" + good + b"&" + field.encode() + b"=" + value
            answer = client.post(path, content=body, headers=FORM)
            assert answer.status_code < 500, (path, field, value)


@pytest.mark.parametrize("field", ["kinds", "topics", "rhythm", "email", "nothing"])
def test_ten_thousand_values_are_refused(client: TestClient, field: str) -> None:
    token = confirmed()
    for path in ("/sign-up", f"/preferences/{token}", f"/leave/{token}"):
        answer = client.post(path, content=b"&".join([field.encode() + b"=a"] * 10_000), headers=FORM)
        assert answer.status_code in (400, 413)
        few = client.post(path, content=b"&".join([field.encode() + b"=a"] * 190), headers=FORM)
        assert few.status_code < 500
    many = client.post("/sign-up", content=b"&".join([b"a=a"] * 2000), headers=FORM)
    assert many.status_code == 400
    assert "500" in many.text


def test_a_form_with_files_is_refused_and_a_mail_programs_click_is_not(client: TestClient) -> None:
    token = confirmed()
    files: dict[str, Any] = {"topics": ("a.txt", b"x")}
    for path in ("/sign-up", f"/preferences/{token}", f"/confirm/{token}", "/connect/x"):
        answer = client.post(path, files=files, headers={"Accept": "text/html", "Accept-Language": "de"})
        assert answer.status_code == 415
        assert "keine Dateien" in answer.text
    click = client.post(f"/leave/{token}", files={"List-Unsubscribe": (None, "One-Click")})
    assert (click.status_code, click.text) == (200, "OK")
    assert reader().state == "left"


def test_a_wrong_choice_at_the_sign_up_is_said_beside_it_and_the_rest_is_kept(client: TestClient) -> None:
    form = {"email": "anna@example.org", "stamp": stamp(client), "topics": ["!", "musik"], "kinds": "event", "hour": "21",
            "rhythm": "daily"}  # fmt: skip
    answer = client.post("/sign-up?lang=de", data=form)
    assert answer.status_code == 422
    assert re.search(rf'id="fault-topics">{CHOOSE}', answer.text)
    assert 'value="anna@example.org"' in answer.text
    assert 'value="musik" checked' in answer.text
    assert 'value="event" checked' in answer.text
    assert 'value="daily" checked' in answer.text
    assert '<option value="21" selected>21:00' in answer.text
    assert letters() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("topics", "!"), ("topics", "x" * 61), ("kinds", "party"), ("rhythm", "hourly"), ("weekday", "someday"), ("hour", "24"),
     ("hour", "-1"), ("hour", "seven"), ("language", "fr")],
)  # fmt: skip
def test_a_wrong_choice_of_a_reader_is_said_beside_it_and_saves_nothing(
    client: TestClient, field: str, value: str
) -> None:
    token = confirmed()
    before = readers.read(token)
    answer = client.post(
        f"/preferences/{token}", data={"rhythm": "daily", "hour": "9", "language": "de", field: value}
    )
    assert answer.status_code == 422
    assert re.search(rf'id="fault-{field}">{CHOOSE}', answer.text)
    after = readers.read(token)
    assert (after.interest, after.cadence, after.language) == (
        before.interest,
        before.cadence,
        before.language,
    )


def test_saving_keeps_what_the_form_does_not_ask(client: TestClient) -> None:
    token = confirmed()
    readers.update_preferences(token, interest=KNOWN, cadence="weekly thu 07:30", language="de")
    page = client.get(f"/preferences/{token}").text
    assert '<option value="7" selected>07:30' in page
    assert 'name="districts" value="Altstadt" checked' in page, (
        "what was chosen is offered, though no business is there"
    )
    form = {
        "kinds": "event",
        "topics": "musik",
        "districts": "Altstadt",
        "rhythm": "weekly",
        "weekday": "thu",
        "hour": "7",
        "language": "de",
    }
    assert "Gespeichert." in client.post(f"/preferences/{token}", data=form).text
    assert readers.read(token).interest == KNOWN
    assert readers.read(token).cadence == "weekly thu 07:30"
    client.post(f"/preferences/{token}", data=form | {"topics": ["musik", "wein"], "hour": "9"})
    assert readers.read(token).interest == KNOWN.model_copy(update={"topics": ("musik", "wein")})
    assert readers.read(token).cadence == "weekly thu 09:00"
    client.post(
        f"/preferences/{token}", data={name: form[name] for name in ("rhythm", "weekday", "hour", "language")}
    )
    assert readers.read(token).interest == Interest(merchants=("cafe",))


def test_an_hour_that_the_form_does_not_offer_is_shown_and_kept(client: TestClient) -> None:
    token = confirmed()
    readers.update_preferences(token, interest=Interest(), cadence="daily 23:15", language="de")
    page = client.get(f"/preferences/{token}").text
    assert '<option value="23" selected>23:15' in page
    client.post(f"/preferences/{token}", data={"rhythm": "daily", "hour": "23", "language": "de"})
    assert readers.read(token).cadence == "daily 23:15"


def test_pressing_twice_is_harmless(client: TestClient) -> None:
    token = confirmed()
    clock.travel(timedelta(minutes=1))
    form = {"rhythm": "instantly", "language": "de"}
    first, again = (client.post(f"/preferences/{token}", data=form) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert readers.read(token).cadence == "instantly"


# The sign-up, and what comes of it


def test_a_wrong_address_opens_at_its_field_and_keeps_every_choice(client: TestClient) -> None:
    form = {
        "email": "anna@",
        "stamp": stamp(client),
        "kinds": ["event", "offer"],
        "topics": "musik",
        "rhythm": "daily",
        "hour": "21",
    }
    answer = client.post("/sign-up?lang=de", data=form)
    assert answer.status_code == 422
    (field,) = re.findall(r'<input [^>]*name="email"[^>]*>', answer.text)
    for said in ('value="anna@"', 'aria-invalid="true"', 'aria-describedby="fault-email"', " autofocus"):
        assert said in field, said
    assert answer.text.count(" autofocus") == 1
    behind = answer.text.split(field)[1]
    assert re.match(r'</label>\s*<p class="fault" role="alert" id="fault-email">Bitte prüfen Sie', behind)
    for kept in (
        'value="event" checked',
        'value="offer" checked',
        'value="musik" checked',
        'value="daily" checked',
    ):
        assert kept in answer.text, kept
    assert '<option value="21" selected>21:00' in answer.text


@pytest.mark.parametrize(
    ("wrong", "first", "all_of_them"),
    [
        ({"email": "", "hour": "99"}, "email", {"email", "hour"}),
        ({"hour": "99", "weekday": "x", "rhythm": "x"}, "rhythm", {"rhythm", "weekday", "hour"}),
        ({"hour": "99", "kinds": "x"}, "kinds", {"kinds", "hour"}),
        ({"hour": "99"}, "hour", {"hour"}),
    ],
)
def test_every_fault_of_a_form_is_said_at_once_and_the_topmost_opens(
    client: TestClient, wrong: dict[str, str], first: str, all_of_them: set[str]
) -> None:
    form = {"email": "anna@example.org", "stamp": stamp(client), **wrong}
    answer = client.post("/sign-up?lang=de", data=form)
    assert answer.status_code == 422
    assert set(re.findall(r'id="fault-([a-z]+)"', answer.text)) == all_of_them
    (opened,) = re.findall(r"<[^>]* autofocus[^>]*>", answer.text)
    assert f'name="{first}"' in opened
    assert letters() == []


@pytest.mark.parametrize("where", ["/sign-up", "/preferences/{}"])
def test_the_other_language_keeps_what_was_filled_in(client: TestClient, where: str) -> None:
    path = where.format(confirmed())
    form = {
        "email": "otto@",
        "stamp": stamp(client),
        "topics": ["wein", "!"],
        "kinds": "offer",
        "hour": "21",
        "rhythm": "daily",
        "language": "en",
    }
    answer = client.post(f"{path}?lang=de", data=form)
    assert answer.status_code == 422
    other = client.get(unescape(re.findall(r'class="other" href="([^"]*)"', answer.text)[0]))
    assert other.status_code == 200
    for kept in (
        'value="wein" checked',
        'value="offer" checked',
        'value="daily" checked',
        "Please choose from what is offered here.",
    ):
        assert kept in other.text, kept
    assert '<option value="21" selected>21:00' in other.text
    assert ('value="otto@"' in other.text) == (where == "/sign-up")
    clock.travel(timedelta(hours=2))
    later = client.get(unescape(re.findall(r'class="other" href="([^"]*)"', answer.text)[0]))
    assert "otto@" not in later.text


def test_nobody_else_fills_in_a_form_by_a_link(client: TestClient) -> None:
    for made in ("x", "gAAAAA", "%00", "a" * 5000):
        answer = client.get(f"/?lang=de&typed={made}")
        assert answer.status_code == 200
        assert "fault-" not in answer.text


@pytest.mark.parametrize(
    ("cadence", "first", "often"),
    [
        (
            "weekly thu 07:00",
            "am Donnerstag, 15. Oktober 2026, um 07:00 Uhr, wenn es",
            "jeden Donnerstag um 07:00 Uhr",
        ),
        ("daily 18:30", "am Freitag, 9. Oktober 2026, um 18:30 Uhr, wenn es", "jeden Tag um 18:30 Uhr"),
        ("instantly", "Die erste Mail kommt, sobald es etwas Neues gibt.", "sofort"),
    ],
)
def test_whoever_confirms_reads_when_the_first_mail_comes_and_what_was_chosen(
    client: TestClient, cadence: str, first: str, often: str
) -> None:
    clock.travel(datetime(2026, 10, 9, 12, tzinfo=UTC) - clock.now())
    interest = Interest(
        kinds=("event",), topics=("live-musik",), merchants=("cafe",), districts=("Altstadt",)
    )
    town.sign_up("anna@example.org", cadence=cadence, interest=interest)
    path = f"/confirm/{letters()[-1]['token']}?lang=de"
    assert "<form method=" in client.get(path).text
    for page in (client.post(path).text, client.get(path).text):
        for said in (
            first,
            often,
            "Veranstaltungen",
            "Live musik",
            "Altstadt",
            "cafe",
            "anna@example.org",
            "Deutsch",
        ):
            assert said in page, said
    if cadence != "instantly":
        clock.travel(timedelta(days=6, hours=23))
        assert "Die nächste Mail kommt am" in client.get(path).text


def test_a_kind_that_is_not_installed_now_stays_chosen(client: TestClient) -> None:
    token = confirmed()
    wanted = Interest(kinds=("event", "exhibition"), topics=("musik",))
    readers.update_preferences(token, interest=wanted, cadence="daily 07:00", language="de")
    form = {"rhythm": "daily", "hour": "7", "language": "de", "topics": "musik"}
    assert client.get(f"/preferences/{token}").status_code == 200
    for ticked, kept in (("offer", ("offer", "exhibition")), ("event", ("event", "exhibition")), ((), ())):
        assert client.post(f"/preferences/{token}", data=form | {"kinds": ticked}).status_code == 200
        assert readers.read(token).interest.kinds == kept

"""A file at the desk, as a member of a merchant brings it: the form, the table, the button; and who may not."""

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.models import BroughtFile, Merchant, Post
from syndication.publishing import file_work, files, merchants, posts
from syndication.web.app import create_app
from tests import factories
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/publishing has what is kept, on both
PAGE = "/desk/merchants/cafe/files"
TABLE = (
    "Titel;Datum;Beginn;Ort\nLesung & <3;1.12.2036;19:30;Hofgarten\nFest;24.12.2036;;\n"
    "Kaputt;irgendwann;;\nFrüher;1.1.2020;;\n"
)


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten", posts_per_day=1)
        factories.merchant(session, "museum")
    people.join("paul@cafe.example", "cafe", "member", name="Paul Klein")
    people.join("mia@museum.example", "museum", "owner", name="Mia Meer")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        enter(one, "paul@cafe.example")
        yield one


def bring(client: TestClient, data: str | bytes = TABLE, name: str = "termine.csv", **typed: str) -> Any:
    raw = data.encode() if isinstance(data, str) else data
    sealed = token(client.get(PAGE).text)
    return client.post(PAGE, data={"token": sealed, **typed}, files={"files": (name, raw)})


def worked() -> None:
    """What a worker does meanwhile."""
    while True:
        with db.reading() as session:
            ids = session.scalars(select(BroughtFile.id).where(BroughtFile.state.in_(files.AT_WORK))).all()
        if not ids:
            return
        for one in ids:
            file_work.work(one)


def take(client: TestClient, where: str, tell: str = "nobody") -> Any:
    return client.post(where, data={"token": token(client.get(where).text), "tell": tell})


def count() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Post)) or 0


def test_a_member_brings_a_file_sees_what_would_become_of_it_and_takes_it_in(client: TestClient) -> None:
    assert "Aus einer Datei" in client.get("/desk/merchants/cafe").text
    page = bring(client)
    assert page.status_code == 200
    where = page.url.path
    assert "Die Datei wird gelesen." in page.text
    assert f'hx-get="{where}/went"' in page.text
    worked()
    page = client.get(where)
    assert "hx-get" not in page.text
    assert count() == 0
    shown = unescape(re.sub(r"<[^>]+>", " ", page.text))
    for words in (
        "neu: 2", "schon vorbei: 1", "geht so nicht: 1", "Lesung & <3", "Mo., 1. Dezember 2036, 19:30 Uhr", "Zeile 2",
        "Datum: ist kein Datum wie", "alle, mit einer Nachricht für jeden neuen Beitrag (2)",
    ):  # fmt: skip
        assert words in shown, words
    assert "Lesung & <3" not in page.text
    for _ in range(2):
        assert "Übernommen: 0 von 4." in take_again(client, where, page.text).text
    worked()
    assert "Über das Neue bekommt niemand eine Nachricht." in client.get(where).text
    assert count() == 2
    assert "Übernommen." in take_again(client, where, page.text).text
    assert count() == 2
    assert "übernommen" in client.get(PAGE).text


def take_again(client: TestClient, where: str, seen: str) -> Any:
    """The button of a page that was loaded before."""
    return client.post(where, data={"token": token(seen), "tell": "nobody"})


def test_the_part_that_fills_in_is_a_part(client: TestClient) -> None:
    where = bring(client).url.path
    part = client.get(f"{where}/went").text
    assert part.count('<div id="went"') == 1
    assert "<html" not in part
    worked()
    part = client.get(f"{where}/went").text
    assert "Übernehmen" in part
    assert "hx-get" not in part
    assert 'name="token"' in part


def test_who_hears_of_it_is_chosen_with_the_file_and_again_with_the_table(client: TestClient) -> None:
    where = bring(client, tell="summary").url.path
    worked()
    assert re.search(r'value="summary"[^>]* checked', client.get(where).text)
    assert "Für heute haben Sie noch 1 Beiträge übrig" in client.get(where).text
    refused = take(client, where, "each")
    assert refused.status_code == 422
    assert "Von 2 Beiträgen würden die Leute hören, und für heute haben Sie noch 1 übrig." in refused.text
    assert re.search(r'value="each"[^>]* checked', refused.text)
    assert count() == 0
    assert take(client, where, "summary").status_code == 200
    worked()
    assert count() == 3
    assert "Eine Nachricht erzählt von allem Neuen." in client.get(where).text


def test_what_is_left_out_is_a_table_to_take_along(client: TestClient) -> None:
    where = ready(client)
    assert "Was nicht dabei ist, als Tabelle" in client.get(where).text
    answer = client.get(f"{where}/left-out.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="nicht-dabei.csv"' in answer.headers["content-disposition"]
    head, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";")
    assert head == ["Wo in der Datei", "Titel", "Was daraus wird", "Warum"]
    assert lines == [
        ["Zeile 4", "Kaputt", "geht so nicht", "Datum: ist kein Datum wie 24.12.2026 18:00: „irgendwann“"],
        ["Zeile 5", "Früher", "schon vorbei", ""],
    ]


def test_where_nothing_is_new_there_is_no_button(client: TestClient) -> None:
    take(client, ready(client))
    worked()
    page = client.get(ready(client)).text
    assert "Es gibt nichts zu übernehmen" in page
    assert "<button>Übernehmen" not in page


def ready(client: TestClient) -> str:
    where = str(bring(client).url.path)
    worked()
    return where


def test_what_cannot_be_read_is_named_with_what_to_do(client: TestClient) -> None:
    where = bring(client, "<html><body>Termine</body></html>", "termine.xls").url.path
    worked()
    page = client.get(where).text
    assert "termine.xls ist eine Webseite, auch wenn sie anders heißt" in page
    assert "Eine andere bringen" in page
    where = bring(client, " ", "leer.csv").url.path
    worked()
    assert "</strong> leer.csv ist leer</p>" in client.get(where).text


def test_no_file_and_one_too_large_are_said_at_the_form(client: TestClient) -> None:
    sealed = token(client.get(PAGE).text)
    none = client.post(PAGE, data={"token": sealed, "tell": "each"}, files={"files": ("", b"")})
    assert none.status_code == 422
    assert 'href="#field-files"' in none.text
    assert "Bitte wählen Sie eine Datei." in none.text
    assert re.search(r'value="each"[^>]* checked', none.text)
    large = client.post(PAGE, data={"token": sealed}, files={"files": ("a.csv", b"x" * 5_050_000)})
    assert large.status_code == 422
    assert "Die Datei ist größer als 5 MB. Bitte teilen Sie sie." in large.text
    larger = client.post(PAGE, data={"token": sealed}, files={"files": ("a.csv", b"x" * 6_000_000)})
    assert larger.status_code == 413
    assert "Die Datei ist größer als 5 MB. Bitte teilen Sie sie." in larger.text
    with db.reading() as session:
        assert session.scalars(select(BroughtFile.id)).all() == []


def test_only_the_page_for_files_takes_them(client: TestClient) -> None:
    where = ready(client)
    for path in (where, f"{where}/discard", "/desk/merchants/cafe/team"):
        answer = client.post(path, data={"token": "x"}, files={"files": ("a.csv", b"x")})
        assert answer.status_code == 415, path


@pytest.mark.parametrize(
    "name", ['"><script>alert(1)</script>.csv', "../../../etc/passwd", "a\u202egpj.csv", "x" * 500]
)
def test_a_name_does_nothing(client: TestClient, name: str) -> None:
    page = bring(client, name=name)
    assert page.status_code == 200
    for text in (page.text, client.get(PAGE).text):
        assert "<script>alert" not in text
        assert "etc/" not in text
        assert "\u202e" not in text
        assert "x" * 200 not in text


def test_another_merchants_people_see_and_do_nothing(client: TestClient) -> None:
    where = ready(client)
    enter(client, "mia@museum.example")
    other = where.replace("/cafe/", "/museum/")
    sealed = token(client.get("/desk/merchants/museum/files").text)
    for path in (where, other):
        assert client.get(path).status_code == 404
        assert client.get(f"{path}/went").status_code == 404
        assert client.post(path, data={"token": sealed, "tell": "each"}).status_code == 404
    client.post(f"{other}/discard", data={"token": sealed})
    assert client.post(f"{where}/discard", data={"token": sealed}).status_code == 404
    assert client.post(PAGE, data={"token": sealed}, files={"files": ("a.csv", TABLE)}).status_code == 404
    assert count() == 0
    enter(client, "paul@cafe.example")
    assert client.get(where).status_code == 200


def test_a_form_without_its_token_brings_nothing(client: TestClient) -> None:
    where = ready(client)
    assert client.post(PAGE, data={}, files={"files": ("a.csv", TABLE)}).status_code == 403
    assert client.post(where, data={"tell": "each"}).status_code == 403
    assert client.post(f"{where}/discard").status_code == 403
    with db.reading() as session:
        assert len(session.scalars(select(BroughtFile.id)).all()) == 1


def test_a_file_is_thrown_away(client: TestClient) -> None:
    where = ready(client)
    page = client.post(f"{where}/discard", data={"token": token(client.get(where).text)})
    assert page.url.path == PAGE
    assert "Heute gebracht" not in page.text
    assert client.get(where).status_code == 404


def test_a_merchant_who_may_not_post_hears_why(client: TestClient) -> None:
    with db.transaction() as session:
        session.get_one(Merchant, merchants.by_slug("cafe").id).state = "suspended"
    answer = bring(client)
    assert answer.status_code == 403
    assert "Café Rosengarten ist gesperrt" in answer.text


def test_more_entries_than_are_shown_are_counted(client: TestClient) -> None:
    lines = "".join(f"Fest {n};24.12.2036;{n}\n" for n in range(130))
    where = bring(client, f"Titel;Datum;Nummer\n{lines}Kaputt;bald;x\n").url.path
    worked()
    page = client.get(where).text
    assert "Und 31 weitere, die hier nicht stehen." in page
    assert page.index("Kaputt") < page.index("Fest 0")
    assert len(page) < 150_000


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "ics", "json"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_each_example_is_had_and_can_be_brought(client: TestClient, suffix: str, language: str) -> None:
    name = f"{'vorlage' if language == 'de' else 'template'}.{suffix}"
    answer = client.get(f"{PAGE}/examples/{name}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if language == "de":
        assert f'href="{PAGE}/examples/{name}"' in client.get(PAGE).text
    where = bring(client, answer.content, name).url.path
    worked()
    assert "geht so nicht" not in client.get(where).text
    assert "neu:" in client.get(where).text
    assert client.get(f"{PAGE}/examples/nothing.csv").status_code == 404


def test_a_calendar_that_comes_again_changes_what_changed(client: TestClient) -> None:
    calendar = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Chor\nDTSTART:20361201T193000\nEND:VEVENT\nEND:VCALENDAR\n"
    for text, words in (
        (calendar, "neu: 1"),
        (calendar, "unverändert: 1"),
        (calendar.replace("T193000", "T203000"), "geändert: 1"),
    ):
        where = bring(client, text, "chor.ics").url.path
        worked()
        page = client.get(where).text
        assert words in page
        assert "Eintrag 1, Zeile 2" in page
        if "Übernehmen" in page:
            take(client, where)
            worked()
    (post,) = posts.listed(merchant_id=UUID(str(merchants.by_slug("cafe").id)))
    assert post.revision == 2

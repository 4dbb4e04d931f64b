"""The form of a business that is not here yet, and the page behind the link of its mail."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import admissions, applications, people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Application, Merchant
from syndication.web import signed_in
from syndication.web.app import create_app
from tests.accounts.test_applications import TYPED, letters

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/accounts has what is kept, on both
BROWSER = {"Accept": "text/html", "Accept-Language": "de"}


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), headers=BROWSER, client=("203.0.113.7", 40000)) as one:
        yield one


def send(client: TestClient, *, agreed: str = "1", seconds: float = 3, **typed: str) -> Any:
    """The form is opened, filled in and sent."""
    stamp = re.findall(r'name="stamp" value="([^"]+)"', client.get("/apply").text)[0]
    clock.travel(timedelta(seconds=seconds))
    return client.post("/apply", data={**TYPED, "agreed": agreed, "stamp": stamp, **typed})


def enter(client: TestClient, email: str) -> None:
    """Sign somebody in by their cookie."""
    with db.transaction() as session:
        person = people.find(session, email)
        assert person is not None
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)


def kept() -> list[Application]:
    with db.reading() as session:
        return list(session.scalars(select(Application)))


def link() -> str:
    """The way to the page behind the newest letter's link, which a worker wrote."""
    for one in kept():
        applications.answer(one.id)
    return urlsplit(letters()[-1]["connect"]).path


def test_the_way_in_is_on_every_page_and_beside_signing_in(client: TestClient) -> None:
    for page in ("/", "/posts", "/sign-in", "/apply"):
        assert "Noch nicht dabei? Geschäft anmelden" in client.get(page).text, page


def test_a_business_applies_and_confirms(client: TestClient) -> None:
    answer = send(client)
    assert (answer.status_code, answer.url.path) == (200, "/apply")
    assert "Postfach" in answer.text
    assert "Ich darf für dieses Geschäft sprechen" in kept()[0].wording
    where = link()
    assert "für Café Rosengarten posten?" in client.get(where).text
    done = client.post(where)
    assert "Das Rathaus sieht sich jetzt die Anmeldung von Café Rosengarten an" in done.text
    assert client.get(where).text == client.get(where).text
    assert "Das Rathaus sieht sich jetzt" in client.get(where).text


def test_what_is_wrong_is_said_and_what_was_typed_stays(client: TestClient) -> None:
    said = {
        "about": "Café & <b>Torten</b>\r\nund Tee",
        "phone": "ruf an",
        "email": "rosa@",
        "url": "gar nix",
    }
    answer = send(client, agreed="", **said)
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert re.findall(r'href="#field-(\w+)"', page) == ["email", "phone", "url", "agreed"]
    for words in (
        "Café & <b>Torten</b>\nund Tee",
        'value="ruf an"',
        'value="rosa@"',
        'value="gar nix"',
        TYPED["proof"],
    ):
        assert words in page, words
    assert "<b>Torten" not in answer.text
    assert kept() == []
    other = client.get(unescape(re.findall(r'class="other" href="([^"]*)"', answer.text)[0]))
    assert "How can the town hall tell" in other.text
    assert 'value="rosa@"' in other.text


def test_what_is_too_long_is_not_cut_silently(client: TestClient) -> None:
    answer = send(client, proof="x" * 401, address="y" * 301)
    assert "höchstens 400 Zeichen" in answer.text
    assert "höchstens 300 Zeichen" in answer.text
    assert "x" * 401 in answer.text


@pytest.mark.parametrize("typed", [{"website": "https://spam.example"}, {"stamp": ""}, {"stamp": "made.up"}])
def test_a_robot_gets_the_usual_answer_and_nothing_is_kept(client: TestClient, typed: dict[str, str]) -> None:
    assert "Postfach" in send(client, **typed).text
    assert kept() == []


def test_a_form_that_was_open_for_too_long_is_sent_once_more(client: TestClient) -> None:
    answer = send(client, seconds=25 * 3600)
    assert answer.status_code == 422
    assert TYPED["name"] in answer.text
    assert kept() == []


def test_the_sixth_within_an_hour_waits_and_nothing_typed_is_lost(client: TestClient) -> None:
    statuses = [send(client, name=f"Laden {number}").status_code for number in range(6)]
    assert statuses == [200] * 5 + [429]
    answer = send(client, name="Laden 7")
    assert int(answer.headers["Retry-After"]) > 0
    assert "zu viele Anmeldungen" in answer.text
    assert 'value="Laden 7"' in answer.text


def test_the_answer_is_the_same_whoever_asks(client: TestClient) -> None:
    """Number 41: nobody is looked up before a worker does it."""
    people.add("rosa@cafe.example", name="Rosa Rosen")
    answers = [send(client, email=email) for email in ("rosa@cafe.example", "nobody@example.org")]
    assert len({(one.status_code, one.text, len(one.headers)) for one in answers}) == 1
    assert [one.state for one in kept()] == ["new", "new"]


def test_scanners_that_open_links_change_nothing(client: TestClient) -> None:
    """Number 43: GET and HEAD of every link, ten times; the button works after."""
    send(client)
    where = link()
    for _ in range(10):
        assert client.get(where).status_code == client.head(where).status_code == 200
    (row,) = kept()
    assert (row.state, row.merchant_id) == ("asked", None)
    with db.reading() as session:
        assert session.scalars(select(Merchant)).all() == []
    assert client.post(where).status_code == 200
    assert kept()[0].state == "confirmed"


def test_a_link_that_is_no_longer_good_says_so(client: TestClient) -> None:
    for method in ("GET", "POST"):
        answer = client.request(method, "/apply/nothing")
        assert answer.status_code == 404
        assert "Dieser Link gilt nicht mehr" in answer.text


# A file as proof


def send_file(client: TestClient, data: bytes, name: str = "schein.pdf", **typed: str) -> Any:
    """The form as a browser sends it."""
    stamp = re.findall(r'name="stamp" value="([^"]+)"', client.get("/apply").text)[0]
    clock.travel(timedelta(seconds=3))
    said = {**TYPED, "proof": "", "agreed": "1", "stamp": stamp, **typed}
    return client.post("/apply", data=said, files={"file": (name, data, "text/html")})


def test_a_file_stands_in_place_of_the_sentence_and_only_operators_get_it(client: TestClient) -> None:
    assert "Postfach" in send_file(client, b"%PDF-1.7 <script>", "../<b>.html").text
    client.post(link())
    (one,) = kept()
    people.add("boss@coburg.example", role="operator")
    people.add("leser@coburg.example", role="viewer")
    where = f"/desk/city/applications/{one.id}"
    assert client.get(f"{where}/proof", follow_redirects=False).status_code == 303
    for email, status in (("leser@coburg.example", 403), ("rosa@cafe.example", 404)):
        enter(client, email)
        assert client.get(f"{where}/proof").status_code == status
    enter(client, "boss@coburg.example")
    assert "Ihre Datei herunterladen (PDF, 1 kB)" in client.get(where).text
    answer = client.get(f"{where}/proof")
    assert answer.content == b"%PDF-1.7 <script>"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="proof-{one.id}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    admissions.admit(admissions.read(one.id).merchant_id, "Berta")
    assert client.get(f"{where}/proof").status_code == 404
    assert "herunterladen" not in client.get(where).text


def test_a_wrong_file_is_said_and_a_right_one_is_to_be_chosen_again_beside_other_faults(
    client: TestClient,
) -> None:
    answer = send_file(client, b"<html>", "schein.pdf")
    assert answer.status_code == 422
    assert re.findall(r'href="#field-(\w+)"', answer.text) == ["file"]
    assert "Hier geht nur ein PDF oder ein Bild (JPEG, PNG)." in answer.text
    answer = send_file(client, b"%PDF-1.7", email="rosa@")
    assert re.findall(r'href="#field-(\w+)"', answer.text) == ["email", "file"]
    assert "Bitte wählen Sie die Datei noch einmal." in answer.text
    answer = send_file(client, b"")
    assert re.findall(r'href="#field-(\w+)"', answer.text) == ["proof"]
    assert "oder wählen Sie eine Datei, die es zeigt" in answer.text
    assert kept() == []
    assert "Postfach" in send_file(client, b"", proof="Mein Name steht im Impressum.").text


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(client: TestClient) -> None:
    answer = send_file(client, b"%PDF-" + b"x" * 5_000_000)
    assert answer.status_code == 422
    assert "Die Datei ist größer als 5 MB." in answer.text
    answer = send_file(client, b"%PDF-" + b"x" * 6_000_000)
    assert answer.status_code == 413
    assert "Die Datei ist größer als 5 MB." in answer.text
    assert kept() == []


def test_other_forms_of_strangers_take_no_files_and_stay_small(client: TestClient) -> None:
    for path in ("/sign-up", "/sign-in", "/apply/asked", "/apply/token"):
        large = client.post(path, files={"file": ("a.pdf", b"%PDF-" + b"x" * 20_000)})
        assert large.status_code == 413, path
        assert client.post(path, files={"file": ("a.pdf", b"%PDF-")}).status_code in (405, 415), path
    assert client.post("/apply", data={"about": "x" * 20_000}).status_code == 413


def test_files_from_one_place_are_counted_before_they_are_read(client: TestClient) -> None:
    for _ in range(15):
        assert client.post("/apply", files={"file": ("a.pdf", b"%PDF-")}).status_code == 200, "as to a robot"
    refused = client.post("/apply", files={"file": ("a.pdf", b"%PDF-" + b"x" * 6_000_000)})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 60
    assert "Von hier kamen zu viele Anmeldungen" in refused.text
    assert kept() == []

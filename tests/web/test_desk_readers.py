"""A reader who asks the town hall: what is known of them is handed over, printed and erased, and no address is left in a log."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from syndication import config
from syndication.accounts import people
from syndication.audience import editions, reader_imports, readers, suppressions
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import Delivery, Reader
from syndication.publishing import posts
from syndication.web.app import create_app
from tests import factories
from tests.audience.test_mailings import DAY, daily
from tests.town import fan_out, later, publish, sign_up
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

ANNA = "anna.canary@example.org"
PAGE = "/desk/city/readers"

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/audience has what is kept, on both


@pytest.fixture
def client(city: config.Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    people.add("tipp@coburg.example", name="Theo Tipp", role="editor")
    with TestClient(create_app(city), headers=BROWSER, client=("203.0.113.7", 40000)) as one:
        yield one


def anna() -> None:
    """She signed up and confirmed."""
    sign_up(ANNA, wording="Ja, <gern>.")
    with db.reading() as session:
        letter = session.scalars(select(Delivery).where(Delivery.channel == "letter")).one()
    readers.confirm(str((letter.payload or {})["token"]))


def find(client: TestClient, address: str) -> Any:
    return client.post(PAGE, data={"token": token(client.get(PAGE).text), "email": address})


def test_a_reader_is_found_by_their_whole_address_and_shown_with_the_proof(client: TestClient) -> None:
    anna()
    enter(client)
    found = find(client, "Anna.Canary@Example.org")
    assert "canary" not in str(found.url)
    for words in (ANNA, "Nachweis der Einwilligung", "Ja, &lt;gern&gt;.", "bestätigt", "form"):
        assert words in found.text, words
    for address, words in (("anna", "ist keine Mailadresse"), ("anna@example.org", "Niemand auf der Liste")):
        wrong = find(client, address)
        assert wrong.status_code == 422
        assert words in wrong.text


def test_their_next_newsletter_is_what_they_have_not_heard(client: TestClient) -> None:
    daily(ANNA)
    cafe = publish(title="Schon gehört")
    fan_out()
    later(DAY)
    editions.sweep()
    posts.create(cafe.merchant_id, factories.event("Noch neu", days=20))
    fan_out()
    enter(client)
    page = find(client, ANNA)
    assert f'sandbox src="{urlsplit(str(page.url)).path}/mail"' in page.text
    mail = client.get(f"{page.url}/mail")
    assert "sandbox" in mail.headers["content-security-policy"]
    assert "Noch neu" in mail.text
    assert "Schon gehört" not in mail.text


def test_what_is_handed_over_is_the_readers_own_export(client: TestClient) -> None:
    anna()
    enter(client)
    page = str(find(client, ANNA).url)
    said = client.get(f"{page}/export")
    assert said.headers["content-disposition"].startswith("attachment")
    assert json.loads(said.text)["readers"] == [readers.export(readers.token_for(ANNA))]


def test_who_is_erased_leaves_a_hash_alone_and_may_come_back_by_themselves(client: TestClient) -> None:
    anna()
    enter(client)
    page = str(find(client, ANNA).url)
    sealed = token(client.get(page).text)
    assert "Gelöscht." in client.post(page, data={"token": sealed, "act": "erase"}).text
    assert client.get(page).status_code == 404
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Reader)) == 0
        assert suppressions.among(session, [ANNA, "other@example.org"]) == {ANNA}
    anna()
    with db.reading() as session:
        assert suppressions.among(session, [ANNA]) == set()


def test_unsubscribing_ends_the_newsletter_and_is_part_of_the_proof(client: TestClient) -> None:
    anna()
    enter(client)
    page = str(find(client, ANNA).url)
    said = client.post(page, data={"token": token(client.get(page).text), "act": "leave"}).text
    assert "Abbestellt." in said
    assert "operator" in said
    with db.reading() as session:
        assert session.scalars(select(Reader.state)).one() == "left"


def test_no_address_comes_into_a_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    anna()
    enter(client)
    with caplog.at_level(logging.DEBUG), capture_logs() as said:
        page = str(find(client, ANNA).url)
        client.get(f"{page}/export")
        client.post(page, data={"token": token(client.get(page).text), "act": "erase"})
        find(client, ANNA)
    done = {row.what for row in audit_log.lines(LogFilter())}
    assert {"reader.found", "reader.exported", "reader.erased"} <= done
    assert "canary" not in str(audit_log.lines(LogFilter()))
    assert "canary" not in json.dumps(said, default=str) + caplog.text


def test_only_operators_see_readers_and_a_guessed_page_is_none(client: TestClient) -> None:
    anna()
    enter(client, "tipp@coburg.example")
    assert client.get(PAGE).status_code == 403
    enter(client)
    with db.reading() as session:
        reader = session.scalars(select(Reader)).one()
    for guess in (str(reader.id), readers.token_for(ANNA), "x"):
        assert client.get(f"{PAGE}/{guess}").status_code == 404


def test_numbers_and_growth_name_nobody(client: TestClient) -> None:
    anna()
    with db.transaction() as session:
        factories.readers(session, [f"r{number}@example.org" for number in range(20)])
    enter(client)
    page = client.get(PAGE).text
    assert "21 Leser" in page
    assert "<strong>+1</strong>" in page
    assert re.search(r'<rect class="came" x="349" y="-50" width="10" height="50"/>', page)
    assert "@example.org" not in page


def test_a_list_is_looked_at_before_it_is_taken_in(client: TestClient) -> None:
    enter(client)
    sealed = token(client.get(PAGE).text)
    table = "Adresse;Datum;Wortlaut\nlena@example.org;24.12.2025;Ja.\n<b>@example.org;;\n"
    said = client.post(
        f"{PAGE}/imports", data={"token": sealed}, files={"files": ("liste.csv", table.encode())}
    )
    assert "kommt auf die Liste" in said.text
    assert "Das ist keine Mailadresse." in said.text
    assert "&lt;b&gt;@example.org" in said.text
    assert "lena" not in str(said.url)
    begun = client.post(str(said.url), data={"token": sealed, "act": "begin"})
    assert "0 von 2 Zeilen" in begun.text
    reader_imports.sweep()
    assert "aufgenommen" in client.get(str(said.url)).text
    for wrong in (b"", b"Name;Ort\nA;B\n"):
        answer = client.post(f"{PAGE}/imports", data={"token": sealed}, files={"files": ("x.csv", wrong)})
        assert answer.status_code == 422
        assert 'id="fault-files"' in answer.text

"""The whole way of a business: form, mail, button, town hall, mail, desk; over real redis, workers and mail."""

import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from syndication.accounts import admissions, people
from syndication.web.app import create_app
from syndication.web.site import stamps
from tests.e2e.city import City
from tests.web.test_applications import decide, enter
from tests.web.test_apply import BROWSER, send


def words(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    return str(plain.get_content()) if plain is not None else ""


def way(mail: EmailMessage, page: str) -> str:
    """The way to a page that a mail leads to."""
    return urlsplit(re.findall(rf"http\S+/{page}/[\w-]+", words(mail))[0]).path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_the_form_to_the_desk(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamps, "_FASTEST", -1)  # the clocks of all processes must agree
    with City(tmp_path, database_url) as city:
        city.start_worker("all", "mail,housekeeping,sweeps", 2)
        people.add("boss@coburg.example", name="Berta Boss", role="operator")

        def mail(number: int) -> Any:
            return city.mail.await_mails(number)[number - 1].message

        with TestClient(create_app(city.cfg), headers=BROWSER, client=("203.0.113.7", 40000)) as client:
            assert "Postfach" in send(client, seconds=0).text
            asked = mail(1)
            assert asked["To"] == "rosa@cafe.example"
            assert "Das Rathaus sieht sich jetzt" in client.post(way(asked, "apply")).text
            told = mail(2)
            assert told["To"] == "boss@coburg.example"
            assert told["Subject"] == "Neue Anmeldungen: Café Rosengarten"
            enter(client)
            one = f"/desk/city/applications/{admissions.waiting()[0].id}"
            assert "zugelassen" in decide(client, one, "admit").text
            welcome = mail(3)
            assert welcome["To"] == "rosa@cafe.example"
            assert f"{city.cfg.base_url}/sign-in" in words(welcome)
            client.cookies.clear()
            client.post("/sign-in", data={"email": "rosa@cafe.example"})
            page = client.post(way(mail(4), "sign-in"))
            assert page.url.path == "/desk/merchants/cafe-rosengarten"
            assert "Rathaus" not in page.text

"""The settings as the town hall sees them: in words, with where they came from, and never a secret; and the city's keys."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from syndication import config
from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web.app import create_app
from syndication.web.desk.city.settings import without_login
from tests import factories
from tests.web.test_city_team import BROWSER, enter

pytestmark = pytest.mark.enough(
    "sqlite"
)  # a page over values in memory, and keys, which tests/publishing tries on both
KEYS = "/desk/city/keys"
SHAPE = re.compile(r"syn_[0-9a-f]{8}_[\w-]{43}")


@pytest.fixture
def hall(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        enter(one, "boss@coburg.example")
        yield one


def told(page: str) -> dict[str, tuple[str, str]]:
    """By the words of a setting: its value, and where that came from."""
    rows = re.findall(
        r"<li><strong>(.*?)</strong>\s*<span>(.*?)</span>\s*<span class=\"hint\">woher: (.*?)</span>", page
    )
    return {words: (value, source) for words, value, source in rows}


def test_every_setting_is_told_in_words(hall: TestClient) -> None:
    page = hall.get("/desk/city/settings").text
    found = told(page)
    assert len(found) == len(Settings.model_fields)
    assert found["Name der Stadt"][0] == "Coburg"
    assert found["Ein Kanal wird abgeschaltet, wenn er ausfällt seit"] == (
        "5 Tage",
        "nichts gesetzt: wie ausgeliefert",
    )
    assert found["Verschlüsselung auf dem Weg dorthin"][0] in (
        "nicht verschlüsselt",
        "verschlüsselt (STARTTLS)",
    )
    assert found["Darf Adressen im eigenen Netz erreichen"][0] in ("ja", "nein")


def test_where_a_value_came_from_is_said(
    hall: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "smtp-password"
    secret.write_text("geheim-wie-nichts")
    monkeypatch.setenv("SYNDICATION_SMTP_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("SYNDICATION_FEED_SIZE", "77")
    for name, value in config.as_environment(settings).items():
        if name in (
            "SYNDICATION_CITY_NAME",
            "SYNDICATION_BASE_URL",
            "SYNDICATION_SECRET_KEYS",
            "SYNDICATION_SMTP_HOST",
            "SYNDICATION_MAIL_FROM",
            "SYNDICATION_ALLOW_PRIVATE_ADDRESSES",
        ):
            monkeypatch.setenv(name, value)
    config.use(config.read())
    found = told(hall.get("/desk/city/settings").text)
    assert found["Passwort beim Mailserver"] == ("gesetzt; wird niemandem gezeigt", f"Datei {secret}")
    assert found["Beiträge auf einer Seite eines Feeds"] == ("77", "Umgebungsvariable SYNDICATION_FEED_SIZE")
    assert found["Zeitzone"] == ("Europe/Berlin", "nichts gesetzt: wie ausgeliefert")


def test_no_secret_stands_on_the_page(hall: TestClient, settings: Settings) -> None:
    held = {
        "smtp_password": SecretStr("hoechst-geheim-1"),
        "oauth_clients": SecretStr('{"meta": {"id": "i", "secret": "hoechst-geheim-2"}}'),
        "broker_url": "redis://name:hoechst-geheim-3@redis.example:6379/0?password=hoechst-geheim-4",
        "database_url": "postgresql+psycopg://syn:hoechst-geheim-5@db.example/city",
    }
    config.use(settings.model_copy(update=held))
    page = hall.get("/desk/city/settings").text
    assert "hoechst-geheim" not in page
    assert all(key not in page for key in settings.keys)
    assert "redis://redis.example:6379/0" in page
    assert "postgresql+psycopg://db.example/city" in page


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("redis://a:b@c/1", "redis://c/1"),
        ("redis://a:b@c", "redis://c"),
        ("sqlite:////var/lib/x@y.sqlite", "sqlite:////var/lib/x@y.sqlite"),
        ("redis://a:p@ss@c:1/0", "redis://c:1/0"),
        ("redis://a:p/w@c/0", "redis://…"),
        ("redis://a:p?w@c/0", "redis://…"),
        ("redis://c/0?password=a@b", "redis://…"),
        ("redis://a:b@c/0?x=1", "redis://c/0"),
    ],
)
def test_of_an_address_only_the_place_is_shown(url: str, shown: str) -> None:
    assert without_login(url) == shown


def test_a_key_of_the_city_is_made_shown_once_and_reads(hall: TestClient) -> None:
    page = hall.get(KEYS).text
    hidden = {name: re.findall(rf'name="{name}" value="(\w*)"', page)[0] for name in ("token", "seen")}
    said = {**hidden, "name": "Website der Stadt", "scopes": ["posts:read", "deliveries:read"]}
    (text,) = SHAPE.findall(hall.post(KEYS, data=said).text)
    assert not SHAPE.search(hall.get(KEYS).text)
    assert "darf: die Beiträge aller Geschäfte sehen; sehen, was angekommen ist" in hall.get(KEYS).text
    assert (
        hall.get("/api/v1/posts", headers={"Authorization": f"Bearer {text}", "Accept": "*/*"}).status_code
        == 200
    )
    caller = api_keys.authenticate(text)
    assert caller is not None
    assert caller.merchant_id is None
    assert not caller.is_operator
    assert hall.post(KEYS, data=said).status_code == 422  # loading the answer again makes no other
    hall.post(f"{KEYS}/{caller.key_id}", data=hidden)
    assert api_keys.authenticate(text) is None


def test_a_key_of_a_business_in_wrong_hands_is_taken_back_here(hall: TestClient) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe", name="Café Rosengarten").id
    made = api_keys.create(cafe, KeyRequest(name="Kasse"))
    page = hall.get(KEYS).text
    assert "Café Rosengarten: Kasse" in page
    token = re.findall(r'name="token" value="(\w*)"', page)[0]
    assert "Café Rosengarten: Kasse" not in hall.post(f"{KEYS}/{made.key.id}", data={"token": token}).text
    assert api_keys.authenticate(made.text) is None

"""What search engines read of a business, by Google's rules for local businesses."""

import json
from typing import Any

import pytest

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.publishing import merchants
from syndication.publishing.merchants import Amendment, Application
from syndication.web.site.structured_business import described

pytestmark = pytest.mark.enough("sqlite")  # one row
_SCHEMA = "https://schema.org/"


def told(settings: Settings, **said: Any) -> dict[str, Any]:
    slug = f"cafe-{new_id().hex}"
    made = merchants.create(Application(name="Café", email="a@cafe.example", slug=slug, address="Markt 1"))
    text = described(merchants.update(made.id, Amendment.model_validate(said)), settings)
    return dict(json.loads(text)) if text else {}


def days(*names: str) -> list[str]:
    return [_SCHEMA + name for name in names]


@pytest.mark.usefixtures("database")
def test_hours_are_given_in_the_words_of_schema_org(settings: Settings) -> None:
    text = "Mo-Tu 09:00-12:30,14:00-18:00; Fr,Sa 18:00-02:00; Su 00:00-24:00; We 18:00+; PH off"
    text += "; 2030 Dec 24-26 off; 2020 May 01 off"
    found = told(settings, opening_hours=text)["openingHoursSpecification"]
    spec = {"@type": "OpeningHoursSpecification"}
    assert found == [
        {**spec, "dayOfWeek": days("Monday", "Tuesday"), "opens": "09:00", "closes": "12:30"},
        {**spec, "dayOfWeek": days("Monday", "Tuesday"), "opens": "14:00", "closes": "18:00"},
        {**spec, "dayOfWeek": days("Wednesday"), "opens": "18:00"},
        {**spec, "dayOfWeek": days("Friday", "Saturday"), "opens": "18:00", "closes": "02:00"},
        {**spec, "dayOfWeek": days("Sunday"), "opens": "00:00", "closes": "23:59"},
        {**spec, "dayOfWeek": _SCHEMA + "PublicHolidays", "opens": "00:00", "closes": "00:00"},
        {**spec, "opens": "00:00", "closes": "00:00", "validFrom": "2030-12-24", "validThrough": "2030-12-26"},
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_it_says_what_is_known_and_nothing_else(settings: Settings) -> None:
    assert told(settings) == {}
    assert told(
        settings, phone="09561 1234", links=["https://www.instagram.com/a"], url="https://cafe.example"
    ) == {
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "name": "Café",
        "address": "Markt 1",
        "url": "https://cafe.example",
        "telephone": "09561 1234",
        "sameAs": ["https://www.instagram.com/a"],
    }


@pytest.mark.usefixtures("database")
def test_nothing_breaks_out_of_the_script(settings: Settings) -> None:
    made = merchants.create(Application(name="</script><script>alert(1)</script>", email="a@b.example"))
    text = described(merchants.update(made.id, Amendment(phone="09561 1234")), settings)
    assert "<" not in text
    assert json.loads(text)["name"] == "</script><script>alert(1)</script>"

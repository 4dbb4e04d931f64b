"""Menus: what is served when, with the notes of the law, from the form to every outlet."""

import json
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from sqlalchemy import select

from syndication import channels, clock, config, kinds
from syndication.content.post import matters
from syndication.delivery import drain, dry_run
from syndication.errors import Invalid
from syndication.infra import db
from syndication.infra.rendering import gettext, short_day
from syndication.kinds.food_labels import ADDITIVES, ALLERGENS
from syndication.kinds.reading import draft
from syndication.models import Destination
from syndication.publishing import posts
from syndication.sources import table
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES
from tests.town import account, hook

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 1, 8, tzinfo=UTC)
SOUP = {
    "name": "Linseneintopf",
    "diet": "vegan",
    "prices": [{"label": "klein", "price": "4.80"}, {"label": "groß", "price": "6.80"}],
    "allergens": ["celery", "mustard"],
}
SCHNITZEL = {
    "name": "Schnitzel",
    "description": "mit Kartoffelsalat",
    "course": "Hauptgericht",
    "prices": [{"price": "11.90"}],
    "allergens": ["wheat", "eggs"],
    "additives": ["preservative"],
}
DAY = {"kind": "menu", "title": "Heute Mittag", "from_date": "2026-11-30", "dishes": [SOUP, SCHNITZEL]}
WEEK = {
    "kind": "menu",
    "title": "Mittagstisch",
    "from_date": "2026-10-23",
    "until_date": "2026-10-26",
    "served_from": "11:30",
    "served_until": "14:00",
    "days": [{"date": "2026-10-23", "dishes": [SOUP]}, {"date": "2026-10-26", "dishes": [SCHNITZEL]}],
}


def test_the_allergens_are_those_of_the_regulation() -> None:
    fourteen = {
        "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame",
        "sulphites", "lupin", "molluscs",
    }  # fmt: skip
    assert fourteen <= set(ALLERGENS)
    # Of cereals and nuts it wants to know which.
    assert all(
        "(gluten)" in ALLERGENS[code] or "(nuts)" in ALLERGENS[code] for code in set(ALLERGENS) - fourteen
    )
    assert len(set(ALLERGENS) - fourteen) == 12


def test_additives_are_said_in_the_words_of_the_german_law() -> None:
    say = gettext("de")
    assert {say(text) for text in ADDITIVES.values()} == {
        "mit Farbstoff", "mit Konservierungsstoff", "mit Nitritpökelsalz", "mit Nitrat", "mit Antioxidationsmittel",
        "mit Geschmacksverstärker", "geschwefelt", "geschwärzt", "gewachst", "mit Phosphat", "mit Süßungsmittel",
        "enthält eine Phenylalaninquelle", "kann bei übermäßigem Verzehr abführend wirken",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dishes": []}, "must hold a dish"),
        ({"until_date": "2026-11-29"}, "not be before from_date"),
        ({"until_date": "2026-12-14"}, "within 14 days"),
        ({"days": [{"date": "2026-12-01", "dishes": [SOUP]}]}, "must lie from from_date to until_date"),
        ({"days": [{"date": "2026-11-30", "dishes": [SOUP]}] * 2}, "each date once"),
        ({"days": [{"date": "2026-11-30", "dishes": []}]}, "days.0.dishes"),
        ({"served_from": "11:30"}, "come together"),
        ({"served_from": "14:00", "served_until": "11:30"}, "later than served_from"),
        ({"served_from": "25:00", "served_until": "26:00"}, "served_from"),
        ({"dishes": [SOUP | {"allergens": ["Sellerie"]}]}, "must be one of gluten"),
        ({"dishes": [SOUP | {"prices": [{"price": "-1"}]}]}, "dishes.0.prices.0.price"),
        ({"from_date": "0001-01-01"}, "outside the years"),
        ({"from_date": "9999-12-31"}, "outside the years"),
    ],
)
def test_what_no_kitchen_can_serve_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        draft(DAY | fields)


def test_it_is_over_after_the_last_serving_on_the_citys_clock() -> None:
    week = draft(WEEK).content()
    # Summer time ends between the two.
    assert week.over_at(BERLIN) == datetime(2026, 10, 26, 13, tzinfo=UTC)
    servings = week.upcoming(BERLIN, after=datetime(2026, 10, 1, tzinfo=UTC), most=9)
    assert servings == [datetime(2026, 10, 23, 9, 30, tzinfo=UTC), datetime(2026, 10, 26, 10, 30, tzinfo=UTC)]
    assert draft(DAY).content().over_at(BERLIN) == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_what_it_says_of_its_days_is_true() -> None:
    kind = kinds.by_name("menu")
    said = kind.when(draft(WEEK).content(), BERLIN, "de", NOW)
    assert said == "Fr., 23.10., Mo., 26. Oktober 2026, jeweils 11:30–14:00 Uhr"
    each = draft(WEEK | {"dishes": [SOUP]}).content()
    assert (
        kind.when(each, BERLIN, "en", NOW)
        == "Fri, 23 October 2026 – Mon, 26 October 2026, each day 11:30–14:00"
    )
    assert kind.when(draft(DAY).content(), BERLIN, "de", NOW) == "Mo., 30. November 2026"
    assert [one.label for one in kind.facts(each, BERLIN, "en")] == [
        "Fri, 23 Oct",
        "Mon, 26 Oct",
        "Every day",
    ]


def test_a_dish_is_told_with_its_prices_and_the_notes_of_the_law() -> None:
    soup, schnitzel = kinds.by_name("menu").facts(draft(DAY).content(), BERLIN, "de")
    assert soup.text.replace("\xa0", " ") == "Linseneintopf (vegan), klein 4,80 €, groß 6,80 €"
    assert soup.more == "enthält Sellerie, Senf"
    assert (schnitzel.label, schnitzel.text.replace("\xa0", " ")) == ("Hauptgericht", "Schnitzel 11,90 €")
    assert schnitzel.more == "mit Kartoffelsalat; enthält Weizen (Gluten), Eier; mit Konservierungsstoff"


def test_who_read_of_other_allergens_is_told() -> None:
    before = draft(DAY).content()
    after = draft(DAY | {"dishes": [SOUP | {"allergens": ["celery"]}, SCHNITZEL]}).content()
    assert matters(before, after) == ("dishes",)
    assert (
        kinds.of(after).news("dishes", after, BERLIN, "de", before=None, now=NOW) == "Es gibt andere Gerichte"
    )


def test_search_engines_learn_its_sections_and_diets() -> None:
    told = kinds.by_name("menu").structured(draft(WEEK).content(), "Ratskeller", BERLIN, NOW)
    first, last = told["hasMenuSection"]
    assert (first["@type"], told["temporalCoverage"]) == ("MenuSection", "2026-10-23/2026-10-26")
    assert first["hasMenuItem"][0]["suitableForDiet"] == "https://schema.org/VeganDiet"
    assert [one["price"] for one in first["hasMenuItem"][0]["offers"]] == ["4.80", "6.80"]
    assert "suitableForDiet" not in last["hasMenuItem"][0]


def test_a_table_of_dishes_is_a_table_of_menus() -> None:
    lines = (
        "Titel;Datum;Uhrzeit;Endzeit;Gerichte\n"
        "Mittagstisch;24.12.2026;11:30;14 Uhr;Linseneintopf (vegan) 6,80 € | Schnitzel 11,90\n"
        "Weinabend;24.12.2026;18:00;22:00;\n"
    )
    menu, event = (
        row.draft.content()
        for row in table.read(lines.encode(), zone=BERLIN, now=datetime(2026, 11, 25, tzinfo=UTC))
        if row.draft
    )
    assert menu.model_dump(include={"kind", "from_date", "served_from", "served_until"}) == {
        "kind": "menu", "from_date": date(2026, 12, 24), "served_from": "11:30", "served_until": "14:00",
    }  # fmt: skip
    dishes = menu.model_dump(mode="json")["dishes"]
    assert [(one["name"], one["diet"], one["prices"][0]["price"]) for one in dishes] == [
        ("Linseneintopf", "vegan", "6.80"),
        ("Schnitzel", None, "11.90"),
    ]
    assert event.kind == "event"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_channel_shows_it_in_a_dry_run(city: config.Settings, receiver: Receiver) -> None:
    first = clock.now().astimezone(BERLIN).date() + timedelta(days=3)
    last = first + timedelta(days=3)
    days = [{"date": first.isoformat(), "dishes": [SOUP]}, {"date": last.isoformat(), "dishes": [SCHNITZEL]}]
    with db.transaction() as session:
        merchant_id = factories.merchant(session, "ratskeller").id
    post = posts.create(
        merchant_id,
        draft(WEEK | {"from_date": first.isoformat(), "until_date": last.isoformat(), "days": days}),
    )
    shown = {
        kind: dry_run.rehearse(account(kind, receiver), post.id, drain.tools()) for kind in sorted(REMOTES)
    }
    shown["webhook"] = dry_run.rehearse(hook(receiver), post.id, drain.tools())
    with db.reading() as session:
        built_in = session.scalars(
            select(Destination).where(Destination.channel.in_(["newsletter", "feed"]))
        ).all()
    shown |= {one.channel: dry_run.rehearse(one.id, post.id, drain.tools()) for one in built_in}
    assert {kind: one.reason for kind, one in shown.items() if one.state != "sent"}.keys() == {"instagram"}
    assert set(shown) == {one.kind for one in channels.CHANNELS} - {"websub", "letter"}
    assert receiver.requests == []
    mail = message_from_bytes(shown["newsletter"].requests[0].body, policy=SMTP)
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert "enthält Weizen (Gluten), Eier" in plain
    assert "enthält Weizen (Gluten), Eier" in html
    feeds = {one.url.rpartition(".")[2]: one.body for one in shown["feed"].requests}
    dates = icalendar.Calendar.from_ical(feeds["ics"]).walk("VEVENT")
    assert [one["dtstart"].dt.hour for one in dates] == [11, 11]
    assert json.loads(feeds["json"])["items"][0]["_syndication"]["legend"]["celery"] == "Sellerie"
    toot = json.loads(shown["mastodon"].requests[-1].body)["status"]
    assert f"{short_day(last, 'de')}: Schnitzel 11,90\xa0€" in toot
    assert "enthält" not in toot


def test_the_days_and_hours_of_a_menu_may_stand_in_one_cell_each() -> None:
    lines = "Titel;Datum;Uhrzeit;Gerichte\nWochenkarte;7.–11.12.2026;11:30–14 Uhr;Linseneintopf 6,80 €\n"
    (row,) = table.read(lines.encode(), zone=BERLIN, now=datetime(2026, 11, 25, tzinfo=UTC))
    assert row.draft is not None
    assert row.draft.model_dump(include={"from_date", "until_date", "served_from", "served_until"}) == {
        "from_date": date(2026, 12, 7), "until_date": date(2026, 12, 11), "served_from": "11:30", "served_until": "14:00",
    }  # fmt: skip

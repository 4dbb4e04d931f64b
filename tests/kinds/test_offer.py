"""Offers: what is said of a price, also where there is none."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication import clock, kinds
from syndication.content.post import matters
from syndication.errors import Invalid
from syndication.kinds.reading import draft
from syndication.sources import table

BERLIN = ZoneInfo("Europe/Berlin")
OFFER = {"kind": "offer", "title": "Kaffee"}


def price(language: str, **fields: Any) -> str:
    content = draft(OFFER | fields).content()
    return next((fact.text for fact in kinds.of(content).facts(content, BERLIN, language)), "")


@pytest.mark.parametrize(
    ("fields", "german", "english"),
    [
        ({}, "", ""),
        ({"price": "7.50"}, "7,50 €", "€7.50"),
        ({"price": "7.50", "price_before": "10"}, "7,50 € statt 10,00 €", "€7.50 instead of €10.00"),
        ({"percent_off": 20}, "20 % Rabatt", "20% off"),
        ({"price_before": "9.90"}, "reduziert, statt 9,90 €", "reduced, instead of €9.90"),
        (
            {"price_before": "9.90", "percent_off": 20},
            "20 % Rabatt, statt 9,90 €",
            "20% off, instead of €9.90",
        ),
        ({"price": "8", "percent_off": 20}, "8,00 € (20 % Rabatt)", "€8.00 (20% off)"),
        (
            {"price": "8", "price_before": "10", "percent_off": 20},
            "8,00 € statt 10,00 € (20 % Rabatt)",
            "€8.00 instead of €10.00 (20% off)",
        ),
        (
            {"percent_off": 20, "lowest_price_30d": "9"},
            "20 % Rabatt (niedrigster Preis der letzten 30 Tage: 9,00 €)",
            "20% off (lowest price of the last 30 days: €9.00)",
        ),
        ({"price": "0", "price_before": "3"}, "kostenlos statt 3,00 €", "free of charge instead of €3.00"),
    ],
)
def test_a_price_is_said_in_words(fields: dict[str, Any], german: str, english: str) -> None:
    assert price("de", **fields).replace("\xa0", " ") == german
    assert price("en", **fields).replace("\xa0", " ") == english


@pytest.mark.parametrize("given", [0, 101, -20, "20", "20 %", 12.5, True])
def test_what_is_no_percentage_is_refused(given: Any) -> None:
    with pytest.raises(Invalid) as refused:
        draft(OFFER | {"percent_off": given})
    assert [one.field for one in refused.value.faults] == ["percent_off"]


def test_a_percentage_may_be_rounded_but_not_be_another() -> None:
    assert price("de", price="6.66", price_before="9.99", percent_off=33)
    with pytest.raises(Invalid, match="does not fit"):
        draft(OFFER | {"price": "6.66", "price_before": "9.99", "percent_off": 30})


def test_an_offer_without_one_is_the_document_it_was() -> None:
    assert "percent_off" not in draft(OFFER).content().model_dump(mode="json")
    assert draft(OFFER | {"percent_off": 20}).content().model_dump(mode="json")["percent_off"] == 20


def test_people_hear_of_another_percentage_and_of_another_price_before() -> None:
    before = draft(OFFER | {"percent_off": 20}).content()
    for fields in ({"percent_off": 30}, {"percent_off": 20, "price_before": "9.90"}):
        assert matters(before, draft(OFFER | fields).content()) == ("price",)


@pytest.mark.parametrize("cell", ["20", "20 %", "-20%", "\u221220 %"])
def test_a_table_says_it_as_people_do(cell: str) -> None:
    (row,) = table.read(f"Art;Titel;Rabatt\nAngebot;Kaffee;{cell}\n".encode(), zone=BERLIN, now=clock.now())
    assert row.draft is not None, row.faults
    assert row.draft.model_dump()["percent_off"] == 20


def test_a_cell_that_is_no_percentage_is_refused_with_its_field() -> None:
    (row,) = table.read(b"Art;Titel;Rabatt\nAngebot;Kaffee;viel\n", zone=BERLIN, now=clock.now())
    assert [one.field for one in row.faults] == ["Rabatt"]

"""Dishes as people write them, one in a line, and written back."""

from datetime import date
from typing import Any

import pytest

from syndication.errors import Invalid
from syndication.kinds import dish_lines
from syndication.kinds.reading import draft

THURSDAY = date(2030, 8, 15)


def price(amount: str, label: str = "") -> dict[str, str]:
    return {"price": amount} | ({"label": label} if label else {})


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("Suppe", {"name": "Suppe"}),
        ("Suppe 4,80 €", {"name": "Suppe", "prices": [price("4,80")]}),
        ("Suppe € 4.80", {"name": "Suppe", "prices": [price("4.80")]}),
        ("Suppe, 5,- €", {"name": "Suppe", "prices": [price("5")]}),
        ("Suppe, 5,–", {"name": "Suppe", "prices": [price("5")]}),
        ("Schnitzel 7 Kräuter", {"name": "Schnitzel 7 Kräuter"}),
        ("Menü 3", {"name": "Menü 3"}),
        ("Cola 0,5", {"name": "Cola 0,5"}),
        ("Cola 0,33 2,80", {"name": "Cola 0,33", "prices": [price("2,80")]}),
        ("Bratwurst 0,80", {"name": "Bratwurst", "prices": [price("0,80")]}),
        ("Spanferkel 1.200,50 €", {"name": "Spanferkel", "prices": [price("1200,50")]}),
        ("Hog roast €1,200.50", {"name": "Hog roast", "prices": [price("1200.50")]}),
        ("Spanferkel 1.200 €", {"name": "Spanferkel", "prices": [price("1200")]}),
        ('Salat: "Mo: der Burger" – mit Brot', {"course": "Salat", "name": "Mo: der Burger", "description": "mit Brot"}),
        ('"Himmel" und Erde', {"name": '"Himmel" und Erde'}),
        ("Suppe, klein 4,80 €, groß 6,80 €", {"name": "Suppe", "prices": [price("4,80", "klein"), price("6,80", "groß")]}),
        ("Linsen (vegan) 6 €", {"name": "Linsen", "diet": "vegan", "prices": [price("6")]}),
        ("Linsen (vegetarisch)", {"name": "Linsen", "diet": "vegetarian"}),
        ("Dessert: Pudding – mit Sahne", {"name": "Pudding", "course": "Dessert", "description": "mit Sahne"}),
        ("Suppe [Sellerie, Senf]", {"name": "Suppe", "allergens": ["celery", "mustard"]}),
    ],
)  # fmt: skip
def test_a_line_is_a_dish(line: str, right: dict[str, Any]) -> None:
    assert dish_lines.dish(line) == right


@pytest.mark.parametrize(
    ("text", "days", "every_day"),
    [
        ("Do: Suppe\nFr: Fisch", ["2030-08-15", "2030-08-16"], 0),
        ("Donnerstag: Suppe\nMi: Fisch", ["2030-08-15", "2030-08-21"], 0),
        ("Mon: Soup\nSuppe", ["2030-08-19"], 1),
        ("Fr, 16.8.: Fisch\nFr: Pommes", ["2030-08-16"], 0),
        ("Dorade: gegrillt\n\nSoße: hell\nSuppe: Linsen\nSalat: bunt\nMittags: Fisch", [], 5),
        ("Sonnabend: Fisch", ["2030-08-17"], 0),
        ("Sa.: Fisch\nTue: Soup\nMittwoch: Tofu", ["2030-08-17", "2030-08-20", "2030-08-21"], 0),
    ],
)
def test_a_weekday_before_a_line_is_the_next_such_day(text: str, days: list[str], every_day: int) -> None:
    found = dish_lines.by_days(text, THURSDAY)
    assert [one["date"] for one in found["days"]] == days
    assert len(found["dishes"]) == every_day


def test_a_label_that_is_none_is_named() -> None:
    with pytest.raises(Invalid, match="Glück"):
        dish_lines.dish("Suppe [Sellerie, Glück]")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "dish",
    [
        {"name": "Suppe"},
        {"name": "Suppe", "prices": [price("4.80")]},
        {"name": "Suppe", "prices": [price("120.80", "für alle"), price("6", "groß")]},
        {"name": "Linsen", "course": "Hauptgang", "description": "mit Brot", "diet": "vegan", "prices": [price("6.5")]},
        {"name": "Brot", "allergens": ["wheat", "celery"], "additives": ["preservative"]},
        {"name": "Mo: der Burger", "prices": [price("9.90")]},
        {"name": "Salat (vegan)", "diet": "vegetarian"},
        {"name": "Suppe: Linsen", "course": "Vorspeise", "description": "mit Brot"},
        {"name": "Sekt 10,00", "prices": [price("12345.60")]},
        {"name": "Eintopf [klein]", "allergens": ["celery"]},
        {"name": "Zander – gebraten", "prices": [price("1200")]},
    ],
)  # fmt: skip
def test_what_is_written_back_makes_the_same_dish(dish: dict[str, Any], language: str) -> None:
    said = {"kind": "menu", "title": "Mittag", "from_date": "2030-08-15", "dishes": [dish]}
    content: Any = draft(said).content()
    text = dish_lines.written(content.dishes, (), "EUR", language)
    after: Any = draft({**said, **dish_lines.by_days(text, THURSDAY)}).content()
    assert after == content

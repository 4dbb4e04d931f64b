"""Words that say that something costs less, and the name of the thing without them."""

from decimal import Decimal

import pytest

from syndication.kinds.announced import product_name
from syndication.kinds.reduction_words import claims


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("20 % Rabatt auf Kaffee", 20),
        ("Jetzt 20% Rabatt", 20),
        ("20 Prozent günstiger", 20),
        ("−20 %", 20),
        ("Bananen -20%", 20),
        ("– 20 % auf Bananen", 20),
        ("Rabatt von 15 %", 15),
        ("Sparen Sie 30 %", 30),
        ("20% off all shoes", 20),
        ("save up to 40%", 40),
        ("25 percent less", 25),
        ("20 % auf alles", 20),
        ("Kaffee zum halben Preis", 50),
        ("half price", 50),
    ],
)
def test_a_percentage_is_found(text: str, percent: int) -> None:
    assert [one.percent for one in claims(text) if one.percent] == [percent]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("nur 7,50 € statt 9,90 €", "9.90"),
        ("statt bisher 1.299,00 Euro", "1299.00"),
        ("statt 12 €", "12"),
        ("statt 12,- ", "12"),
        ("vorher 9,90", "9.90"),
        ("€7.50 instead of €9.90", "9.90"),
        ("was €9.90", "9.90"),
    ],
)
def test_an_earlier_price_is_found(text: str, before: str) -> None:
    assert [one.before for one in claims(text)] == [Decimal(before)]


@pytest.mark.parametrize(
    "text", ["Stark reduziert!", "SALE", "Preis-Highlight", "Winterschlussverkauf", "Everything reduced"]
)
def test_a_mere_word_counts(text: str) -> None:
    assert list(claims(text))


@pytest.mark.parametrize(
    "text",
    [
        "100 % Baumwolle", "Wein, 12,5 % vol", "Schokolade mit 70 % Kakao", "10–20 % Steigung", "Fahrrad for sale",
        "statt 3 Filialen nun 4", "statt Karten", "reduced fat yoghurt", "fettreduzierte Milch", "0 % Finanzierung",
        "Er was 12 Jahre alt", "Kaffee und Kuchen", "100 % Bio", "wholesale", "Tag 1-20%ig",
    ],
)  # fmt: skip
def test_other_words_are_no_reduction(text: str) -> None:
    assert list(claims(text)) == []


def test_the_highest_of_several_percentages_is_told_apart() -> None:
    for text, highest in (("bis zu 40 % Rabatt", True), ("save up to 40%", True), ("40 % Rabatt", False)):
        assert [one.up_to for one in claims(text) if one.percent] == [highest], text


@pytest.mark.parametrize(
    "title",
    [
        "Bananen", "BANANEN", "  Bananen\u00a0", "Bananen – 20 % Rabatt!", "20 % Rabatt: Bananen", "Bananen statt 1,69 €",
        "Bananen reduziert", "Bana\u0308nen".replace("\u0308", ""), "\uff22ananen", "Sale: Bananen", "Bananen zum halben Preis",
    ],
)  # fmt: skip
def test_a_thing_has_one_name_however_its_price_is_praised(title: str) -> None:
    assert product_name(title) == "bananen"


def test_other_things_have_other_names() -> None:
    names = ["Bio-Bananen", "Bananen 1 kg", "Bananen", "Äpfel", "Apfel", "Straße 7", "100 % Baumwolle"]
    assert len({product_name(one) for one in names}) == len(names)
    assert product_name("A\u0308pfel") == product_name("ÄPFEL")
    assert product_name("20 % Rabatt") == "20 % rabatt"
    assert len(product_name("ß" * 200)) == 200

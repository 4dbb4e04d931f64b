"""Announced prices are remembered, and whoever announces a reduction hears what the law asks for: a test for each rule of it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock, config
from syndication.infra import db
from syndication.infra.reasons import translated_reason
from syndication.kinds.announced import Advice
from syndication.models import AnnouncedPrice
from syndication.publishing import posts, price_memory, rehearsal, unlawful
from tests import factories

DAY = timedelta(days=1)


@pytest.fixture
def shop(database: str, settings: config.Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "shop").id


def after(days: float) -> None:
    clock.travel(days * DAY)


def announce(shop: UUID, price: str, title: str = "Bananen", **fields: Any) -> UUID:
    return posts.create(shop, factories.offer(title, days=fields.pop("days", None), price=price, **fields)).id


def advised(shop: UUID, title: str = "Bananen", **fields: Any) -> list[Advice]:
    return price_memory.advice(shop, factories.offer(title, days=3, **fields), language="de")


def fields(found: list[Advice]) -> list[tuple[str, str]]:
    return [(one.field, one.severity) for one in found]


def words(found: list[Advice]) -> str:
    return " ".join(translated_reason(one.reason, "de") for one in found)


def remembered() -> list[tuple[str, int, datetime, datetime | None]]:
    with db.reading() as session:
        rows = session.scalars(select(AnnouncedPrice).order_by(AnnouncedPrice.id))
        return [(row.name, row.cents, row.since, row.until) for row in rows]


def known(shop: UUID, **more: Any) -> Any:
    return price_memory.lowest(shop, "bananen", "EUR", clock.now(), **more)


# What is remembered


def test_a_price_is_known_from_its_announcement_until_it_is_taken_back(shop: UUID) -> None:
    post = announce(shop, "1.69")
    assert [(name, cents, until) for name, cents, _, until in remembered()] == [("bananen", 169, None)]
    after(2)
    posts.withdraw(shop, post)
    ((_, _, since, until),) = remembered()
    assert until is not None
    assert timedelta(days=2) <= until - since < timedelta(days=2, minutes=5)


def test_a_correction_ends_one_price_and_begins_the_other(shop: UUID) -> None:
    post = announce(shop, "1.69")
    after(1)
    posts.revise(shop, post, factories.offer("Bananen", days=None, price="1.29"))
    (_, old, _, ended), (_, new, begun, _) = remembered()
    assert (old, new, ended) == (169, 129, begun)


def test_other_words_for_the_same_price_begin_nothing(shop: UUID) -> None:
    post = announce(shop, "1.69")
    after(1)
    posts.revise(shop, post, factories.offer("Bananen", days=None, price="1.69", summary="Aus Ecuador."))
    assert len(remembered()) == 1


def test_it_holds_as_long_as_the_post_says(shop: UUID) -> None:
    start, end = clock.now() + DAY, clock.now() + 3 * DAY
    announce(shop, "1.69", valid_from=start.isoformat(), valid_until=end.isoformat())
    assert [row[2:] for row in remembered()] == [(start, end)]
    assert known(shop) is None
    after(2)
    assert known(shop).amount == Decimal("1.69")


def test_what_never_began_to_hold_is_forgotten(shop: UUID) -> None:
    post = announce(shop, "0.99", valid_from=(clock.now() + DAY).isoformat())
    posts.withdraw(shop, post)
    assert remembered() == []


def test_what_is_not_published_yet_is_no_price(shop: UUID) -> None:
    announce(shop, "0.99", publish_at=(clock.now() + DAY).isoformat())
    assert remembered() == []
    after(1.1)
    posts.publish_due()
    assert [row[1] for row in remembered()] == [99]


def test_imported_offers_are_remembered_and_dry_runs_are_not(shop: UUID) -> None:
    draft = factories.offer("Bananen", days=None, price="1.29", source_ref="b")
    rehearsal.preview(shop, draft)
    assert remembered() == []
    posts.submit(shop, draft, manner=posts.Manner(imported=True, quiet=True))
    assert len(remembered()) == 1


def test_free_things_and_services_and_other_kinds_have_no_price_to_reckon_from(shop: UUID) -> None:
    announce(shop, "0")
    announce(shop, "30", "Haarschnitt", reduction_exempt="service")
    posts.create(shop, factories.event("Bananen", price="2"))
    assert remembered() == []


def test_unlawful_words_are_not_remembered(shop: UUID) -> None:
    unlawful.withdraw(announce(shop, "1.69", "Ein verbotener Name"))
    assert remembered() == []


def test_each_merchant_currency_and_thing_has_prices_of_its_own(shop: UUID) -> None:
    with db.transaction() as session:
        other = factories.merchant(session, "other").id
    announce(shop, "1.69")
    after(1)
    now = clock.now()
    assert price_memory.lowest(other, "bananen", "EUR", now) is None
    assert price_memory.lowest(shop, "bananen", "CHF", now) is None
    assert price_memory.lowest(shop, "ananas", "EUR", now) is None
    assert price_memory.lowest(shop, "bananen", "EUR", now) is not None


# PAngV § 11 (1), Directive 98/6/EC Art. 6a (1) and (2)


def test_pangv_11_1_the_lowest_of_thirty_days_counts_and_not_the_last(shop: UUID) -> None:
    announce(shop, "1.29", days=5)
    after(5)
    announce(shop, "1.69")
    after(10)
    found = known(shop)
    assert (found.amount, found.covered) == (Decimal("1.29"), False)


def test_pangv_11_1_what_ended_more_than_thirty_days_ago_counts_no_more(shop: UUID) -> None:
    announce(shop, "1.29", days=5)
    after(5)
    announce(shop, "1.69")
    after(31)
    found = known(shop)
    assert (found.amount, found.covered) == (Decimal("1.69"), True)


def test_pangv_11_1_a_gap_of_a_day_is_not_covered(shop: UUID) -> None:
    announce(shop, "1.69", days=20)
    after(21)
    announce(shop, "1.69")
    after(15)
    assert known(shop).covered is False


def test_pangv_11_1_a_missing_lowest_price_is_shown_where_it_is_known(shop: UUID) -> None:
    announce(shop, "1.69")
    after(40)
    found = advised(shop, price="1.29", price_before="1.99")
    assert fields(found) == [("lowest_price_30d", "warning"), ("price_before", "warning")]
    assert found[0].proposal == Decimal("1.69")
    assert "Soweit wir wissen, ist das 1,69\xa0€" in words(found)
    assert "PAngV § 11 Abs. 1" in words(found)


def test_pangv_11_1_days_that_are_not_known_are_said(shop: UUID) -> None:
    announce(shop, "1.69")
    after(10)
    found = advised(shop, price="1.29", price_before="1.69")
    assert fields(found) == [("lowest_price_30d", "note"), ("lowest_price_30d", "note")]
    assert "Wir kennen Ihre Preise erst ab" in words(found)


def test_pangv_11_1_an_unknown_lowest_price_is_asked_for(shop: UUID) -> None:
    found = advised(shop, price="1.29", price_before="1.69")
    assert fields(found) == [("lowest_price_30d", "warning")]
    assert "Wir kennen keinen; bitte tragen Sie ihn ein" in words(found)
    assert advised(shop, price="1.29", price_before="1.69", lowest_price_30d="1.69") == []


def test_pangv_11_1_a_stated_price_that_is_too_high_is_told(shop: UUID) -> None:
    announce(shop, "1.49")
    after(40)
    found = advised(shop, price="1.29", price_before="1.69", lowest_price_30d="1.69")
    assert fields(found) == [("lowest_price_30d", "warning"), ("price_before", "warning")]
    assert found[0].proposal == Decimal("1.49")


def test_pangv_11_1_a_stated_price_that_is_lower_than_ours_is_believed(shop: UUID) -> None:
    announce(shop, "1.69")
    after(40)
    assert advised(shop, price="1.29", price_before="1.49", lowest_price_30d="1.49") == []


def test_pangv_11_1_words_announce_a_reduction_as_fields_do(shop: UUID) -> None:
    for praise in ("20 % Rabatt", "−20 %", "statt 1,69 €", "reduziert", "im Sale", "20% off"):
        found = advised(shop, f"Bananen {praise}", price="1.35")
        assert fields(found) == [("lowest_price_30d", "warning")], praise
    for field in ("summary", "body"):
        assert advised(shop, price="1.35", **{field: "Jetzt 20 % günstiger."}), field


def test_pangv_11_1_no_reduction_no_advice(shop: UUID) -> None:
    announce(shop, "1.29")
    after(1)
    assert advised(shop, price="1.69", summary="Neu bei uns, 100 % Bio.") == []
    assert price_memory.advice(shop, factories.event("Bananen", price="1", summary="20 % Rabatt")) == []


def test_pangv_11_1_a_percentage_on_many_things_sends_to_their_price_tags(shop: UUID) -> None:
    found = advised(shop, "Alles muss raus", percent_off=20)
    assert fields(found) == [("lowest_price_30d", "note")]
    assert "Preisschild" in words(found)


# PAngV § 11 (2), Directive 98/6/EC Art. 6a (5)


def steps(shop: UUID, gap: float = 0) -> None:
    announce(shop, "10")
    after(40)
    announce(shop, "9", price_before="10", lowest_price_30d="10", days=5)
    after(5 + gap)
    announce(shop, "8", price_before="10", lowest_price_30d="10", days=5)
    after(5 + gap)


def test_pangv_11_2_the_price_before_the_first_of_several_steps_may_stand(shop: UUID) -> None:
    steps(shop)
    found = known(shop, price=Decimal(7))
    assert (found.amount, found.before_steps) == (Decimal(8), Decimal(10))
    assert advised(shop, price="7", price_before="10", percent_off=30, lowest_price_30d="10") == []


def test_pangv_11_2_also_where_the_shop_is_closed_over_night(shop: UUID) -> None:
    steps(shop, gap=0.5)
    assert known(shop, price=Decimal(7)).before_steps == Decimal(10)


def test_pangv_11_2_an_interruption_ends_the_steps(shop: UUID) -> None:
    steps(shop, gap=2)
    assert known(shop, price=Decimal(7)).before_steps is None
    assert advised(shop, price="7", price_before="10", percent_off=30, lowest_price_30d="10")


def test_pangv_11_2_a_reduction_that_becomes_less_is_no_step(shop: UUID) -> None:
    steps(shop)
    assert known(shop, price=Decimal("9.50")).before_steps is None


def test_a_reduction_that_is_running_is_not_reckoned_from_itself(shop: UUID) -> None:
    announce(shop, "1.69")
    after(40)
    running = {"price": "1.29", "price_before": "1.69", "lowest_price_30d": "1.69"}
    announce(shop, days=9, **running)
    after(1)
    assert advised(shop, **running) == []
    assert fields(advised(shop, price="1.29", price_before="1.99", lowest_price_30d="1.69")) == [
        ("price_before", "warning")
    ]


# Directive 98/6/EC Art. 6a, ECJ C-330/23 (Aldi Süd)


def test_c_330_23_bananas_of_the_judgment_are_no_reduction(shop: UUID) -> None:
    """1.29 € before, then 1.69 €, then "-23 %" to 1.29 €."""
    announce(shop, "1.29", days=20)
    after(20)
    announce(shop, "1.69")
    after(5)
    found = advised(shop, "Bananen -23 %", price="1.29", price_before="1.69", lowest_price_30d="1.29")
    assert fields(found) == [("price", "warning")]
    assert "EuGH C-330/23" in words(found)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"percent_off": 40}, "percent_off"),
        ({"title": "Bananen 40 % Rabatt"}, "title"),
        ({"summary": "Jetzt −40 %!"}, "summary"),
        ({"body": "Sie sparen 40 %."}, "body"),
    ],
)
def test_c_330_23_a_percentage_is_reckoned_from_the_lowest_price(
    shop: UUID, said: dict[str, Any], field: str
) -> None:
    announce(shop, "1.60")
    after(40)
    found = advised(shop, price="1.20", lowest_price_30d="1.60", **said)
    assert fields(found) == [(field, "warning")]
    assert "von ihm aus wären es 25 % (EuGH C-330/23)" in words(found)
    right = {name: 25 if value == 40 else str(value).replace("40", "25") for name, value in said.items()}
    assert advised(shop, price="1.20", lowest_price_30d="1.60", **right) == []


def test_c_330_23_an_earlier_price_in_words_is_the_lowest_one(shop: UUID) -> None:
    announce(shop, "1.60")
    after(40)
    found = advised(shop, price="1.20", summary="1,20 € statt 1,99 €", lowest_price_30d="1.60")
    assert fields(found) == [("summary", "warning")]
    assert advised(shop, price="1.20", summary="1,20 € statt 1,60 €", lowest_price_30d="1.60") == []


def test_c_330_23_the_highest_of_several_percentages_is_not_reckoned(shop: UUID) -> None:
    assert advised(shop, "Bananen bis zu 40 % Rabatt", price="1.20", lowest_price_30d="1.60") == []


# PAngV § 11 (4), and § 11 (1): goods


def test_pangv_11_4_1_individual_reductions_need_none(shop: UUID) -> None:
    found = advised(shop, price="1", price_before="2", reduction_exempt="individual")
    assert fields(found) == [("reduction_exempt", "note")]


def test_pangv_11_4_2_what_would_spoil_needs_none_where_people_are_told(shop: UUID) -> None:
    said = {"price": "1", "price_before": "2", "reduction_exempt": "perishable"}
    assert fields(advised(shop, **said)) == [("reduction_exempt", "warning")]
    assert advised(shop, summary="Mindestens haltbar bis 3. Dezember.", **said) == []


def test_pangv_11_1_services_are_no_goods(shop: UUID) -> None:
    assert advised(shop, "Haarschnitt", price="20", price_before="30", reduction_exempt="service") == []


def test_nothing_is_refused_for_it(shop: UUID) -> None:
    announce(shop, "1.29")
    after(1)
    assert announce(shop, "1.29", "Bananen -50 %", price_before="9.99")

"""What the law asks of an announced reduction (PAngV § 11; Directive 98/6/EC Art. 6a; ECJ C-330/23), held against an offer.

Advice, never a refusal: what was charged in the shop nobody here knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from syndication.content.reason import Reason
from syndication.kinds.announced import Advice, Known
from syndication.kinds.reduction_words import Claim, claims

if TYPE_CHECKING:
    from syndication.kinds.offer import OfferContent

#: How far a percentage may be off by being rounded.
_ROUNDED = 1
_SHORT_LIFE = re.compile(
    r"\b(?:MHD|mindesthalt\w*|haltbar\w*|ablauf\w*|verbrauch\w*|best before|use by|short[- ]dated)\b",
    re.IGNORECASE,
)

#: Says an amount and a day to whoever reads the advice.
Money = Callable[[Decimal], str]
Day = Callable[[datetime], str]


@dataclass(frozen=True)
class _Reduction:
    """An announced reduction: each wording with the field in which it stands."""

    wordings: tuple[tuple[str, Claim], ...]

    @property
    def percents(self) -> Iterator[tuple[str, int]]:
        return ((field, one.percent) for field, one in self.wordings if one.percent and not one.up_to)

    @property
    def befores(self) -> Iterator[tuple[str, Decimal]]:
        return ((field, one.before) for field, one in self.wordings if one.before is not None)


def is_reduced(offer: OfferContent) -> bool:
    """Whether it says that something costs less than before, in a field or in words."""
    return bool(_reduction(offer).wordings)


def advice(offer: OfferContent, known: Known | None, money: Money, day: Day) -> tuple[Advice, ...]:
    """All that is to be said; empty where no reduction is announced, or nothing is amiss as far as is known.

    `known`: what was announced before for the same thing in the same currency; None: nothing.
    """
    reduction = _reduction(offer)
    if not reduction.wordings:
        return ()
    if offer.reduction_exempt is not None:
        return tuple(_exempt(offer))
    if offer.price is None and offer.price_before is None and not any(reduction.befores):
        return tuple(_of_many(offer))
    found = [*_lowest(offer, known, money, day)]
    if (base := _base(offer, known)) is not None:
        found += _reckoned(offer, reduction, base, known, money)
    return tuple(found)


def _reduction(offer: OfferContent) -> _Reduction:
    found: list[tuple[str, Claim]] = []
    if offer.price_before is not None:
        found.append(("price_before", Claim("", before=offer.price_before)))
    if offer.percent_off is not None:
        found.append(("percent_off", Claim("", percent=offer.percent_off)))
    for field in ("title", "summary", "body"):
        found += ((field, claim) for claim in claims(getattr(offer, field)))
    return _Reduction(tuple(found))


def _exempt(offer: OfferContent) -> Iterator[Advice]:
    """PAngV § 11 (4): no. 1 individual reductions, no. 2 what would spoil, where that is made known. § 11 (1): goods alone."""
    said = " ".join((offer.title, offer.summary, offer.body))
    if offer.reduction_exempt == "perishable" and not _SHORT_LIFE.search(said):
        told = Reason(
            "What would soon spoil needs no earlier price only where people are told why it is cheaper. Please write it into "
            "the text, such as: best before 3 December (PAngV § 11 (4) no. 2)."
        )
        yield Advice("reduction_exempt", told)
    if offer.reduction_exempt == "individual":
        told = Reason(
            "A reduction is individual where it is agreed with one customer or meant for one; what holds for everybody is "
            "not (PAngV § 11 (4) no. 1)."
        )
        yield Advice("reduction_exempt", told, "note")


def _of_many(offer: OfferContent) -> Iterator[Advice]:
    """A percentage on many things, or a mere word: the prices stand where the things do."""
    if offer.lowest_price_30d is None:
        told = Reason(
            "The law wants the lowest price of the last 30 days for every reduced thing. Where these are many, please write "
            "it at each, such as on the price tag, and reckon the reduction from it (PAngV § 11 (1))."
        )
        yield Advice("lowest_price_30d", told, "note")


def _lowest(offer: OfferContent, known: Known | None, money: Money, day: Day) -> Iterator[Advice]:
    """PAngV § 11 (1): the lowest price of the last 30 days before the reduction is to be stated."""
    stated = offer.lowest_price_30d
    if stated is None and known is None:
        told = Reason(
            "The law wants the lowest price of the last 30 days beside a reduction. We know of none; please enter it "
            "(PAngV § 11 (1))."
        )
        yield Advice("lowest_price_30d", told)
    elif known is None:
        return
    elif stated is None:
        told = Reason(
            "The law wants the lowest price of the last 30 days beside a reduction. As far as we know it is {}, announced "
            "here from {} on (PAngV § 11 (1)).",
            money(known.amount),
            day(known.since),
        )
        # What stands as the earlier price is that price; whether people see that it is, courts judge differently.
        there = offer.price_before in (known.amount, known.before_steps or known.amount)
        yield Advice("lowest_price_30d", told, "note" if there else "warning", proposal=known.amount)
        if not known.covered:
            told = Reason(
                "We know your prices only from {} on. If it cost less in the 30 days before the reduction, that counts.",
                day(known.known_since),
            )
            yield Advice("lowest_price_30d", told, "note")
    elif stated > known.amount and stated != known.before_steps:
        told = Reason(
            "This is higher than {}, which you announced here from {} on and within the 30 days (PAngV § 11 (1)).",
            money(known.amount),
            day(known.since),
        )
        yield Advice("lowest_price_30d", told, proposal=known.amount)


def _base(offer: OfferContent, known: Known | None) -> Decimal | None:
    """What a reduction is reckoned from: the lowest price that is stated or known, or that before the first of several steps."""
    recalled = None if known is None else known.before_steps or known.amount
    return min((one for one in (offer.lowest_price_30d, recalled) if one is not None), default=None)


def _reckoned(
    offer: OfferContent, reduction: _Reduction, base: Decimal, known: Known | None, money: Money
) -> Iterator[Advice]:
    """ECJ C-330/23 (Aldi Süd, 26 September 2024): a percentage, or a word that praises the price, is reckoned from that price."""
    if offer.price is not None and base <= offer.price:
        told = Reason(
            "This is no reduction: the lowest price of the last 30 days is {}. Nothing may be called reduced then "
            "(ECJ C-330/23).",
            money(base),
        )
        yield Advice("price", told)
        return
    for field, before in reduction.befores:
        if before > base:
            told = Reason(
                "{} is not the lowest price of the last 30 days. That is {}, and a reduction must be reckoned from it "
                "(ECJ C-330/23).",
                money(before),
                money(base),
            )
            yield Advice(field, told, proposal=base if field == "price_before" else None)
    for field, percent in reduction.percents:
        if offer.price is None:
            continue
        right = [_percent(offer.price, one) for one in {base, known.amount if known else base}]
        if all(abs(percent - one) > _ROUNDED for one in right):
            told = Reason(
                "{} % is not reckoned from the lowest price of the last 30 days, {}; from that it would be {} % "
                "(ECJ C-330/23).",
                percent,
                money(base),
                _percent(offer.price, base).quantize(Decimal(1), ROUND_HALF_UP),
            )
            yield Advice(field, told)


def _percent(price: Decimal, base: Decimal) -> Decimal:
    return 100 * (1 - price / base)

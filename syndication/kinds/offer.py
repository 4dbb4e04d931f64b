"""Offers: what a shop has for a price, for as long as it holds."""

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from syndication.content.base import IsWhole, Line, Moment
from syndication.content.money import Money
from syndication.content.post import Content, Matter
from syndication.content.reason import Reason
from syndication.errors import Fault
from syndication.infra.rendering import day, gettext, moment, money, time_of_day
from syndication.kinds import again, lines, reduction_advice
from syndication.kinds.announced import Advice, Price, Recall, product_name
from syndication.kinds.contract import (
    MOMENT,
    Cells,
    Fact,
    Filter,
    Foreign,
    Form,
    Group,
    Kind,
    SpanBoxes,
    Window,
)

_PERCENT = re.compile(r"[-\u2212]?\s*(?P<number>[0-9]{1,3})\s*%?")
_Foreign = Annotated[None, Foreign("offer")]


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


def _nothing(value: Any) -> bool:
    """Left out where it is empty, so that what says nothing of it is as before there was any."""
    return value is None


class OfferContent(Content):
    """What is to be had: a reduced price, a coupon, something new on the shelf."""

    watched: ClassVar = {
        "time": ("valid_from", "valid_until"),
        "place": ("place",),
        "price": ("price", "price_before", "percent_off", "currency", "coupon_code"),
    }

    kind: Literal["offer"]
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    starts_at: _Foreign = None
    ends_at: _Foreign = None
    all_day: Annotated[Literal[False], Foreign("offer")] = False
    recurrence: _Foreign = None
    status: Annotated[Literal["scheduled"], Foreign("offer")] = "scheduled"
    price: Money | None = None
    price_before: Money | None = None
    percent_off: Annotated[
        Annotated[int, Field(ge=1, le=100), IsWhole] | None,
        Field(exclude_if=_nothing, description="By how much it is reduced, also where no price is said."),
    ] = None
    lowest_price_30d: Money | None = None
    reduction_exempt: Annotated[
        Literal["perishable", "individual", "service"] | None,
        Field(
            exclude_if=_nothing,
            description="Why its reduction needs no lowest price of 30 days: it would soon spoil, it is for one customer, "
            "it is a service (PAngV § 11).",
        ),
    ] = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    coupon_code: Annotated[Line, Field(max_length=60)] | None = None

    def contradictions(self) -> list[Fault]:
        """An end before the beginning; a price that was not higher before; a percentage that is not what it is less by."""
        faults = []
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            faults.append(Fault("valid_until", Reason("must be later than valid_from")))
        if self.price is None or self.price_before is None:
            return faults
        if self.price_before <= self.price:
            faults.append(Fault("price_before", Reason("must be higher than price")))
        elif self.percent_off and abs(self.percent_off - 100 * (1 - self.price / self.price_before)) > 1:
            faults.append(Fault("percent_off", Reason("does not fit price and price_before")))
        return faults

    @property
    def begins(self) -> datetime | None:
        """From when it holds."""
        return self.valid_from

    @property
    def ends_by(self) -> str:
        """How long it holds."""
        return "valid_until"

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """The end of its validity."""
        return self.valid_until


class Offer(Kind[OfferContent]):
    """Something to be had, for as long as it holds."""

    name: ClassVar[str] = "offer"
    one: ClassVar[str] = _("Offer")
    many: ClassVar[str] = _("Offers")
    content: ClassVar[type[Content]] = OfferContent
    form: ClassVar[Form] = Form(
        (
            Group(_("What"), ("title", "images")),
            Group(_("How long"), ("valid_from", "valid_until")),
            Group(_("Price"), ("price", "currency", "coupon_code")),
            Group(
                _("Cheaper than before?"),
                ("price_before", "percent_off", "lowest_price_30d", "reduction_exempt"),
                closed=True,
            ),
            Group(_("In words"), ("summary", "body", "topics", "url")),
            Group(_("Where"), ("place",)),
        ),
        {
            "valid_until": _("Left empty, it stands until you take it back."),
            "percent_off": _("Such as 20; enough by itself where it goes for many things."),
            "lowest_price_30d": _(
                "Where you name an earlier price, the law wants the lowest of the last 30 days."
            ),
            "reduction_exempt": _("Only where the law asks for no such price, and why."),
            "coupon_code": _("What people say or type in to get it."),
            "valid_from": _("Left empty, it holds at once."),
        },
        labels={
            "title": _("What do you offer?"),
            "valid_from": _("From when?"),
            "valid_until": _("Until when?"),
            "price_before": _("Earlier price"),
            "percent_off": _("Reduced by how many percent?"),
            "lowest_price_30d": _("Lowest price of the last 30 days"),
            "reduction_exempt": _("Does the law ask for no such price?"),
            "coupon_code": _("Code"),
        },
        folded=(
            "url",
            "currency",
            "valid_from",
            "coupon_code",
            "place",
        ),
        choices={
            "reduction_exempt": (
                ("", _("it does, or nothing is reduced")),
                ("perishable", _("it would spoil, or its date is near")),
                ("individual", _("the price is agreed with single customers")),
                ("service", _("it is a service and no goods")),
            )
        },
        span=SpanBoxes("valid_from", "valid_until"),
    )
    example: ClassVar = (
        "An offer until Saturday",
        {
            "kind": "offer",
            "title": "Kaffee zum halben Preis",
            "summary": "Jeden Vormittag bis Samstag.",
            "valid_until": "2030-08-31T22:00:00+02:00",
            "price": "1.60",
            "price_before": "3.20",
            "topics": ["gastronomie"],
        },
    )
    filters: ClassVar = (Filter("code", _("With a code"), lambda content: bool(content.coupon_code)),)
    called: ClassVar = ("offer", "angebot", "aktion")
    columns: ClassVar = {
        "valid_from": ("valid-from", "gueltig-ab", "gueltig-von"),
        "valid_until": ("valid-until", "gueltig-bis"),
        "percent_off": ("percent-off", "prozent", "rabatt", "rabatt-in-prozent", "nachlass"),
        "price_before": ("price-before", "preis-vorher", "statt", "alter-preis"),
        "lowest_price_30d": ("lowest-price-30d", "niedrigster-preis-30-tage"),
        "coupon_code": ("coupon-code", "gutscheincode", "gutschein", "code"),
    }

    def when(self, content: OfferContent, zone: ZoneInfo, language: str, now: datetime) -> str:
        """How long it holds; since when, only where that is still to come."""
        say = gettext(language)
        since = content.valid_from if content.valid_from is not None and content.valid_from > now else None
        if since and content.valid_until:
            return say(_("valid from {} to {}")).format(
                _first_day(since, zone, language), _last_day(content.valid_until, zone, language)
            )
        if content.valid_until:
            return say(_("valid until {}")).format(_last_day(content.valid_until, zone, language))
        if content.valid_from:
            return say(_("valid from {}")).format(_first_day(content.valid_from, zone, language))
        return ""

    def facts(self, content: OfferContent, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
        """The price, and the code that gets it."""
        say, found = gettext(language), []
        if price := _price(content, language):
            found.append(Fact(say("Price"), price))
        if code := content.coupon_code:
            told = say("Code: %(code)s") % {"code": code}
            found.append(Fact(say("Code"), code, told, brief=False, kept=True, verbatim=True))
        return tuple(found)

    def news(
        self,
        matter: Matter,
        content: OfferContent,
        zone: ZoneInfo,
        language: str,
        *,
        before: Content | None,
        now: datetime,
    ) -> str:
        """A new time, place or price."""
        if matter == "price":
            return lines.new_price(_price(content, language), language)
        return super().news(matter, content, zone, language, before=before, now=now)

    def again(self, content: OfferContent, zone: ZoneInfo, now: datetime) -> OfferContent:
        """As long as it held, from as many weeks later on as makes it end in the future."""
        end = content.valid_until
        if end is None:
            return content.model_copy(update={"valid_from": None})
        return self.days_later(content, 7 * again.weeks_until(end, zone, now), zone)

    def weekly_on(self, content: OfferContent, zone: ZoneInfo) -> date | None:
        """The day from which it holds, else the last one; what never ends does not come again."""
        if content.valid_until is None:
            return None
        return (content.valid_from or content.valid_until - MOMENT).astimezone(zone).date()

    def days_later(self, content: OfferContent, days: int, zone: ZoneInfo) -> OfferContent:
        """As long as it held."""
        moved = {
            name: again.later(at, days, zone)
            for name, at in (("valid_from", content.valid_from), ("valid_until", content.valid_until))
            if at is not None
        }
        return content.model_copy(update=moved)

    def structured(
        self, content: OfferContent, merchant: str, zone: ZoneInfo, now: datetime
    ) -> dict[str, Any]:
        """https://schema.org/Offer of what its title names; no Product of its own, since half of them are none."""
        told: dict[str, Any] = {
            "@type": "Offer",
            "seller": {"@type": "Organization", "name": merchant},
            "itemOffered": {"@type": "Product", "name": content.title},
            "availability": "https://schema.org/InStock",
        }
        for name, at in (("validFrom", content.valid_from), ("validThrough", content.valid_until)):
            if at is not None:
                told[name] = at.astimezone(zone).isoformat(timespec="seconds")
        if content.price is not None:
            told |= {"price": str(content.price), "priceCurrency": content.currency}
        return told

    def window(self, content: OfferContent, zone: ZoneInfo, now: datetime) -> Window | None:
        """Until it ends. One without an end would be given one that nobody promised."""
        if content.valid_until is None:
            return None
        return Window("holds", content.valid_from, content.valid_until)

    def prices(self, content: OfferContent) -> tuple[Price, ...]:
        """Its price, for as long as it holds. What is free of charge is no price to be reckoned from."""
        if not content.price or content.reduction_exempt == "service":
            return ()
        reduced = reduction_advice.is_reduced(content)
        name = product_name(content.title)
        return (
            Price(name, content.price, content.currency, content.valid_from, content.valid_until, reduced),
        )

    def price_advice(
        self, content: OfferContent, recall: Recall, zone: ZoneInfo, language: str
    ) -> tuple[Advice, ...]:
        """PAngV § 11, in `reduction_advice`."""
        if not reduction_advice.is_reduced(content):
            return ()
        known = recall(
            product_name(content.title), content.currency, content.valid_from, content.price or None
        )
        return reduction_advice.advice(
            content,
            known,
            lambda amount: money(amount, content.currency, language),
            lambda since: day(since, language, zone),
        )

    def from_cells(self, cells: Cells) -> dict[str, Any]:
        """From when to when, in whatever columns it stands, prices and code."""
        until = cells.moment("valid_until", "until", "ends_at", "last_day")
        if until is not None and not isinstance(until, datetime):
            until = cells.day_after(until)
        return {
            "valid_from": cells.start_of("valid_from", "from", "starts_at", "day"),
            "valid_until": until,
            "price_before": cells.price("price_before"),
            "percent_off": _percent(cells.values.get("percent_off", "")),
            "lowest_price_30d": cells.price("lowest_price_30d"),
            "coupon_code": cells.values.get("coupon_code"),
        }


def _first_day(since: datetime, zone: ZoneInfo, language: str) -> str:
    """Any other hour than midnight is said."""
    return (
        day(since, language, zone) if time_of_day(since, zone) == "00:00" else moment(since, zone, language)
    )


def _last_day(until: datetime, zone: ZoneInfo, language: str) -> str:
    """Midnight ends the day before it; any other hour is said."""
    if time_of_day(until, zone) == "00:00":
        return day(until - MOMENT, language, zone)
    return (
        moment(until, zone, language) if time_of_day(until, zone) != "23:59" else day(until, language, zone)
    )


def _percent(cell: str) -> int | str | None:
    """ "20", "20 %" or "-20%" as a number; what is none stays, and is refused with its field."""
    found = _PERCENT.fullmatch(cell)
    return int(found["number"]) if found else cell or None


def _price(content: OfferContent, language: str) -> str:
    """ "7,50 € statt 10,00 €", "20 % Rabatt", "reduziert, statt 9,90 €"; empty where nothing of a price is said.

    Behind it the lowest price of 30 days (Directive 98/6/EC Art. 6a). What is not said is not worked out.
    """
    say, text = gettext(language), lines.price(content.price, content.currency, language)
    off = say(_("{}% off")).format(content.percent_off) if content.percent_off else ""
    if content.price_before is None:
        text = f"{text} ({off})" if text and off else text or off
    else:
        before = money(content.price_before, content.currency, language)
        if text:
            text = say(_("{} instead of {}")).format(text, before) + (f" ({off})" if off else "")
        else:
            text = say(_("{}, instead of {}")).format(off or say(_("reduced")), before)
    if text and content.lowest_price_30d is not None:
        lowest = money(content.lowest_price_30d, content.currency, language)
        text += say(_(" (lowest price of the last 30 days: {})")).format(lowest)
    return text

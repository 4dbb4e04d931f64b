"""Menus: what a kitchen serves at noon, on one day or in a week, with the notes that the law asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from syndication.content.base import Day, Line, Value, Words, unique
from syndication.content.bounds import Few
from syndication.content.money import Money
from syndication.content.post import Content, Matter, Status
from syndication.content.reason import Reason
from syndication.errors import Fault
from syndication.infra.languages import supported_language
from syndication.infra.rendering import day, gettext, money, short_day
from syndication.kinds import again, dish_lines
from syndication.kinds.contract import (
    CALL_OFF,
    Appointment,
    Boxed,
    Cells,
    Fact,
    Filter,
    Form,
    Group,
    Kind,
    OwnBox,
    Window,
)
from syndication.kinds.dish_lines import DIETS
from syndication.kinds.food_labels import ADDITIVES, ALLERGENS, Additive, Allergen


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_SCHEMA = {
    "vegetarian": "https://schema.org/VegetarianDiet",
    "vegan": "https://schema.org/VeganDiet",
}
_MOST_DAYS = 14


Hour = Annotated[str, Boxed("hour"), Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["11:30"])]


class DishPrice(Value):
    """What a dish costs; `label` tells the prices of one dish apart: small, large."""

    price: Money
    label: Annotated[Line, Field(max_length=40)] = ""


class Dish(Value):
    """One dish, with what the law wants to be known of it."""

    name: Annotated[Words, Field(min_length=1, max_length=200)]
    description: Annotated[Line, Field(max_length=300)] = ""
    course: Annotated[Line, Field(max_length=60, examples=["Suppe"])] = ""
    prices: Annotated[tuple[DishPrice, ...], Few(6)] = ()
    diet: Literal["vegetarian", "vegan"] | None = None
    allergens: Annotated[tuple[Allergen, ...], Few(30), AfterValidator(unique)] = ()
    additives: Annotated[tuple[Additive, ...], Few(20), AfterValidator(unique)] = ()


Dishes = Annotated[tuple[Dish, ...], Few(30)]


class MenuDay(Value):
    """What there is on one day beside the dishes of every day."""

    date: Day
    dishes: Annotated[tuple[Dish, ...], Few(30, 1)]


class MenuContent(Content):
    """What a kitchen serves from `from_date` to `until_date`: the same `dishes` every day, others on single `days`."""

    watched: ClassVar = {
        "status": ("status",),
        "time": ("from_date", "until_date", "served_from", "served_until"),
        "place": ("place",),
        "dishes": ("dishes", "days", "currency"),
    }

    kind: Literal["menu"]
    from_date: Day
    until_date: Annotated[Day | None, Field(description="Left out: that one day.")] = None
    served_from: Annotated[Hour | None, Field(description="On the city's clock.")] = None
    served_until: Annotated[Hour | None, Field(description="On the city's clock.")] = None
    dishes: Annotated[Dishes, Field(description="What there is on every day.")] = ()
    days: Annotated[tuple[MenuDay, ...], Few(_MOST_DAYS)] = ()
    status: Status = "scheduled"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"

    def contradictions(self) -> list[Fault]:
        """Days outside of the menu's, hours that do not fit, nothing to eat."""
        faults = []
        last = self.until_date or self.from_date
        named = [one.date for one in self.days]
        if not 1970 <= self.from_date.year <= 9000:
            faults.append(Fault("from_date", Reason("lies outside the years 1970 to 9000")))
        elif last < self.from_date:
            faults.append(Fault("until_date", Reason("must not be before from_date")))
        elif last - self.from_date >= timedelta(days=_MOST_DAYS):
            faults.append(Fault("until_date", Reason("must be within {} days of from_date", _MOST_DAYS)))
        if not self.dishes and not self.days:
            faults.append(Fault("dishes", Reason("must hold a dish, or days must")))
        if any(not self.from_date <= one <= last for one in named):
            faults.append(Fault("days", Reason("must lie from from_date to until_date")))
        if len(set(named)) < len(named):
            faults.append(Fault("days", Reason("must name each date once")))
        if (self.served_from is None) != (self.served_until is None):
            missing = "served_from" if self.served_from is None else "served_until"
            faults.append(Fault(missing, Reason("is needed: served_from and served_until come together")))
        elif self.served_from and self.served_until and self.served_until <= self.served_from:
            faults.append(Fault("served_until", Reason("must be later than served_from")))
        return faults

    @property
    def standing(self) -> Status:
        """Whether the kitchen stays closed, or there is nothing left."""
        return self.status

    @property
    def begins(self) -> datetime:
        """Its first day."""
        return datetime.combine(self.from_date, time(), UTC)

    @property
    def ends_by(self) -> str:
        """Its last day."""
        return "until_date" if self.until_date else "from_date"

    def dates(self) -> tuple[date, ...]:
        """The dates on which something is served."""
        if not self.dishes:
            return tuple(sorted(one.date for one in self.days))
        last = self.until_date or self.from_date
        return tuple(self.from_date + timedelta(days=n) for n in range((last - self.from_date).days + 1))

    def on(self, date: date) -> tuple[Dish, ...]:
        """The dishes of one date: its own before those of every day."""
        return (*(dish for one in self.days if one.date == date for dish in one.dishes), *self.dishes)

    def all_dishes(self) -> Iterator[Dish]:
        """Every dish, once for each time it is named."""
        yield from self.dishes
        for one in self.days:
            yield from one.dishes

    def serving(self, date: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when to when (UTC) it is served on a date; without hours the whole of it."""
        if self.served_from is None or self.served_until is None:
            begin, end = time(), datetime.combine(date + timedelta(days=1), time(), zone)
        else:
            begin = time.fromisoformat(self.served_from)
            end = datetime.combine(date, time.fromisoformat(self.served_until), zone)
        return datetime.combine(date, begin, zone).astimezone(UTC), end.astimezone(UTC)

    def over_at(self, zone: ZoneInfo) -> datetime:
        """The end of the last serving."""
        return self.serving(self.dates()[-1], zone)[1]

    def upcoming(self, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
        """The next servings."""
        servings = (self.serving(date, zone) for date in self.dates())
        return [start for start, end in servings if end > after][:most]


def _typed_dishes(text: str, known: Mapping[str, Any]) -> dict[str, Any]:
    first = known.get("from_date")
    return dish_lines.by_days(text, first if isinstance(first, date) else None)


def _written_dishes(content: MenuContent, language: str) -> str:
    return dish_lines.written(content.dishes, content.days, content.currency, language)


class Menu(Kind[MenuContent]):
    """What a kitchen serves at noon."""

    name: ClassVar[str] = "menu"
    one: ClassVar[str] = _("Lunch menu")
    many: ClassVar[str] = _("Lunch menus")
    content: ClassVar[type[Content]] = MenuContent
    in_calendars: ClassVar[bool] = True
    deeds: ClassVar = tuple(deed for deed in CALL_OFF if deed.name != "postpone")
    filters: ClassVar = (
        Filter("vegetarian", _("With a vegetarian dish"), lambda content: _has(content, *DIETS)),
        Filter("vegan", _("With a vegan dish"), lambda content: _has(content, "vegan")),
    )
    form: ClassVar[Form] = Form(
        (
            Group(_("What"), ("title",)),
            Group(_("When"), ("from_date", "until_date", "served_from", "served_until")),
            Group(_("Dishes"), ("dishes", "days", "images", "currency")),
            Group(_("In words"), ("summary", "body", "topics", "url")),
            Group(_("Where"), ("place",)),
        ),
        {
            "title": _("Such as “Lunch this week”."),
            "dishes": _(
                "One dish in a line, such as “Mon: Lentil soup (vegan) 6.80 € [celery]”; without a day, it is there every day."
            ),
            "until_date": _("Left empty, it is the menu of one day."),
        },
        labels={
            "title": _("What is it called?"),
            "dishes": _("What is there to eat?"),
            "from_date": _("On which day, or from which on?"),
            "until_date": _("Until which day?"),
            "served_from": _("Served from"),
            "served_until": _("Served until"),
        },
        folded=("url", "currency", "summary", "body"),
        left=("days",),
        needed=("dishes",),
        own={"dishes": OwnBox(_typed_dishes, _written_dishes)},
    )
    example: ClassVar = (
        "The lunch of a week",
        {
            "kind": "menu",
            "title": "Mittagstisch",
            "from_date": "2030-08-12",
            "until_date": "2030-08-16",
            "served_from": "11:30",
            "served_until": "14:00",
            "days": [
                {
                    "date": "2030-08-12",
                    "dishes": [
                        {
                            "name": "Linseneintopf",
                            "diet": "vegan",
                            "prices": [
                                {"label": "klein", "price": "4.80"},
                                {"label": "groß", "price": "6.80"},
                            ],
                            "allergens": ["celery", "mustard"],
                        }
                    ],
                }
            ],
            "dishes": [
                {
                    "name": "Schnitzel mit Kartoffelsalat",
                    "prices": [{"price": "11.90"}],
                    "allergens": ["wheat", "eggs"],
                    "additives": ["preservative"],
                }
            ],
        },
    )
    called: ClassVar = ("menu", "mittagstisch", "speisekarte", "mittagsmenue")
    columns: ClassVar = {"dishes": ("dishes", "gerichte", "gericht", "speisen")}
    known_by: ClassVar = ("dishes",)

    def when(self, content: MenuContent, zone: ZoneInfo, language: str, now: datetime) -> str:
        """Day or days, and the hours of each."""
        dates = content.dates()
        text = day(dates[-1], language)
        if len(dates) == (dates[-1] - dates[0]).days + 1 > 1:
            text = f"{day(dates[0], language)} – {text}"
        elif len(dates) > 1:
            text = ", ".join([*(short_day(one, language) for one in dates[:-1]), text])
        if content.served_from is None:
            return text
        hours = f"{content.served_from}–{content.served_until}{' Uhr' if supported_language(language) == 'de' else ''}"
        return f"{text}, {gettext(language)(_('each day {}')).format(hours) if len(dates) > 1 else hours}"

    def facts(self, content: MenuContent, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
        """Of one day each dish, of several each day with its dishes, and what there is on all of them."""
        say, dates = gettext(language), content.dates()
        if len(dates) == 1:
            return tuple(
                Fact(
                    dish.course or say(_("Dish")), _told(dish, content, language), more=_notes(dish, language)
                )
                for dish in content.on(dates[0])
            )
        days = [
            (short_day(one.date, language), one.dishes)
            for one in sorted(content.days, key=lambda one: one.date)
        ]
        days += [(say(_("Every day")), content.dishes)] if content.dishes else []
        return tuple(_of_day(label, dishes, content, language) for label, dishes in days)

    def news(
        self,
        matter: Matter,
        content: MenuContent,
        zone: ZoneInfo,
        language: str,
        *,
        before: Content | None,
        now: datetime,
    ) -> str:
        """A new time or place, or other dishes."""
        if matter == "dishes":
            return gettext(language)(_("The dishes have changed"))
        return super().news(matter, content, zone, language, before=before, now=now)

    def structured(
        self, content: MenuContent, merchant: str, zone: ZoneInfo, now: datetime
    ) -> dict[str, Any]:
        """https://schema.org/Menu: a section for each day, and one for what there is on all of them."""
        language, dates = content.language, content.dates()
        days = sorted(content.days, key=lambda one: one.date)
        sections = [_section(day(one.date, language), one.dishes, content) for one in days]
        if content.dishes:
            sections.append(_section(gettext(language)(_("Every day")), content.dishes, content))
        return {
            "@type": "Menu",
            "inLanguage": language,
            "temporalCoverage": "/".join(dict.fromkeys(one.isoformat() for one in (dates[0], dates[-1]))),
            "provider": {"@type": "FoodEstablishment", "name": merchant},
            "hasMenuSection": sections,
        }

    def again(self, content: MenuContent, zone: ZoneInfo, now: datetime) -> MenuContent:
        """The same dishes on the same weekdays, from the next week on that is not over."""
        weeks = again.weeks_until(content.from_date, zone, now)
        return self.days_later(content, 7 * weeks, zone).model_copy(update={"status": "scheduled"})

    def weekly_on(self, content: MenuContent, zone: ZoneInfo) -> date:
        """Its first day."""
        return content.from_date

    def days_later(self, content: MenuContent, days: int, zone: ZoneInfo) -> MenuContent:
        """All its days."""
        ahead, last = timedelta(days=days), content.until_date
        moved_days = tuple(one.model_copy(update={"date": one.date + ahead}) for one in content.days)
        moved = {"from_date": content.from_date + ahead, "until_date": last + ahead if last else None}
        return content.model_copy(update={**moved, "days": moved_days})

    def appointments(self, content: MenuContent, zone: ZoneInfo) -> tuple[Appointment, ...]:
        """One for each date, with its dishes."""
        return tuple(self._appointment(content, date, zone) for date in content.dates())

    def _appointment(self, content: MenuContent, date: date, zone: ZoneInfo) -> Appointment:
        start, end = (moment.astimezone(zone) for moment in content.serving(date, zone))
        dishes = (
            Fact("", _told(dish, content, content.language), more=_notes(dish, content.language)).whole
            for dish in content.on(date)
        )
        text, part = "\n".join(dishes), f"{date:%Y%m%d}"
        if content.served_from is None:
            return Appointment(date, date + timedelta(days=1), part=part, text=text)
        return Appointment(start, end, part=part, text=text)

    def extras(self, content: MenuContent) -> dict[str, Any]:
        """What the codes of allergens and additives mean, in the menu's own language."""
        say, words = gettext(content.language), {**ALLERGENS, **ADDITIVES}
        codes = [code for dish in content.all_dishes() for code in (*dish.allergens, *dish.additives)]
        return {"legend": {code: say(words[code]) for code in dict.fromkeys(codes)}}

    def window(self, content: MenuContent, zone: ZoneInfo, now: datetime) -> Window:
        """From the first serving to the last."""
        dates = content.dates()
        start, end = content.serving(dates[0], zone)[0], content.over_at(zone)
        whole = content.served_from is None
        return Window("happens", start, end - timedelta(minutes=1) if whole else end, whole_days=whole)

    def from_cells(self, cells: Cells) -> dict[str, Any]:
        """The dishes of a line, separated by `|`, each with its price behind it."""
        first, last = cells.moment("day", "from", "starts_at"), cells.moment("last_day", "until")
        last = last or cells.moment("day", "from", "starts_at", last=True)
        begin = cells.clock_time("time")
        end = cells.clock_time("end_time") or cells.clock_time("time", last=True)
        found = {
            "from_date": _date(first, cells.zone),
            "until_date": _date(last, cells.zone),
            "served_from": f"{begin:%H:%M}" if begin else None,
            "served_until": f"{end:%H:%M}" if end else None,
        }
        dishes = [dish_lines.dish(said) for said in cells.values.get("dishes", "").split("|") if said.strip()]
        return found | {"dishes": dishes}


# Words


def _has(content: MenuContent, *diets: str) -> bool:
    return any(dish.diet in diets for dish in content.all_dishes())


def _told(dish: Dish, content: MenuContent, language: str) -> str:
    """ "Linseneintopf (vegan), klein 4,80 €, groß 6,80 €", or "Schnitzel 11,90 €"."""
    mark = f" ({gettext(language)(DIETS[dish.diet])})" if dish.diet else ""
    prices = [f"{one.label} {money(one.price, content.currency, language)}".strip() for one in dish.prices]
    if len(prices) == 1 and not dish.prices[0].label:
        return f"{dish.name}{mark} {prices[0]}"
    return ", ".join([dish.name + mark, *prices])


def _notes(dish: Dish, language: str) -> str:
    """ "mit Brot; enthält Sellerie, Senf; mit Konservierungsstoff"."""
    say = gettext(language)
    allergens = ", ".join(say(ALLERGENS[code]) for code in dish.allergens)
    additives = ", ".join(say(ADDITIVES[code]) for code in dish.additives)
    told = (dish.description, allergens and say(_("contains {}")).format(allergens), additives)
    return "; ".join(part for part in told if part)


def _of_day(label: str, dishes: Sequence[Dish], content: MenuContent, language: str) -> Fact:
    text = "; ".join(_told(dish, content, language) for dish in dishes)
    notes = [(dish.name, _notes(dish, language)) for dish in dishes]
    more = ". ".join(f"{name}: {note}" for name, note in notes if note)
    return Fact(label, text, f"{label}: {text}", more)


# schema.org


def _section(name: str, dishes: Iterable[Dish], content: MenuContent) -> dict[str, Any]:
    return {
        "@type": "MenuSection",
        "name": name,
        "hasMenuItem": [_item(dish, content) for dish in dishes],
    }


def _item(dish: Dish, content: MenuContent) -> dict[str, Any]:
    told = "; ".join(part for part in (dish.course, _notes(dish, content.language)) if part)
    item: dict[str, Any] = {"@type": "MenuItem", "name": dish.name} | ({"description": told} if told else {})
    if dish.prices:
        item["offers"] = [
            {"@type": "Offer", "price": str(one.price), "priceCurrency": content.currency}
            | ({"name": one.label} if one.label else {})
            for one in dish.prices
        ]
    return item | ({"suitableForDiet": _SCHEMA[dish.diet]} if dish.diet else {})


# From tables


def _date(said: datetime | date | None, zone: ZoneInfo) -> date | None:
    return said.astimezone(zone).date() if isinstance(said, datetime) else said

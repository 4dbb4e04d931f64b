"""Dishes as people write them, one in a line: "Mo: Suppe: Linsen – mit Brot (vegan), klein 4,80 €, groß 6,80 € [Sellerie]"."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra.languages import LANGUAGES
from syndication.infra.rendering import gettext, money, short_day
from syndication.kinds.food_labels import ADDITIVES, ALLERGENS


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


DIETS = {"vegetarian": _("vegetarian"), "vegan": _("vegan")}
# Lines come with single blanks.
_LABELS = re.compile(r" ?\[(?P<labels>[^\[\]]{0,1000})\]$")
_PRICE = re.compile(
    r"(?P<rest>.*?)(?:, ?(?P<label>[^\W\d][^,]{0,38}?) |[, ] ?)"
    r"(?:€ ?)?(?P<price>(?:\d{1,3}(?:[.,]\d{3}){1,2}|\d{1,7})(?:[.,](?:\d{1,2}|-|–))?) ?(?P<currency>€|EUR)?"
)
_DAY = re.compile(
    r"(?P<weekday>mo(?:n|ntag|nday)?|di(?:e|enstag)?|tu(?:e|es|esday)?|mi(?:t|ttwoch)?|we(?:d|dnesday)?|do(?:n|nnerstag)?"
    r"|th(?:u|ur|urs|ursday)?|fr(?:i|eitag|iday)?|sa(?:t|mstag|turday)?|so(?:n|nntag|nnabend)?|su(?:n|nday)?)"
    r"\.?,? ?(?P<date>\d{1,2}\. ?\d{1,2}\.?)? ?: ?",
    re.IGNORECASE,
)
_COURSE = re.compile(r"(?P<course>[^\W\d][^:,–\[(]{0,38}): ")
_WEEKDAYS = {
    name: number
    for number, names in enumerate(("mo", "di tu", "mi we", "do th", "fr", "sa", "so su"))
    for name in names.split()
}
_ASIDE = " – "
#: A name that would be read as more than a name stands in quotes.
_QUOTED = re.compile(r'"(?P<name>[^"]{1,300})"(?: – (?P<more>.{1,400}))?')


def by_days(text: str, first: date | None) -> dict[str, Any]:
    """`dishes` of every day and `days` of single ones from lines; a line that begins with a weekday is of the next such day.

    `first` is the first day of the menu. Raises Invalid for a label that is none.
    """
    every_day: list[dict[str, Any]] = []
    days: dict[date, list[dict[str, Any]]] = {}
    for line in filter(None, map(_spaced, text.splitlines())):
        named = _DAY.match(line) if first else None
        if named is None or first is None:
            every_day.append(dish(line))
            continue
        ahead = (_weekday(named["weekday"]) - first.weekday()) % 7
        days.setdefault(first + timedelta(days=ahead), []).append(dish(line[named.end() :]))
    return {
        "dishes": every_day,
        "days": [{"date": day.isoformat(), "dishes": found} for day, found in sorted(days.items())],
    }


def _weekday(name: str) -> int:
    """Monday as 0."""
    name = name.casefold()
    return 5 if name == "sonnabend" else _WEEKDAYS[name[:2]]


def dish(line: str) -> dict[str, Any]:
    """The fields of one dish. Raises Invalid for a label that is none."""
    found: dict[str, Any] = {}
    line = _spaced(line)
    if labels := _LABELS.search(line):
        line = line[: labels.start()]
        found |= _labels(labels["labels"])
    prices: list[dict[str, str]] = []
    while (price := _PRICE.fullmatch(line)) and (price["currency"] or _bare_price(price["price"], prices)):
        prices.append(
            {"price": _amount(price["price"])} | ({"label": price["label"].strip()} if price["label"] else {})
        )
        line = price["rest"]
    if prices:
        found["prices"] = prices[::-1]
    line = line.strip().rstrip(",").rstrip()
    for diet in DIETS:
        for mark in _marks(diet):
            if line.lower().endswith(mark) and len(line) > len(mark):
                line, found["diet"] = line[: -len(mark)].rstrip(), diet
    if course := _COURSE.match(line):
        found["course"], line = course["course"], line[course.end() :]
    if quoted := _QUOTED.fullmatch(line):
        name, more = quoted["name"], quoted["more"] or ""
    else:
        name, _aside, more = line.partition(_ASIDE)
    return found | {"name": name.strip()} | ({"description": more.strip()} if more else {})


def _bare_price(text: str, behind: list[Any]) -> bool:
    """Whether a number without a currency is a price: "4,80" and "5,-" are; "0,5" is none, nor "0,33" before a price."""
    cents = re.search(r"[.,](\d\d|-|–)$", text)
    return cents is not None and not (behind and Decimal(_amount(text).replace(",", ".")) < 1)


def _amount(text: str) -> str:
    """ "1.200,50" and "1,200.50" as "1200,50" and "1200.50"; "5,-" as "5"."""
    return re.sub(r"[.,](?=\d{3})|[.,][-–]$", "", text)


def written(dishes: Iterable[Any], days: Iterable[Any], currency: str, language: str) -> str:
    """The lines from which `by_days` makes the same dishes and days."""
    return "\n".join(_lines(dishes, days, currency, language))


def _lines(dishes: Iterable[Any], days: Iterable[Any], currency: str, language: str) -> Iterator[str]:
    for one in days:
        for dish in one.dishes:
            yield f"{short_day(one.date, language).partition(',')[0].rstrip('.')}: {_line(dish, currency, language)}"
    for dish in dishes:
        yield _line(dish, currency, language)


def _line(one: Any, currency: str, language: str) -> str:
    line = _told(one, one.name, currency, language)
    return line if _says(line, one) else _told(one, f'"{one.name}"', currency, language)


def _says(line: str, one: Any) -> bool:
    """Whether a line makes this dish: its name may look like a day, a price or what stands around it."""
    if _DAY.match(line):
        return False
    try:
        found = dish(line)
    except Invalid:
        return False
    said = (found["name"], found.get("course", ""), found.get("description", ""), found.get("diet"))
    same = said == (one.name, one.course, one.description, one.diet)
    return same and len(found.get("prices", ())) == len(one.prices)


def _told(dish: Any, name: str, currency: str, language: str) -> str:
    say = gettext(language)
    told = f"{dish.course}: {name}" if dish.course else name
    told += f"{_ASIDE}{dish.description}" if dish.description else ""
    told += f" ({say(DIETS[dish.diet])})" if dish.diet else ""
    for one in dish.prices:
        told += f", {one.label} " if one.label else (", " if told.endswith("€") else " ")
        told += money(one.price, currency, language).replace("\u00a0", " ")
    words = [say(ALLERGENS[code]) for code in dish.allergens]
    words += [say(ADDITIVES[code]) for code in dish.additives]
    return f"{told} [{', '.join(words)}]" if words else told


def _labels(text: str) -> dict[str, Any]:
    found: dict[str, list[str]] = {"allergens": [], "additives": []}
    known = _known()
    for word in filter(None, map(str.strip, text.split(","))):
        where, code = known.get(word.casefold(), ("", ""))
        if not where:
            raise Invalid.field("dishes", Reason("“{}” is no allergen or additive that we know", word))
        found[where].append(code)
    return {where: codes for where, codes in found.items() if codes}


def _known() -> Mapping[str, tuple[str, str]]:
    """Codes, and words in every language we speak, as they are typed."""
    found = {}
    for where, words in (("allergens", ALLERGENS), ("additives", ADDITIVES)):
        for code, text in words.items():
            said = {code, text} | {
                one
                for language in LANGUAGES
                for one in (gettext(language)(text), _bare(gettext(language)(text)))
            }
            found.update({word.casefold(): (where, code) for word in said})
    return found


def _bare(text: str) -> str:
    """ "Weizen (Gluten)" is typed as "Weizen", "mit Farbstoff" as "Farbstoff"."""
    return re.sub(r"^(mit|with) | \([^()]*\)$", "", text)


def _spaced(line: str) -> str:
    return " ".join(line.split())


def _marks(diet: str) -> list[str]:
    words = {DIETS[diet], *(gettext(language)(DIETS[diet]) for language in LANGUAGES)}
    return [f"({word})" for word in words]

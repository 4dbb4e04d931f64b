"""Dishes as people write them, one in a line: "Mo: Suppe: Linsen – mit Brot (vegan), klein 4,80 €, groß 6,80 € [Sellerie]"."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
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
    r"(?:€ ?)?(?P<price>\d{1,5}(?:[.,](?:\d{1,2}|-|–))?) ?(?P<currency>€|EUR)?"
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
    prices = []
    while (price := _PRICE.fullmatch(line)) and (price["currency"] or re.search(r"[.,]", price["price"])):
        amount = re.sub(r"[.,][-–]$", "", price["price"])
        prices.append({"price": amount} | ({"label": price["label"].strip()} if price["label"] else {}))
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
    name, aside, more = line.partition(_ASIDE)
    return found | {"name": name.strip()} | ({"description": more.strip()} if aside else {})


def written(dishes: Iterable[Any], days: Iterable[Any], currency: str, language: str) -> str:
    """The lines from which `by_days` makes the same dishes and days."""
    return "\n".join(_lines(dishes, days, currency, language))


def _lines(dishes: Iterable[Any], days: Iterable[Any], currency: str, language: str) -> Iterator[str]:
    for one in days:
        for dish in one.dishes:
            yield f"{short_day(one.date, language).partition(',')[0].rstrip('.')}: {_line(dish, currency, language)}"
    for dish in dishes:
        yield _line(dish, currency, language)


def _line(dish: Any, currency: str, language: str) -> str:
    say = gettext(language)
    told = f"{dish.course}: {dish.name}" if dish.course else dish.name
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

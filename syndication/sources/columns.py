"""What the columns of tables are called, in German and English, and which field of a post each one fills."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.kinds import KINDS

#: Column names, as slugs, of each field; the first is the field's own name. Each kind adds its own. docs/import.md shows all.
COLUMNS: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "art", "typ", "type"),
    "title": ("title", "titel", "name", "ueberschrift", "subject", "betreff", "bezeichnung", "was"),
    "summary": ("summary", "kurztext", "zusammenfassung", "teaser"),
    "body": ("body", "text", "beschreibung", "description", "info", "infos", "details", "inhalt"),
    "url": ("url", "link", "webseite", "website", "internet", "homepage"),
    "language": ("language", "sprache"),
    "topics": (
        "topics", "topic", "themen", "thema", "kategorien", "kategorie", "categories", "category", "tags", "rubrik",
    ),
    "image": ("image", "bild", "bild-url", "image-url"),
    "image_alt": ("image-alt", "bildbeschreibung", "bildtext", "alt"),
    "place": ("place", "ort", "veranstaltungsort", "location", "spielort", "veranstaltungsstaette", "venue", "wo", "treffpunkt"),
    "address": ("address", "adresse", "anschrift", "strasse", "street"),
    "town": ("town", "stadt", "gemeinde", "city"),
    "postcode": ("postcode", "plz", "postleitzahl", "zip"),
    "district": ("district", "ortsteil", "stadtteil", "bezirk", "viertel"),
    "latitude": ("latitude", "breitengrad", "lat"),
    "longitude": ("longitude", "laengengrad", "lon", "lng"),
    "from": ("from", "von", "datum-von", "von-datum"),
    "until": ("until", "bis"),
    "day": (
        "day", "datum", "date", "tag", "termin", "wann", "start-date", "startdatum", "beginnt-am", "anfangsdatum",
        "beginn-datum", "veranstaltungsdatum",
    ),
    "time": (
        "time", "uhrzeit", "zeit", "start-time", "startzeit", "beginnt-um", "anfangszeit", "uhrzeit-von", "zeit-von",
        "beginn-uhrzeit",
    ),
    "last_day": ("last-day", "enddatum", "end-date", "endet-am", "datum-bis", "bis-datum", "ende-datum"),
    "end_time": ("end-time", "endzeit", "endet-um", "uhrzeit-bis", "zeit-bis", "ende-uhrzeit"),
    "status": ("status",),
    "price": ("price", "preis", "eintritt", "eintrittspreis", "kosten", "admission"),
    "currency": ("currency", "waehrung"),
    "publish_at": ("publish-at", "veroeffentlichen-am"),
    "source_ref": ("source-ref", "id", "nummer", "nr", "uid"),
    "private": ("private", "privat"),
    "sensitivity": ("sensitivity", "vertraulichkeit"),
}  # fmt: skip
#: Names that give way where another column fills the same field: beside `Datum`, `Tag` is the day of the week.
_WEAK = {
    "tag",
    "day",
    "name",
    "was",
    "termin",
    "bezeichnung",
    "text",
    "typ",
    "type",
    "info",
    "infos",
    "details",
    "inhalt",
}
for _kind in KINDS:
    for _field, _names in _kind.columns.items():
        if _field in COLUMNS:  # what a kind calls a field of all, as `Veranstaltung` over the titles
            _WEAK.update(_names)
        COLUMNS[_field] = (*COLUMNS.get(_field, ()), *_names)
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
#: Names by which an English table is known, and a German one; others, such as `Location`, stand in both.
_ENGLISH = {
    "title",
    "subject",
    "day",
    "date",
    "start-date",
    "time",
    "description",
    "price",
    "from",
    "until",
}
_GERMAN = {
    "titel",
    "betreff",
    "veranstaltung",
    "tag",
    "datum",
    "termin",
    "uhrzeit",
    "zeit",
    "beginn",
    "ort",
    "preis",
    "von",
    "bis",
}
#: Names that say the venue, so that `Ort` beside them is the town.
_VENUES = {
    "veranstaltungsort",
    "location",
    "spielort",
    "veranstaltungsstaette",
    "venue",
    "treffpunkt",
    "place",
    "wo",
}

#: So much of a name is looked at (characters): a line without the separator that is tried is one name of millions.
_LONGEST = 200


@dataclass(frozen=True)
class Column:
    """One column: its name as the file has it, on one line, and the field that it fills; None where it is not read."""

    name: str
    field: str | None


def field_of(name: str) -> str | None:
    """The field that a column of that name fills."""
    return next((_FIELD_OF[slug] for slug in _slugs(name) if slug in _FIELD_OF), None)


def is_known(name: str) -> bool:
    """Whether a column is called just so."""
    return slugify(name.replace("_", "-")) in _FIELD_OF


def columns(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a heading. Raises Invalid where two are the same."""
    found = [Column(" ".join(name.split()), field_of(name)) for name in names]
    slugs = [_slug(one.name) for one in found]
    if ("ort" in slugs and not _VENUES.isdisjoint(slugs)) or {"ort", "plz"} <= set(slugs):
        found = [
            Column(one.name, "town") if slug == "ort" else one for one, slug in zip(found, slugs, strict=True)
        ]
    taken = [one.field for one in found]
    kept = [
        Column(one.name, None) if one.field and taken.count(one.field) > 1 and slug in _WEAK else one
        for one, slug in zip(found, slugs, strict=True)
    ]
    fields = [one.field for one in kept if one.field]
    # Where all names of a field are weak ones, the first counts.
    for position, one in enumerate(found):
        if one.field and one.field not in fields:
            kept[position] = one
            fields.append(one.field)
    if twice := [one.name for one in kept if one.field and fields.count(one.field) > 1]:
        raise Invalid.field(
            "file", Reason("names two columns for the same thing ({}); please remove one.", ", ".join(twice))
        )
    return tuple(kept)


def english(found: Iterable[Column]) -> bool:
    """Whether the heading is English."""
    slugs = {_slug(one.name) for one in found}
    return not slugs.isdisjoint(_ENGLISH) and slugs.isdisjoint(_GERMAN)


def _slug(name: str) -> str:
    return next((slug for slug in _slugs(name) if slug in _FIELD_OF), slugify(name[:_LONGEST]))


def _slugs(name: str) -> tuple[str, ...]:
    """The name, and what is left of it without its unit: `Eintritt (in €)`, `Beginn in Uhr`, `Preis*`."""
    plain = name[:_LONGEST].replace("_", "-")
    bare = re.sub(
        r"\([^()]{0,40}\)|\bin (?:€|Euro|EUR|Uhr)\b|\s[€(][^\n]{0,40}", " ", plain, flags=re.IGNORECASE
    )
    return slugify(plain), slugify(bare)

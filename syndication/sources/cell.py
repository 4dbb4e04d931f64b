"""Reads table cells as German and English people fill them in: prices, yes and no, and what stands for nothing."""

import re

from syndication.content.base import slugify
from syndication.content.reason import Reason
from syndication.sources.quoting import quoted

_FREE = re.compile(
    r"(?:(?:der )?eintritt(?: ist|:)? (?:frei|kostenlos)|freier eintritt|kostenlos|kostenfrei|gratis|umsonst|frei|free"
    r"(?: of charge| entry| admission)?|(?:admission|entry) free)[.!]?",
    re.IGNORECASE,
)
#: Free of charge, and whoever likes gives something; other words behind "frei" may take it back, such as "für Mitglieder".
_WITH_THANKS = re.compile(
    r"(?:(?:der )?eintritt(?: ist|:)? )?(?:frei|kostenlos)\W{1,4}(?:(?:um|eine|wir freuen uns über eine) )?spenden?\b.*",
    re.IGNORECASE | re.DOTALL,
)
_YES = {"ja", "j", "yes", "y", "x", "1", "true", "wahr", "ein", "on"}
_NO = {"nein", "n", "no", "0", "false", "falsch", "aus", "off", "-"}
#: What people write where there is nothing to say.
_NOTHING = re.compile(
    r"[-\u2010-\u2015]+|\./\.|/|k\.\s?a\.?|n\.\s?a\.?|n/a|n\.\s?n\.|\?+|t\.?b\.?[ad]\.?|(?:noch )?offen"
    r"|keine angaben?|entf(?:ällt|aellt)\.?",
    re.IGNORECASE,
)
#: What a spreadsheet shows where it could not calculate, in German and English, and where a column is too narrow.
_ERROR = re.compile(
    r"#(?:REF!|BEZUG!|N/A|NV|NAME\?|DIV/0!|WERT!|VALUE!|ZAHL!|NUM!|NULL!|SPILL!|ÜBERLAUF!|CALC!|KALK!)|Err:5\d\d|#{3,}|=…|=[A-ZÄÖÜ.]{2,40}\(.{0,200}",
    re.IGNORECASE,
)
_STATES = {
    "geplant": "scheduled", "scheduled": "scheduled", "bestaetigt": "scheduled", "confirmed": "scheduled",
    "findet-statt": "scheduled", "abgesagt": "cancelled", "faellt-aus": "cancelled", "entfaellt": "cancelled",
    "storniert": "cancelled", "cancelled": "cancelled", "canceled": "cancelled", "verschoben": "postponed",
    "postponed": "postponed", "ausverkauft": "sold_out", "sold-out": "sold_out", "ausgebucht": "sold_out",
}  # fmt: skip


def is_nothing(text: str) -> bool:
    """Whether the cell says that there is nothing: `-`, `k. A.`, `entfällt`."""
    return _NOTHING.fullmatch(text) is not None


def is_free_with_thanks(text: str) -> bool:
    """Whether it costs nothing and a donation is welcome: `Eintritt frei, Spende erbeten`."""
    return _WITH_THANKS.fullmatch(text) is not None


def is_error(text: str) -> bool:
    """Whether a spreadsheet could not calculate what was to stand there: `#REF!`, `#NV`."""
    return _ERROR.fullmatch(text) is not None


def state(text: str) -> str | None:
    """What has become of it, where the cell says that and nothing else: `abgesagt`, `ausverkauft!`."""
    return _STATES.get(slugify(text))


def price(text: str) -> str:
    """`12,50 €`, `1.299,00`, `12.50` or `kostenlos` as a plain decimal. Raises ValueError."""
    if _FREE.fullmatch(text):
        return "0"
    number = re.sub(r"(?i)\s|€|\beuro?(?![a-z])|(?<=\d)euro?(?![a-z])", "", text)
    number = re.sub(r"[,.][-–—]+$", "", number)
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?|\d+,\d{1,2}", number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d{1,2}", number):
        number = number.replace(",", "")
    if not re.fullmatch(r"\d+(?:\.\d{1,2})?", number):
        raise ValueError(Reason("is not a price such as 12,50: {}", quoted(text[:60])))
    return number


def yes(text: str) -> bool:
    """`ja`, `yes`, `x` against `nein`, `no`, `0`. Raises ValueError."""
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError(Reason("must be ja or nein, not {}", quoted(text[:60])))


def number(text: str) -> float:
    """A decimal number with point or comma. Raises ValueError."""
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise ValueError(Reason("is not a number such as 50,2612: {}", quoted(text[:60]))) from error

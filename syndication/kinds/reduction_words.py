"""Words by which a text says that something costs less than before, in German and English."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_SIGN = r"\s?(?:%|prozent\b|percent\b|per cent\b)"
_AMOUNT = (
    r"(?:€\s?|EUR\s?)?(?P<{0}>\d{{1,3}}(?:\.\d{{3}})*,\d\d|\d+[.,]\d\d|\d+(?:,-)?)(?:\s?(?:€|EUR\b|Euro\b))?"
)
_LESS = (
    r"(?:rabatt|preisnachlass|nachlass|reduzier\w*|reduction|günstiger|billiger|weniger|spar\w*|gespart|save|preisvorteil|off|discount|"
    r"cheaper|less)\b"
)
#: `20 % Rabatt`, `20 % auf alles`; 100 % Baumwolle and 12 % vol are none.
_PERCENT = re.compile(
    rf"""(?P<upto>(?:bis\szu|up\sto)\s)?(?:
      (?<![\w%.,])[-−–]\s?(?P<minus>\d{{1,3}}){_SIGN}(?:\s{_LESS})?
    | (?<![\d.,–-])(?P<plain>\d{{1,3}}){_SIGN}\s?(?:{_LESS}|auf\s(?:alle|das|die|den|ausgewählte)\w*)
    | (?:\b{_LESS}|\bminus)\s(?P<late>(?:von|um|of|by|sie|bis\szu|up\sto)\s)*(?P<behind>\d{{1,3}}){_SIGN}
    | (?P<half>\b(?:zum\s)?halbe[nr]\spreis|\b(?:at\s)?half[\s-]price)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
#: `statt 9,90 €`; an amount without a currency needs its cents, or `statt 3 Filialen` were a price.
_BEFORE = re.compile(
    rf"\b(?:statt|anstatt|vorher|bisher|früher|instead of|was)\s(?:bisher\s|vorher\s|früher\s|nur\s)?{_AMOUNT.format('amount')}",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\b(?:(?:stark\s|radikal\s)?(?:preis)?reduziert(?:e[nrsm]?)?|herabgesetzt(?:e[nrsm]?)?|rabatt(?:e|aktion)?|preisnachlass|preissturz|"
    r"preis-?highlights?|(?:winter|sommer)?schlussverkauf|(?<!for )(?<!on )sale|discount(?:ed)?|price cut|"
    r"reduced(?! (?:fat|sugar|salt|mobility|hours|opening)))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Claim:
    """One such wording. `percent` and `before` are what it names; `up_to`: the percentage is the highest of several."""

    text: str
    percent: int | None = None
    before: Decimal | None = None
    up_to: bool = False


def claims(text: str) -> Iterator[Claim]:
    """All that `text` says of a reduction."""
    for found in _PERCENT.finditer(text):
        number = found["minus"] or found["plain"] or found["behind"]
        percent = 50 if found["half"] else int(number)
        if 1 <= percent <= 100:
            up_to = "bis zu" in found[0].casefold() or "up to" in found[0].casefold()
            yield Claim(found[0].strip(), percent=percent, up_to=up_to)
    for found in _BEFORE.finditer(text):
        if (amount := _amount(found)) is not None:
            yield Claim(found[0].strip(), before=amount)
    yield from (Claim(found[0]) for found in _PLAIN.finditer(text))


def without(text: str) -> str:
    """`text` without them."""
    text = _PERCENT.sub(" ", text)
    text = _BEFORE.sub(lambda found: found[0] if _amount(found) is None else " ", text)
    return _PLAIN.sub(" ", text)


def _amount(found: re.Match[str]) -> Decimal | None:
    written = found["amount"]
    if not re.search(r"[.,]\d\d$|,-$", written) and not re.search(r"€|eur", found[0], re.IGNORECASE):
        return None
    if re.search(r",\d\d$", written):
        written = written.replace(".", "").replace(",", ".")
    return Decimal(written.removesuffix(",-"))

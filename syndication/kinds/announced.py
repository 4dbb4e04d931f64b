"""Prices that posts announce, what is known of them from before, and what is to be said of a reduction. Pure."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from syndication.content.reason import Reason
from syndication.kinds import reduction_words

_NAME_LENGTH = 200
_EDGES = " -–—,;:.!?*+|/()[]\"'„“”»«"


@dataclass(frozen=True)
class Price:
    """A price at which something is to be had.

    `since` is aware; None, or past: from the announcement. `until` None: as long as the post stands. `reduced`: it was announced
    as a reduction.
    """

    name: str
    amount: Decimal
    currency: str
    since: datetime | None = None
    until: datetime | None = None
    reduced: bool = False


@dataclass(frozen=True)
class Known:
    """The lowest price of the 30 days before a reduction, as far as it was announced here.

    `since`: when that price began to hold. `covered`: a price is known for all of the 30 days. `known_since`: from when on
    within them there is one. `before_steps`: the price before the first of several reductions that followed each other
    without a gap, each deeper than the last, which may be stated instead (PAngV § 11 (2), Directive 98/6/EC Art. 6a (5)).
    """

    amount: Decimal
    currency: str
    since: datetime
    known_since: datetime
    covered: bool
    before_steps: Decimal | None = None


#: Looks up what is known of a thing: by its name, its currency, the beginning of the reduction (None: now) and its price.
Recall = Callable[[str, str, datetime | None, Decimal | None], Known | None]


@dataclass(frozen=True)
class Advice:
    """What whoever announces a reduction should know of one field; nothing is refused for it.

    `warning`: it is likely to break the law as it stands; `note`: to be known. `proposal` is an amount for the field.
    """

    field: str
    reason: Reason
    severity: Literal["warning", "note"] = "warning"
    proposal: Decimal | None = None


def product_name(title: str) -> str:
    """By which name a thing is remembered: as people tell two names apart, without what a title says of the price.

    Unicode in one form (NFKC), without case, blanks as one, without words such as `20 % Rabatt` or `statt 9,90 €` and the signs
    around them: "Bananen – 20 % Rabatt!" is "bananen". A title of nothing else stays whole.
    """
    whole = unicodedata.normalize("NFKC", title)
    bare = re.sub(r"\s+", " ", reduction_words.without(whole)).strip(_EDGES)
    name = bare or re.sub(r"\s+", " ", whole).strip()
    return name.casefold()[:_NAME_LENGTH]

"""One entry of a file: its draft or what is wrong with it, and what was repaired."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.kinds.reading import draft

#: Longest file (bytes) and most entries that are read.
MOST_BYTES = 20 * 1024 * 1024
MOST_ENTRIES = 20_000
#: Longest reference a post can carry.
LONGEST_REF = 255
#: How references begin that are made of title and start.
DERIVED = "title-"


#: What decides which of two entries is newer (RFC 5546 section 2.1.5): SEQUENCE, then DTSTAMP (aware, UTC).
Rank = tuple[int, datetime]


@dataclass(frozen=True)
class Version:
    """How new an entry of a calendar is, and each date of its own that came with it, by its RECURRENCE-ID."""

    rank: Rank
    dates: Mapping[datetime, Rank] = field(default_factory=dict)


@dataclass(frozen=True)
class DateOf:
    """That an entry is one date of a series which another file holds: whose, and in place of which start (UTC)."""

    source_ref: str
    named: datetime


@dataclass(frozen=True)
class Row:
    """An entry of a file: `draft` is None exactly where `faults` say why. `position` is such as `line 7`."""

    position: str
    source_ref: str | None
    title: str
    draft: Draft | None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[str, ...] = ()
    version: Version | None = None
    date_of: DateOf | None = None


def made(
    position: str, fields: Mapping[str, Any], *, remarks: Iterable[str] = (), faults: Iterable[Fault] = ()
) -> Row:
    """The row of an entry's fields (those of a Draft, as plain data); its faults are `faults`, else those of the draft.

    A draft without `source_ref` gets one made of kind, title and start, so that a second import finds its post again.
    """
    notes, found, one = list(remarks), list(faults), None
    reference = fields.get("source_ref")
    if not found:
        try:
            one = draft(dict(fields))
        except Invalid as error:
            found = list(error.faults)
    if one is not None and one.source_ref is None:
        one = one.model_copy(update={"source_ref": _derived(one)})
        notes.append(Reason("without a reference: told apart by title and start"))
    return Row(
        position=position,
        source_ref=one.source_ref if one else _shown(reference) or None,
        title=one.title if one else _shown(fields.get("title")),
        draft=one,
        faults=tuple(dict.fromkeys(found)),
        remarks=tuple(dict.fromkeys(notes)),
    )


def _derived(one: Draft) -> str:
    start = one.begins
    raw = "|".join((one.kind, one.title, start.isoformat() if start else ""))
    return DERIVED + hashlib.sha256(raw.encode()).hexdigest()[:32]


def _shown(value: Any) -> str:
    """What stands in a faulty entry, fit to be printed."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:200])


def refused(position: str, *faults: Fault, title: str = "", source_ref: str | None = None) -> Row:
    """The row of an entry that could not be read at all."""
    return Row(position, source_ref, _shown(title), None, faults)

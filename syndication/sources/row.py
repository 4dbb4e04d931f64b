"""One entry of a file: the draft it makes, or what is wrong with it; and what was repaired on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from syndication.content import Draft, draft
from syndication.errors import Fault, Invalid

#: Longest file (bytes) and most entries that are read.
MOST_BYTES = 20 * 1024 * 1024
MOST_ENTRIES = 20_000
#: Longest reference a post can carry.
LONGEST_REF = 255


@dataclass(frozen=True)
class Row:
    """An entry of a file: `draft` is None exactly where `faults` say why. `position` is such as `line 7`."""

    position: str
    source_ref: str | None
    title: str
    draft: Draft | None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[str, ...] = ()


def made(
    position: str, fields: Mapping[str, Any], *, remarks: Iterable[str] = (), faults: Iterable[Fault] = ()
) -> Row:
    """The row of an entry's fields (those of a Draft, as plain data); its faults are `faults` and those of the draft."""
    reference, title = fields.get("source_ref"), str(fields.get("title") or "")
    found, one = list(faults), None
    if not found:
        try:
            one = draft(dict(fields))
        except Invalid as error:
            found = list(error.faults)
    return Row(
        position=position,
        source_ref=str(reference) if reference else None,
        title=title,
        draft=one,
        faults=tuple(found),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def refused(position: str, *faults: Fault, title: str = "", source_ref: str | None = None) -> Row:
    """The row of an entry that could not be read at all."""
    return Row(position, source_ref, title, None, faults)

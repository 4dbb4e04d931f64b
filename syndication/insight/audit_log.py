"""Who did what, as those who may look see it: newest first, by person, merchant, act and span; and forgotten in the end."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal, select, tuple_
from sqlalchemy.orm import Session

from syndication import clock
from syndication.content.base import Record
from syndication.errors import NotFound
from syndication.infra import csv_tables, db
from syndication.models import LogLine, Merchant, Revision

#: How long a line is kept: claims end three years after the end of a year (BGB, sections 195 and 199). The database refuses
#: to delete a younger one (migration 0027).
KEPT = timedelta(days=1461)
#: Lines read at a time for a file, and forgotten in one transaction.
_CHUNK = 1000
_COLUMNS = (
    "id",
    "at",
    "by",
    "by_name",
    "way",
    "what",
    "about",
    "about_id",
    "about_name",
    "merchant",
    "details",
)  # fmt: skip -- a table's head


@dataclass(frozen=True)
class LogFilter:
    """Which lines. `by` is `person ID`, `key ID` and so on; `since` and `until` are aware, `until` is exclusive."""

    by: str | None = None
    merchant: str | None = None
    what: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class LogRow(Record):
    """One act. `at` is aware, in UTC; `about_name` is what it was called then, empty where that was forgotten."""

    id: int
    at: datetime
    by: str
    by_name: str
    way: str
    what: str
    about: str
    about_id: str
    about_name: str
    merchant: str | None
    merchant_name: str | None
    details: dict[str, Any]


def lines(wanted: LogFilter, *, limit: int = 50, before: int | None = None) -> list[LogRow]:
    """Lines, newest first; `before` is the id of the last one already seen. Raises NotFound for an unknown merchant."""
    with db.reading() as session:
        statement = select(LogLine).where(*_conditions(session, wanted))
        if before is not None:
            if (
                seen := session.get(LogLine, before)
            ) is None:  # it was old enough to be forgotten, and so is the rest
                return []
            place = tuple_(literal(seen.at, LogLine.at.type), literal(seen.id))
            statement = statement.where(tuple_(LogLine.at, LogLine.id) < place)
        statement = statement.order_by(LogLine.at.desc(), LogLine.id.desc()).limit(limit)
        return _rows(session, session.scalars(statement).all())


def as_csv(wanted: LogFilter) -> Iterator[str]:
    """All such lines as CSV (RFC 4180), its head first; nothing in it is a formula."""
    yield csv_tables.written([_COLUMNS])
    last: int | None = None
    while rows := lines(wanted, limit=_CHUNK, before=last):
        yield csv_tables.written([_cells(row) for row in rows])
        last = rows[-1].id


def forget() -> int:
    """Delete the lines that are old enough; returns how many. What is younger the database keeps, whoever asks."""
    gone = 0
    while True:
        with db.transaction() as session:
            old = select(LogLine.id).where(LogLine.at < clock.now() - KEPT).order_by(LogLine.at)
            ids = session.scalars(old.limit(_CHUNK)).all()
            session.execute(delete(LogLine).where(LogLine.id.in_(ids)))
        gone += len(ids)
        if len(ids) < _CHUNK:
            return gone


def _conditions(session: Session, wanted: LogFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.by is not None:
        found.append(LogLine.by == wanted.by)
    if wanted.what is not None:
        found.append(LogLine.what == wanted.what)
    if wanted.merchant is not None:
        merchant_id = session.scalar(select(Merchant.id).where(Merchant.slug == wanted.merchant))
        if merchant_id is None:
            raise NotFound("There is no such merchant.")
        found.append(LogLine.merchant_id == merchant_id)
    if wanted.since is not None:
        found.append(LogLine.at >= wanted.since)
    if wanted.until is not None:
        found.append(LogLine.at < wanted.until)
    return found


def _rows(session: Session, found: Sequence[LogLine]) -> list[LogRow]:
    owners = {one.merchant_id for one in found if one.merchant_id is not None}
    named = {
        row.id: row
        for row in session.execute(
            select(Merchant.id, Merchant.slug, Merchant.name).where(Merchant.id.in_(owners))
        )
    }
    titles = _titles(session, found)
    rows = []
    for one in found:
        own = named.get(one.merchant_id) if one.merchant_id else None
        name = titles.get((one.about_id, one.details.get("revision", 0)), "") if one.about == "post" else ""
        rows.append(
            LogRow(
                id=one.id,
                at=one.at,
                by=one.by,
                by_name=one.by_name,
                way=one.way,
                what=one.what,
                about=one.about,
                about_id=one.about_id,
                about_name=name or one.about_name,
                merchant=own.slug if own else None,
                merchant_name=own.name if own else None,
                details=one.details,
            )  # fmt: skip -- a row for a row
        )
    return rows


def _titles(session: Session, found: Sequence[LogLine]) -> dict[tuple[str, int], str]:
    """The titles of posts at the time; those of an unlawful post are forgotten, in every revision."""
    numbers = {
        (UUID(one.about_id), one.details["revision"])
        for one in found
        if one.about == "post" and "revision" in one.details
    }
    if not numbers:
        return {}
    wanted = select(Revision.post_id, Revision.number, Revision.content).where(
        Revision.post_id.in_({post_id for post_id, _ in numbers}),
        Revision.number.in_({number for _, number in numbers}),
    )
    return {
        (str(post_id), number): str(content["title"]) for post_id, number, content in session.execute(wanted)
    }


def _cells(row: LogRow) -> list[str]:
    details = json.dumps(row.details, ensure_ascii=False, sort_keys=True) if row.details else ""
    moment = row.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    values = {**row.model_dump(), "at": moment, "details": details, "merchant": row.merchant or ""}
    return [str(values[name]) for name in _COLUMNS]

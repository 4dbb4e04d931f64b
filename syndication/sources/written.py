"""Rows as plain data, so that they can be kept, and come out of a process that is not trusted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syndication.content.reason import Reason
from syndication.errors import Fault
from syndication.kinds.reading import kept_draft
from syndication.sources.row import DateOf, Rank, Row, Version


def written(row: Row) -> dict[str, Any]:
    """The row as JSON has it; `read` makes the same row of it."""
    return {
        "position": _stored(row.position),
        "source_ref": row.source_ref,
        "title": row.title,
        "draft": row.draft.document() if row.draft is not None else None,
        "faults": [[_stored(one.field), _stored(one.message)] for one in row.faults],
        "remarks": [_stored(one) for one in row.remarks],
        "version": _of_version(row.version) if row.version is not None else None,
        "date_of": [row.date_of.source_ref, row.date_of.named.isoformat()] if row.date_of else None,
    }


def read(data: Mapping[str, Any]) -> Row:
    """The row. Raises KeyError, TypeError or ValueError for what `written` did not write."""
    version, date_of = data["version"], data["date_of"]
    return Row(
        position=Reason.read(data["position"]),
        source_ref=data["source_ref"],
        title=data["title"],
        draft=kept_draft(data["draft"]) if data["draft"] is not None else None,
        faults=tuple(Fault(Reason.read(field), Reason.read(message)) for field, message in data["faults"]),
        remarks=tuple(Reason.read(one) for one in data["remarks"]),
        version=_version(version) if version is not None else None,
        date_of=DateOf(date_of[0], datetime.fromisoformat(date_of[1])) if date_of else None,
    )


def _stored(text: str) -> str:
    """A text that is no reason stays what it is, as one that nobody translates."""
    return Reason.quoted(text).stored()


def _of_version(version: Version) -> dict[str, Any]:
    dates = {moment.isoformat(): _of_rank(rank) for moment, rank in version.dates.items()}
    return {"rank": _of_rank(version.rank), "dates": dates}


def _version(data: Mapping[str, Any]) -> Version:
    dates = {datetime.fromisoformat(moment): _rank(rank) for moment, rank in data["dates"].items()}
    return Version(_rank(data["rank"]), dates)


def _of_rank(rank: Rank) -> list[Any]:
    return [rank[0], rank[1].isoformat()]


def _rank(data: Any) -> Rank:
    return int(data[0]), datetime.fromisoformat(data[1])

"""How many readers and outlets chose what, counted by what they chose together."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from syndication.infra import db
from syndication.models import Destination, InterestRow, Reader

Facet = Literal["topics", "districts"]
#: The newest interests are read anew each time: one with a lower number may be written a moment later.
_UNSETTLED = 200


@dataclass(frozen=True)
class Wish:
    """So many who are active chose this together, and get it in this rhythm (of outlets none)."""

    chosen: Set[str]
    cadence: str
    count: int


def of(
    session: Session, who: type[Reader] | type[Destination], facet: Facet, called: Callable[[str], str]
) -> Iterator[Wish]:
    """Readers who are confirmed, or outlets and devices that are not switched off, and chose something.

    `called`: what a thing is called now that was called so when they chose it.
    """
    rhythm = Reader.cadence if who is Reader else func.min("")
    where = Reader.state == "confirmed" if who is Reader else Destination.state != "disabled"
    keys = [who.interest_id, *([Reader.cadence] if who is Reader else [])]
    grouped = select(who.interest_id, rhythm, func.count()).where(where).group_by(*keys)
    rows = session.execute(grouped).all()
    named = _named(session)
    for interest_id, cadence, count in rows:
        if chosen := named.get(interest_id, {}).get(facet):
            yield Wish({called(one) for one in chosen}, cadence, count)


def counted(wishes: Iterable[Wish]) -> Counter[str]:
    """How many chose each thing, alone or beside others."""
    found: Counter[str] = Counter()
    for wish in wishes:
        for one in wish.chosen:
            found[one] += wish.count
    return found


_Named = Mapping[Facet, tuple[str, ...]]
_FACETS: tuple[Facet, ...] = ("topics", "districts")
#: Interest → what it names. A row never changes, so each is read once in a process.
_known: tuple[Engine, dict[int, _Named]] | None = None


def _named(session: Session) -> dict[int, _Named]:
    global _known  # noqa: PLW0603 -- one process, one database
    engine = db.engine()
    known = _known[1] if _known is not None and _known[0] is engine else {}
    newer = select(InterestRow.id, InterestRow.facets).where(InterestRow.id > max(known, default=0))
    found: dict[int, _Named] = {
        key: {facet: tuple(facets[facet]) for facet in _FACETS if facets.get(facet)}
        for key, facets in session.execute(newer)
    }
    # Others may be at it, too; and of those whose transaction is still open nothing is known yet.
    known = {**known, **found}
    _known = engine, dict(list(known.items())[:-_UNSETTLED])
    return known

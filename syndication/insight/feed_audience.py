"""For how many subscribers feed readers fetch our feeds, as they say in their User-Agent. Of people nothing is kept.

Feedly, Inoreader, NewsBlur and others fetch a feed once for all who read it there, and say for how many: `Feedly/1.0
(+http://www.feedly.com/fetcher.html; 16 subscribers; …)`. Anybody may say so: the numbers are as good as whoever sends them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.infra import db
from syndication.models import FeedAudience

_log = structlog.get_logger(__name__)
#: Programs of one feed and day that are kept; what a process notes before it writes, and how seldom that is.
MOST_PROGRAMS = 20
_MOST_NOTED, _EVERY = 500, timedelta(minutes=1)
#: Characters of the header that are looked at, and more subscribers than any feed of a city has.
_READ, _MOST_SUBSCRIBERS = 300, 1_000_000
_KEPT = timedelta(days=400)
_COUNT = re.compile(
    r"(?<![\d.,])(?P<count>\d{1,3}(?:[.,]\d{3})+|\d{1,7})\s+(?:active\s+)?subscribers?\b", re.IGNORECASE
)
#: What stands first, or, where that is the name that every browser has, what it is compatible with.
_PROGRAM = re.compile(
    r"(?:Mozilla/[\d.]+ \((?:compatible; )?)?(?:\+?https?://(?:www\.)?)?(?P<name>[A-Za-z0-9][\w.-]{0,39})",
    re.ASCII,
)

#: Feed, as in its address, and program → subscribers.
Noted = Mapping[tuple[str, str], int]


def said(user_agent: str) -> tuple[str, int] | None:
    """The program's name and for how many it fetches; None where it does not say."""
    head = user_agent[:_READ]
    count, program = _COUNT.search(head), _PROGRAM.match(head)
    if not count or not program:
        return None
    number = int(re.sub(r"[.,]", "", count["count"]))
    return (program["name"].rstrip(".-_"), number) if number <= _MOST_SUBSCRIBERS else None


class Listener:
    """What one process heard since it wrote last: no request waits for the tables. Not for several threads."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], int] = {}
        self._since: datetime | None = None

    def hear(self, feed: str, user_agent: str, now: datetime) -> None:
        """Note for how many `feed` was fetched, if that is said."""
        found = said(user_agent)
        if found is None:
            return
        key = (feed, found[0])
        if key in self._noted or len(self._noted) < _MOST_NOTED:
            self._noted[key] = max(found[1], self._noted.get(key, 0))
            self._since = self._since or now

    def due(self, now: datetime) -> Noted:
        """What is to be written now, once a minute; most often nothing."""
        if self._since is None or timedelta(0) <= now - self._since < _EVERY:
            return {}
        noted, self._noted, self._since = self._noted, {}, None
        return noted


def keep(noted: Noted, now: datetime) -> None:
    """Write what was heard: of a day the most that a program said. What cannot be written is let go."""
    try:
        with db.transaction() as session:
            day = now.astimezone(settings().zone).date()
            for (feed, program), subscribers in sorted(noted.items()):
                _keep(session, day, feed, program, subscribers)
    except Exception:  # nobody waits for it, and the program comes again within hours
        _log.exception("audience.not_kept")


def _keep(session: Session, day: date, feed: str, program: str, subscribers: int) -> None:
    here = (FeedAudience.day == day, FeedAudience.feed == feed)
    known = set(session.scalars(select(FeedAudience.program).where(*here)))
    if program not in known and len(known) >= MOST_PROGRAMS:
        return
    row = {"day": day, "feed": feed, "program": program, "subscribers": subscribers}
    if program in known or not db.insert_new(session, FeedAudience, [row]):
        session.execute(
            update(FeedAudience)
            .where(*here, FeedAudience.program == program, FeedAudience.subscribers < subscribers)
            .values(subscribers=subscribers)
            .execution_options(synchronize_session=False)
        )


def of_merchant(session: Session, slug: str, first: date, last: date) -> dict[str, int]:
    """Program → subscribers of a merchant's own feeds: of each feed the most of a day between `first` and `last`, added up."""
    own = FeedAudience.feed.contains(f"merchant/{slug}.", autoescape=True)
    most = (
        select(FeedAudience.program, FeedAudience.feed, func.max(FeedAudience.subscribers).label("most"))
        .where(own, FeedAudience.day.between(first, last))
        .group_by(FeedAudience.program, FeedAudience.feed)
        .subquery()
    )
    total = func.sum(most.c.most)
    found = session.execute(
        select(most.c.program, total).group_by(most.c.program).order_by(total.desc(), most.c.program)
    )
    return {program: int(count) for program, count in found}


def forget(session: Session, now: datetime) -> int:
    """Delete what is older than a year and a bit; how many rows."""
    done = session.execute(delete(FeedAudience).where(FeedAudience.day < (now - _KEPT).date()))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE has it

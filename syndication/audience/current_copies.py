"""Checks a reader's claimed copy just before it is sent: it says what is true now, or it is not sent.

A post may be withdrawn or revised after an edition was composed and before a copy of it leaves. The copy then gets another
edition: without the post, with it as it is now, or with what is new to this reader. Nobody gets a correction of what was
never sent to them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from syndication.audience import editions, stories, told
from syndication.audience.composing import Said
from syndication.audience.corrections import UNDONE
from syndication.audience.stories import Known, Story
from syndication.channels.built_in.newsletter import LEFT_OUT, Correction, Entry
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.ledger import policy
from syndication.ledger.outcomes import OVER, SUPERSEDED, WITHDRAWN
from syndication.models import Change, Delivery, Edition, EditionPost, Post

_log = structlog.get_logger(__name__)
_BROKEN = Reason(
    "Waits: what is true now could not be put into an edition. The operator has the details in the log."
)
#: The state and reason of a copy that does not go out now.
Stay = tuple[str, Reason]


def bring(session: Session, rows: Sequence[Delivery], cfg: Settings) -> dict[int, Stay]:
    """Give claimed copies the edition that is true now; returns the state and reason of those that stay, by their ids.

    What waits (state `waiting`) is to be looked at again in a moment.
    """
    says = _says(session, _editions(rows))
    mine = [row for row in rows if _doubtful(row, says)]
    return _Desk(session, mine, says, cfg).look() if mine else {}


def doubtful(session: Session, rows: Sequence[Any]) -> set[int]:
    """Ids of the copies among `rows` that `bring` would have to look at; for all others one question is enough."""
    says = _says(session, _editions(rows))
    return {row.id for row in rows if _doubtful(row, says)}


#: By edition: what it tells of, and whether the post has changed since.
_Says = Mapping[int, Sequence[tuple[EditionPost, bool]]]


def _editions(rows: Sequence[Any]) -> set[int]:
    return {row.edition_id for row in rows if row.reader_id is not None and row.edition_id is not None}


def _doubtful(row: Any, says: _Says) -> bool:
    """Corrections depend on what their reader was told meanwhile, everything else on the post alone."""
    mine = says.get(row.edition_id, ()) if row.reader_id is not None else ()
    return any(stale or one.since is not None for one, stale in mine)


def _says(session: Session, edition_ids: Collection[int]) -> dict[int, list[tuple[EditionPost, bool]]]:
    """What each edition tells of, and whether the post has changed since."""
    if not edition_ids:
        return {}
    taken_back = exists().where(
        Change.post_id == Post.id, Change.id > EditionPost.change_id, Change.action == "withdrawn"
    )
    stale = or_(Post.revision > EditionPost.revision, taken_back)
    statement = (
        select(EditionPost, stale)
        .join(Post, Post.id == EditionPost.post_id)
        .where(EditionPost.edition_id.in_(edition_ids))
        .order_by(EditionPost.edition_id, EditionPost.change_id)
    )
    found: dict[int, list[tuple[EditionPost, bool]]] = {}
    for one, is_stale in session.execute(statement):
        found.setdefault(one.edition_id, []).append((one, bool(is_stale)))
    return found


@dataclass
class _Desk:
    """Copies that are looked at together, and what is looked up once for all of them."""

    session: Session
    rows: Sequence[Delivery]
    says: _Says
    cfg: Settings
    #: What took an edition's place for those who know the same: another one and when that is over, or nothing.
    _made: dict[tuple[int, frozenset[tuple[UUID, int, bool]]], tuple[int, datetime | None] | Stay] = field(
        default_factory=dict
    )

    def look(self) -> dict[int, Stay]:
        """See `bring`."""
        session = self.session
        self._now = db.now(session)
        posts = {one.post_id for row in self.rows for one, _ in self.says[row.edition_id or 0]}
        self._stories = stories.of_posts(session, posts, self.cfg)
        corrected = [
            row.reader_id
            for row in self.rows
            if row.reader_id and any(one.since is not None for one, _ in self.says[row.edition_id or 0])
        ]
        self._told = told.readers(session, posts, corrected)
        said = {(post_id, one.revision) for (_, post_id), some in self._told.items() for one in some}
        self._contents = told.contents(session, said)
        replaced = _replaced(session, [row.id for row in self.rows if row.change_id is not None])
        stays = {row.id: self._gone(row) if row.id in replaced else self._current(row) for row in self.rows}
        return {key: stay for key, stay in stays.items() if stay is not None}

    def _gone(self, row: Delivery) -> Stay:
        story = self._stories.get(row.post_id) if row.post_id else None
        return "dropped", WITHDRAWN if story is not None and story.withdrawn else SUPERSEDED

    def _current(self, row: Delivery) -> Stay | None:
        """Let the copy say what is true now, and new to its reader; returns why it stays where it does."""
        edition_id, same = row.edition_id or 0, True
        knows: dict[UUID, Known] = {}
        for one, stale in self.says[edition_id]:
            same = same and not stale
            if one.since is None:
                continue
            messages = self._told.get((row.reader_id or 0, one.post_id), ())
            others = [message for message in messages if message.delivery_id != row.id]
            if any(message.state == "sending" for message in others):
                return "waiting", row.reason  # in a moment it is known whether there is anything to correct
            known = self._known(one.post_id, others)
            same = same and known is not None and known.since == one.since
            if known is not None:
                knows[one.post_id] = known
        if same:
            return None
        key = (edition_id, frozenset((post_id, one.since, one.newest) for post_id, one in knows.items()))
        if key not in self._made:
            self._made[key] = self._instead(edition_id, knows)
        made = self._made[key]
        if isinstance(made[0], str) and isinstance(made[1], Reason):
            return made[0], made[1]
        assert isinstance(made[0], int)
        row.edition_id, row.over_at = made[0], made[1] if isinstance(made[1], datetime) else None
        return None

    def _known(self, post_id: UUID, messages: Sequence[told.Message]) -> Known | None:
        """What a reader was told before; None: nothing, so that the whole of it is news."""
        story = self._stories.get(post_id)
        arrived = [one for one in messages if one.state in told.ARRIVED]
        # An edition that waits will be as current as this copy; a message of its own would have been replaced.
        waits = any(one.state == "waiting" and not one.alone for one in messages)
        if waits or (arrived and story is not None and arrived[-1].change_id >= story.change_id):
            return Known(None, 0, newest=True)
        if not arrived:
            return None
        return Known(self._contents.get((post_id, arrived[-1].revision)), arrived[-1].change_id)

    def _instead(self, edition_id: int, knows: Mapping[UUID, Known]) -> tuple[int, datetime | None] | Stay:
        mine = [
            replace(self._stories[one.post_id], fresh=True)
            for one, _ in self.says[edition_id]
            if one.post_id in self._stories
        ]
        entries, corrections, since = stories.heard(mine, knows, self._now)
        if not entries and not corrections:
            return "dropped", self._why(mine, knows)
        said = {story.view.id: Said(story.change_id, since.get(story.view.id)) for story in mine}
        edition = self.session.get_one(Edition, edition_id)
        try:
            found = editions.instead(self.session, edition, entries, corrections, self.cfg, said)
        except Exception:  # others of the lane must not wait for it
            _log.exception("edition.broken", language=edition.language, edition=edition_id)
            return "waiting", _BROKEN
        if found is None:
            return "dropped", LEFT_OUT
        return found, self._over_at(entries, corrections, knows, mine)

    def _why(self, mine: Sequence[Story], knows: Mapping[UUID, Known]) -> Reason:
        if any(story.withdrawn for story in mine):
            return WITHDRAWN
        if any(policy.is_over(story.view.over_at, self._now) for story in mine):
            return OVER
        return SUPERSEDED if any(one.newest for one in knows.values()) else UNDONE

    def _over_at(
        self,
        entries: Sequence[Entry],
        corrections: Sequence[Correction],
        knows: Mapping[UUID, Known],
        mine: Sequence[Story],
    ) -> datetime | None:
        """When nothing of it is worth hearing; a withdrawal always is."""
        ends = [entry.post.over_at for entry in entries]
        gone = {story.view.id for story in mine if story.withdrawn}
        for post in (one.post for one in corrections):
            before = knows[post.id].content
            both = [post.over_at, before.over_at(self.cfg.zone) if before is not None else None]
            known = [end for end in both if end is not None]
            ends.append(None if post.id in gone or len(known) < len(both) else max(known))
        sure = [end for end in ends if end is not None]
        return max(sure) if len(sure) == len(ends) else None


def _replaced(session: Session, ids: Sequence[int]) -> set[int]:
    """Copies of one change that came back from a failed try, or are sent again, while a newer one of the post was made."""
    if not ids:
        return set()
    newer = aliased(Delivery)
    later = exists().where(
        newer.reader_id == Delivery.reader_id,
        newer.post_id == Delivery.post_id,
        newer.change_id > Delivery.change_id,
        newer.state != "dropped",
    )
    return set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ids), later)))

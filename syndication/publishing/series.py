"""Series that come by calendars: one post, whichever file brings which of its dates, and the newer word of each wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.content import schedule
from syndication.content.base import KEPT
from syndication.content.post import Content
from syndication.infra import db
from syndication.kinds.event_content import EventContent, EventDraft, event, event_draft
from syndication.models import Post
from syndication.publishing import joining, posts
from syndication.publishing.posts import Manner, Outcome
from syndication.sources import Row, series
from syndication.sources.row import DateOf, Rank, Version

_NEVER: Rank = (-1, datetime(1, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class _Known:
    """How new what is known of a series is, as Version says it."""

    rank: Rank = _NEVER
    dates: Mapping[datetime, Rank] = field(default_factory=dict)

    @classmethod
    def of(cls, post: Post) -> "_Known":
        read = {
            key: (int(rank[0]), datetime.fromisoformat(rank[1]))
            for key, rank in (post.versions or {}).items()
        }
        own = {datetime.fromisoformat(key): rank for key, rank in read.items() if key}
        return cls(read.get("", _NEVER), own)

    def of_date(self, moment: datetime) -> Rank:
        return self.dates.get(moment, _NEVER)

    def note(self, post: Post) -> None:
        ranks = {"": self.rank} | {moment.isoformat(): rank for moment, rank in self.dates.items()}
        post.versions = {key: [rank[0], rank[1].isoformat()] for key, rank in ranks.items()}


def submit(merchant_id: UUID, row: Row, *, manner: Manner, known_as: str | None = None) -> Outcome:
    """Create or revise the post of a calendar's entry; one that is a date of a series revises that (RFC 5546 section 3.2.5).

    `known_as` is the reference of the post that the entry was recognised as; from now on it has the entry's own.
    Parts that an earlier version made of the series go into it without a word to anybody. Raises what `posts.submit` raises.
    """
    assert row.draft is not None
    with db.transaction() as session:
        posts.alone(session, merchant_id)
        if row.date_of is not None:
            return _submit_date(session, merchant_id, row, row.date_of, manner)
        if known_as is not None:
            _rename(session, merchant_id, known_as, row.source_ref)
        version = row.version or Version(_NEVER)
        is_event = isinstance(row.draft, EventDraft)
        alone = joining.join(session, merchant_id, event_draft(row.draft)) if is_event else set[datetime]()
        post = posts.by_source(session, merchant_id, row.draft.source_ref)
        known = _Known.of(post) if post is not None else _Known()
        # How new they are nobody kept; newer than this file, which does not know them.
        just_newer = (version.rank[0], version.rank[1] + timedelta(microseconds=1))
        known = _Known(known.rank, {**known.dates, **dict.fromkeys(alone, just_newer)})
        newer = {
            moment: rank
            for moment, rank in known.dates.items()
            if rank > max(version.rank, version.dates.get(moment, _NEVER))
        }
        draft = row.draft
        if post is not None and isinstance(draft, EventDraft):
            draft = _as_known(draft, posts.latest(session, post), set(newer))
        outcome = posts.submit(merchant_id, draft, manner=manner)
        _Known(version.rank, {**version.dates, **newer}).note(session.get_one(Post, outcome.post.id))
        return outcome


def _rename(session: Session, merchant_id: UUID, known_as: str, source_ref: str | None) -> None:
    post = posts.by_source(session, merchant_id, known_as)
    if post is not None and posts.by_source(session, merchant_id, source_ref) is None:
        post.source_ref = source_ref
        session.flush()


def _as_known(draft: EventDraft, told: Content, newer: set[datetime]) -> EventDraft:
    if not isinstance(told, EventContent):
        return draft
    if draft.status == "cancelled" and not schedule.repeats(draft):
        return _called_off(draft, told)
    return _keeping(draft, told, newer) if newer else draft


def _called_off(draft: EventDraft, told: EventContent) -> EventDraft:
    """A series is called off whole by an entry that need not say its rule again (RFC 5546 section 3.2.5)."""
    if not schedule.repeats(told) or told.starts_at != draft.starts_at:
        return draft
    said = told.model_dump() | {"status": "cancelled", "source_ref": draft.source_ref}
    return EventDraft.model_validate(said, context=KEPT)


def _keeping(draft: EventDraft, told: EventContent, moments: set[datetime]) -> EventDraft:
    """The series as a file has it, with what a newer one said of single dates, as far as it still has them."""
    mine = {
        moment
        for moment in moments
        if moment in told.added or series.occurrence(draft, moment, settings().zone) == moment
    }
    own = {one.recurrence_id: one for one in draft.dates if one.recurrence_id not in mine}
    own |= {one.recurrence_id: one for one in told.dates if one.recurrence_id in mine}
    added = {*draft.added, *(mine & set(told.added))}
    return draft.model_copy(
        update={
            "excluded": tuple(moment for moment in draft.excluded if moment not in mine),
            "added": tuple(sorted(added)),
            "dates": tuple(own[moment] for moment in sorted(own)),
        }
    )


def _submit_date(session: Session, merchant_id: UUID, row: Row, date_of: DateOf, manner: Manner) -> Outcome:
    """One date that came alone, into the series that has it; without such a series a post of its own."""
    assert row.draft is not None
    alone = event_draft(row.draft)
    zone, rank = settings().zone, (row.version or Version(_NEVER)).rank
    own = posts.by_source(session, merchant_id, row.source_ref)
    whole = posts.by_source(session, merchant_id, date_of.source_ref)
    candidates = [whole, *joining.parts(session, merchant_id, date_of.source_ref)]
    living = [one for one in candidates if one is not None and one.state != "withdrawn"]
    if own is None or own.joined_to is not None:
        for post in living:
            told = event(posts.latest(session, post))
            meant = series.occurrence(told, date_of.named, zone)
            if meant is None:
                continue
            known = _Known.of(post)
            if rank < known.of_date(meant) or (meant in told.excluded and rank < known.rank):
                return posts.unchanged(session, post)
            changed = series.with_date(told, alone, date_of.named, zone)
            outcome = posts.revise(
                merchant_id, post.id, EventDraft.model_validate(changed.model_dump(), context=KEPT)
            )
            _Known(known.rank, {**known.dates, meant: rank}).note(post)
            return outcome
        if whole in living and whole is not None and alone.status == "cancelled":
            return posts.unchanged(session, whole)  # a date that it does not have
    return posts.submit(merchant_id, alone, manner=manner)

"""Works out what a window of time tells of each post, and how much of it is news to somebody who was told before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.audience import interests, told
from syndication.channels.built_in.newsletter import Correction, Entry, What
from syndication.channels.envelope import PostView
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.content.post import Content, matters
from syndication.infra import db
from syndication.ledger import policy
from syndication.models import Change, Post, Revision
from syndication.publishing import views

_log = structlog.get_logger(__name__)
#: Changes join, and windows are read, in line under this name, so that a window sees all that joined before its end.
LINE = "changes"


@dataclass(frozen=True)
class Story:
    """What a window tells of one post: published in it (`fresh`), or changed since `before`.

    `view` is the post as it is now, after the change `change_id`, though that may have joined behind the window.
    """

    view: PostView
    fresh: bool
    withdrawn: bool
    before: Content | None
    change_id: int
    #: It was taken in without a word, so it is no news; who was told of it all the same hears what becomes of it.
    quiet: bool = False
    #: Nobody is told that it was taken back.
    untold: bool = False

    def concerns(self, interest: Interest) -> bool:
        """Whether an interest covers the post as it is, or as it was before the window."""
        said = [self.view.content, *([self.before] if self.before is not None else [])]
        return any(interests.wants(interest, content, self.view.merchant) for content in said)


@dataclass(frozen=True)
class Known:
    """What somebody was told last of a post, as far as it matters: what the change `since` left of it.

    `newest`: they have heard, or are about to hear, all there is to tell.
    """

    content: Content | None
    since: int
    newest: bool = False


def what_changed(before: Content, after: Content, now: datetime) -> What:
    """The one word for a change that readers must be told at `now`."""
    changed = matters(before, after, now)
    if "status" in changed and after.standing != "scheduled":
        return after.standing
    words = [{"place": "moved"}.get(matter, matter) for matter in changed if matter != "status"]
    return words[0] if words else "changed"


def of_window(since: datetime, slot: datetime, cfg: Settings) -> list[Story]:
    """What happened to posts in the window (since, slot], in the order of their first change."""
    with db.transaction() as session:
        db.advisory_lock(session, LINE)
        changes = session.scalars(
            select(Change).where(Change.joined_at > since, Change.joined_at <= slot).order_by(Change.id)
        ).all()
    by_post: dict[UUID, list[Change]] = {}
    for change in changes:
        by_post.setdefault(change.post_id, []).append(change)
    with db.reading() as session:
        current = of_posts(session, by_post, cfg)
        return [
            Story(
                current[post_id].view,
                fresh=any(change.action == "published" for change in mine) and not current[post_id].quiet,
                withdrawn=current[post_id].withdrawn,
                before=_content_before(session, mine[0]),
                change_id=current[post_id].change_id,
                untold=current[post_id].untold,
            )
            for post_id, mine in by_post.items()
            if not current[post_id].quiet or any(change.action != "published" for change in mine)
        ]


def of_posts(session: Session, post_ids: Iterable[UUID], cfg: Settings) -> dict[UUID, Story]:
    """Posts as they are now, without any window."""
    rows = session.execute(views.rows(Post.id.in_(list(post_ids)))).all()
    last: dict[UUID, int] = {}
    # The change that made it what it was read as: one that came a moment later is not told yet.
    actions = select(Change).where(Change.post_id.in_([post.id for post, _, _ in rows])).order_by(Change.id)
    read = {post.id: (post.revision, post.state == "withdrawn") for post, _, _ in rows}
    for change in session.scalars(actions):
        number, withdrawn = read[change.post_id]
        if change.revision <= number and (withdrawn or change.action != "withdrawn"):
            last[change.post_id] = change.id
    return {
        post.id: Story(
            views.view(post, revision, merchant, cfg.base_url),
            fresh=False,
            withdrawn=post.state == "withdrawn",
            before=None,
            change_id=last.get(post.id, 0),
            quiet=post.quiet,
            untold=post.withdrawn_untold,
        )
        for post, revision, merchant in rows
    }


def _content_before(session: Session, first: Change) -> Content | None:
    revision = (
        session.get(Revision, (first.post_id, first.revision - 1)) if first.action == "revised" else None
    )
    return views.content_of(revision) if revision else None


def known(
    session: Session, stories: Sequence[Story], reader_ids: Sequence[int]
) -> dict[int, dict[UUID, Known]]:
    """What each reader knows of the posts of these stories."""
    newest = {story.view.id: story.change_id for story in stories}
    messages = told.readers(session, newest, reader_ids)
    said = told.contents(
        session, {(post_id, one.revision) for (_, post_id), some in messages.items() for one in some}
    )
    found: dict[int, dict[UUID, Known]] = {}
    for (reader_id, post_id), some in messages.items():
        last = some[-1]
        # What waits is brought up to date before it is sent; see current.py.
        newer = last.change_id >= newest[post_id] or any(one.state == "waiting" for one in some)
        content = None if newer else said.get((post_id, last.revision))
        since = 0 if newer else last.change_id
        found.setdefault(reader_id, {})[post_id] = Known(content, since, newest=newer)
    return found


def heard(
    stories: Iterable[Story], knows: Mapping[UUID, Known], now: datetime
) -> tuple[list[Entry], list[Correction], dict[UUID, int]]:
    """What of these stories somebody hears who knows this much, and since which change each correction is one.

    What is over at `now` is dropped and counted, never told late. Nobody hears a correction of what they were not told.
    """
    entries, corrections, over = list[Entry](), list[Correction](), 0
    since: dict[UUID, int] = {}
    for story in stories:
        view, before = story.view, knows.get(story.view.id)
        if before is not None and before.newest:
            continue
        if policy.is_over(view.over_at, now) and not story.withdrawn:
            over += 1
        elif before is None:
            entries += [Entry(view)] if story.fresh and not story.withdrawn else []
        elif what := _news(before, story, now):
            corrections.append(Correction(view, what, before.content))
            since[view.id] = before.since
    if over:
        _log.info("edition.over", dropped=over)
    return entries, corrections, since


def _news(before: Known, story: Story, now: datetime) -> What | None:
    if story.withdrawn:
        return None if story.untold else "withdrawn"
    if before.content is None or not matters(before.content, story.view.content, now):
        return None
    return what_changed(before.content, story.view.content, now)

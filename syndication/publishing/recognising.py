"""Entries whose exporter gives them another UID at each export: the same title, start and place are the same post."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from syndication.content.post import Content
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.kinds import reading
from syndication.models import Post, Revision
from syndication.sources import Row

RECOGNISED: Final = Reason("recognised by title, start and place")

_Key = tuple[str, str, datetime | None, str]


@dataclass(frozen=True)
class Recognised:
    """What entries of a file without a post of their own are: by their references, the one under which their post stands, and
    the position of an entry that says the same, word for word."""

    earlier: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)


def recognise(merchant_id: UUID, rows: Sequence[Row]) -> Recognised:
    """Which posts the entries of a calendar are that no post knows by their reference. Reads only.

    A post whose reference stands in the file is another entry's, however alike they are. Posts that were made by hand are
    nobody's. One that was withdrawn here is recognised, too, and so stays withdrawn.
    """
    entries = [
        (row.source_ref, row.draft.content(), row)
        for row in rows
        if row.draft is not None and row.source_ref and row.version is not None and row.date_of is None
    ]
    with db.reading() as session:
        mine = select(Post.source_ref).where(Post.merchant_id == merchant_id, Post.source_ref.is_not(None))
        known = {ref for ref in session.scalars(mine) if ref}
        unknown = [(ref, said, row) for ref, said, row in entries if ref not in known]
        if not unknown:
            return Recognised()
        twins = _twins(entries, known)
        here = {ref for ref, _, _ in entries} - twins.keys()
        # Parts of a series that stands here go into it by themselves (`joining`).
        others = {ref for ref in known - here if ref.rpartition("/")[0] not in here}
        posts = _posts(merchant_id, others) if others else {}
    earlier = dict[str, str]()
    for alike in (True, False):  # those that say the same to the word first
        for ref, said, _ in unknown:
            if ref in earlier or ref in twins:
                continue
            found = posts.get(_key(said), [])
            chosen = next((one for one in found if not alike or one[1] == said.digest()), None)
            if chosen is not None:
                found.remove(chosen)
                earlier[ref] = chosen[0]
    return Recognised(earlier, twins)


def _twins(entries: Sequence[tuple[str, Content, Row]], known: set[str]) -> dict[str, str]:
    """Entries without a post that say the same as another, to the word, each with that one's position.

    The other is one that has a post, so that doing it again changes nothing; else the one before.
    """
    first, twins = dict[str, str](), dict[str, str]()
    for ref, said, row in sorted(entries, key=lambda one: one[0] not in known):
        position = first.setdefault(said.digest(), row.position)
        if position != row.position and ref not in known:
            twins[ref] = position
    return twins


def _posts(merchant_id: UUID, refs: set[str]) -> dict[_Key, list[tuple[str, str]]]:
    """References and digests of the posts under `refs`, by what they are recognised by; those that stand come first."""
    found = defaultdict[_Key, list[tuple[str, str]]](list)
    statement = (
        select(Post.source_ref, Revision.digest, Revision.content)
        .join(Revision, (Revision.post_id == Post.id) & (Revision.number == Post.revision))
        .where(Post.merchant_id == merchant_id, Post.source_ref.is_not(None), Post.joined_to.is_(None))
        .order_by(Post.state == "withdrawn", Post.id)
    )
    with db.reading() as session:
        for ref, digest, content in session.execute(statement):
            if ref in refs:
                found[_key(reading.kept(content))].append((ref, digest))
    return found


def _key(said: Content) -> _Key:
    place = said.place.name if said.place is not None else ""
    return said.kind, _plain(said.title), said.begins, _plain(place)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())

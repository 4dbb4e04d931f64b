"""What an edition tells, in the order in which it is told."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from syndication import kinds
from syndication.channels.envelope import City, PostView
from syndication.content.post import Content

#: What a correction is about: a status, "moved", another matter of the post's kind, "withdrawn" or "changed".
What = str

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """A post that the edition tells of for the first time."""

    post: PostView


@dataclass(frozen=True)
class Correction:
    """A post that readers heard of before, as it said then, and what they must know now."""

    post: PostView
    what: What
    before: Content | None = None


@dataclass(frozen=True)
class EditionView:
    """What one edition tells, in one language; `slot_at` (UTC) is its date, `introduction` plain text above it all."""

    language: str
    slot_at: datetime
    entries: tuple[Entry, ...]
    corrections: tuple[Correction, ...]
    introduction: str = ""


def in_order(view: EditionView, city: City) -> EditionView:
    """What comes next stands first, and last what never ends, among the corrections and among the rest."""

    def place(one: Entry | Correction) -> datetime:
        return one.post.content.comes(city.zone, view.slot_at) or _NEVER

    return replace(
        view,
        entries=tuple(sorted(view.entries, key=place)),
        corrections=tuple(sorted(view.corrections, key=place)),
    )


def news(correction: Correction, city: City, view: EditionView) -> list[str]:
    """What is new, a sentence each, where its kind has words for it."""
    content = correction.post.content
    matter = "place" if correction.what == "moved" else correction.what
    said = kinds.of(content).news(
        matter, content, city.zone, view.language, before=correction.before, now=view.slot_at
    )
    return said.splitlines()

"""One post that tells of many: "60 new events from Stadt Coburg".

We write it ourselves: nobody hands one in, and no list offers it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from syndication.content.base import Language, Line, Moment
from syndication.content.post import Content, Draft
from syndication.infra.rendering import day, gettext
from syndication.kinds.contract import MOMENT, Form, Kind

#: The most topics that a post has.
_MOST_TOPICS = 10


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


#: By kind: one of them, and several.
_WORDS = {
    "event": (_("{} new event from {}"), _("{} new events from {}")),
    "offer": (_("{} new offer from {}"), _("{} new offers from {}")),
    "menu": (_("{} new menu from {}"), _("{} new menus from {}")),
}
_ANYTHING = (_("{} new post from {}"), _("{} new posts from {}"))


class RoundupContent(Content):
    """How many new posts of which kinds there are, whose, and from when to when they take place."""

    kind: Literal["roundup"] = "roundup"
    count: Annotated[int, Field(ge=1)]
    kinds: tuple[str, ...]
    publisher: Line
    first: Moment | None = None
    until: Moment | None = None

    @property
    def about(self) -> tuple[str, ...]:
        """Whoever wants events hears of sixty new ones."""
        return self.kinds

    @property
    def begins(self) -> datetime | None:
        """The beginning of the first."""
        return self.first

    def over_at(self, zone: ZoneInfo) -> datetime | None:
        """When the last of them is over."""
        return self.until


class RoundupDraft(RoundupContent, Draft):
    """A roundup that is to be published."""

    plain: ClassVar[type[Content]] = RoundupContent


class Roundup(Kind[RoundupContent]):
    """Tells of many posts that were taken in at once; its page lists them."""

    name: ClassVar[str] = "roundup"
    one: ClassVar[str] = _("New at once")
    many: ClassVar[str] = _("New at once")
    content: ClassVar[type[Content]] = RoundupContent
    draft: ClassVar[type[Draft]] = RoundupDraft
    form: ClassVar[Form] = Form((), {})

    def title(self, content: RoundupContent, language: str) -> str:
        """ "60 neue Veranstaltungen von Stadt Coburg"."""
        return _title(content.count, content.kinds, content.publisher, language)

    def when(self, content: RoundupContent, zone: ZoneInfo, language: str, now: datetime) -> str:
        """From the first day to the last."""
        if content.first is None or content.until is None:
            return ""
        first, last = (
            day(moment, language, zone)
            for moment in (max(content.first, now), max(content.until - MOMENT, now))
        )
        return first if first == last else gettext(language)(_("{} to {}")).format(first, last)

    def structured(
        self, content: RoundupContent, merchant: str, zone: ZoneInfo, now: datetime
    ) -> dict[str, Any]:
        """https://schema.org/ItemList."""
        return {"@type": "ItemList", "numberOfItems": content.count}


def of(contents: Sequence[Content], publisher: str, language: Language, zone: ZoneInfo) -> RoundupDraft:
    """What tells of these contents, at least one; its own words are in `language`, what people read is in theirs."""
    topics = Counter(topic for one in contents for topic in one.topics)
    firsts = [one.begins for one in contents if one.begins is not None]
    ends = [one.over_at(zone) for one in contents]
    kinds = tuple(dict.fromkeys(one.kind for one in contents))
    return RoundupDraft(
        title=_title(len(contents), kinds, publisher, language),
        language=language,
        count=len(contents),
        kinds=kinds,
        publisher=publisher,
        topics=tuple(topic for topic, _count in topics.most_common(_MOST_TOPICS)),
        first=min(firsts, default=None),
        until=None if None in ends else max(end for end in ends if end is not None),
    )


def _title(count: int, kinds: Sequence[str], publisher: str, language: str) -> str:
    say = gettext(language)
    one, several = _WORDS.get(kinds[0] if len(kinds) == 1 else "", _ANYTHING)
    return say(one if count == 1 else several).format(count, publisher)[:200]

"""Says a post's facts in words: its title with its status, when, where, and how much."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from syndication import kinds
from syndication.content.post import Content, Matter
from syndication.infra.rendering import gettext
from syndication.kinds.contract import Fact


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


_MARKS = {
    "cancelled": _("Cancelled"),
    "postponed": _("Postponed"),
    "sold_out": _("Sold out"),
    "withdrawn": _("Withdrawn"),
}


def mark(status: str, language: str) -> str:
    """ "Abgesagt" for a status that people must see at once; empty for one that goes without saying."""
    return gettext(language)(_MARKS[status]) if status in _MARKS else ""


def title(content: Content, language: str) -> str:
    """The title, with "Abgesagt: " and the like in front."""
    word, said = mark(content.standing, language), name(content, language)
    return f"{word}: {said}" if word else said


def name(content: Content, language: str) -> str:
    """The title alone."""
    return kinds.of(content).title(content, language)


def news(
    changed: Sequence[Matter],
    content: Content,
    zone: ZoneInfo,
    language: str,
    *,
    before: Content | None,
    now: datetime,
) -> str:
    """ "Neuer Termin: …" for people who saw `before`; empty where nothing that matters changed."""
    planned = gettext(language)(_("Takes place as planned"))
    told = [
        mark(content.standing, language) or planned
        if matter == "status"
        else kinds.of(content).news(matter, content, zone, language, before=before, now=now)
        for matter in changed
    ]
    return "\n".join(line for line in told if line)


def when(content: Content, zone: ZoneInfo, language: str, now: datetime) -> str:
    """When it next happens, or how long it is valid, as people hear it at `now`; empty where nothing is said."""
    return kinds.of(content).when(content, zone, language, now)


def where(content: Content) -> str:
    """Where it is, in one line; empty where nothing is said."""
    return kinds.of(content).where(content)


def facts(content: Content, zone: ZoneInfo, language: str) -> tuple[Fact, ...]:
    """What else there is to know, such as the price; the most important first."""
    return kinds.of(content).facts(content, zone, language)


def brief(content: Content, zone: ZoneInfo, language: str) -> list[str]:
    """Of that, what is said even where there is little room."""
    return [one.text for one in facts(content, zone, language) if one.brief]

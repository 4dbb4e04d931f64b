"""Says what a reader chose and when mail comes, in the words of a page."""

from syndication import clock
from syndication.audience.readers import ReaderRecord
from syndication.config import settings
from syndication.content.cadence import Cadence, next_slot
from syndication.content.interest import Interest
from syndication.errors import NotFound
from syndication.infra.languages import supported_language
from syndication.infra.rendering import gettext, in_words
from syndication.kinds import KINDS
from syndication.publishing import merchants
from syndication.web.site.choices import weekdays

_LANGUAGES = {"de": "Deutsch", "en": "English"}


def first_mail(reader: ReaderRecord, language: str) -> str:
    """When the first mail comes after a reader confirmed, on the city's clock; of one who got mail already, the next."""
    say, zone = gettext(language), settings().zone
    cadence = Cadence.parse(reader.cadence)
    slot = next_slot(cadence, clock.now(), zone)
    if slot is None:
        return say("The first mail comes as soon as something new is posted.")
    if reader.confirmed_at is not None and next_slot(cadence, reader.confirmed_at, zone) != slot:
        told = say("The next mail comes on {}, if there is something new by then.")
    else:
        told = say("The first mail comes on {}, if there is something new by then.")
    return told.format(in_words(slot, zone, language))


def choices(reader: ReaderRecord, language: str) -> list[tuple[str, str]]:
    """What was chosen: headings and words."""
    say = gettext(language)
    return [
        *interest(reader.interest, language),
        (say("How often"), rhythm(reader.cadence, language)),
        (say("Language of the mails"), spoken(reader.language)),
    ]


def interest(wanted: Interest, language: str) -> list[tuple[str, str]]:
    """Which posts somebody wants: headings and words."""
    say = gettext(language)
    kinds = [kind.heading(language) for kind in KINDS if kind.name in wanted.kinds]
    topics = [topic.replace("-", " ").capitalize() for topic in wanted.topics]
    return [
        (say("What"), ", ".join(kinds) or say("everything")),
        *([(say("Topics"), ", ".join(topics))] if topics else ()),
        *_merchants(wanted, language),
        *([(say("Only in"), ", ".join(wanted.districts))] if wanted.districts else ()),
    ]


def spoken(language: str) -> str:
    """What a language calls itself."""
    return _LANGUAGES[supported_language(language)]


def unasked(reader: ReaderRecord, language: str) -> list[tuple[str, str]]:
    """What was chosen elsewhere and no form of ours asks for, so that nobody wonders what is missing."""
    return _merchants(reader.interest, language)


def _merchants(wanted: Interest, language: str) -> list[tuple[str, str]]:
    names = ", ".join(_name(slug) for slug in wanted.merchants)
    return [(gettext(language)("Only from"), names)] if names else []


def rhythm(text: str, language: str) -> str:
    """A cadence in words: "once a week, on Thursday at 07:00"."""
    say, cadence = gettext(language), Cadence.parse(text)
    at = f"{cadence.hour:02d}:{cadence.minute:02d}"
    if cadence.rhythm == "instantly":
        return say("at once; what comes close together in one mail")
    if cadence.weekday is None:
        return say("every day at {}").format(at)
    return say("every {} at {}").format(weekdays(language)[cadence.weekday][1], at)


def _name(slug: str) -> str:
    try:
        return merchants.by_slug(slug).name
    except NotFound:  # named before there was one, or after
        return slug

"""What a message about an alert says: what is wrong, since when, whose turn it is, and what to do first."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import moment, span
from syndication.insight.alert_rules import BY_NAME, AlertRule

_OVER = Reason("Well again: {}")
_LASTED, _FROM_TO = Reason("It lasted {}."), Reason("It began {} and ended {}. There is nothing more to do.")
_TEST = Reason("Test of the alerts")
_TESTED = Reason("This is a test: nothing is wrong. Whoever reads it would also hear of an alert.")


@dataclass(frozen=True)
class Words:
    """A message in one language; what does not apply is empty."""

    title: str
    said: str
    since: str = ""
    whose: str = ""
    first: str = ""

    @property
    def text(self) -> str:
        """All of it in one paragraph, for outlets that have no more room."""
        return " ".join(one for one in (self.said, self.since, self.whose, self.first) if one)


def title_of(rule: AlertRule, name: str, language: str) -> str:
    """What is wrong, in a few words."""
    return translated_reason(Reason(rule.title, name) if "{}" in rule.title else rule.title, language)


def begins(rule: str, name: str, said: Reason, since: datetime, zone: ZoneInfo, language: str) -> Words:
    """That something is over its limit."""
    known = BY_NAME[rule]
    return Words(
        title_of(known, name, language),
        translated_reason(said, language),
        translated_reason(Reason("Since {}.", moment(since, zone, language)), language),
        translated_reason(Reason("Whose turn it is: {}.", known.whose), language),
        translated_reason(Reason("First: {}", known.first), language),
    )


def ends(rule: str, name: str, since: datetime, until: datetime, zone: ZoneInfo, language: str) -> Words:
    """That it is well again, and how long it was not."""
    from_to = (moment(one, zone, language) for one in (since, until))
    lasted = span((until - since).total_seconds(), language)
    return Words(
        translated_reason(Reason(_OVER, Reason.quoted(title_of(BY_NAME[rule], name, language))), language),
        translated_reason(Reason.joined(Reason(_LASTED, lasted), Reason(_FROM_TO, *from_to)), language),
    )


def test(language: str) -> Words:
    """What the button sends."""
    return Words(translated_reason(_TEST, language), translated_reason(_TESTED, language))

"""What stands in the audit log, in words for people."""

from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from babel import dates

from syndication.accounts import people
from syndication.audit.log import What
from syndication.config import settings
from syndication.infra.rendering import gettext, locale
from syndication.insight.audit_log import LogRow
from syndication.publishing.withdrawal import COMMAND

#: What was done; English, translated.
ACTS: dict[What, str] = {
    "post.created": "New post",
    "post.revised": "Post changed",
    "post.published": "Post came out at its hour",
    "post.withdrawn": "Post taken back",
    "series.begun": "Comes every week from now on",
    "series.changed": "What comes every week changed",
    "series.ended": "Comes every week no more",
    "file.taken": "File taken in",
    "picture.added": "Picture uploaded",
    "merchant.applied": "Business registered",
    "merchant.admitted": "Business admitted",
    "merchant.suspended": "Business suspended",
    "merchant.changed": "Business changed",
    "review.rules": "Whose posts are looked at first",
    "review.handed_in": "Correction waits for the town hall",
    "review.approved": "Post approved",
    "review.returned": "Post sent back",
    "review.edited": "Waiting post changed by the town hall",
    "review.expired": "Post was over before it was looked at",
    "acting.begun": "Desk of a business opened in its name",
    "acting.ended": "Desk of a business left",
    "application.declined": "Application declined",
    "application.asked_back": "Asked back about an application",
    "key.made": "Key made",
    "key.revoked": "Key taken back",
    "person.added": "Person added",
    "person.changed": "Person changed",
    "person.role": "Role for the city changed",
    "person.joined": "Person may act for a business",
    "person.left": "Person acts for a business no more",
    "person.removed": "Person removed",
    "person.signed_in": "Signed in",
    "person.signed_out": "Signed out",
    "person.link": "Link for signing in made",
    "passkey.added": "Passkey added",
    "passkey.changed": "Passkey renamed",
    "passkey.removed": "Passkey removed",
    "outlet.made": "Outlet connected",
    "outlet.changed": "Outlet changed",
    "outlet.paused": "Outlet paused",
    "outlet.resumed": "Outlet goes on",
    "outlet.removed": "Outlet removed",
    "outlet.tested": "Outlet tested",
    "outlet.secret": "New secret for an outlet",
    "outlet.alarms": "Outlet for outages chosen",
    "link.made": "Link for connecting made",
    "link.ended": "Link for connecting ended",
    "delivery.replayed": "Sent again",
    "delivery.retried": "Tried at once",
    "delivery.seen": "Looked: it is there",
    "delivery.dropped": "Was set aside",
    "bulk.begun": "Act on all that match begun",
    "bulk.stopped": "Act on all that match stopped",
    "bulk.resumed": "Act on all that match goes on",
    "edition.introduced": "Introduction to a newsletter",
    "edition.held": "Newsletter held",
    "edition.released": "Newsletter released",
    "edition.cancelled": "Newsletter cancelled",
    "edition.tested": "Test of a newsletter sent",
    "alerts.chosen": "Alert: limit chosen",
    "alerts.tested": "Test of the alerts sent",
    "reader.found": "Reader looked up",
    "reader.exported": "Reader’s data handed out",
    "reader.erased": "Reader deleted",
    "reader.left": "Reader unsubscribed by the town hall",
    "readers.imported": "List of readers taken in",
    "report.received": "Post reported",
    "report.kept": "Report decided: the post stays",
    "report.removed": "Report decided: the post is removed",
    "look.changed": "Look and texts of the city changed",
    "topic.renamed": "Topic is called otherwise",
    "topic.merged": "Topic filed under another",
    "topic.split": "Topic is one of its own again",
    "district.renamed": "Part of town is called otherwise",
    "district.split": "Former part of town is one of its own again",
    "secrets.renewed": "Secrets encrypted anew",
    "backup.restored": "Backup restored",
}
assert set(ACTS) == set(get_args(What))
#: By which way.
WAYS = {
    "page": "on a page",
    "api": "over the API",
    "command": "at the command line",
    "queue": "through the queue",
    "service": "by itself",
}
#: Whoever has no name of their own, by what `by` begins with.
_NAMELESS = {
    "service": "the service",
    "queue": "a program, through the queue",
    "link": "whoever had the link",
    "": "somebody who is not signed in",
}
#: Details that say something to people: their words by their value.
_DETAILS: dict[str, dict[str, str]] = {
    "reason": {
        "unlawful": "because it breaks the law",
        "spam": "because it is spam",
        "other": "because it breaks the rules here",
        "asked": "because its business wanted it",
        "wrong": "because it was wrong",
        "joined": "it went into a series",
    },
    "role": {
        "": "none any more",
        "viewer": "may look",
        "editor": "may put right",
        "operator": "may decide",
        "member": "may post",
        "owner": "may post and say who else may",
    },
    "how": {"link": "by a link in a mail", "passkey": "by a passkey"},
}


def said_of(row: LogRow, language: str) -> dict[str, Any]:
    """A line as the page shows it."""
    say = gettext(language)
    return {
        "at": _moment(row.at, language),
        "who": _in_the_name(who(row.by, row.by_name, language), row, language),
        "by": row.by,
        "way": say(WAYS.get(row.way, row.way)),
        "what": say(ACTS.get(row.what, row.what)),  # type: ignore[call-overload]  # an act of a later version
        "about": row.about,
        "about_id": row.about_id,
        "name": row.about_name,
        "merchant": row.merchant,
        "merchant_name": row.merchant_name,
        "details": _details(row.details, language),
    }


def _in_the_name(told: str, row: LogRow, language: str) -> str:
    behalf = row.details.get("in_the_name_of")
    return gettext(language)("{}, in the name of {}").format(told, behalf) if behalf else told


def who(by: str, name: str, language: str) -> str:
    """Who acted, by the name they had."""
    say = gettext(language)
    kind = by.partition(" ")[0]
    if kind == "key":
        return say("Key “{}”").format(name or by.partition(" ")[2])
    if kind == "command":
        return say("Command line ({})").format(name) if name and by != COMMAND else say("Command line")
    return name or say(_NAMELESS.get(kind, by))


def named(by: str, language: str) -> str:
    """Whoever is noted beside what they decided, by the name they have now; empty where nobody is."""
    kind, _, which = by.partition(" ")
    person = people.known(UUID(which)) if kind == "person" else None
    return who(by, person.name if person else which, language) if by else ""


def _moment(at: datetime, language: str) -> str:
    """Short enough for a column: "26.11.2026, 20:15"."""
    shape = "dd.MM.y, HH:mm:ss" if language == "de" else "d MMM y, HH:mm:ss"
    return str(dates.format_datetime(at, shape, tzinfo=settings().zone, locale=locale(language)))


def _details(details: dict[str, Any], language: str) -> list[str]:
    say = gettext(language)
    told = [
        say(words[str(details[name])])
        for name, words in _DETAILS.items()
        if name in details and str(details[name]) in words
    ]
    if isinstance(to := details.get("to"), str) and to:
        told.append(say("now: {}").format(to))
    if isinstance(count := details.get("count"), int) and count > 1:
        told.append(say("{} in number").format(count))
    return told

"""Options shared by several commands, and how their text is parsed."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from syndication import clock
from syndication.errors import Invalid, NotFound

if TYPE_CHECKING:
    from syndication.publishing import merchants

State = Annotated[
    list[str] | None, typer.Option("--state", help="Only in this state; may be given more than once.")
]
ChannelKind = Annotated[str | None, typer.Option("--channel", help="Only of this channel, such as webhook.")]
Destination = Annotated[
    str | None,
    typer.Option("--destination", help="Only to the destination with this id, or these last digits of it."),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help="Not before: a moment such as 2026-11-23T09:00, or an age such as 90m, 6h, 2d."
    ),
]
Until = Annotated[str | None, typer.Option("--until", help="Before: a moment or an age.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Slug = Annotated[str, typer.Option("--merchant", help="The merchant's slug.")]

_AGE = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
STATES = ("waiting", "sending", "sent", "failed", "dropped", "unconfirmed")


def moment(name: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """The moment (aware) that `text` names; without a zone it is wall-clock time in `zone`. Raises Invalid."""
    if text is None:
        return None
    if found := _AGE.fullmatch(text):
        return clock.now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid.field(
            name, "must be a moment such as 2026-11-23T09:00, or an age such as 90m, 6h, 2d"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)


def span(name: str, text: str) -> timedelta:
    """The length of time that `text` names, such as 90m, 6h, 2d. Raises Invalid."""
    if found := _AGE.fullmatch(text):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise Invalid.field(name, "must be a length of time such as 90m, 6h, 2d")


def states(given: list[str] | None) -> tuple[str, ...]:
    """The states of deliveries that were named. Raises Invalid."""
    if unknown := [state for state in given or () if state not in STATES]:
        raise Invalid.field("--state", f"{unknown[0]} is none of {', '.join(STATES)}")
    return tuple(given or ())


def destination_id(text: str | None) -> UUID | None:
    """The outlet's id that `text` spells or stands for; needs the database. Raises Invalid and NotFound."""
    from syndication.insight.short_ids import DESTINATION, whole_id

    return None if text is None else whole_id(DESTINATION, text)


def merchant(slug: str) -> "merchants.MerchantRecord":
    """The merchant with this slug. Raises NotFound that names it."""
    from syndication.publishing import merchants

    try:
        return merchants.by_slug(slug)
    except NotFound as error:
        raise NotFound(f"There is no merchant called {slug}; `syndication merchants` shows them.") from error

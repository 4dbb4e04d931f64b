"""What people are told of an outlet: how it is doing, what it shows of its settings, and what arrived there. Never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic.fields import FieldInfo

from syndication import channels, insight
from syndication.channels.contract import Channel
from syndication.delivery import trial_post
from syndication.destinations import DestinationRecord
from syndication.destinations.values import PAUSED
from syndication.errors import Invalid, SyndicationError
from syndication.infra.reasons import translated_error, translated_reason
from syndication.insight import DeliveryRow, Filters
from syndication.web.desk.posts import STATES

#: Arrivals shown of an outlet, newest first.
_LAST = 5


@dataclass(frozen=True)
class Arrival:
    """One message to an outlet and what became of it. `title` is empty for a test, which has no post."""

    post_id: UUID | None
    title: str
    action: str
    state: str
    word: str
    reason: str
    at: datetime
    link: str | None


def shown(record: DestinationRecord, language: str) -> dict[str, Any]:
    """What the templates show of an outlet."""
    channel = channels.by_kind(record.channel) if channels.known(record.channel) else None
    why = record.trouble if record.standing in ("works", "fails") else record.reason
    return {
        "id": record.id,
        "name": record.name,
        "network": channel.label if channel else record.channel,
        "standing": record.standing,
        "look": {"works": "sent", "paused": ""}.get(record.standing, "failed"),
        "reason": "" if why == PAUSED else translated_reason(why, language),
        "since": record.failing_since,
        "last": record.last_sent_at,
        "connectable": channel is not None and (channel.connector is not None or bool(channel.typed)),
        "where": _where(channel, record) if channel else [],
        "configurable": channel is not None and channel.configurable,
        "renewable": channel is not None and hasattr(channel.settings, "rotated"),
        "rotated_at": record.settings.get("rotated_at") or "",
    }


def by_settings(channel: Channel[Any, Any]) -> Mapping[str, FieldInfo]:
    """What must be known of an outlet that has no page for connecting it; empty where it has one, comes with the city,
    or is a single person's device."""
    if not channel.configurable or channel.personal or channel.connector is not None or channel.typed:
        return {}
    return {name: field for name, field in channel.settings.model_fields.items() if field.is_required()}


def said(error: SyndicationError, language: str) -> str:
    """What a refusal says, in one sentence."""
    told = error.faults[0].message if isinstance(error, Invalid) else str(error)
    return translated_error(told, language)


def _where(channel: Channel[Any, Any], record: DestinationRecord) -> list[str]:
    """What its owner told of where it is, never how to get in."""
    asked = (
        channel.connector.asks.model_fields if channel.connector else channel.typed or by_settings(channel)
    )
    plain = [name for name in asked if name not in channel.settings.secret_names()]
    return [str(record.settings[name]) for name in plain if record.settings.get(name)]


def arrivals(record: DestinationRecord, language: str) -> list[Arrival]:
    """The last messages to an outlet, tests among them; how a test is taken back again is no news."""
    wanted = Filters(destination_id=record.id, channel=record.channel)  # letters about it go elsewhere
    rows = [one for one in insight.deliveries(wanted, limit=2 * _LAST) if not trial_post.takes_back(one.key)]
    titles = insight.titles(rows[:_LAST])
    return [_arrival(row, titles, language) for row in rows[:_LAST]]


def _arrival(row: DeliveryRow, titles: dict[UUID, str], language: str) -> Arrival:
    return Arrival(
        row.post_id,
        titles.get(row.post_id, "") if row.post_id else "",
        row.action or "",
        row.state,
        translated_reason(STATES[row.state], language),
        translated_reason(row.reason, language),
        row.sent_at or row.created_at,
        row.link,
    )

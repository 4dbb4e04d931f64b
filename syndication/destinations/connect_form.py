"""The form behind a connect link: what the outlet's owner is asked, and what the page shows."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic.fields import FieldInfo
from sqlalchemy.orm import Session

from syndication import channels
from syndication.channels.connector import Connector
from syndication.channels.social.oauth import registered
from syndication.destinations import links
from syndication.destinations.sealed import AnyChannel
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.infra.ssrf import origin
from syndication.models import ConnectLink, Destination, Merchant


@dataclass(frozen=True)
class ConnectForm:
    """What a link asks for: the outlet, whose it is, what is known of it, and the questions its owner answers.

    `name` and what is `known` are the sender's words. `merchant` is empty for an outlet of the city. `used`: this browser
    connected it a moment ago, and nothing more is asked.
    """

    link_id: UUID
    destination_id: UUID
    merchant_id: UUID | None
    merchant: str
    renews: bool
    channel: str
    name: str
    known: Mapping[str, Any]
    questions: Mapping[str, FieldInfo]
    until: datetime
    #: Servers that will see the answers though nobody asks for them here, where they are not the network's own.
    elsewhere: tuple[str, ...] = ()
    used: bool = False

    @property
    def label(self) -> str:
        """The network's name."""
        return channels.by_kind(self.channel).label

    @property
    def typed(self) -> bool:
        """Whether the answers are the access itself."""
        return channels.by_kind(self.channel).connector is None

    @property
    def shown_by_a_test(self) -> bool:
        """Whether a test message shows that it works, since the network cannot be asked."""
        return shown_by_a_test(self.channel)

    @property
    def secret(self) -> frozenset[str]:
        """The questions whose answers are never shown again."""
        return frozenset(channels.by_kind(self.channel).settings.secret_names())

    @property
    def settled(self) -> dict[str, str]:
        """What is known and not asked, by what it is: never a secret."""
        asked = asked_of(self.channel)
        return {
            asked[name].description or name: str(value)
            for name, value in self.known.items()
            if name not in self.questions and name not in self.secret and value
        }


def opened(token: str, nonce: str = "") -> ConnectForm:
    """What a link asks for. Raises NotFound for one that is over or not ours.

    `nonce` is what the browser keeps: in the one that used the link a moment ago it still opens, and asks nothing.
    """
    with db.reading() as session:
        row = links.find(session, token)
        if links.closed_or_used_here(session, row, nonce):
            return _opened(session, row, {}, {}, used=True)
        asked = asked_of(row.channel)
        given = session.get_one(Destination, row.destination_id).settings if row.renews else links.known(row)
        known = {name: value for name, value in given.items() if name in asked}
        # What is typed in is shown with what is known, so that a wrong name can be mended beside a new token.
        questions = {
            name: field
            for name, field in asked.items()
            if channels.by_kind(row.channel).typed
            or (name not in known and (field.is_required() or not field.default))
        }
        elsewhere = _elsewhere(channels.by_kind(row.channel), given, questions)
        return _opened(session, row, known, questions, elsewhere)


def _elsewhere(channel: AnyChannel, known: Mapping[str, Any], questions: Container[str]) -> tuple[str, ...]:
    """Hosts of an outlet's addresses that somebody has set, that its owner is not asked for, and that are not the usual."""
    if channel.connector is not None:  # a login says itself where its access is used
        return ()
    found = {
        urlsplit(origin(value)).hostname or ""
        for name, value in known.items()
        if name not in questions
        and name in channel.settings.model_fields
        and origin(value) not in ("", origin(channel.settings.model_fields[name].default))
    }
    return tuple(sorted(found))


def _opened(
    session: Session,
    row: ConnectLink,
    known: Mapping[str, Any],
    questions: Mapping[str, FieldInfo],
    elsewhere: tuple[str, ...] = (),
    *,
    used: bool = False,
) -> ConnectForm:
    merchant = session.get(Merchant, row.merchant_id) if row.merchant_id else None
    outlet = session.get(Destination, row.destination_id)
    return ConnectForm(
        link_id=row.id,
        destination_id=row.destination_id,
        merchant_id=row.merchant_id,
        merchant=merchant.name if merchant else "",
        renews=row.renews,
        channel=row.channel,
        name=outlet.name if outlet else row.name,
        known=known,
        questions=questions,
        until=row.ends_at,
        elsewhere=elsewhere,
        used=used,
    )


def shown_by_a_test(kind: str) -> bool:
    """Whether connecting such an outlet ends with a test message."""
    channel = channels.by_kind(kind)
    return channel.connector is None and channel.tended_every is None


def asked_of(kind: str) -> Mapping[str, FieldInfo]:
    """What the owner of such an outlet is asked. Raises Invalid, and Conflict where no app is registered."""
    channel = channels.by_kind(kind) if channels.known(kind) else None
    if channel is None or (channel.connector is None and not channel.typed):
        able = [one.kind for one in channels.CHANNELS if one.connector is not None or one.typed]
        raise Invalid.field(
            "channel", f"must be one of {', '.join(able)}; others are set up by their settings"
        )
    if channel.connector is None:
        return {name: channel.settings.model_fields[name] for name in channel.typed}
    return connector_of(kind).asks.model_fields


def connector_of(kind: str) -> Connector:
    """How an owner logs in at this network. Raises Conflict where no app is registered."""
    connector = channels.by_kind(kind).connector
    assert connector is not None
    if connector.app is not None and registered(connector.app) is None:
        raise Conflict(
            f"No app is registered at {channels.by_kind(kind).label} yet: the operator enters it as {connector.app} in"
            " SYNDICATION_OAUTH_CLIENTS."
        )
    return connector
